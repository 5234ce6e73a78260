internal import HostSystem
internal import LibC

/// Decoding of what Go passes: the WHATWG "UTF-8 decode", which is what `TextDecoder` does.
enum UTF8Text {
    /// Decodes bytes: drops one leading byte order mark, turns every ill-formed sequence into U+FFFD, one for each
    /// maximal subpart.
    ///
    /// - Parameter keepsMark: Whether that mark stays.
    static func decode(_ input: UnsafeRawBufferPointer, keepsMark: Bool = false) -> JSString {
        if isASCII(input) { return JSString.make(wtf8: input, isASCII: true) }
        var bytes = input
        if !keepsMark, bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            bytes = UnsafeRawBufferPointer(rebasing: bytes[3...])
        }
        if let broken = firstIllFormed(bytes, from: 0) {
            return JSString.make(wtf8: repaired(bytes, firstIllFormed: broken))
        }
        return JSString.make(wtf8: bytes, isASCII: false)
    }

    @inline(__always)
    static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while bytes.count - offset >= 8 {
            if bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
                return false
            }
            offset += 8
        }
        while offset < bytes.count {
            if bytes[offset] >= 0x80 { return false }
            offset += 1
        }
        return true
    }

    /// The length of the well-formed sequence at `offset`, or minus the length of the ill-formed maximal subpart.
    private static func sequence(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let first = bytes[offset]
        if first < 0x80 { return 1 }
        let length: Int
        // The bounds of the second byte: they exclude overlong forms, surrogates and what lies above U+10FFFF.
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { low = 0xA0 } else if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { low = 0x90 } else if first == 0xF4 { high = 0x8F }
        default: return -1
        }
        for position in 1..<length {
            guard offset + position < bytes.count, bytes[offset + position] >= low, bytes[offset + position] <= high
            else { return -position }
            (low, high) = (0x80, 0xBF)
        }
        return length
    }

    /// Whether bytes are UTF-8.
    static func isWellFormed(_ bytes: UnsafeRawBufferPointer) -> Bool { firstIllFormed(bytes, from: 0) == nil }

    /// How many bytes at the end are the beginning of a sequence whose rest may follow: up to three.
    static func unfinishedCount(_ bytes: UnsafeRawBufferPointer) -> Int {
        for count in stride(from: min(3, bytes.count), to: 0, by: -1) {
            let offset = bytes.count - count
            if 0xC2...0xF4 ~= bytes[offset], sequence(bytes, at: offset) == -count { return count }
        }
        return 0
    }

    private static func firstIllFormed(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var offset = start
        while offset < bytes.count {
            let length = sequence(bytes, at: offset)
            if length < 0 { return offset }
            offset += length
        }
        return nil
    }

    private static func repaired(_ bytes: UnsafeRawBufferPointer, firstIllFormed: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 16)
        result.append(contentsOf: bytes[..<firstIllFormed])
        var offset = firstIllFormed
        while offset < bytes.count {
            let length = sequence(bytes, at: offset)
            if length > 0 {
                result.append(contentsOf: bytes[offset..<offset + length])
                offset += length
            } else {
                result.append(contentsOf: WTF8.replacementCharacter)
                offset -= length
            }
        }
        return result
    }
}

/// The encoding of ``JSString``: UTF-8, and lone surrogates as three bytes.
enum WTF8 {
    /// U+FFFD.
    static let replacementCharacter: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Whether a three-byte sequence starting with `first`, `second` is a surrogate.
    @inline(__always)
    static func isSurrogate(_ first: UInt8, _ second: UInt8) -> Bool { first == 0xED && second >= 0xA0 }

    /// The bytes of a string as Go gets them: lone surrogates become U+FFFD, of the same length.
    static func encode(_ string: JSString, into target: UnsafeMutableRawBufferPointer) {
        string.withBytes { source in
            guard source.count > 0, target.count >= source.count else { return }
            target.copyMemory(from: source)
            if string.isASCII { return }
            var offset = 0
            while offset + 2 < source.count {
                if isSurrogate(source[offset], source[offset + 1]) {
                    for position in 0..<3 { target[offset + position] = replacementCharacter[position] }
                    offset += 3
                } else {
                    offset += 1
                }
            }
        }
    }

