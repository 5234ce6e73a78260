import Testing
import WasmFrontend
import _TestSupport

/// Modules of which a later version of WebAssembly knows what they mean.
@Suite("Proposals beyond version 2.0") struct ProposalTests {
    private static func section(_ number: UInt8, _ contents: UInt8...) -> [UInt8] {
        ModuleBuilder.header + [number, UInt8(contents.count)] + contents
    }

    private static func code(_ instructions: UInt8...) -> [UInt8] { oneFunction(code: instructions) }

    private static var memory: ModuleBuilder {
        var builder = ModuleBuilder()
        builder.memories = [[0x00, 0x01]]
        return builder
    }

    /// Modules, each with what refuses it.
    private static let modules: [(WasmProposal, [UInt8])] = [
        // A tag section; throw, try_table, catch_all; an imported tag; a value of type exnref.
        (.exceptionHandling, section(13, 0x01, 0x00, 0x00)), (.exceptionHandling, code(0x08, 0x00)),
        (.exceptionHandling, code(0x1F, 0x40, 0x00, 0x0B)), (.exceptionHandling, code(0x19)),
        (.exceptionHandling, section(2, 0x01, 0x00, 0x00, 0x04, 0x00, 0x00)),
        (.exceptionHandling, section(1, 0x01, 0x60, 0x01, 0x69, 0x00)),
        (.tailCalls, code(0x12, 0x00)), (.tailCalls, code(0x13, 0x00, 0x00)),
        (.typedReferences, code(0x14, 0x00)), (.typedReferences, section(1, 0x01, 0x60, 0x01, 0x64, 0x00, 0x00)),
        (.typedReferences, section(4, 0x01, 0x40, 0x00, 0x70, 0x00, 0x01, 0xD2, 0x00, 0x0B)),
        (.typedReferences, code(0x02, 0x63, 0x70, 0x0B)),
        // A structure, a recursive group, i31ref, struct.new, ref.eq.
        (.garbageCollection, section(1, 0x01, 0x5F, 0x01, 0x7F, 0x00)),
        (.garbageCollection, section(1, 0x01, 0x4E, 0x01, 0x60, 0x00, 0x00)),
        (.garbageCollection, section(6, 0x01, 0x6C, 0x00, 0x0B)), (.garbageCollection, code(0xFB, 0x00, 0x00)),
        (.garbageCollection, code(0xD3)),
        (.memory64, section(5, 0x01, 0x04, 0x01)), (.threads, section(5, 0x01, 0x03, 0x01, 0x01)),
        (.threads, code(0xFE, 0x00, 0x02, 0x00)), (.customPageSizes, section(5, 0x01, 0x08, 0x01, 0x00)),
        (.multipleMemories, section(5, 0x02, 0x00, 0x01, 0x00, 0x01)),
        (.relaxedVectors, code(0xFD, 0x80, 0x02)), (.relaxedVectors, code(0xFD, 0x93, 0x02)),
        (.wideArithmetic, code(0xFC, 0x13)), (.stackSwitching, section(1, 0x01, 0x5D, 0x01, 0x60, 0x00, 0x00)),
        (.stackSwitching, code(0xE0, 0x00)),
        // global 0 = i32.const 1 + i32.const 1
        (.extendedConstants, section(6, 0x01, 0x7F, 0x00, 0x41, 0x01, 0x41, 0x01, 0x6A, 0x0B)),
    ]

    @Test("are named where a module is refused that needs them", arguments: modules.indices)
    func named(index: Int) throws {
        let (proposal, bytes) = Self.modules[index]
        let error = #expect(throws: ModuleError.self) { try Module(bytes) }
        #expect(error?.proposal == proposal, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.description.contains("(the proposal \"\(proposal.rawValue)\" is not supported) at") == true)
    }

    @Test("are all recognized, but those that nothing in a module names")
    func all() {
        #expect(Set(Self.modules.map(\.0)) == Set(WasmProposal.allCases))
    }

    @Test("are not named where there is none")
    func none() throws {
        for bytes in [Self.section(14, 0x00), Self.code(0xFF), Self.code(0xFD, 0xFF, 0x7F), [0x00]] {
            let error = #expect(throws: ModuleError.self) { try Module(bytes) }
            #expect(error?.proposal == nil)
            #expect(error?.description.contains("proposal") == false)
        }
    }
}
