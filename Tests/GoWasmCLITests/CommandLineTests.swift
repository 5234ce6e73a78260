import ArgumentParser
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasmCLI

@Suite("The command line")
struct CommandLineTests {
    private func parse(_ arguments: String...) throws -> GoWasmFast {
        try #require(try GoWasmFast.parseAsRoot(arguments) as? GoWasmFast)
    }

    @Test("everything behind the file belongs to the program")
    func passthrough() throws {
        let command = try parse(
            "--trace", "--env", "A=1", "main.wasm", "--help", "--", "-x", "--trace", "", "--env", "B")
        #expect(command.trace)
        #expect(command.environment == ["A=1"])
        #expect(command.command == ["main.wasm", "--help", "--", "-x", "--trace", "", "--env", "B"])
        #expect(try parse("main.wasm", "--trace").trace == false)
    }

    @Test("a separator before the file is not part of the program's arguments")
    func separator() throws {
        #expect(try parse("--", "main.wasm", "--", "a").command == ["main.wasm", "--", "a"])
        #expect(try parse("--inherit-env", "--", "-.wasm").command == ["-.wasm"])
    }

    @Test(
        "wrong options",
        arguments: [
            ([], "Missing expected argument 'FILE.wasm'"), (["--bogus", "main.wasm"], "Unknown option '--bogus'"),
            (["-x"], "Unknown option '-x'"), (["--env"], "Missing value for '--env <K=V>'"),
            (
                ["--env", "novalue", "main.wasm"],
                "The value 'novalue' is invalid for '--env <K=V>': it must be NAME=VALUE"
            ),
            (["--dir", "a:b:c", "main.wasm"], "The value 'a:b:c' is invalid for '--dir <HOST[:GUEST][:ro]>'"),
            (["--machine-code", "main.wasm"], "'--machine-code' goes with '--disassemble' only"),
            (
                ["--disassemble", "--machine-code", "--no-native", "main.wasm"],
                "'--machine-code' and '--no-native' contradict each other"
            ),
            (["--env", "=x", "main.wasm"], "The value '=x' is invalid for '--env <K=V>': it must be NAME=VALUE"),
        ] as [([String], String)])
    func wrongOptions(arguments: [String], message: String) {
        #expect {
            try GoWasmFast.parseAsRoot(arguments)
        } throws: { error in
            GoWasmFast.message(for: error) == message && GoWasmFast.exitCode(for: error).rawValue == 64
        }
    }

    @Test("--inherit-env is for all variables, or for those that it names")
    func inheritance() throws {
        func parsed(_ arguments: String...) throws -> GoWasmFast {
            try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(arguments)) as? GoWasmFast)
        }
        let whole = try parsed("--inherit-env", "main.wasm")
        #expect(whole.inheritEnv && whole.inheritedNames.isEmpty && whole.command == ["main.wasm"])
        let some = try parsed("--inherit-env=HOME,GO*", "--inherit-env=!A", "main.wasm")
        #expect(!some.inheritEnv && some.inheritedNames == ["HOME,GO*", "!A"])
        #expect(throws: (any Error).self) { try parsed("--inherit-env=", "main.wasm") }
        let given = ["--inherit-env=A", "main.wasm", "--inherit-env=B"]
        let command = try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(given)) as? GoWasmFast)
        #expect(OptionalValues.restored(command.command, from: given) == ["main.wasm", "--inherit-env=B"])
    }

    @Test("filters of names")
    func filters() {
        let filter = NameFilter("HOME,GO*,!GOSUM*")
        #expect(["HOME", "GOPATH", "GO"].allSatisfy { filter.wants($0) })
        #expect(!["HOMES", "PATH", "GOSUMDB", "AGO"].contains { filter.wants($0) })
        #expect(NameFilter("!A*").wants("B") && !NameFilter("!A*").wants("AB"))
    }

    @Test("an option with a value or without leaves the program's arguments as they are")
    func optionalValue() throws {
        let given = ["--allow-net=a:1,b", "--dir", "x", "main.wasm", "--allow-net=c", "--allow-net-value=d"]
        let command = try #require(try GoWasmFast.parseAsRoot(OptionalValues.rewritten(given)) as? GoWasmFast)
        #expect(command.allowedHosts == ["a:1,b"] && !command.allowNet)
        #expect(OptionalValues.restored(command.command, from: given) == Array(given[3...]))
        #expect(try parse("--allow-net", "main.wasm").allowNet)
        #expect {
            try GoWasmFast.parseAsRoot(OptionalValues.rewritten(["--allow-net=a:b", "main.wasm"]))
        } throws: {
            GoWasmFast.message(for: $0) == "The value 'a:b' is invalid for '--allow-net=<HOST[:PORT],...>'"
        }
    }

    @Test("--help and --version succeed", arguments: ["--help", "-h", "--version"])
    func information(option: String) {
        #expect {
            try GoWasmFast.parseAsRoot([option])
        } throws: { error in
            GoWasmFast.exitCode(for: error) == .success && !GoWasmFast.fullMessage(for: error).isEmpty
        }
    }
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
