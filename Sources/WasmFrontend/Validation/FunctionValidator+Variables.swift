internal import CSupport

// Variables and constants: two instructions in three. All of it is a part of the validator's loop, which has too many parts
// for the optimiser to inline them when it is only asked to: a start would take 3 % more instructions.
extension FunctionValidator {
    @_transparent
    mutating func localGet<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        if Sink.isUsed, reader.mayBeGoIdiom {
            var rest = reader
            if let idiom = goIdiom(&rest, operands) {
                reader = rest
                operands.reach(2)
                if case .stackAddress = idiom { try operands.push(ValueType.i32.rawValue, at: at) }
                return sink.append(idiom)
            }
        }
        let index = try reader.u32()
        if _fastPath(index < view.flatLocalCount) {
            try operands.push(view.flatLocals[Int(index)], at: at)
        } else {
            guard index < view.localCount else { throw .invalid(.unknownLocal(index), at: at) }
            try operands.push(locals.beyondFlat(index), at: at)
        }
        sink.append(.localGet, index: index)
    }

    @_transparent
    mutating func localSet<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let index = try reader.u32()
        if _fastPath(index < view.flatLocalCount) {
            try operands.pop(view.flatLocals[Int(index)], at: at)
        } else {
            guard index < view.localCount else { throw .invalid(.unknownLocal(index), at: at) }
            try operands.pop(locals.beyondFlat(index), at: at)
        }
        sink.append(.localSet, index: index)
    }

    @_transparent
    mutating func localTee<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let index = try reader.u32()
        guard index < view.localCount else { throw .invalid(.unknownLocal(index), at: at) }
        let type = index < view.flatLocalCount ? view.flatLocals[Int(index)] : locals.beyondFlat(index)
        try operands.pop(type, at: at)
        try operands.push(type, at: at)
        sink.append(.localTee, index: index)
    }

    @_transparent
    mutating func globalGet<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let index = try reader.u32()
        guard index < view.globalTypes.count else { throw .invalid(.unknownGlobal(index), at: at) }
        try operands.push(view.globalTypes[Int(index)], at: at)
        sink.append(.globalGet, index: index)
    }

    @_transparent
    mutating func globalSet<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let index = try reader.u32()
        guard index < view.globalTypes.count else { throw .invalid(.unknownGlobal(index), at: at) }
        guard context.globalMutability[Int(index)] else { throw .invalid(.immutableGlobal(index), at: at) }
        globalWriteCounts[Int(index)] &+= 1
        try operands.pop(view.globalTypes[Int(index)], at: at)
        sink.append(.globalSet, index: index)
    }

    @_transparent
    mutating func i32Const<Sink: InstructionSink>(
        _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        if Sink.isUsed {
            sink.append(.i32Const, constant: UInt64(UInt32(bitPattern: try reader.s32())))
        } else {
            try reader.skipS32()
        }
        try operands.push(ValueType.i32.rawValue, at: at)
    }

    @_transparent
    mutating func i64Const<Sink: InstructionSink>(
        _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        if Sink.isUsed {
            sink.append(.i64Const, constant: UInt64(bitPattern: try reader.s64()))
        } else {
            try reader.skipS64()
        }
        try operands.push(ValueType.i64.rawValue, at: at)
    }
}
