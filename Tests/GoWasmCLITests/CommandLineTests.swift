import ArgumentParser
import HostSystem
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasmCLI

@Suite("The command line")
struct CommandLineTests {
    private func parse(_ arguments: String...) throws -> Run {
        try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(arguments)) as? Run)
    }

    /// What a wrong command line is told, which ends with the code 64.
    private func complaint(_ arguments: [String]) throws -> String {
        do {
            _ = try GoWasmFast.parseAsRoot(OptionalValues.rewritten(arguments))
        } catch {
            #expect(GoWasmFast.exitCode(for: error).rawValue == CommandExit.usage)
            return GoWasmFast.message(for: error)
        }
        Issue.record("\(arguments) are right")
        return ""
    }

    @Test("everything after the file belongs to the program, with the word run or without")
    func passthrough() throws {
        for first in [[], ["run"]] {
            let given = first + ["--trace", "--env", "A=1", "main.wasm", "--help", "--", "-x", "--trace", "", "run"]
            let command = try #require(try GoWasmFast.parseAsRoot(given) as? Run)
            #expect(command.options.trace)
            #expect(command.options.environment == [OptionValue.Variable(name: "A", value: "1")])
            #expect(command.command == ["main.wasm", "--help", "--", "-x", "--trace", "", "run"])
        }
        #expect(try parse("main.wasm", "--trace").options.trace == false)
        #expect(try parse("main.wasm", "--help").command == ["main.wasm", "--help"])
        #expect(try parse("--trace", "main.wasm", "--version").command == ["main.wasm", "--version"])
        #expect(try parse("run", "-").command == ["-"])
    }

    @Test("many arguments are read in parts, with what all at once would give")
    func manyArguments() throws {
        for optionCount in 28...36 {
            for separator in [[], ["--"]] {
                let options = (0..<optionCount).flatMap { ["--env", "A\($0)=1"] }
                let given =
                    ["--inherit-env=B"] + options + separator + ["main.wasm"] + (0..<200).map { "\($0)" }
                let whole = try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(given)) as? Run)
                let parts = try #require(try GoWasmFast.parsed(given) as? Run)
                #expect(parts.command == whole.command && parts.command.count == 201)
                #expect(parts.options.environment == whole.options.environment)
                #expect(parts.options.environment.count == optionCount)
                #expect(OptionalValues.restored(parts.command, from: given) == parts.command)
            }
        }
        let many = (0..<20_000).map { "\($0)" }
        let run = try #require(try GoWasmFast.parsed(["--env", "A=1", "main.wasm"] + many) as? Run)
        #expect(run.command == ["main.wasm"] + many)
        #expect(throws: (any Error).self) { try GoWasmFast.parsed(["inspect", "main.wasm"] + many.prefix(100)) }
        #expect(throws: (any Error).self) { try GoWasmFast.parsed(["--jsno", "main.wasm"] + many.prefix(100)) }
    }

    @Test("a subcommand is the first word; elsewhere the word is a file")
    func subcommands() throws {
        let inspect = try #require(try GoWasmFast.parseAsRoot(["inspect", "--json", "a.wasm"]) as? Inspect)
        #expect(inspect.json && inspect.file == "a.wasm")
        #expect(try parse("--trace", "run", "x").command == ["run", "x"])
        #expect(try parse("--trace", "inspect").command == ["inspect"])
        #expect(try parse("./inspect", "x").command == ["./inspect", "x"])
        #expect(try complaint(["inspect"]) == "Missing expected argument '<FILE.wasm>'")
        #expect(try complaint(["inspect", "a", "b"]) == "Unexpected argument 'b'")
        #expect(try complaint(["inspect", "--jsno", "a"]) == "Unknown option '--jsno'. Did you mean '--json'?")
        #expect(try complaint(["run"]) == "Missing expected argument 'FILE.wasm'")
    }

    @Test("a separator before the file is not part of the program's arguments")
    func separator() throws {
        #expect(try parse("--", "main.wasm", "--", "a").command == ["main.wasm", "--", "a"])
        #expect(try parse("--inherit-env", "--", "-.wasm").command == ["-.wasm"])
        #expect(try parse("--", "run").command == ["run"])
    }

    @Test(
        "wrong options",
        arguments: [
            ([], "Missing expected argument 'FILE.wasm'"), (["--bogus", "main.wasm"], "Unknown option '--bogus'"),
            (["-x"], "Unknown option '-x'"), (["--env"], "Missing value for '--env <NAME[=VALUE]>'"),
            (["--trac", "main.wasm"], "Unknown option '--trac'. Did you mean '--trace'?"),
            (["run", "--alow-net=x", "main.wasm"], "Unknown option '--alow-net'. Did you mean '--allow-net'?"),
            (["--disasemble", "main.wasm"], "Unknown option '--disasemble'. Did you mean '--disassemble'?"),
            (
                ["--cpuprofile", "f", "--trace-file", "f", "main.wasm"],
                "The file 'f' is named twice for what is to be written"
            ),
            (["--machine-code", "main.wasm"], "'--machine-code' goes with '--disassemble' only"),
            (
                ["--disassemble", "--machine-code", "--no-native", "main.wasm"],
                "'--machine-code' and '--no-native' contradict each other"
            ),
            (
                ["--disassemble", "--invoke", "f", "main.wasm"],
                "'--disassemble' and '--invoke' contradict each other"
            ),
        ] as [([String], String)])
    func wrongOptions(arguments: [String], message: String) throws {
        #expect(try complaint(arguments) == message)
    }

    @Test(
        "a wrong value is told what is allowed",
        arguments: [
            ("--env", "=x", "--env <NAME[=VALUE]>", "it must be NAME=VALUE, or NAME for the variable of this process"),
            (
                "--dir", "a:b:c", "--dir <HOST[:GUEST][:ro]>",
                "it must be HOST, HOST:GUEST or HOST::GUEST, with :ro at the end for a folder that is only to be read"
            ),
            (
                "--timeout", "soon", "--timeout <TIME>",
                "it must be a time longer than 0, such as 1.5 (seconds), 500ms, 1s, 2m or 1h30m"
            ),
            (
                "--budget", "1.5.5", "--budget <NUMBER>",
                "it must be a number of at least 1, such as 1000000, 500K, 5M or 1G (of 1000)"
            ),
            (
                "--max-memory", "64Q", "--max-memory <SIZE>",
                "it must be a size of at least one byte, such as 65536, 64M or 1.5GiB (units of 1024), 512MB (of 1000)"
            ),
            ("--max-stack", "1M", "--max-stack <SIZE>", "it must be a size from 4MiB to 4GiB"),
            (
                "--max-response", "-1", "--max-response <SIZE>",
                "it must be a size of at least one byte, such as 65536, 64M or 1.5GiB (units of 1024), 512MB (of 1000)"
            ),
            (
                "--tcp-listen", "8080", "--tcp-listen <ADDRESS:PORT>",
                "it must be ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0 (any free port)"
            ),
            (
                "--trace-filter", "!", "--trace-filter <NAMES,...>",
                "it must be a list of names such as HOME,GO*,!GOFLAGS"
            ),
        ])
    func wrongValues(option: String, value: String, name: String, allowed: String) throws {
        let given = value.hasPrefix("-") ? ["\(option)=\(value)"] : [option, value]
        #expect(
            try complaint(given + ["main.wasm"]) == "The value '\(value)' is invalid for '\(name)': \(allowed)")
    }

    @Test("--inherit-env is for all variables, or for those that it names")
    func inheritance() throws {
        let whole = try parse("--inherit-env", "main.wasm")
        #expect(whole.options.inheritEnv && whole.options.inheritedNames.isEmpty && whole.command == ["main.wasm"])
        let some = try parse("--inherit-env=HOME,GO*", "--inherit-env=!A", "main.wasm")
        #expect(!some.options.inheritEnv && some.options.inheritedNames == ["HOME,GO*", "!A"])
        #expect(
            try complaint(["--inherit-env=", "main.wasm"])
                == "The value '' is invalid for '--inherit-env=<NAME,PREFIX*,...>': it must be a list of names such as "
                + "HOME,GO*,!GOFLAGS")
        let given = ["--inherit-env=A", "main.wasm", "--inherit-env=B"]
        let command = try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(given)) as? Run)
        #expect(OptionalValues.restored(command.command, from: given) == ["main.wasm", "--inherit-env=B"])
    }

    @Test("filters of names")
    func filters() {
        let filter = NameFilter("HOME,GO*,!GOSUM*")
        #expect(["HOME", "GOPATH", "GO"].allSatisfy { filter.wants($0) })
        #expect(!["HOMES", "PATH", "GOSUMDB", "AGO"].contains { filter.wants($0) })
        #expect(NameFilter("!A*").wants("B") && !NameFilter("!A*").wants("AB"))
        #expect(NameFilter("a,b*,!c,!d").idlePatterns(among: [["x", "a"], ["d"]]) == ["b*", "!c"])
    }

    @Test("an option with a value or without leaves the program's arguments as they are")
    func optionalValue() throws {
        let given = ["--allow-net=a:1,b", "--dir", "x", "main.wasm", "--allow-net=c", "--allow-net-value=d"]
        let command = try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(given)) as? Run)
        #expect(command.options.allowedHosts == ["a:1,b"] && !command.options.allowNet)
        #expect(OptionalValues.restored(command.command, from: given) == Array(given[3...]))
        #expect(try parse("--allow-net", "main.wasm").options.allowNet)
        #expect(
            try complaint(["--allow-net=a:b", "main.wasm"])
                == "The value 'a:b' is invalid for '--allow-net=<HOST[:PORT],...>': it must be a list such as "
                + "example.com:443,10.0.0.0/8,[::1]:8080,*:53; the port may be left out")
    }

    @Test(
        "help and version succeed",
        arguments: [
            ["--help"], ["-h"], ["--version"], ["help"], ["--generate-completion-script", "bash"],
            ["--generate-completion-script=zsh"], ["--experimental-dump-help"],
        ])
    func overview(arguments: [String]) throws {
        #expect(Overview.isAsked(arguments))
        do {
            var command = try Overview.parseAsRoot(arguments)
            try command.run()
            Issue.record("nothing was shown")
        } catch {
            #expect(Overview.exitCode(for: error) == .success)
            let text = Overview.fullMessage(for: error)
            #expect(text.contains("gowasm-fast"))
            // Options of a run and subcommands are in all of them but the version.
            guard arguments != ["--version"] else { return }
            for word in ["max-memory", "inspect", "stub-imports", "invoke"] { #expect(text.contains(word), "\(word)") }
        }
    }

    @Test(
        "each subcommand has help of its own",
        arguments: [
            ["run", "--help"], ["inspect", "-h"], ["help", "inspect"], ["bench", "--help"], ["help", "bench"],
        ])
    func help(arguments: [String]) throws {
        #expect(!Overview.isAsked(arguments))
        do {
            var command = try GoWasmFast.parseAsRoot(arguments)
            try command.run()
            Issue.record("nothing was shown")
        } catch {
            #expect(GoWasmFast.exitCode(for: error) == .success)
            #expect(GoWasmFast.fullMessage(for: error).contains("USAGE: gowasm-fast"))
        }
    }

    @Test("what asks for a run is none of the command's questions about itself")
    func runs() {
        for given in [
            [], ["main.wasm"], ["--help", "main.wasm"], ["--trace", "--help"], ["inspect", "--help"],
            ["bench", "--help"],
        ] {
            #expect(!Overview.isAsked(given), "\(given)")
        }
    }
}

