import ArgumentParser
import Foundation
import LibC
import Testing
import _TestSupport

@testable import GoWasmCLI

@Suite("The words and figures of bench")
struct BenchWordsTests {
    @Test("everything after the file belongs to the program, and options before it to bench")
    func passthrough() throws {
        let given = [
            "bench", "--runs", "3", "--options", "--dir . --env 'A=1 2'", "main.wasm", "--runs", "4", "--help",
        ]
        let bench = try #require(try GoWasmFast.parseAsRoot(given) as? Bench)
        #expect(bench.runs == 3 && bench.warmUp == 1)
        #expect(bench.options == ["--dir", ".", "--env", "A=1 2"])
        #expect(bench.command == ["main.wasm", "--runs", "4", "--help"])
        let separated = try #require(try GoWasmFast.parseAsRoot(["bench", "--", "-x.wasm"]) as? Bench)
        #expect(separated.command == ["-x.wasm"])
    }

    @Test(
        "wrong words are told what is allowed",
        arguments: [
            ([], "Missing expected argument 'FILE.wasm'"),
            (["-"], "'-' cannot be FILE here: each run reads the file anew"),
            (["--rnus", "2", "a"], "Unknown option '--rnus'. Did you mean '--runs'?"),
            (
                ["--runs", "0", "a"],
                "The value '0' is invalid for '--runs <COUNT>': it must be a whole number from 1 to 100000"
            ),
            (
                ["--against", "node", "a"],
                "The value 'node' is invalid for '--against <COMMAND {wasm} {args}>': it must be a command such as "
                    + "'wasmtime {wasm} {args}', or 'native {args}' for a program of its own"
            ),
            (
                ["--against", "node '{wasm}", "a"],
                "The value 'node '{wasm}' is invalid for '--against <COMMAND {wasm} {args}>': a quotation mark is not "
                    + "closed, or nothing follows the last backslash"
            ),
            (
                ["--options", "--dirr x", "a"],
                "The value '--dirr x' is invalid for '--options <OPTIONS>': Unknown option '--dirr'. Did you mean "
                    + "'--dir'?; it must be options of 'gowasm-fast run', and nothing else"
            ),
        ] as [([String], String)])
    func wrongWords(arguments: [String], message: String) throws {
        do {
            _ = try GoWasmFast.parseAsRoot(["bench"] + arguments)
            Issue.record("\(arguments) are right")
        } catch {
            #expect(GoWasmFast.exitCode(for: error).rawValue == CommandExit.usage)
            #expect(GoWasmFast.message(for: error) == message)
        }
    }

    @Test("a command to compare with gets the file and the arguments in their places")
    func rivals() throws {
        let given = ["1 2", "3"]
        let whole = try RivalCommand(parsing: "node --x {args} 'a b'/{wasm} {wasm}")
        #expect(whole.words(module: "m", arguments: given) == ["node", "--x", "1 2", "3", "a b/m", "m"])
        #expect(whole.runsModule && whole.program == "node")
        let short = try RivalCommand(parsing: "wasmtime {wasm}")
        #expect(short.words(module: "m", arguments: given) == ["wasmtime", "m", "1 2", "3"])
        let native = try RivalCommand(parsing: "./fib {args}")
        #expect(native.words(module: "m", arguments: []) == ["./fib"] && !native.runsModule)
    }

    @Test("medians, smallest and largest figures")
    func summaries() {
        let odd = BenchmarkReport.Summary([5, 1, 9])
        #expect(odd.median == 5 && odd.smallest == 1 && odd.largest == 9)
        let even = BenchmarkReport.Summary([8, 2, 4, 100])
        #expect(even.median == 6 && even.smallest == 2 && even.largest == 100)
        #expect(BenchmarkReport.Summary([7]).median == 7)
    }

