import Foundation
import Testing
import _TestSupport

/// The programs that the application runs: Tests/GoProgramTests/Programs/streams.
enum StreamsFixture: String, CaseIterable {
    case js = "streams.wasm"
    case wasi = "wasip1/streams.wasm"

    var path: String { Checkout.newestPrograms?.appendingPathComponent(rawValue).path ?? rawValue }

    /// Whether the programs were built, or have to be, on a system where the application is found.
    static var areThere: Bool {
        #if os(Linux)
            Checkout.runs(ifThere: FileManager.default.fileExists(atPath: wasi.path))
        #else
            false
        #endif
    }
}

extension LibraryTests {
    /// Applications that have closed their standard streams, or have a handler for SIGPIPE: Tests/Application.
    @Suite(
        "An application's descriptors and signals are its own",
        .enabled(if: StreamsFixture.areThere, Fixture.missing))
    struct ApplicationTests {
        /// Runs the application, which lies beside this process's executable; returns what it wrote to descriptor 9.
        private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> String {
            let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            let application = here.deletingLastPathComponent().appendingPathComponent("_Application").path
            process.arguments = ["-c", "exec 9>\"$0/said\"; exec \"$@\"", folder.url.path, application] + arguments
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
            return try String(contentsOfFile: folder.path("said"), encoding: .utf8)
        }

        @Test("closed standard streams are opened on the null device", arguments: StreamsFixture.allCases)
        func closedStreams(_ fixture: StreamsFixture) throws {
            let folder = try TemporaryFolder()
            let said = try run(["closed", fixture.path, folder.url.path], in: folder)
            #expect(said == "ended with 0\nnext is another\n")
            #expect(try String(contentsOfFile: folder.path("data"), encoding: .utf8) == "to the file 0 ok ok\n")
        }

        @Test("SIGPIPE neither comes nor changes because of a program's writes", arguments: StreamsFixture.allCases)
        func brokenPipe(_ fixture: StreamsFixture) throws {
            let said = try run(["pipe", fixture.path], in: TemporaryFolder())
            #expect(
                said == """
                    ended with 0, 0 signals
                    ended with 0, 0 signals
                    write EPIPE, write EPIPE
                    write returned -1, 1 signals, unblocked

                    """)
        }
    }
}
