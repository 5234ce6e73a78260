#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a ``JSString`` knows about its bytes.
struct JSStringHeader {
    /// The number of bytes.
    var byteCount: Int
    /// Whether every byte is below 128.
    var isASCII: Bool
    /// The id under which Go holds this very string object, or 0.
    var referenceID: UInt32
    /// The hash of the bytes, or 0 while nobody has asked.
    var hash: UInt64
}

/// An immutable JavaScript string.
///
/// The bytes are UTF-8 with one addition: a surrogate without its partner, which UTF-8 cannot express, is
/// three bytes as if it were a code point ("WTF-8"). Two halves that meet become one code point, so equal strings
/// have equal bytes, and what comes from Go and returns to Go is never converted.
final class JSString: ManagedBuffer<JSStringHeader, UInt8>, Equatable {
    /// Makes a string from bytes that are already WTF-8.
    static func make(wtf8 bytes: UnsafeRawBufferPointer, isASCII: Bool) -> JSString {
        let string = allocate(byteCount: bytes.count, isASCII: isASCII)
        if let base = bytes.baseAddress, bytes.count > 0 {
            _ = string.withUnsafeMutablePointerToElements { memcpy($0, base, bytes.count) }
        }
        return string
    }

    static func make(wtf8 bytes: [UInt8]) -> JSString {
        bytes.withUnsafeBytes { make(wtf8: $0, isASCII: UTF8Text.isASCII($0)) }
    }

    static func make(_ text: String) -> JSString {
        var text = text
        return text.withUTF8 {
            make(wtf8: UnsafeRawBufferPointer($0), isASCII: UTF8Text.isASCII(UnsafeRawBufferPointer($0)))
        }
    }

    static func make(_ text: StaticString) -> JSString {
        make(wtf8: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), isASCII: text.isASCII)
    }

    private static func allocate(byteCount: Int, isASCII: Bool) -> JSString {
        let buffer = JSString.create(minimumCapacity: byteCount) { _ in
            JSStringHeader(byteCount: byteCount, isASCII: isASCII, referenceID: 0, hash: 0)
        }
        return unsafeDowncast(buffer, to: JSString.self)
    }

    var byteCount: Int { header.byteCount }
    var isASCII: Bool { header.isASCII }

    /// The id under which Go holds this very string object, or 0.
    var referenceID: UInt32 {
        get { header.referenceID }
        set { header.referenceID = newValue }
    }

    /// Where the bytes lie while the string lives: behind the object's header, they never move.
    @inline(__always)
    var start: UnsafePointer<UInt8> { withUnsafeMutablePointerToElements { UnsafePointer($0) } }

    /// Gives access to the bytes.
    @inline(__always)
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = header.byteCount
        // The elements live as long as `self`, which the caller holds.
        let start = withUnsafeMutablePointerToElements { $0 }
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The bytes, copied.
    var bytes: [UInt8] { withBytes { Array($0) } }

    /// The text, with lone surrogates replaced.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// A hash of the contents.
    var contentHash: UInt64 {
        if header.hash == 0 { header.hash = withBytes { ByteHash.hash($0) } }
        return header.hash
    }

    static func == (a: JSString, b: JSString) -> Bool {
        if a === b { return true }
        guard a.byteCount == b.byteCount else { return false }
        return a.withBytes { x in
            b.withBytes { y in x.count == 0 || memcmp(x.baseAddress!, y.baseAddress!, x.count) == 0 }
        }
    }

    /// Whether the string consists of just these characters.
    static func == (a: JSString, b: StaticString) -> Bool {
        guard a.byteCount == b.utf8CodeUnitCount else { return false }
        return a.withBytes { $0.count == 0 || memcmp($0.baseAddress!, b.utf8Start, $0.count) == 0 }
    }

    /// The number of UTF-16 code units: JavaScript's `length`.
    var utf16Count: Int {
        if isASCII { return byteCount }
        return withBytes { bytes in
            var count = 0
            // Every code point starts with one byte that is no continuation; those of four bytes are two units.
            for byte in bytes where byte & 0xC0 != 0x80 { count += byte >= 0xF0 ? 2 : 1 }
            return count
        }
    }

    /// The UTF-16 code units.
    var utf16: [UInt16] { withBytes { WTF8.utf16(of: $0) } }

    /// Makes a string from UTF-16 code units.
    static func make(utf16 units: some Collection<UInt16>) -> JSString { make(wtf8: WTF8.bytes(of: units)) }

    /// The concatenation of two strings.
    func appending(_ other: JSString) -> JSString {
        if byteCount == 0 { return other }
        if other.byteCount == 0 { return self }
        var joined = WTF8.Builder(reserving: byteCount + other.byteCount)
        joined.append(self)
        joined.append(other)
        return joined.string
    }
}

/// The hash of the tables of strings.
enum ByteHash {
    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var hash = UInt64(truncatingIfNeeded: bytes.count) &* factor
        var offset = 0
        while bytes.count - offset >= 8 {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* factor
            hash ^= hash >> 32
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset += 1
        }
        hash = (hash ^ tail) &* factor
        hash ^= hash >> 29
        return hash == 0 ? 1 : hash
    }
}
