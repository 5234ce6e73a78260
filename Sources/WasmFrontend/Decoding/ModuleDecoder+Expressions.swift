internal import CSupport

// Constant expressions (sections 3.3.10, 5.4.9).
extension ModuleDecoder {
    /// An expression whose value has the type `expected`.
    ///
    /// No constant instruction of WebAssembly 2.0 takes operands, so that an expression of more than one leaves
    /// more than one value.
    mutating func constantExpression(_ expected: ValueType) throws(LoadFailure) -> ConstantExpression {
        let start = reader.offset
        var result: (value: ConstantExpression, type: ValueType)?
        var mismatch: LoadFailure?
        while true {
            let offset = reader.offset
            let opcode = try reader.opcode()
            if opcode == .end { break }
            let next = try constantInstruction(opcode, at: offset)
            // Unless something that computes with them follows, which is another mistake.
            if let result, mismatch == nil {
                mismatch = .invalid(.typeMismatch(expected: nil, found: result.type), at: offset)
            }
            result = next
        }
        if let mismatch { throw mismatch }
        guard let result, result.type == expected else {
            throw .invalid(.typeMismatch(expected: expected, found: result?.type), at: start)
        }
        return result.value
    }

    private mutating func constantInstruction(
        _ opcode: GWWasmOpcode, at offset: Int
    ) throws(LoadFailure) -> (value: ConstantExpression, type: ValueType) {
        switch opcode {
        case .i32Const:
            return (.value(UInt64(UInt32(bitPattern: try reader.s32()))), .i32)
        case .i64Const:
            return (.value(UInt64(bitPattern: try reader.s64())), .i64)
        case .f32Const:
            return (.value(UInt64(try reader.fixed32())), .f32)
        case .f64Const:
            return (.value(try reader.fixed64()), .f64)
        case .v128Const:
            let bytes = reader.offset
            try reader.skip(16)
            return (.vector(at: bytes), .v128)
        case .globalGet:
            let index = try reader.u32()
            guard index < parts.importedGlobalCount else { throw .invalid(.unknownGlobal(index), at: offset) }
            let type = parts.globalTypes[Int(index)]
            guard !type.isMutable else { throw .invalid(.constantExpression(isExtended: false), at: offset) }
            return (.global(index), type.value)
        case .refNull:
            return (.nullReference, try reader.referenceType())
        case .refFunc:
            let index = try reader.u32()
            try parts.declareFunction(index, at: offset)
            return (.function(index), .funcref)
        case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul:
            throw .invalid(.constantExpression(isExtended: true), at: offset)
        default:
            throw .invalid(.constantExpression(isExtended: false), at: offset)
        }
    }
}

extension ByteReader {
    /// The code of an instruction; refuses those that don't exist.
    ///
    /// This is for the few instructions outside of functions.
    mutating func opcode() throws(LoadFailure) -> GWWasmOpcode {
        let start = offset
        let first = try byte()
        var code = UInt32(first)
        var info = gw_wasm_opcodes()[Int(first)]
        if first == Prefix.numeric {
            let second = try u32()
            guard second < UInt32(GW_WASM_FC_COUNT) else {
                throw .malformed(.opcode(prefix: first, code: second), at: start)
            }
            code = UInt32(first) << 8 | second
            info = gw_wasm_opcodes_fc()[Int(second)]
        } else if first == Prefix.vector {
            let second = try u32()
            guard second < UInt32(GW_WASM_FD_COUNT) else {
                throw .malformed(.opcode(prefix: first, code: second), at: start)
            }
            code = UInt32(first) << 8 | second
            info = gw_wasm_opcodes_fd()[Int(second)]
        }
        guard info.text != nil, let opcode = GWWasmOpcode(rawValue: UInt16(code)) else {
            throw .malformed(.opcode(prefix: UInt8(code >> 8), code: code & 0xFF), at: start)
        }
        return opcode
    }
}

/// The bytes that start instructions of more than one (section 5.4).
enum Prefix {
    /// Saturating truncations, bulk memory and table instructions.
    static let numeric: UInt8 = 0xFC
    /// Vector instructions.
    static let vector: UInt8 = 0xFD
}
