import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// What a trap leaves behind: the state of the moment, the right names, an instance that goes on working.
@Suite("Traps", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct TrapTests {
    private static let text = """
        (module (memory (export "memory") 1) (type $v (func)) (type $i (func (param i32) (result i32)))
          (table $t 4 funcref) (elem (i32.const 0) $nothing $same)
          (global $sp (mut i32) (i32.const 32768)) (global $other (mut i64) (i64.const 1))
          (func $nothing (export "nothing"))
          (func $same (param i32) (result i32) (local.get 0))
          (func (export "sp") (result i32) (global.get $sp))
          (func (export "setSP") (param i32) (global.set $sp (local.get 0)))
          (func (export "other") (result i64) (global.get $other))
          (func (export "unreachable") unreachable)
          (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func (export "convert") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
          (func (export "table") (drop (table.get $t (i32.const 4))))
          (func (export "indirect") (param i32) (call_indirect $t (type $v) (local.get 0)))
          (func (export "fused")
            (global.set $other (i64.const 2))
            (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
            (i64.store offset=8 (global.get $sp) (i64.add (i64.load (i32.const 65529)) (i64.const 1)))
            (global.set $other (i64.const 3)))
          (func $push (param i32) (result i32)
            (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
            (i64.store (global.get $sp) (i64.const 77)) (call $push2 (i32.const 0)))
          (func $push2 (param i32) (result i32) (i32.const 0))
          (func (export "outer") (param i32) (global.set $sp (local.get 0)) (drop (call $push (i32.const 1))))
          (func $pushTable (param i32) (result i32)
            (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
            (i64.store (global.get $sp) (i64.const 77)) (call_indirect $t (type $i) (i32.const 0) (i32.const 1)))
          (func (export "outerTable") (param i32) (global.set $sp (local.get 0)) (drop (call $pushTable (i32.const 1)))))
        """
    private static let module = Result { try WebAssemblyText.module(text) }

    @Test("have the code of their reason", arguments: Way.all)
    func codes(way: Way) throws {
        let instance = try Instance(try Self.module.get(), store: way.store())
        #expect(try instance.trap("unreachable")?.code == .unreachable)
        #expect(try instance.trap("divide", .i32(1), .i32(0))?.code == .integerDivideByZero)
        #expect(try instance.trap("divide", .i32(1 << 31), .i32(.max))?.code == .integerOverflow)
        #expect(try instance.trap("convert", .f64(Double.nan.bitPattern))?.code == .invalidConversionToInteger)
        #expect(try instance.trap("convert", .f64((1e10).bitPattern))?.code == .integerOverflow)
        #expect(try instance.trap("table")?.code == .tableOutOfBounds)
        // From the first index on that the table does not have.
        for index in [4, 5, 9, 1 << 31, .max] as [UInt32] {
            #expect(try instance.trap("indirect", .i32(index))?.code == .undefinedElement)
        }
        #expect(try instance.trap("indirect", .i32(3))?.code == .uninitializedElement)
        #expect(try instance.trap("indirect", .i32(2))?.code == .uninitializedElement)
        #expect(try instance.trap("indirect", .i32(1))?.code == .indirectCallTypeMismatch)
        #expect(try instance.trap("indirect", .i32(0)) == nil)
        #expect(try instance.trap("fused")?.code == .memoryOutOfBounds)
        #expect(try instance.bits("divide", .i32(8), .i32(2)) == [4])
    }

    @Test("leave globals and memory as they were at the moment", arguments: Way.all)
    func state(way: Way) throws {
        let instance = try Instance(try Self.module.get(), store: way.store())
        let memory = try instance.memory(named: "memory")
        #expect(try instance.trap("fused")?.code == .memoryOutOfBounds)
        #expect(try instance.bits("sp") == [32752])
        #expect(try instance.bits("other") == [2])
        #expect((0..<memory.byteCount).allSatisfy { memory.baseAddress.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    }

    @Test("in the push of a call name the caller, and leave the stack pointer moved", arguments: Way.all)
    func push(way: Way) throws {
        let instance = try Instance(try Self.module.get(), store: way.store())
        for (outer, inner) in [("outer", "push"), ("outerTable", "pushTable")] {
            for start in [UInt32(4), 0, 65540, 65537, 1 << 31] {
                let trap = try #require(try instance.trap(outer, .i32(start)))
                #expect(trap.code == .memoryOutOfBounds)
                #expect(trap.backtrace.map(\.name) == [inner, outer])
                #expect(try instance.bits("sp") == [UInt64(start &- 8)])
            }
            #expect(try instance.trap(outer, .i32(65536)) == nil)
            #expect(try instance.bits("sp") == [65528])
        }
    }
}
