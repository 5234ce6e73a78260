internal import CSupport

/// What a module uses beyond the first version of WebAssembly, by the names of the proposals.
public enum WasmFeature: String, CaseIterable, Sendable {
    /// `memory.copy` and its like, passive segments.
    case bulkMemory = "bulk memory operations"
    /// Functions and blocks with several results, blocks with parameters.
    case multiValue = "multiple values"
    /// References as values, several tables, and the instructions on tables.
    case referenceTypes = "reference types"
    /// `trunc_sat`.
    case nontrappingConversions = "non-trapping float-to-int conversions"
    /// `extend8_s` and its like.
    case signExtension = "sign extension"
    /// 128-bit vectors.
    case vectors = "vector instructions"
}

extension Module {
    /// The features that the module's types and instructions need, in the order of their declaration.
    ///
    /// The time is in proportion to the size of the code. Code that is invalid is looked at up to where it is.
    public func usedFeatures() -> [WasmFeature] {
        var used: Set<WasmFeature> = []
        if types.contains(where: { $0.results.count > 1 }) { used.insert(.multiValue) }
        if tables.count > 1 || globalTypes.contains(where: { $0.value.isReference })
            || types.contains(where: { ($0.parameters + $0.results).contains(where: \.isReference) })
        {
            used.insert(.referenceTypes)
        }
        for body in bodies {
            try? InstructionWalk.forEach(bytes.buffer, body.bytes) { used.formUnion(Self.features(of: $0)) }
        }
        return WasmFeature.allCases.filter(used.contains)
    }

    /// The proposals that the code needs and that are not supported, in the order of their declaration: those of each
    /// function's first instruction that is unknown.
    ///
    /// The time is in proportion to the size of the code.
    package func neededProposals() -> [WasmProposal] {
        var needed: Set<WasmProposal> = []
        for body in bodies {
            do {
                try InstructionWalk.forEach(bytes.buffer, body.bytes) { _ in }
            } catch {
                if let proposal = error.error().proposal { needed.insert(proposal) }
            }
        }
        return WasmProposal.allCases.filter(needed.contains)
    }

    private static func features(of opcode: UInt16) -> [WasmFeature] {
        switch opcode {
        case 0xC0...0xC4: [.signExtension]
        case 0x1C, 0x25, 0x26, 0xD0...0xD2, 0xFC0F...0xFC11: [.referenceTypes]
        case 0xFC00...0xFC07: [.nontrappingConversions]
        case 0xFC08...0xFC0E: [.bulkMemory]
        case 0xFD00...0xFDFF: [.vectors]
        default: []
        }
    }
}

/// Goes through instructions without understanding more of them than their sizes.
enum InstructionWalk {
    /// Calls `visit` with the opcode of each instruction of a body: prefixed ones have the prefix as their high byte.
    static func forEach(_ module: UnsafeRawBufferPointer, _ body: Range<Int>, _ visit: (UInt16) -> Void)
        throws(LoadFailure)
    {
        var reader = ByteReader(module, body)
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            try reader.skipU32()
            try reader.skip(1)
        }
        while !reader.isAtEnd {
            let opcode = try reader.opcode()
            visit(opcode.rawValue)
            try reader.skipImmediates(opcode.row.immediate)
        }
    }
}
