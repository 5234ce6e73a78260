import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasmCLI

@Suite("Calling an export", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct InvokeTests {
    private static let text = """
        (module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func (export "mix") (param i64 f32 f64) (result f64)
            (f64.add (f64.add (f64.convert_i64_s (local.get 0)) (f64.promote_f32 (local.get 1))) (local.get 2)))
          (func (export "two") (result i64 f32) (i64.const -1) (f32.const 1.5))
          (func (export "leave") (call $exit (i32.const 9))))
        """

    /// Calls an export of the module; returns the exit code, the results and what was reported.
    private func invoke(
        _ name: String, _ arguments: String..., text: String = text
    ) throws -> (code: Int32, results: [String], lines: [String]) {
        try withTemporaryFile(WebAssemblyText.assemble(text)) { path in
            var invocation = Invocation(file: path, arguments: [])
            var results: [String] = []
            nonisolated(unsafe) var lines: [String] = []
            invocation.printLine = { results.append($0) }
            invocation.report = { lines.append($0.replacing("gowasm-fast: \(path): ", with: "")) }
            let code = invocation.invoke(name, arguments: arguments)
            return (code, results, lines)
        }
    }

    @Test("arguments are read by the export's type, and results printed one a line")
    func values() throws {
        #expect(try invoke("div", "-7", "2").results == ["-3"])
        #expect(try invoke("div", "4294967289", "0x2").results == ["-3"])
        #expect(try invoke("mix", "-9223372036854775808", "0.5", "1e300").results == ["1e+300"])
        #expect(try invoke("two").results == ["-1", "1.5"])
        #expect(try invoke("two").code == 0)
    }

    @Test("what cannot be called is explained, in one line")
    func mistakes() throws {
        for (result, line) in [
            (try invoke("div", "1"), "div has the type (i32, i32) -> (i32), but the number of arguments is 1"),
            (try invoke("div", "1", "2.5"), "the argument \"2.5\" is no i32"),
            (try invoke("div", "1", "4294967296"), "the argument \"4294967296\" is no i32"),
            (
                try invoke("memory"),
                "it exports no function \"memory\"; it exports div(i32, i32) -> (i32), mix(i64, f32, f64) -> (f64), "
                    + "two() -> (i64, f32), leave() -> ()"
            ),
        ] {
            #expect(result.code == CommandExit.usage)
            #expect(result.lines == [line])
        }
    }

    @Test("traps and exits end it as they end programs")
    func endings() throws {
        let trapped = try invoke("div", "1", "0")
        #expect(trapped.code == 1)
        #expect(trapped.lines.first == "trap: integer divide by zero")
        #expect(try invoke("leave").code == 9)
    }

    @Test("a module that is no program says what it exports")
    func noProgram() throws {
        nonisolated(unsafe) var lines: [String] = []
        let code = try withTemporaryFile(WebAssemblyText.assemble(Self.text)) { path in
            var invocation = Invocation(file: path, arguments: [])
            invocation.report = { lines.append($0) }
            return invocation.run()
        }
        #expect(code == 1)
        #expect(lines.count == 1 && lines[0].contains("--invoke NAME: div(i32, i32) -> (i32)"))
    }
}
