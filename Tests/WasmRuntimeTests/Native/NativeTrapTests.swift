import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Traps in machine code: memory, globals, the stack pointer and the stack trace are the interpreter's.
@Suite("Traps of machine code", .enabled(if: Native.isThere, Native.missing))
struct NativeTrapTests {
    /// Statements that trap where $n is what the first number says, and do not where it is the second one.
    private static let kinds: [String: (wrong: UInt32, right: UInt32, code: Trap.Code, text: String)] = [
        "unreachable": (1, 0, .unreachable, "(if (local.get $n) (then (unreachable)))"),
        "i32.div_s by 0": (0, 5, .integerDivideByZero, "(local.set $i (i32.div_s (i32.const 100) (local.get $n)))"),
        "i32.div_u by 0": (0, 5, .integerDivideByZero, "(local.set $i (i32.div_u (i32.const 100) (local.get $n)))"),
        "i32.rem_s by 0": (0, 5, .integerDivideByZero, "(local.set $i (i32.rem_s (i32.const 100) (local.get $n)))"),
        "i64.rem_u by 0": (
            0, 5, .integerDivideByZero, "(local.set $x (i64.rem_u (i64.const 99) (i64.extend_i32_u (local.get $n))))"
        ),
        "i32.div_s overflows": (
            .max, 3, .integerOverflow, "(local.set $i (i32.div_s (i32.const 0x80000000) (local.get $n)))"
        ),
        "i64.div_s overflows": (
            .max, 3, .integerOverflow,
            "(local.set $x (i64.div_s (i64.const 0x8000000000000000) (i64.extend_i32_s (local.get $n))))"
        ),
        "a conversion of NaN": (
            0x7FC0_0000, 0x3F80_0000, .invalidConversionToInteger,
            "(local.set $i (i32.trunc_f32_s (f32.reinterpret_i32 (local.get $n))))"
        ),
        "a conversion of too much": (
            0x7F00_0000, 0x3F80_0000, .integerOverflow,
            "(local.set $x (i64.trunc_f32_u (f32.reinterpret_i32 (local.get $n))))"
        ),
        "an indirect call beyond the table": (9, 0, .undefinedElement, "(call_indirect (type $v) (local.get $n))"),
        "an indirect call of nothing": (2, 0, .uninitializedElement, "(call_indirect (type $v) (local.get $n))"),
        "an indirect call of another type": (
            1, 0, .indirectCallTypeMismatch, "(call_indirect (type $v) (local.get $n))"
        ),
        "a table's bounds": (9, 1, .tableOutOfBounds, "(drop (table.get $t (local.get $n)))"),
        "a load": (65529, 100, .memoryOutOfBounds, "(local.set $x (i64.load (local.get $n)))"),
        "a load at a large offset": (
            1, 0, .memoryOutOfBounds,
            """
            (if (local.get $n) (then (local.set $x (i64.load8_u offset=4294967295 (i32.sub (local.get $n) (i32.const 1))))))
            """
        ),
        "a load of a floating-point number": (
            65533, 100, .memoryOutOfBounds, "(local.set $f (f64.add (local.get $f) (f64.load (local.get $n))))"
        ),
        "a store of a constant": (65535, 100, .memoryOutOfBounds, "(i32.store (local.get $n) (i32.const 77))"),
        "a store": (65529, 100, .memoryOutOfBounds, "(i64.store (local.get $n) (local.get $x))"),
        "a store of a byte": (65536, 100, .memoryOutOfBounds, "(i32.store8 (local.get $n) (local.get $i))"),
        "a store by the stack pointer": (
            65520, 2000, .memoryOutOfBounds,
            "(global.set $sp (local.get $n)) (i64.store offset=16 (global.get $sp) (i64.const 5))"
        ),
        "the filling of memory": (
            65530, 100, .memoryOutOfBounds, "(memory.fill (local.get $n) (i32.const 3) (i32.const 10))"
        ),
        "a comparison with memory": (
            65530, 100, .memoryOutOfBounds,
            "(if (i64.eq (i64.load (local.get $n)) (local.get $x)) (then (local.set $i (i32.const 4))))"
        ),
        "a callee's": (65536, 8, .memoryOutOfBounds, "(local.set $x (call $inner (local.get $n) (local.get $x)))"),
    ]

