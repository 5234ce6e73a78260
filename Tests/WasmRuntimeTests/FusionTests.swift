import CSupport
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Instructions that do the work of several: each is there where it is meant to be, and does what the several do, also
/// where the work stops in its middle.
@Suite(
    "Fused instructions",
    .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct FusionTests {
    /// Whether a function has an instruction once it is lowered, and perhaps executed, the optimising way.
    private func isThere(_ mnemonic: String, in instance: Instance, function: Int) throws -> Bool {
        try instance.code.disassemble(function).contains(" \(mnemonic) ")
    }

    @Test("two loads of stack words are one, whose result goes where a variable is set", arguments: Way.all)
    func pairOfLoads(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (data (i32.const 256) "\\01\\00\\00\\00\\00\\00\\00\\00\\02")
              (global $sp (mut i32) (i32.const 256))
              (func (export "f") (result i64) (local i64 i64)
                (local.set 0 (i64.load (global.get $sp)))
                (local.set 1 (i64.load offset=8 (global.get $sp)))
                (i64.add (i64.mul (local.get 0) (i64.const 10))
                  (i64.add (local.get 1) (i64.add (local.get 0) (local.get 1)))))
              (func (export "end") (result i64) (local i64 i64)
                (local.set 0 (i64.load (global.get $sp)))
                (local.set 1 (i64.load offset=65280 (global.get $sp)))
                (i64.add (i64.add (local.get 0) (local.get 1)) (i64.add (local.get 0) (local.get 1))))
              (func (export "move") (global.set $sp (i32.const 264))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f") == [15])
        #expect(try isThere("load64.2", in: instance, function: 0) == way.optimizes)
        #expect(try instance.trap("end")?.code == .memoryOutOfBounds)
    }

    @Test("two loads or two moves into one variable leave the second value", arguments: Way.all)
    func pairIntoOne(way: Way) throws {
        // The other variables want its register, and the loop its slot.
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (data (i32.const 256) "\\01\\00\\00\\00\\00\\00\\00\\00\\02")
              (data (i32.const 272) "\\03\\00\\00\\00\\00\\00\\00\\00\\04")
              (global $sp (mut i32) (i32.const 256))
              (func (export "loads") (param $n i64) (result i64) (local $a i64) (local $b i64) (local $c i64)
                (loop $again
                  (local.set $a (i64.load (global.get $sp)))
                  (local.set $a (i64.load offset=8 (global.get $sp)))
                  (local.set $b (i64.load offset=16 (global.get $sp)))
                  (local.set $c (i64.load offset=24 (global.get $sp)))
                  (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                  (br_if $again (i64.ne (local.get $n) (i64.const 0))))
                (i64.add (i64.mul (local.get $a) (i64.const 100))
                  (i64.add (i64.mul (local.get $b) (i64.const 10)) (local.get $c))))
              (func (export "moves") (param $n i64) (param $x i64) (param $y i64) (result i64)
                (local $a i64) (local $b i64)
                (loop $again
                  (local.set $a (local.get $x))
                  (local.set $a (local.get $y))
                  (local.set $b (local.get $x))
                  (local.set $x (local.get $y))
                  (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                  (br_if $again (i64.ne (local.get $n) (i64.const 0))))
                (i64.add (i64.mul (local.get $a) (i64.const 100))
                  (i64.add (i64.mul (local.get $b) (i64.const 10)) (local.get $x))))
              (func (export "move") (global.set $sp (i32.const 256))))
            """)
        let instance = try Instance(module, store: way.store())
        for count in [1, 2, 200] as [UInt64] {
            #expect(try instance.bits("loads", .i64(count)) == [234])
            #expect(try instance.bits("moves", .i64(count), .i64(1), .i64(2)) == [count == 1 ? 212 : 222])
        }
        #expect(try isThere("load64.2", in: instance, function: 0) == way.optimizes)
        #expect(try isThere("move2", in: instance, function: 1) == way.optimizes)
    }

    @Test("two stores to stack words are one; a fault in the second leaves the first", arguments: Way.all)
    func pairOfStores(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1)
              (global $sp (mut i32) (i32.const 1024))
              (func (export "f") (param i64 i64)
                (i64.store (global.get $sp) (local.get 0))
                (i64.store offset=8 (global.get $sp) (local.get 1)))
              (func (export "wrapping") (param i64 i64)
                (i64.store (i32.add (global.get $sp) (i32.const -16)) (local.get 0))
                (i64.store (i32.add (global.get $sp) (i32.const -8)) (local.get 1)))
              (func (export "end") (param i64 i64)
                (i64.store (global.get $sp) (local.get 0))
                (i64.store offset=65536 (global.get $sp) (local.get 1)))
              (func (export "at") (param i32) (result i64) (i64.load (local.get 0)))
              (func (export "move") (global.set $sp (i32.const 1024))))
            """)
        let instance = try Instance(module, store: way.store())
        _ = try instance.bits("f", .i64(3), .i64(4))
        _ = try instance.bits("wrapping", .i64(1), .i64(2))
        for (address, value) in [(1008, 1), (1016, 2), (1024, 3), (1032, 4)] {
            #expect(try instance.bits("at", .i32(UInt32(address))) == [UInt64(value)])
        }
        #expect(try isThere("store64.2", in: instance, function: 0) == way.optimizes)
        #expect(try isThere("store64.2", in: instance, function: 1) == way.optimizes)
        #expect(try instance.trap("end", .i64(7), .i64(8))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("at", .i32(1024)) == [7])
    }

    @Test("a check for nil does the load behind it, for slots and for stack words", arguments: Way.all)
    func checkedLoads(way: Way) throws {
        // Go's shape: if the pointer is 0, panic; then load. Here the "panic" makes the pointer point elsewhere.
        func module(pointer: String) throws -> Module {
            try WebAssemblyText.module(
                """
                (module (memory 1) (data (i32.const 512) "\\2a") (data (i32.const 520) "\\2b")
                  (global $sp (mut i32) (i32.const 256)) (global $panics (mut i64) (i64.const 0))
                  (func (export "f") (param $p i64) (result i64) (local $value i64)
                    (i64.store offset=8 (global.get $sp) (local.get $p))
                    (if (i64.eqz \(pointer)) (then
                      (global.set $panics (i64.add (global.get $panics) (i64.const 100)))
                      (i64.store offset=8 (global.get $sp) (i64.const 512))
                      (local.set $p (i64.const 512))))
                    (local.set $value (i64.load offset=8 (i32.wrap_i64 \(pointer))))
                    (i64.add (i64.add (local.get $value) (i64.mul (local.get $value) (i64.const 1000)))
                      (global.get $panics)))
                  (func (export "move") (global.set $sp (i32.const 256))))
                """)
        }
        for pointer in ["(local.get $p)", "(i64.load offset=8 (global.get $sp))"] {
            let instance = try Instance(try module(pointer: pointer), store: way.store())
            #expect(try instance.bits("f", .i64(512)) == [43 * 1001])
            #expect(try instance.bits("f", .i64(504)) == [42 * 1001])
            #expect(try instance.bits("f", .i64(0)) == [43 * 1001 + 100], "\(pointer)")
            #expect(try instance.trap("f", .i64(0xFFFF_FFFF))?.code == .memoryOutOfBounds)
            // Only the low half is the address.
            #expect(try instance.bits("f", .i64(1 << 32 | 512)) == [43 * 1001 + 100])
            #expect(try isThere("load64.nonzero", in: instance, function: 0) == way.optimizes, "\(pointer)")
        }
    }

    @Test("a load and a comparison that a branch follows, and whose results are still needed", arguments: Way.all)
    func branchesOnZero(way: Way) throws {
        // A list of keys from 8 on: how many steps lead to a key, and, in the hundreds, whether it is there. Behind both
        // kinds of branch the results are looked at again.
        let module = try WebAssemblyText.module(
            """
            (module (memory 1)
              (data (i32.const 8) "\\18\\00\\00\\00\\00\\00\\00\\00\\05\\00\\00\\00\\00\\00\\00\\00")
              (data (i32.const 24) "\\28\\00\\00\\00\\00\\00\\00\\00\\07\\00\\00\\00\\00\\00\\00\\00")
              (data (i32.const 40) "\\00\\00\\00\\00\\00\\00\\00\\00\\09\\00\\00\\00\\00\\00\\00\\00")
              (func (export "f") (param $key i64) (param $at i64) (result i64)
                (local $next i64) (local $steps i64) (local $isFound i32)
                (local.set $next (local.get $at))
                (block $end
                  (loop $again
                    (local.set $at (local.get $next))
                    (local.set $steps (i64.add (local.get $steps) (i64.const 1)))
                    (local.set $isFound
                      (i64.eq (i64.load offset=8 (i32.wrap_i64 (local.get $at))) (local.get $key)))
                    (if (i32.eqz (local.get $isFound)) (then
                      (local.set $next (i64.load (i32.wrap_i64 (local.get $at))))
                      (br_if $end (i64.eqz (local.get $next)))
                      (br $again)))))
                (i64.add (i64.mul (i64.extend_i32_u (local.get $isFound)) (i64.const 100))
                  (i64.add (local.get $steps) (i64.mul (local.get $next) (i64.const 1000)))))
              (func (export "if") (param i64 i64) (result i32) (local i32)
                (if (local.tee 2 (i64.eq (local.get 0) (local.get 1)))
                  (then (return (i32.add (local.get 2) (i32.const 10)))))
                (local.get 2))
              ;; The value on the stack lies where the load put it, also where the branch is taken; then it goes elsewhere.
              (func (export "carried") (param i64) (result i64) (local i64)
                (block $out (result i64)
                  (i64.load (i32.wrap_i64 (local.get 0)))
                  (local.set 1) (local.get 1)
                  (br_if $out (i64.eqz (local.get 1)))
                  (local.set 0) (i64.add (local.get 0) (i64.mul (local.get 1) (i64.const 100))))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f", .i64(5), .i64(8)) == [8101])
        #expect(try instance.bits("f", .i64(7), .i64(8)) == [24102])
        #expect(try instance.bits("f", .i64(9), .i64(8)) == [40103])
        #expect(try instance.bits("f", .i64(6), .i64(8)) == [3])
        #expect(try instance.trap("f", .i64(5), .i64(65536))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("if", .i64(1 << 40), .i64(1 << 40)) == [11])
        #expect(try instance.bits("if", .i64(1 << 40), .i64(0)) == [0])
        #expect(try instance.bits("carried", .i64(24)) == [40 * 101])
        #expect(try instance.bits("carried", .i64(40)) == [0])
        #expect(try isThere("load64.branch_zero", in: instance, function: 0) == way.optimizes)
        #expect(try isThere("i64.eq.branch_zero", in: instance, function: 1) == way.optimizes)
    }

    @Test("a constant and the jump behind it", arguments: Way.all)
    func constantAndJump(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module
              (func (export "f") (param i32) (result i32)
                (block $out (result i32)
                  (if (local.get 0) (then (br $out (i32.const 3000000000))))
                  (i32.const 7)))
              ;; What follows the jump is dead, but not to the validator: it must not change the value that is carried.
              (func (export "dead") (param i32) (result i32)
                (block $out (result i32)
                  (i32.const 5) (i32.const 1) (br_if $out)
                  (local.tee 0) (drop) (local.get 0))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f", .i32(1)) == [3_000_000_000])
        #expect(try instance.bits("f", .i32(0)) == [7])
        #expect(try instance.bits("dead", .i32(9)) == [5])
        #expect(try isThere("const.jump", in: instance, function: 0) == way.optimizes)
    }

    @Test("Go's call makes the callee's stack check, once both are known", arguments: Way.all)
    func checkedCalls(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1)
              (global $sp (mut i32) (i32.const 32768)) (global $g (mut i64) (i64.const 0))
              (func $callee (param i32) (result i32)
                (if (i32.le_u (global.get $sp) (i32.load offset=16 (i32.wrap_i64 (global.get $g)))) (then
                  (global.set $sp (i32.add (global.get $sp) (i32.const 8)))
                  (return (i32.const 1))))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 32)))
                (i64.store offset=8 (global.get $sp) (i64.extend_i32_u (global.get $sp)))
                (global.set $sp (i32.add (global.get $sp) (i32.const 40)))
                (i32.const 0))
              (func $caller (export "f") (param i32 i64) (result i32)
                (i32.store offset=16 (i32.wrap_i64 (local.get 1)) (local.get 0))
                (global.set $g (local.get 1))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (i64.store (global.get $sp) (i64.const 77))
                (if (call $callee (i32.const 0)) (then (return (i32.const -1))))
                (global.get $sp))
              (func (export "call") (result i32)
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (i64.store (global.get $sp) (i64.const 78))
                (call $callee (i32.const 0)))
              (func (export "set") (param i32 i64) (global.set $sp (local.get 0)) (global.set $g (local.get 1)))
              (func (export "sp") (result i32) (global.get $sp))
              (func (export "at") (param i32) (result i64) (i64.load (local.get 0))))
            """)
        let instance = try Instance(module, store: way.store())
        // The first call resolves, the second one is fused: both ways, with stack and without.
        for _ in 0..<2 {
            #expect(try instance.bits("f", .i32(4096), .i64(64)) == [32768])
            #expect(try instance.bits("at", .i32(32760)) == [77])
            #expect(try instance.bits("at", .i32(32736)) == [32728])
            #expect(try instance.bits("f", .i32(40000), .i64(64)) == [0xFFFF_FFFF])
            #expect(try instance.bits("sp") == [32768])
        }
        // (Calls of machine code make no such changes.)
        if way.compilation == .nothing {
            #expect(try isThere("call.push.fresh.checked", in: instance, function: 1) == way.optimizes)
        }
        // A fault in the push or in the check finds the stack pointer moved, and nothing else done.
        for (sp, g) in [(UInt32(4), UInt64(64)), (32768, 0x1_0000)] {
            _ = try instance.bits("set", .i32(32768), .i64(64))
            #expect(try instance.bits("call") == [1])
            _ = try instance.bits("set", .i32(sp), .i64(g))
            #expect(try instance.trap("call")?.code == .memoryOutOfBounds)
            #expect(try instance.bits("sp") == [UInt64(sp &- 8)])
            if sp == 32768 { #expect(try instance.bits("at", .i32(32760)) == [78]) }
        }
    }

    @Test("a function that does not read its argument has one entry", arguments: Way.all)
    func unreadArgument(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module
              (func $none (param i32) (result i32) (local i32)
                (local.set 1 (i32.const 5)) (i32.add (local.get 1) (local.get 1)))
              (func $one (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
              (func $later (param i32) (result i32)
                (if (i32.const 0) (then (local.set 0 (i32.const 1)))) (local.get 0))
              (func $dirty (param i32) (result i32) (i32.const 99))
              (func (export "f") (result i32)
                (drop (call $dirty (i32.const 1234)))
                (i32.add (call $none (i32.const 0)) (i32.add (call $one (i32.const 0)) (call $later (i32.const 0))))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f") == [13])
        let listing = try instance.code.disassemble(0)
        #expect(listing.contains("entry:\nentry with 0:") == way.optimizes, "\(listing)")
        #expect(!(try instance.code.disassemble(1)).contains("entry:\nentry with 0:"))
    }

    @Test("moves, changes of the register global, and what calls push", arguments: Way.all)
    func movesAndCalls(way: Way) throws {
        // Go's shapes, with the numbers of its calls and frames.
        let push = """
            (global.set $sp (i32.sub (global.get $sp) (i32.const 8))) (i64.store (global.get $sp) (i64.const 7))
            """
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (table funcref (elem $leaf)) (type $go (func (param i32) (result i32)))
              (global $sp (mut i32) (i32.const 1024))
              (func $leaf (type $go)
                (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
                (global.set $sp (i32.add (global.get $sp) (i32.const 8)))
                (i32.const 0))
              (func (export "direct") (result i32) \(push) (call $leaf (i32.const 0)))
              (func (export "indirect") (param i32) (result i32)
                \(push) (call_indirect (type $go) (i32.const 0) (local.get 0)))
              (func (export "rotate") (param i64 i64 i64) (result i64)
                (local.set 0 (local.get 1)) (local.set 1 (local.get 2)) (i64.sub (local.get 0) (local.get 1)))
              (func (export "sp") (result i32) (global.get $sp))
              (func (export "pushed") (param i32) (result i64) (i64.load (local.get 0))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("rotate", .i64(1), .i64(20), .i64(3)) == [17])
        #expect(try instance.bits("direct") == [0])
        #expect(try instance.bits("sp") == [1024 - 8 + 24])
        #expect(try instance.bits("indirect", .i32(0)) == [0])
        #expect(try instance.bits("sp") == [1024 - 8 + 24 - 8 + 24])
        for address in [1024 - 8, 1024 - 8 + 24 - 8] {
            #expect(try instance.bits("pushed", .i32(UInt32(address))) == [7])
        }
        let expected = ["return.zero.pop", "call.push.fresh", "call_indirect.push.fresh", "move2"]
        for (function, mnemonic) in expected.enumerated() {
            #expect(try isThere(mnemonic, in: instance, function: function) == way.optimizes, "\(mnemonic)")
        }
        // The two sums of the leaf are one, and part of the return.
        #expect(try !way.optimizes || instance.code.disassemble(0).contains("return.zero.pop 24"))
    }
}
