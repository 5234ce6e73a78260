import GoWasm
import Testing

extension LibraryTests {
    @Suite("A budget", .enabled(if: Fixture.areThere, Fixture.missing))
    struct ProgramBudgetTests {
        private static let policies = [nil, CompilationPolicy(threshold: 0), CompilationPolicy()]

        private static func configuration(
            _ budget: UInt64, _ policy: CompilationPolicy? = CompilationPolicy(), _ output: Output = Output()
        ) -> Program.Configuration {
            var configuration = output.configuration()
            configuration.imports = { $0.define("host", "upper") { () -> Int32 in 0 } }
            configuration.limits.budget = budget
            configuration.engine.compilation = policy
            configuration.makeDeterministic()
            return configuration
        }

        @Test("is used alike by interpreted and compiled code", arguments: [Fixture.calls, .callsJS])
        func determinism(_ fixture: Fixture) throws {
            let program = try fixture.program
            var counts: Set<[UInt64?]> = []
            for policy in Self.policies + Self.policies {
                let instance = try program.start(Self.configuration(1 << 40, policy))
                let atStart = instance.remainingBudget
                for _ in 0..<200 { #expect(try instance.call("upper", "text") == "TEXT") }
                counts.insert([atStart, instance.remainingBudget])
            }
            #expect(counts.count == 1, "\(counts)")
            let left = try #require(counts.first)
            let used = (1 << 40) - (left[1] ?? 0)
            #expect(used > (1 << 40) - (left[0] ?? 0))
            for policy in Self.policies {
                let instance = try program.start(Self.configuration(used - 1, policy))
                for _ in 0..<199 { #expect(try instance.call("upper", "text") == "TEXT") }
                #expect {
                    try instance.call("upper", "text") as String
                } throws: {
                    if case ProgramError.limitReached(.budget) = $0 { true } else { false }
                }
                #expect(instance.remainingBudget == 0)
                #expect {
                    try instance.call("upper", "text") as String
                } throws: {
                    if case ProgramError.ended(.limitReached(.budget)) = $0 { true } else { false }
                }
            }
        }

        @Test("ends a whole run, with its goroutines", arguments: Fixture.programs)
        func run(_ fixture: Fixture) async throws {
            for policy in Self.policies {
                var configuration = Self.configuration(20_000_000, policy)
                configuration.arguments = ["spin"]
                let dump = Mailslot()
                configuration.goroutines = { dump.dump = $0 }
                await #expect {
                    try await fixture.program.run(configuration)
                } throws: {
                    if case ProgramError.limitReached(.budget) = $0 { true } else { false }
                }
                #expect(dump.dump?.goroutines.isEmpty == false)
            }
        }
        private final class Mailslot: @unchecked Sendable { var dump: GoroutineDump? }

        @Test("is one of each call, if it is set anew, and of each instance")
        func calls() throws {
            let first = try Fixture.calls.program.start(Self.configuration(1 << 40))
            let snapshot = try first.snapshot()
            // The start is not counted.
            let second = try snapshot.start(Self.configuration(100_000))
            for _ in 0..<100 {
                second.remainingBudget = 100_000
                #expect(try second.call("upper", "text") == "TEXT")
            }
            second.remainingBudget = 1
            #expect { try second.call("upper", "text") as String } throws: {
                if case ProgramError.limitReached(.budget) = $0 { true } else { false }
            }
            #expect(first.ending == nil)
            #expect(
                ProgramError.limitReached(.budget).description
                    == "the program reached its limit of calls and turns of loops; raise Program.Limits.budget")
            let free = try snapshot.start(Self.configuration(1).withoutBudget)
            #expect(free.remainingBudget == nil)
            #expect(try free.call("upper", "text") == "TEXT")
        }
    }
}

extension Program.Configuration {
    fileprivate var withoutBudget: Self {
        var configuration = self
        configuration.limits.budget = nil
        return configuration
    }
}
