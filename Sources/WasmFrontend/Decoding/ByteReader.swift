/// Reads the primitives of the binary format (sections 5.1, 5.2) from memory.
///
/// The struct is three pointers, and every method that is called per instruction is inlined, so that a reader in a
/// local variable lives in registers. For that reason the out-of-line paths are static and take the position by value.
struct ByteReader {
    /// The start of the module, from which offsets count.
    let origin: UnsafePointer<UInt8>
    /// The next byte.
    ///
    /// Invariant: `origin <= position <= end`, and all bytes between are readable.
    private(set) var position: UnsafePointer<UInt8>
    /// Behind the last byte that may be read.
    let end: UnsafePointer<UInt8>

    /// Reads the bytes at `range` of `bytes`, which must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        // An empty buffer may have no address; nothing is read through this one, as the range is empty then.
        let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        origin = base.assumingMemoryBound(to: UInt8.self)
        position = origin + range.lowerBound
        end = origin + range.upperBound
    }

    /// The offset of the next byte from the start of the module.
    @inline(__always) var offset: Int { position - origin }
    /// Where the next byte lies.
    @inline(__always) var pointer: UnsafePointer<UInt8> { position }
    @inline(__always) var remaining: Int { end - position }
    @inline(__always) var isAtEnd: Bool { position == end }

    /// A byte.
    @inline(__always)
    mutating func byte() throws(LoadFailure) -> UInt8 {
        guard position < end else { throw .malformed(.unexpectedEnd, at: offset) }
        let value = position.pointee
        position += 1
        return value
    }

    /// A byte; nil at the end.
    @inline(__always)
    mutating func nextByte() -> UInt8? {
        guard position < end else { return nil }
        let value = position.pointee
        position += 1
        return value
    }

    /// Skips `count` bytes.
    @inline(__always)
    mutating func skip(_ count: Int) throws(LoadFailure) {
        guard count <= remaining else { throw .malformed(.unexpectedEnd, at: offset) }
        position += count
    }

    /// Skips `count` bytes, which the caller has looked at.
    @inline(__always)
    mutating func advance(_ count: Int) {
        assert(count <= remaining)
        position += count
    }

    /// A little-endian number of four bytes.
    mutating func fixed32() throws(LoadFailure) -> UInt32 {
        let start = position
        try skip(4)
        return UInt32(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt32.self))
    }

    /// A little-endian number of eight bytes.
    mutating func fixed64() throws(LoadFailure) -> UInt64 {
        let start = position
        try skip(8)
        return UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    }

    /// An unsigned 32-bit number (LEB128).
    @inline(__always)
    mutating func u32() throws(LoadFailure) -> UInt32 {
        if _fastPath(position < end && position.pointee < 0x80) {
            let value = position.pointee
            position += 1
            return UInt32(value)
        }
        let long = try Self.longUnsigned(position, end, origin)
        position = long.next
        return long.value
    }

    /// A signed 32-bit number (LEB128).
    @inline(__always)
    mutating func s32() throws(LoadFailure) -> Int32 {
        if _fastPath(position < end && position.pointee < 0x80) {
            return Int32(Self.signExtended(shortSigned()))
        }
        let long = try Self.longSigned(position, end, origin, bits: 32)
        position = long.next
        return Int32(truncatingIfNeeded: long.value)
    }

    /// A signed 33-bit number (LEB128), as block types have.
    @inline(__always)
    mutating func s33() throws(LoadFailure) -> Int64 {
        if _fastPath(position < end && position.pointee < 0x80) {
            return Int64(Self.signExtended(shortSigned()))
        }
        let long = try Self.longSigned(position, end, origin, bits: 33)
        position = long.next
        return long.value
    }

    /// A signed 64-bit number (LEB128).
    @inline(__always)
    mutating func s64() throws(LoadFailure) -> Int64 {
        if _fastPath(position < end && position.pointee < 0x80) {
            return Int64(Self.signExtended(shortSigned()))
        }
        let long = try Self.longSigned(position, end, origin, bits: 64)
        position = long.next
        return long.value
    }

    /// The offset of a data segment of the most frequent form, active in memory 0 at an `i32.const`; skips that, and
    /// nothing if the segment begins in another way.
    @inline(__always)
    mutating func plainDataOffset() -> UInt32? {
        // Kind 0, i32.const, at most five bytes of a number, end.
        guard remaining >= 8, position[0] == 0, position[1] == 0x41 else { return nil }
        var next = position + 2
        var value: UInt32 = 0
        var shift: UInt32 = 0
        while next.pointee >= 0x80 {
            guard shift < 21 else { return nil }
            value |= UInt32(next.pointee & 0x7F) << shift
            shift += 7
            next += 1
        }
        let last = next.pointee
        value |= UInt32(last & 0x7F) << shift
        shift += 7
        if last & 0x40 != 0 { value |= UInt32.max << shift }
        guard next[1] == 0x0B else { return nil }
        position = next + 2
        return value
    }

    /// Skips an unsigned 32-bit number (LEB128).
    @inline(__always)
    mutating func skipU32() throws(LoadFailure) {
        if skipShortNumber(atMost: 4) { return }
        position = try Self.longUnsigned(position, end, origin).next
    }

    /// Skips a signed 32-bit number (LEB128).
    @inline(__always)
    mutating func skipS32() throws(LoadFailure) {
        if skipShortNumber(atMost: 4) { return }
        position = try Self.longSigned(position, end, origin, bits: 32).next
    }

    /// Skips a signed 64-bit number (LEB128).
    @inline(__always)
    mutating func skipS64() throws(LoadFailure) {
        if skipShortNumber(atMost: 8) { return }
        position = try Self.longSigned(position, end, origin, bits: 64).next
    }

    /// Skips a number (LEB128) that is so short that its type has room for all its bits, and returns whether there is
    /// one; without a branch that depends on its length, which hardly any processor would predict.
    @inline(__always)
    private mutating func skipShortNumber(atMost longest: Int) -> Bool {
        guard _fastPath(remaining >= 8) else { return false }
        let word = UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
        let lastBytes = ~word & 0x8080_8080_8080_8080
        let length = lastBytes.trailingZeroBitCount / 8 + 1
        guard _fastPath(length <= longest) else { return false }
        position += length
        return true
    }

    /// The next byte, which the caller has seen to be a whole number.
    @inline(__always)
    private mutating func shortSigned() -> UInt8 {
        let value = position.pointee
        position += 1
        return value
    }

    /// The value of a signed number of seven bits.
    @inline(__always)
    private static func signExtended(_ byte: UInt8) -> Int8 { Int8(bitPattern: byte << 1) >> 1 }

    /// The number of entries that follow.
    ///
    /// Each takes at least `minimumSize` bytes: a number that the bytes left cannot hold is refused here, before
    /// anything is allocated for it.
    mutating func count(minimumSize: Int = 1) throws(LoadFailure) -> Int {
        let start = offset
        let count = Int(try u32())
        guard count <= remaining / minimumSize else { throw .malformed(.unexpectedEnd, at: start) }
        return count
    }

    /// The range of as many bytes as the number before them says; skips them, or fails for the given reason.
    mutating func sized(
        orElse reason: MalformedModule.Reason = .lengthOutOfBounds
    ) throws(LoadFailure) -> Range<Int> {
        let start = offset
        let count = Int(try u32())
        guard count <= remaining else { throw .malformed(reason, at: start) }
        let range = Range(uncheckedBounds: (offset, offset &+ count))
        position += count
        return range
    }

    /// A name: its length and UTF-8 (section 5.2.4).
    mutating func name() throws(LoadFailure) -> String {
        let range = try sized()
        guard
            let name = String(
                validating: UnsafeBufferPointer(start: origin + range.lowerBound, count: range.count),
                as: UTF8.self)
        else { throw .malformed(.utf8, at: range.lowerBound) }
        return name
    }

    @inline(never)
    private static func longUnsigned(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ origin: UnsafePointer<UInt8>
    ) throws(LoadFailure) -> (value: UInt32, next: UnsafePointer<UInt8>) {
        var position = start
        var value: UInt32 = 0
        var shift: UInt32 = 0
        while true {
            guard position < end else { throw .malformed(.unexpectedEnd, at: position - origin) }
            let byte = position.pointee
            position += 1
            if shift == 28 {
                // Four bits are left of the 32.
                guard byte < 0x80 else { throw .malformed(.integerTooLong, at: start - origin) }
                guard byte < 0x10 else { throw .malformed(.integerTooLarge, at: start - origin) }
            }
            value |= UInt32(byte & 0x7F) << shift
            if byte < 0x80 { return (value, position) }
            shift += 7
        }
    }

    @inline(never)
    private static func longSigned(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ origin: UnsafePointer<UInt8>, bits: UInt32
    ) throws(LoadFailure) -> (value: Int64, next: UnsafePointer<UInt8>) {
        var position = start
        var value: Int64 = 0
        var shift: UInt32 = 0
        while true {
            guard position < end else { throw .malformed(.unexpectedEnd, at: position - origin) }
            let byte = position.pointee
            position += 1
            if shift + 7 >= bits {
                // The last byte that the type can need: the bits beyond it must all equal its sign.
                guard byte < 0x80 else { throw .malformed(.integerTooLong, at: start - origin) }
                let unused = Int8(bitPattern: byte << 1) >> Int8(bits - shift)
                guard unused == 0 || unused == -1 else { throw .malformed(.integerTooLarge, at: start - origin) }
            }
            value |= Int64(byte & 0x7F) << Int64(shift)
            shift += 7
            if byte < 0x80 {
                if shift < 64, byte & 0x40 != 0 { value |= -1 << Int64(shift) }
                return (value, position)
            }
        }
    }
}
