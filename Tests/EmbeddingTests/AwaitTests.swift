import Foundation
import GoWasm
import GoWasmFoundation
import Testing
import _TestSupport

/// What Swift's async functions of these tests are about.
private struct NoAddress: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) has no address" }
}

private struct Query: Codable, Sendable {
    var name: String
    var limit: Int
}

/// Lets nobody go on before so many have come.
private actor Meeting {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of count: Int) { missing = count }

    func join() async {
        missing -= 1
        guard missing == 0 else { return await withCheckedContinuation { waiting.append($0) } }
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// What an async function has seen.
private actor Witness {
    private(set) var begun = 0
    private(set) var cancelled = 0

    /// Waits until it is cancelled.
    func wait() async throws -> String {
        begun += 1
        do {
            try await Task.sleep(for: .seconds(3600))
        } catch {
            cancelled += 1
            throw error
        }
        return "not cancelled"
    }

    /// Waits until so many functions have begun, and been cancelled.
    func waits(begun: Int, cancelled: Int) async throws {
        while self.begun < begun || self.cancelled < cancelled { try await Task.sleep(for: .milliseconds(1)) }
    }
}

extension Fixture {
    /// A configuration with the functions that Go awaits, of which `lookup` is given.
    fileprivate func awaiting(
        _ output: Output = Output(), _ arguments: [String] = [],
        lookup: @escaping @Sendable (String) async throws -> String
    ) -> Program.Configuration {
        var configuration = output.configuration()
        configuration.arguments = arguments
        if self == .awaitsJS {
            configuration.javaScript = { try $0.defineAsync("lookup", lookup) }
            return configuration
        }
        configuration.imports = { imports in
            imports.defineAsync("host", "lookup", lookup)
            imports.defineAsync("host", "double") { (bytes: [UInt8]) async throws -> Data in Data(bytes + bytes) }
            imports.defineAsync("host", "find", json: Query.self) { query in
                (0..<query.limit).map { "\(query.name) \($0)" }
            }
        }
        return configuration
    }

    /// Programs of both kinds with functions that wait.
    fileprivate static let awaiters = [awaits, awaitsJS]
}

/// Answers after a moment; there are names that it does not know.
@Sendable private func lookup(_ name: String) async throws -> String {
    try await Task.sleep(for: .milliseconds(2))
    if name == "nobody" { throw NoAddress(name: name) }
    return "<\(name)>"
}

extension LibraryTests {
    @Suite(
        "Go waits for async functions of Swift's", .enabled(if: Fixture.areThere, Fixture.missing),
        .timeLimit(.minutes(3)))
    struct AwaitTests {
        @Test("and gets what they return or throw", arguments: Fixture.awaiters)
        func results(_ fixture: Fixture) async throws {
            let running = try await fixture.program.startInBackground(fixture.awaiting(lookup: lookup))
            #expect(try await running.call("fetch", "grün", as: String.self) == "<grün>")
            #expect(try await running.call("fetchAll", "a,b,c", as: String.self) == "<a>,<b>,<c>")
            await #expect {
                try await running.call("fetchAll", "a,nobody,c", as: String.self)
            } throws: { error in
                switch error as? ProgramError {
                case .functionFailed("nobody has no address"): fixture == .awaits
                case .exception(JavaScriptError(message: "nobody has no address")): fixture == .awaitsJS
                default: false
                }
            }
            #expect(try await running.call("fetch", "on", as: String.self) == "<on>")
        }

        @Test("of which many are under way at the same time", arguments: Fixture.awaiters)
        func atOnce(_ fixture: Fixture) async throws {
            let meeting = Meeting(of: 100)
            let configuration = fixture.awaiting { name in
                await meeting.join()
                return name
            }
            let running = try await fixture.program.startInBackground(configuration)
            let names = (0..<100).map(String.init).joined(separator: ",")
            #expect(try await running.call("fetchAll", names, as: String.self) == names)
        }

        @Test("as bytes of any size and as JSON")
        func values() async throws {
            let running = try await Fixture.awaits.program.startInBackground(Fixture.awaits.awaiting(lookup: lookup))
            #expect(try await running.call("twice", [UInt8](), as: [UInt8].self) == [])
            #expect(try await running.call("twice", Data([1, 2]), as: Data.self) == Data([1, 2, 1, 2]))
            let large = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) })
            #expect(try await running.call("twice", large, as: [UInt8].self) == large + large)
            let found = try await running.call("search", json: Query(name: "x", limit: 2), as: [String].self)
            #expect(found == ["x 0", "x 1"])
            #expect(try await running.call("misunderstand", "x", as: String.self) == "an error")
        }

        @Test("while other goroutines go on")
        func others() async throws {
            let configuration = Fixture.awaits.awaiting { name in
                try await Task.sleep(for: .milliseconds(200))
                return name
            }
            let running = try await Fixture.awaits.program.startInBackground(configuration)
            let ticks = try #require(Int(try await running.call("ticks", "x", as: String.self)))
            #expect(ticks > 5)
            // Also where these need not wait themselves.
            #expect(try await running.call("beside", "x", as: String.self) == "x")
        }

        @Test("beyond the export that has asked")
        func later() async throws {
            let running = try await Fixture.awaits.program.startInBackground(Fixture.awaits.awaiting(lookup: lookup))
            #expect(try await running.call("begin", "x", as: String.self) == "begun")
            try await Task.sleep(for: .milliseconds(20))
            #expect(try await running.call("end", "", as: String.self) == "<x>")
        }

        @Test("on the calling thread, too, and in commands", arguments: [Fixture.awaitsJS, .awaitsCommand])
        func runs(_ fixture: Fixture) async throws {
            let plugin = try Fixture.awaits.program.start(Fixture.awaits.awaiting(lookup: lookup))
            #expect(try plugin.call("fetchAll", "a,b") == "<a>,<b>")
            let output = Output()
            let status = try await fixture.program.run(fixture.awaiting(output, ["a", "b"], lookup: lookup))
            #expect(status.isSuccess && output.out.text == "<a>,<b> <nil>\n", "\(output.err.text)")
            let failed = Output()
            _ = try await fixture.program.run(fixture.awaiting(failed, ["nobody"], lookup: lookup))
            #expect(failed.out.text == " nobody has no address\n")
        }

        @Test("and is told of a deadlock only where none is under way")
        func deadlock() async throws {
            let running = try await Fixture.awaits.program.startInBackground(Fixture.awaits.awaiting(lookup: lookup))
            #expect(try await running.call("fetch", "x", as: String.self) == "<x>")
            await #expect {
                try await running.call("hang", "x", as: String.self)
            } throws: {
                if case ProgramError.deadlocked = $0 { true } else { false }
            }
        }

        @Test("in the priority of the task that calls")
        func priority() async throws {
            let seen = AsyncStream.makeStream(of: TaskPriority.self)
            let configuration = Fixture.awaits.awaiting { name in
                seen.continuation.yield(Task.currentPriority)
                return name
            }
            let running = try await Fixture.awaits.program.startInBackground(configuration)
            var priorities = seen.stream.makeAsyncIterator()
            for priority in [TaskPriority.high, .utility] {
                let task = Task.detached(priority: priority) {
                    try await running.call("fetch", "x", as: String.self)
                }
                // Who waits for a task raises its priority to his own.
                let found = await priorities.next()
                #expect(found == priority)
                _ = try await task.value
            }
        }

        @Test("which are cancelled with the task that calls", arguments: Fixture.awaiters)
        func cancellation(_ fixture: Fixture) async throws {
            let witness = Witness()
            let configuration = fixture.awaiting { _ in try await witness.wait() }
            let running = try await fixture.program.startInBackground(configuration)
            let task = Task { try await running.call("fetchAll", "a,b", as: String.self) }
            try await witness.waits(begun: 2, cancelled: 0)
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
            try await witness.waits(begun: 2, cancelled: 2)
        }

        @Test("which are cancelled when the program ends, in whatever way", arguments: Fixture.awaiters)
        func ends(_ fixture: Fixture) async throws {
            let witness = Witness()
            var configuration = fixture.awaiting { _ in try await witness.wait() }
            let program = try fixture.program
            let stopped = try await program.startInBackground(configuration)
            let task = Task { try await stopped.call("fetch", "x", as: String.self) }
            try await witness.waits(begun: 1, cancelled: 0)
            stopped.stop()
            try await witness.waits(begun: 1, cancelled: 1)
            _ = await task.result

            configuration.limits.time = .seconds(1)
            let limited = try await program.startInBackground(configuration)
            await #expect {
                try await limited.call("fetch", "x", as: String.self)
            } throws: {
                if case ProgramError.limitReached(.time) = $0 { true } else { false }
            }
            try await witness.waits(begun: 2, cancelled: 2)
        }

        @Test("which are cancelled when the program exits or is let go")
        func exits() async throws {
            let witness = Witness()
            let configuration = Fixture.awaits.awaiting { _ in try await witness.wait() }
            let program = try Fixture.awaits.program
            let leaving = try await program.startInBackground(configuration)
            await #expect {
                try await leaving.call("leave", "x", as: String.self)
            } throws: {
                if case ProgramError.exited(ExitStatus(code: 7)) = $0 { true } else { false }
            }
            try await witness.waits(begun: 1, cancelled: 1)
            var kept: RunningProgram? = try await program.startInBackground(configuration)
            #expect(try await kept?.call("begin", "x", as: String.self) == "begun")
            kept = nil
            try await witness.waits(begun: 2, cancelled: 2)
        }

        @Test("within the program's memory")
        func memory() async throws {
            var configuration = Fixture.awaits.awaiting { _ in String(repeating: "x", count: 40 << 20) }
            configuration.limits.memory = 32 << 20
            let running = try await Fixture.awaits.program.startInBackground(configuration)
            await #expect {
                try await running.call("fetch", "x", as: String.self)
            } throws: {
                if case ProgramError.functionFailed(let text) = $0 { text.contains("too large") } else { false }
            }
        }

        @Test(
            "whatever a program makes of the imports",
            .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
        func hostile() async throws {
            let module = try WebAssemblyText.module(
                """
                (module
                  (import "host" "lookup" (func $lookup (param i64) (result i32)))
                  (import "gowasm" "async_descriptor" (func $descriptor (result i32)))
                  (import "gowasm" "async_finished" (func $finished (result i64)))
                  (import "gowasm" "async_take" (func $take (param i32 i32)))
                  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
                  (memory (export "memory") 1)
                  (export "lookup" (func $lookup))
                  (export "descriptor" (func $descriptor))
                  (export "finished" (func $finished))
                  (export "take" (func $take))
                  (export "close" (func $close)))
                """)
            let running = try await Program(module).startInBackground(Fixture.awaits.awaiting { "\($0)!" })
            func call<Result: WasmValue & Sendable>(
                _ name: String, _ argument: UInt64, as type: Result.Type
            ) async throws -> Result {
                try await running.perform { try $0.call(name, argument, as: type) }
            }
            func take(_ ticket: UInt32, _ address: UInt32) async throws {
                try await running.perform { try $0.call("take", ticket, address) }
            }
            func finished() async throws -> UInt64 {
                try await running.perform { try $0.call("finished", as: UInt64.self) }
            }
            // Before anything was asked for.
            #expect(try await finished() == 0)
            try await take(0, 0)
            // What lies outside of the memory, and what begins there.
            for span: UInt64 in [0xFFFF_FFFF_0000_0001, 0xFFFF_FFFF_FFFF_FFFF, 0x0000_FFFF_0000_0002, 0xFFFF_FFFF] {
                #expect(try await call("lookup", span, as: UInt32.self) == 0)
            }
            let ticket = try await call("lookup", 0x0000_0000_0000_0000, as: UInt32.self)
            #expect(ticket != 0)
            var ended: UInt64 = 0
            while ended == 0 { ended = try await finished() }
            #expect(ended == UInt64(ticket) << 32 | 1)
            #expect(try await finished() == 0)
            // A result that has nowhere to go is gone.
            try await take(ticket, 0xFFFF_FFFF)
            try await take(ticket, 0)
            let byte = try await running.perform { try $0.memory(named: "memory").bytes(at: 0, count: 1)?.first }
            #expect(byte == 0)
            let descriptor = try await running.perform { program in
                let first = try program.call("descriptor", as: UInt32.self)
                #expect(try program.call("descriptor", as: UInt32.self) == first)
                #expect(try program.call("close", first, as: UInt32.self) == 0)
                #expect(try program.call("close", first, as: UInt32.self) != 0)
                return try program.call("descriptor", as: Int32.self)
            }
            #expect(descriptor >= 3)
            #expect(try await call("lookup", 0x0000_0000_0000_0000, as: UInt32.self) != 0)
        }
    }
}
