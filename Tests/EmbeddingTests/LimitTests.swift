import Foundation
import GoWasm
import Testing

extension LibraryTests {
    @Suite("A program is stopped", .enabled(if: Fixture.areThere, Fixture.missing))
    struct LimitTests {
        enum Stopped: String, CaseIterable {
            /// In a loop without calls.
            case spin
            /// While it waits for time to pass.
            case sleep
            /// While it waits for input.
            case read
        }

        @Test(
            "by cancelling its task, whatever it does, and others go on", arguments: Fixture.programs, Stopped.allCases)
        func cancellation(_ fixture: Fixture, _ mode: Stopped) async throws {
            let program = try fixture.program
            let pipe = Pipe()
            let task = Task {
                try await program.run(
                    Output().configuration(
                        mode.rawValue, input: .descriptor(pipe.fileHandleForReading.fileDescriptor)))
            }
            let output = Output()
            let other = Task { try await program.run(output.configuration("sum", "other")) }
            try await Task.sleep(for: .milliseconds(300))
            let start = ContinuousClock.now
            task.cancel()
            let result = await task.result
            print("cancelled \(fixture.rawValue) \(mode) after \(ContinuousClock.now - start)")
            #expect { try result.get() } throws: { isCancelled($0) }
            #expect(try await other.value.isSuccess)
            #expect(output.out.text == "other 100 19140\n")
            try pipe.fileHandleForWriting.close()
        }

        @Test("where its task was cancelled before it began")
        func early() async throws {
            let program = try Fixture.wasi.program
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await program.run(Output().configuration("spin"))
            }
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
        }

        @Test("when its time is over", arguments: Fixture.programs, Stopped.allCases)
        func time(_ fixture: Fixture, _ mode: Stopped) async throws {
            let pipe = Pipe()
            let configuration = Output().configuration(
                mode.rawValue, input: .descriptor(pipe.fileHandleForReading.fileDescriptor),
                limits: .init(time: .milliseconds(300)))
            let program = try fixture.program
            let start = ContinuousClock.now
            await #expect {
                try await program.run(configuration)
            } throws: {
                if case ProgramError.limitReached(.time) = $0 { true } else { false }
            }
            print("\(fixture.rawValue) \(mode) with a limit of 300 ms ended after \(ContinuousClock.now - start)")
            try pipe.fileHandleForWriting.close()
        }

        @Test("when it allocates more than it may, and others go on", arguments: Fixture.programs)
        func memory(_ fixture: Fixture) async throws {
            let program = try fixture.program
            let output = Output()
            let other = Task { try await program.run(output.configuration("sum", "other")) }
            let errors = Output()
            await #expect {
                try await program.run(errors.configuration("allocate", limits: .init(memory: 64 << 20)))
            } throws: {
                if case ProgramError.limitReached(.memory) = $0 { true } else { false }
            }
            #expect(errors.err.text.contains("out of memory"))
            #expect(try await other.value.isSuccess)
            #expect(output.out.text == "other 100 19140\n")
        }

        @Test("by nothing that it keeps to")
        func withinLimits() async throws {
            let output = Output()
            let configuration = output.configuration(
                "sum", "x", limits: .init(memory: 64 << 20, time: .seconds(600)))
            #expect(try await Fixture.js.program.run(configuration).isSuccess)
        }
    }
}
