internal import CSupport

/// Reads instructions that have been validated: nothing here can fail, so nothing is checked again.
struct CodeReader {
    private(set) var position: UnsafePointer<UInt8>

    /// Reads from `position` on; the bytes must outlive the reader, and must have been validated.
    init(_ position: UnsafePointer<UInt8>) { self.position = position }

    @inline(__always) mutating func byte() -> UInt8 {
        defer { position += 1 }
        return position.pointee
    }

    /// An opcode, with the prefix as high byte where there is one.
    @inline(__always) mutating func opcode() -> GWWasmOpcode {
        let first = byte()
        let raw = first >= Prefix.numeric ? UInt16(first) << 8 | UInt16(truncatingIfNeeded: u32()) : UInt16(first)
        return GWWasmOpcode(rawValue: raw).unsafelyUnwrapped
    }

    @inline(__always) mutating func u32() -> UInt32 {
        let first = byte()
        if first < 0x80 { return UInt32(first) }
        return UInt32(truncatingIfNeeded: more(UInt64(first & 0x7F)).value)
    }

    /// A signed number of at most 64 bits, sign-extended.
    @inline(__always) mutating func signed() -> Int64 {
        let first = byte()
        if first < 0x80 { return Int64(Int8(bitPattern: first << 1) >> 1) }
        let long = more(UInt64(first & 0x7F))
        return long.bits >= 64
            ? Int64(bitPattern: long.value) : Int64(bitPattern: long.value << (64 - long.bits)) >> (64 - long.bits)
    }

    private mutating func more(_ low: UInt64) -> (value: UInt64, bits: UInt64) {
        var value = low
        var shift: UInt64 = 7
        while true {
            let next = byte()
            value |= UInt64(next & 0x7F) << shift
            shift += 7
            if next < 0x80 { return (value, shift) }
        }
    }

    mutating func fixed32() -> UInt32 {
        defer { position += 4 }
        return UInt32(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt32.self))
    }

    mutating func fixed64() -> UInt64 {
        defer { position += 8 }
        return UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
    }
}