    /// Much that is kept in registers is written at the places around the statement, before and behind it.
    private static func module(_ statement: String) throws -> Module {
        try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1 1) (type $v (func)) (table $t 3 funcref) (elem (i32.const 0) $nothing $inner)
              (global $sp (mut i32) (i32.const 4096)) (global $a (mut i64) (i64.const 1)) (global $b (mut f64) (f64.const 1))
              (func $nothing)
              (func $inner (param i32 i64) (result i64)
                (global.set $a (i64.const 5))
                (i64.store (local.get 0) (local.get 1))
                (global.set $a (i64.const 6))
                (i64.add (local.get 1) (i64.const 1)))
              (func $middle (param $n i32) (result i64) (local $x i64) (local $i i32) (local $f f64)
                (local.set $x (i64.const 0x1234567890))
                (local.set $f (f64.const 0.5))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 24)))
                (i64.store offset=8 (global.get $sp) (local.get $x))
                (global.set $a (i64.add (global.get $a) (local.get $x)))
                (global.set $b (f64.add (global.get $b) (local.get $f)))
                (i32.store (i32.const 16) (local.get $n))
                \(statement)
                (global.set $a (i64.add (global.get $a) (local.get $x)))
                (global.set $b (f64.mul (global.get $b) (local.get $f)))
                (i32.store (i32.const 24) (local.get $i))
                (global.set $sp (i32.add (global.get $sp) (i32.const 24)))
                (i64.add (local.get $x) (i64.extend_i32_u (local.get $i))))
              (func (export "run") (param $n i32) (result i64)
                (i64.store (i32.const 32) (i64.const 1))
                (call $middle (local.get $n))
                (i64.store (i32.const 40) (i64.const 2))))
            """)
    }

    @Test("leave what the interpreter leaves", arguments: kinds.keys.sorted(), Way.compiled.map(\.compilation))
    func kind(name: String, compilation: Way.Compilation) throws {
        let kind = Self.kinds[name]!
        let module = try Self.module(kind.text)
        for argument in [kind.right, kind.wrong] {
            let interpreted = try Remains(Instance(module, store: Native.store(nil)), "run", [.i32(argument)])
            #expect(interpreted.trap == (argument == kind.wrong ? kind.code : nil))
            let instance = try Instance(module, store: Native.store(compilation.policy))
            #expect(try Remains(instance, "run", [.i32(argument)]) == interpreted)
            if compilation == .everything {
                #expect(instance.code.compilation.functions >= 2 && instance.code.compilation.entries > 0)
                #expect(instance.code.compilation.refusedFunctions == 0)
            }
        }
    }

    /// Accesses of every kind one after another, of which only one is beyond the memory: the addresses are arguments.
    private static let accesses = [
        "(i64.store (local.get $p) (local.get $x))", "(i32.store8 offset=7 (local.get $p) (local.get $i))",
        "(local.set $x (i64.add (local.get $x) (i64.load (local.get $p))))",
        "(local.set $i (i32.xor (local.get $i) (i32.load8_s offset=7 (local.get $p))))",
        "(f64.store (local.get $p) (local.get $f))",
        "(local.set $f (f64.mul (local.get $f) (f64.load (local.get $p))))",
        "(global.set $sp (i32.sub (local.get $p) (i32.const 8))) (i64.store offset=8 (global.get $sp) (i64.const 3))",
        "(i64.store offset=8 (global.get $sp) (i64.add (i64.load (local.get $p)) (i64.const 1)))",
        "(local.set $i (i32.add (local.get $i) (i64.lt_u (i64.load (local.get $p)) (local.get $x))))",
        "(f32.store offset=4 (local.get $p) (f32.demote_f64 (local.get $f)))",
        "(i64.store32 offset=4 (local.get $p) (i64.const -2))",
        "(i64.store (i32.add (local.get $p) (i32.const 0)) (i64.load32_s offset=4 (local.get $p)))",
        "(memory.copy (i32.const 600) (local.get $p) (i32.const 8))",
        "(i64.store16 offset=6 (i32.wrap_i64 (i64.extend_i32_u (local.get $p))) (local.get $x))",
    ]

    @Test("of each access of a function find all before it done, and nothing behind it")
    func eachAccess() throws {
        let steps = Self.accesses.enumerated().map { number, access in
            """
            (local.set $p (select (i32.const 65529) (i32.const \(64 + 16 * number)) (i32.eq (local.get $wrong) (i32.const \(number)))))
            \(access)
            (global.set $a (i64.add (i64.mul (global.get $a) (i64.const 3)) (local.get $x)))
            """
        }
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1 1)
              (global $sp (mut i32) (i32.const 4096)) (global $a (mut i64) (i64.const 1))
              (func (export "run") (param $wrong i32) (result i64) (local $p i32) (local $x i64) (local $i i32) (local $f f64)
                (local.set $x (i64.const 0x123456789ABCDEF)) (local.set $i (i32.const 200)) (local.set $f (f64.const 1.25))
                \(steps.joined(separator: "\n"))
                (i64.add (local.get $x) (i64.extend_i32_u (local.get $i)))))
            """)
        for wrong in 0...UInt32(Self.accesses.count) {
            let interpreted = try Remains(Instance(module, store: Native.store(nil)), "run", [.i32(wrong)])
            #expect(interpreted.trap == (wrong < Self.accesses.count ? .memoryOutOfBounds : nil))
            let instance = try Instance(module, store: Native.store(Native.everything))
            #expect(try Remains(instance, "run", [.i32(wrong)]) == interpreted, "access \(wrong)")
            #expect(instance.code.compilation.functions == 1 && instance.code.compilation.entries >= 1)
        }
    }
}
