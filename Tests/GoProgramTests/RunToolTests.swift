import Foundation
import Testing
import _TestSupport

/// What is said of runs besides what programs say: statistics, and where a program was that was stopped.
@Suite(
    "Statistics and stack traces of programs", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct RunToolTests {
    private func run(_ arguments: String...) throws -> Finished {
        try Command(executable: Tools.executable, arguments: arguments, environment: Tools.environment).run()
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

    @Test("a program that has used up its budget says where it was, interpreted and compiled", arguments: GoBuild.all)
    func budget(_ build: GoBuild) throws {
        for options in [["--no-native"], [], ["--checked-memory"]] {
            let finished = try Command(
                executable: Tools.executable, arguments: ["--budget", "5M"] + options + [build.fib, "60"],
                environment: Tools.environment
            ).run()
            #expect(finished.end == .exited(124))
            let message = "fib.wasm: stopped after 5000000 calls and turns of loops (--budget)"
            #expect(finished.errorLines.first?.hasSuffix(message) == true, "\(finished.errorText)")
            #expect(finished.errorLines.contains { $0.contains(" at main.fib (") }, "\(finished.errorText)")
        }
    }

    @Test("a listing has Go's names", arguments: GoBuild.all)
    func listing(_ build: GoBuild) throws {
        let finished = try run("--disassemble", build.fib, "main.main")
        #expect(finished.end == .exited(0))
        let listing = String(decoding: finished.output, as: UTF8.self)
        #expect(listing.contains(/main\.main \(i32\) -> \(i32\), \S*main\.go:\d+/))
        #expect(listing.contains(/\ call \d+ ;main\.fib\s/) && listing.contains("; main.fib\n"))
    }

    @Test(
        "stack traces of C programs have the lines of DWARF",
        .enabled(
            if: Checkout.runs(ifThere: HostTests.hasCompiler), "Debian's clang, lld and wasi-libc are missing."),
        arguments: ["-gdwarf-4", "-gdwarf-5"])
    func dwarf(option: String) throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(
            Data(
                """
                static volatile int zero;
                __attribute__((noinline)) static int divide(int a) {
                    return a / zero;
                }
                __attribute__((noinline)) static int middle(int a) {
                    int b = a + 1;
                    return divide(b) + 2;
                }
                int main(int count, char **arguments) { return middle(count); }

                """.utf8), to: "trap.c")
        let (object, module) = (folder.path("trap.o"), folder.path("trap.wasm"))
        // In two steps: with -O1 the compiler's driver has wasm-opt, if there is one, throw the lines away after
        // linking.
        for arguments in [["-O1", option, "-c", "-o", object, source], ["-o", module, object]] {
            let compiled = try Command(
                executable: HostTests.compiler, arguments: ["--target=wasm32-wasi"] + arguments,
                environment: ["PATH": "/usr/bin:/bin"]
            ).run()
            #expect(compiled.end == .exited(0), "\(compiled.errorText)")
        }
        let inspection = try run("inspect", module)
        let rows = String(decoding: inspection.output, as: UTF8.self).split(separator: "\n")
        for row in ["kind          program for WASI preview 1", "Go            not said"] {
            #expect(rows.contains { $0 == row }, "\(rows.prefix(8))")
        }
        #expect(rows.contains { $0.hasPrefix("  custom \".debug_line\"") })
        #expect(!rows.contains("code by package"))
        for options in [[], ["--no-optimize"], ["--checked-memory"]] {
            let finished = try Command(
                executable: Tools.executable, arguments: options + [module], environment: Tools.environment
            ).run()
            #expect(finished.end == .exited(1))
            let lines = finished.errorLines.dropFirst()
            try #require(lines.count >= 3, "\(finished.errorText)")
            for (line, place) in zip(lines, ["divide", "middle", "main"].enumerated()) {
                #expect(line.contains(" at \(place.element) (wasm function "))
                #expect(line.hasSuffix("trap.c:\([3, 7, 9][place.offset])"), "\(line)")
            }
        }
        // Listings have them, too.
        let listing = String(decoding: try run("--disassemble", module, "middle", "divide").output, as: UTF8.self)
        for number in [3, 7] { #expect(listing.contains(try Regex("\n {40}; \\S*trap\\.c:\(number)\n"))) }
    }

    @Test("SIGQUIT prints a stack trace and ends with the exit code of Go's programs")
    func quit() throws {
        let build = try #require(GoBuild.newest)
        let finished = try Command(
            executable: "/usr/bin/timeout",
            arguments: ["--preserve-status", "-s", "QUIT", "2", Tools.executable, build.fib, "60"],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(2))
        #expect(finished.errorLines.first?.hasSuffix("fib.wasm: SIGQUIT: quit") == true)
        #expect(finished.errorLines.contains { $0.contains(" at main.fib (") })
    }
}
