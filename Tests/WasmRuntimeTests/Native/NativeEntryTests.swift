import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Where executions go over from the interpreter to machine code, and back.
@Suite("Entries of machine code", .enabled(if: Native.isThere, Native.missing))
struct NativeEntryTests {
    // MARK: - In the middle of a run

    /// Bodies of functions that loop as often as their argument `$n` says, or more often, without a call.
    ///
    /// What they leave in `$x` is the result.
    static let loops = [
        "integers": """
        (loop
          (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.extend_i32_u (local.get $n))))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        """,
        "floats": """
        (local.set $f (f64.const 1.5)) (local.set $g (f64.const 0.25))
        (loop
          (local.set $f (f64.add (f64.mul (local.get $f) (f64.const 0.999)) (local.get $g)))
          (local.set $g (f64.sqrt (f64.abs (f64.sub (local.get $f) (local.get $g)))))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $x (i64.xor (i64.reinterpret_f64 (local.get $f)) (i64.reinterpret_f64 (local.get $g))))
        """,
        "one inside another": """
        (loop $outer
          (local.set $i (i32.const 10))
          (loop $inner
            (local.set $x (i64.add (i64.rotl (local.get $x) (i64.const 5)) (i64.extend_i32_u (local.get $i))))
            (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
          (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        """,
        "one behind another": """
        (local.set $i (local.get $n))
        (loop (local.set $x (i64.add (local.get $x) (i64.extend_i32_u (local.get $i))))
          (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (loop (local.set $x (i64.xor (i64.mul (local.get $x) (i64.const 31)) (i64.extend_i32_u (local.get $n))))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        """,
        "a table of branches": """
        (loop $again
          (block $done (block $two (block $one (block $zero
            (br_table $zero $one $two (i32.rem_u (local.get $n) (i32.const 3))))
            (local.set $x (i64.add (local.get $x) (i64.const 7))) (br $done))
            (local.set $x (i64.mul (local.get $x) (i64.const 3))) (br $done))
            (local.set $x (i64.xor (local.get $x) (i64.const 0x5555))))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        """,
        "memory and globals": """
        (loop
          (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
          (i64.store offset=8 (global.get $sp) (local.get $x))
          (local.set $x (i64.add (i64.load offset=8 (global.get $sp)) (i64.load (i32.and (local.get $n) (i32.const 0xFFF8)))))
          (i32.store16 (i32.and (local.get $n) (i32.const 0x3FFC)) (local.get $n))
          (global.set $other (i64.add (global.get $other) (local.get $x)))
          (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $x (i64.xor (local.get $x) (global.get $other)))
        """,
        "more values than registers": {
            let all = 0..<24
            let first = all.map { "(local.set $v\($0) (i64.const \($0 * 1_000_003 + 1)))" }
            let step = all.map {
                "(local.set $v\($0) (i64.add (i64.rotl (local.get $v\($0)) (i64.const \($0 + 1))) (local.get $v\(($0 + 5) % 24))))"
            }
            let last = all.map { "(local.set $x (i64.xor (local.get $x) (local.get $v\($0))))" }
            return first.joined() + "(loop" + step.joined(separator: "\n")
                + "(br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))" + last.joined()
        }(),
    ]