    static func utf16(of bytes: UnsafeRawBufferPointer) -> [UInt16] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count)
        var offset = 0
        func next() -> UInt32 {
            offset += 1
            return UInt32(bytes[offset - 1] & 0x3F)
        }
        while offset < bytes.count {
            let first = UInt32(bytes[offset])
            offset += 1
            if first < 0x80 {
                units.append(UInt16(first))
            } else if first < 0xE0 {
                units.append(UInt16((first & 0x1F) << 6 | next()))
            } else if first < 0xF0 {
                let second = next()
                units.append(UInt16((first & 0x0F) << 12 | second << 6 | next()))
            } else {
                let second = next()
                let third = next()
                let scalar = ((first & 0x07) << 18 | second << 12 | third << 6 | next()) - 0x10000
                units.append(UInt16(0xD800 + (scalar >> 10)))
                units.append(UInt16(0xDC00 + (scalar & 0x3FF)))
            }
        }
        return units
    }

    static func bytes(of units: some Collection<UInt16>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(units.count)
        var high: UInt32?
        func append(_ scalar: UInt32) {
            switch scalar {
            case ..<0x80: bytes.append(UInt8(scalar))
            case ..<0x800: bytes.append(contentsOf: [UInt8(0xC0 | scalar >> 6), UInt8(0x80 | scalar & 0x3F)])
            case ..<0x10000:
                bytes.append(contentsOf: [
                    UInt8(0xE0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 0x3F), UInt8(0x80 | scalar & 0x3F),
                ])
            default:
                bytes.append(contentsOf: [
                    UInt8(0xF0 | scalar >> 18), UInt8(0x80 | scalar >> 12 & 0x3F), UInt8(0x80 | scalar >> 6 & 0x3F),
                    UInt8(0x80 | scalar & 0x3F),
                ])
            }
        }
        for unit in units {
            let unit = UInt32(unit)
            if let first = high {
                high = nil
                if unit & 0xFC00 == 0xDC00 {
                    append(0x10000 + (first & 0x3FF) << 10 + unit & 0x3FF)
                    continue
                }
                append(first)
            }
            if unit & 0xFC00 == 0xD800 { high = unit } else { append(unit) }
        }
        if let first = high { append(first) }
        return bytes
    }

    /// Puts a string together from pieces, as far as there is memory for them: ``JSRealm/string(_:)`` makes it.
    final class Builder {
        // No access is checked to be the only one at its time: what changes these runs no other code meanwhile.
        @exclusivity(unchecked)
        private var base: UnsafeMutableRawPointer?
        @exclusivity(unchecked)
        private(set) var count = 0
        @exclusivity(unchecked)
        private var capacity = 0
        /// Whether a piece was left out: the string would be too long, or there is no memory for it.
        @exclusivity(unchecked)
        private(set) var hasFailed = false
        /// Whether all bytes are below 128.
        @exclusivity(unchecked)
        private(set) var isASCII = true

        init(reserving capacity: Int = 0) { _ = reserve(capacity) }

        deinit { free(base) }

        /// Makes room for bytes; false where that is not possible.
        @inline(__always)
        private func reserve(_ more: Int) -> Bool {
            if more <= capacity - count { return !hasFailed }
            return grow(by: more)
        }

        private func grow(by more: Int) -> Bool {
            guard !hasFailed, more <= JSString.maximumByteCount - count else { return fail() }
            let wanted = min(max(64, capacity * 2, count + more), JSString.maximumByteCount)
            guard wanted < JSRealm.smallSize || Charge.grants(wanted), let wider = realloc(base, wanted) else {
                return fail()
            }
            (base, capacity) = (wider, wanted)
            return true
        }

        private func fail() -> Bool {
            hasFailed = true
            return false
        }

        /// Adds bytes that are WTF-8.
        func append(_ bytes: UnsafeRawBufferPointer) { append(bytes, isASCII: isASCII && UTF8Text.isASCII(bytes)) }

        private func append(_ bytes: UnsafeRawBufferPointer, isASCII: Bool) {
            guard let start = bytes.baseAddress, reserve(bytes.count), let base else { return }
            memcpy(base + count, start, bytes.count)
            count += bytes.count
            if !isASCII { self.isASCII = false }
        }

        func append(_ string: JSString) {
            string.withBytes { piece in
                // Two halves of a pair that meet are one code point from now on.
                if piece.count >= 3, count >= 3, piece[0] == 0xED, piece[1] >= 0xB0,
                    let last = base?.assumingMemoryBound(to: UInt8.self), last[count - 3] == 0xED,
                    last[count - 2] & 0xF0 == 0xA0
                {
                    let high = UInt16(0xD000) | UInt16(last[count - 2] & 0x3F) << 6 | UInt16(last[count - 1] & 0x3F)
                    let low = UInt16(0xD000) | UInt16(piece[1] & 0x3F) << 6 | UInt16(piece[2] & 0x3F)
                    count -= 3
                    WTF8.bytes(of: [high, low]).withUnsafeBytes { append($0) }
                    append(UnsafeRawBufferPointer(rebasing: piece[3...]))
                } else {
                    append(piece, isASCII: string.isASCII)
                }
            }
        }

        /// Adds a string several times.
        func append(_ string: JSString, times: Int) {
            guard string.byteCount > 0, times > 0 else { return }
            let (total, isTooMuch) = string.byteCount.multipliedReportingOverflow(by: times)
            guard !isTooMuch, reserve(total) else {
                hasFailed = true
                return
            }
            append(string)
            // Copies that could meet in a pair of surrogates are added one by one, others more and more at once.
            let canMeet = string.withBytes { $0.count >= 3 && $0[0] == 0xED && $0[1] >= 0xB0 }
            guard let base, !canMeet else {
                for _ in 1..<max(1, times) { append(string) }
                return
            }
            let start = count - string.byteCount
            while count - start < total {
                let more = min(count - start, total - (count - start))
                memcpy(base + count, base + start, more)
                count += more
            }
        }

        func append(_ text: StaticString) {
            append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }

        func append(_ text: String) {
            var text = text
            text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
        }

        /// Adds a number without a fraction, in decimal digits.
        func append(integer: Int64) {
            guard reserve(20), let base else { return }
            if integer < 0 { append(UInt8(ascii: "-")) }
            var rest = integer.magnitude
            let start = count
            repeat {
                let digit = UInt8(truncatingIfNeeded: rest % 10)
                base.storeBytes(of: UInt8(ascii: "0") &+ digit, toByteOffset: count, as: UInt8.self)
                rest /= 10
                count += 1
            } while rest > 0
            var digits = UnsafeMutableRawBufferPointer(start: base + start, count: count - start)
            digits.reverse()
        }

        @inline(__always)
        func append(_ byte: UInt8) {
            guard reserve(1), let base else { return }
            base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
            count += 1
            if byte >= 0x80 { isASCII = false }
        }

        /// Takes back what was added since there were so many bytes.
        func shorten(to count: Int) { self.count = min(count, self.count) }

        /// Gives access to the bytes.
        func withBytes<Result, Failure: Error>(
            _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            defer { withExtendedLifetime(self) {} }
            return try body(UnsafeRawBufferPointer(start: base, count: count))
        }
    }
}
