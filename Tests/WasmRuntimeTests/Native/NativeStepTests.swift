import CSupport
import Testing
import WasmFrontend
import WasmRuntime
import _NativeTestSupport
import _TestSupport

/// Interruptions at each machine instruction of a run, one after the other.
///
/// What the run leaves in memory and globals must be what WebAssembly's instructions have left up to some point: what
/// the interpreter leaves when it is interrupted in the same way, and in the same order.
@Suite(
    "Steps of machine code", .serialized, .enabled(if: Native.isThere, Native.missing),
    .enabled(if: gw_loop_code(false).is_optimized, "only the optimised loop is interrupted between its instructions"))
struct NativeStepTests {
    /// What a run of all instructions can be told apart by.
    private struct State: Hashable {
        let globals: [UInt64]
        let memory: [UInt8]
    }

    /// Runs that call `$begin` first, and have some numbers in `$n`, `$x`, `$i`, `$f`, `$g`.
    private static let runs: [String: String] = {
        var runs = NativeEntryTests.loops.mapValues { body in
            """
            \(body)
            (i64.store (i32.const 8) (local.get $x))
            """
        }
        // They would be only more of the same.
        for name in ["more values than registers", "one inside another"] { runs[name] = nil }
        runs["stores of all widths"] = """
            (loop
              (i64.store offset=16 (local.get $n) (i64.const 0x1122334455667788))
              (i64.store8 offset=40 (local.get $n) (local.get $x)) (i64.store16 offset=44 (local.get $n) (local.get $x))
              (i32.store offset=48 (local.get $n) (local.get $n)) (f64.store offset=56 (local.get $n) (local.get $f))
              (f32.store offset=64 (local.get $n) (f32.demote_f64 (local.get $f)))
              (local.set $f (f64.add (local.get $f) (f64.const 1.25)))
              (local.set $x (i64.sub (local.get $x) (i64.load offset=16 (local.get $n))))
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            """
        runs["calls"] = """
            (loop
              (drop (call $push (i32.const 0)))
              (global.set $other (i64.add (global.get $other) (i64.load (global.get $sp))))
              (global.set $sp (i32.add (global.get $sp) (i32.const 24)))
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            """
        runs["the host"] = """
            (loop
              (i32.store (i32.const 24) (local.get $n)) (call $host)
              (global.set $other (i64.add (global.get $other) (i64.const 5))) (call $host)
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            """
        return runs
    }()

    private static func module(_ run: String) throws -> Module {
        try WebAssemblyText.module(
            """
            (module (import "env" "begin" (func $begin)) (import "env" "host" (func $host))
              (memory (export "memory") 1) (global $sp (mut i32) (i32.const 32768)) (global $other (mut i64) (i64.const 3))
              (func $push (param $pc i32) (result i32)
                (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                (i64.store offset=8 (global.get $sp) (global.get $other))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (i64.store (global.get $sp) (i64.const 77))
                (local.get $pc))
              (func (export "run") (param $n i32)
                (local $x i64) (local $i i32) (local $f f64) (local $g f64)
                (call $begin)
                \(run)))
            """)
    }

    /// What became of a run with an interruption before one of its steps.
    private enum Outcome {
        case ended(State)
        /// The thread was where it is not moved from: whoever interrupts sends the signal again.
        case ran
        /// There were not so many steps.
        case wasOver
    }

    private func outcome(_ module: Module, _ policy: CompilationPolicy?, step: UInt64) throws -> Outcome {
        var imports = Imports()
        imports.define("env", "begin", type: FunctionType([])) { _ in
            native_steps_begin(policy != nil, step)
            return []
        }
        imports.define("env", "host", type: FunctionType([])) { _ in [] }
        let instance = try Instance(module, imports: imports, store: Native.store(policy))
        do {
            _ = try instance.function(named: "run").call([.i32(2)])
            return native_steps_end() < step ? .wasOver : .ran
        } catch ExecutionError.trap(let trap) {
            _ = native_steps_end()
            #expect(trap.code == .interrupted)
            // In the few instructions of a call or a return the loop's frame is one function's already and the place
            // still the other's, which machine code knows about; and behind the last return there is no function.
            let names = trap.backtrace.map { $0.name ?? "" }
            let usual = [["run"], ["push", "run"], []] + (policy == nil ? [["run", "run"], ["push"]] : [])
            #expect(usual.contains(names), "step \(step), \(policy == nil ? "loop" : "native"): \(names)")
            return .ended(State(globals: Remains.globals(instance), memory: try Remains.memory(instance)))
        }
    }

    /// The states that all steps leave, without those that are as the one before.
    private func states(
        _ module: Module, _ policy: CompilationPolicy?
    ) throws -> (states: [State], steps: UInt64, without: Int) {
        // Compiles what there is.
        _ = try outcome(module, policy, step: .max)
        var states: [State] = []
        var without = 0
        for step in 1...UInt64(20_000) {
            switch try outcome(module, policy, step: step) {
            case .ended(let state): if state != states.last { states.append(state) }
            case .ran: without += 1
            case .wasOver: return (states, step - 1, without)
            }
        }
        Issue.record("there is no end")
        return (states, 20_000, without)
    }

    @Test(
        "an interruption at any instruction leaves what the interpreter leaves at some", arguments: runs.keys.sorted())
    func interruption(name: String) throws {
        let module = try Self.module(Self.runs[name]!)
        let interpreted = try states(module, nil)
        let native = try states(module, Native.everything)
        #expect(native.steps > 20 && native.states.count >= 2)
        #expect(native.without == 0, "an interruption is lost")
        var next = interpreted.states.startIndex
        for (number, state) in native.states.enumerated() {
            guard let found = interpreted.states[next...].firstIndex(of: state) else {
                Issue.record("state \(number) of \(native.states.count) is none of the interpreter's from \(next) on")
                return
            }
            next = found
        }
        print(
            "steps: \(name): \(native.steps) of machine code, \(native.states.count) states;",
            "\(interpreted.steps) of the loop (\(interpreted.without) without effect), \(interpreted.states.count) states"
        )
    }
}
