internal import CSupport

/// Types as bytes of the binary format; on operand stacks, 0 stands for a value of any type, which unreachable code
/// can pop.
typealias TypeByte = UInt8

/// The parameters and results of a function or block, in memory that outlives the validation.
struct Signature {
    var parameters: UnsafePointer<TypeByte>
    var results: UnsafePointer<TypeByte>
    var parameterCount: Int32
    var resultCount: Int32
}

/// What validating code needs to know of the module, as flat memory: nothing in here is counted or copied on use.
///
/// All pointers are valid as long as the context; indices are checked against the counts before each use.
final class CodeContext: @unchecked Sendable {
    // Sendable: nothing changes after the initialiser.

    let bytes: UnsafeRawBufferPointer
    /// The signatures of all types; behind them those of block types without an index, by value type byte - 0x40.
    let signatures: UnsafeMutableBufferPointer<Signature>
    let typeCount: UInt32
    /// The types of all functions: indices into `signatures`.
    let functionTypes: UnsafeMutableBufferPointer<UInt32>
    /// The value types of all globals.
    let globalTypes: UnsafeMutableBufferPointer<TypeByte>
    let globalMutability: UnsafeMutableBufferPointer<Bool>
    /// The element types of all tables.
    let tableTypes: UnsafeMutableBufferPointer<TypeByte>
    /// The element types of all element segments.
    let elementTypes: UnsafeMutableBufferPointer<TypeByte>
    /// Which functions `ref.func` may name.
    let isDeclared: UnsafeMutableBufferPointer<Bool>
    let memoryCount: UInt32
    /// The number in the data count section; nil without one.
    let dataCount: UInt32?
    /// The properties of the instructions: C tables without an end of life.
    let opcodes = gw_wasm_opcodes()!
    let prefixedOpcodes = gw_wasm_opcodes_fc()!
    let vectorOpcodes = gw_wasm_opcodes_fd()!
    private let typePool: UnsafeMutableBufferPointer<TypeByte>

    /// Lays out `parts`; `bytes` must outlive the context.
    init(_ parts: borrowing DecodedParts, _ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        (typePool, signatures) = Self.layOut(parts.types)
        typeCount = UInt32(parts.types.count)
        functionTypes = Self.copy(parts.functionTypes)
        globalTypes = Self.copy(parts.globalTypes.lazy.map(\.value.rawValue))
        globalMutability = Self.copy(parts.globalTypes.lazy.map(\.isMutable))
        tableTypes = Self.copy(parts.tables.lazy.map(\.element.rawValue))
        elementTypes = Self.copy(parts.elements.lazy.map(\.type.rawValue))
        isDeclared = Self.copy(parts.isDeclared)
        memoryCount = UInt32(parts.memories.count)
        dataCount = parts.dataCount
    }

    deinit {
        typePool.deallocate()
        signatures.deallocate()
        functionTypes.deallocate()
        globalTypes.deallocate()
        globalMutability.deallocate()
        tableTypes.deallocate()
        elementTypes.deallocate()
        isDeclared.deallocate()
    }

    /// The signature of a block type without an index: its byte, 0x40 where it has no result.
    static func shorthand(_ byte: UInt8) -> Int { Int(byte) - 0x40 }

    private static func copy<Source: Collection>(_ source: Source) -> UnsafeMutableBufferPointer<Source.Element> {
        let copy = UnsafeMutableBufferPointer<Source.Element>.allocate(capacity: source.count)
        _ = copy.initialize(from: source)
        return copy
    }

    /// The parameters and results of all types one behind the other, behind one byte for each possible shorthand
    /// (0x40 to 0x7F) that holds the byte itself: a block's only result.
    private static func layOut(
        _ types: [FunctionType]
    ) -> (UnsafeMutableBufferPointer<TypeByte>, UnsafeMutableBufferPointer<Signature>) {
        let shorthandCount = 0x40
        let size = types.reduce(shorthandCount) { $0 + $1.parameters.count + $1.results.count }
        let pool = UnsafeMutableBufferPointer<TypeByte>.allocate(capacity: size)
        let signatures = UnsafeMutableBufferPointer<Signature>.allocate(capacity: types.count + shorthandCount)
        var next = pool.baseAddress!
        for shorthand in 0..<shorthandCount {
            next.initialize(to: UInt8(0x40 + shorthand))
            signatures.initializeElement(
                at: types.count + shorthand,
                to: Signature(parameters: next, results: next, parameterCount: 0, resultCount: shorthand == 0 ? 0 : 1))
            next += 1
        }
        for (index, type) in types.enumerated() {
            let parameters = next
            for parameter in type.parameters {
                next.initialize(to: parameter.rawValue)
                next += 1
            }
            let results = next
            for result in type.results {
                next.initialize(to: result.rawValue)
                next += 1
            }
            signatures.initializeElement(
                at: index,
                to: Signature(
                    parameters: parameters, results: results, parameterCount: Int32(type.parameters.count),
                    resultCount: Int32(type.results.count)))
        }
        return (pool, signatures)
    }
}
