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

    #if arch(x86_64)
        @Test("machine code stands beside its bytecode, all of it, in its order")
        func machineCode() throws {
            let module = try Self.main()
            let code = try LoweredCode(
                module, options: LoweredCode.Options(compilation: CompilationPolicy(threshold: 0)))
            for function in stride(from: module.importedFunctionCount, to: module.functionTypes.count, by: 40) {
                var made: MachineCode?
                let listing = lines(
                    try code.listing(function, name: { _ in nil }) { machineCode in
                        made = machineCode
                        return machineCode.pieces.indices.map { ["<piece \($0)", "<rest \($0)"] }
                    })
                let pieces = try #require(made).pieces.map(\.bytes)
                #expect(pieces.first?.lowerBound == 0 && pieces.last?.upperBound == made?.bytes.count)
                #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
                // Without it the listing is the one that is made without it.
                let plain = listing.map { String($0.prefix { $0 != "<" }.reversed().drop { $0 == " " }.reversed()) }
                #expect(
                    plain.filter { !$0.isEmpty } == lines(try code.listing(function) { _ in nil }).map(String.init))
                let column = listing.compactMap { line in line.firstIndex(of: "<").map { String(line[$0...]) } }
                #expect(Set(column).count == 2 * pieces.count && column.count == 2 * pieces.count)
                // A piece is beside an instruction; what follows of it is below.
                for (line, text) in zip(listing, listing.dropFirst()) {
                    guard let piece = line.firstMatch(of: /<piece (\d+)/)?.1 else { continue }
                    #expect(text.hasSuffix("<rest \(piece)") && text.hasPrefix(" "))
                }
            }
        }
    #endif

    @Test("machine code that is not made cannot be shown, and the reason is said")
    func noMachineCode() throws {
        let module = try WebAssemblyText.module("(module (func))")
        let unwanted = try LoweredCode(module, options: LoweredCode.Options(compilation: nil))
        let compared = try LoweredCode(module, options: LoweredCode.Options(checksAddresses: true))
        for (code, obstacle) in [(unwanted, CompilationStatistics.Obstacle.unwanted), (compared, .comparedAddresses)] {
            let error = #expect(throws: NoMachineCode.self) {
                try code.listing(0, name: { _ in nil }) { $0.pieces.map { _ in [] } }
            }
            #expect(error?.obstacle == obstacle)
            #expect(try !code.listing(0, name: { _ in nil }).isEmpty)
        }
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
