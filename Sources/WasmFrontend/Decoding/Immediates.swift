internal import CSupport

/// What follows an opcode in the binary format (section 5.4): what instructions of its kind have, everything else 0.
struct Immediates {
    /// An index, the depth of a label, the static offset of a memory access, the number of a `br_table`'s targets without
    /// the last one, or of the types that a `select` names.
    var index: UInt32 = 0
    /// A second index, the number of a lane, the byte of a value type, a block type (sign-extended), or the bits of a
    /// constant: an i32 zero-extended.
    var bits: UInt64 = 0
    /// The alignment of a memory access, an exponent of 2.
    var alignment: UInt32 = 0
    /// The 16 bytes of a vector or of a choice of lanes; in the module.
    var bytes: UnsafePointer<UInt8>?
}

extension ByteReader {
    /// Reads what follows an opcode; behind a `br_table` its targets are to be read, one more than `index` says.
    ///
    /// This is the only place that knows the immediates of all instructions. It checks their format, and nothing that
    /// depends on the module. (What one instruction in two has, an index or a constant, the validator reads itself.)
    mutating func immediates(_ kind: GWWasmImmediate) throws(LoadFailure) -> Immediates {
        switch kind {
        case .none: return Immediates()
        case .label, .func, .local, .global, .table, .elem, .data: return Immediates(index: try u32())
        case .typeTable, .elemTable, .tables2: return Immediates(index: try u32(), bits: UInt64(try u32()))
        case .labels: return Immediates(index: UInt32(try count()))
        case .block: return Immediates(bits: UInt64(bitPattern: try s33()))
        case .types: return try types()
        case .refType: return Immediates(bits: UInt64(try referenceType().rawValue))
        case .mem8, .mem16, .mem32, .mem64, .mem128: return try memoryAccess()
        case .mem8Lane, .mem16Lane, .mem32Lane, .mem64Lane:
            var access = try memoryAccess()
            access.bits = UInt64(try byte())
            return access
        case .lane2, .lane4, .lane8, .lane16: return Immediates(bits: UInt64(try byte()))
        case .v128, .lanes:
            let bytes = pointer
            try skip(16)
            return Immediates(bytes: bytes)
        case .memory:
            try zeroByte()
            return Immediates()
        case .memories2:
            try zeroByte()
            try zeroByte()
            return Immediates()
        case .dataMemory:
            let segment = try u32()
            try zeroByte()
            return Immediates(index: segment)
        case .i32: return Immediates(bits: UInt64(UInt32(bitPattern: try s32())))
        case .i64: return Immediates(bits: UInt64(bitPattern: try s64()))
        case .f32: return Immediates(bits: UInt64(try fixed32()))
        case .f64: return Immediates(bits: try fixed64())
        }
    }

    /// Skips what follows an opcode, with the targets of a `br_table`.
    mutating func skipImmediates(_ kind: GWWasmImmediate) throws(LoadFailure) {
        let immediates = try immediates(kind)
        if kind == .labels { for _ in 0...immediates.index { try skipU32() } }
    }

    /// The alignment of a memory access, an exponent of 2.
    @inline(__always)
    mutating func alignment() throws(LoadFailure) -> UInt32 {
        let start = offset
        let alignment = try u32()
        guard alignment < 32 else { throw .malformed(.memoryFlags(alignment), at: start) }
        return alignment
    }

    private mutating func memoryAccess() throws(LoadFailure) -> Immediates {
        let alignment = try alignment()
        return Immediates(index: try u32(), alignment: alignment)
    }

    private mutating func types() throws(LoadFailure) -> Immediates {
        var types = Immediates(index: UInt32(try count()))
        for _ in 0..<types.index { types.bits = UInt64(try valueType().rawValue) }
        return types
    }

    /// The zero byte that stands for a memory.
    private mutating func zeroByte() throws(LoadFailure) {
        let start = offset
        let index = try byte()
        guard index == 0 else { throw .malformed(.zeroByte(index), at: start) }
    }
}

extension GWWasmImmediate {
    /// The natural alignment of a memory access, an exponent of 2; nil where there is none.
    var naturalAlignment: UInt32? {
        switch self {
        case .mem8, .mem8Lane: 0
        case .mem16, .mem16Lane: 1
        case .mem32, .mem32Lane: 2
        case .mem64, .mem64Lane: 3
        case .mem128: 4
        default: nil
        }
    }

    /// The natural alignment of the loads and stores of one number, which are the frequent ones; nil for all else.
    @inline(__always) var scalarAlignment: UInt32? {
        let exponent = rawValue &- Self.mem8.rawValue
        return exponent <= Self.mem64.rawValue - Self.mem8.rawValue ? UInt32(exponent) : nil
    }

    /// How many lanes there are to choose from; nil where no lane is named.
    var laneCount: UInt8? {
        switch self {
        case .lane16, .mem8Lane: 16
        case .lane8, .mem16Lane: 8
        case .lane4, .mem32Lane: 4
        case .lane2, .mem64Lane: 2
        default: nil
        }
    }
}
