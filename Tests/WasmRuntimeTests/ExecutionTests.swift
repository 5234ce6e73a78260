import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Recursion, interruption, and several threads.
@Suite("Execution", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct ExecutionTests {
    private static let recursion = Result {
        try WebAssemblyText.module(
            """
            (module (func $f (export "f") (param i32) (result i32)
              (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))
            """)
    }

    @Test("10 million nested calls work")
    func deepRecursion() throws {
        let instance = try Instance(try Self.recursion.get())
        #expect(try instance.bits("f", .i32(10_000_000)) == [10_000_000])
    }

    @Test("endless recursion is a trap", arguments: Way.all)
    func endlessRecursion(way: Way) throws {
        let instance = try Instance(try Self.recursion.get(), store: way.store())
        let trap = try #require(try instance.trap("f", .i32(.max)))
        #expect(trap.code == .callStackExhausted)
        #expect(trap.isTruncated && trap.backtrace.count == Trap.longestBacktrace)
        #expect(trap.backtrace.allSatisfy { $0.name == "f" })
        #expect(try instance.bits("f", .i32(100)) == [100])
    }

    static let endless = [
        "empty": "(loop br 0)",
        "floats": "(loop (local.set 0 (f64.sqrt (f64.nearest (f64.ceil (f64.floor (local.get 0)))))) br 0)",
        "rounding": "(loop (local.set 0 (f64.floor (local.get 0))) br 0)",
        "vectors": "(loop (local.set 1 (f32x4.ceil (i8x16.swizzle (local.get 1) (local.get 1)))) br 0)",
        "table": "(loop (table.fill $functions (i32.const 0) (ref.null func) (i32.const 8)) br 0)",
        "growing": "(loop (drop (memory.grow (i32.const 0))) br 0)",
        "bulk": """
        (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 60000))
          (memory.copy (i32.const 5) (i32.const 0) (i32.const 60000)) br 0)
        """,
        "calls": "(loop (call $leaf) br 0)",
        "indirect": "(loop (call_indirect (type $leaf) (i32.const 0)) br 0)",
        "host": "(loop (call $host (i32.const 1)) br 0)",
    ]

    @Test(
        "an endless loop can be interrupted from another thread, again and again", arguments: endless.keys.sorted(),
        Way.all)
    func interruption(name: String, way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "host" (func $host (param i32))) (memory 1) (table $functions 8 funcref) (type $leaf (func)) (func $leaf)
              (elem (i32.const 0) $leaf)
              (func (export "run") (local f64 v128) \(Self.endless[name]!))
              (func (export "after") (result i32) (i32.const 5)))
            """)
        var imports = Imports()
        imports.define("env", "host") { (_: UInt32) in }
        let store = way.store()
        let instance = try Instance(module, imports: imports, store: store)
        nonisolated(unsafe) let shared = store
        for round in 0..<20 {
            let finished = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                usleep(UInt32(1000 + round * 137))
                shared.interrupt()
                finished.signal()
            }
            let trap = try instance.trap("run")
            #expect(trap?.code == .interrupted)
            finished.wait()
            // Nothing runs until that is allowed.
            store.allowExecution()
            #expect(try instance.bits("after") == [5])
        }
    }

    @Test("one module runs on several threads at once")
    func threads() throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (global $sp (mut i32) (i32.const 4096))
              (func $fib (export "fib") (param i32) (result i32)
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (i32.store (global.get $sp) (local.get 0))
                (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
                  (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))
                (if (i32.ne (i32.load (global.get $sp)) (local.get 0)) (then unreachable))
                (global.set $sp (i32.add (global.get $sp) (i32.const 8)))))
            """)
        let wrong = NSLock()
        nonisolated(unsafe) var failures = 0
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for index in 0..<200 {
                let n = UInt32(5 + (index + thread) % 6)
                let expected = [5: 5, 6: 8, 7: 13, 8: 21, 9: 34, 10: 55][Int(n)]!
                let instance = try? Instance(module, store: Way.all[index % 4].store())
                if (try? instance?.bits("fib", .i32(n))) != [UInt64(expected)] { wrong.withLock { failures += 1 } }
            }
        }
        #expect(failures == 0)
    }
}
