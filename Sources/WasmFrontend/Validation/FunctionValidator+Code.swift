internal import CSupport

extension FunctionValidator {
    /// What the loop looks at for every other instruction, copied out of the validator so that it may stay in registers.
    struct CodeView {
        let flatLocals: UnsafeMutablePointer<TypeByte>
        let flatLocalCount: UInt32
        let localCount: UInt32
        let globalTypes: UnsafeMutableBufferPointer<TypeByte>
        let functionTypes: UnsafeMutableBufferPointer<UInt32>
        let signatures: UnsafeMutablePointer<Signature>
    }

    private var view: CodeView {
        CodeView(
            flatLocals: locals.flat, flatLocalCount: locals.heldFlat, localCount: locals.count,
            globalTypes: context.globalTypes, functionTypes: context.functionTypes,
            signatures: context.signatures.baseAddress!)
    }

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
        let view = view

        while true {
            let at = reader.offset
            guard let code = reader.nextByte() else { throw .malformed(.endExpected, at: at) }
            let info = opcodes + Int(code)
            guard info.pointee.text != nil else {
                var rest = reader
                let instruction = try prefixedInstruction(code, &rest, operands, at: at)
                reader = rest
                operands = instruction.operands
                sink.append(instruction.op, instruction.immediates)
                continue
            }
            // The table has a row for this code, so that it is a case of the enumeration.
            let op = unsafeBitCast(UInt16(code), to: GWWasmOpcode.self)
            switch op {
            case .localGet: try localGet(view, &reader, &operands, into: &sink, at: at)
            case .localSet: try localSet(view, &reader, &operands, into: &sink, at: at)
            case .localTee: try localTee(view, &reader, &operands, into: &sink, at: at)
            case .globalGet: try globalGet(view, &reader, &operands, into: &sink, at: at)
            case .globalSet: try globalSet(view, &reader, &operands, into: &sink, at: at)
            case .i32Const: try i32Const(&reader, &operands, into: &sink, at: at)
            case .i64Const: try i64Const(&reader, &operands, into: &sink, at: at)

            case .block, .loop: try open(op, &reader, &operands, into: &sink, at: at)
            case .if: try openIf(&reader, &operands, into: &sink, at: at)
            case .else: try openElse(&operands, into: &sink, at: at)
            case .end:
                guard try end(&operands, into: &sink, at: at) else {
                    guard reader.isAtEnd else { throw .malformed(.sectionSize, at: reader.offset) }
                    return Int32(operands.highest - operands.floor)
                }

            case .br: try branch(&reader, &operands, into: &sink, at: at)
            case .brIf: try branchIf(&reader, &operands, into: &sink, at: at)
            case .brTable:
                try operands.pop(ValueType.i32.rawValue, at: at)
                var rest = reader
                try branchTable(&rest, operands, into: &sink, at: at)
                reader = rest
                operands.becomeUnreachable()
            case .return:
                let label = control.labelled(UInt32(control.count - 1))!.pointee.label
                try operands.pop(label.types, label.count, at: at)
                operands.becomeUnreachable()
                sink.leave(.return)
            case .unreachable:
                operands.becomeUnreachable()
                sink.leave(.unreachable)
            case .call: try call(view, &reader, &operands, into: &sink, at: at)
            case .callIndirect: try callIndirect(view, &reader, &operands, into: &sink, at: at)

            case .drop: sink.drop(try operands.popAny(at: at))
            case .select, .selectTyped, .refNull, .refIsNull, .refFunc, .tableGet, .tableSet:
                var rest = reader
                let immediates = try rest.immediates(info.pointee.immediate)
                reader = rest
                operands = try parametricInstruction(op, immediates, operands, at: at)
                if op == .select || op == .selectTyped {
                    sink.select(op, operands.top[-1])
                } else {
                    sink.append(op, immediates)
                }
            default: try simple(op, info, &reader, &operands, into: &sink, at: at)
            }
        }
    }

    /// An instruction whose types the table tells: loads, stores and arithmetic.
    @_transparent
    private mutating func simple<Sink: InstructionSink>(
        _ op: GWWasmOpcode, _ info: UnsafePointer<GWWasmOpcodeInfo>, _ reader: inout ByteReader,
        _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let kind = info.pointee.immediate
        if kind == .none {
            sink.append(op)
        } else if let alignment = kind.scalarAlignment {
            sink.append(op, index: try memoryArgument(alignment, &reader, at: at, reads: Sink.isUsed))
        } else {
            var rest = reader
            let immediates = try rareImmediates(kind, &rest, at: at)
            reader = rest
            sink.append(op, immediates)
        }
        try apply(info, &operands, at: at)
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
    private func memoryArgument(
        _ natural: UInt32, _ reader: inout ByteReader, at: Int, reads: Bool
    ) throws(LoadFailure) -> UInt32 {
        let alignment = try reader.alignment()
        guard _fastPath(alignment <= natural) else { throw .invalid(.alignment, at: at) }
        var offset: UInt32 = 0
        if reads { offset = try reader.u32() } else { try reader.skipU32() }
        try checkMemory(at: at)
        return offset
    }

    /// Refuses an instruction on a memory where there is none.
    @inline(__always)
    func checkMemory(at: Int) throws(LoadFailure) {
        guard context.memoryCount > 0 else { throw .invalid(.unknownMemory(0), at: at) }
    }

    /// The element type of a table.
    func tableType(_ index: UInt32, at: Int) throws(LoadFailure) -> TypeByte {
        guard index < context.tableTypes.count else { throw .invalid(.unknownTable(index), at: at) }
        return context.tableTypes[Int(index)]
    }
}