@Suite("Values of options")
struct OptionValueTests {
    @Test(
        "times",
        arguments: [
            ("1", 1), ("1.5", 1.5), (".5", 0.5), ("1s", 1), ("500ms", 0.5), ("2m", 120), ("2min", 120), ("1h", 3600),
            ("1h30m", 5400), ("1m1.5s", 61.5),
        ] as [(String, Double)])
    func times(text: String, seconds: Double) throws { #expect(try OptionValue.seconds(text) == seconds) }

    @Test(
        "no times",
        arguments: [
            "", "0", "0s", "-1", "s", "1 s", "1d", "1e3", "inf", "nan", "0x10", "1.2.3", "1s1", "1000000000", "٣", "+1",
        ])
    func noTimes(text: String) { #expect(throws: ValueProblem.self) { try OptionValue.seconds(text) } }

    @Test(
        "sizes",
        arguments: [
            ("65536", 65536), ("64K", 65536), ("64k", 65536), ("64KiB", 65536), ("64KB", 64000), ("1M", 1 << 20),
            ("512MB", 512_000_000), ("512mb", 512_000_000), ("1GiB", 1 << 30), ("1G", 1 << 30), ("1GB", 1_000_000_000),
            ("1.5GiB", 3 << 29), ("1B", 1),
        ] as [(String, UInt64)])
    func sizes(text: String, bytes: UInt64) throws { #expect(try OptionValue.bytes(text) == bytes) }

    @Test(
        "no sizes", arguments: ["", "0", "-1", "M", "1T", "1 M", "1e3", "0x10", "99999999999999999999", "inf", "0.1"])
    func noSizes(text: String) { #expect(throws: ValueProblem.self) { try OptionValue.bytes(text) } }

    @Test("variables have a value, or that of this process")
    func variables() throws {
        #expect(try OptionValue.variable("A=b=c") == OptionValue.Variable(name: "A", value: "b=c"))
        #expect(try OptionValue.variable("A=") == OptionValue.Variable(name: "A", value: ""))
        #expect(try OptionValue.variable("A") == OptionValue.Variable(name: "A", value: nil))
    }

    @Test(
        "words of the environment are separated as a shell does it",
        arguments: [
            ("", []), ("  \n", []), ("a b", ["a", "b"]), ("--env 'A=b c' d", ["--env", "A=b c", "d"]),
            (#"--env "A=b \" c""#, ["--env", #"A=b " c"#]), (#"a\ b 'c\d'"#, ["a b", #"c\d"#]), ("'' \"\"", ["", ""]),
            ("a'b'\"c\"d", ["abcd"]), ("'a", nil), ("\"a", nil), ("a\\", nil),
        ] as [(String, [String]?)])
    func words(text: String, words: [String]?) { #expect(ShellWords.split(text) == words) }
}

@Suite("Files that cannot be run")
struct BadInputTests {
    /// Runs a file that is no program; returns the exit code and what was reported.
    private func run(_ path: String, _ arguments: [String] = []) -> (code: Int32, lines: [String]) {
        nonisolated(unsafe) var lines: [String] = []
        var invocation = Invocation(file: path, arguments: [path] + arguments)
        invocation.report = { lines.append($0) }
        return (invocation.run(), lines)
    }

    /// The smallest program that Go's linker could have made.
    private static let program: [UInt8] = {
        var builder = ModuleBuilder()
        let exit = builder.addType(FunctionType([.i32]))
        builder.imports = [name("gojs") + name("runtime.wasmExit") + [0x00] + unsigned(exit)]
        builder.functions = [
            builder.addType(FunctionType([.i32, .i32])), builder.addType(FunctionType([])),
            builder.addType(FunctionType([], [.i32])),
        ]
        // run: wasmExit(0), whose stack frame is all zeros.
        builder.bodies = [[0x00, 0x41, 0x10, 0x10, 0x00, 0x0B], [0x00, 0x0B], [0x00, 0x41, 0x00, 0x0B]]
        builder.memories = [[0x00, 0x01]]
        builder.addExport("run", .function, 1)
        builder.addExport("resume", .function, 2)
        builder.addExport("getsp", .function, 3)
        builder.addExport("mem", .memory, 0)
        return builder.bytes
    }()

    @Test("the small program runs, so that the tests below fail for their own reasons")
    func small() throws {
        let (code, lines) = try withTemporaryFile(Self.program) { run($0) }
        #expect(code == 0)
        #expect(lines == [])
    }

    @Test("no file, a directory, nothing in it, something else in it")
    func files() throws {
        let (code, lines) = run("/no/such/file.wasm")
        #expect(code == 1)
        #expect(lines == ["gowasm-fast: /no/such/file.wasm: cannot open the file: No such file or directory"])
        #expect(run("/").lines == ["gowasm-fast: /: is a directory; name the .wasm file in it"])
        let advice = "build it with GOOS=js GOARCH=wasm go build -o main.wasm"
        try withTemporaryFile([]) { path in
            #expect(run(path).lines == ["gowasm-fast: \(path): the file is empty; \(advice)"])
        }
        try withTemporaryFile(Array("#!/bin/sh\n".utf8)) { path in
            let (code, lines) = run(path)
            #expect(code == 1)
            #expect(
                lines == [
                    "gowasm-fast: \(path): is a script, and not a module of WebAssembly; \(advice)"
                ])
        }
    }

    @Test("a program cut off anywhere is one line and exit code 1")
    func truncated() throws {
        for length in 1..<Self.program.count {
            let (code, lines) = try withTemporaryFile(Array(Self.program.prefix(length))) { run($0) }
            #expect(code == 1)
            #expect(lines.count == 1 && !lines[0].contains("\n"), "\(length) bytes: \(lines)")
        }
    }

    @Test("any changed byte leads to a run or to one line, never to a crash")
    func changed() throws {
        var random = SplitMix(seed: 42)
        for position in Self.program.indices {
            var bytes = Self.program
            bytes[position] ^= UInt8(truncatingIfNeeded: random.next() % 255 + 1)
            // A changed run function may loop for ever.
            let code = Self.program.count - 15
            if position >= code { continue }
            let (_, lines) = try withTemporaryFile(bytes) { run($0) }
            #expect(lines.count <= 3, "byte \(position): \(lines)")
        }
    }

    @Test("arguments that Go has no room for")
    func longArguments() throws {
        try withTemporaryFile(Self.program) { path in
            let (code, lines) = run(path, [String(repeating: "a", count: 9000)])
            #expect(code == 1)
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("gowasm-fast: \(path): 2 arguments and 0 environment variables take "))
            #expect(
                lines[0].hasSuffix(
                    " bytes, but Go's start code for js has room for 8191; the longest is argument 1 with 9000 bytes; "
                        + "pass less in arguments, for example a file's name or standard input, or build it with "
                        + "GOOS=wasip1, which has no such limit"))
        }
    }

    @Test("a file name with a line break stays on its line")
    func oddName() {
        #expect(
            run("/no/such\nfile").lines == [
                "gowasm-fast: \"/no/such\\nfile\": cannot open the file: No such file or directory"
            ])
    }
}
