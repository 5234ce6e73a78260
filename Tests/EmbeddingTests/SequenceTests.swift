import Foundation
import GoWasm
import GoWasmFoundation
import Testing
import _TestSupport

extension LibraryTests {
    @Suite("Streams are sequences", .enabled(if: Fixture.areThere, Fixture.missing))
    struct SequenceTests {
        @Test("of what a program writes, and of what it reads", arguments: Fixture.programs)
        func both(_ fixture: Fixture) async throws {
            let (pieces, output) = StandardOutput.makeSequence()
            let (input, continuation) = AsyncStream.makeStream(of: [UInt8].self)
            var configuration = Output().configuration("upper")
            configuration.standardOutput = output
            configuration.standardInput = .sequence(input)
            let program = try fixture.program
            let status = Task { [configuration] in try await program.run(configuration) }
            var lines = pieces.lines.makeAsyncIterator()
            // Each line is answered before the next is there.
            for line in ["one", "two", "grün"] {
                for byte in (line + "\n").utf8 { continuation.yield([byte]) }
                #expect(await lines.next(isolation: nil) == line.uppercased())
            }
            continuation.yield(Array("last".utf8))
            continuation.finish()
            #expect(await lines.next(isolation: nil) == "LAST")
            #expect(await lines.next(isolation: nil) == nil)
            #expect(try await status.value.code == 3)
        }

        @Test("larger than a pipe, of all bytes", arguments: Fixture.programs)
        func large(_ fixture: Fixture) async throws {
            let text = (0..<20_000).map { "line \($0)\n" }.joined()
            let (pieces, output) = StandardOutput.makeSequence()
            var configuration = Output().configuration("upper")
            configuration.standardOutput = output
            configuration.standardInput = .sequence(
                AsyncStream([UInt8].self) { continuation in
                    continuation.yield(Array(text.utf8))
                    continuation.finish()
                })
            let program = try fixture.program
            async let status = program.run(configuration)
            var written: [UInt8] = []
            for await piece in pieces { written += piece }
            #expect(String(decoding: written, as: UTF8.self) == text.uppercased())
            #expect(try await status.code == 3)
        }

        @Test("that wait for nobody where the program is stopped or cannot be started", arguments: Fixture.programs)
        func ends(_ fixture: Fixture) async throws {
            let (pieces, output) = StandardOutput.makeSequence()
            // Never gives anything; hears of the end.
            let (input, continuation) = AsyncStream.makeStream(of: [UInt8].self)
            let isOver = AsyncStream.makeStream(of: Void.self)
            continuation.onTermination = { _ in isOver.continuation.finish() }
            var configuration = Output().configuration("upper", limits: .init(time: .milliseconds(300)))
            configuration.standardOutput = output
            configuration.standardInput = .sequence(input)
            let program = try fixture.program
            await #expect {
                try await program.run(configuration)
            } throws: {
                if case ProgramError.limitReached(.time) = $0 { true } else { false }
            }
            for await _ in pieces {}
            for await _ in isOver.stream {}

            let (others, other) = StandardOutput.makeSequence()
            configuration.standardOutput = other
            configuration.environment = ["": ""]
            await #expect(throws: ProgramError.self) { try await program.run(configuration) }
            for await _ in others {}
        }
    }

    @Suite("What is granted")
    struct AccessTests {
        @Test("hosts are a list, and a text that names none is refused")
        func hosts() throws {
            let access = try NetworkAccess(hosts: ["api.example.com:443", "10.0.0.0/8"])
            #expect(access.permits(host: "api.example.com", port: 443) && access.permits(host: "10.1.2.3", port: 80))
            #expect(!access.permits(host: "api.example.com", port: 80) && !access.permits(host: "11.1.2.3", port: 80))
            #expect(try NetworkAccess(hosts: []) == .none)
            let error = #expect(throws: HostAccessError.self) { try NetworkAccess(hosts: ["a", "b:99999"]) }
            #expect(error == .host("b:99999"))
            #expect(error?.description.hasPrefix("\"b:99999\" names no host") == true)
        }

        @Test("files and folders are URLs, too")
        func urls() async throws {
            let folder = try TemporaryFolder()
            let file = folder.url.appendingPathComponent("a module é.wasm")
            try Data(contentsOf: Checkout.mainModule).write(to: file)
            let output = OutputBuffer()
            var configuration = Program.Configuration(arguments: ["10"], standardOutput: .buffer(output))
            configuration.standardInput = .data(Data())
            let mount = try #require(HostAccess.Mount(host: folder.url, guest: "/data", isReadOnly: true))
            #expect(mount == HostAccess.Mount(host: folder.url.path, guest: "/data", isReadOnly: true))
            configuration.access.mounts = [mount]
            #expect(try await Program(contentsOf: file).run(configuration).isSuccess)
            #expect(output.data == Data("fib(10) = 55\n".utf8))
            let web = try #require(URL(string: "https://example.com/main.wasm"))
            #expect(HostAccess.Mount(host: web) == nil)
            let error = #expect(throws: ProgramError.self) { try Program(contentsOf: web) }
            guard case .unreadable("https://example.com/main.wasm", .noFile) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
        }
    }
}
