import Foundation
import GoWasm
import Testing
import _TestSupport

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

        @Test("when the host works for it without an end")
        func hostTime() async throws {
            let program = try Fixture.js.program
            await #expect {
                try await program.run(Output().configuration("walk", limits: .init(time: .milliseconds(300))))
            } throws: {
                if case ProgramError.limitReached(.time) = $0 { true } else { false }
            }
        }

        @Test("when the host keeps more for it than it may, in many small values")
        func hostMemory() async throws {
            let program = try Fixture.js.program
            await #expect {
                try await program.run(Output().configuration("chain", limits: .init(memory: 64 << 20)))
            } throws: {
                if case ProgramError.limitReached(.memory) = $0 { true } else { false }
            }
        }

        @Test("not by a value that is too large: that is an exception")
        func largeValue() async throws {
            let output = Output()
            let program = try Fixture.js.program
            let status = try await program.run(output.configuration("large", limits: .init(memory: 64 << 20)))
            #expect(status.isSuccess)
            #expect(output.out.text == "recovered: JavaScript error: Array buffer allocation failed\n")
        }

        /// The body's size, and the limit; that of "gzip" has 9,000 bytes when it is unpacked, and fewer than a hundred before.
        @Test(
            "not by a body that is too long: that is an error",
            arguments: [
                ("bytes/50000", 50_000, 50_000), ("bytes/50000", 50_000, 49_999), ("gzip", 9000, 9000),
                ("gzip", 9000, 8999), ("gzip", 9000, 100), ("empty", 0, 0),
            ])
        func body(path: String, size: Int, limit: UInt64) async throws {
            let server = try TestServer()
            let output = Output()
            var configuration = output.configuration(
                "body", "http://127.0.0.1:\(server.port)/\(path)", limits: .init(responseBody: limit))
            configuration.access.network = .all
            #expect(try await Fixture.js.program.run(configuration).isSuccess)
            if size <= limit {
                #expect(output.out.text == "\(size) bytes\n")
            } else {
                #expect(output.out.text.hasPrefix("failed: "), "\(output.out.text)")
            }
        }

        /// The answer comes while the request is being sent, from memory that was given back: the process ended by a signal.
        @Test("not by a server that leads elsewhere before it has read the request")
        func earlyAnswer() async throws {
            let server = try TestServer()
            let output = Output()
            var configuration = output.configuration("post", "http://127.0.0.1:\(server.port)/early")
            configuration.access.network = .all
            #expect(try await Fixture.js.program.run(configuration).isSuccess)
            #expect(output.out.text.hasSuffix(" bytes, 0 of them others than x <nil>\n"), "\(output.out.text)")
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
