import Foundation
import Testing

/// What is said of runs besides what programs say: statistics, and where a program was that was stopped.
@Suite(
    "Statistics and stack traces of programs", .tags(.go), .enabled(if: !GoBuild.all.isEmpty, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct RunToolTests {
    private func run(_ arguments: String...) throws -> Finished {
        try Command(executable: Tools.executable, arguments: arguments, environment: Tools.sanitizerOptions).run()
    }

    @Test("statistics are a table on standard error, of 80 columns, without colours", arguments: GoBuild.all)
    func statistics(_ build: GoBuild) throws {
        let finished = try run("--stats", build.fib, "20")
        #expect(finished.end == .exited(0))
        #expect(String(decoding: finished.output, as: UTF8.self) == "fib(20) = 6765\n")
        #expect(!finished.errorText.contains("\u{1B}"))
        for line in finished.errorLines { #expect(line.count <= 80, "\(line)") }
        for row in ["load", "validate", "lower", "host calls", "guest", "linear memory", "frame stack"] {
            #expect(finished.errorLines.contains { $0.hasPrefix("  \(row) ") }, "\(row)")
        }
        let exits = try #require(finished.errorLines.first { $0.hasPrefix("  runtime.wasmExit ") })
        #expect(exits.split(separator: " ")[1] == "1")
    }

    @Test("garbage collections are counted, and their lines not printed")
    func garbage() throws {
        let build = try #require(GoBuild.newest)
        let finished = try run("--stats", build.probe, "gc")
        #expect(finished.end == .exited(0))
        #expect(finished.errorLines.contains { $0.hasPrefix("  pauses ") })
        #expect(!finished.errorText.contains("ms clock"))
    }

    @Test("a program that is stopped says where it was", arguments: GoBuild.all)
    func stopped(_ build: GoBuild) throws {
        let finished = try run("--timeout", "2", build.fib, "60")
        #expect(finished.end == .exited(124))
        #expect(finished.errorLines.first?.hasSuffix("fib.wasm: stopped after 2 s (--timeout)") == true)
        #expect(finished.errorLines.contains { $0.contains(/at main\.fib \(wasm function \d+\) .*main\.go:\d+/) })
        #expect(finished.errorLines.contains { $0.contains(" at main.main (") })
    }

    @Test("SIGQUIT prints a stack trace and ends with the exit code of Go's programs")
    func quit() throws {
        let build = try #require(GoBuild.newest)
        let finished = try Command(
            executable: "/usr/bin/timeout",
            arguments: ["--preserve-status", "-s", "QUIT", "2", Tools.executable, build.fib, "60"],
            environment: Tools.sanitizerOptions
        ).run()
        #expect(finished.end == .exited(2))
        #expect(finished.errorLines.first?.hasSuffix("fib.wasm: SIGQUIT: quit") == true)
        #expect(finished.errorLines.contains { $0.contains(" at main.fib (") })
    }
}
