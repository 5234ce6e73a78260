/// Proposals beyond WebAssembly 2.0, of which modules are refused: by the names of the proposals themselves.
public enum WasmProposal: String, Sendable, CaseIterable {
    /// Memories whose pages have another size than 64 KiB.
    case customPageSizes = "custom page sizes"
    /// Exceptions: tags, `throw` and `try_table`, and the older `try`.
    case exceptionHandling = "exception handling"
    /// Sums and products in constant expressions.
    case extendedConstants = "extended constant expressions"
    /// Structures and arrays that the engine collects, and their types.
    case garbageCollection = "garbage collection"
    /// Memories and tables with addresses of 64 bits.
    case memory64 = "memory64"
    /// More than one memory.
    case multipleMemories = "multiple memories"
    /// Vector instructions whose results may differ from machine to machine.
    case relaxedVectors = "relaxed SIMD"
    /// Continuations.
    case stackSwitching = "stack switching"
    /// Calls that leave no frame behind: `return_call` and its like.
    case tailCalls = "tail calls"
    /// Shared memories and atomic instructions.
    case threads = "threads"
    /// References to functions of a known type, and `call_ref`.
    case typedReferences = "typed function references"
    /// Sums and products of 128 bits.
    case wideArithmetic = "wide arithmetic"
}

extension ModuleError {
    /// The proposal that gives what was refused a meaning; nil where there is none, as in damaged modules.
    public var proposal: WasmProposal? {
        switch self {
        case .malformed(let error): error.reason.proposal
        case .invalid(let error): error.reason.proposal
        case .unsupported: nil
        }
    }
}

extension InvalidModule.Reason {
    /// The proposal by which this would be valid.
    var proposal: WasmProposal? {
        switch self {
        case .multipleMemories: .multipleMemories
        case .constantExpression(isExtended: true): .extendedConstants
        default: nil
        }
    }
}

extension MalformedModule.Reason {
    /// The proposal that has what is refused, by its code in the binary format.
    var proposal: WasmProposal? {
        switch self {
        case .sectionID(13), .importKind(4), .exportKind(4): .exceptionHandling
        case .opcode(let prefix, let code): Self.proposal(prefix: prefix, code: code)
        case .functionType(let byte): Self.typeForms[byte]
        case .valueType(let byte), .referenceType(let byte), .blockType(let byte?): Self.types[byte]
        case .limitsFlags(let flags):
            // One bit each; of several the first that is set.
            flags & 2 != 0
                ? .threads : flags & 4 != 0 ? .memory64 : flags & 8 != 0 ? .customPageSizes : nil
        case .memoryFlags(let flags): flags & 0x40 != 0 ? .multipleMemories : nil
        case .zeroByte: .multipleMemories
        default: nil
        }
    }

    private static func proposal(prefix: UInt8, code: UInt32) -> WasmProposal? {
        switch (prefix, code) {
        // try, catch, throw, rethrow, throw_ref; delegate, catch_all; try_table
        case (0, 0x06...0x0A), (0, 0x18), (0, 0x19), (0, 0x1F): .exceptionHandling
        // return_call, return_call_indirect
        case (0, 0x12), (0, 0x13): .tailCalls
        // call_ref, return_call_ref; ref.as_non_null, br_on_null, br_on_non_null
        case (0, 0x14), (0, 0x15), (0, 0xD4...0xD6): .typedReferences
        // ref.eq, and all behind the prefix
        case (0, 0xD3), (0, 0xFB): .garbageCollection
        case (0, 0xFE): .threads
        // cont.new and its like
        case (0, 0xE0...0xE6): .stackSwitching
        // i64.add128 and its like
        case (0xFC, 0x13...0x16): .wideArithmetic
        case (0xFD, 0x100...0x113): .relaxedVectors
        default: nil
        }
    }

    /// What begins other types than those of functions.
    private static let typeForms: [UInt8: WasmProposal] = [
        // array, struct, sub, sub final, rec
        0x5E: .garbageCollection, 0x5F: .garbageCollection, 0x50: .garbageCollection, 0x4F: .garbageCollection,
        0x4E: .garbageCollection,
        // cont
        0x5D: .stackSwitching,
    ]

    /// The first bytes of value types.
    private static let types: [UInt8: WasmProposal] = [
        // (ref …), (ref null …); a table with an initial value
        0x64: .typedReferences, 0x63: .typedReferences, 0x40: .typedReferences,
        // any, eq, i31, struct, array, and the bottom types none, noextern, nofunc
        0x6E: .garbageCollection, 0x6D: .garbageCollection, 0x6C: .garbageCollection, 0x6B: .garbageCollection,
        0x6A: .garbageCollection, 0x71: .garbageCollection, 0x72: .garbageCollection, 0x73: .garbageCollection,
        // exn, noexn
        0x69: .exceptionHandling, 0x74: .exceptionHandling,
        // cont, nocont
        0x68: .stackSwitching, 0x75: .stackSwitching,
    ]
}
