internal import CSupport

/// Rows that are about an instruction, found by it: lists that share two arrays.
///
/// Its owner frees it.
struct RowChains {
    /// For each instruction its first row, and for each row the next one of the same instruction; -1 for none.
    private let heads: UnsafeMutablePointer<Int16>
    private let followers: UnsafeMutablePointer<Int16>

    /// Enters rows, which are numbers below `count`, by their instruction; of two the one entered later is found first.
    @inline(__always) init(of rows: some Sequence<Int>, count: Int, by instruction: (Int) -> GWOp) {
        let opcodes = Int(GWOp.count.rawValue)
        heads = .allocate(capacity: opcodes)
        heads.initialize(repeating: -1, count: opcodes)
        followers = .allocate(capacity: count)
        followers.initialize(repeating: -1, count: count)
        for row in rows {
            let op = Int(instruction(row).rawValue)
            followers[row] = heads[op]
            heads[op] = Int16(row)
        }
    }

    func deallocate() {
        heads.deallocate()
        followers.deallocate()
    }

    /// The number of an instruction's first row; -1 if it has none.
    @inline(__always) func head(_ op: GWOp) -> Int { Int(heads[Int(op.rawValue)]) }

    /// The number of the row behind another one of the same instruction; -1 if there is none.
    @inline(__always) func next(_ row: Int) -> Int { Int(followers[row]) }
}
