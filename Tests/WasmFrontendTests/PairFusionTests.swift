import CSupport
import Testing

@testable import WasmFrontend

/// Where pairs are made, on code that is made of the rows of gw_opcodes.def. (What their handlers do is tested in
/// CSupportTests.)
@Suite("The fusion of pairs")
struct PairFusionTests {
    private static let pairs: [GWPair] = {
        var count: Int32 = 0
        let rows = gw_pairs(&count)!
        return (0..<Int(count)).map { rows[$0] }
    }()
    private static var handlers: UnsafePointer<Int32> { gw_handlers(false)! }

    private static func info(_ op: GWOp) -> GWOpInfo { gw_op_info()![Int(op.rawValue)] }
    private static func handler(_ op: GWOp) -> UInt32 { UInt32(bitPattern: handlers[Int(op.rawValue)]) }

    /// An instruction that names other slots than one of another `base` does.
    private static func cells(_ op: GWOp, base: UInt32) -> [UInt32] {
        let halves = UInt32(info(op).halves.nonzeroBitCount)
        var cells = [UInt32](repeating: 0, count: Int(info(op).cells))
        cells[0] = handler(op)
        for half in 0..<halves { cells[1 + Int(half / 2)] |= (base + half) << (half % 2 * 16) }
        return cells
    }

    /// What becomes of two instructions, by their cells.
    private static func fused(_ pair: GWPair, _ first: [UInt32], _ second: [UInt32]) -> [UInt32] {
        var code = first + second
        var written = Buffer<Emitter.Written>(capacity: 2)
        written.append(Emitter.Written(op: pair.first, start: 0))
        written.append(Emitter.Written(op: pair.second, start: first.count))
        let fusion = PairFusion(handlers: handlers)
        code.withUnsafeMutableBufferPointer { fusion.fuse(written, in: $0.baseAddress!) }
        fusion.deallocate()
        written.deallocate()
        return code
    }

    private static func setHalf(_ cells: inout [UInt32], _ index: Int, _ value: UInt32) {
        let shift = UInt32(index % 2 * 16)
        cells[1 + index / 2] = cells[1 + index / 2] & ~(0xFFFF << shift) | value << shift
    }

    @Test("makes each pair of its two instructions, where the second uses what the first has computed if it must")
    func rows() {
        for pair in Self.pairs {
            let name = String(cString: Self.info(pair.both).name)
            let first = Self.cells(pair.first, base: 10)
            var second = Self.cells(pair.second, base: 20)
            let joined = [Self.handler(pair.both)] + first.dropFirst()
            guard pair.chained > 0 else {
                #expect(Self.fused(pair, first, second) == joined + second, "\(name)")
                continue
            }
            #expect(Self.fused(pair, first, second) == first + second, "\(name), without the result")
            let hasDestination = Self.info(pair.second).operands[0] == CChar(UInt8(ascii: "d"))
            let source = (hasDestination ? 1 : 0) + Int(pair.chained) - 1
            let plain = second
            Self.setHalf(&second, source, 10)
            #expect(Self.fused(pair, first, second) == joined + second, "\(name)")

            // The result as the other source: the two are exchanged if that changes nothing.
            guard Self.info(pair.second).facts.contains(.commutes) else { continue }
            var exchanged = plain
            let other = (hasDestination ? 1 : 0) + 2 - Int(pair.chained)
            Self.setHalf(&exchanged, other, 10)
            var expected = second
            Self.setHalf(&expected, other, UInt32(20 + source))
            #expect(Self.fused(pair, first, exchanged) == joined + expected, "\(name), exchanged")
        }
    }

    @Test("leaves instructions alone that have become others since they were written")
    func changed() throws {
        let pair = try #require(Self.pairs.first { $0.chained == 0 })
        var first = Self.cells(pair.first, base: 10)
        first[0] = Self.handler(.unreachable)
        let second = Self.cells(pair.second, base: 20)
        #expect(Self.fused(pair, first, second) == first + second)
    }
}
