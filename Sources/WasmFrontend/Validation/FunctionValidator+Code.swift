internal import CSupport

extension FunctionValidator {
    /// Validates the instructions of the function whose body is the only block on the control stack, hands them to
    /// `sink`, and returns the greatest height of the operand stack.
    ///
    /// This is the loop that runs once per instruction: `reader` and `operands` are local variables that must stay
    /// in registers, so everything called per instruction is inlined, and what rare instructions call out of line gets
    /// copies. The order of cases and of conditions follows how frequent they are.
    mutating func validateCode<Sink: InstructionSink>(
        _ start: ByteReader, _ bottom: OperandTypes, into sink: inout Sink
    ) throws(LoadFailure) -> Int32 {
        var reader = start
        var operands = bottom
        let opcodes = context.opcodes
        let flatLocals = locals.flat
        let localCount = locals.count
        let flatLocalCount = locals.heldFlat
        let globalTypes = context.globalTypes
        let functionTypes = context.functionTypes
        let signatures = context.signatures.baseAddress!
        let i32 = ValueType.i32.rawValue

        while true {
            let at = reader.offset
            let start = reader.pointer
            guard let code = reader.nextByte() else { throw .malformed(.endExpected, at: at) }
            let info = opcodes + Int(code)
            guard info.pointee.text != nil else {
                var rest = reader
                operands = try prefixedInstruction(code, &rest, operands, at: at)
                reader = rest
                sink.appendRare(at: start)
                continue
            }
            // The table has a row for this code, so that it is a case of the enumeration.
            switch unsafeBitCast(UInt16(code), to: GWWasmOpcode.self) {
            case .localGet:
                if Sink.isUsed, reader.mayBeGoIdiom {
                    var rest = reader
                    if let idiom = goIdiom(&rest, operands) {
                        reader = rest
                        operands.reach(2)
                        if case .stackAddress = idiom { try operands.push(i32, at: at) }
                        sink.append(idiom)
                        continue
                    }
                }
                let index = try reader.u32()
                if _fastPath(index < flatLocalCount) {
                    try operands.push(flatLocals[Int(index)], at: at)
                } else {
                    guard index < localCount else { throw .invalid(.unknownLocal(index), at: at) }
                    try operands.push(locals.beyondFlat(index), at: at)
                }
                sink.append(.localGet, index: index)
            case .localSet:
                let index = try reader.u32()
                if _fastPath(index < flatLocalCount) {
                    try operands.pop(flatLocals[Int(index)], at: at)
                } else {
                    guard index < localCount else { throw .invalid(.unknownLocal(index), at: at) }
                    try operands.pop(locals.beyondFlat(index), at: at)
                }
                sink.append(.localSet, index: index)
            case .localTee:
                let index = try reader.u32()
                guard index < localCount else { throw .invalid(.unknownLocal(index), at: at) }
                let type = index < flatLocalCount ? flatLocals[Int(index)] : locals.beyondFlat(index)
                try operands.pop(type, at: at)
                try operands.push(type, at: at)
                sink.append(.localTee, index: index)
            case .globalGet:
                let index = try reader.u32()
                guard index < globalTypes.count else { throw .invalid(.unknownGlobal(index), at: at) }
                try operands.push(globalTypes[Int(index)], at: at)
                sink.append(.globalGet, index: index)
            case .globalSet:
                let index = try reader.u32()
                guard index < globalTypes.count else { throw .invalid(.unknownGlobal(index), at: at) }
                guard context.globalMutability[Int(index)] else { throw .invalid(.immutableGlobal(index), at: at) }
                globalWriteCounts[Int(index)] &+= 1
                try operands.pop(globalTypes[Int(index)], at: at)
                sink.append(.globalSet, index: index)
            case .i32Const:
                if Sink.isUsed {
                    sink.append(.i32Const, constant: UInt64(UInt32(bitPattern: try reader.s32())))
                } else {
                    try reader.skipS32()
                }
                try operands.push(i32, at: at)
            case .i64Const:
                if Sink.isUsed {
                    sink.append(.i64Const, constant: UInt64(bitPattern: try reader.s64()))
                } else {
                    try reader.skipS64()
                }
                try operands.push(ValueType.i64.rawValue, at: at)

            case .block:
                let signature = try blockSignature(&reader)
                try enter(.block, signature, &operands, at: at)
                sink.open(
                    .block, parameters: signature.pointee.parameterCount, results: signature.pointee.resultCount)
            case .loop:
                let signature = try blockSignature(&reader)
                try enter(.loop, signature, &operands, at: at)
                sink.open(
                    .loop, parameters: signature.pointee.parameterCount, results: signature.pointee.resultCount)
            case .if:
                let signature = try blockSignature(&reader)
                try operands.pop(i32, at: at)
                try enter(.if, signature, &operands, at: at)
                sink.open(
                    .if, parameters: signature.pointee.parameterCount, results: signature.pointee.resultCount)
            case .else:
                let frame = control.innermost
                guard frame.pointee.kind == .if else { throw .malformed(.endExpected, at: at) }
                let signature = frame.pointee.signature
                try operands.pop(signature.pointee.results, signature.pointee.resultCount, at: at)
                try operands.checkEmpty(at: at)
                frame.pointee.kind = .else
                operands.isUnreachable = false
                try operands.push(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
                sink.openElse()
            case .end:
                let frame = control.innermost
                let signature = frame.pointee.signature
                let kind = frame.pointee.kind
                try operands.pop(signature.pointee.results, signature.pointee.resultCount, at: at)
                try operands.checkEmpty(at: at)
                if kind == .if { try Self.checkIfWithoutElse(signature, at: at) }
                control.pop()
                sink.end()
                guard kind != .function else {
                    guard reader.isAtEnd else { throw .malformed(.sectionSize, at: reader.offset) }
                    return Int32(operands.highest - operands.floor)
                }
                operands.floor = control.innermost.pointee.floor
                operands.isUnreachable = control.innermost.pointee.isUnreachable
                try operands.push(signature.pointee.results, signature.pointee.resultCount, at: at)

            case .br:
                let depth = try reader.u32()
                guard let target = control.labelled(depth) else { throw .invalid(.unknownLabel(depth), at: at) }
                let label = target.pointee.label
                try operands.pop(label.types, label.count, at: at)
                operands.becomeUnreachable()
                sink.branch(.br, depth: depth)
            case .brIf:
                let depth = try reader.u32()
                guard let target = control.labelled(depth) else { throw .invalid(.unknownLabel(depth), at: at) }
                let label = target.pointee.label
                try operands.pop(i32, at: at)
                try operands.pop(label.types, label.count, at: at)
                try operands.push(label.types, label.count, at: at)
                sink.branch(.brIf, depth: depth)
            case .brTable:
                try operands.pop(i32, at: at)
                var rest = reader
                try branchTable(&rest, operands, at: at)
                reader = rest
                operands.becomeUnreachable()
                sink.appendRare(at: start)
            case .return:
                let label = control.labelled(UInt32(control.count - 1))!.pointee.label
                try operands.pop(label.types, label.count, at: at)
                operands.becomeUnreachable()
                sink.leave(.return)
            case .unreachable:
                operands.becomeUnreachable()
                sink.leave(.unreachable)
            case .call:
                let index = try reader.u32()
                guard index < functionTypes.count else { throw .invalid(.unknownFunction(index), at: at) }
                let signature = signatures + Int(functionTypes[Int(index)])
                try operands.pop(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
                try operands.push(signature.pointee.results, signature.pointee.resultCount, at: at)
                sink.append(.call, index: index)
            case .callIndirect:
                let type = try reader.u32()
                let table = try reader.u32()
                let element = try tableType(table, at: at)
                guard element == ValueType.funcref.rawValue else { throw .invalid(.signatureMismatch, at: at) }
                guard type < context.typeCount else { throw .invalid(.unknownType(type), at: at) }
                let signature = signatures + Int(type)
                try operands.pop(i32, at: at)
                try operands.pop(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
                try operands.push(signature.pointee.results, signature.pointee.resultCount, at: at)
                sink.appendRare(at: start)

            case .drop:
                _ = try operands.popAny(at: at)
                sink.append(.drop)
            case .select, .selectTyped, .refNull, .refIsNull, .refFunc, .tableGet, .tableSet:
                var rest = reader
                operands = try parametricInstruction(code, &rest, operands, at: at)
                reader = rest
                sink.appendRare(at: start)

            default:
                let op = unsafeBitCast(UInt16(code), to: GWWasmOpcode.self)
                switch info.pointee.immediate {
                case .none: sink.append(op)
                case .mem8: sink.append(op, index: try memoryArgument(0, &reader, at: at, reads: Sink.isUsed))
                case .mem16: sink.append(op, index: try memoryArgument(1, &reader, at: at, reads: Sink.isUsed))
                case .mem32: sink.append(op, index: try memoryArgument(2, &reader, at: at, reads: Sink.isUsed))
                case .mem64: sink.append(op, index: try memoryArgument(3, &reader, at: at, reads: Sink.isUsed))
                default:
                    var rest = reader
                    try skipRareImmediate(info.pointee.immediate, &rest, at: at)
                    reader = rest
                    sink.appendRare(at: start)
                }
                try apply(info, &operands, at: at)
            }
        }
    }

    /// Pops the operands and pushes the result of an instruction whose types the table tells.
    @inline(__always)
    func apply(
        _ info: UnsafePointer<GWWasmOpcodeInfo>, _ operands: inout OperandTypes, at: Int
    ) throws(LoadFailure) {
        let count = info.pointee.operand_count
        if count > 2 { try operands.pop(info.pointee.operands.2, at: at) }
        if count > 1 { try operands.pop(info.pointee.operands.1, at: at) }
        if count > 0 { try operands.pop(info.pointee.operands.0, at: at) }
        if info.pointee.result_count > 0 { try operands.push(info.pointee.result, at: at) }
    }

    /// Reads the alignment and the offset of a memory access, whose natural alignment is `natural` (both exponents of
    /// 2); returns the offset if it `reads` that, else skips it.
    @inline(__always)
    func memoryArgument(
        _ natural: UInt32, _ reader: inout ByteReader, at: Int, reads: Bool
    ) throws(LoadFailure) -> UInt32 {
        let start = reader.offset
        let alignment = try reader.u32()
        if _slowPath(alignment > natural) {
            guard alignment < 32 else { throw .malformed(.memoryFlags(alignment), at: start) }
            throw .invalid(.alignment, at: at)
        }
        var offset: UInt32 = 0
        if reads { offset = try reader.u32() } else { try reader.skipU32() }
        guard context.memoryCount > 0 else { throw .invalid(.unknownMemory(0), at: at) }
        return offset
    }

    /// The zero byte that stands for a memory.
    func memory(_ reader: inout ByteReader, at: Int) throws(LoadFailure) {
        let start = reader.offset
        let index = try reader.byte()
        guard index == 0 else { throw .malformed(.zeroByte(index), at: start) }
        guard context.memoryCount > 0 else { throw .invalid(.unknownMemory(0), at: at) }
    }

    /// The element type of a table.
    func tableType(_ index: UInt32, at: Int) throws(LoadFailure) -> TypeByte {
        guard index < context.tableTypes.count else { throw .invalid(.unknownTable(index), at: at) }
        return context.tableTypes[Int(index)]
    }
}
