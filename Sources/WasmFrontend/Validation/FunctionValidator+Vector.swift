internal import CSupport

// The vector instructions (section 3.3.2), validated out of line.
extension FunctionValidator {
    /// An instruction behind the prefix 0xFD, which has been read.
    @inline(never)
    mutating func vectorInstruction(
        _ reader: inout ByteReader, _ before: OperandTypes, at: Int
    ) throws(LoadFailure) -> OperandTypes {
        let code = try reader.u32()
        guard code < UInt32(GW_WASM_FD_COUNT), context.vectorOpcodes[Int(code)].text != nil else {
            throw .malformed(.opcode(prefix: Prefix.vector, code: code), at: at)
        }
        hasVectorInstructions = true
        let info = context.vectorOpcodes + Int(code)
        var operands = before
        try vectorImmediate(info.pointee.immediate, &reader, at: at)
        try apply(info, &operands, at: at)
        return operands
    }

    private func vectorImmediate(
        _ immediate: GWWasmImmediate, _ reader: inout ByteReader, at: Int
    ) throws(LoadFailure) {
        switch immediate {
        case .none: break
        case .mem8: _ = try memoryArgument(0, &reader, at: at, reads: false)
        case .mem16: _ = try memoryArgument(1, &reader, at: at, reads: false)
        case .mem32: _ = try memoryArgument(2, &reader, at: at, reads: false)
        case .mem64: _ = try memoryArgument(3, &reader, at: at, reads: false)
        case .mem128: _ = try memoryArgument(4, &reader, at: at, reads: false)
        case .mem8Lane:
            _ = try memoryArgument(0, &reader, at: at, reads: false)
            try lane(of: 16, &reader, at: at)
        case .mem16Lane:
            _ = try memoryArgument(1, &reader, at: at, reads: false)
            try lane(of: 8, &reader, at: at)
        case .mem32Lane:
            _ = try memoryArgument(2, &reader, at: at, reads: false)
            try lane(of: 4, &reader, at: at)
        case .mem64Lane:
            _ = try memoryArgument(3, &reader, at: at, reads: false)
            try lane(of: 2, &reader, at: at)
        case .lane2: try lane(of: 2, &reader, at: at)
        case .lane4: try lane(of: 4, &reader, at: at)
        case .lane8: try lane(of: 8, &reader, at: at)
        case .lane16: try lane(of: 16, &reader, at: at)
        case .v128: try reader.skip(16)
        case .lanes: for _ in 0..<16 { try lane(of: 32, &reader, at: at) }
        default: fatalError("immediate \(immediate.rawValue) is not one of vector instructions")
        }
    }

    /// The number of one of `count` lanes.
    private func lane(of count: UInt8, _ reader: inout ByteReader, at: Int) throws(LoadFailure) {
        let lane = try reader.byte()
        guard lane < count else { throw .invalid(.lane(lane), at: at) }
    }
}
