internal import CSupport

/// The rows of GW_FUSE, found by the instruction that they end with.
///
/// Its owner frees it.
struct FusionTable {
    private let rows: UnsafePointer<GWFusion>
    private let chains: RowChains

    /// Takes all rows, or none.
    init(isEmpty: Bool) {
        var count: Int32 = 0
        rows = gw_fusions(&count)
        chains = RowChains(of: 0..<(isEmpty ? 0 : Int(count)), count: Int(count)) { [rows] in rows[$0].second }
    }

    func deallocate() { chains.deallocate() }

    /// The number of the first row that ends with an instruction; -1 if there is none.
    @inline(__always) func head(endingWith op: GWOp) -> Int { chains.head(op) }

    /// The number of the next row that ends with the same instruction as a row; -1 if there is none.
    @inline(__always) func next(_ row: Int) -> Int { chains.next(row) }

    @inline(__always) subscript(row: Int) -> GWFusion { rows[row] }
}
