import Foundation
import GoWasm
import GoWasmFoundation
import Testing

/// All that takes an address and gives a text back, on no actor.
@concurrent private func fetch(_ text: String, from running: RunningProgram) async throws(ProgramError) -> String {
    try await running.call("receive", text, as: String.self)
}

/// As that, of a pool.
@concurrent private func fetch(_ text: String, from pool: ProgramPool) async throws(ProgramError) -> String {
    try await pool.call("receive", text)
}

/// Owns a program, as actors of applications do.
private actor Owner {
    private let running: RunningProgram
    private var received: [String] = []

    init(_ program: Program, _ configuration: Program.Configuration) async throws(ProgramError) {
        running = try await program.startInBackground(configuration)
    }

    func receive(_ text: String) async throws(ProgramError) -> Int {
        received.append(try await running.call("receive", text, as: String.self))
        return received.count
    }
}

/// Lives where applications have their views.
@MainActor private final class Screen {
    var text = ""

    func show(_ text: String, of pool: ProgramPool) async throws(ProgramError) {
        self.text = try await pool.call("receive", text)
    }
}

extension LibraryTests {
    @Suite(
        "Exports that wait are awaited", .enabled(if: Fixture.areThere, Fixture.missing),
        .timeLimit(.minutes(3)))
    struct AwaitedCallTests {
        private func configuration(
            lookup: @escaping @Sendable (String) async throws -> String = { $0 }
        ) -> Program.Configuration {
            var configuration = Output().configuration()
            configuration.imports = { imports in
                imports.defineAsync("host", "lookup", lookup)
                imports.defineAsync("host", "double") { (bytes: [UInt8]) in bytes + bytes }
                imports.defineAsync("host", "find", json: Int.self) { $0 }
            }
            return configuration
        }

        @Test("for time and for goroutines")
        func waits() async throws {
            let running = try await Fixture.awaits.program.startInBackground(configuration())
            let clock = ContinuousClock()
            let start = clock.now
            #expect(try await running.call("pause", "50ms", as: String.self) == "50ms")
            #expect(clock.now - start >= .milliseconds(50))
            #expect(try await running.call("receive", "text", as: String.self) == "text")
            await #expect {
                try await running.call("pause", "soon", as: String.self)
            } throws: {
                if case ProgramError.functionFailed = $0 { true } else { false }
            }
        }

        @Test("one after another of one plugin, and beside each other of a program for js")
        func order() async throws {
            let plugin = try await Fixture.awaits.program.startInBackground(configuration())
            let clock = ContinuousClock()
            let start = clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await plugin.call("pause", "50ms", as: String.self) } }
                try await group.waitForAll()
            }
            #expect(clock.now - start >= .milliseconds(200))

            // None ends before all have come.
            let arrivals = AsyncStream.makeStream(of: Void.self)
            var configuration = Output().configuration()
            configuration.javaScript = { globalThis in
                try globalThis.defineAsync("lookup") { (name: String) async throws -> String in
                    arrivals.continuation.yield()
                    try await Task.sleep(for: .seconds(name == "last" ? 0 : 3600))
                    return name
                }
            }
            let js = try await Fixture.awaitsJS.program.startInBackground(configuration)
            let long = Task { try await js.call("fetch", "long", as: String.self) }
            for await _ in arrivals.stream { break }
            #expect(try await js.call("fetch", "last", as: String.self) == "last")
            long.cancel()
            _ = await long.result
        }

        @Test("of a program for js, too, where its exports are no functions of JavaScript's")
        func js() async throws {
            let running = try await Fixture.awaitsJS.program.startInBackground(Output().configuration())
            #expect(try await running.call("upper", "text", as: String.self) == "TEXT")
            #expect(try await running.call("pause", "1ms", as: String.self) == "1ms")
            await #expect {
                try await running.call("pause", "soon", as: String.self)
            } throws: {
                if case ProgramError.exception = $0 { true } else { false }
            }
        }

        @Test("from @concurrent functions, task groups and actors")
        func callers() async throws {
            let program = try Fixture.awaits.program
            let running = try await program.startInBackground(configuration())
            let pool = ProgramPool(program, configuration(), size: 3)
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<20 {
                    group.addTask { try await fetch("r\(number)", from: running) }
                    group.addTask { try await fetch("p\(number)", from: pool) }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == Set((0..<20).flatMap { ["r\($0)", "p\($0)"] }))
            async let one = fetch("1", from: running)
            async let two = fetch("2", from: pool)
            let both = try await [one, two]
            #expect(both == ["1", "2"])
            let owner = try await Owner(program, configuration())
            #expect(try await owner.receive("x") + owner.receive("y") == 3)
            let screen = Screen()
            try await screen.show("shown", of: pool)
            let shown = await screen.text
            #expect(shown == "shown")
        }

        @Test("from more tasks than there are processors, without keeping a thread of theirs")
        func busyPool() async throws {
            let count = ProcessInfo.processInfo.activeProcessorCount * 2 + 2
            // The functions run on the threads of tasks, which none of the calls may keep, and end when all have begun.
            let arrivals = AsyncStream.makeStream(of: CheckedContinuation<Void, Never>.self)
            let pool = ProgramPool(
                try Fixture.awaits.program,
                configuration { name in
                    await withCheckedContinuation { arrivals.continuation.yield($0) }
                    return name
                }, size: count)
            let letGo = Task {
                var waiting: [CheckedContinuation<Void, Never>] = []
                for await continuation in arrivals.stream {
                    waiting.append(continuation)
                    if waiting.count == count { break }
                }
                for continuation in waiting { continuation.resume() }
            }
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<count { group.addTask { try await pool.call("fetch", "\(number)") } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts.count == count)
            await letGo.value
        }

        @Test("by a pool, which replaces the instance of a cancelled call")
        func pool() async throws {
            let pool = ProgramPool(try Fixture.calls.program, Self.calls, size: 1)
            #expect(try await pool.call("upper", "text") == "TEXT")
            #expect(try await pool.call("add", Int32(2), Int32(3), as: Int32.self) == 5)
            #expect(try await pool.call("twice", Data([1]), as: Data.self) == Data([1, 1]))
            let older = try await pool.call("birthday", json: ["name": "Ada"], as: [String: JSONNumberOrText].self)
            #expect(older["age"]?.number == 1)
            let sum = try await pool.withInstance { running in
                try await running.perform { try $0.call("count", Int64(2)) }
                return try await running.perform { try $0.call("counted", as: Int64.self) }
            }
            #expect(sum == 2)

            let waiting = ProgramPool(try Fixture.awaits.program, configuration(), size: 1)
            let task = Task { try await waiting.call("pause", "1h") }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
            #expect(try await waiting.call("pause", "1ms") == "1ms")
        }

        private static var calls: Program.Configuration {
            var configuration = Output().configuration()
            configuration.imports = { $0.define("host", "upper") { () -> Int32 in 0 } }
            return configuration
        }

        /// What is in an object of JSON.
        struct JSONNumberOrText: Decodable, Sendable {
            let number: Int?

            init(from decoder: any Decoder) throws {
                number = try? decoder.singleValueContainer().decode(Int.self)
            }
        }
    }
}