    @Test("a loop without calls becomes machine code in the middle of its run", arguments: loops.keys.sorted())
    func loop(name: String) throws {
        let locals = (0..<24).map { "(local $v\($0) i64)" }.joined()
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1) (global $sp (mut i32) (i32.const 32768)) (global $other (mut i64) (i64.const 3))
              (func (export "run") (param $n i32) (result i64) (local $x i64) (local $i i32) (local $f f64) (local $g f64) \(locals)
                \(Self.loops[name]!)
                (local.get $x)))
            """)
        let interpreted = try Remains(Instance(module, store: Native.store(nil)), "run", [.i32(20_000)])
        let instance = try Instance(module, store: Native.store(Native.usual))
        #expect(try Remains(instance, "run", [.i32(20_000)]) == interpreted)
        let compilation = instance.code.compilation
        // Once, and never back: the interpreter would come over again and again.
        #expect(compilation.functions == 1 && compilation.refusedFunctions == 0 && compilation.entries == 1)
    }

    @Test("a loop that ends soon stays in the interpreter")
    func shortLoop() throws {
        let instance = try Instance(WebAssemblyText.module(Self.shortLoop), store: Native.store(Native.usual))
        #expect(try instance.bits("run", .i32(Native.usual.threshold / 2)) == [0])
        #expect(instance.code.compilation.functions == 0 && instance.code.compilation.entries == 0)
    }
    private static let shortLoop = """
        (module (func (export "run") (param $n i32) (result i32)
          (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $n)))
        """

    // MARK: - Functions

    /// A callee of each kind, which a function calls that is never hot itself.
    private static let callees = [
        "any": "(call $callee (local.get $n) (i64.const 3))",
        "zero": "(call $callee (i32.const 0) (i64.const 3))",
    ]

    @Test("a function is entered with any first argument, and with the constant 0", arguments: callees.keys.sorted())
    func functions(name: String) throws {
        let calls = (0..<20).map { _ in "(local.set $x (i64.add (local.get $x) \(Self.callees[name]!)))" }
        let module = try WebAssemblyText.module(
            """
            (module
              (func $callee (param i32 i64) (result i64)
                (i64.add (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 1000)) (local.get 1)))
              (func (export "run") (param $n i32) (result i64) (local $x i64) \(calls.joined(separator: "\n")) (local.get $x)))
            """)
        let instance = try Instance(module, store: Native.store(Native.usual))
        let argument: UInt64 = name == "zero" ? 0 : 7
        for _ in 0..<100 { #expect(try instance.bits("run", .i32(7)) == [20 * (argument * 1000 + 3)]) }
        let compilation = instance.code.compilation
        // The caller is interpreted: each of its calls, from the one on that the callee was compiled in, is an entry.
        #expect(compilation.functions == 1)
        #expect(compilation.entries == 2000 - UInt64(Native.usual.threshold) + 1)
    }

    /// A function of two pieces as Go's compiler writes them: each is entered by the dispatch, with the copy of the stack
    /// pointer in `$s`, and leads elsewhere; `$again` and `$unwind` are what it may branch to.
    private static func goFunction(_ name: String, _ first: String, _ second: String) -> String {
        """
        (func \(name) (param $pc i32) (result i32) (local $s i32)
          (local.set $s (global.get $sp))
          (block $unwind
            (loop $again
              (block $1
                (block $0
                  (br_table $0 $1 (local.get $pc)))
                \(first))
              \(second)))
          (i32.const 1))
        """
    }

    /// How functions of Go begin, by the size of their frames; none in assembly, and where it is known that there is room.
    private static let stackChecks = [
        "none": "",
        "up to 128 bytes":
            "(if (i32.le_u (local.get $s) (i32.load offset=16 (i32.wrap_i64 (global.get $g)))) (then unreachable))",
        "more than 128 bytes": """
        (if (i32.le_u (local.get $s) (i32.add (i32.load offset=16 (i32.wrap_i64 (global.get $g))) (i32.const 208)))
          (then unreachable))
        """,
    ]

    /// A function that counts down the word at 0 and calls itself.
    private static let goLike = goFunction(
        "$go",
        """
        \(stackChecks["up to 128 bytes"]!)
        (local.set $s (i32.sub (local.get $s) (i32.const 16)))
        (global.set $sp (local.get $s))
        (i64.store (local.get $s) (i64.load (i32.const 0)))
        (if (i64.eqz (i64.load (i32.const 0))) (then
          (global.set $sp (i32.add (local.get $s) (i32.const 24)))
          (return (i32.const 0))))
        (i64.store (i32.const 0) (i64.sub (i64.load (i32.const 0)) (i64.const 1)))
        (local.set $s (i32.sub (local.get $s) (i32.const 8)))
        (global.set $sp (local.get $s))
        (i64.store (local.get $s) (i64.const 77))
        (i32.const 0) (call $go)
        (global.get $sp) (local.set $s)
        (br_if $unwind)
        """,
        """
        ;; Behind the call: what was kept in the frame is added up.
        (global.set $sum (i64.add (i64.mul (global.get $sum) (i64.const 3)) (i64.load (local.get $s))))
        (global.set $sp (i32.add (local.get $s) (i32.const 24)))
        (return (i32.const 0))
        """)

    private static func goModule() throws -> Module {
        try WebAssemblyText.module(
            """
            (module (memory (export "memory") 2)
              (global $sp (mut i32) (i32.const 120000)) (global $g (mut i64) (i64.const 64)) (global $sum (mut i64) (i64.const 0))
              (func (export "set") (param i64) (global.set $sp (i32.const 119992)) (i64.store (i32.const 0) (local.get 0)))
              \(goLike)
              (func (export "go") (param i32) (result i32) (global.set $sp (i32.const 119992)) (call $go (i32.const 0)))
              (func (export "any") (param i32) (result i32) (global.set $sp (i32.const 119992)) (call $go (local.get 0))))
            """)
    }

    @Test(
        "a function with Go's stack check is entered behind it, and returned to when it is native",
        arguments: ["go", "any"])
    func goFunction(name: String) throws {
        func run(_ policy: CompilationPolicy?) throws -> (Instance, Remains) {
            let instance = try Instance(Self.goModule(), store: Native.store(policy))
            _ = try instance.bits("set", .i64(2000))
            return (instance, try Remains(instance, name, [.i32(0)]))
        }
        let (native, remains) = try run(Native.usual)
        #expect(remains.trap == nil && remains.results == [0])
        #expect(try run(nil).1 == remains)
        // It became hot 300 frames deep: all that are deeper, and all returns, its own and those of the 300, are native.
        #expect(native.code.compilation.functions == 1 && native.code.compilation.entries == 1)
    }

    @Test("a function becomes machine code whatever its frame's size", arguments: stackChecks.keys.sorted())
    func frameSizes(name: String) throws {
        // Called from a loop that is compiled, and from straight code that is not.
        let calls = String(repeating: "(drop (call $callee (i32.const 0)))", count: 400)
        let callee = Self.goFunction(
            "$callee",
            """
            \(Self.stackChecks[name]!)
            (global.set $sp (local.tee $s (i32.sub (local.get $s) (i32.const 336))))
            (i64.store offset=8 (local.get $s) (i64.add (i64.load (i32.const 0)) (i64.const 1)))
            (local.set $pc (i32.const 1))
            (br $again)
            """,
            """
            (i64.store (i32.const 0) (i64.load offset=8 (local.get $s)))
            (global.set $sp (local.tee $s (i32.add (local.get $s) (i32.const 336))))
            (return (i32.const 0))
            """)
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1)
              (global $sp (mut i32) (i32.const 32768)) (global $g (mut i64) (i64.const 64))
              \(callee)
              (func (export "straight") (result i64) \(calls) (i64.load (i32.const 0)))
              (func (export "loop") (param $n i32) (result i64)
                (loop
                  (drop (call $callee (i32.const 0)))
                  (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i64.load (i32.const 0))))
            """)
        var instance = try Instance(module, store: Native.store(Native.usual))
        #expect(try instance.bits("straight") == [400])
        #expect(instance.code.compilation.functions == 1)
        instance = try Instance(module, store: Native.store(Native.usual))
        #expect(try instance.bits("loop", .i32(400)) == [400])
        #expect(instance.code.compilation.functions == 2)
    }

    @Test("a goroutine that was left goes on at its resume points")
    func resumePoints() throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1) (global $sp (mut i32) (i32.const 32768))
              ;; A step of three, then it gives way; where it goes on lies at 0, what it counts at 8.
              (func $task (param $pc i32) (result i32) (local $s i32)
                (local.set $s (global.get $sp))
                (loop $again
                  (block $3 (block $2 (block $1 (block $0
                    (br_table $0 $1 $2 $3 (local.get $pc)))
                    (i64.store offset=8 (i32.const 0) (i64.add (i64.load offset=8 (i32.const 0)) (i64.const 1)))
                    (i32.store (i32.const 0) (i32.const 1)) (return (i32.const 1)))
                    (i64.store offset=8 (i32.const 0) (i64.mul (i64.load offset=8 (i32.const 0)) (i64.const 3)))
                    (i32.store (i32.const 0) (i32.const 2)) (return (i32.const 1)))
                    (i64.store offset=8 (i32.const 0) (i64.xor (i64.load offset=8 (i32.const 0)) (i64.const 0x1234)))
                    (local.set $pc (i32.const 3)) (br $again))
                  (i32.store (i32.const 0) (i32.const 0)) (return (i32.const 1)))
                (i32.const 0))
              ;; As wasm_pc_f_loop: calls what is to go on, until it has been done so often.
              (func (export "run") (param $n i32) (result i64)
                (loop
                  (drop (call $task (i32.load (i32.const 0))))
                  (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i64.load offset=8 (i32.const 0))))
            """)
        let interpreted = try Remains(Instance(module, store: Native.store(nil)), "run", [.i32(10_000)])
        let instance = try Instance(module, store: Native.store(Native.usual))
        #expect(try Remains(instance, "run", [.i32(10_000)]) == interpreted)
        #expect(instance.code.compilation.functions == 2)
        // Until both are compiled each calls the other; after that neither is left, in thousands of turns.
        #expect(instance.code.compilation.entries <= 2 * UInt64(Native.usual.threshold))
    }

    // MARK: - Back and forth

    private static let alternating = Result {
        try WebAssemblyText.module(
            """
            (module (global $depth (mut i32) (i32.const 0))
              (func $f (export "f") (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (i32.add (i32.const 1) (call $g (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
              (func $g (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))
            """)
    }
    /// A coin that has one of both compiled, and it entered where it begins and where it is returned to.
    private static let coin = Result {
        try Native.coin(compiling: 1, of: alternating.get()) { instance in
            guard try instance.bits("f", .i32(1000)) == [1000] else { return false }
            return instance.code.compilation.entries >= 999
        }
    }

    @Test("10 million nested calls that go from one to the other each time, and return")
    func deepAlternation() throws {
        let store = Native.store(try Self.coin.get(), callStackSize: Store.Configuration().callStackSize)
        let instance = try Instance(Self.alternating.get(), store: store)
        #expect(try instance.bits("f", .i32(10_000_000)) == [10_000_000])
        #expect(instance.code.compilation.functions == 1)
        // 5 million calls of what is native, and as many returns to it.
        #expect(instance.code.compilation.entries >= 9_999_990)
    }

    @Test("a stack that is exhausted is a trap with the functions of both")
    func exhaustion() throws {
        for policy in [try Self.coin.get(), Native.everything, Native.usual] {
            let instance = try Instance(Self.alternating.get(), store: Native.store(policy))
            let trap = try #require(try instance.trap("f", .i32(.max)))
            #expect(trap.code == .callStackExhausted)
            #expect(trap.isTruncated && trap.backtrace.count == Trap.longestBacktrace)
            let names = trap.backtrace.map { $0.name ?? "?" }
            #expect(zip(names, names.dropFirst()).allSatisfy { $0 != $1 } && Set(names) == ["f", "g"])
            #expect(instance.code.compilation.functions > 0 && instance.code.compilation.entries > 0)
            // It goes on working.
            #expect(try instance.bits("f", .i32(100)) == [100])
        }
    }

    @Test("a stack is exhausted at the same depth as in the interpreter")
    func depth() throws {
        func deepest(_ policy: CompilationPolicy?) throws -> UInt32 {
            let instance = try Instance(Self.alternating.get(), store: Native.store(policy))
            var (low, high): (UInt32, UInt32) = (1, 1 << 24)
            while low < high {
                let middle = (low + high + 1) / 2
                if try instance.trap("f", .i32(middle)) == nil { low = middle } else { high = middle - 1 }
            }
            return low
        }
        let interpreted = try deepest(nil)
        for policy in [try Self.coin.get(), Native.everything] { #expect(try deepest(policy) == interpreted) }
    }
}
