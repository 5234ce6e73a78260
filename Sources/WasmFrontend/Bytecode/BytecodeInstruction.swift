internal import CSupport

/// An instruction of the bytecode, read as data: what it is, and its operands by their letters (see gw_opcodes.def).
///
/// Everything that looks at bytecode that has been written does it through this type and ``BytecodeReader``.
struct BytecodeInstruction {
    /// The cell that it begins at.
    let cell: Int
    /// What the loop executes there: a pair, or what the instruction has been replaced by while it ran, included.
    let op: GWOp
    /// The properties of the instruction that the cells were written for, which ``op`` stands for.
    let info: GWOpInfo
    /// The cells from `cell` on.
    private let cells: UnsafePointer<UInt32>

    fileprivate init(cell: Int, op: GWOp, in arena: UnsafePointer<UInt32>) {
        self.cell = cell
        self.op = op
        let rows = gw_op_info()!
        info = rows[Int(rows[Int(op.rawValue)].plain.rawValue)]
        cells = arena + cell
    }

    /// The instruction that the cells were written for: of a pair the first one.
    var plain: GWOp { info.plain }

    /// The name of what the loop executes there, as listings have it.
    var mnemonic: String { String(cString: gw_op_info()![Int(op.rawValue)].text) }

    /// How many cells it has, with the jumps of a `branch_table`.
    var size: Int { Int(gw_cell_count(plain, cells)) }

    /// Whether it calls a function and so has a call's cells.
    var isCall: Bool { info.family == .call || info.family == .callIndirect }

    /// One cell of it; those of calls have names (`GW_CALL_…`).
    subscript(index: Int) -> UInt32 { cells[index] }

    /// One cell of a call, signed.
    func signed(_ index: Int) -> Int { Int(Int32(bitPattern: cells[index])) }

    /// The cells that the jumps of a `branch_table` lead to; none for others.
    var table: [Int] {
        guard plain == .branchTable else { return [] }
        let first = Int(info.cells)
        return (0...Int(cells[2])).map { cell + signed(first + $0) }
    }

    /// An operand: its letter, and its bits (of an immediate of 64 bits all, of a vector the low half, then the high one).
    struct Operand {
        var letter: Unicode.Scalar
        var bits: UInt64
        var highBits: UInt64 = 0

        /// The bits as a signed number of 32 bits.
        var signed: Int { Int(Int32(truncatingIfNeeded: bits)) }
    }

    /// The operands, in the order of the letters; none of a call, whose cells all have the same meaning.
    var operands: [Operand] {
        guard !isCall else { return [] }
        var half = 2
        var word = 1 + (info.halves.nonzeroBitCount + 1) / 2
        return String(cString: info.operands).unicodeScalars.enumerated().map { index, letter in
            if info.halves >> UInt8(index) & 1 != 0 {
                defer { half += 1 }
                return Operand(letter: letter, bits: UInt64(cells[half / 2] >> (half % 2 == 0 ? 0 : 16) & 0xFFFF))
            }
            let wide = { (at: Int) in UInt64(cells[at]) | UInt64(cells[at + 1]) << 32 }
            switch letter {
            case "l":
                defer { word += 2 }
                return Operand(letter: letter, bits: wide(word))
            case "q":
                defer { word += 4 }
                return Operand(letter: letter, bits: wide(word), highBits: wide(word + 2))
            default:
                defer { word += 1 }
                return Operand(letter: letter, bits: UInt64(cells[word]))
            }
        }
    }
}

/// Reads instructions from lowered code.
struct BytecodeReader {
    private let code: UnsafePointer<GWCode>
    private var arena: UnsafePointer<UInt32> { UnsafePointer(code.pointee.arena) }

    /// Reads code that stays where it is while the reader is used.
    init(_ code: UnsafePointer<GWCode>) { self.code = code }

    /// The instruction that begins at a cell; nil if none does.
    ///
    /// A cell that is no instruction's first may look like one.
    func instruction(at cell: Int) -> BytecodeInstruction? {
        let op = gw_opcode_at(code, arena + cell)
        return op == .invalid ? nil : BytecodeInstruction(cell: cell, op: op, in: arena)
    }

    /// The instructions of a stretch of cells that begins with one, in their order, up to the first cell that is none.
    func instructions(_ cells: Range<Int>) -> some Sequence<BytecodeInstruction> {
        sequence(state: cells.lowerBound) { cell in
            guard cell < cells.upperBound, let instruction = instruction(at: cell) else { return nil }
            cell += instruction.size
            return instruction
        }
    }
}
