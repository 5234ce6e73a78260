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
        case .i32Const, .i64Const, .f32Const, .f64Const, .v128Const, .globalGet, .refNull, .refFunc: break
        case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul:
            throw .invalid(.constantExpression(isExtended: true), at: offset)
        default:
            throw .invalid(.constantExpression(isExtended: false), at: offset)
        }
        let bytes = reader.offset
        let immediates = try reader.immediates(opcode.row.immediate)
        switch opcode {
        case .v128Const: return (.vector(at: bytes), .v128)
        case .globalGet:
            let index = immediates.index
            guard index < parts.importedGlobalCount else { throw .invalid(.unknownGlobal(index), at: offset) }
            let type = parts.globalTypes[Int(index)]
            guard !type.isMutable else { throw .invalid(.constantExpression(isExtended: false), at: offset) }
            return (.global(index), type.value)
        case .refNull: return (.nullReference, ValueType(rawValue: UInt8(immediates.bits))!)
        case .refFunc:
            try parts.declareFunction(immediates.index, at: offset)
            return (.function(immediates.index), .funcref)
        // A number, of the type that the instruction makes.
        default: return (.value(immediates.bits), ValueType(rawValue: opcode.row.result)!)
        }
    }
}
