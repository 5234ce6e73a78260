internal import CSupport

/// A call as Go's compiler writes it, the most frequent thing in its code.
///
///     local.get L  i32.const 8  i32.sub  local.tee L  global.set G    room on Go's stack, whose pointer G and L are
///     local.get L  i64.const K  i64.store                             where to resume behind the call
///     i32.const 0  call F
///     global.get G  local.set L  br_if D                              leaves too, if F has been suspended
///
/// A quarter of the instructions that Go's runtime runs before `main` are in such calls. Each of them is validated, and
/// lowered where nothing is special about it, as a whole.
struct GoCall {
    static let instructionCount = 13
    /// The bytes behind `local.get L`: i32.const 8, i32.sub, local.tee.
    fileprivate static let opening: UInt32 = 0x226B_0841

    /// L and G.
    var local: UInt32
    var global: UInt32
    /// K.
    var resumePoint: UInt64
    /// F.
    var function: UInt32
    /// D.
    var depth: UInt32
}

/// The address of a word on Go's stack, where it is stored to: another eighth of the instructions.
///
///     local.get L  i64.extend_i32_u  i64.const N  i64.add  i32.wrap_i64
struct GoStackAddress {
    static let instructionCount = 5
    /// The bytes behind `local.get L`: i64.extend_i32_u, i64.const.
    fileprivate static let opening: UInt16 = 0x42AD

    /// L.
    var local: UInt32
    /// N, which fits 32 bits, sign-extended.
    var offset: UInt64
}

/// What Go's compiler writes again and again, and the front end takes as a whole.
///
/// It means what its instructions mean, whoever wrote them.
enum GoIdiom {
    case call(GoCall)
    case stackAddress(GoStackAddress)

    /// The number of bytes that one takes at most behind the first opcode.
    fileprivate static let longest = 48
}

extension InstructionSink {
    /// Takes the instructions of an idiom one by one.
    @inline(__always) mutating func appendInstructions(of idiom: GoIdiom) {
        switch idiom {
        case .call(let call):
            append(.localGet, index: call.local)
            append(.i32Const, constant: 8)
            append(.i32Sub)
            append(.localTee, index: call.local)
            append(.globalSet, index: call.global)
            append(.localGet, index: call.local)
            append(.i64Const, constant: call.resumePoint)
            append(.i64Store, index: 0)
            append(.i32Const, constant: 0)
            append(.call, index: call.function)
            append(.globalGet, index: call.global)
            append(.localSet, index: call.local)
            branch(.brIf, depth: call.depth)
        case .stackAddress(let address):
            append(.localGet, index: address.local)
            append(.i64ExtendI32U)
            append(.i64Const, constant: address.offset)
            append(.i64Add)
            append(.i32WrapI64)
        }
    }
}

extension ByteReader {
    /// Whether a ``GoIdiom`` may follow behind the opcode of a `local.get`: two comparisons, as that opcode is frequent.
    @inline(__always) var mayBeGoIdiom: Bool {
        guard remaining >= GoIdiom.longest else { return false }
        let next = UInt32(littleEndian: UnsafeRawPointer(pointer + 1).loadUnaligned(as: UInt32.self))
        return next == GoCall.opening || UInt16(truncatingIfNeeded: next) == GoStackAddress.opening
    }

    /// The ``GoIdiom`` that follows behind its first opcode; nil, and nothing is read, if there is none.
    ///
    /// ``mayBeGoIdiom`` must have said that there may be one. Locals and globals with larger numbers than 127 are left
    /// to the general case.
    fileprivate mutating func goIdiom() -> GoIdiom? {
        let bytes = pointer
        guard bytes[0] < 0x80 else { return nil }
        return bytes[1] == UInt8(truncatingIfNeeded: GoCall.opening)
            ? goCall(bytes).map(GoIdiom.call) : goStackAddress(bytes[0]).map(GoIdiom.stackAddress)
    }

    private mutating func goCall(_ bytes: UnsafePointer<UInt8>) -> GoCall? {
        let local = bytes[0]
        let global = bytes[7]
        guard global < 0x80, bytes[5] == local, bytes[6] == 0x24, bytes[8] == 0x20, bytes[9] == local, bytes[10] == 0x42
        else { return nil }
        var rest = self
        rest.advance(11)
        guard let resumePoint = try? rest.s64() else { return nil }
        var next = rest.pointer
        // i64.store without offset, i32.const 0, call
        guard next[0] == 0x37, next[1] <= 3, next[2] == 0, next[3] == 0x41, next[4] == 0, next[5] == 0x10 else {
            return nil
        }
        rest.advance(6)
        guard let function = try? rest.u32() else { return nil }
        next = rest.pointer
        // global.get, local.set, br_if
        guard next[0] == 0x23, next[1] == global, next[2] == 0x21, next[3] == local, next[4] == 0x0D else { return nil }
        rest.advance(5)
        guard let depth = try? rest.u32() else { return nil }
        self = rest
        return GoCall(
            local: UInt32(local), global: UInt32(global), resumePoint: UInt64(bitPattern: resumePoint),
            function: function, depth: depth)
    }

    private mutating func goStackAddress(_ local: UInt8) -> GoStackAddress? {
        var rest = self
        rest.advance(3)
        guard let offset = try? rest.s64(), offset == Int64(Int32(truncatingIfNeeded: offset)) else { return nil }
        // i64.add, i32.wrap_i64
        guard rest.pointer[0] == 0x7C, rest.pointer[1] == 0xA7 else { return nil }
        rest.advance(2)
        self = rest
        return GoStackAddress(local: UInt32(local), offset: UInt64(bitPattern: offset))
    }
}

extension FunctionValidator {
    /// The ``GoIdiom`` that follows behind its first opcode, if it is valid; nil, and nothing is read, where the
    /// instructions have to be looked at one by one.
    ///
    /// It uses two more operands than there are. A call leaves none behind, an address one i32.
    @inline(never)
    mutating func goIdiom(_ reader: inout ByteReader, _ operands: OperandTypes) -> GoIdiom? {
        var rest = reader
        guard !operands.isUnreachable, operands.limit - operands.top >= 2, let idiom = rest.goIdiom() else {
            return nil
        }
        switch idiom {
        case .call(let call):
            guard isStackPointer(call.local), isValid(call) else { return nil }
            globalWriteCounts[Int(call.global)] &+= 1
        case .stackAddress(let address):
            guard isStackPointer(address.local) else { return nil }
        }
        reader = rest
        return idiom
    }

    /// Whether there is a local of the type of Go's stack pointer.
    private func isStackPointer(_ local: UInt32) -> Bool {
        local < min(locals.count, UInt32(LocalTypes.flatCount))
            && locals.flat[Int(local)] == ValueType.i32.rawValue
    }

    private func isValid(_ call: GoCall) -> Bool {
        let i32 = ValueType.i32.rawValue
        guard call.global < context.globalTypes.count, context.globalTypes[Int(call.global)] == i32,
            context.globalMutability[Int(call.global)], context.memoryCount > 0,
            call.function < context.functionTypes.count,
            let target = control.labelled(call.depth), target.pointee.label.count == 0
        else { return false }
        let signature = context.signatures[Int(context.functionTypes[Int(call.function)])]
        return signature.parameterCount == 1 && signature.parameters.pointee == i32 && signature.resultCount == 1
            && signature.results.pointee == i32
    }
}
