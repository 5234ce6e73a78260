internal import CSupport

/// Lets pairs of instructions that follow each other be done with one dispatch (see gw_opcodes.def).
///
/// Only the handler of the first instruction changes, so it does not matter where jumps lead to or what the lowering has
/// corrected before.
struct PairFusion {
    private let handlers: UnsafePointer<Int32>
    private let info = gw_op_info()!
    private let rows: UnsafePointer<GWPair>
    /// The rows by the instruction that they begin with.
    private let beginning: RowChains

    init(handlers: UnsafePointer<Int32>) {
        self.handlers = handlers
        var count: Int32 = 0
        rows = gw_pairs(&count)
        // From the last on, so that the rows above are found first.
        beginning = RowChains(of: (0..<Int(count)).reversed(), count: Int(count)) { [rows] in rows[$0].first }
    }

    func deallocate() { beginning.deallocate() }

    /// Makes pairs of a function's instructions, from the front on.
    func fuse(_ written: Buffer<Emitter.Written>, in arena: UnsafeMutablePointer<UInt32>) {
        var index = 1
        while index < written.count {
            if fuse(written[index - 1], written[index], in: arena) { index += 1 }
            index += 1
        }
    }

    private func fuse(
        _ first: Emitter.Written, _ second: Emitter.Written, in arena: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        var row = beginning.head(first.op)
        while row >= 0 {
            let pair = rows[row]
            row = beginning.next(row)
            // A check for nil may have become another instruction since it was written.
            guard pair.second == second.op, arena[first.start] == handler(first.op),
                arena[second.start] == handler(second.op),
                chains(pair, Cells(arena + first.start), Cells(arena + second.start))
            else { continue }
            assert(second.start - first.start == Int(info[Int(first.op.rawValue)].cells))
            arena[first.start] = handler(pair.both)
            return true
        }
        return false
    }

    /// Whether the second instruction uses the result of the first as the pair wants it; or does so now, with its
    /// sources exchanged.
    private func chains(_ pair: GWPair, _ first: Cells, _ second: Cells) -> Bool {
        guard pair.chained > 0 else { return true }
        let hasDestination = info[Int(pair.second.rawValue)].operands[0] == CChar(UInt8(ascii: "d"))
        let source = hasDestination ? 1 : 0
        let wanted = source + Int(pair.chained) - 1
        let result = first[0]
        if second[wanted] == result { return true }
        let other = source + 2 - Int(pair.chained)
        guard info[Int(pair.second.rawValue)].facts.contains(.commutes), second[other] == result else { return false }
        second[other] = second[wanted]
        second[wanted] = result
        return true
    }

    private func handler(_ op: GWOp) -> UInt32 { UInt32(bitPattern: handlers[Int(op.rawValue)]) }

    /// The cells of an instruction, as its 16-bit operands.
    private struct Cells {
        private let base: UnsafeMutablePointer<UInt32>
        init(_ base: UnsafeMutablePointer<UInt32>) { self.base = base }

        subscript(index: Int) -> UInt32 {
            get { base[1 + index / 2] >> (index % 2 * 16) & 0xFFFF }
            nonmutating set {
                let shift = index % 2 * 16
                base[1 + index / 2] = base[1 + index / 2] & ~(0xFFFF << shift) | newValue << shift
            }
        }
    }
}
