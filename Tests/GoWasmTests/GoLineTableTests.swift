import Foundation
import Testing
import WasmFrontend

@testable import GoWasm

/// What Go's table of functions says, of the program that comes with the project.
@Suite("Go's table of functions")
struct GoLineTableTests {
    private static let module: Module? = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("main.wasm")
        return try? Module(ModuleBytes(Data(contentsOf: path)), codeValidation: .onFirstCall)
    }()

    private func function(_ name: String, _ module: Module, _ table: GoLineTable) -> Int? {
        (0..<module.functionTypes.count).first { table.name(ofFunction: $0) == name }
    }

    @Test("names and lines of functions and of calls")
    func lines() throws {
        let module = try #require(Self.module)
        let table = try #require(GoLineTable(module))
        let fib = try #require(function("main.fib", module, table))
        #expect(table.line(inFunction: fib, returnAddress: nil)?.file == "./main.go")
        let lines = Set((1..<8).compactMap { table.line(inFunction: fib, returnAddress: $0)?.number })
        // The lines of Benchmarks/Programs/fib/main.go that fib has.
        #expect(lines.isSubset(of: [12, 13, 14, 15, 16, 17]) && lines.contains(16))
        #expect(table.name(ofFunction: 0) == nil && table.name(ofFunction: 1 << 30) == nil)
    }

    @Test("functions that were inlined come before those that they became part of")
    func inlining() throws {
        let module = try #require(Self.module)
        let table = try #require(GoLineTable(module))
        #expect(table.inlining != nil)
        let names = Set((0..<module.functionTypes.count).compactMap { table.name(ofFunction: $0) })
        var inlined: Set<String> = []
        for function in module.importedFunctionCount..<module.functionTypes.count {
            guard let name = table.name(ofFunction: function) else { continue }
            for block in 1..<60 {
                let frames = table.frames(inFunction: function, returnAddress: block)
                #expect(frames.last?.name == name)
                for frame in frames.dropLast() {
                    inlined.insert(frame.name)
                    #expect(frame.line != nil && frame.name.contains("."))
                }
            }
        }
        // Of those some are also functions of their own, and others exist in their callers only.
        #expect(inlined.count > 100)
        #expect(!inlined.isSubset(of: names) && !inlined.isDisjoint(with: names))
    }

    @Test("nothing is said of a place that may be in different inlined functions")
    func ambiguous() throws {
        let module = try #require(Self.module)
        let table = try #require(GoLineTable(module))
        for function in module.importedFunctionCount..<module.functionTypes.count {
            let blocks = (0..<30).map { table.frames(inFunction: function, returnAddress: $0 + 1).map(\.name) }
            guard let change = (1..<30).first(where: { blocks[$0].count > 1 && blocks[$0 - 1].count == 1 }) else {
                continue
            }
            // From before the inlined function into it.
            let frames = table.frames(
                inFunction: function, returnAddress: nil, previous: change - 1, next: change + 1)
            #expect(frames.map(\.name) == [blocks[change].last])
            let within = table.frames(inFunction: function, returnAddress: nil, previous: change, next: change + 1)
            #expect(within.map(\.name) == blocks[change])
            return
        }
        Issue.record("main.wasm has no such function")
    }
}
