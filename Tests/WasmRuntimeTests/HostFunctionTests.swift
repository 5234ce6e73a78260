import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Calls between the host and guests.
@Suite("Host functions", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct HostFunctionTests {
    private struct Refusal: Error, Equatable {
        var number: Int
    }

    @Test("take and return every number type, also where arguments go to the stack")
    func manyArguments() throws {
        let types = (0..<12).flatMap { _ in ["i32", "i64", "f32", "f64"] }
        let values: [String] = types.indices.map { "(\(types[$0]).const \($0 + 1))" }
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "many" (func $many (param \(types.joined(separator: " "))) (result f64 i32 i64 f32)))
              (import "env" "neg" (func $neg (param f32 i64 f64 i32) (result i64)))
              (func (export "f") (result f64 i32 i64 f32) \(values.joined(separator: " ")) (call $many))
              (func (export "g") (result i64) (call $neg (f32.const 1.5) (i64.const -3) (f64.const 0.25) (i32.const -1))))
            """)
        var imports = Imports()
        let valueTypes: [ValueType] = types.map { ["i32": .i32, "i64": .i64, "f32": .f32][$0] ?? .f64 }
        imports.define("env", "many", type: FunctionType(valueTypes, [.f64, .i32, .i64, .f32])) { arguments in
            var sum = 0.0
            for (index, argument) in arguments.enumerated() {
                let number: Double =
                    switch argument {
                    case .i32(let bits): Double(bits)
                    case .i64(let bits): Double(bits)
                    case .f32(let bits): Double(Float(bitPattern: bits))
                    case .f64(let bits): Double(bitPattern: bits)
                    default: .nan
                    }
                sum += number * Double(index + 1)
            }
            return [.f64(sum.bitPattern), .i32(.max), .i64(1 << 63), .f32(Float(0.5).bitPattern)]
        }
        imports.define("env", "neg") { (a: Float, b: Int64, c: Double, d: Int32) -> Int64 in
            Int64(Double(a) * 100) + b + Int64(c * 1000) + Int64(d)
        }
        let expected = (1...48).reduce(0.0) { $0 + Double($1 * $1) }
        for way in Way.all {
            let instance = try Instance(module, imports: imports, store: way.store())
            #expect(
                try instance.bits("f") == [
                    expected.bitPattern, UInt64(UInt32.max), 1 << 63, UInt64(Float(0.5).bitPattern),
                ])
            #expect(try instance.bits("g") == [UInt64(150 - 3 + 250 - 1)])
        }
    }

    /// The number of the refusal that a host function threw out of a call; nil where it threw none.
    private func refusal(_ body: () throws -> some Any) -> Int? {
        do {
            _ = try body()
            return nil
        } catch ExecutionError.hostFunction(let error) {
            return (error as? Refusal)?.number
        } catch {
            return nil
        }
    }

    @Test("say what is wrong with a call by the type of the error")
    func typedErrors() throws {
        var imports = Imports()
        func failure(_ text: String, _ limit: UInt64 = .max) throws -> InstantiationError? {
            do throws(InstantiationError) {
                let module = try? WebAssemblyText.module(text)
                var configuration = Store.Configuration()
                configuration.memoryLimit = limit
                guard let module else { return nil }
                _ = try Instance(module, imports: imports, store: Store(configuration: configuration))
                return nil
            } catch {
                return error
            }
        }
        guard case .unlinkable? = try failure("(module (import \"env\" \"f\" (func)))") else {
            Issue.record("linked without imports")
            return
        }
        guard case .refused(.memoryLimit)? = try failure("(module (memory 2))", 65536) else {
            Issue.record("a memory beyond the limit")
            return
        }
        guard case .trap(let segment)? = try failure("(module (memory 1) (data (i32.const 65536) \"x\"))"),
            segment.code == .memoryOutOfBounds
        else {
            Issue.record("a segment beyond the end")
            return
        }
        guard case .trap(let start)? = try failure("(module (func $f unreachable) (start $f))"),
            start.code == .unreachable
        else {
            Issue.record("a start function that traps")
            return
        }
        imports.define("env", "f") { (number: UInt32) in throw Refusal(number: Int(number)) }
        guard
            case .hostFunction(let error)? = try failure(
                """
                (module (import "env" "f" (func $f (param i32))) (func $g (call $f (i32.const 5))) (start $g))
                """)
        else {
            Issue.record("a start function whose host function throws")
            return
        }
        #expect((error as? Refusal)?.number == 5)
        let instance = try Instance(
            WebAssemblyText.module("(module (func (export \"f\") (param i32)))"))
        #expect {
            try instance.function(named: "f").call([])
        } throws: {
            if case ExecutionError.uncallable(.mismatchedArguments) = $0 { true } else { false }
        }
    }

    @Test("let their errors out of the call unchanged, and the instance goes on", arguments: Way.all)
    func errors(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "fail" (func $fail (param i32))) (func (export "f") (param i32) (call $fail (local.get 0))))
            """)
        var imports = Imports()
        imports.define("env", "fail") { (number: UInt32) in if number > 0 { throw Refusal(number: Int(number)) } }
        let instance = try Instance(module, imports: imports, store: way.store())
        for number in [1, 2, 3] {
            #expect(refusal { try instance.function(named: "f").call([.i32(UInt32(number))]) } == number)
        }
        #expect(throws: Never.self) { try instance.function(named: "f").call([.i32(0)]) }
    }

    @Test("all problems of the imports are named at once")
    func linkErrors() throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "a" "missing" (func)) (import "a" "f" (func (param i64))) (import "a" "ok" (func (param i32)))
              (import "b" "g" (global i32)) (import "b" "m" (memory 1)))
            """)
        var imports = Imports()
        imports.define("a", "f") { (_: UInt32) in }
        imports.define("a", "ok") { (_: UInt32) in }
        do throws(InstantiationError) {
            _ = try Instance(module, imports: imports)
            Issue.record("linked")
        } catch {
            guard case .unlinkable(let error) = error else { throw error }
            #expect(error.problems.map(\.name) == ["missing", "f", "g", "m"])
            #expect(error.problems.map { $0.found == nil } == [true, false, true, true])
        }
    }

    @Test("enter guests again, some hundreds deep, and stop cleanly where the C stack ends", arguments: Way.all)
    func reentry(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "down" (func $down (param i32) (result i32))) (global $sp (mut i32) (i32.const 4096))
              (func (export "f") (param i32) (result i32)
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (if (result i32) (local.get 0)
                  (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                  (else (global.get $sp)))))
            """)
        final class Holder { weak var instance: Instance? }
        let run = {
            let holder = Holder()
            var imports = Imports()
            imports.define("env", "down") { (depth: UInt32) -> UInt32 in
                UInt32(try holder.instance!.bits("f", .i32(depth))[0])
            }
            let instance = try Instance(module, imports: imports, store: way.store())
            holder.instance = instance
            // The stack pointer has moved by 8 a call, through every level. (In debug builds, where the loop is not optimised,
            // each takes 24 KB of the C stack and what Swift needs.)
            #expect(try instance.bits("f", .i32(200)) == [UInt64(4096 - 201 * 8 + 200)])
            #expect(try instance.trap("f", .i32(.max))?.code == .callStackExhausted)
            #expect(try instance.bits("f", .i32(0)).count == 1)
        }
        try run()
    }

    @Test("of the type (i32) -> () keep their argument while they are called again", arguments: Way.all)
    func plainReentry(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "note" (func $note (param i32))) (import "env" "values" (func $values (param i32)))
              (func (export "f") (param i32)
                (call $note (local.get 0)) (call $values (i32.add (local.get 0) (i32.const 100)))))
            """)
        final class Holder { weak var instance: Instance? }
        let holder = Holder()
        var (begun, ended): ([UInt32], [UInt32]) = ([], [])
        var imports = Imports()
        imports.define("env", "note") { (number: UInt32) in
            begun.append(number)
            if number > 0 { _ = try holder.instance!.function(named: "f").call([.i32(number - 1)]) }
            ended.append(number)
        }
        imports.define("env", "values", type: FunctionType([.i32])) { arguments in
            if case .i32(let number) = arguments[0] { ended.append(number) }
            return []
        }
        let instance = try Instance(module, imports: imports, store: way.store())
        holder.instance = instance
        _ = try instance.function(named: "f").call([.i32(3)])
        #expect(begun == [3, 2, 1, 0])
        #expect(ended == [0, 100, 1, 101, 2, 102, 3, 103])
    }

    @Test("go on after a guest that they called has failed, and so does their caller", arguments: Way.all)
    func failureWithin(way: Way) throws {
        // The caller has a memory, a global and locals of its own, and needs them after the call.
        let text = """
            (module (import "env" "try" (func $try (param i32) (result i32)))
              (memory 1) (global $sp (mut i32) (i32.const MARK))
              (func $deep (param i32) (result i32)
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (if (i32.eqz (local.get 0)) (then (unreachable)))
                (call $deep (i32.sub (local.get 0) (i32.const 1))))
              (func (export "fail") (result i32) (call $deep (i32.const 20)))
              (func (export "refuse") (result i32) (call $try (i32.const 9)))
              (func (export "run") (param i32 i32) (result i32) (local $kept i32)
                (i32.store (i32.const 64) (i32.const MARK))
                (local.set $kept (i32.mul (local.get 1) (i32.const 3)))
                (i32.add (i32.add (call $try (local.get 0)) (local.get $kept)) (i32.load (i32.const 64)))))
            """
        let store = way.store()
        final class Instances {
            unowned var own: Instance!
            unowned var other: Instance!
        }
        let instances = Instances()
        func instance(_ mark: Int) throws -> Instance {
            var imports = Imports()
            imports.define("env", "try") { (wanted: UInt32) throws -> UInt32 in
                switch wanted {
                case 0: return try instances.own.trap("fail")?.code == .unreachable ? 1 : 0
                case 1: return try instances.other.trap("fail")?.backtrace.count == 22 ? 1 : 0
                case 9: throw Refusal(number: 9)
                default:
                    #expect(refusal { try instances.other.bits("refuse") } == 9)
                    return 1
                }
            }
            return try Instance(
                WebAssemblyText.module(text.replacingOccurrences(of: "MARK", with: "\(mark)")), imports: imports,
                store: store)
        }
        let own = try instance(1000)
        let other = try instance(2000)
        (instances.own, instances.other) = (own, other)
        for wanted: UInt32 in [0, 1, 2, 1, 0] {
            #expect(try own.bits("run", .i32(wanted), .i32(7)) == [1 + 21 + 1000])
        }
        // A stack trace after all that is of what failed last.
        #expect(try own.trap("fail")?.backtrace.count == 22)
    }

    @Test("recursion through the host ends as a trap on a thread with a small stack")
    func smallThread() throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "down" (func $down (param i32) (result i32)))
              (func (export "f") (param i32) (result i32) (call $down (local.get 0))))
            """)
        nonisolated(unsafe) var code: Trap.Code?
        let finished = DispatchSemaphore(value: 0)
        let thread = Thread {
            final class Holder { weak var instance: Instance? }
            let holder = Holder()
            var imports = Imports()
            imports.define("env", "down") { (depth: UInt32) -> UInt32 in
                UInt32(try holder.instance!.bits("f", .i32(depth))[0])
            }
            if let instance = try? Instance(module, imports: imports, store: Way.all[0].store()) {
                holder.instance = instance
                code = (try? instance.trap("f", .i32(1)))??.code
            }
            finished.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        finished.wait()
        #expect(code == .callStackExhausted)
    }

    @Test("nothing stays of instances that are gone")
    func leaks() throws {
        final class Witness {
            nonisolated(unsafe) static var count = 0
            init() { Self.count += 1 }
            deinit { Self.count -= 1 }
            func use() {}
        }
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "f" (func $f (param i32))) (memory (export "memory") 2) (table 100 funcref)
              (func (export "run") (i32.store (i32.const 70000) (i32.const 1)) (call $f (i32.const 1))))
            """)
        func rounds(_ count: Int) throws {
            for index in 0..<count {
                let witness = Witness()
                var imports = Imports()
                imports.define("env", "f") { (_: UInt32) in witness.use() }
                let instance = try Instance(module, imports: imports, store: Way.all[index % Way.all.count].store())
                _ = try instance.function(named: "run").call([])
            }
        }
        // Other tests run at the same time, so what counts is the mappings: each store has several of its own.
        try rounds(200)
        let before = try MemoryMaps.lines().count
        try rounds(3000)
        #expect(Witness.count == 0)
        #expect(try MemoryMaps.lines().count - before < 1500)
    }
}
