import Foundation
import Testing
import _TestSupport

/// A program of Tests/GoProgramTests/Programs as one version of Go compiled it for one of both kinds of hosts.
struct StreamProgram: Sendable, CustomTestStringConvertible {
    let build: GoBuild
    let isWASI: Bool

    var module: String { isWASI ? build.wasi("streams") : build.js("streams") }
    var testDescription: String { "\(build), \(isWASI ? "wasip1" : "js")" }

    static let all = GoBuild.all.filter(\.hasWASI).flatMap { build in
        [true, false].map { StreamProgram(build: build, isWASI: $0) }
    }
}

/// Standard streams, named pipes and sockets with somebody slow, fast or gone at their other end, while something else
/// goes on in the program.
@Suite(
    "Streams", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct StreamTests {
    /// What the program waits for.
    struct Stream: Sendable, CustomTestStringConvertible {
        let direction: String
        let kind: String
        var testDescription: String { "\(direction) \(kind)" }

        static let all = ["read", "write"].flatMap { direction in
            ["pipe", "file", "socket"].map { Stream(direction: direction, kind: $0) }
        }
    }
    enum Background: String, CaseIterable { case timer, yield, signal }

    /// Runs a command with somebody at the other end; the last of the lines is about processor time.
    private func run(_ stream: Stream, _ pace: String, _ command: ([String], TemporaryFolder)) throws -> [String] {
        let script = Tools.root.appendingPathComponent("Tests/Tools/stream_peer.py").path
        let finished = try Command(
            executable: "/usr/bin/env",
            arguments: ["python3", script, command.1.url.path, stream.direction, stream.kind, pace] + command.0,
            environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { a, _ in a }
        ).run()
        try #require(finished.end == .exited(0), "\(finished.errorText)")
        return String(decoding: finished.output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(
        "a program that waits goes on, does the same as natively, and lets nothing else wait",
        arguments: Stream.all.flatMap { stream in Background.allCases.map { (stream, $0) } }, StreamProgram.all)
    func waiting(_ what: (stream: Stream, background: Background), _ program: StreamProgram) throws {
        // Go's js/wasm waits for nothing while a goroutine can run, also on Node.
        if what.background == .yield, !program.isWASI { return }
        for pace in ["slow", "fast", "closed"] {
            var arguments = [what.stream.direction, "@", what.background.rawValue]
            if pace == "slow", what.background == .timer { arguments.append("ticks") }
            let ours = try TemporaryFolder()
            let here = try run(
                what.stream, pace,
                ([Tools.executable, "--dir", ours.url.path, program.module] + arguments, ours))
            let native = try run(
                what.stream, pace, ([program.build.native("streams")] + arguments, TemporaryFolder()))
            #expect(here.dropLast() == native.dropLast(), "\(what) \(pace)")
            let seconds = "\(here.last ?? ""), native \(native.last ?? "")"
            print("streams: \(program.testDescription), \(what) \(pace): \(seconds)")
        }
    }

    @Test(
        "a listening socket is descriptor 3 where there are no folders, and behind them where there are",
        arguments: GoBuild.all.filter(\.hasWASI))
    func listening(_ build: GoBuild) throws {
        let script = """
            import re, socket, subprocess, sys, time
            server = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            port = int(re.search(r"listening on 127.0.0.1:(\\d+)", server.stderr.readline())[1])
            line = server.stdout.readline()
            if line != "ready\\n": sys.exit(line + server.stderr.read())
            time.sleep(0.2)
            with socket.create_connection(("127.0.0.1", port)) as s:
                answers = s.makefile()
                for word in ["a", "b", "c"]:
                    s.sendall(word.encode() + b"\\n"); print(answers.readline().strip()); time.sleep(0.05)
                s.sendall(b"end\\n")
            print(server.wait(timeout=60), server.stderr.read().strip())
            """
        let folder = try TemporaryFolder()
        let path = try folder.write(Data(script.utf8), to: "client.py")
        let given = ["--dir", folder.url.path]
        for (options, number) in [([], "3"), (given, "5")] {
            for background in ["none", "timer", "yield", "signal"] {
                let finished = try Command(
                    executable: "/usr/bin/env",
                    arguments: ["python3", path, Tools.executable] + options
                        + ["--tcp-listen", "127.0.0.1:0", build.wasi("streams"), "serve", number, background],
                    environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { a, _ in a }
                ).run()
                #expect(
                    String(decoding: finished.output, as: UTF8.self)
                        == "you said a\nyou said b\nyou said c\n0 served 3\n",
                    "\(number) \(background): \(finished.errorText)")
            }
        }
    }

    // MARK: - Closed descriptors, broken pipes, limits

    private func bash(_ script: String, _ arguments: [String]) throws -> Finished {
        try Command(
            executable: "/bin/bash", arguments: ["-c", script] + arguments,
            environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
        ).run()
    }

    @Test(
        "what is written to closed standard streams is in no file of the program's, and closed input is empty",
        arguments: StreamProgram.all)
    func closedStreams(_ program: StreamProgram) throws {
        for closed in ["2>&-", ">&-", "<&-", "<&- >&- 2>&-", ">&- 2>&-"] {
            let folder = try TemporaryFolder()
            let path = folder.path("data")
            func run(_ command: [String]) throws -> (Finished, String) {
                try? FileManager.default.removeItem(atPath: path)
                let finished = try bash("\"$0\" \"$@\" \(closed); echo $? >>\(folder.path("codes"))", command)
                return (finished, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "no file")
            }
            let (here, text) = try run(
                [Tools.executable, "--dir", folder.url.path, program.module, "say", path])
            // Older versions of Go leave the descriptors closed natively.
            let (native, expected) = try run([try #require(GoBuild.newest).native("streams"), "say", path])
            #expect(text == expected && text.hasPrefix("to the file"), "\(closed): \(text)")
            #expect(here.output == native.output && here.errors == native.errors, "\(closed): \(here.errorText)")
            #expect(try String(contentsOfFile: folder.path("codes"), encoding: .utf8) == "0\n0\n")
        }
    }

    @Test("a program may open as many files as the process may", arguments: StreamProgram.all)
    func openFiles(_ program: StreamProgram) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Data("x".utf8), to: "file")
        let here = [Tools.executable, "--dir", folder.url.path, program.module, "open", path]
        let raised = "ulimit -Sn 256; ulimit -Hn 4096 2>/dev/null; exec \"$0\" \"$@\""
        let enough = try bash(raised, here)
        #expect(String(decoding: enough.output, as: UTF8.self) == "opened 2000\n", "\(enough.errorText)")
        #expect(try bash(raised, [program.build.native("streams"), "open", path]).output == enough.output)
        let refused = try bash("ulimit -n 100; exec \"$0\" \"$@\"", here)
        let said = String(decoding: refused.output, as: UTF8.self).lowercased()
        #expect(said.hasSuffix(" open \(path.lowercased()): too many open files\n"), "\(said)")
    }

    @Test("a path with a zero byte is EINVAL, as natively", arguments: StreamProgram.all)
    func zeroBytes(_ program: StreamProgram) throws {
        let folder = try TemporaryFolder()
        let here = try bash(
            "exec \"$0\" \"$@\"",
            [Tools.executable, "--dir", folder.url.path, program.module, "nul", folder.url.path])
        let native = try bash("exec \"$0\" \"$@\"", [program.build.native("streams"), "nul", folder.url.path])
        #expect(String(decoding: here.output, as: UTF8.self) == "EINVAL EINVAL\n")
        #expect(here.output == native.output)
    }

    @Test("a hint names a path with one slash at its beginning", arguments: StreamProgram.all)
    func hints(_ program: StreamProgram) throws {
        let finished = try bash(
            "cd / && exec \"$0\" \"$@\"", [Tools.executable, program.module, "read", "/etc/hostname"])
        #expect(finished.errorText.contains("denied access to \"/etc/hostname\";"), "\(finished.errorText)")
        let relative = try bash(
            "cd / && exec \"$0\" \"$@\"", [Tools.executable, program.module, "read", "etc/hostname"])
        #expect(!relative.errorText.contains("\"//"), "\(relative.errorText)")
    }

    // MARK: - Signals

    /// `GOWASM_SIGNAL_RUNS` makes it longer.
    @Test("whatever signals come, nothing is written twice, and nothing that was reported is missing")
    func signalStorm() throws {
        let runs = ProcessInfo.processInfo.environment["GOWASM_SIGNAL_RUNS"] ?? "24"
        let script = Tools.root.appendingPathComponent("Tests/Tools/signal_storm.py").path
        let folder = try TemporaryFolder()
        let build = try #require(GoBuild.newest)
        let finished = try Command(
            executable: "/usr/bin/env",
            arguments: ["python3", script, folder.url.path, runs, "1", Tools.executable]
                + [build.wasi("streams"), build.js("streams")],
            environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { a, _ in a },
            timeout: .seconds(3000)
        ).run()
        let said = String(decoding: finished.output, as: UTF8.self)
        #expect(finished.end == .exited(0), "\(said)\(finished.errorText)")
        #expect(said.hasSuffix("\(runs) runs, 0 faults\n"), "\(said)")
        print("signals:", said, terminator: "")
    }
}
