import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasm

@Suite("The Go version of a module")
struct GoABITests {
    private func module(
        imports: [(String, String)], exports: [String] = ["run", "resume", "getsp", "mem"], pages: UInt8 = 1,
        hugeMemory: Bool = false, section: (String, [UInt8])? = nil
    ) throws -> Module {
        var builder = ModuleBuilder()
        let type = builder.addType(FunctionType([.i32]))
        for (module, field) in imports { builder.imports.append(name(module) + name(field) + [0x00] + unsigned(type)) }
        builder.functions = [type]
        builder.bodies = [[0x00, 0x0B]]
        builder.memories = [[0x00] + (hugeMemory ? unsigned(16384) : [pages])]
        for export in exports where export != "mem" { builder.addExport(export, .function, UInt32(imports.count)) }
        if exports.contains("mem") { builder.addExport("mem", .memory, 0) }
        builder.data = [[0x00, 0x41] + signed(14080) + [0x0B] + sized([1, 2, 3])]
        if let section { builder.customSections.append((name: section.0, contents: section.1)) }
        return try Module(ModuleBytes(builder.bytes))
    }

    private func producers(_ version: String) -> (String, [UInt8]) {
        let processed = name("processed-by") + vector([name("clang") + name("go1.99")])
        let language = name("language") + vector([name("Go") + name(version)])
        return ("producers", unsigned(2) + language + processed)
    }

    @Test("from the names of imports and exports")
    func names() throws {
        let old = [("go", "runtime.nanotime"), ("go", "runtime.walltime")]
        #expect(GoABI(try module(imports: old, exports: ["run", "mem"], hugeMemory: true))?.generation == .go1_11)
        #expect(GoABI(try module(imports: old, hugeMemory: true))?.generation == .go1_12)
        #expect(GoABI(try module(imports: old))?.generation == .go1_13)
        #expect(
            GoABI(try module(imports: [("go", "runtime.nanotime1"), ("go", "runtime.walltime1")]))?.generation
                == .go1_15)
        #expect(
            GoABI(try module(imports: [("go", "runtime.nanotime1"), ("go", "runtime.walltime")]))?.generation == .go1_17
        )
        #expect(GoABI(try module(imports: [("gojs", "runtime.nanotime1")]))?.generation == .go1_21)
    }

    @Test(
        "from the version that the linker wrote",
        arguments: [
            ("go1.14.6", .go1_14), ("go1.15", .go1_15), ("go1.16.8", .go1_15), ("go1.17.13", .go1_17),
            ("go1.20.6", .go1_17),
            ("go1.21.13", .go1_21), ("go1.23.9", .go1_21), ("go1.24rc1", .go1_24), ("go1.27.3 X:nodwarf5", .go1_24),
            ("devel go1.28-0123abc", .go1_24),
        ] as [(String, GoABI.Generation)])
    func version(text: String, generation: GoABI.Generation) throws {
        let abi = try #require(GoABI(try module(imports: [("go", "runtime.nanotime1")], section: producers(text))))
        #expect(abi.generation == generation)
        #expect(abi.version == GoVersion(text))
    }

    @Test("from the section that 1.11 to 1.13 write")
    func versionSection() throws {
        let abi = try #require(
            GoABI(try module(imports: [("go", "runtime.nanotime")], section: ("go.version", Array("go1.13.10".utf8)))))
        #expect(abi.generation == .go1_13)
        #expect(abi.version == GoVersion(minor: 13, patch: 10))
    }

    @Test(
        "a broken section is ignored",
        arguments: [[], [0xFF], [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [1, 3, 0x61]] as [[UInt8]])
    func brokenSection(contents: [UInt8]) throws {
        let abi = try #require(
            GoABI(try module(imports: [("gojs", "runtime.nanotime1")], section: ("producers", contents))))
        #expect(abi.version == nil)
        #expect(abi.generation == .go1_21)
    }

    @Test("the limit of the arguments")
    func argumentLimit() throws {
        func limit(_ version: String) throws -> UInt64? {
            GoABI(try module(imports: [("go", "runtime.nanotime1")], section: producers(version)))?.argumentLimit
        }
        #expect(try limit("go1.14.6") == 14080)
        #expect(try limit("go1.16.8") == 14080)
        #expect(try limit("go1.16.9") == 12288)
        #expect(try limit("go1.17.1") == 14080)
        #expect(try limit("go1.17.2") == 12288)
        #expect(try limit("go1.27.3") == 12288)
    }

    @Test("other modules are refused, with a reason")
    func others() throws {
        for (exports, reason) in [
            (["add", "mem"], "exports run and mem are missing"),
            (["main"], "it was not built by Go's compiler; exports run and mem are missing"),
        ] {
            let error = #expect(throws: ProgramError.self) { try GoProgram(module(imports: [], exports: exports)) }
            #expect(error?.message == "not a Go program for js/wasm: \(reason)")
        }
    }
}
