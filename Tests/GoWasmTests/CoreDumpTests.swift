import Foundation
import Synchronization
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// Core dumps, as they are written and read.
@Suite("Core dumps")
struct CoreDumpTests {
    /// A dump of main.wasm at its end.
    private func dump() async throws -> (module: Module, bytes: [UInt8]) {
        let program = try Program(contentsOf: Checkout.mainModule.path)
        let bytes = Mutex<[UInt8]>([])
        var configuration = Program.Configuration(arguments: ["5"])
        configuration.standardOutput = .discarded
        configuration.endReport = { instance, reason in
            #expect(reason == nil)
            try? instance.writeCoreDump(program: "/x/main.wasm", reason: "because") { part in
                bytes.withLock { $0 += part }
            }
        }
        _ = try await program.run(configuration)
        return (program.module, bytes.withLock { $0 })
    }

    private func module(_ bytes: some Collection<UInt8>) throws -> Module {
        try Module(ModuleBytes(bytes), codeValidation: .onLoading)
    }

    @Test("say which program it was, why it ended, what it had in memory, and its goroutines")
    func contents() async throws {
        let (program, bytes) = try await dump()
        let contents = try module(bytes)
        #expect(CoreDump.isDump(contents) && !CoreDump.isDump(program))
        let dump = try #require(CoreDump(contents))
        #expect(dump.program == "/x/main.wasm" && dump.reason == "because")
        #expect(dump.memoryBytes >= 1 << 20 && dump.storedBytes > 1 << 18 && dump.storedBytes <= dump.memoryBytes)
        #expect(dump.isModule(program) == true && dump.isModule(contents) == false)
        #expect(!dump.functions.isEmpty)
        let goroutines = try #require(dump.goroutines(of: program))
        #expect(goroutines.goroutines.contains { $0.id == 1 })
        for name in ["core", "coremodules", "coreinstances", "corestack"] {
            #expect(contents.customSections.contains { $0.name == name })
        }
    }

    @Test("that are damaged are refused, or read as far as they go")
    func damage() async throws {
        let (program, bytes) = try await dump()
        // All of the custom sections, and what follows them.
        let sections = 4096
        var random = SplitMix(seed: 5)
        var read = 0
        for round in 0..<300 {
            var changed = bytes
            if round % 3 == 0 {
                changed = Array(bytes.prefix(Int.random(in: 0..<sections, using: &random)))
            } else {
                for _ in 0..<(round % 5 + 1) {
                    changed[Int.random(in: 8..<sections, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            guard let contents = try? module(changed), let dump = CoreDump(contents) else { continue }
            read += 1
            _ = dump.functions
            if round % 50 == 1 { _ = dump.goroutines(of: program) }
        }
        #expect(read > 0)
    }
}
