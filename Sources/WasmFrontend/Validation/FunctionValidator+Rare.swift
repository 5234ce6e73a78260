internal import CSupport

// Instructions that are rare enough to be validated out of line.
extension FunctionValidator {
    /// The unprefixed instructions on values of any type.
    @inline(never)
    func parametricInstruction(
        _ op: GWWasmOpcode, _ immediates: Immediates, _ before: OperandTypes, at: Int
    ) throws(LoadFailure) -> OperandTypes {
        var operands = before
        let i32 = ValueType.i32.rawValue
        switch op {
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
            guard immediates.index == 1 else { throw .invalid(.selectArity, at: at) }
            let type = TypeByte(immediates.bits)
            try operands.pop(i32, at: at)
            try operands.pop(type, at: at)
            try operands.pop(type, at: at)
            try operands.push(type, at: at)
        case .refNull:
            try operands.push(TypeByte(immediates.bits), at: at)
        case .refIsNull:
            let type = try operands.popAny(at: at)
            guard type == 0 || ValueType(rawValue: type)?.isReference == true else {
                throw .invalid(.typeMismatch(expected: .funcref, found: ValueType(rawValue: type)), at: at)
            }
            try operands.push(i32, at: at)
        case .refFunc:
            let index = immediates.index
            guard index < context.functionTypes.count else { throw .invalid(.unknownFunction(index), at: at) }
            guard index < context.isDeclared.count, context.isDeclared[Int(index)] else {
                throw .invalid(.undeclaredFunctionReference(index), at: at)
            }
            try operands.push(ValueType.funcref.rawValue, at: at)
        case .tableGet:
            let type = try tableType(immediates.index, at: at)
            try operands.pop(i32, at: at)
            try operands.push(type, at: at)
        case .tableSet:
            let type = try tableType(immediates.index, at: at)
            try operands.pop(type, at: at)
            try operands.pop(i32, at: at)
        default:
            fatalError("instruction \(op.rawValue) has no validation rule")
        }
        return operands
    }

    /// An instruction behind a prefix, and the operands behind it.
    struct PrefixedInstruction {
        var op: GWWasmOpcode
        var immediates: Immediates
        var operands: OperandTypes
    }

    /// The instructions behind a prefix, and the codes that are none.
    @inline(never)
    mutating func prefixedInstruction(
        _ prefix: UInt8, _ reader: inout ByteReader, _ operands: OperandTypes, at: Int
    ) throws(LoadFailure) -> PrefixedInstruction {
        let isVector = prefix == Prefix.vector
        guard isVector || prefix == Prefix.numeric else {
            throw .malformed(.opcode(prefix: 0, code: UInt32(prefix)), at: at)
        }
        let code = try reader.u32()
        let rows = isVector ? context.vectorOpcodes : context.prefixedOpcodes
        guard code < UInt32(isVector ? GW_WASM_FD_COUNT : GW_WASM_FC_COUNT), rows[Int(code)].text != nil else {
            throw .malformed(.opcode(prefix: prefix, code: code), at: at)
        }
        if isVector { hasVectorInstructions = true }
        let info = rows + Int(code)
        // There is a row, so that it is a case of the enumeration.
        let op = GWWasmOpcode(rawValue: UInt16(prefix) << 8 | UInt16(code))!
        let immediates = try rareImmediates(info.pointee.immediate, &reader, at: at)
        var result = PrefixedInstruction(op: op, immediates: immediates, operands: operands)
        switch op {
        case .tableGrow:
            let type = try tableType(immediates.index, at: at)
            try result.operands.pop(ValueType.i32.rawValue, at: at)
            try result.operands.pop(type, at: at)
            try result.operands.push(ValueType.i32.rawValue, at: at)
        case .tableFill:
            let type = try tableType(immediates.index, at: at)
            try result.operands.pop(ValueType.i32.rawValue, at: at)
            try result.operands.pop(type, at: at)
            try result.operands.pop(ValueType.i32.rawValue, at: at)
        default: try apply(info, &result.operands, at: at)
        }
        return result
    }

    /// Reads what follows the instructions that the loop does not read itself, and checks it against the module.
    @inline(never)
    func rareImmediates(
        _ kind: GWWasmImmediate, _ reader: inout ByteReader, at: Int
    ) throws(LoadFailure) -> Immediates {
        let immediates = try reader.immediates(kind)
        switch kind {
        case .memory, .memories2: try checkMemory(at: at)
        case .data: try dataSegment(immediates.index, at: at)
        case .dataMemory:
            try checkMemory(at: at)
            try dataSegment(immediates.index, at: at)
        case .elem: _ = try elementType(immediates.index, at: at)
        case .elemTable:
            let table = try tableType(UInt32(immediates.bits), at: at)
            guard try elementType(immediates.index, at: at) == table else {
                throw .invalid(.signatureMismatch, at: at)
            }
        case .table: _ = try tableType(immediates.index, at: at)
        case .tables2:
            let destination = try tableType(immediates.index, at: at)
            guard try tableType(UInt32(immediates.bits), at: at) == destination else {
                throw .invalid(.signatureMismatch, at: at)
            }
        case .lanes: for lane in 0..<16 { try checkLane(immediates.bytes![lane], of: 32, at: at) }
        default: break
        }
        if let natural = kind.naturalAlignment {
            guard immediates.alignment <= natural else { throw .invalid(.alignment, at: at) }
            try checkMemory(at: at)
        }
        if let count = kind.laneCount { try checkLane(UInt8(immediates.bits), of: count, at: at) }
        return immediates
    }

    /// Refuses a lane that is not one of `count`.
    private func checkLane(_ lane: UInt8, of count: UInt8, at: Int) throws(LoadFailure) {
        guard lane < count else { throw .invalid(.lane(lane), at: at) }
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
