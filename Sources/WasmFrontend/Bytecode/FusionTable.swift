internal import CSupport

/// The rows of GW_FUSE, found by the instruction that they end with.
///
/// Its owner frees it.
struct FusionTable {
    private let rows: UnsafePointer<GWFusion>
    /// For each instruction the first row that ends with it, and for each row the next one of the same; -1 for none.
    private let heads: UnsafeMutablePointer<Int16>
    private let followers: UnsafeMutablePointer<Int16>

    /// Takes all rows, or none.
    init(isEmpty: Bool) {
        var count: Int32 = 0
        rows = gw_fusions(&count)
        let opcodes = Int(GWOp.count.rawValue)
        heads = .allocate(capacity: opcodes)
        heads.initialize(repeating: -1, count: opcodes)
        followers = .allocate(capacity: Int(count))
        followers.initialize(repeating: -1, count: Int(count))
        for row in 0..<(isEmpty ? 0 : Int(count)) {
            let second = Int(rows[row].second.rawValue)
            followers[row] = heads[second]
            heads[second] = Int16(row)
        }
    }

    func deallocate() {
        heads.deallocate()
        followers.deallocate()
    }

    /// The number of the first row that ends with an instruction; -1 if there is none.
    @inline(__always) func head(endingWith op: GWOp) -> Int { Int(heads[Int(op.rawValue)]) }

    /// The number of the next row that ends with the same instruction as a row; -1 if there is none.
    @inline(__always) func next(_ row: Int) -> Int { Int(followers[row]) }

    @inline(__always) subscript(row: Int) -> GWFusion { rows[row] }
}
