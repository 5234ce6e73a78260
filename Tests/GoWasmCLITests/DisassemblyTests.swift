import Foundation
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasmCLI

@Suite("What --disassemble prints")
struct DisassemblyTests {
    @Test(
        "the end of a name is enough, without what Go writes around receivers and after generic functions",
        arguments: [
            ("main.fib", "fib", true), ("main.fib", "ib", false), ("main.fib", "main.fib", false),
            ("text/tabwriter.(*Writer).Flush", "Flush", true), ("text/tabwriter.(*Writer).Flush", "Writer.Flush", true),
            ("text/tabwriter.(*Writer).Flush", "(*Writer).Flush", true),
            ("text/tabwriter.(*Writer).Flush", "tabwriter.Writer.Flush", true),
            ("text/tabwriter.(*Writer).Flush", "tabwriter.(*Writer).Flush", true),
            ("text/tabwriter.(*Writer).Flush", "Writer", false), ("main.Map[...]", "Map", true),
            ("main.Map[go.shape.int]", "Map", true), ("main.Map[a/b.fib]", "fib", false),
            ("main.main.func1", "func1", true), ("main.main.func1", "main.func1", true), ("fib", "fib", false),
            ("main.fib", "", false),
        ])
    func ends(name: String, word: String, isMeant: Bool) {
        #expect(FunctionNames.ends(name, with: word) == isMeant)
    }

    private static let text = """
        (module
          (import "m" "imported" (func $imported))
          (func $a.same) (func $b.same) (func $main.fib) (func $fib.x) (func $same.exact) (func $exact))
        """

    @Test(
        "names find functions: the whole one before ends of others, and numbers",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func names() throws {
        let names = FunctionNames(try WebAssemblyText.module(Self.text))
        #expect(try names.functions([]) == [1, 2, 3, 4, 5, 6])
        #expect(try names.functions(["fib"]) == [3])
        #expect(try names.functions(["exact", "main.fib", "3"]) == [3, 6])
        func problem(_ wanted: String...) -> String {
            do {
                return "\(try names.functions(wanted))"
            } catch {
                return error.description
            }
        }
        #expect(
            problem("exact", "same") == "has several functions that 'same' may mean; name one of them: a.same, b.same")
        #expect(problem("none", "fib", "0", "imported") == "has no function named none, 0, imported")
        let long = "a\n" + String(repeating: "b", count: 200)
        let many = FunctionNames.Problem.ambiguous("x", Array(repeating: long, count: 14))
        #expect(many.description.hasSuffix(", and 2 more") && !many.description.contains("\n"))
        #expect(many.description.utf8.count < 1400)
    }

    @Test(
        "a Go function is found by its short name, and its lines stand above what was made of them",
        .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
    func lines() throws {
        let (status, output, errors) = try Built.shell("\"$1\" --disassemble \"$2\" fib")
        #expect(status == 0 && errors.isEmpty)
        #expect(try Built.shell("\"$1\" --disassemble \"$2\" main.fib").output == output)
        let heading = try #require(output.firstMatch(of: /function \d+ main\.fib .*, (.*\.go):(\d+)\n/))
        let source = try String(
            contentsOf: Checkout.folder.appendingPathComponent("Benchmarks/Programs/fib/main.go"), encoding: .utf8
        ).split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(Int(heading.2))
        #expect(source[first - 1].hasPrefix("func fib("))
        // The calls of the function are where the source has them.
        let rows = output.split(separator: "\n")
        let marks = rows.compactMap { $0.firstMatch(of: /^ {40}; main\.go:(\d+)$/).flatMap { Int($0.1) } }
        #expect(!marks.isEmpty && marks.allSatisfy { (first...first + 6).contains($0) })
        var line = 0
        var calls: [Int] = []
        for row in rows {
            if let match = row.firstMatch(of: /^ {40}; main\.go:(\d+)$/) { line = Int(match.1) ?? 0 }
            if row.contains("; main.fib"), row.contains("  call") { calls.append(line) }
        }
        #expect(calls.count == 2 && calls.allSatisfy { source[$0 - 1].contains("fib(n-1) + fib(n-2)") }, "\(output)")
    }

    @Test(
        "functions that were inlined are named at their lines",
        .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
    func inlined() throws {
        let output = try Built.shell("\"$1\" --disassemble \"$2\" main.main").output
        #expect(output.contains(/\n {40}; [^ ]+\.go:\d+ \(\S+, inlined\)\n/), "\(output.prefix(3000))")
    }

    @Test(
        "a name that several functions end with, and one of none, are a line each",
        .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
    func mistakes() throws {
        for (name, text) in [("String", "has several functions that 'String' may mean"), ("no", "has no function")] {
            let (status, output, errors) = try Built.shell("\"$1\" --disassemble \"$2\" \(name)")
            #expect(status == CommandExit.usage && output.isEmpty)
            #expect(errors.split(separator: "\n").count == 1 && errors.contains(text), "\(errors)")
        }
    }
}
