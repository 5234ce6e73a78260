import Foundation
import Testing
import _TestSupport

/// The go command of the newest toolchain, with gowasm-fast in its path, in a copy of one of Programs.
struct GoCommand {
    fileprivate let folder: TemporaryFolder
    /// The GOOS.
    fileprivate let system: String

    fileprivate static let systems = ["js", "wasip1"]

    /// The command that the set-up script listed.
    static let path: String? = {
        let table = try? String(
            contentsOf: Tools.root.appendingPathComponent(".build-tools/go-toolchains.tsv"), encoding: .utf8)
        let rows = (table ?? "").split(separator: "\n").map { $0.split(separator: "\t") }
        return rows.first { $0.count == 2 && String($0[0]) == GoBuild.newest?.version }.map { String($0[1]) }
    }()

    fileprivate init(_ program: String, for system: String) throws {
        folder = try TemporaryFolder()
        self.system = system
        let source = Tools.root.appendingPathComponent("Tests/GoProgramTests/Programs/\(program)")
        for file in try FileManager.default.contentsOfDirectory(atPath: source.path) {
            _ = try folder.write(Data(contentsOf: source.appendingPathComponent(file)), to: file)
        }
        _ = try folder.write(Data("module example/\(program)\n\ngo 1.24\n".utf8), to: "go.mod")
        // Go looks for a command of this name.
        try FileManager.default.createDirectory(atPath: folder.path("bin"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("bin/go_\(system)_wasm_exec"), withDestinationPath: Tools.executable)
    }

    fileprivate func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Finished {
        let tools = Tools.root.appendingPathComponent(".build-tools").path
        let own = [
            "PATH": "\(folder.path("bin")):/usr/bin:/bin", "GOOS": system, "GOARCH": "wasm", "GOFLAGS": "",
            "GOENV": "off", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOCACHE": "\(tools)/go-cache",
            "GOPATH": "\(tools)/go-path", "HOME": folder.url.path,
        ]
        return try Command(
            executable: "/bin/sh",
            arguments: ["-c", "cd \"$0\" && exec \"$@\"", folder.url.path, #require(Self.path)] + arguments,
            environment: own.merging(environment) { $1 }.merging(Tools.environment) { $1 },
            timeout: .seconds(300)
        ).run()
    }

    /// Compiles the package into a folder, and returns the module's path.
    fileprivate func build(into target: TemporaryFolder, _ options: [String] = []) throws -> String {
        let module = target.path("\(system).wasm")
        let finished = try run(["build", "-o", module] + options + ["."])
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        return module
    }
}

@Suite(
    "With the go command", .tags(.go), .enabled(if: Checkout.runs(ifThere: GoCommand.path != nil), Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct GoCommandTests {
    @Test("go run runs programs, with what they are given and what they end with", arguments: GoCommand.systems)
    func run(system: String) throws {
        let command = try GoCommand("check", for: system)
        let finished = try command.run(["run", ".", "a", "b c"], environment: ["GIVEN": "this"])
        let output = String(decoding: finished.output, as: UTF8.self)
        #expect(output == "\(system) \(command.folder.url.lastPathComponent) [a b c] this\n", "\(finished.errorText)")
        #expect(finished.end == .exited(1))
        #expect(finished.errorText == "exit status 3\n")
    }

    @Test("go test runs tests and benchmarks, and finds what fails", arguments: GoCommand.systems)
    func test(system: String) throws {
        let command = try GoCommand("check", for: system)
        let passed = try command.run(
            ["test", "-v", "-count=1", "-bench=.", "-benchtime=100x", "."], environment: ["GIVEN": "this"])
        let text = String(decoding: passed.output, as: UTF8.self)
        #expect(passed.end == .exited(0), "\(text)\(passed.errorText)")
        for part in ["--- PASS: TestFiles", "--- PASS: TestGiven", "BenchmarkNothing", "\nok "] {
            #expect(text.contains(part), "\(text)")
        }
        let failed = try command.run(["test", "-count=1", "."], environment: ["GIVEN": "that"])
        #expect(failed.end == .exited(1))
        #expect(String(decoding: failed.output, as: UTF8.self).contains("given \"that\""))
    }

    @Test(
        "functions that a program exports are called, in a reactor and in a program for js",
        arguments: GoCommand.systems)
    func exports(system: String) throws {
        let folder = try TemporaryFolder()
        let module = try GoCommand("exports", for: system)
            .build(into: folder, system == "js" ? [] : ["-buildmode=c-shared"])
        for (call, result) in [
            (["add", "2", "-3"], "-1\n"), (["mix", "-9007199254740993", "0.5", "1e16"], "992800745259008.0\n"),
            (["positive", "-5"], "0\n"), (["positive", "5"], "1\n"),
        ] {
            let finished = try Command(
                executable: Tools.executable, arguments: ["--invoke", call[0], module] + call.dropFirst(),
                environment: Tools.environment
            ).run()
            #expect(finished.end == .exited(0), "\(finished.errorText)")
            #expect(String(decoding: finished.output, as: UTF8.self) == result)
        }
        // Ends of an export are those of a program.
        for (call, code, message) in [
            (["fail"], 2, "panic: on purpose"), (["leave", "7"], 7, ""), (["leave", "0"], 0, ""),
        ] {
            let finished = try Command(
                executable: Tools.executable, arguments: ["--invoke", call[0], module] + call.dropFirst(),
                environment: Tools.environment
            ).run()
            #expect(finished.end == .exited(Int32(code)), "\(call): \(finished.errorText)")
            #expect(finished.errorText.hasPrefix(message) && finished.errorText.isEmpty == message.isEmpty)
        }
    }

    @Test("options come from the environment, or with -exec", arguments: GoCommand.systems)
    func options(system: String) throws {
        let command = try GoCommand("check", for: system)
        let run = try command.run(
            ["run", "."], environment: ["GIVEN": "this", "GOWASM_OPTIONS": "--env 'GIVEN=a b' --timeout 1m"])
        #expect(String(decoding: run.output, as: UTF8.self).hasSuffix("[] a b\n"), "\(run.errorText)")
        let tested = try command.run(
            ["test", "-count=1", "-exec", "\(Tools.executable) --allow-all --inherit-env", "."],
            environment: ["GIVEN": "this", "TMPDIR": "/tmp"])
        #expect(tested.end == .exited(0), "\(String(decoding: tested.output, as: UTF8.self))\(tested.errorText)")
        let stopped = try command.run(
            ["test", "-count=1", "."], environment: ["GIVEN": "this", "GOWASM_OPTIONS": "--timeout 1ms"])
        #expect(stopped.end == .exited(1))
        #expect(String(decoding: stopped.output, as: UTF8.self).contains("stopped after 0.001 s (--timeout)"))
    }

    @Test("a program for js has the local time that --env TZ names")
    func timeZone() throws {
        let folder = try TemporaryFolder()
        let module = try GoCommand("browser", for: "js").build(into: folder)
        for (zone, text) in [("Asia/Kolkata", "17:30 +0530\n"), ("UTC", "12:00 +0000\n"), ("XYZ-3", "15:00 +0300\n")] {
            let finished = try Command(
                executable: Tools.executable, arguments: ["--env", "TZ=\(zone)", module, "zone"],
                environment: Tools.environment
            ).run()
            #expect(String(decoding: finished.output, as: UTF8.self) == text, "\(zone): \(finished.errorText)")
        }
    }

    @Test("a global of JavaScript that is not there is named when it is used, once")
    func missingGlobals() throws {
        let folder = try TemporaryFolder()
        let module = try GoCommand("browser", for: "js").build(into: folder)
        func hints(_ argument: String, code: Int32) throws -> [String] {
            let finished = try Command(
                executable: Tools.executable, arguments: [module, argument], environment: Tools.environment
            ).run()
            #expect(finished.end == .exited(code), "\(argument): \(finished.errorText)")
            return finished.errorLines.filter { $0.hasPrefix("gowasm-fast: hint: ") }.map { String($0.dropFirst(19)) }
        }
        func hint(_ name: String) -> String { "\(name), which JavaScript has elsewhere, is not provided here" }
        #expect(try hints("new", code: 2) == [hint("RegExp")])
        #expect(try hints("call", code: 2) == [hint("eval")])
        #expect(try hints("get", code: 2) == [hint("document")])
        #expect(try hints("look", code: 0) == [])
        #expect(try hints("often", code: 0) == [hint("RegExp"), hint("Proxy")])
    }

    @Test("a plugin that imports functions of its host can be tried without them")
    func stubs() throws {
        let plugin = try #require(GoBuild.newest).wasi("plugin")
        func invoke(_ options: [String], _ call: [String]) throws -> Finished {
            try Command(
                executable: Tools.executable, arguments: options + ["--invoke", call[0], plugin] + call.dropFirst(),
                environment: Tools.environment
            ).run()
        }
        let refused = try invoke([], ["add", "2", "3"])
        #expect(refused.end == .exited(1) && refused.errorLines.count == 1)
        #expect(refused.errorText.contains("unknown import: host.multiply, a function (i64, i64) -> (i64)"))
        #expect(refused.errorText.hasSuffix("; with --stub-imports calls of them trap instead\n"))
        let added = try invoke(["--stub-imports"], ["add", "2", "3"])
        #expect(added.end == .exited(0) && String(decoding: added.output, as: UTF8.self) == "5\n")
    }

    @Test("a server on a socket that it was given answers a client that uses fetch")
    func web() throws {
        let folder = try TemporaryFolder()
        let server = try GoCommand("web", for: "wasip1").build(into: folder)
        let client = try GoCommand("web", for: "js").build(into: folder)
        let script = """
            import re, subprocess, sys
            program, server, client = sys.argv[1:]
            serving = subprocess.Popen([program, "--tcp-listen", "127.0.0.1:0", server],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            port = re.search(r"listening on 127.0.0.1:(\\d+)", serving.stderr.readline())[1]
            answers = subprocess.run([program, "--allow-net", client, f"http://127.0.0.1:{port}"], timeout=60)
            print(answers.returncode, serving.communicate(timeout=60)[0].strip(), serving.returncode)
            """
        let path = try folder.write(Data(script.utf8), to: "both.py")
        let finished = try Command(
            executable: "/usr/bin/env", arguments: ["python3", "-u", path, Tools.executable, server, client],
            environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { $1 }
        ).run()
        let output = String(decoding: finished.output, as: UTF8.self)
        #expect(
            output == String(repeating: "200 POST true <nil>\n", count: 3) + "0 served 0\n", "\(finished.errorText)")
    }
}
