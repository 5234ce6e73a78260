import Foundation
import Testing
import _TestSupport

#if arch(x86_64) && os(Linux)
    /// Programs as machine code, in processes of their own: what others see of them.
    @Suite("Native programs", .enabled(if: Tools.hasExecutable && Tools.hasPrograms, Missing.builds))
    struct NativeProgramTests {
        private func run(
            _ arguments: [String], native: String, script: String? = nil, timeout: Duration = .seconds(120)
        ) throws -> Finished {
            let environment = Tools.environment.merging(["GOWASM_CACHE": "off", "GOWASM_NATIVE": native]) { $1 }
            guard let script else {
                return try Command(
                    executable: Tools.executable, arguments: arguments, environment: environment, timeout: timeout
                ).run()
            }
            return try Command(
                executable: "/bin/sh", arguments: ["-c", script, "sh", Tools.executable] + arguments,
                environment: environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }, timeout: timeout
            ).run()
        }

        /// What says which functions a program was in, with files and lines: the trace, without the goroutines after it.
        private func calls(_ finished: Finished) -> [String] {
            finished.errorLines.prefix { !$0.hasPrefix("goroutine ") }.filter { $0.contains("main.go:") }.map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }

        @Test(
            "a time limit ends one, with the lines of Go's source in the trace", arguments: ["0", "300", "0,5", "off"])
        func timeLimit(native: String) throws {
            let fib = try #require(GoBuild.newest).fib
            let finished = try run(["--timeout", Tools.secondsAtWork, fib, "60"], native: native)
            #expect(finished.end == .exited(124))
            let calls = calls(finished)
            #expect(calls.count > 10, "\(finished.errorText)")
            // All but the outermost are the recursive function, at one of its two calls of itself or between them.
            let recursive = calls.filter { $0.contains("main.fib") }
            #expect(recursive.count >= calls.count - 1)
            let lines = Set(recursive.dropFirst().map { $0.split(separator: ":").last.map(String.init) ?? "" })
            #expect(lines.count == 1, "\(lines)")
        }

        @Test("SIGQUIT ends one with a trace, and Ctrl-C with its profile", arguments: ["0", "300", "off"])
        func terminal(native: String) throws {
            let fib = try #require(GoBuild.newest).fib
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let graph = folder.path("graph.svg")
            // (What a shell starts in the background ignores Ctrl-C.)
            let script =
                "exec timeout --preserve-status -s $4 \(Tools.secondsAtWork) \"$1\" --flamegraph \"$3\" \"$2\" 60"
            let quit = try run([fib, graph, "QUIT"], native: native, script: script)
            #expect(quit.end == .exited(2))
            #expect(calls(quit).contains { $0.contains("main.fib") }, "\(quit.errorText)")
            let ended = try run([fib, graph, "INT"], native: native, script: script)
            #expect(ended.end == .exited(130), "\(ended.errorText)")
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: graph)), as: UTF8.self)
            #expect(text.contains("main.fib"))
        }

        /// The lines of the process's memory map that can be executed, read while it runs, as soon as there is machine
        /// code or, where none is to be, after a while.
        private func executable(_ options: [String], native: String) throws -> [Substring] {
            let fib = try #require(GoBuild.newest).fib
            let script = """
                exe=$1; shift
                "$exe" "$@" 60 & p=$!
                i=0
                while [ $i -lt 20 ]; do
                    sleep 0.1; i=$((i + 1))
                    if grep -q 'r-xs.*memfd:gowasm-fast' /proc/$p/maps; then break; fi
                done
                grep -E ' ..x' /proc/$p/maps
                kill -9 $p
                """
            let finished = try run(options + [fib], native: native, script: script)
            return String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
        }

        @Test("has its machine code in one mapping that is not writable; with --no-native there is none")
        func mappings() throws {
            let native = try executable([], native: "300")
            let own = native.filter { $0.contains("memfd:gowasm-fast") }
            #expect(own.count == 1 && own[0].contains(" r-xs "))
            for (options, variable) in [(["--no-native"], "300"), ([], "off")] {
                let interpreted = try executable(options, native: variable)
                #expect(!interpreted.isEmpty && !interpreted.contains { $0.contains("memfd:gowasm-fast") })
                #expect(interpreted.count == native.count - 1)
            }
        }

        @Test("where no memory for machine code can be had, the interpreter goes on silently")
        func refusal() throws {
            let fib = try #require(GoBuild.newest).fib
            // Files of at most 1 MiB, so no memory object; 4 GB of address space, so no guard pages (AddressSanitizer needs
            // more).
            let limits = ["ulimit -f 1024"] + (Tools.isSanitized ? [] : ["ulimit -v 4000000"])
            for limit in limits {
                let finished = try run([fib, "20"], native: "0", script: "\(limit); exec \"$@\"")
                #expect(finished.end == .exited(0))
                #expect(String(decoding: finished.output, as: UTF8.self).contains("6765"))
                #expect(finished.errors.isEmpty, "\(finished.errorText)")
            }
        }
    }
#endif
