extension FunctionValidator {
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

    /// The targets of a `br_table`, each of which must take the values on the stack.
    ///
    /// Neighbouring targets with one signature are checked once, so that the time is in proportion to the number of
    /// targets.
    @inline(never)
    func branchTable(_ reader: inout ByteReader, _ operands: OperandTypes, at: Int) throws(LoadFailure) {
        let count = try reader.count()
        var arity: Int32?
        var checked: UnsafePointer<TypeByte>?
        for _ in 0...count {
            let depth = try reader.u32()
            guard let target = control.labelled(depth) else { throw .invalid(.unknownLabel(depth), at: at) }
            let label = target.pointee.label
            if let arity, arity != label.count { throw .invalid(.signatureMismatch, at: at) }
            arity = label.count
            guard label.count > 0, label.types != checked else { continue }
            try operands.check(label.types, label.count, at: at)
            checked = label.types
        }
    }
}