    @Test("the table has a row for each command, and ratios to the first")
    func table() throws {
        func row(_ name: String, _ walls: [UInt64]) -> BenchmarkReport.Row {
            .init(
                subject: .init(name: name, words: [name, "x"]),
                samples: walls.map { .init(wall: $0 * 1_000_000, user: 0, memory: 1 << 20) })
        }
        let report = BenchmarkReport(
            file: "m.wasm", arguments: ["7"], runs: 3, warmUp: 1,
            rows: [row("first", [20, 10, 30]), row("second", [40, 60, 50])])
        let lines = report.table(Style(isPlain: true)).split(separator: "\n").map(String.init)
        #expect(lines.first == "program       m.wasm 7")
        #expect(lines.contains("runs          3 of each command, in turns, after 1 that does not count"))
        #expect(lines.contains("wall time      median   smallest    largest      ratio"))
        #expect(lines.contains("  first       20.0 ms    10.0 ms    30.0 ms       1.00"))
        #expect(lines.contains("  second      50.0 ms    40.0 ms    60.0 ms       2.50"))
        #expect(lines.contains("  second     1.00 MiB   1.00 MiB   1.00 MiB       1.00"))
        // What took no time of the first has no ratio.
        #expect(lines.contains { $0.hasPrefix("  second") && $0.hasSuffix("0 ns           ") })
        for line in lines where !line.hasPrefix("machine") { #expect(line.count <= 80, "\(line)") }
    }
}

/// What the built command measures.
@Suite(
    "What bench measures", .serialized, .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
struct BenchTests {
    /// What `--json` prints, as far as it is looked at here.
    private struct Report: Decodable {
        struct Figures: Decodable {
            var median, smallest, largest: Double
            var ratio: Double?
            var runs: [Double]
        }
        struct Machine: Decodable {
            var processor, system: String
            var processors: Int
        }
        struct Result: Decodable {
            var name: String
            var command: [String]
            var version: String?
            var wallSeconds, userSeconds, memoryBytes: Figures
        }
        var file: String
        var arguments: [String]
        var runs, warmUp: Int
        var machine: Machine
        var results: [Result]
    }

    @Test("JSON has each run of each command, cold, with kept code, and of another command")
    func json() throws {
        let (status, output, errors) = try Built.shell(
            "\"$1\" bench --json --runs 3 --against "
                + "\"sh -c 'sleep 0.3; echo \\\"fib(\\$1) = 55\\\"' {wasm} {args}\" \"$2\" 10"
        )
        #expect(status == 0 && errors == "", "\(errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
        #expect(report.file == Built.program && report.arguments == ["10"] && report.runs == 3 && report.warmUp == 1)
        #expect(!report.machine.processor.isEmpty && !report.machine.system.isEmpty && report.machine.processors > 0)
        #expect(report.results.map(\.name) == ["gowasm-fast (kept code)", "gowasm-fast (cold)", "sh"])
        #expect(report.results.first?.version == GoWasmFast.version)
        for result in report.results {
            for figures in [result.wallSeconds, result.userSeconds, result.memoryBytes] {
                #expect(figures.runs.count == 3)
                #expect(figures.smallest <= figures.median && figures.median <= figures.largest)
                #expect(figures.runs.min() == figures.smallest && figures.runs.max() == figures.largest)
            }
            #expect(result.memoryBytes.median > 100_000)
        }
        let (kept, cold, shell) = (report.results[0], report.results[1], report.results[2])
        #expect(kept.wallSeconds.ratio == 1 && shell.wallSeconds.smallest >= 0.3)
        // Sleeping is no processor time, and a shell is small; code that is not made anew takes none.
        #expect(shell.userSeconds.median < 0.2 && shell.memoryBytes.median < kept.memoryBytes.median)
        #expect(kept.userSeconds.median < cold.userSeconds.median)
        #expect(shell.command.last == "10")
    }

    @Test("the table is for people, and nothing is left behind")
    func table() throws {
        let folder = try TemporaryFolder()
        let (status, output, errors) = try withExtendedLifetime(folder) {
            try Built.shell("TMPDIR=\"$3\" \"$1\" bench --runs 1 \"$2\" 10 && ls -A \"$3\"", folder.url.path)
        }
        #expect(status == 0 && errors == "", "\(errors)")
        #expect(output.hasPrefix("program       \(Built.program) 10\nmachine       "))
        for heading in ["wall time", "user time", "peak memory"] { #expect(output.contains("\n\n\(heading) ")) }
        #expect(output.hasSuffix("A ratio is a median divided by that of the first row.\n"))
    }

    @Test(
        "what fails ends it with one line, and a code of the table",
        arguments: [
            ("bench /no/such/file", 1, "gowasm-fast: /no/such/file: cannot open the file: No such file or directory"),
            ("bench /dev/null", 1, "gowasm-fast: /dev/null: the file is empty; "),
            ("bench --options '--dir /no/such' PROGRAM 10", 1, "the folder \"/no/such\" cannot be opened: "),
            ("bench --against '/no/such {wasm}' PROGRAM 10", 1, "gowasm-fast: /no/such: there is no such command"),
            ("bench --against './no-such {args}' PROGRAM 10", 1, "gowasm-fast: ./no-such: there is no such command"),
            ("bench PROGRAM ten", 1, "a run of gowasm-fast (kept code) ended with exit code 1: usage: fib [n]"),
            (
                "bench --against \"sh -c 'echo a >&2; echo b >&2; exit 7' {wasm}\" PROGRAM 10", 1,
                "a run of sh ended with exit code 7: b"
            ),
            (
                "bench --against \"sh -c 'kill -9 \\$\\$' {wasm}\" PROGRAM 10", 1,
                "a run of sh ended with exit code 137"
            ),
            (
                "bench --against 'echo {args}' PROGRAM 10", 1,
                "echo printed something else than gowasm-fast (kept code), from line 1 on; --ignore-output accepts that"
            ),
            (
                "bench --timeout 200ms --against \"sh -c 'sleep 60' {wasm}\" PROGRAM 60", 124,
                "a run of gowasm-fast (kept code) was stopped by --timeout"
            ),
        ] as [(String, Int32, String)])
    func failures(words: String, code: Int32, message: String) throws {
        let finished = try Built.shell("\"$1\" " + words.replacing("PROGRAM", with: "\"$2\""))
        #expect(finished.status == code && finished.output == "")
        #expect(finished.errors.contains(message), "\(finished.errors)")
        #expect(finished.errors.hasPrefix("gowasm-fast: "))
        #expect(finished.errors.split(separator: "\n").count == 1)
    }

    @Test("on a terminal it shows how far it is", .enabled(if: platformName == "linux"))
    func progress() throws {
        let finished = try Built.shell(
            "env -u NO_COLOR script -qec \"'$1' bench --runs 1 '$2' 10\" /dev/null < /dev/null")
        #expect(finished.status == 0)
        let erasure = "\r\u{1B}[K"
        #expect(finished.output.hasPrefix(erasure + "round 1 of 2: gowasm-fast (kept code)" + erasure))
        #expect(finished.output.contains(erasure + "round 2 of 2: gowasm-fast (kept code)" + erasure + "program  "))
        #expect(finished.output.contains("\u{1B}[1mcommands\u{1B}[0m"))
    }

    @Test("output that differs can be accepted")
    func ignoredOutput() throws {
        let finished = try Built.shell("\"$1\" bench --runs 1 --ignore-output --against 'echo {args}' \"$2\" 10")
        #expect(finished.status == 0 && finished.errors == "")
    }

    @Test(
        "a signal ends the run that is measured, removes what was kept, and then ends bench",
        arguments: ["INT", "TERM"])
    func signals(name: String) throws {
        let folder = try TemporaryFolder()
        let finished = try withExtendedLifetime(folder) {
            try Built.shell(
                "TMPDIR=\"$3\" timeout --preserve-status -s \(name) 1.5 \"$1\" bench \"$2\" 63; c=$?; "
                    + "ls -A \"$3\"; exit $c",
                folder.url.path)
        }
        #expect(finished.status == 128 + (name == "INT" ? 2 : 15))
        #expect(finished.output == "" && finished.errors == "")
        // (The pattern does not match the command line that it is in.)
        #expect(try Built.shell("pgrep -f \"$3\"", Built.program + " 6[3]").output == "")
    }
}
