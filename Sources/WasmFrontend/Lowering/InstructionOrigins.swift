internal import CSupport

/// Which instructions of a function became which of the bytecode.
final class InstructionOrigins {
    /// For each scanned instruction, the number of the one in the function's body that it was.
    var instructions: [Int] = []
    /// For each scanned instruction, the cell at which its code begins; empty where the code has been rewritten before.
    var cells: [Int] = []

    /// The number of the instruction that the code at a cell was made for; nil where that is not known.
    func instruction(at cell: Int) -> Int? {
        let scanned = cells.prefix(instructions.count).lastIndex { $0 <= cell }
        return scanned.map { instructions[$0] }
    }

    /// The numbers of the instructions that pieces of bytecode, in the order of their cells, were emitted for; nil where
    /// that is not known.
    func instructions(of bytecode: [Disassembler.Instruction]) -> [Int?] {
        // The last scanned instruction that begins at or before a cell is what emitted it.
        var scanned = -1
        return bytecode.map { instruction in
            while scanned + 1 < min(cells.count, instructions.count), cells[scanned + 1] <= instruction.cell {
                scanned += 1
            }
            return scanned >= 0 ? instructions[scanned] : nil
        }
    }

    /// The width of the left column, and of the one beside it, where there is a third.
    private static let width = 40
    private static let secondWidth = 48

    /// The instructions and the bytecode in two columns, each piece of bytecode beside the instruction that it was
    /// emitted for; in a third, where there is some, the machine code that the bytecode at a cell has become.
    ///
    /// What is known of the source of the bytecode at a cell is above it, where it changes.
    /// Values that are computed later, or by the instruction that uses them, leave nothing beside them.
    func listing(
        _ wasm: [String], _ bytecode: [Disassembler.Instruction], from start: Int, name: (Int) -> String?,
        sourceLines: [Int: String] = [:], machineCode: [Int: [String]] = [:]
    ) -> String {
        var beside: [[Disassembler.Instruction]] = Array(repeating: [], count: wasm.count)
        var rest: [Disassembler.Instruction] = []
        for (instruction, number) in zip(bytecode, instructions(of: bytecode)) {
            if let number, number < wasm.count {
                beside[number].append(instruction)
            } else {
                rest.append(instruction)
            }
        }
        var lines: [String] = []
        var sourceLine: String?
        func add(_ left: String, _ instruction: Disassembler.Instruction) {
            if let line = sourceLines[instruction.cell], line != sourceLine {
                lines.append(String(repeating: " ", count: Self.width) + "; " + line)
                sourceLine = line
            }
            for entry in instruction.entries { lines.append(String(repeating: " ", count: Self.width) + entry) }
            let text = Disassembler.line(instruction, from: start)
            var line = Self.padded(left) + Self.naming(text, name)
            for machine in machineCode[instruction.cell] ?? [] {
                lines.append(Self.padded(line, to: Self.width + Self.secondWidth) + machine)
                line = ""
            }
            if !line.isEmpty { lines.append(line) }
        }
        for instruction in rest { add("", instruction) }
        for (position, text) in wasm.enumerated() {
            guard let first = beside[position].first else {
                lines.append(text)
                continue
            }
            add(text, first)
            for instruction in beside[position].dropFirst() { add("", instruction) }
        }
        return lines.joined(separator: "\n")
    }

    private static func padded(_ text: String, to width: Int = width) -> String {
        let count = text.count
        return count < width ? text + String(repeating: " ", count: width - count) : text + " "
    }

    /// A call with the name of the function behind it.
    private static func naming(_ text: String, _ name: (Int) -> String?) -> String {
        let words = text.split(separator: " ")
        guard words.count > 2, words[1].hasPrefix("call"), !words[1].hasPrefix("call_indirect"),
            words[2].hasPrefix("f"), let function = Int(words[2].dropFirst().prefix { $0.isNumber }),
            let name = name(function)
        else { return text }
        return "\(text)  ; \(name)"
    }
}

/// Hands instructions to a scan, and notes which of them it keeps.
struct OriginRecorder: InstructionSink {
    private(set) var scan: FunctionScan
    /// See ``InstructionOrigins/instructions``.
    private(set) var instructions: [Int] = []
    private var number = 0

    static var isUsed: Bool { true }

    init(_ scan: FunctionScan) { self.scan = scan }

    private mutating func note() {
        while instructions.count < scan.instructions.count { instructions.append(number) }
        number += 1
    }

    mutating func append(_ op: GWWasmOpcode, index: UInt32) {
        scan.append(op, index: index)
        note()
    }
    mutating func append(_ op: GWWasmOpcode, constant: UInt64) {
        scan.append(op, constant: constant)
        note()
    }
    mutating func append(_ op: GWWasmOpcode) {
        scan.append(op)
        note()
    }
    mutating func append(_ op: GWWasmOpcode, _ immediates: Immediates) {
        scan.append(op, immediates)
        note()
    }
    mutating func open(_ op: GWWasmOpcode, _ signature: UnsafePointer<Signature>) {
        scan.open(op, signature)
        note()
    }
    mutating func openElse() {
        scan.openElse()
        note()
    }
    mutating func end() {
        scan.end()
        note()
    }
    mutating func branch(_ op: GWWasmOpcode, depth: UInt32) {
        scan.branch(op, depth: depth)
        note()
    }
    mutating func leave(_ op: GWWasmOpcode) {
        scan.leave(op)
        note()
    }
    mutating func beginTable() { scan.beginTable() }
    mutating func appendTarget(depth: UInt32) { scan.appendTarget(depth: depth) }
    mutating func endTable() {
        scan.endTable()
        note()
    }
    mutating func append(_ idiom: GoIdiom) {
        let first = scan.instructions.count
        appendInstructions(of: idiom)
        scan.markIdiom(from: first)
    }
}
