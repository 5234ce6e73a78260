internal import CSupport

/// The bytes that start instructions of more than one (section 5.4).
enum Prefix {
    /// Saturating truncations, bulk memory and table instructions.
    static let numeric: UInt8 = 0xFC
    /// Vector instructions.
    static let vector: UInt8 = 0xFD
}

extension GWWasmOpcode {
    /// The properties of the instruction.
    var row: GWWasmOpcodeInfo {
        let code = Int(rawValue & 0xFF)
        switch UInt8(truncatingIfNeeded: rawValue >> 8) {
        case Prefix.numeric: return gw_wasm_opcodes_fc()![code]
        case Prefix.vector: return gw_wasm_opcodes_fd()![code]
        default: return gw_wasm_opcodes()![code]
        }
    }
}

extension ByteReader {
    /// The code of an instruction; refuses those that don't exist.
    ///
    /// The validator, which reads many, has a way of its own.
    mutating func opcode() throws(LoadFailure) -> GWWasmOpcode {
        let start = offset
        let first = try byte()
        var code = UInt32(first)
        if first == Prefix.numeric || first == Prefix.vector {
            let second = try u32()
            let count = first == Prefix.numeric ? GW_WASM_FC_COUNT : GW_WASM_FD_COUNT
            guard second < UInt32(count) else { throw .malformed(.opcode(prefix: first, code: second), at: start) }
            code = UInt32(first) << 8 | second
        }
        guard let opcode = GWWasmOpcode(rawValue: UInt16(code)), opcode.row.text != nil else {
            throw .malformed(.opcode(prefix: UInt8(code >> 8), code: code & 0xFF), at: start)
        }
        return opcode
    }
}
