internal import CSupport

// Instructions that are rare enough to be validated out of line.
extension FunctionValidator {
    /// The unprefixed instructions on values of any type.
    @inline(never)
    func parametricInstruction(
        _ code: UInt8, _ reader: inout ByteReader, _ before: OperandTypes, at: Int
    ) throws(LoadFailure) -> OperandTypes {
        var operands = before
        let i32 = ValueType.i32.rawValue
        switch GWWasmOpcode(rawValue: UInt16(code)) {
        case .select:
            try operands.pop(i32, at: at)
            let second = try operands.popAny(at: at)
            let first = try operands.popAny(at: at)
            let type = first == 0 ? second : first
            // References need the instruction that names the type.
            guard second == 0 || second == type, ValueType(rawValue: type)?.isReference != true else {
                throw .invalid(
                    .typeMismatch(expected: ValueType(rawValue: first), found: ValueType(rawValue: second)), at: at)
            }
            try operands.push(type, at: at)
        case .selectTyped:
            let count = try reader.count()
            guard count == 1 else { throw .invalid(.selectArity, at: at) }
            let type = try reader.valueType().rawValue
            try operands.pop(i32, at: at)
            try operands.pop(type, at: at)
            try operands.pop(type, at: at)
            try operands.push(type, at: at)
        case .refNull:
            try operands.push(try reader.referenceType().rawValue, at: at)
        case .refIsNull:
            let type = try operands.popAny(at: at)
            guard type == 0 || ValueType(rawValue: type)?.isReference == true else {
                throw .invalid(.typeMismatch(expected: .funcref, found: ValueType(rawValue: type)), at: at)
            }
            try operands.push(i32, at: at)
        case .refFunc:
            let index = try reader.u32()
            guard index < context.functionTypes.count else { throw .invalid(.unknownFunction(index), at: at) }
            guard index < context.isDeclared.count, context.isDeclared[Int(index)] else {
                throw .invalid(.undeclaredFunctionReference(index), at: at)
            }
            try operands.push(ValueType.funcref.rawValue, at: at)
        case .tableGet:
            let type = try tableType(try reader.u32(), at: at)
            try operands.pop(i32, at: at)
            try operands.push(type, at: at)
        case .tableSet:
            let type = try tableType(try reader.u32(), at: at)
            try operands.pop(type, at: at)
            try operands.pop(i32, at: at)
        default:
            fatalError("instruction \(code) has no validation rule")
        }
        return operands
    }

    /// The instructions behind a prefix, and the codes that are none.
    @inline(never)
    mutating func prefixedInstruction(
        _ prefix: UInt8, _ reader: inout ByteReader, _ before: OperandTypes, at: Int
    ) throws(LoadFailure) -> OperandTypes {
        if prefix == Prefix.vector { return try vectorInstruction(&reader, before, at: at) }
        guard prefix == Prefix.numeric else { throw .malformed(.opcode(prefix: 0, code: UInt32(prefix)), at: at) }
        let code = try reader.u32()
        guard code < UInt32(GW_WASM_FC_COUNT) else { throw .malformed(.opcode(prefix: prefix, code: code), at: at) }
        let info = context.prefixedOpcodes + Int(code)
        var operands = before
        switch GWWasmOpcode(rawValue: UInt16(prefix) << 8 | UInt16(code)) {
        case .tableGrow:
            let type = try tableType(try reader.u32(), at: at)
            try operands.pop(ValueType.i32.rawValue, at: at)
            try operands.pop(type, at: at)
            try operands.push(ValueType.i32.rawValue, at: at)
        case .tableFill:
            let type = try tableType(try reader.u32(), at: at)
            try operands.pop(ValueType.i32.rawValue, at: at)
            try operands.pop(type, at: at)
            try operands.pop(ValueType.i32.rawValue, at: at)
        default:
            try skipRareImmediate(info.pointee.immediate, &reader, at: at)
            try apply(info, &operands, at: at)
        }
        return operands
    }

    /// Reads and checks the indices that follow bulk instructions.
    @inline(never)
    func skipRareImmediate(_ immediate: GWWasmImmediate, _ reader: inout ByteReader, at: Int) throws(LoadFailure) {
        switch immediate {
        case .none:
            break
        case .memory:
            try memory(&reader, at: at)
        case .memories2:
            try memory(&reader, at: at)
            try memory(&reader, at: at)
        case .data:
            try dataSegment(try reader.u32(), at: at)
        case .dataMemory:
            let segment = try reader.u32()
            try memory(&reader, at: at)
            try dataSegment(segment, at: at)
        case .elem:
            _ = try elementType(try reader.u32(), at: at)
        case .elemTable:
            let segment = try reader.u32()
            let table = try tableType(try reader.u32(), at: at)
            guard try elementType(segment, at: at) == table else { throw .invalid(.signatureMismatch, at: at) }
        case .table:
            _ = try tableType(try reader.u32(), at: at)
        case .tables2:
            let destination = try tableType(try reader.u32(), at: at)
            let source = try tableType(try reader.u32(), at: at)
            guard destination == source else { throw .invalid(.signatureMismatch, at: at) }
        case .f32:
            try reader.skip(4)
        case .f64:
            try reader.skip(8)
        default:
            fatalError("immediate \(immediate.rawValue) has no validation rule")
        }
    }

    /// Refuses a data segment that doesn't exist.
    ///
    /// Code comes before the data, so that the count must be declared.
    private func dataSegment(_ index: UInt32, at: Int) throws(LoadFailure) {
        guard let count = context.dataCount else { throw .malformed(.dataCountRequired, at: at) }
        guard index < count else { throw .invalid(.unknownDataSegment(index), at: at) }
    }

    private func elementType(_ index: UInt32, at: Int) throws(LoadFailure) -> TypeByte {
        guard index < context.elementTypes.count else { throw .invalid(.unknownElementSegment(index), at: at) }
        return context.elementTypes[Int(index)]
    }
}
