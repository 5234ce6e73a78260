internal import CSupport

/// Prints bytecode.
///
/// It knows the operand letters of gw_opcodes.def, and what the cells of calls mean.
struct Disassembler {
    private let code: UnsafePointer<GWCode>
    private let reader: BytecodeReader

    init(_ code: UnsafePointer<GWCode>) {
        self.code = code
        reader = BytecodeReader(code)
    }

    /// An instruction, and the entries of the function that are at it.
    struct Instruction {
        var cell: Int
        var text: String
        var entries: [String] = []
    }

    /// The instructions of a function, in the order of their cells.
    func instructions(_ lowered: LoweredFunction) -> [Instruction] {
        let start = lowered.cells.lowerBound
        let entry = code.pointee.entries[lowered.function]
        var result: [Instruction] = []
        var end = start
        for decoded in reader.instructions(lowered.cells) {
            let operands = decoded.isCall ? Self.call(decoded) : Self.operands(decoded, from: start)
            var instruction = Instruction(
                cell: decoded.cell, text: decoded.mnemonic + (operands.isEmpty ? "" : " " + operands))
            if decoded.cell == Int(entry.general) { instruction.entries.append("entry:") }
            if decoded.cell == Int(entry.fresh) { instruction.entries.append("entry with 0:") }
            result.append(instruction)
            end = decoded.cell + decoded.size
        }
        if end < lowered.cells.upperBound { result.append(Instruction(cell: end, text: "?")) }
        return result
    }

    /// The instructions of a function, one a line: the cell from the function's start, the mnemonic, the operands.
    func disassemble(_ lowered: LoweredFunction) -> String {
        instructions(lowered).flatMap { instruction in
            instruction.entries + [Self.line(instruction, from: lowered.cells.lowerBound)]
        }.joined(separator: "\n")
    }

    /// The line of an instruction.
    static func line(_ instruction: Instruction, from start: Int) -> String {
        let text = String(instruction.cell - start)
        return String(repeating: " ", count: max(0, 6 - text.count)) + text + "  " + instruction.text
    }

    /// The operands, as the assembler of no machine writes them: slots as r0, vectors as v0, words in brackets.
    private static func operands(_ instruction: BytecodeInstruction, from start: Int) -> String {
        let target = { (distance: Int) in "-> \(instruction.cell - start + distance)" }
        let texts = instruction.operands.map { operand in
            switch operand.letter {
            case "h": "\(operand.bits)"
            case "v", "w": "v\(operand.bits)"
            case "r", "d": "r\(operand.bits)"
            case "i": "\(operand.signed)"
            case "s": "[sp + \(operand.bits)]"
            case "t": "[(sp + \(operand.signed)) mod 2^32]"
            case "o": "+\(operand.bits)"
            case "k": "+%\(operand.signed)"
            case "a": "[\(operand.bits)]"
            case "j": target(operand.signed)
            case "x": String(cString: gw_wasm_opcodes_fd()![Int(operand.bits)].text)
            // The highest bits first, as numbers are written.
            case "q": "0x" + hexadecimal(operand.highBits) + hexadecimal(operand.bits)
            default: "\(operand.bits)"
            }
        }
        return (texts + instruction.table.map { target($0 - instruction.cell) }).joined(separator: ", ")
    }

    private static func hexadecimal(_ bits: UInt64) -> String {
        let text = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private static func call(_ instruction: BytecodeInstruction) -> String {
        let zero = instruction.signed(Int(GW_CALL_ZERO))
        let immediate = instruction.signed(Int(GW_CALL_IMMEDIATE))
        var text = "f\(instruction[Int(GW_CALL_FUNCTION)]), base r\(instruction[Int(GW_CALL_BASE)] & 0xFFFF)"
        if zero != Int(GW_CALL_CELLS) { text += ", 0 -> +\(zero)" }
        if immediate != 0 { text += ", push \(immediate)" }
        return text
    }
}
