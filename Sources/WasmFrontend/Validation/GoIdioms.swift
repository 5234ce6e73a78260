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
    fileprivate static var opening: UInt32 {
        let opcodes = (UInt32(GWWasmOpcode.i32Const.byte), GWWasmOpcode.i32Sub.byte, GWWasmOpcode.localTee.byte)
        return opcodes.0 | 8 << 8 | UInt32(opcodes.1) << 16 | UInt32(opcodes.2) << 24
    }

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
    fileprivate static var opening: UInt16 {
        UInt16(GWWasmOpcode.i64ExtendI32U.byte) | UInt16(GWWasmOpcode.i64Const.byte) << 8
    }

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

extension GWWasmOpcode {
    /// The byte of an instruction without prefix.
    @inline(__always) fileprivate var byte: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
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
        let local = pointer[0]
        guard local < 0x80 else { return nil }
        return pointer[1] == GWWasmOpcode.i32Const.byte
            ? goCall(local).map(GoIdiom.call) : goStackAddress(local).map(GoIdiom.stackAddress)
    }

    private mutating func goCall(_ local: UInt8) -> GoCall? {
        var rest = self
        // The local, and what mayBeGoIdiom has seen: i32.const 8, i32.sub, local.tee.
        rest.advance(5)
        guard rest.skips(local), rest.skips(.globalSet) else { return nil }
        let global = rest.pointer.pointee
        guard global < 0x80, rest.skips(global),
            rest.skips(.localGet), rest.skips(local), rest.skips(.i64Const), let resumePoint = try? rest.s64(),
            rest.skips(.i64Store), rest.pointer.pointee <= 3
        else { return nil }
        // Any alignment that an i64.store may have.
        rest.advance(1)
        guard rest.skips(0), rest.skips(.i32Const), rest.skips(0), rest.skips(.call),
            let function = try? rest.u32(),
            rest.skips(.globalGet), rest.skips(global), rest.skips(.localSet), rest.skips(local), rest.skips(.brIf),
            let depth = try? rest.u32()
        else { return nil }
        self = rest
        return GoCall(
            local: UInt32(local), global: UInt32(global), resumePoint: UInt64(bitPattern: resumePoint),
            function: function, depth: depth)
    }

    private mutating func goStackAddress(_ local: UInt8) -> GoStackAddress? {
        var rest = self
        // The local, and what mayBeGoIdiom has seen: i64.extend_i32_u, i64.const.
        rest.advance(3)
        guard let offset = try? rest.s64(), offset == Int64(Int32(truncatingIfNeeded: offset)), rest.skips(.i64Add),
            rest.skips(.i32WrapI64)
        else { return nil }
        self = rest
        return GoStackAddress(local: UInt32(local), offset: UInt64(bitPattern: offset))
    }

    /// Skips an opcode, and returns whether it is there; there must be a byte.
    @inline(__always) private mutating func skips(_ opcode: GWWasmOpcode) -> Bool { skips(opcode.byte) }

    /// Skips a byte, and returns whether it is there; there must be one.
    @inline(__always) private mutating func skips(_ byte: UInt8) -> Bool {
        guard pointer.pointee == byte else { return false }
        advance(1)
        return true
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
        local < locals.heldFlat && locals.flat[Int(local)] == ValueType.i32.rawValue
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
