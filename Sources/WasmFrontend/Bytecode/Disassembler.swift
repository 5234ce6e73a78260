internal import CSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Prints bytecode.
///
/// It knows the operand letters of gw_opcodes.def, and no instruction but the two whose size is in their operands.
struct Disassembler {
    private let code: GWCode
    private let opcodes: [UInt32: Int]
    private let info = gw_op_info()!
    /// The cells of each instruction, without what follows a `branch_table`.
    private var sizes: [Int] = []
    private var calls: Set<Int> = []
    /// The stores of eight constant bytes on Go's stack.
    private var stores: Set<Int> = []

    init(_ code: GWCode) {
        self.code = code
        for op in 0..<Int(GWOp.count.rawValue) {
            let letters = String(cString: info[op].operands).utf8
            sizes.append(OperandLetters.cells(info[op].operands))
            if letters.elementsEqual("C".utf8) { calls.insert(op) }
            if strcmp(info[op].text, "store64") == 0, letters.elementsEqual("si".utf8) { stores.insert(op) }
        }
        let handlers = gw_handlers(code.checked)!
        var opcodes: [UInt32: Int] = [:]
        for op in 0..<Int(GWOp.count.rawValue) { opcodes[UInt32(bitPattern: handlers[op])] = op }
        self.opcodes = opcodes
    }

    /// An instruction, and the entries of the function that are at it.
    struct Instruction {
        var cell: Int
        var text: String
        var entries: [String] = []
    }

    /// The instructions of a function, in the order of their cells.
    func instructions(_ lowered: LoweredCode.Lowered) -> [Instruction] {
        var result: [Instruction] = []
        let start = lowered.cells.lowerBound
        let entry = code.entries[lowered.function]
        var cell = start
        while cell < lowered.cells.upperBound {
            guard let op = opcodes[code.arena[cell]] else {
                result.append(Instruction(cell: cell, text: "?"))
                break
            }
            let text = operands(op, at: cell, from: start)
            let mnemonic = String(cString: info[op].text)
            var instruction = Instruction(cell: cell, text: mnemonic + (text.isEmpty ? "" : " " + text))
            if cell == Int(entry.any) { instruction.entries.append("entry:") }
            if cell == Int(entry.zero) { instruction.entries.append("entry with 0:") }
            result.append(instruction)
            cell += size(op, at: cell)
        }
        return result
    }

    /// The instructions of a function, one a line: the cell from the function's start, the mnemonic, the operands.
    func disassemble(_ lowered: LoweredCode.Lowered) -> String {
        instructions(lowered).flatMap { instruction in
            instruction.entries + [Self.line(instruction, from: lowered.cells.lowerBound)]
        }.joined(separator: "\n")
    }

    /// The line of an instruction.
    static func line(_ instruction: Instruction, from start: Int) -> String {
        let text = String(instruction.cell - start)
        return String(repeating: " ", count: max(0, 6 - text.count)) + text + "  " + instruction.text
    }

    /// The words that calls push onto the guest's stack, with the cells of the calls.
    ///
    /// Where the callee is not known before the return address is pushed, that is done by a store before the call.
    func pushedWords(_ lowered: LoweredCode.Lowered, word: (Int) -> Int?) -> [(cell: Int, word: Int)] {
        var words: [(cell: Int, word: Int)] = []
        var stored: Int?
        var cell = lowered.cells.lowerBound
        while cell < lowered.cells.upperBound, let op = opcodes[code.arena[cell]] {
            if stores.contains(op) {
                if code.arena[cell + 1] == 0 { stored = Int(Int32(bitPattern: code.arena[cell + 2])) }
            } else if calls.contains(op) {
                let isIndirect = op == Int(GWOp.callIndirect.rawValue) || op == Int(GWOp.callIndirectZero.rawValue)
                if let word = word(cell) ?? (isIndirect ? stored : nil) { words.append((cell, word)) }
                stored = nil
            }
            cell += size(op, at: cell)
        }
        return words
    }

    /// The cells of an instruction.
    private func size(_ op: Int, at cell: Int) -> Int {
        op == Int(GWOp.branchTable.rawValue) ? sizes[op] + Int(code.arena[cell + 2]) + 1 : sizes[op]
    }

    private func operands(_ op: Int, at cell: Int, from start: Int) -> String {
        let letters = Array(String(cString: info[op].operands).utf8)
        if letters == [UInt8(ascii: "C")] { return call(at: cell) }
        let halfCount = letters.lazy.filter(OperandLetters.isHalf).count
        var half = 2 * (cell + 1)
        var word = cell + 1 + (halfCount + 1) / 2
        var texts: [String] = []
        for letter in letters {
            if OperandLetters.isHalf(letter) {
                let bits = code.arena[half / 2] >> (half % 2 == 0 ? 0 : 16) & 0xFFFF
                switch letter {
                case UInt8(ascii: "h"): texts.append("\(bits)")
                case UInt8(ascii: "v"), UInt8(ascii: "w"): texts.append("v\(bits)")
                default: texts.append("r\(bits)")
                }
                half += 1
                continue
            }
            let bits = code.arena[word]
            word += 1
            switch letter {
            case UInt8(ascii: "i"): texts.append("\(Int32(bitPattern: bits))")
            case UInt8(ascii: "s"): texts.append("[sp + \(bits)]")
            case UInt8(ascii: "t"): texts.append("[(sp + \(Int32(bitPattern: bits))) mod 2^32]")
            case UInt8(ascii: "o"): texts.append("+\(bits)")
            case UInt8(ascii: "k"): texts.append("+%\(Int32(bitPattern: bits))")
            case UInt8(ascii: "a"): texts.append("[\(bits)]")
            case UInt8(ascii: "j"): texts.append("-> \(cell - start + Int(Int32(bitPattern: bits)))")
            case UInt8(ascii: "l"):
                texts.append("\(UInt64(bits) | UInt64(code.arena[word]) << 32)")
                word += 1
            case UInt8(ascii: "x"): texts.append(String(cString: gw_wasm_opcodes_fd()![Int(bits)].text))
            case UInt8(ascii: "q"):
                // The highest bits first, as numbers are written.
                let words = (cell..<cell + 4).map { code.arena[$0 - cell + word - 1] }
                texts.append("0x" + words.reversed().map(Self.hexadecimal).joined())
                word += 3
            default: texts.append("\(bits)")
            }
        }
        if op == Int(GWOp.branchTable.rawValue) {
            for _ in 0...code.arena[cell + 2] {
                texts.append("-> \(cell - start + Int(Int32(bitPattern: code.arena[word])))")
                word += 1
            }
        }
        return texts.joined(separator: ", ")
    }

    private static func hexadecimal(_ bits: UInt32) -> String {
        let text = String(bits, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }

    private func call(at cell: Int) -> String {
        let arena = code.arena!
        let base = arena[cell + Int(GW_CALL_BASE)]
        let zero = arena[cell + Int(GW_CALL_ZERO)]
        var text = "f\(arena[cell + Int(GW_CALL_FUNCTION)]), base r\(base & 0xFFFF)"
        if zero != UInt32(GW_CALL_CELLS) { text += ", 0 -> +\(Int32(bitPattern: zero))" }
        let immediate = arena[cell + Int(GW_CALL_IMMEDIATE)]
        if immediate != 0 { text += ", push \(Int32(bitPattern: immediate))" }
        return text
    }
}
