import Foundation
import Synchronization
import Testing
import WasmFrontend
import _TestSupport

@testable import WasmRuntime

/// Calls that somebody is told of before they begin.
@Suite("Watching calls", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct CallWatchTests {
    /// The functions in their order: run calls add, add through the table, and itself.
    private static let module = Result {
        try WebAssemblyText.module(
            """
            (module (table funcref (elem $add)) (type $t (func (param i32 i32) (result i32)))
              (func $add (type $t) (i32.add (local.get 0) (local.get 1)))
              (func $run (export "run") (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then
                    (call_indirect (type $t)
                      (call $add (local.get 0) (i32.const 100))
                      (call $run (i32.sub (local.get 0) (i32.const 1)))
                      (i32.const 0)))
                  (else (i32.const 0))))
              (func $endless (export "endless") (loop (drop (call $add (i32.const 1) (i32.const 2))) (br 0))))
            """)
    }

    @Test(
        "each call is told of until nobody wants it, and what is called meanwhile changes nothing", arguments: Way.all)
    func telling(way: Way) throws {
        let store = way.store()
        let instance = try Instance(try Self.module.get(), store: store)
        var told: [Int] = []
        let watch = CallWatch(store) { [unowned instance] function in
            told.append(function)
            let sum = try instance.function(0).callSlots(20, 3)
            #expect(sum == 23)
            return told.count < 7
        }
        #expect(try instance.bits("run", .i32(3)) == [306])
        #expect(told.isEmpty)
        for _ in 1...2 {
            watch.request()
            #expect(try instance.bits("run", .i32(3)) == [306])
            #expect(told == [0, 1, 0, 1, 0, 1, 0])
            told = []
        }
    }

    @Test("what is thrown ends the execution, and the next goes on", arguments: Way.all)
    func failing(way: Way) throws {
        struct Failure: Error {}
        let store = way.store()
        let instance = try Instance(try Self.module.get(), store: store)
        let watch = CallWatch(store) { _ in throw Failure() }
        watch.request()
        #expect {
            try instance.bits("run", .i32(3))
        } throws: {
            if case ExecutionError.hostFunction(is Failure) = $0 { true } else { false }
        }
        #expect(try instance.bits("run", .i32(2)) == [203])
    }

    @Test("a call that is watched still finds the end of the stack", arguments: Way.all)
    func exhaustion(way: Way) throws {
        let store = way.store()
        let instance = try Instance(try Self.module.get(), store: store)
        let watch = CallWatch(store) { _ in true }
        watch.request()
        let trap = try #require(try instance.trap("run", .i32(.max)))
        #expect(trap.code == .callStackExhausted)
    }

    @Test("another thread asks as often as it likes", arguments: Way.all)
    func threads(way: Way) throws {
        let store = way.store()
        let instance = try Instance(try Self.module.get(), store: store)
        nonisolated(unsafe) var count = 0
        let watch = CallWatch(store) { _ in
            count += 1
            return false
        }
        let isOver = Atomic(false)
        let hasEnded = DispatchSemaphore(value: 0)
        // Not one of the queues' threads, all of which tests may keep busy.
        let asking = Thread {
            while !isOver.load(ordering: .relaxed) { watch.request() }
            hasEnded.signal()
        }
        asking.start()
        while count < 2000 { #expect(try instance.bits("run", .i32(50)) == [50 * 51 / 2 + 5000]) }
        isOver.store(true, ordering: .relaxed)
        hasEnded.wait()
    }

    @Test("a guest that is watched is interrupted", arguments: Way.all)
    func interruption(way: Way) throws {
        let store = way.store()
        let instance = try Instance(try Self.module.get(), store: store)
        var count = 0
        var watch: CallWatch?
        watch = CallWatch(store) { [unowned store] _ in
            count += 1
            if count == 1000 { store.interrupt() }
            return true
        }
        watch?.request()
        let trap = try #require(try instance.trap("endless"))
        #expect(trap.code == .interrupted && count == 1000)
        store.allowExecution()
        #expect(try instance.bits("run", .i32(2)) == [203])
    }
}
