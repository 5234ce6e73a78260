import Foundation
import LibC
import Testing
import _TestSupport

/// A Go program with files, as one version built it for one kind of host.
struct FileProgram: Sendable, CustomTestStringConvertible {
    let build: GoBuild
    let isWASI: Bool
    var module: String { module("files") }
    func module(_ program: String) -> String { isWASI ? build.wasi(program) : build.js(program) }
    var testDescription: String { "\(build) for \(isWASI ? "WASI" : "js")" }

    static let all = GoBuild.all.filter(\.hasWASI).flatMap { build in
        [false, true].map { FileProgram(build: build, isWASI: $0) }
    }
}

@Suite(
    "What programs may do", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct HostTests {
    /// A folder `in`, which is granted as /g, and a folder `out` with a secret.
    private func playground() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["in/sub", "in/real", "out"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        for (name, text) in [("in/file", "public"), ("in/real/file", "public"), ("out/file", "secret")] {
            _ = try folder.write(Data(text.utf8), to: name)
        }
        for (name, target) in [
            ("up", "../out"), ("abs", folder.path("out")), ("upfile", "../out/file"), ("sub/back", ".."),
            ("okay", "sub/back/file"), ("other", "../out"), ("new", "../out/new"),
        ] { try FileManager.default.createSymbolicLink(atPath: folder.path("in/\(name)"), withDestinationPath: target) }
        return folder
    }

    private func run(
        _ program: FileProgram, _ options: [String], _ arguments: [String], in folder: TemporaryFolder? = nil
    ) throws -> Finished {
        var command = Command(
            executable: Tools.executable, arguments: options + [program.module] + arguments,
            environment: Tools.environment)
        if let folder {
            command.arguments =
                ["-c", "cd \"$0\" && exec \"$@\"", folder.url.path, command.executable] + command.arguments
            command.executable = "/bin/sh"
        }
        return try command.run()
    }

    @Test("all operations of package os work on a granted folder, as natively", arguments: FileProgram.all)
    func operations(_ program: FileProgram) throws {
        let folder = try playground()
        try FileManager.default.createDirectory(atPath: folder.path("in/work"), withIntermediateDirectories: true)
        let expected = """
            hello a true 1 true 5
            3 2000
            helXY el 1 true
            exists
            does not exist
            true
            301 file 299 true
            dd--------- h---------- lL---------

            """
        let granted = try run(program, ["--dir", "\(folder.path("in")):/g"], ["work", "/g/work"])
        #expect(String(decoding: granted.output, as: UTF8.self) == expected, "\(granted.errorText)")
        #expect(granted.errorText == "")
        try FileManager.default.removeItem(atPath: folder.path("in/work"))
        try FileManager.default.createDirectory(atPath: folder.path("in/work"), withIntermediateDirectories: true)
        let all = try run(program, ["--allow-all"], ["work", folder.path("in/work")])
        #expect(String(decoding: all.output, as: UTF8.self) == expected, "\(all.errorText)")
    }

    @Test("paths that lead out of the folder are denied, and what was not given", arguments: FileProgram.all)
    func escapes(_ program: FileProgram) throws {
        let folder = try playground()
        let secret = folder.path("out/file")
        let outside = [secret, "/proc/self/root\(secret)", "/gg"].flatMap { path in
            ["read", "write", "stat", "list"].map { ($0, path) }
        }
        let operations =
            outside + [
                ("read", "/g/../out/file"), ("read", "../out/file"), ("read", "/g/up/file"), ("read", "/g/abs/file"),
                ("read", "/g/upfile"), ("write", "/g/upfile"), ("append", "/g/upfile"), ("write", "/g/new"),
                ("stat", "/g/up"), ("list", "/g/up"), ("mkdir", "/g/up/x"), ("remove", "/g/up/file"),
                ("rename", "/g/up/file"), ("link", "/g/up/file"), ("linkto", "/g/up/x"), ("truncate", "/g/upfile"),
                ("chtimes", "/g/upfile"), ("readlink", "/g/up/file"), ("list", "/"),
                ("read", "/g/sub/back/up/file"), ("lstat", "/g/up/"),
            ]
        let finished = try run(
            program, ["--dir", "\(folder.path("in")):/g"], operations.flatMap { [$0.0, $0.1] })
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        let lines = String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
        #expect(lines == operations.map { "\($0.0) \($0.1): permission denied" }[...].map { Substring($0) })
        #expect(try String(contentsOfFile: folder.path("out/file"), encoding: .utf8) == "secret")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("out")) == ["file"])
        // One line each for what was not given and for what leads out, which name the option.
        #expect(finished.errorLines.count == 2)
        #expect(finished.errorLines.allSatisfy { $0.hasPrefix("gowasm-fast: hint: ") && $0.contains("--dir") })

        let allowed = ["read", "/g/file", "read", "file", "read", "/g/okay", "lstat", "/g/up", "stat", "/"]
        let inside = try run(program, ["--dir", "\(folder.path("in")):/g"], allowed)
        let expected = ["read /g/file: ok", "read file: ok", "read /g/okay: ok", "lstat /g/up: ok", "stat /: ok"]
        #expect(String(decoding: inside.output, as: UTF8.self) == expected.joined(separator: "\n") + "\n")
        #expect(inside.errorText == "")
    }

    @Test("nothing is given without an option, and with :ro nothing can be changed", arguments: FileProgram.all)
    func denied(_ program: FileProgram) throws {
        let folder = try playground()
        let nothing = try run(program, [], ["read", "in/file", "stat", folder.path("out")], in: folder)
        #expect(
            String(decoding: nothing.output, as: UTF8.self)
                == "read in/file: permission denied\nstat \(folder.path("out")): permission denied\n")
        #expect(nothing.errorLines.count == 1)
        #expect(nothing.errorText.contains("--dir") && nothing.errorText.contains("--allow-all"))
        let changes = ["write", "append", "mkdir", "remove", "rename", "linkto", "truncate", "chtimes"]
        let readOnly = try run(
            program, ["--dir", "\(folder.path("in")):/g:ro"],
            ["read", "/g/file"] + changes.flatMap { [$0, "/g/file"] })
        #expect(
            String(decoding: readOnly.output, as: UTF8.self)
                == "read /g/file: ok\n" + changes.map { "\($0) /g/file: permission denied\n" }.joined())
        #expect(readOnly.errorLines.count == 1 && readOnly.errorText.contains(":ro"))
    }

    @Test("with :ro nothing can be changed through a folder around it either", arguments: FileProgram.all)
    func readOnlyWithin(_ program: FileProgram) throws {
        let folder = try playground()
        let options = ["--dir", "\(folder.path("in")):/g", "--dir", "\(folder.path("in/real")):/r:ro"]
        let changes = ["write", "append", "remove", "rename", "linkto", "truncate", "chtimes"]
        let paths = ["/r/file", "/g/real/file", "/g/sub/../real/file", "/g/sub/back/real/file"]
        let operations =
            paths.flatMap { path in changes.map { ($0, path) } } + [("rename", "/g/real"), ("remove", "/g/real")]
        let finished = try run(program, options, operations.flatMap { [$0.0, $0.1] })
        #expect(
            String(decoding: finished.output, as: UTF8.self)
                == operations.map { "\($0.0) \($0.1): permission denied\n" }.joined(), "\(finished.errorText)")
        #expect(try String(contentsOfFile: folder.path("in/real/file"), encoding: .utf8) == "public")
        let allowed = try run(program, options, ["write", "/g/file", "read", "/g/real/file", "write", "/g/sub/x"])
        #expect(
            String(decoding: allowed.output, as: UTF8.self)
                == "write /g/file: ok\nread /g/real/file: ok\nwrite /g/sub/x: ok\n", "\(allowed.errorText)")
        // Where that cannot be held the command says so, and the program does not start.
        for all in [["--allow-all"], ["--dir", "/"], ["--dir", folder.path("in/real")]] {
            let refused = try run(program, all + ["--dir", "\(folder.path("in/real")):/r:ro"], ["write", "/r/file"])
            #expect(refused.end == .exited(1) && refused.output.isEmpty)
            #expect(refused.errorLines.count == 1 && refused.errorText.contains("cannot be given with :ro"))
        }
    }

    @Test("code that is kept for later runs cannot be changed, whatever was given", arguments: FileProgram.all)
    func keptCode(_ program: FileProgram) throws {
        let folder = try playground()
        let home = folder.path("in")
        let wrapper = folder.path(program.isWASI ? "go_wasip1_wasm_exec" : "go_js_wasm_exec")
        try FileManager.default.createSymbolicLink(atPath: wrapper, withDestinationPath: Tools.executable)
        let code = home + "/.cache/gowasm-fast"
        for round in 0..<2 {
            // At first there is no such folder.
            let operations =
                round == 0
                ? [("mkdir", "ok", home + "/.cache"), ("mkdir", "permission denied", code)]
                : [
                    ("write", "permission denied", code + "/x"), ("rename", "permission denied", code),
                    ("rename", "permission denied", home + "/.cache"), ("rename", "permission denied", home),
                ]
            for (executable, options) in [
                (Tools.executable, ["--dir", home]), (Tools.executable, ["--allow-all"]), (wrapper, []),
            ] {
                // With --dir the home is the root of what is granted, and cannot be named.
                let tried = operations.filter { options.first != "--dir" || $0.2 != home }
                let finished = try Command(
                    executable: executable, arguments: options + [program.module] + tried.flatMap { [$0.0, $0.2] },
                    environment: Tools.environment.merging(["HOME": home, "GOWASM_CACHE": "off"]) { $1 }
                ).run()
                #expect(
                    String(decoding: finished.output, as: UTF8.self)
                        == tried.map { "\($0.0) \($0.2): \($0.1)\n" }.joined(), "\(finished.errorText)")
                if round == 0 { try FileManager.default.removeItem(atPath: home + "/.cache") }
            }
            try FileManager.default.createDirectory(atPath: code, withIntermediateDirectories: true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: code).isEmpty)
    }

    @Test("the environment is not given without an option", arguments: FileProgram.all)
    func environment(_ program: FileProgram) throws {
        for (options, isGiven) in [([], false), (["--inherit-env"], true), (["--env", "PROBE_X=1"], true)] {
            let finished = try Command(
                executable: Tools.executable, arguments: options + [program.module("probe"), "env", "PROBE_X"],
                environment: Tools.environment.merging(["PROBE_X": "1"]) { $1 }
            ).run()
            let expected = isGiven ? "PROBE_X \"1\" true\n" : "PROBE_X \"\" false\n"
            #expect(String(decoding: finished.output, as: UTF8.self).hasPrefix(expected), "\(finished.errorText)")
        }
    }

    @Test("a folder that is given under its own path has the working directory", arguments: FileProgram.all)
    func workingDirectory(_ program: FileProgram) throws {
        let folder = try playground()
        let path = folder.path("in/file")
        let other = try playground()
        let outside = other.path("in/file")
        let finished = try run(
            program, ["--dir", "."], ["read", "in/file", "read", path, "read", outside], in: folder)
        #expect(
            String(decoding: finished.output, as: UTF8.self)
                == """
                read in/file: ok
                read \(path): ok
                read \(outside): permission denied

                """, "\(finished.errorText)")
    }

    @Test("relative paths lead to a folder that is given under its own path", arguments: FileProgram.all)
    func relativeFolder(_ program: FileProgram) throws {
        let folder = try playground()
        for granted in ["in", folder.path("in")] {
            let paths = ["in/file", "./in//sub/../file", "in/upfile", "out/file", "in/../out/file", "new"]
            let finished = try run(
                program, ["--dir", granted], ["chdir", ".", "stat", "."] + paths.flatMap { ["read", $0] }, in: folder)
            let expected = ["chdir .", "stat ."] + paths.map { "read \($0)" }
            let results = Array(repeating: "ok", count: 4) + Array(repeating: "permission denied", count: 4)
            #expect(
                String(decoding: finished.output, as: UTF8.self)
                    == zip(expected, results).map { "\($0): \($1)\n" }.joined(), "\(finished.errorText)")
        }
        // Under another path it is the working directory.
        let elsewhere = try run(program, ["--dir", "in:/in"], ["read", "file", "read", "in/file"], in: folder)
        #expect(
            String(decoding: elsewhere.output, as: UTF8.self)
                == "read file: ok\nread in/file: does not exist\n", "\(elsewhere.errorText)")
    }

    @Test("links that somebody swaps during the search never lead out", arguments: FileProgram.all)
    func race(_ program: FileProgram) throws {
        let folder = try playground()
        let script = """
            cd "$0"
            (rounds=0
              while [ ! -e ../stop ]; do
                mv -T real r && mv -T other real && mv -T r other && mv -T real r && mv -T other real && mv -T r other || exit
                rounds=$((rounds + 1))
              done
              echo $rounds >../rounds) & swapper=$!
            "$@"; code=$?
            touch ../stop; wait $swapper; exit $code
            """
        let command = Command(
            executable: "/bin/sh",
            arguments: [
                "-c", script, folder.path("in"), Tools.executable, "--dir", "\(folder.path("in")):/g", program.module,
                "race", "/g/real/file",
            ], environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { a, _ in a })
        let finished = try command.run()
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        #expect(String(decoding: finished.output, as: UTF8.self) == "race /g/real/file: ok\n")
        // They were swapped to the end.
        let rounds = try String(contentsOfFile: folder.path("rounds"), encoding: .utf8)
        #expect(Int(rounds.dropLast()) ?? 0 > 0)
    }

    #if os(Linux)
        @Test("the memory of the process that runs the program is no file of it", arguments: FileProgram.all)
        func memory(_ program: FileProgram) throws {
            for options in [["--allow-all"], ["--dir", "/"], ["--dir", "/proc"]] {
                let paths = ["/proc/self/mem", "/proc/thread-self/mem"]
                let operations = paths.flatMap { ["read", $0, "append", $0] }
                let finished = try run(program, options, operations + ["read", "/proc/self/status"])
                let lines = String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
                #expect(lines.count == 5 && lines.last == "read /proc/self/status: ok", "\(finished.errorText)")
                for line in lines.dropLast() { #expect(line.hasSuffix(": permission denied")) }
                #expect(finished.errorLines.count == 1 && finished.errorText.contains("the memory of a process"))
            }
        }
    #endif

    @Test("a pipe that nobody writes to stops no timer", arguments: FileProgram.all.filter { !$0.isWASI })
    func pipe(_ program: FileProgram) throws {
        let folder = try playground()
        #expect(mkfifo(folder.path("in/fifo"), 0o600) == 0)
        for operation in ["fifo", "fifowrite"] {
            let finished = try run(program, ["--dir", "\(folder.path("in")):/g"], [operation, "/g/fifo"])
            let output = String(decoding: finished.output, as: UTF8.self)
            #expect(output == "\(operation) /g/fifo: ok\n", "\(finished.errorText)")
        }
    }

    @Test(
        "a named pipe is written to when somebody reads, and read from when somebody writes", arguments: FileProgram.all
    )
    func namedPipe(_ program: FileProgram) throws {
        let folder = try playground()
        #expect(mkfifo(folder.path("in/fifo"), 0o600) == 0)
        // The other end comes when the program has had time to open its own.
        for (operation, other) in [("write", "cat <in/fifo"), ("cat", "echo text >in/fifo")] {
            let words = [Tools.executable, "--dir", "\(folder.path("in")):/g", program.module, operation, "/g/fifo"]
            let script = "cd \"$0\" && { \"$@\" & } && sleep 0.5 && \(other); wait $!"
            let finished = try Command(
                executable: "/bin/sh", arguments: ["-c", script, folder.url.path] + words,
                environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { a, _ in a }
            ).run()
            #expect(finished.end == .exited(0), "\(finished.errorText)")
            let output = String(decoding: finished.output, as: UTF8.self)
            #expect(["xwrite /g/fifo: ok\n", "write /g/fifo: ok\nx", "text\ncat /g/fifo: ok\n"].contains(output))
        }
    }

    // MARK: - Whole programs

    @Test(
        "gofmt does with a source tree what the native one does",
        arguments: FileProgram.all.filter { $0.build == GoBuild.newest })
    func gofmt(_ program: FileProgram) throws {
        let folder = try TemporaryFolder()
        let sources = URL(fileURLWithPath: program.build.native("gofmt-source"))
        var trees: [[String: Data]] = []
        for name in ["native", "wasm"] {
            // Without its tabs, every file has to be written anew.
            let tree = folder.url.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
            let files = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "go" }
            #expect(files.count > 10)
            for file in files {
                let text = try String(contentsOf: file, encoding: .utf8).replacing("\n\t", with: "\n")
                try Data(text.utf8).write(to: tree.appendingPathComponent(file.lastPathComponent))
            }
            let command =
                name == "native"
                ? Command(executable: program.build.native("gofmt"), arguments: ["-l", "-w", tree.path])
                : Command(
                    executable: Tools.executable,
                    arguments: ["--dir", "\(tree.path):/tree", program.module("gofmt"), "-l", "-w", "/tree"],
                    environment: Tools.environment)
            let finished = try command.run()
            #expect(finished.end == .exited(0), "\(finished.errorText)")
            let names = String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
                .map { URL(fileURLWithPath: String($0)).lastPathComponent }
            var result = ["output": Data(names.sorted().joined(separator: "\n").utf8)]
            for file in try FileManager.default.contentsOfDirectory(atPath: tree.path) {
                result[file] = try Data(contentsOf: tree.appendingPathComponent(file))
            }
            trees.append(result)
        }
        #expect(trees[0] == trees[1])
    }

    @Test("what a program has synced is there when it is killed, wherever that is", arguments: FileProgram.all)
    func killed(_ program: FileProgram) throws {
        let folder = try TemporaryFolder()
        let run = [Tools.executable, "--dir", "\(folder.url.path):/db", program.module("store"), "/db"]
        var written = 0
        for count in [1, 30, 49, 51, 73, 120] {
            // Killed as soon as so many records have been reported, in the middle of the next.
            let killer = """
                coproc guest { exec "${@:2}" write 1000; }
                for ((i = 0; i < $1; i++)); do read -r last <&"${guest[0]}"; done
                kill -9 "$guest_PID"
                echo "$last"
                """
            let finished = try Command(
                executable: "/bin/bash", arguments: ["-c", killer, "-", "\(count)"] + run,
                environment: Tools.environment
            ).run()
            let reported = Int(String(decoding: finished.output, as: UTF8.self).prefix { $0 != "\n" }) ?? 0
            #expect(reported >= written + count, "\(finished.errorText)")
            let checked = try Command(
                executable: run[0], arguments: run.dropFirst() + ["check"], environment: Tools.environment
            ).run()
            written = Int(String(decoding: checked.output, as: UTF8.self).prefix { $0 != "\n" }) ?? 0
            #expect(written >= reported, "\(checked.errorText)")
        }
    }

    // MARK: - Sockets

    @Test("a program for WASI serves connections of a listening socket", arguments: GoBuild.all.filter(\.hasWASI))
    func sockets(_ build: GoBuild) throws {
        let folder = try TemporaryFolder()
        // Each client says something, waits, says more, and reads what comes back until the end.
        let script = """
            import re, socket, subprocess, sys, threading
            server = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            port = int(re.search(r"listening on 127.0.0.1:(\\d+)", server.stderr.readline())[1])
            assert server.stdout.readline() == "ready\\n"
            def client(number):
                with socket.create_connection(("127.0.0.1", port)) as s:
                    sent = b"hello %d\\n" % number + b"x" * 100000 + b"end"
                    threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR))).start()
                    received = b""
                    while part := s.recv(65536): received += part
                    if received != sent.upper(): print("wrong", number, len(received))
            clients = [threading.Thread(target=client, args=(n,)) for n in range(8)]
            [c.start() for c in clients]; [c.join() for c in clients]
            print(server.stdout.read().strip(), server.wait(timeout=60))
            """
        let path = try folder.write(Data(script.utf8), to: "clients.py")
        let command = Command(
            executable: "/usr/bin/env",
            arguments: ["python3", path, Tools.executable, "--tcp-listen", "127.0.0.1:0", build.wasi("echo"), "8"],
            environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { a, _ in a })
        let finished = try command.run()
        #expect(String(decoding: finished.output, as: UTF8.self) == "served 0\n", "\(finished.errorText)")
    }

    // MARK: - Other languages

    static let compiler = "/usr/bin/clang"
    /// Debian's clang, lld, wasi-libc and libclang-rt-dev-wasm32, which `make test-tools` installs.
    static let hasCompiler =
        FileManager.default.isExecutableFile(atPath: compiler)
        && FileManager.default.fileExists(atPath: "/usr/include/wasm32-wasi")

    @Test(
        "a C program runs",
        .enabled(if: Checkout.runs(ifThere: hasCompiler), "Debian's clang, lld and wasi-libc are not installed."))
    func cProgram() throws {
        let folder = try playground()
        let source = Tools.root.appendingPathComponent("Tests/GoProgramTests/Programs/c/files.c").path
        let module = folder.path("files.wasm")
        let compiled = try Command(
            executable: Self.compiler, arguments: ["--target=wasm32-wasi", "-O1", "-o", module, source],
            environment: ["PATH": "/usr/bin:/bin"]
        ).run()
        #expect(compiled.end == .exited(0), "\(compiled.errorText)")
        try FileManager.default.createDirectory(atPath: folder.path("work"), withIntermediateDirectories: true)
        let input = try folder.write(Data("hello\n".utf8), to: "input")
        let expected = """
            3 arguments, last b, X=1
            9 bytes: 0.333 42
            stat 0, size 9, link d/moved, O_EXCL -1
            1 name; outside: Permission denied
            slept 1

            """
        // The first folder is the working directory, but for those that are given under their own paths.
        let script = "cd \"$0\" && exec \"$@\""
        for options in [["--dir", "work:/w"], ["--dir", "work", "--env", "FOLDER=work"]] {
            let finished = try Command(
                executable: "/bin/sh",
                arguments: ["-c", script, folder.url.path, Tools.executable] + options
                    + ["--env", "X=1", module, "a", "b"],
                environment: Tools.environment, input: input
            ).run()
            #expect(String(decoding: finished.output, as: UTF8.self) == expected, "\(options)")
            #expect(finished.end == .exited(7))
            #expect(finished.errorLines.last == "read 6")
        }
    }

    // MARK: - Exports

    @Test(
        "a module that is no program is described, and what it misses is named",
        arguments: GoBuild.all.filter { $0.hasWASI && $0.minor >= 24 })
    func reactor(_ build: GoBuild) throws {
        let finished = try Command(
            executable: Tools.executable, arguments: [build.wasi("plugin")], environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(1))
        #expect(finished.errorLines.count == 1)
        #expect(finished.errorText.contains("--invoke NAME") && finished.errorText.contains("add(i32, i32) -> (i32)"))
        let missing = try Command(
            executable: Tools.executable, arguments: ["--invoke", "add", build.wasi("plugin"), "2", "-3"],
            environment: Tools.environment
        ).run()
        #expect(missing.end == .exited(1))
        #expect(missing.errorText.contains("unknown import: host.multiply, a function (i64, i64) -> (i64)"))
    }
}
