import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// WebAssembly beside the bytecode that it becomes.
@Suite("Listings", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct ListingTests {
    /// The example of the README.
    private static func main() throws -> Module {
        try Module(ModuleBytes(Data(contentsOf: Checkout.mainModule)), codeValidation: .onFirstCall)
    }

    private func lines(_ listing: String) -> [Substring] { listing.split(separator: "\n") }

    @Test("instructions are named, indented and beside what they become")
    func small() throws {
        let module = try WebAssemblyText.module(
            """
            (module
              (func $callee (param i32) (result i32) (local.get 0))
              (func $caller (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (call $callee (i32.mul (local.get 0) (i32.const 77))))
                  (else (i32.const -5)))))
            """)
        let code = try module.loweredCode(LoweredCode.Options())
        let listing = lines(try code.listing(1) { $0 == 0 ? "the.callee" : nil })
        let texts = listing.compactMap { $0.firstMatch(of: /^[0-9a-f]{6}( .*?)(  .*)?$/)?.1 }.map { String($0) }
        #expect(
            texts.map { $0.split(separator: "  ")[0].trimmingPrefix(" ") } == [
                "local.get 0", "if i32", "local.get 0", "i32.const 77", "i32.mul", "call 0 ;the.callee", "else",
                "i32.const -5", "end", "end",
            ])
        #expect(listing.contains { $0.hasSuffix("; the.callee") })
    }

    @Test("bytecode stands beside its instruction, also behind those that were taken together")
    func origins() throws {
        let module = try Self.main()
        let code = try module.loweredCode(LoweredCode.Options())
        var calls = 0
        for function in stride(from: module.importedFunctionCount, to: module.functionTypes.count, by: 40) {
            for line in lines(try code.listing(function, name: { _ in nil })) {
                // These are never emitted for another instruction than their own; with a push, where that begins.
                let beside = /^[0-9a-f]{6} +(\S+).* [0-9]+  (call|branch_table)(\S*)\s/
                guard let match = line.firstMatch(of: beside) else {
                    continue
                }
                calls += 1
                let expected = match.3.contains("push") ? "global.set" : match.2 == "call" ? "call" : "br_table"
                #expect(match.1.hasPrefix(expected), "function \(function): \(line)")
            }
        }
        #expect(calls > 100)
    }

    @Test("all instructions and all bytecode are there, in their order")
    func whole() throws {
        let module = try Self.main()
        let code = try LoweredCode(module, options: LoweredCode.Options())
        for function in stride(from: module.importedFunctionCount, to: module.functionTypes.count, by: 40) {
            let listing = lines(try code.listing(function) { _ in nil })
            let bytecode = lines(try code.disassemble(function))
            var rest = listing[...]
            for line in bytecode {
                let position = rest.firstIndex { $0.hasSuffix(line) }
                let found = try #require(position, "function \(function): \(line)")
                rest = rest[(found + 1)...]
            }
            let offsets = listing.compactMap { Int($0.prefix(6), radix: 16) }
            #expect(zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 })
            let body = module.bodies[function - module.importedFunctionCount].bytes
            #expect(offsets.last == body.upperBound - 1, "function \(function)")
        }
    }
}
