import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasm
@testable import GoWasmCLI

/// Programs as TinyGo builds them, written by hand.
@Suite(
    "TinyGo's modules on the command line",
    .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct TinyGoTests {
    /// A program with `main` as the text says, exports, and a goroutine's function that panics.
    private static func program(main: String, extra: String = "") -> String {
        """
        (module
          (import "gojs" "runtime.ticks" (func $ticks (result f64)))
          (import "gojs" "runtime.sleepTicks" (func $sleep (param f64)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          \(extra)
          (memory (export "memory") 2)
          (func $main.main \(main))
          (func (export "_start") (call $main.main))
          (func (export "resume"))
          (func (export "go_scheduler") (call $exit (i32.const 6)))
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func $main.fail (export "fail") unreachable)
          (func (export "leave") (call $exit (i32.const 9)))
          (func (export "asyncify_get_state") (result i32) (i32.const 0)))
        """
    }

    /// Runs something with a module's file; returns its exit code, its results and what was reported.
    private func run(
        _ bytes: [UInt8], _ body: (Invocation) -> Int32
    ) throws -> (code: Int32, results: [String], lines: [String]) {
        try withTemporaryFile(bytes) { path in
            var invocation = Invocation(file: path, arguments: [path])
            var results: [String] = []
            nonisolated(unsafe) var lines: [String] = []
            invocation.printLine = { results.append($0) }
            invocation.report = { lines.append($0.replacing("gowasm-fast: \(path): ", with: "")) }
            return (body(invocation), results, lines)
        }
    }

    private func run(
        _ text: String, _ body: (Invocation) -> Int32 = { $0.run() }
    ) throws -> (code: Int32, results: [String], lines: [String]) {
        try run(WebAssemblyText.assemble(text), body)
    }

    @Test("run, with their exit status")
    func running() throws {
        #expect(try run(Self.program(main: "")).code == 0)
        #expect(try run(Self.program(main: "(call $exit (i32.const 3))")).code == 3)
        #expect(try run(Self.program(main: "(call $sleep (f64.const 1.5))")).code == 6)
    }

    @Test("trap with the names of functions, as a panic does, and exit status 1")
    func traps() throws {
        let trapped = try run(Self.program(main: "(call $main.fail)"))
        #expect(trapped.code == 1)
        #expect(trapped.lines.first == "trap: unreachable")
        #expect(trapped.lines.count == 4)
        #expect(trapped.lines.dropFirst().first?.hasPrefix("    at main.fail (wasm function ") == true)
        #expect(trapped.lines.dropFirst(2).first?.hasPrefix("    at main.main (wasm function ") == true)
    }

    @Test("have exports that --invoke calls: where main waits, where it has returned, and of libraries")
    func invoke() throws {
        for main in ["", "(call $exit (i32.const 0))", "(call $sleep (f64.const 60000))"] {
            let added = try run(Self.program(main: main)) { $0.invoke("add", arguments: ["2", "-5"]) }
            #expect(added.code == 0 && added.results == ["-3"] && added.lines.isEmpty, "\(main)")
            #expect(try run(Self.program(main: main)) { $0.invoke("leave", arguments: []) }.code == 9)
            #expect(
                try run(Self.program(main: main)) { $0.invoke("fail", arguments: []) }.lines[0] == "trap: unreachable")
        }
        let library = Self.program(main: "").replacing("\"_start\"", with: "\"_initialize\"")
        #expect(try run(library) { $0.invoke("add", arguments: ["2", "3"]) }.results == ["5"])
        let listed = try run(library)
        #expect(listed.code == 1 && listed.lines.count == 1)
        #expect(listed.lines[0].contains("--invoke NAME: ") && listed.lines[0].contains("add(i32, i32) -> (i32)"))
        let ended = try run(Self.program(main: "(call $exit (i32.const 4))")) {
            $0.invoke("add", arguments: ["1", "2"])
        }
        #expect(ended.code == 4 && ended.results.isEmpty)
    }

    @Test(
        "and all other modules that import what nobody knows are refused in one short line",
        arguments: [
            ("gojs", "(export \"_start\")", "TinyGo program for JavaScript"),
            ("gojs", "(export \"_initialize\")", "TinyGo library for JavaScript"),
            ("other", "(export \"_start\")", "program for WASI preview 1"),
            ("other", "(export \"run\")", "library of functions that need no system"),
        ])
    func unknownImports(module: String, export: String, kind: String) throws {
        let imports = (0..<40).map { "(import \"\(module)\" \"runtime.f\($0)\" (func (param i64) (result f64)))" }
        let text = "(module \(imports.joined(separator: " ")) (memory (export \"memory\") 1) (func \(export)))"
        let refused = try run(text) { $0.invoke("f", arguments: []) }
        #expect(refused.code == 1)
        #expect(
            refused.lines == [
                "unknown import: \(module).runtime.f0, a function (i64) -> (f64), and 39 more; the module is a \(kind); "
                    + "with --stub-imports calls of them trap instead"
            ])
    }

    @Test("and Go's programs are refused in one short line, too, however long the names are")
    func longNames() throws {
        let name = String(repeating: "x", count: 5000) + "\n"
        let text = """
            (module (import "go" "\(name.replacing("\n", with: "\\0a"))" (func (param i32)))
              (memory (export "mem") 16) (func (export "run") (param i32 i32)) (func (export "resume"))
              (func (export "getsp") (result i32) (i32.const 0)))
            """
        let refused = try run(text)
        #expect(refused.code == 1 && refused.lines.count == 1)
        #expect(refused.lines[0].contains("…; the module is a Go program for GOOS=js; "))
        #expect(refused.lines[0].count < 300)
    }

    // MARK: - inspect

    /// The text with the section in which TinyGo says its version.
    private func built(_ text: String, version: String = "0.33.0") throws -> [UInt8] {
        let tool =
            unsigned(1) + name("processed-by") + vector([name("clang") + name("16"), name("TinyGo") + name(version)])
        return try WebAssemblyText.assemble(text) + ModuleBuilder.section(0, name("producers") + tool)
    }

    @Test("are named by inspect: version, target, scheduler, exports, packages")
    func inspect() throws {
        let module = try Module(ModuleBytes(try built(Self.program(main: ""))))
        let inspection = Inspection("prog.wasm", module)
        let lines = inspection.table(Style(isPlain: true)).split(separator: "\n").map(String.init)
        for line in [
            "kind          TinyGo program for JavaScript", "host          JavaScript with TinyGo's script",
            "TinyGo        0.33.0", "  target      wasm", "  scheduler   asyncify",
            "  add (i32, i32) -> (i32)", "  gojs.runtime.ticks () -> (f64)",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(lines.contains { $0.hasPrefix("  main   ") && $0.hasSuffix("2 functions") })
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(inspection.json.utf8)) as? [String: Any])
        #expect(json["kind"] as? String == "TinyGo program for JavaScript")
        let build = try #require(json["tinyGo"] as? [String: String])
        #expect(build == ["version": "0.33.0", "target": "wasm", "scheduler": "asyncify"])
        #expect(json["goVersion"] is NSNull)
    }

    @Test("for WASI are named by inspect as well")
    func inspectWASI() throws {
        let text = """
            (module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
              (memory (export "memory") 1) (func (export "_start")))
            """
        let module = try Module(ModuleBytes(try built(text, version: "0.37.0")))
        let lines = Inspection("prog.wasm", module).table(Style(isPlain: true)).split(separator: "\n").map(String.init)
        for line in [
            "kind          TinyGo program for GOOS=wasip1", "host          WASI preview 1", "TinyGo        0.37.0",
            "  target      wasip1", "  scheduler   none",
        ] { #expect(lines.contains(line), "\(line)") }
        let other = Inspection("prog.wasm", try WebAssemblyText.module(text)).table(Style(isPlain: true))
        #expect(
            other.contains("kind          program for WASI preview 1\n") && other.contains("\nGo            not said\n")
        )
    }
}
