import Synchronization
import Testing
import _TestSupport

@testable import GoWasm

@Suite("What the user is told of a run")
struct HintTests {
    /// Asks for a socket twice.
    private static let asking = """
        (module
          (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start")
            (drop (call $open (i32.const 1) (i32.const 2) (i32.const 0)))
            (drop (call $open (i32.const 1) (i32.const 2) (i32.const 0)))))
        """

    @Test(
        "comes to the application, each kind once",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func application() throws {
        let program = try Program(WebAssemblyText.assemble(Self.asking))
        let hints = Mutex<[String]>([])
        var configuration = Program.Configuration()
        configuration.reportHint = { hint in hints.withLock { $0.append(hint) } }
        #expect(try program.runSynchronously(configuration).isSuccess)
        #expect(
            hints.withLock { $0 } == [
                "the program may not open connections such as \"tcp\"; the option --allow-net lets it"
            ])
        // Each run has its own.
        #expect(try program.runSynchronously(configuration).isSuccess)
        #expect(hints.withLock { $0.count } == 2)
    }

    @Test("of globals of JavaScript that are missing is told when they are used, once for each name")
    func globals() {
        var missing = MissingGlobals()
        #expect(missing.takeForHint() == nil)
        missing.note("RegExp")
        #expect(missing.takeForHint() == "RegExp")
        #expect(missing.takeForHint() == nil)
        missing.note("Proxy")
        // A name of the program's own is nothing that a host lacks.
        missing.note("goAdd")
        #expect(missing.takeForHint() == nil)
        missing.note("Proxy")
        missing.note("RegExp")
        #expect(missing.takeForHint() == nil)
        missing.note("Proxy")
        #expect(missing.takeForHint() == "Proxy")
    }
}
