import Foundation
import GoWasm
import LibC
import Testing
import _TestSupport

@testable import GoWasmCLI

/// Runs that are ended from outside.
@Suite(
    "A run is ended from outside", .serialized, .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
struct RunWatchTests {
    /// Puts a module into a file while `body` runs.
    private func withModule<Result>(
        _ text: String, customSection: (String, String)? = nil, _ body: (String) throws -> Result
    ) throws -> Result {
        var bytes = try WebAssemblyText.assemble(text)
        if let (title, contents) = customSection { bytes += ModuleBuilder.section(0, name(title) + contents.utf8) }
        return try withTemporaryFile(bytes, body)
    }

    @Test("by SIGINT, which prints what is to be known, and not where the program was")
    func interrupt() throws {
        let (status, _, errors) = try Built.shell("timeout --preserve-status -s INT 3 \"$1\" --stats \"$2\" 60")
        #expect(status == 128 + SIGINT)
        let lines = errors.split(separator: "\n")
        #expect(lines.first == "time" && lines.contains { $0.hasPrefix("  linear memory ") }, "\(errors)")
        #expect(!errors.contains("main.fib"))
    }

    @Test("and by the same signal, if it comes twice, as once")
    func twice() throws {
        let (status, _, errors) = try Built.shell(
            """
            (sleep 3; for i in 1 2 3 4 5 6 7 8 9; do kill -QUIT $$; done) >/dev/null 2>&1 &
            exec "$1" "$2" 60
            """)
        #expect(status == 2)
        #expect(errors.contains(": SIGQUIT: quit\n") && errors.contains(" at main.fib"), "\(errors)")
    }

    @Test("by SIGALRM from outside, which is not the time limit")
    func alarm() throws {
        let (status, _, errors) = try Built.shell("timeout --preserve-status -s ALRM 2 \"$1\" --timeout 50 \"$2\" 60")
        #expect(status == 128 + SIGALRM)
        #expect(!errors.contains("--timeout"), "\(errors)")
    }

    @Test("but not by a signal that its shell has ignored for it")
    func ignored() throws {
        let (status, output, _) = try Built.shell(
            """
            trap '' INT QUIT
            "$1" --stats "$2" 60 & p=$!
            sleep 1; kill -INT $p; kill -QUIT $p; sleep 1
            kill -0 $p && echo runs; kill -KILL $p
            """)
        #expect(status == 0)
        #expect(output == "runs\n")
    }

    @Suite(
        "Where it waits", .disabled(if: !Built.canRun, "the executable or main.wasm is missing"),
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    struct Waiting {
        private let tests = RunWatchTests()

        @Test("in a function of WASI, the stack trace says so")
        func wasi() throws {
            // Subscribes to a clock at 0: in an hour.
            let text = """
                (module
                  (import "wasi_snapshot_preview1" "poll_oneoff"
                    (func $poll (param i32 i32 i32 i32) (result i32)))
                  (memory (export "memory") 1)
                  (func $wait
                    (i64.store (i32.const 24) (i64.const 3600000000000))
                    (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200))))
                  (func $main (export "_start") (call $wait)))
                """
            try tests.withModule(text) { path in
                let (status, _, errors) = try Built.shell("\"$1\" --timeout 3 \"$3\"", path)
                #expect(status == 124)
                #expect(
                    errors == """
                        gowasm-fast: \(path): stopped after 3 s (--timeout)
                            at wait (wasm function 1)
                            at main (wasm function 2)

                        """)
            }
        }

        @Test("for an event, no function is running")
        func event() throws {
            let text = """
                (module
                  (import "gojs" "runtime.scheduleTimeoutEvent" (func $schedule (param i32)))
                  (memory (export "mem") 1)
                  (func (export "getsp") (result i32) (i32.const 1000))
                  (func (export "resume"))
                  (func (export "run") (param i32 i32)
                    (i64.store (i32.const 1008) (i64.const 3600000))
                    (call $schedule (i32.const 1000))))
                """
            try tests.withModule(text) { path in
                let (status, _, errors) = try Built.shell("\"$1\" --timeout 3 \"$3\"", path)
                #expect(status == 124)
                #expect(
                    errors == "gowasm-fast: \(path): stopped after 3 s (--timeout); no function was running\n")
            }
        }

        @Test("for somebody who never reads, and nothing can end that: the process ends all the same")
        func stuck() throws {
            // Writes to standard error without an end, which with --stats is looked through for garbage collections.
            let text = """
                (module
                  (import "wasi_snapshot_preview1" "fd_write"
                    (func $write (param i32 i32 i32 i32) (result i32)))
                  (memory (export "memory") 2)
                  (func (export "_start")
                    (i32.store (i32.const 4) (i32.const 65536))
                    (loop $again
                      (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
                      (br $again))))
                """
            try tests.withModule(text, customSection: ("go.version", "go1.27")) { path in
                // The pipe's reader only sleeps, until the writer has ended.
                let (_, output, _) = try Built.shell(
                    """
                    mkfifo "$3.pipe"; sleep 60 <"$3.pipe" & p=$!
                    "$1" --stats --timeout 1 "$3" 2>"$3.pipe"; echo $?
                    kill $p; rm "$3.pipe"
                    """, path)
                #expect(output == "124\n")
            }
        }
    }

    @Test("only if it can be: no time is promised without what keeps it")
    func unwatched() async throws {
        // Threads that run tests may have blocked all signals.
        var (signals, before) = (sigset_t(), sigset_t())
        sigemptyset(&signals)
        for signal in [SIGINT, SIGQUIT, SIGTERM, SIGALRM] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_UNBLOCK, &signals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let watch = try RunWatch(timeout: 1, isToFinish: true, report: { _ in })
        #expect {
            // More than there are addresses.
            try watch.start(stackSize: 1 << 60)
        } throws: {
            if case ProgramError.exhausted(.thread, _) = $0 { true } else { false }
        }
        var blocked = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &blocked)
        for signal in [SIGINT, SIGQUIT, SIGTERM, SIGALRM] {
            let isBlocked = sigismember(&blocked, signal) != 0
            #expect(!isBlocked)
        }

        #if canImport(Glibc)
            await #expect(processExitsWith: .success) {
                var limit = rlimit(rlim_cur: 3, rlim_max: 3)
                let result = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                #expect(result == 0)
                var invocation = Invocation(file: "x.wasm", arguments: [])
                nonisolated(unsafe) var lines: [String] = []
                invocation.report = { lines.append($0) }
                let isWatched = invocation.startWatch(timeout: 1)
                #expect(!isWatched)
                #expect(lines.count == 1 && lines[0].hasPrefix("gowasm-fast: x.wasm: cannot be stopped after a time"))
                let mayRun = invocation.startWatch()
                #expect(mayRun)
                #expect(lines.count == 1 && invocation.watch == nil)
            }
        #endif
    }
}
