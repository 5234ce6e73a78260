internal import CHostSystem
internal import LibC

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
    /// What the string is charged to.
    var account: UnsafeMutablePointer<GWAccount>?
}

/// An immutable JavaScript string.
///
/// The bytes are UTF-8 with one addition: a surrogate without its partner, which UTF-8 cannot express, is
/// three bytes as if it were a code point ("WTF-8"). Two halves that meet become one code point, so equal strings
/// have equal bytes, and what comes from Go and returns to Go is never converted.
final class JSString: ManagedBuffer<JSStringHeader, UInt8>, Equatable {
    /// The largest `length`, in UTF-16 code units: V8's.
    static let maximumLength = 536_870_888
    /// What the longest string may take: no code unit takes more than three bytes.
    static let maximumByteCount = 3 * maximumLength
    /// What a string takes beside its bytes.
    private static let overhead = MemoryLayout<JSStringHeader>.size + 24

    deinit { gw_account_close(header.account, header.byteCount + Self.overhead) }

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
            JSStringHeader(
                byteCount: byteCount, isASCII: isASCII, referenceID: 0, hash: 0,
                account: gw_account_open(byteCount + overhead))
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

    /// The text, with lone surrogates replaced; of strings that may be long see ``JSRealm/text(_:)``.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// As much of the text as has a place in a message: all of it, unless it is longer than a mebibyte.
    var excerpt: String {
        let longest = 1 << 20
        return byteCount <= longest ? text : withBytes { String(decoding: $0[..<longest], as: UTF8.self) } + "..."
    }

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

    /// Whether the string comes before another one by UTF-16 code units, as the operator `<` compares.
    func isOrdered(before other: JSString) -> Bool {
        if self === other { return false }
        return withBytes { a in
            other.withBytes { b in
                guard var place = zip(a, b).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
                    return a.count < b.count
                }
                // The characters that differ; before them both are the same.
                while place > 0, a[place] & 0xC0 == 0x80 || b[place] & 0xC0 == 0x80 { place -= 1 }
                func units(_ bytes: UnsafeRawBufferPointer) -> [UInt16] {
                    let end = bytes[(place + 1)...].prefix(3).prefix { $0 & 0xC0 == 0x80 }.endIndex
                    return WTF8.utf16(of: UnsafeRawBufferPointer(rebasing: bytes[place..<end]))
                }
                return units(a).lexicographicallyPrecedes(units(b))
            }
        }
    }

    /// The UTF-16 code units.
    var utf16: [UInt16] { withBytes { WTF8.utf16(of: $0) } }

    /// Makes a string from UTF-16 code units.
    static func make(utf16 units: some Collection<UInt16>) -> JSString { make(wtf8: WTF8.bytes(of: units)) }

    /// The concatenation of two strings whose bytes need not change for that.
    fileprivate static func joined(_ a: JSString, _ b: JSString) -> JSString {
        let string = allocate(byteCount: a.byteCount + b.byteCount, isASCII: a.isASCII && b.isASCII)
        string.withUnsafeMutablePointerToElements {
            memcpy($0, a.start, a.byteCount)
            memcpy($0 + a.byteCount, b.start, b.byteCount)
        }
        return string
    }

    /// Whether the string is too long for JavaScript.
    fileprivate var isTooLong: Bool { byteCount > Self.maximumLength && utf16Count > Self.maximumLength }
}

/// Strings that may become too long, or larger than the memory that is there: making them can fail.
extension JSRealm {
    /// The RangeError of a string that would be too long.
    var invalidStringLength: JSFailure { rangeError("Invalid string length") }

    /// The concatenation of two strings.
    func concatenation(_ a: JSString, _ b: JSString) throws(JSFailure) -> JSString {
        if a.byteCount == 0 { return b }
        if b.byteCount == 0 { return a }
        let count = a.byteCount + b.byteCount
        if count > JSString.maximumLength, a.utf16Count + b.utf16Count > JSString.maximumLength {
            throw invalidStringLength
        }
        if !a.isASCII, !b.isASCII {
            let text = WTF8.Builder(reserving: count)
            text.append(a)
            text.append(b)
            return try string(text)
        }
        try grant(count, "Invalid string length")
        return JSString.joined(a, b)
    }

