internal import CHostSystem
internal import LibC

/// What a ``JSString`` knows about its bytes.
struct JSStringHeader {
    /// Where the bytes are.
    var start: UnsafePointer<UInt8>
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
    /// What few strings need.
    var details: JSStringDetails?
}

/// What only long strings know, or those that share their bytes with others.
final class JSStringDetails {
    /// The string that has the bytes; nil for one that has its own.
    let owner: JSString?
    /// Whether the string was put together of others: the next one is likely to be, too.
    fileprivate(set) var isJoined = false
    /// Of an owner with room for more: how many bytes there are in all, and which of them are in use.
    fileprivate var capacity = 0
    fileprivate var used = 0..<0
    /// The number of UTF-16 code units, or -1 while nobody has asked.
    var utf16Count = -1
    /// Where every 128th code unit begins, or nothing while nobody has asked.
    var marks: ContiguousArray<UInt32> = []

    init(owner: JSString? = nil) { self.owner = owner }
}

/// An immutable JavaScript string.
///
/// The bytes are UTF-8 with one addition: a surrogate without its partner, which UTF-8 cannot express, is
/// three bytes as if it were a code point ("WTF-8"). Two halves that meet become one code point, so equal strings
/// have equal bytes, and what comes from Go and returns to Go is never converted.
///
/// What programs do to strings piece by piece costs as much as the piece: a string that others are added to has room
/// for them, and shares its bytes with what comes of it; parts that are not short share them, too.
final class JSString: ManagedBuffer<JSStringHeader, UInt8>, Equatable {
    /// The largest `length`, in UTF-16 code units: V8's.
    static let maximumLength = 536_870_888
    /// What the longest string may take: no code unit takes more than three bytes.
    static let maximumByteCount = 3 * maximumLength
    /// What a string takes beside its bytes.
    private static let overhead = MemoryLayout<JSStringHeader>.size + 24

    deinit {
        let own = header.details.map { $0.owner == nil ? max($0.capacity, header.byteCount) : 0 } ?? header.byteCount
        gw_account_close(header.account, own + Self.overhead)
    }

