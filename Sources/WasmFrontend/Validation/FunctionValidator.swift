internal import CSupport

/// Validates function bodies (sections 3.3, 3.4.1, and the algorithm of appendix A.3), each in one pass over its
/// bytes that checks their format too.
///
/// A validator is used for many functions, one after the other; its stacks are allocated once.
struct FunctionValidator: ~Copyable {
    let context: CodeContext
    /// How often code wrote each global so far.
    let globalWriteCounts: UnsafeMutableBufferPointer<UInt32>
    var control = ControlStack()
    var locals = LocalTypes()
    /// Memory for the types of as many operands as a frame may have.
    private let operandBase: UnsafeMutablePointer<TypeByte>

    init(_ context: CodeContext) {
        self.context = context
        operandBase = .allocate(capacity: ImplementationLimit.frameSlots)
        globalWriteCounts = .allocate(capacity: context.globalTypes.count)
        globalWriteCounts.initialize(repeating: 0)
    }

    deinit {
        operandBase.deallocate()
        globalWriteCounts.deallocate()
    }

    /// Validates the body of a function whose type has the index `type`, and completes its description.
    mutating func validate(_ body: inout FunctionBody, type: UInt32) throws(LoadFailure) {
        let signature = context.signatures.baseAddress! + Int(type)
        var reader = ByteReader(context.bytes, body.bytes)
        try declareLocals(signature, &reader)
        body.code = reader.offset
        body.localCount = Int32(locals.count)
        let slots = ImplementationLimit.frameSlots - Int(locals.count)
        let operands = OperandTypes(
            top: operandBase, floor: operandBase, isUnreachable: false, highest: operandBase,
            limit: operandBase + slots)
        control.removeAll()
        control.push(ControlFrame(signature: signature, floor: operandBase, kind: .function))
        body.maxOperandHeight = try validateCode(reader, operands)
    }

    /// Reads the declarations of locals (section 5.5.13).
    private mutating func declareLocals(
        _ signature: UnsafePointer<Signature>, _ reader: inout ByteReader
    ) throws(LoadFailure) {
        locals.removeAll()
        for index in 0..<Int(signature.pointee.parameterCount) {
            locals.append(signature.pointee.parameters[index], count: 1)
        }
        let start = reader.offset
        var total = UInt64(locals.count)
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            let offset = reader.offset
            let added = try reader.u32()
            total += UInt64(added)
            guard total <= UInt64(UInt32.max) else { throw .malformed(.tooManyLocals, at: offset) }
            locals.append(try reader.valueType().rawValue, count: added)
        }
        guard total <= ImplementationLimit.locals else { throw .unsupported(.locals(Int(total)), at: start) }
    }
}