    /// The string that was put together.
    func string(_ text: WTF8.Builder) throws(JSFailure) -> JSString {
        guard !text.hasFailed else { throw invalidStringLength }
        return try text.withBytes { (bytes) throws(JSFailure) in try string(wtf8: bytes, isASCII: text.isASCII) }
    }

    /// A string from bytes that are WTF-8.
    func string(wtf8 bytes: UnsafeRawBufferPointer) throws(JSFailure) -> JSString {
        try string(wtf8: bytes, isASCII: UTF8Text.isASCII(bytes))
    }

    private func string(wtf8 bytes: UnsafeRawBufferPointer, isASCII: Bool) throws(JSFailure) -> JSString {
        try grant(bytes.count, "Invalid string length")
        guard bytes.count <= JSString.maximumByteCount else { throw invalidStringLength }
        let string = JSString.make(wtf8: bytes, isASCII: isASCII)
        guard !string.isTooLong else { throw invalidStringLength }
        return string
    }

    /// A string from bytes that are WTF-8.
    func string(wtf8 bytes: [UInt8]) throws(JSFailure) -> JSString {
        try bytes.withUnsafeBufferPointer { (bytes) throws(JSFailure) in
            try string(wtf8: UnsafeRawBufferPointer(bytes))
        }
    }

    /// A string from Swift's, which may be long.
    func string(long text: String) throws(JSFailure) -> JSString {
        var text = text
        let result = text.withUTF8 { bytes in
            Result { () throws(JSFailure) in try string(wtf8: UnsafeRawBufferPointer(bytes)) }
        }
        return try result.get()
    }

    /// A string from UTF-16 code units.
    func string(utf16 units: some Collection<UInt16>) throws(JSFailure) -> JSValue {
        guard units.count <= JSString.maximumLength else { throw invalidStringLength }
        try grant(units.count * 3, "Invalid string length")
        return .string(JSString.make(utf16: units))
    }

    /// What a value is as a string (ToString), as text with lone surrogates replaced.
    func text(_ value: JSValue) throws(JSFailure) -> String {
        let string = try toString(value)
        // With what is made of it: letters of another case, another string.
        try grant(string.byteCount * 4, "Invalid string length")
        return string.text
    }

    /// The string that bytes from outside spell; see ``UTF8Text/decode(_:)``.
    func decoded(_ bytes: UnsafeRawBufferPointer) throws(JSFailure) -> JSString {
        guard bytes.count <= JSString.maximumByteCount else { throw stringTooLong }
        try grant(bytes.count, "Invalid string length")
        let string = UTF8Text.decode(bytes)
        guard !string.isTooLong else { throw stringTooLong }
        return string
    }

    /// The error that Node's decoder throws for what would be too long.
    private var stringTooLong: JSFailure {
        let error = makeError(prototypes.error, string("Cannot create a string longer than 0x1fffffe8 characters"))
        error.define(keys.code, string("ERR_STRING_TOO_LONG"))
        return .thrown(.object(error))
    }

    /// The UTF-16 code units of what a value is as a string (ToString).
    func units(_ value: JSValue) throws(JSFailure) -> [UInt16] {
        let string = try toString(value)
        try grant(string.byteCount * 2, "Invalid string length")
        return string.utf16
    }

    /// Adds code units to those of a string that is being made.
    func extend(_ units: inout [UInt16], by more: some Collection<UInt16>) throws(JSFailure) {
        let count = units.count + more.count
        guard count <= JSString.maximumLength else { throw invalidStringLength }
        if count > units.capacity { try grant(max(count, units.capacity * 2) * 2, "Invalid string length") }
        // At once, where they lie in memory one after the other.
        let isDone: Void? = more.withContiguousStorageIfAvailable { units.append(contentsOf: $0) }
        if isDone == nil { units.append(contentsOf: more) }
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
