import Foundation
import Testing
import _TestSupport

@Suite(
    "Programs that use the network", .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable),
    .enabled(if: !Engine.isNode, "Go's own script keeps the network from programs on Node."))
struct FetchTests {
    /// The builds that have net/http over fetch with all that the test program uses.
    private static let builds = GoBuild.all.filter { $0.minor >= 26 }

    private func run(_ build: GoBuild, _ options: [String], _ arguments: [String]) throws -> Finished {
        try Command(
            executable: Tools.executable, arguments: options + [build.probe] + arguments,
            environment: Tools.environment
        ).run()
    }

    /// What is expected was made with Node, which used its fetch because process.argv0 did not begin with "node".
    @Test("send requests and get answers as on Node", arguments: builds)
    func requests(_ build: GoBuild) throws {
        let server = try TestServer()
        let addresses = ["http://127.0.0.1:\(server.port)", "http://127.0.0.1:\(server.closedPort)/"]
        let finished = try run(build, ["--allow-net"], ["fetch"] + addresses)
        #expect(finished.end == .exited(0), "\(finished.errorText.prefix(2000))")
        #expect(finished.errorText == "")
        let lines = server.normalized(finished.output).split(separator: "\n", omittingEmptySubsequences: false)
        let expected = String(decoding: try Tools.expected("fetch"), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == expected.count)
        for (line, expectedLine) in zip(lines, expected) { #expect(line == expectedLine) }
    }

    @Test("speak TLS with servers whose certificates are trusted, and with no others")
    func secure() throws {
        let build = try #require(GoBuild.newest)
        let folder = try TemporaryFolder()
        let (certificate, key) = (folder.path("certificate.pem"), folder.path("key.pem"))
        let options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
        let made = try Command(
            executable: "/usr/bin/env",
            arguments: ["openssl"] + options.split(separator: " ").map(String.init)
                + ["-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
            environment: ["PATH": "/usr/bin:/bin"]
        ).run()
        try #require(made.end == .exited(0), "\(made.errorText)")
        let server = try TestServer(certificate, key)
        var command = Command(
            executable: Tools.executable,
            arguments: ["--allow-net", build.probe, "fetch-one", "https://127.0.0.1:\(server.port)/hello"],
            environment: Tools.environment)
        let refused = try command.run()
        #expect(refused.end == .exited(3))
        #expect(String(decoding: refused.output, as: UTF8.self).lowercased().contains("certificate"))
        command.environment["NODE_EXTRA_CA_CERTS"] = certificate
        let trusted = try command.run()
        let output = String(decoding: trusted.output, as: UTF8.self)
        #expect(trusted.end == .exited(0) && output.contains("\"Grüße\\n\""), "\(output)\(trusted.errorText)")
    }

    @Test("are told how to get at it where they may not", arguments: builds)
    func refused(_ build: GoBuild) throws {
        let finished = try run(build, [], ["fetch-one", "http://127.0.0.1:2/"])
        #expect(finished.end == .exited(3))
        let output = String(decoding: finished.output, as: UTF8.self)
        #expect(
            output == "error: : net/http: fetch() failed: TypeError: fetch failed: Error: permission denied\n")
        #expect(
            finished.errorText
                == "gowasm-fast: hint: the program may not open connections such as \"http://127.0.0.1:2/\"; "
                + "the option --allow-net lets it\n")
    }

    @Test("send byte for byte what Node sends, and return what it returns (Expected/fetch-cases.jsonl)")
    func recordedCases() throws {
        let build = try #require(GoBuild.newest)
        let tool = Tools.root.appendingPathComponent("Tests/Tools/fetch_compare.py").path
        let expected = Tools.root.appendingPathComponent("Tests/GoProgramTests/Expected/fetch-cases.jsonl").path
        let finished = try Command(
            executable: "/usr/bin/env",
            arguments: [
                "python3", tool, "--executable", Tools.executable, "--wasm", build.probe, "--check", expected,
            ], environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { a, _ in a },
            timeout: .seconds(600)
        ).run()
        let output = String(decoding: finished.output, as: UTF8.self)
        #expect(finished.end == .exited(0), "\(output.suffix(4000))\(finished.errorText.suffix(2000))")
        #expect(output.contains(" cases "))
    }

    @Test("use proxies of the environment only where that asks for it, as in Node 24", arguments: [false, true])
    func proxy(isAskedFor: Bool) throws {
        let build = try #require(GoBuild.newest)
        let server = try TestServer()
        var command = Command(
            executable: Tools.executable,
            arguments: ["--allow-net", build.probe, "fetch-one", "http://127.0.0.1:\(server.port)/hello"],
            environment: Tools.environment)
        // Nobody listens there.
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.environment[name] = "http://127.0.0.1:\(server.closedPort)"
        }
        if isAskedFor { command.environment["NODE_USE_ENV_PROXY"] = "1" }
        let finished = try command.run()
        #expect(finished.end == .exited(isAskedFor ? 3 : 0), "\(String(decoding: finished.output, as: UTF8.self))")
        command.environment["no_proxy"] = "127.0.0.1"
        #expect(try command.run().end == .exited(0))
    }

    @Test(
        "say so where the library for it is missing",
        .enabled(if: !Tools.isSanitized, "AddressSanitizer wants to be loaded first."))
    func missingLibrary() throws {
        let build = try #require(GoBuild.newest)
        let folder = try TemporaryFolder()
        // Names that are found first and are no libraries.
        for name in ["libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"] {
            _ = try folder.write(Data("no library".utf8), to: name)
        }
        var command = Command(
            executable: Tools.executable,
            arguments: ["--allow-net", build.probe, "fetch-one", "http://127.0.0.1:2/"])
        command.environment = ["LD_LIBRARY_PATH": folder.path("")]
        let finished = try command.run()
        #expect(finished.end == .exited(3))
        #expect(String(decoding: finished.output, as: UTF8.self).contains("libcurl is not installed"))
    }
}
