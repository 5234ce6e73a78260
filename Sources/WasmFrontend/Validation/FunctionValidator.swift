internal import CSupport

/// Validates function bodies (sections 3.3, 3.4.1, and the algorithm of appendix A.3), each in one pass over its
/// bytes that checks their format too.
///
/// A validator is used for many functions, one after the other; its stacks are allocated once.
struct FunctionValidator: ~Copyable {
    let context: CodeContext
    /// How often the code that was validated so far writes each global.
    let globalWriteCounts: UnsafeMutableBufferPointer<UInt32>
    var control = ControlStack()
    var locals = LocalTypes()
    /// The number of locals of the type `v128`, which take two slots each, and whether the code has vector
    /// instructions.
    private var vectorLocalCount = 0
    var hasVectorInstructions = false
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

    /// What validation finds out about a function.
    struct Summary {
        /// The number of locals, parameters included, and of their slots.
        var localCount: Int
        var localSlots: Int
        /// The highest that the operand stack gets, in values.
        var maxOperandHeight: Int
        /// Whether the code has instructions behind the prefix 0xFD, or locals of the type `v128`.
        var usesVectors: Bool
    }

    /// Validates the function whose body lies at `body` and whose type has the index `type`, and hands its instructions
    /// to `sink`.
    mutating func validate<Sink: InstructionSink>(
        _ body: Range<Int>, type: UInt32, into sink: inout Sink
    ) throws(LoadFailure) -> Summary {
        let signature = context.signatures.baseAddress! + Int(type)
        var reader = ByteReader(context.bytes, body)
        try declareLocals(signature, &reader)
        let slots = ImplementationLimit.frameSlots - Int(locals.count) - vectorLocalCount
        guard slots >= 0 else { throw .unsupported(.frameSlots, at: body.lowerBound) }
        hasVectorInstructions = false
        sink.begin(locals)
        let operands = OperandTypes(
            top: operandBase, floor: operandBase, isUnreachable: false, highest: operandBase,
            limit: operandBase + slots)
        control.removeAll()
        control.push(ControlFrame(signature: signature, floor: operandBase, kind: .function))
        let height = try validateCode(reader, operands, into: &sink)
        return Summary(
            localCount: Int(locals.count), localSlots: Int(locals.count) + vectorLocalCount,
            maxOperandHeight: Int(height),
            usesVectors: hasVectorInstructions || vectorLocalCount > 0)
    }

    /// Reads the declarations of locals (section 5.5.13).
    private mutating func declareLocals(
        _ signature: UnsafePointer<Signature>, _ reader: inout ByteReader
    ) throws(LoadFailure) {
        locals.removeAll()
        vectorLocalCount = 0
        for index in 0..<Int(signature.pointee.parameterCount) {
            let type = signature.pointee.parameters[index]
            locals.append(type, count: 1)
            if type == ValueType.v128.rawValue { vectorLocalCount += 1 }
        }
        let start = reader.offset
        var total = UInt64(locals.count)
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            let offset = reader.offset
            let added = try reader.u32()
            total += UInt64(added)
            guard total <= UInt64(UInt32.max) else { throw .malformed(.tooManyLocals, at: offset) }
            let type = try reader.valueType()
            locals.append(type.rawValue, count: added)
            if type == .v128 { vectorLocalCount += Int(added) }
        }
        guard total <= ImplementationLimit.locals else { throw .unsupported(.locals(Int(total)), at: start) }
    }
}
