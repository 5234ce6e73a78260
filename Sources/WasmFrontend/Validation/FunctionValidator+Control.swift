internal import CSupport

// Blocks, branches and calls; all but the tables of branches is a part of the validator's loop (see those of variables).
extension FunctionValidator {
    // MARK: - Blocks

    @_transparent
    mutating func open<Sink: InstructionSink>(
        _ op: GWWasmOpcode, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let signature = try blockSignature(&reader)
        try enter(op == .loop ? .loop : .block, signature, &operands, at: at)
        sink.open(op, signature)
    }

    @_transparent
    mutating func openIf<Sink: InstructionSink>(
        _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let signature = try blockSignature(&reader)
        try operands.pop(ValueType.i32.rawValue, at: at)
        try enter(.if, signature, &operands, at: at)
        sink.open(.if, signature)
    }

    @_transparent
    mutating func openElse<Sink: InstructionSink>(
        _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let frame = control.innermost
        guard frame.pointee.kind == .if else { throw .malformed(.endExpected, at: at) }
        let signature = frame.pointee.signature
        try operands.pop(signature.pointee.results, signature.pointee.resultCount, at: at)
        try operands.checkEmpty(at: at)
        frame.pointee.kind = .else
        operands.isUnreachable = false
        try operands.push(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
        sink.openElse()
    }

    /// Closes the innermost block, and returns whether another one is open.
    @_transparent
    mutating func end<Sink: InstructionSink>(
        _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) -> Bool {
        let frame = control.innermost
        let signature = frame.pointee.signature
        let kind = frame.pointee.kind
        try operands.pop(signature.pointee.results, signature.pointee.resultCount, at: at)
        try operands.checkEmpty(at: at)
        if kind == .if { try Self.checkIfWithoutElse(signature, at: at) }
        control.pop()
        sink.end()
        guard kind != .function else { return false }
        operands.floor = control.innermost.pointee.floor
        operands.isUnreachable = control.innermost.pointee.isUnreachable
        try operands.push(signature.pointee.results, signature.pointee.resultCount, at: at)
        return true
    }

    /// Opens a block.
    @inline(__always)
    mutating func enter(
        _ kind: ControlFrame.Kind, _ signature: UnsafePointer<Signature>, _ operands: inout OperandTypes, at: Int
    ) throws(LoadFailure) {
        try operands.pop(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
        control.innermost.pointee.isUnreachable = operands.isUnreachable
        control.push(ControlFrame(signature: signature, floor: operands.top, kind: kind))
        operands.floor = operands.top
        operands.isUnreachable = false
        try operands.push(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
    }

    /// The signature that a block type says.
    @inline(__always)
    func blockSignature(_ reader: inout ByteReader) throws(LoadFailure) -> UnsafePointer<Signature> {
        let start = reader.offset
        let type = try reader.s33()
        let signatures = UnsafePointer(context.signatures.baseAddress!)
        if type >= 0 {
            guard type < context.typeCount else {
                throw .invalid(.unknownType(UInt32(truncatingIfNeeded: type)), at: start)
            }
            return signatures + Int(type)
        }
        // A single byte from 0x40 to 0x7F is a negative number of seven bits; longer ones are no types.
        guard reader.offset == start + 1 else { throw .malformed(.blockType(nil), at: start) }
        let byte = UInt8(truncatingIfNeeded: type) & 0x7F
        if byte != 0x40 { try Self.checkBlockResult(byte, at: start) }
        return signatures + Int(context.typeCount) + CodeContext.shorthand(byte)
    }

    private static func checkBlockResult(_ byte: UInt8, at offset: Int) throws(LoadFailure) {
        guard ValueType(rawValue: byte) != nil else { throw .malformed(.blockType(byte), at: offset) }
    }

    /// Without `else`, the parameters of an `if` are its results.
    static func checkIfWithoutElse(_ signature: UnsafePointer<Signature>, at offset: Int) throws(LoadFailure) {
        let parameters = UnsafeBufferPointer(
            start: signature.pointee.parameters, count: Int(signature.pointee.parameterCount))
        let results = UnsafeBufferPointer(start: signature.pointee.results, count: Int(signature.pointee.resultCount))
        guard parameters.elementsEqual(results) else { throw .invalid(.signatureMismatch, at: offset) }
    }

    // MARK: - Branches

    @_transparent
    mutating func branch<Sink: InstructionSink>(
        _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let depth = try reader.u32()
        guard let target = control.labelled(depth) else { throw .invalid(.unknownLabel(depth), at: at) }
        let label = target.pointee.label
        try operands.pop(label.types, label.count, at: at)
        operands.becomeUnreachable()
        sink.branch(.br, depth: depth)
    }

    @_transparent
    mutating func branchIf<Sink: InstructionSink>(
        _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let depth = try reader.u32()
        guard let target = control.labelled(depth) else { throw .invalid(.unknownLabel(depth), at: at) }
        let label = target.pointee.label
        try operands.pop(ValueType.i32.rawValue, at: at)
        try operands.pop(label.types, label.count, at: at)
        try operands.push(label.types, label.count, at: at)
        sink.branch(.brIf, depth: depth)
    }

    /// The targets of a `br_table`, each of which must take the values on the stack.
    ///
    /// Neighbouring targets with one signature are checked once, so that the time is in proportion to the number of
    /// targets.
    @inline(never)
    func branchTable<Sink: InstructionSink>(
        _ reader: inout ByteReader, _ operands: OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let count = try reader.immediates(.labels).index
        var arity: Int32?
        var checked: UnsafePointer<TypeByte>?
        sink.beginTable()
        for _ in 0...count {
            let depth = try reader.u32()
            guard let target = control.labelled(depth) else { throw .invalid(.unknownLabel(depth), at: at) }
            sink.appendTarget(depth: depth)
            let label = target.pointee.label
            if let arity, arity != label.count { throw .invalid(.signatureMismatch, at: at) }
            arity = label.count
            guard label.count > 0, label.types != checked else { continue }
            try operands.check(label.types, label.count, at: at)
            checked = label.types
        }
        sink.endTable()
    }

    // MARK: - Calls

    @_transparent
    mutating func call<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let index = try reader.u32()
        guard index < view.functionTypes.count else { throw .invalid(.unknownFunction(index), at: at) }
        let signature = view.signatures + Int(view.functionTypes[Int(index)])
        try operands.pop(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
        try operands.push(signature.pointee.results, signature.pointee.resultCount, at: at)
        sink.append(.call, index: index)
    }

    @_transparent
    mutating func callIndirect<Sink: InstructionSink>(
        _ view: CodeView, _ reader: inout ByteReader, _ operands: inout OperandTypes, into sink: inout Sink, at: Int
    ) throws(LoadFailure) {
        let type = try reader.u32()
        let table = try reader.u32()
        let element = try tableType(table, at: at)
        guard element == ValueType.funcref.rawValue else { throw .invalid(.signatureMismatch, at: at) }
        guard type < context.typeCount else { throw .invalid(.unknownType(type), at: at) }
        let signature = view.signatures + Int(type)
        try operands.pop(ValueType.i32.rawValue, at: at)
        try operands.pop(signature.pointee.parameters, signature.pointee.parameterCount, at: at)
        try operands.push(signature.pointee.results, signature.pointee.resultCount, at: at)
        sink.append(.callIndirect, Immediates(index: type, bits: UInt64(table)))
    }
}
