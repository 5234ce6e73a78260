import Foundation
import GoWasm
import Testing

extension LibraryTests {
    @Suite("A program that begins with a snapshot", .enabled(if: Fixture.areThere, Fixture.missing))
    struct ProgramSnapshotTests {
        private static func configuration(
            _ output: Output = Output(), _ upper: @escaping @Sendable () -> Int32 = { 0 }
        ) -> Program.Configuration {
            var configuration = output.configuration()
            configuration.imports = { $0.define("host", "upper", upper) }
            return configuration
        }

        /// A plugin that has counted to 5.
        private func started() throws -> ProgramInstance {
            let plugin = try Fixture.calls.program.start(Self.configuration())
            try plugin.call("count", Int64(5))
            #expect(try plugin.call("upper", "before") == "BEFORE")
            return plugin
        }

        private func problem(_ body: () throws(ProgramError) -> Void) -> SnapshotProblem? {
            do throws(ProgramError) {
                try body()
                return nil
            } catch {
                guard case .snapshot(let problem) = error else { return nil }
                return problem
            }
        }

        @Test("has the variables of the first, and its own from there on")
        func variables() throws {
            let first = try started()
            let snapshot = try first.snapshot()
            #expect(snapshot.memoryBytes == (try first.memory(named: "memory").byteCount))
            try first.call("count", Int64(100))
            let programs = try (0..<3).map { _ in try snapshot.start(Self.configuration()) }
            for (index, program) in programs.enumerated() {
                try program.call("count", Int64(index))
                #expect(try program.call("upper", "text \(index)") == "TEXT \(index)")
            }
            for (index, program) in programs.enumerated() {
                #expect(try program.call("counted", as: Int64.self) == Int64(5 + index))
                // Garbage is collected, and the memory grows.
                let large = [UInt8](repeating: UInt8(index), count: 20_000_000)
                #expect(try program.call("twice", large).count == 40_000_000)
            }
            #expect(try first.call("counted", as: Int64.self) == 105)
            // One that has begun with a snapshot can be the beginning of others.
            let last = try programs[2].snapshot().start(Self.configuration())
            #expect(try last.call("counted", as: Int64.self) == 7)
        }

        @Test("has imports, output and limits of its own")
        func configuration() throws {
            let first = try started()
            let snapshot = try first.snapshot()
            let second = try snapshot.start(Self.configuration(Output()) { 7 })
            #expect(try second.call("nested", "a") == "a7a")
            #expect(try first.call("nested", "a") == "a0a")
            let output = Output()
            let third = try snapshot.start(Self.configuration(output))
            #expect { try third.call("fail", "sorry") as String } throws: {
                if case ProgramError.panicked(let text) = $0 { text.contains("sorry") } else { false }
            }
            #expect(output.err.text.contains("panic: sorry"))
            #expect(throws: ProgramError.self) { try third.snapshot() }
            var small = Self.configuration()
            small.limits.memory = snapshot.memoryBytes - 1
            #expect { try snapshot.start(small) } throws: {
                if case ProgramError.limitReached(.memory) = $0 { true } else { false }
            }
            #expect { try snapshot.start(Output().configuration()) } throws: {
                if case ProgramError.unlinkable = $0 { true } else { false }
            }
        }

        @Test("is stopped like any other")
        func time() async throws {
            let snapshot = try Fixture.plugin.program.start(Self.pluginConfiguration).snapshot()
            var configuration = Self.pluginConfiguration
            configuration.limits.time = .milliseconds(200)
            let plugin = try snapshot.start(configuration)
            #expect { try plugin.call("wait", Int32(60_000), as: Int64.self) } throws: {
                if case ProgramError.limitReached(.time) = $0 { true } else { false }
            }
        }

        private static var pluginConfiguration: Program.Configuration {
            var configuration = Output().configuration()
            configuration.imports = { $0.define("host", "multiply") { (a: Int64, b: Int64) -> Int64 in a &* b } }
            return configuration
        }

        @Test("goes on with the first one's goroutines")
        func goroutines() throws {
            let first = try Fixture.plugin.program.start(Self.pluginConfiguration)
            try first.call("start")
            _ = try first.call("wait", Int32(20), as: Int64.self)
            let second = try first.snapshot().start(Self.pluginConfiguration)
            #expect(second.goroutines() != nil)
            let before = try second.call("wait", Int32(1), as: Int64.self)
            #expect(before > 0)
            #expect(try second.call("wait", Int32(50), as: Int64.self) > before)
        }

        @Test("runs in the background, and in pools")
        func background() async throws {
            let snapshot = try started().snapshot()
            let running = try await snapshot.startInBackground(Self.configuration())
            #expect(try await running.perform { try $0.call("counted", as: Int64.self) } == 5)
            try await running.perform { try $0.call("count", Int64(1)) }
            let later = try await running.perform { try $0.snapshot() }
            let pool = ProgramPool(later, Self.configuration(), size: 2)
            let counts = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await pool.perform { try $0.call("counted", as: Int64.self) } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts == [Int64](repeating: 6, count: 20))
        }

        @Test("has a start of which it is the same, whatever the engine's way")
        func ways() throws {
            let first = try started()
            let snapshot = try first.snapshot()
            for (guards, compilation) in [(false, nil), (true, nil), (true, CompilationPolicy(threshold: 0))] {
                var configuration = Self.configuration()
                configuration.engine.usesGuardPages = guards
                configuration.engine.compilation = compilation
                let program = try snapshot.start(configuration)
                #expect(try program.call("upper", "text") == "TEXT")
                #expect(try program.call("counted", as: Int64.self) == 5)
            }
        }

        @Test("cannot be one for JavaScript, nor one that is being called")
        func problems() throws {
            let js = try Fixture.callsJS.program.start(Self.configuration())
            #expect(problem { () throws(ProgramError) in _ = try js.snapshot() } == .javaScript)
            final class Box: @unchecked Sendable {
                weak var program: ProgramInstance?
                var problem: SnapshotProblem?
            }
            let box = Box()
            let program = try Fixture.calls.program.start(
                Self.configuration(Output()) {
                    do {
                        _ = try box.program?.snapshot()
                    } catch ProgramError.snapshot(let problem) {
                        box.problem = problem
                    } catch {}
                    return 1
                })
            box.program = program
            #expect(try program.call("nested", "a") == "a1a")
            #expect(box.problem == .running)
            #expect(problem { () throws(ProgramError) in _ = try program.snapshot() } == nil)
            #expect(
                ProgramError.snapshot(.javaScript).description
                    == "a program for JavaScript has no snapshot, as much of its state is values of JavaScript; "
                    + "build the program for WASI: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared")
        }
    }
}