    /// Makes a string from bytes that are already WTF-8.
    static func make(wtf8 bytes: UnsafeRawBufferPointer, isASCII: Bool) -> JSString {
        let string = allocate(byteCount: bytes.count, capacity: bytes.count, isASCII: isASCII)
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

    /// A string with room for bytes of its own, which are not there yet.
    private static func allocate(byteCount: Int, capacity: Int, isASCII: Bool) -> JSString {
        let buffer = JSString.create(minimumCapacity: capacity) { buffer in
            JSStringHeader(
                start: buffer.withUnsafeMutablePointerToElements { UnsafePointer($0) }, byteCount: byteCount,
                isASCII: isASCII, referenceID: 0, hash: 0, account: gw_account_open(capacity + overhead))
        }
        return unsafeDowncast(buffer, to: JSString.self)
    }

    /// A string of bytes that another one has.
    private static func sharing(_ owner: JSString, start: UnsafePointer<UInt8>, byteCount: Int, isASCII: Bool)
        -> JSString
    {
        let string = allocate(byteCount: byteCount, capacity: 0, isASCII: isASCII)
        string.header.start = start
        string.header.details = JSStringDetails(owner: owner)
        return string
    }

    /// The string that has the bytes.
    private var owner: JSString { header.details?.owner ?? self }

    /// What only long strings know.
    var details: JSStringDetails {
        if let known = header.details { return known }
        let new = JSStringDetails()
        header.details = new
        return new
    }

    /// Whether the string keeps the bytes of a longer one.
    var isShared: Bool { header.details?.owner != nil }

    var byteCount: Int { header.byteCount }
    var isASCII: Bool { header.isASCII }

    /// The id under which Go holds this very string object, or 0.
    var referenceID: UInt32 {
        get { header.referenceID }
        set { header.referenceID = newValue }
    }

    /// Where the bytes lie while the string lives: they never move.
    @inline(__always)
    var start: UnsafePointer<UInt8> { header.start }

    /// Gives access to the bytes.
    @inline(__always)
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The bytes live as long as `self`, which the caller holds.
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: header.start, count: header.byteCount))
    }

    /// The bytes, copied.
    var bytes: [UInt8] { withBytes { Array($0) } }

    /// The text, with lone surrogates replaced; of strings that may be long see ``JSRealm/text(_:)``.
    var text: String {
        if isASCII { return withBytes { String(decoding: $0, as: UTF8.self) } }
        var bytes = bytes
        bytes.withUnsafeMutableBytes { WTF8.encode(self, into: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

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

    /// Parts of other strings, and strings made of others, are copied below this number of bytes.
    private static let leastShared = 64
    /// Room for more is made for strings of this number of bytes, and no more room than the other one.
    private static let leastJoined = 256
    private static let mostRoom = 1 << 24

    /// The concatenation of two strings whose bytes need not change for that.
    ///
    /// One that is added to a second time gets room for as much as it has, at the end that grows. What is added then is
    /// copied there, if nothing else has been.
    fileprivate static func joined(_ a: JSString, _ b: JSString) -> JSString {
        let count = a.byteCount + b.byteCount
        let isASCII = a.isASCII && b.isASCII
        if let place = a.room(behind: b.byteCount) {
            memcpy(place, b.start, b.byteCount)
            return continued(a.owner, from: a.start, count, isASCII)
        }
        if let place = b.room(before: a.byteCount) {
            memcpy(place, a.start, a.byteCount)
            return continued(b.owner, from: UnsafePointer(place), count, isASCII)
        }
        let grows = count >= leastJoined && (a.header.details?.isJoined == true || b.header.details?.isJoined == true)
        var room = grows ? min(count, mostRoom) : 0
        if room >= JSRealm.smallSize, !Charge.grants(count + room) { room = 0 }
        let offset = a.byteCount < b.byteCount ? room : 0
        let string = allocate(byteCount: count, capacity: count + room, isASCII: isASCII)
        string.withUnsafeMutablePointerToElements {
            memcpy($0 + offset, a.start, a.byteCount)
            memcpy($0 + offset + a.byteCount, b.start, b.byteCount)
            string.header.start = UnsafePointer($0 + offset)
        }
        if count >= leastJoined { string.details.isJoined = true }
        if room > 0 {
            string.details.capacity = count + room
            string.details.used = offset..<offset + count
        }
        return string
    }

    private static func continued(_ owner: JSString, from start: UnsafePointer<UInt8>, _ count: Int, _ isASCII: Bool)
        -> JSString
    {
        let string = sharing(owner, start: start, byteCount: count, isASCII: isASCII)
        string.details.isJoined = true
        return string
    }

    /// The place behind the string's bytes for more of them, if there is room and it is free; it is taken then.
    private func room(behind count: Int) -> UnsafeMutablePointer<UInt8>? {
        let owner = owner
        guard let details = owner.header.details, details.capacity - details.used.upperBound >= count else {
            return nil
        }
        let end = owner.withUnsafeMutablePointerToElements { $0 + details.used.upperBound }
        guard UnsafePointer(end) == start + byteCount else { return nil }
        details.used = details.used.lowerBound..<details.used.upperBound + count
        return end
    }

    /// The same before the bytes.
    private func room(before count: Int) -> UnsafeMutablePointer<UInt8>? {
        let owner = owner
        guard let details = owner.header.details, details.capacity > 0, details.used.lowerBound >= count else {
            return nil
        }
        let begin = owner.withUnsafeMutablePointerToElements { $0 + details.used.lowerBound }
        guard UnsafePointer(begin) == start else { return nil }
        details.used = details.used.lowerBound - count..<details.used.upperBound
        return begin - count
    }

    /// A part of the string, between places where code points begin.
    func part(_ range: Range<Int>) -> JSString {
        if range.count == byteCount { return self }
        let bytes = UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count)
        // Whether a long part of other text is ASCII after all would cost as much as it is long.
        let isPlain = isASCII || range.count < 1 << 12 && UTF8Text.isASCII(bytes)
        defer { withExtendedLifetime(self) {} }
        guard range.count >= Self.leastShared else { return JSString.make(wtf8: bytes, isASCII: isPlain) }
        return JSString.sharing(owner, start: start + range.lowerBound, byteCount: range.count, isASCII: isPlain)
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
        if !a.isASCII, !b.isASCII, a.endsWithHighSurrogate, b.beginsWithLowSurrogate {
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
    func decoded(_ bytes: UnsafeRawBufferPointer, keepsMark: Bool = false) throws(JSFailure) -> JSString {
        guard bytes.count <= JSString.maximumByteCount else { throw stringTooLong }
        try grant(bytes.count, "Invalid string length")
        let string = UTF8Text.decode(bytes, keepsMark: keepsMark)
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
///
/// Of a string that is long it takes the length, both ends and samples between them: it is wanted of each string that
/// goes to Go, so that a string that grows would else cost the square of its length.
enum ByteHash {
    /// How many bytes are taken of each end, where there are more than four times as many.
    private static let end = 4096

    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count > 4 * end { return sampled(bytes) }
        return hash(bytes, UInt64(truncatingIfNeeded: bytes.count))
    }

    @inline(never)
    private static func sampled(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var result = hash(UnsafeRawBufferPointer(rebasing: bytes.prefix(end)), UInt64(bytes.count))
        result = hash(UnsafeRawBufferPointer(rebasing: bytes.suffix(end)), result)
        for offset in stride(from: end, to: bytes.count - end, by: bytes.count / 256) {
            result = hash(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 8]), result)
        }
        return result
    }

    @inline(__always)
    private static func hash(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var hash = seed &* factor
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
