internal import CSupport

/// Which stretches of a function its dispatch leads to: the beginning `block…; local.get; br_table` by which Go's compiler
/// has functions entered in their middle.
///
/// The table's labels are the ends of the blocks around it. What is behind the end of one of them, up to the next end, is
/// where the numbers lead that the table has its label for: Go's "blocks" (cmd/internal/obj/wasm).
struct DispatchMap {
    /// The number of the instruction that each stretch begins with, and the numbers that lead to it; nil for none.
    private var stretches: [(start: Int, blocks: ClosedRange<Int>?)] = []

    /// Reads a function's body, which is valid; nil where it has no such beginning.
    init?(_ bytes: ModuleBytes, _ body: Range<Int>) {
        var reader = ByteReader(bytes.buffer, body)
        guard (try? read(&reader)) != nil, !stretches.isEmpty else { return nil }
    }

    private mutating func read(_ reader: inout ByteReader) throws(LoadFailure) {
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            try reader.skipU32()
            try reader.skip(1)
        }
        var targets: [UInt32: ClosedRange<Int>] = [:]
        // How deep the table and its stretches are nested, and where the last one is.
        var (depth, tableDepth, lowest) = (0, 0, 0)
        var last = GWWasmOpcode.end
        var number = 0
        while !reader.isAtEnd {
            let op = try reader.opcode()
            let immediates = try reader.immediates(op.row.immediate)
            switch op {
            case .block, .loop, .if: depth += 1
            case .end:
                depth -= 1
                guard tableDepth > 0, depth < lowest, depth >= 0 else { break }
                lowest = depth
                let target = UInt32(tableDepth - depth - 1)
                stretches.append((number + 1, targets[target]))
            case .brTable:
                let isDispatch = tableDepth == 0 && last == .localGet && depth > 1
                if tableDepth == 0, !isDispatch { return }
                for block in 0...Int(immediates.index) {
                    let target = try reader.u32()
                    if isDispatch { targets[target] = (targets[target]?.lowerBound ?? block)...block }
                }
                if isDispatch { (tableDepth, lowest) = (depth, depth) }
            default: break
            }
            last = op
            number += 1
        }
    }

    /// The numbers that lead to the stretch that an instruction is in; nil where none do.
    func blocks(ofInstruction number: Int) -> ClosedRange<Int>? {
        var (low, high) = (0, stretches.count)
        while low < high {
            let middle = (low + high) / 2
            if stretches[middle].start <= number { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? stretches[low - 1].blocks : nil
    }
}
