import CSupport
import Testing
@testable import WasmFrontend
import _TestSupport

/// What follows opcodes, read by the one place that knows it.
@Suite struct ImmediateTests {
    /// Bytes of each kind, with numbers of two bytes where one can be, and what they say.
    private static let examples: [GWWasmImmediate: (bytes: [UInt8], meaning: [UInt64])] = {
        var examples: [GWWasmImmediate: (bytes: [UInt8], meaning: [UInt64])] = [
            .none: ([], [0, 0, 0]), .block: ([0x40], [0, UInt64(bitPattern: -64), 0]),
            .labels: ([0x01, 0x85, 0x01, 0x02], [1, 0, 0]), .types: ([0x01, 0x7E], [1, 0x7E, 0]),
            .refType: ([0x6F], [0, 0x6F, 0]), .v128: (Array(1...16), [0, 0, 0]), .lanes: (Array(0...15), [0, 0, 0]),
            .memory: ([0x00], [0, 0, 0]), .memories2: ([0x00, 0x00], [0, 0, 0]),
            .dataMemory: ([0x85, 0x01, 0x00], [133, 0, 0]), .i32: ([0xFF, 0x7E], [0, 0xFFFF_FF7F, 0]),
            .i64: ([0xFF, 0x7E], [0, UInt64(bitPattern: -129), 0]), .f32: ([1, 2, 3, 4], [0, 0x0403_0201, 0]),
            .f64: ([1, 2, 3, 4, 5, 6, 7, 8], [0, 0x0807_0605_0403_0201, 0]),
        ]
        for kind in [GWWasmImmediate.label, .func, .local, .global, .table, .elem, .data] {
            examples[kind] = ([0x85, 0x01], [133, 0, 0])
        }
        for kind in [GWWasmImmediate.typeTable, .elemTable, .tables2] {
            examples[kind] = ([0x85, 0x01, 0x86, 0x01], [133, 134, 0])
        }
        for kind in [GWWasmImmediate.mem8, .mem16, .mem32, .mem64, .mem128] {
            examples[kind] = ([0x02, 0x85, 0x01], [133, 0, 2])
        }
        for kind in [GWWasmImmediate.mem8Lane, .mem16Lane, .mem32Lane, .mem64Lane] {
            examples[kind] = ([0x02, 0x85, 0x01, 0x07], [133, 7, 2])
        }
        for kind in [GWWasmImmediate.lane2, .lane4, .lane8, .lane16] { examples[kind] = ([0x07], [0, 7, 0]) }
        return examples
    }()

    /// The kinds that instructions have.
    private static let kinds: Set<GWWasmImmediate> = {
        let tables = [
            (gw_wasm_opcodes()!, 256), (gw_wasm_opcodes_fc()!, Int(GW_WASM_FC_COUNT)),
            (gw_wasm_opcodes_fd()!, Int(GW_WASM_FD_COUNT)),
        ]
        return Set(
            tables.flatMap { table, count in (0..<count).filter { table[$0].text != nil }.map { table[$0].immediate } })
    }()

    @Test func everyKindIsRead() throws {
        #expect(Set(Self.examples.keys) == Self.kinds)
        for (kind, example) in Self.examples {
            try example.bytes.withUnsafeBytes { bytes in
                var reader = ByteReader(bytes, 0..<bytes.count)
                let immediates = try reader.immediates(kind)
                let meaning = [UInt64(immediates.index), immediates.bits, UInt64(immediates.alignment)]
                #expect(meaning == example.meaning, "\(kind)")
                if let sixteen = immediates.bytes { #expect((0..<16).map { sixteen[$0] } == example.bytes) }
                #expect((immediates.bytes != nil) == (kind == .v128 || kind == .lanes))
                var other = ByteReader(bytes, 0..<bytes.count)
                try other.skipImmediates(kind)
                #expect(other.isAtEnd, "\(kind)")
            }
        }
    }

    @Test func noKindReadsBeyondTheEnd() {
        for (kind, example) in Self.examples {
            for end in 0..<example.bytes.count {
                example.bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes, 0..<end)
                    #expect(throws: LoadFailure.self, "\(kind)") { try reader.skipImmediates(kind) }
                }
            }
        }
    }

    @Test func naturalAlignmentsAndLanesAreThoseOfTheKinds() {
        for kind in Self.kinds {
            let name = "\(kind.rawValue)"
            let isMemory = Self.examples[kind]?.meaning[2] == 2
            #expect((kind.naturalAlignment != nil) == isMemory, "\(name)")
            if let scalar = kind.scalarAlignment { #expect(scalar == kind.naturalAlignment, "\(name)") }
            let isLane = Self.examples[kind]?.meaning[1] == 7
            #expect((kind.laneCount != nil) == isLane, "\(name)")
        }
        #expect(Self.kinds.compactMap(\.scalarAlignment).sorted() == [0, 1, 2, 3])
    }
}
