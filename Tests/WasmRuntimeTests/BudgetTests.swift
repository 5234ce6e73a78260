import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Executions that may make so many calls and turns of loops.
@Suite("Budgets", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct BudgetTests {
    private static let text = """
        (module
          (type $unary (func (param i32) (result i32)))
          (global $progress (export "progress") (mut i32) (i32.const 0))
          (global $sp (mut i32) (i32.const 0))
          (table 1 funcref) (elem (i32.const 0) $fib)
          (func $note (global.set $progress (i32.add (global.get $progress) (i32.const 1))))
          (func (export "none"))
          (func (export "loop") (param $n i32)
            (loop $again
              (global.set $progress (i32.add (global.get $progress) (i32.const 1)))
              (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
          (func (export "once") (param i32) (loop (drop (i32.const 1))))
          (func (export "nested") (param $n i32) (local $i i32)
            (loop $outer
              (local.set $i (i32.const 3))
              (loop $inner
                (call $note)
                (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
              (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
          (func $fib (export "fib") (param $n i32) (result i32)
            (global.set $progress (i32.add (global.get $progress) (i32.const 1)))
            (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (local.get $n))
              (else (i32.add
                (call $fib (i32.sub (local.get $n) (i32.const 1)))
                (call_indirect (type $unary) (i32.sub (local.get $n) (i32.const 2)) (i32.const 0))))))
          (func $dispatch (export "dispatch") (param $pc i32) (param $n i32) (result i32)
            (loop $loop
              (block $b2 (block $b1 (block $b0
                (br_table $b0 $b1 $b2 (local.get $pc)))
                (global.set $progress (i32.add (global.get $progress) (i32.const 1)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1))))
               (if (local.get $n) (then (local.set $pc (i32.const 0)) (br $loop))))
              (return (i32.const 0)))
            (unreachable))
          (func (export "zero") (param $n i32) (drop (call $dispatch (i32.const 0) (local.get $n))))
          (func (export "table") (param $n i32) (block $out
            (loop $loop
              (global.set $progress (i32.add (global.get $progress) (i32.const 1)))
              (local.set $n (i32.sub (local.get $n) (i32.const 1)))
              (br_table $out $loop (i32.ne (local.get $n) (i32.const 0))))))
          ;; All of these would go on for ever, or nearly so.
          (func (export "spin") (param i32) (loop $l (br $l)))
          (func (export "computed") (param $pc i32)
            (loop $loop (block $b1 (block $b0
              (br_table $b0 $b1 (local.get $pc)))
              (local.set $pc (i32.and (global.get $progress) (i32.const 0)))
              (br $loop))
             (local.set $pc (i32.const 0)) (br $loop)))
          (func $double (param $pc i32) (param $n i32) (result i32)
            (loop $loop (block $b1 (block $b0
              (br_table $b0 $b1 (local.get $pc)))
              (return (i32.const 0)))
             (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
             (drop (call $double (i32.const 1) (i32.sub (local.get $n) (i32.const 1))))
             (return (call $double (i32.const 1) (i32.sub (local.get $n) (i32.const 1)))))
            (unreachable))
          (func (export "tree") (param i32) (drop (call $double (i32.const 1) (i32.const 60)))))
        """

    private func instance(_ way: Way, _ budget: UInt64?) throws -> Instance {
        var configuration = Store.Configuration()
        configuration.usesGuardPages = way.guards
        configuration.optimizes = way.optimizes
        configuration.compilation = way.compilation.policy
        configuration.callStackSize = 4 << 20
        configuration.budget = budget
        return try Instance(WebAssemblyText.module(Self.text), store: Store(configuration: configuration))
    }

    private static func call(_ instance: Instance, _ name: String, _ number: UInt32) throws -> Trap? {
        let function = try instance.function(named: name)
        let arguments = [Value.i32(0), .i32(number)].suffix(function.type.parameters.count)
        do {
            _ = try function.call(Array(arguments))
            return nil
        } catch ExecutionError.trap(let trap) {
            return trap
        }
    }

    private static func progress(_ instance: Instance) -> Value? {
        guard case .global(let global) = instance.export(named: "progress") else { return nil }
        return global.value
    }

    @Test(
        "count calls of functions and arrivals at heads of loops", arguments: Way.all,
        [
            ("none", 0, 1), ("loop", 10, 11), ("once", 0, 1), ("nested", 5, 36), ("fib", 10, 177), ("table", 10, 11),
        ] as [(String, UInt32, UInt64)])
    func counts(way: Way, example: (name: String, number: UInt32, count: UInt64)) throws {
        let instance = try instance(way, 1000)
        #expect(try Self.call(instance, example.name, example.number) == nil)
        #expect(instance.store.budget == 1000 - example.count)
    }

    /// Also with the usual policy, where a function goes over from one to the other in the middle of a loop.
    @Test(
        "end an execution at the same place, interpreted and compiled", arguments: [true, false],
        [("loop", 1000), ("nested", 300), ("fib", 14), ("zero", 500), ("dispatch", 500), ("table", 900)]
            as [(String, UInt32)])
    func places(optimizes: Bool, example: (name: String, number: UInt32)) throws {
        let ways = Way.all.filter { $0.optimizes == optimizes }
        func used(_ instance: Instance, _ budget: UInt64) -> UInt64 { budget - (instance.store.budget ?? 0) }
        let first = try instance(ways[0], 1_000_000)
        #expect(try Self.call(first, example.name, example.number) == nil)
        let whole = used(first, 1_000_000)
        #expect(whole > UInt64(example.number))
        for budget in [whole, whole - 1, whole / 2, whole / 3, 1, 0] {
            var places: Set<String> = []
            for way in ways {
                let instance = try instance(way, budget)
                let trap = try Self.call(instance, example.name, example.number)
                #expect(trap?.code == (budget == whole ? nil : .budgetExhausted), "\(way)")
                #expect(instance.store.budget == 0)
                let progress = Self.progress(instance).map { "\($0)" } ?? ""
                places.insert(progress + " " + (trap?.backtrace.map { "\($0.function)" }.joined(separator: " ") ?? ""))
            }
            var configuration = Store.Configuration()
            configuration.optimizes = optimizes
            configuration.budget = budget
            let usual = try Instance(
                WebAssemblyText.module(Self.text), store: Store(configuration: configuration))
            let trap = try Self.call(usual, example.name, example.number)
            let progress = Self.progress(usual).map { "\($0)" } ?? ""
            places.insert(progress + " " + (trap?.backtrace.map { "\($0.function)" }.joined(separator: " ") ?? ""))
            #expect(places.count == 1, "\(budget) of \(whole): \(places)")
        }
    }

    @Test("end whatever would go on for ever", arguments: Way.all, ["spin", "computed", "tree"])
    func endless(way: Way, name: String) throws {
        let instance = try instance(way, 100_000)
        #expect(try Self.call(instance, name, 0)?.code == .budgetExhausted)
        // Nothing goes on but with a new budget.
        #expect(try Self.call(instance, "none", 0)?.code == .budgetExhausted)
        instance.store.budget = 1
        #expect(try Self.call(instance, "none", 0) == nil)
        #expect(try Self.call(instance, "none", 0)?.code == .budgetExhausted)
    }

    @Test("leave the code of others as it is")
    func absence() throws {
        let module = try WebAssemblyText.module(Self.text)
        func listing(_ options: LoweredCode.Options) throws -> String {
            try (0..<module.bodies.count).map { try module.loweredCode(options).disassemble($0) }.joined()
        }
        #expect(try !listing(LoweredCode.Options()).contains("budget"))
        #expect(try listing(LoweredCode.Options(countsBudget: true)).contains("budget"))
        let instance = try Instance(module)
        #expect(instance.store.budget == nil)
        instance.store.budget = 5
        #expect(instance.store.budget == nil)
        #expect(try Self.call(instance, "loop", 1000) == nil)
    }
}
