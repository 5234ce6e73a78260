import Foundation
import LibC
import Testing
import _TestSupport

@testable import GoWasmCLI

/// What the built command is asked and answers, as a process of its own.
@Suite(
    "The command's words, codes and links", .serialized,
    .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
struct CommandTests {
    /// Modules that end in all ways in which no Go program is needed.
    private static let endings = """
        (module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (func (export "_start") (call $exit (i32.const 2)))
          (func (export "trap") unreachable)
          (func (export "loop") (loop (br 0)))
          (func (export "leave") (param i32) (call $exit (local.get 0)))
          (func (export "nothing")))
        """

    @Test(
        "each exit code is one of the table",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)),
        arguments: [
            // The program's own.
            ("\"$1\" \"$2\" 1", 0), ("\"$1\" --invoke nothing $3", 0), ("\"$1\" $3", 2),
            ("\"$1\" --invoke leave $3 77", 77), ("\"$1\" --invoke leave $3 2", 2),
            // What is refused, cannot be opened, or traps.
            ("\"$1\" /no/such/file", 1), ("\"$1\" /dev/null", 1), ("\"$1\" inspect /no/such/file", 1),
            ("\"$1\" --invoke trap $3", 1), ("\"$1\" --dir /no/such/folder \"$2\" 1", 1),
            ("\"$1\" --cpuprofile /no/such/folder/x \"$2\" 1", 1), ("\"$1\" --max-memory 1M \"$2\" 1", 1),
            // A wrong command line.
            ("\"$1\"", 64), ("\"$1\" --no-such-option \"$2\"", 64), ("\"$1\" --timeout soon \"$2\"", 64),
            ("\"$1\" run", 64), ("\"$1\" inspect", 64), ("\"$1\" inspect --nothing \"$2\"", 64),
            ("\"$1\" --invoke none $3", 64), ("\"$1\" --invoke leave $3", 64), ("\"$1\" --invoke leave $3 x", 64),
            ("\"$1\" --disassemble $3 none", 64), ("\"$1\" --disassemble --invoke trap $3", 64),
            // Ended from outside.
            ("\"$1\" --timeout 100ms --invoke loop $3", 124), ("\"$1\" --timeout 0.1 \"$2\" 60", 124),
            ("\"$1\" --budget 100K --invoke loop $3", 124), ("\"$1\" --no-native --budget 3M \"$2\" 60", 124),
            ("\"$1\" --budget 1G \"$2\" 10", 0), ("\"$1\" --budget 0 \"$2\" 10", 64),
            ("timeout --preserve-status -s QUIT 2 \"$1\" --invoke loop $3", 2),
            ("timeout --preserve-status -s TERM 2 \"$1\" --stats --invoke loop $3 >&2", 128 + 15),
            // Questions about the command itself.
            ("\"$1\" --help", 0), ("\"$1\" help", 0), ("\"$1\" run --help", 0), ("\"$1\" inspect --help", 0),
            ("\"$1\" bench --help", 0), ("\"$1\" bench", 64), ("\"$1\" bench --runs 0 \"$2\"", 64),
            ("\"$1\" bench --runs 1 \"$2\" 10", 0), ("\"$1\" bench /no/such/file", 1),
            ("\"$1\" --version", 0), ("\"$1\" run --version", 0), ("\"$1\" --generate-completion-script bash", 0),
        ] as [(String, Int32)])
    func exitCodes(script: String, code: Int32) throws {
        try withTemporaryFile(WebAssemblyText.assemble(Self.endings)) { path in
            let finished = try Built.shell(script, path)
            #expect(finished.status == code, "\(script): \(finished.errors)")
            // Whatever is no success of the command's own says why.
            let isProgram = script.contains("leave $3 ") && code != 64 || script == "\"$1\" $3"
            #expect(finished.errors.isEmpty == (code == 0 || isProgram), "\(script): \(finished.errors)")
        }
    }

    @Test("the table of the README has the codes")
    func table() throws {
        let text = try String(contentsOf: Checkout.folder.appendingPathComponent("README.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }
        for code in [
            CommandExit.success, CommandExit.failure, CommandExit.goFailure, CommandExit.usage, CommandExit.limit,
        ] {
            #expect(rows.contains { $0.hasPrefix("| \(code) |") }, "\(code)")
        }
        #expect(rows.contains { $0.hasPrefix("| 128 + ") })
        // The chart of other codes is nowhere else.
        #expect(rows.filter { $0.hasPrefix("| \(CommandExit.usage) |") }.count == 1)
    }

    @Test("'-' is standard input, at whose end the program finds itself")
    func standardInput() throws {
        let (status, output, errors) = try Built.shell("cat \"$2\" | \"$1\" - 12 && \"$1\" - 13 < \"$2\"")
        #expect(status == 0 && output == "fib(12) = 144\nfib(13) = 233\n" && errors == "")
        #expect(try Built.shell("\"$1\" inspect - < \"$2\" | head -1").output.hasPrefix("file          -, 2180 kB"))
        let empty = try Built.shell("\"$1\" - < /dev/null")
        #expect(empty.status == 1 && empty.errors.hasPrefix("gowasm-fast: -: the file is empty"))
    }

    /// Reads standard input, and exits with the number of bytes.
    private static let counting = """
        (module
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\\10\\00\\00\\00\\10\\00\\00\\00")
          (func (export "_start")
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $exit (i32.load (i32.const 8)))))
        """

    @Test(
        "text in the form of .wat runs, also from standard input; or the program that assembles it is named",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func text() throws {
        try withTemporaryFile(Array(Self.counting.utf8)) { path in
            #expect(try Built.shell("printf abc | \"$1\" \"$3\"", path).status == 3)
            #expect(try Built.shell("cat \"$3\" | \"$1\" -", path).status == 0)
            let missing = try Built.shell("PATH=/no/such/folder \"$1\" \"$3\"", path)
            #expect(missing.status == 1)
            #expect(
                missing.errors
                    == "gowasm-fast: \(path): is WebAssembly in text form (.wat); to run it, install wabt, whose "
                    + "program wat2wasm assembles it\n")
        }
    }

    @Test("a mistyped subcommand, and one after options, are explained")
    func mistypedSubcommands() throws {
        let mistyped = try Built.shell("cd / && \"$1\" inspekt \"$2\"")
        #expect(mistyped.status == 1)
        #expect(mistyped.errors.hasSuffix("No such file or directory; did you mean the subcommand 'inspect'?\n"))
        let late = try Built.shell("cd / && \"$1\" --trace inspect \"$2\"")
        #expect(late.errors.hasSuffix("; the subcommand 'inspect' comes before all options\n"))
    }

    @Test("wrong options name the subcommand whose help explains them")
    func usage() throws {
        let wrong = try Built.shell("\"$1\" --tarce \"$2\"")
        #expect(
            wrong.errors == """
                Error: Unknown option '--tarce'. Did you mean '--trace'?
                Usage: gowasm-fast [run] [options] FILE.wasm [arguments ...]
                  See 'gowasm-fast run --help' for more information.

                """)
    }

    @Test("--env NAME passes one variable on, and says if there is none")
    func inheritedVariable() throws {
        let finished = try Built.shell("A=1 \"$1\" --env A --env NONE_OF_THIS_NAME \"$2\" 12")
        #expect(finished.status == 0)
        #expect(
            finished.errors.hasSuffix(
                "main.wasm: --env NONE_OF_THIS_NAME has no effect: this process has no such variable\n"))
        #expect(finished.errors.split(separator: "\n").count == 1)
    }

    @Test("options that only a run has a use for say so where nothing is run")
    func idleOptions() throws {
        let finished = try Built.shell("\"$1\" --stats --timeout 1s --disassemble \"$2\" main.main")
        #expect(finished.status == 0 && finished.output.contains("main.main"))
        #expect(
            finished.errors == "gowasm-fast: no effect with --disassemble, which runs nothing: --timeout, --stats\n")
    }

    @Test("a program for JavaScript that is to listen says that it cannot")
    func listening() throws {
        let finished = try Built.shell("\"$1\" --tcp-listen 127.0.0.1:0 \"$2\" 12")
        #expect(finished.status == 0)
        #expect(
            finished.errors.hasSuffix(
                "--tcp-listen has no effect: a program for JavaScript cannot listen; build it with GOOS=wasip1\n"))
    }

    @Test(
        "completions know the options, subcommands and files",
        arguments: [("bash", "bash -n"), ("zsh", "cat"), ("fish", "cat")])
    func completions(shell: String, check: String) throws {
        let finished = try Built.shell("\"$1\" --generate-completion-script \(shell) | tee /dev/stderr | \(check)")
        #expect(finished.status == 0)
        for word in ["max-memory", "stub-imports", "tcp-listen", "inspect", "bench", "against", "json", "wasm"] {
            #expect(finished.errors.contains(word), "\(word)")
        }
    }

    // MARK: - The links for the go command

    /// Calls the command by a name of its own.
    private func linked(_ name: String, _ script: String) throws -> (status: Int32, output: String, errors: String) {
        try Built.shell(
            "d=$(mktemp -d) && ln -s \"$1\" $d/\(name) && { \(script.replacing("LINK", with: "$d/\(name)")); }; s=$?; rm -r $d; exit $s"
        )
    }

    @Test("the links say what they are", arguments: ["go_js_wasm_exec", "go_wasip1_wasm_exec"])
    func links(name: String) throws {
        let nothing = try linked(name, "LINK")
        #expect(nothing.status == 64 && nothing.output == "")
        let help = try linked(name, "LINK --help")
        #expect(help.status == 0 && help.errors == "")
        #expect(help.output == nothing.errors)
        #expect(help.output.hasPrefix("\(name): gowasm-fast under the name that the go command looks for.\n"))
        #expect(help.output.contains("GOWASM_OPTIONS"))
        #expect(help.output.contains("GOWASIRUNTIMEARGS") == (name == "go_wasip1_wasm_exec"))
        for line in help.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }

    @Test("options of the links come from variables")
    func linkOptions() throws {
        let traced = try linked(
            "go_js_wasm_exec", "GOWASM_OPTIONS=\"--trace-filter 'runtime.wasmExit'\" LINK \"$2\" 12")
        #expect(traced.status == 0 && traced.output == "fib(12) = 144\n")
        #expect(traced.errors.split(separator: "\n").count == 1 && traced.errors.contains("runtime.wasmExit(code=0)"))
        let stopped = try linked("go_js_wasm_exec", "GOWASM_OPTIONS='--timeout 200ms' LINK \"$2\" 60")
        #expect(stopped.status == CommandExit.limit)
        // Go's own variable is that of the script for WASI.
        let other = try linked("go_js_wasm_exec", "GOWASIRUNTIMEARGS='--nothing' LINK \"$2\" 12")
        #expect(other.status == 0 && other.errors == "")
        let own = try linked("go_wasip1_wasm_exec", "GOWASIRUNTIMEARGS='--timeout 200ms' LINK \"$2\" 60")
        #expect(own.status == CommandExit.limit)
        for (options, message) in [
            ("--nothing", "Unknown option '--nothing'"), ("file", "Unexpected argument 'file'"),
            ("--timeout 0", "The value '0' is invalid for '--timeout <TIME>'"),
        ] {
            let wrong = try linked("go_js_wasm_exec", "GOWASM_OPTIONS='\(options)' LINK \"$2\" 12")
            #expect(wrong.status == 64 && wrong.output == "")
            #expect(wrong.errors.hasPrefix("gowasm-fast: GOWASM_OPTIONS: \(message)"), "\(wrong.errors)")
            #expect(wrong.errors.split(separator: "\n").count == 1)
        }
        let open = try linked("go_js_wasm_exec", "GOWASM_OPTIONS=\"--env 'A\" LINK \"$2\" 12")
        #expect(open.status == 64 && open.errors.contains("a quotation mark is not closed"))
    }
}
