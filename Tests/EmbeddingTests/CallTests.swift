import Foundation
import GoWasm
import GoWasmFoundation
import Testing

extension LibraryTests {
    @Suite("Calls in one line", .enabled(if: Fixture.areThere, Fixture.missing))
    struct CallTests {
        struct Person: Codable, Equatable, Sendable {
            var name: String
            var age: Int
        }

        private static let fixtures = [Fixture.calls, .callsJS]

        private static func configuration(
            _ upper: @escaping @Sendable () -> Int32 = { 0 }
        ) -> Program.Configuration {
            var configuration = Output().configuration()
            configuration.imports = { $0.define("host", "upper", upper) }
            return configuration
        }

        private func start(_ fixture: Fixture) throws -> ProgramInstance {
            try fixture.program.start(Self.configuration())
        }

        @Test("pass numbers", arguments: fixtures)
        func numbers(_ fixture: Fixture) throws {
            let plugin = try start(fixture)
            #expect(try plugin.call("add", Int32(2), Int32(3), as: Int32.self) == 5)
            try plugin.call("count", Int64(40))
            try plugin.call("count", Int64(2))
            let counted: Int64 = try plugin.call("counted")
            #expect(counted == 42)
        }

        @Test("pass texts and bytes of any size", arguments: fixtures)
        func bytes(_ fixture: Fixture) throws {
            let plugin = try start(fixture)
            #expect(try plugin.call("upper", "grün") == "GRÜN")
            #expect(try plugin.call("twice", [1, 2]) == [1, 2, 1, 2])
            #expect(try plugin.call("twice", [UInt8]()) == [])
            #expect(try plugin.call("twice", Data([7]), as: Data.self) == Data([7, 7]))
            #expect(try plugin.call("twice", Data(), as: Data.self) == Data())
            #expect(try plugin.call("upper", "abc", as: [UInt8].self) == Array("ABC".utf8))
            // The memory grows meanwhile.
            let large = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) })
            for _ in 0..<4 { #expect(try plugin.call("twice", large) == large + large) }
        }

        @Test("pass values as JSON", arguments: fixtures)
        func values(_ fixture: Fixture) throws {
            let plugin = try start(fixture)
            let older = try plugin.call("birthday", json: Person(name: "Ada", age: 36), as: Person.self)
            #expect(older == Person(name: "Ada", age: 37))
            let error = #expect(throws: ProgramError.self) {
                try plugin.call("birthday", json: Person(name: "Ada", age: 36), as: [Int].self)
            }
            if case .hostFunction(is DecodingError) = error {} else { Issue.record("\(String(describing: error))") }
            #expect(plugin.ending == nil)
        }

        @Test("say what errors functions return, and go on", arguments: fixtures)
        func errors(_ fixture: Fixture) throws {
            let plugin = try start(fixture)
            func fails(
                _ body: () throws(ProgramError) -> Void, as isRight: (ProgramError) -> Bool,
                sourceLocation: SourceLocation = #_sourceLocation
            ) {
                let error = #expect(throws: ProgramError.self, sourceLocation: sourceLocation) { try body() }
                #expect(error.map(isRight) == true, "\(String(describing: error))", sourceLocation: sourceLocation)
            }
            fails { () throws(ProgramError) in
                _ = try plugin.call("upper", "")
            } as: {
                if case .functionFailed("there is no text") = $0 { true } else { false }
            }
            fails { () throws(ProgramError) in
                _ = try plugin.call("birthday", json: Person(name: "Ada", age: -1), as: Person.self)
            } as: {
                if case .functionFailed("Ada is -1 years old") = $0 { true } else { false }
            }
            fails { () throws(ProgramError) in
                _ = try plugin.call("lie", "x")
            } as: {
                if case .fault = $0 { true } else { false }
            }
            fails { () throws(ProgramError) in
                _ = try plugin.call("none", "x")
            } as: {
                if case .uncallable(.noSuchFunction("none")) = $0 { true } else { false }
            }
            fails { () throws(ProgramError) in
                _ = try plugin.call("add", "x")
            } as: {
                if case .uncallable(.mismatchedType) = $0 { true } else { false }
            }
            #expect(try plugin.call("upper", "on") == "ON")
            fails { () throws(ProgramError) in
                _ = try plugin.call("fail", "no luck")
            } as: {
                if case .panicked("no luck") = $0 { true } else { false }
            }
            fails { () throws(ProgramError) in
                _ = try plugin.call("upper", "on")
            } as: {
                if case .ended(.panicked) = $0 { true } else { false }
            }
        }

        @Test("say what a program lacks for them")
        func lacking() throws {
            let plugin = try Fixture.plugin.program.start(Fixture.pluginConfiguration)
            let error = try #require(throws: ProgramError.self) { try plugin.call("upper", "text") }
            #expect(error.advice?.contains("hostcall") == true)
        }

        @Test("have arguments of their own where a host function calls the program again")
        func nested() throws {
            /// What the function of the host's calls.
            final class Inner: @unchecked Sendable { var plugin: ProgramInstance? }
            let inner = Inner()
            let plugin = try Fixture.calls.program.start(
                Self.configuration { (try? inner.plugin?.call("upper", "inner")) == "INNER" ? 1 : -1 })
            inner.plugin = plugin
            #expect(try plugin.call("nested", "outer") == "outer1outer")
            inner.plugin = nil
        }
    }

    @Suite("A pool of instances", .enabled(if: Fixture.areThere, Fixture.missing))
    struct PoolTests {
        private func pool(_ size: Int) throws -> ProgramPool {
            var configuration = Output().configuration()
            configuration.imports = { $0.define("host", "upper") { () -> Int32 in 0 } }
            return try ProgramPool(Fixture.calls.program, configuration, size: size)
        }

        @Test("serves more tasks than it has instances")
        func many() async throws {
            let pool = try pool(3)
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<40 { group.addTask { try await pool.perform { try $0.call("upper", "n\(number)") } } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == Set((0..<40).map { "N\($0)" }))
            // What variables of Go were told is spread over at most three instances.
            for _ in 0..<30 { try await pool.perform { try $0.call("count", Int64(1)) } }
        }

        @Test("replaces an instance that has ended, and keeps the one that has not")
        func replacement() async throws {
            let pool = try pool(1)
            try await pool.perform { try $0.call("count", Int64(5)) }
            #expect(try await pool.perform { try $0.call("counted", as: Int64.self) } == 5)
            await #expect(throws: ProgramError.self) { try await pool.perform { _ = try $0.call("upper", "") } }
            #expect(try await pool.perform { try $0.call("counted", as: Int64.self) } == 5)
            await #expect(throws: ProgramError.self) { try await pool.perform { _ = try $0.call("fail", "") } }
            #expect(try await pool.perform { try $0.call("counted", as: Int64.self) } == 0)
        }

        @Test("lets a task go that is cancelled while it waits")
        func cancellation() async throws {
            let pool = try pool(1)
            let isIn = AsyncStream.makeStream(of: Void.self)
            let busy = Task {
                try await pool.perform { _ in
                    isIn.continuation.finish()
                    // Until the others have been there.
                    usleep(300_000)
                }
            }
            for await _ in isIn.stream {}
            let waiting = Task { try await pool.perform { _ in } }
            try await Task.sleep(for: .milliseconds(20))
            waiting.cancel()
            let result = await waiting.result
            #expect { try result.get() } throws: { isCancelled($0) }
            try await busy.value
            try await pool.perform { _ in }
        }
    }
}
