import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Addresses, sizes and limits of linear memory.
@Suite("Memory", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct MemoryTests {
    @Test("sums of addresses wrap, static offsets do not", arguments: Way.all)
    func wrapping(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1) (global $sp (mut i32) (i32.const 0)) (data (i32.const 8) "\\11")
              (func (export "setSP") (param i32) (global.set $sp (local.get 0)))
              (func (export "offset") (result i32) (i32.load8_u offset=16 (global.get $sp)))
              (func (export "sum") (result i32) (i32.load8_u (i32.add (global.get $sp) (i32.const 16))))
              (func (export "word") (result i64) (i64.and (i64.const 255)
                (i64.load (i32.wrap_i64 (i64.add (i64.extend_i32_u (global.get $sp)) (i64.const 16))))))
              (func (export "slotOffset") (param i32) (result i32) (i32.load8_u offset=16 (local.get 0)))
              (func (export "slotSum") (param i32) (result i32) (i32.load8_u (i32.add (local.get 0) (i32.const 16))))
              (func (export "constant") (result i32) (i32.load8_u offset=4294967295 (i32.const 9)))
              (func (export "inside") (result i32) (i32.load8_u offset=3 (i32.const 5)))
              (func (export "store") (i64.store (i32.add (global.get $sp) (i32.const 16)) (i64.const 5)))
              (func (export "storeOffset") (i64.store offset=16 (global.get $sp) (i64.const 6))))
            """)
        let instance = try Instance(module, store: way.store())
        _ = try instance.bits("setSP", .i32(UInt32(bitPattern: -8)))
        #expect(try instance.trap("offset")?.code == .memoryOutOfBounds)
        #expect(try instance.bits("sum") == [17])
        #expect(try instance.bits("word") == [17])
        #expect(try instance.trap("slotOffset", .i32(UInt32(bitPattern: -8)))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("slotSum", .i32(UInt32(bitPattern: -8))) == [17])
        #expect(try instance.trap("constant")?.code == .memoryOutOfBounds)
        #expect(try instance.bits("inside") == [17])
        #expect(try instance.trap("storeOffset")?.code == .memoryOutOfBounds)
        _ = try instance.bits("store")
        #expect(try instance.memory(named: "memory").baseAddress.load(fromByteOffset: 8, as: UInt64.self) == 5)
    }

    @Test("of 64 bits only the low half is an address, wherever the value is", arguments: Way.all)
    func wideValues(way: Way) throws {
        // A value of 32 bits is in a register before; then the one of 64 bits is, first as such.
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (data (i32.const 8) "\\2a") (data (i32.const 16) "\\07")
              (func (export "f") (param $p i64) (result i64) (local $a i32)
                (local.set $a (i32.load (i32.const 16)))
                (i32.store (i32.const 24) (local.get $a))
                (i64.store (i32.const 32) (local.get $p))
                (i64.add (i64.load (i32.wrap_i64 (local.get $p))) (i64.load (i32.const 24)))))
            """)
        let instance = try Instance(module, store: way.store())
        for high in [0, 1, 1 << 31, UInt64(UInt32.max)] {
            #expect(try instance.bits("f", .i64(high << 32 | 8)) == [0x2A + 7])
        }
    }

    @Test("loads and stores of every width, unaligned, up to the last byte", arguments: Way.all)
    func widths(way: Way) throws {
        let loads = [
            "i32.load8_s": 1, "i32.load8_u": 1, "i32.load16_s": 2, "i32.load16_u": 2, "i32.load": 4, "i64.load8_s": 1,
            "i64.load8_u": 1,
            "i64.load16_s": 2, "i64.load16_u": 2, "i64.load32_s": 4, "i64.load32_u": 4, "i64.load": 8, "f32.load": 4,
            "f64.load": 8,
        ]
        let functions = loads.keys.map { name in
            "(func (export \"\(name)\") (param i32) (result \(name.prefix(3))) (\(name) (local.get 0)))"
        }
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1) \(functions.joined(separator: "\n"))
              (data (i32.const 65520) "\\81\\82\\83\\84\\85\\86\\87\\88\\89\\8a\\8b\\8c\\8d\\8e\\8f\\90"))
            """)
        let instance = try Instance(module, store: way.store())
        for (name, width) in loads {
            for address in [65521, 65536 - width] {
                var bits: UInt64 = 0
                for byte in 0..<width { bits |= UInt64(0x81 + address - 65520 + byte) << (8 * byte) }
                // All bytes are negative as signed numbers.
                if name.hasSuffix("_s") { bits |= ~0 << UInt64(8 * width) }
                if name.hasPrefix("i32") || name.hasPrefix("f32") { bits &= 0xFFFF_FFFF }
                #expect(try instance.bits(name, .i32(UInt32(address))) == [bits], "\(name) \(address)")
            }
            #expect(try instance.trap(name, .i32(UInt32(65537 - width)))?.code == .memoryOutOfBounds, "\(name)")
            #expect(try instance.trap(name, .i32(.max))?.code == .memoryOutOfBounds, "\(name)")
        }
    }

    @Test("grows up to its limits", arguments: Way.all)
    func growing(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 0 5) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
              (func (export "size") (result i32) (memory.size))
              (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
              (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 9))))
            """)
        let instance = try Instance(module, store: way.store(memoryLimit: 3 << 16))
        #expect(try instance.trap("load", .i32(0))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("grow", .i32(1)) == [0])
        _ = try instance.bits("store", .i32(65535))
        #expect(try instance.trap("store", .i32(65536))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("grow", .i32(2)) == [1])
        #expect(try instance.bits("load", .i32(65535)) == [9])
        for refused in [UInt32(1), 2, 3, 65536, .max] {
            #expect(try instance.bits("grow", .i32(refused)) == [UInt64(UInt32.max)])
        }
        #expect(try instance.bits("size") == [3])
        #expect(try instance.bits("grow", .i32(0)) == [3])
        let free = try Instance(module, store: way.store())
        #expect(try free.bits("grow", .i32(6)) == [UInt64(UInt32.max)])
        #expect(try free.bits("grow", .i32(5)) == [0])
    }

    @Test("has 4 GiB at most", arguments: [true, false])
    func largest(optimizes: Bool) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory 65536) (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 9)))
              (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
              (func (export "wide") (param i32) (result i64) (i64.load (local.get 0)))
              (func (export "grow") (result i32) (memory.grow (i32.const 1))))
            """)
        let instance = try Instance(module, store: Way(guards: true, optimizes: optimizes).store())
        _ = try instance.bits("store", .i32(.max))
        #expect(try instance.bits("load", .i32(.max)) == [9])
        #expect(try instance.trap("wide", .i32(.max - 6))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("wide", .i32(.max - 7)) == [9 << 56])
        #expect(try instance.bits("grow") == [UInt64(UInt32.max)])
    }
}
