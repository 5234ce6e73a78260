/// An encoding of text (WHATWG Encoding Standard, 4): those that `TextDecoder` knows here.
enum TextEncoding: String {
    case utf8 = "utf-8"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    case windows1252 = "windows-1252"

    /// The labels, in lower case.
    private var labels: Set<String> {
        switch self {
        case .utf8: ["unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"]
        case .utf16LittleEndian:
            ["csunicode", "iso-10646-ucs-2", "ucs-2", "unicode", "unicodefeff", "utf-16", "utf-16le"]
        case .utf16BigEndian: ["unicodefffe", "utf-16be"]
        case .windows1252:
            [
                "ansi_x3.4-1968", "ascii", "cp1252", "cp819", "csisolatin1", "ibm819", "iso-8859-1", "iso-ir-100",
                "iso8859-1", "iso88591", "iso_8859-1", "iso_8859-1:1987", "l1", "latin1", "us-ascii", "windows-1252",
                "x-cp1252",
            ]
        }
    }

    /// The encoding that a label means, without regard to case and to white space around it; nil if there is none.
    init?(label: JSString) {
        var bytes = label.bytes[...]
        let space: Set<UInt8> = [0x09, 0x0A, 0x0C, 0x0D, 0x20]
        while let first = bytes.first, space.contains(first) { bytes.removeFirst() }
        while let last = bytes.last, space.contains(last) { bytes.removeLast() }
        // No label is longer.
        guard bytes.count <= 32, bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        let name = String(decoding: bytes, as: UTF8.self).lowercased()
        let all: [TextEncoding] = [.utf8, .utf16LittleEndian, .utf16BigEndian, .windows1252]
        guard let encoding = all.first(where: { $0.labels.contains(name) }) else { return nil }
        self = encoding
    }

    /// What 0x80 to 0x9F stand for in windows-1252; all others stand for the code point of the same number.
    private static let windows1252Units: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]

    /// How many bytes at the end are not a character yet, but may be one with what follows: up to three.
    func unfinishedCount(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch self {
        case .utf8: return UTF8Text.unfinishedCount(bytes)
        case .windows1252: return 0
        case .utf16LittleEndian, .utf16BigEndian:
            let odd = bytes.count & 1
            guard bytes.count >= 2 else { return odd }
            let high = bytes[bytes.count - odd - (self == .utf16LittleEndian ? 1 : 2)]
            return high & 0xFC == 0xD8 ? odd + 2 : odd
        }
    }

    /// The code units that bytes stand for, U+FFFD for what is malformed, and whether all were well-formed; not for
    /// UTF-8.
    func units(_ bytes: UnsafeRawBufferPointer) -> (units: [UInt16], isWellFormed: Bool) {
        guard self != .windows1252 else {
            return (bytes.map { 0x80...0x9F ~= $0 ? Self.windows1252Units[Int($0) & 0x1F] : UInt16($0) }, true)
        }
        var (units, isWellFormed) = ([UInt16](), true)
        units.reserveCapacity(bytes.count / 2 + 1)
        let place = self == .utf16LittleEndian ? (low: 0, high: 1) : (low: 1, high: 0)
        func unit(at offset: Int) -> UInt16? {
            guard bytes.count - offset >= 2 else { return nil }
            return UInt16(bytes[offset + place.high]) << 8 | UInt16(bytes[offset + place.low])
        }
        var offset = 0
        while let first = unit(at: offset) {
            offset += 2
            if first & 0xF800 != 0xD800 {
                units.append(first)
            } else if first & 0xFC00 == 0xD800, let second = unit(at: offset), second & 0xFC00 == 0xDC00 {
                units += [first, second]
                offset += 2
            } else {
                units.append(0xFFFD)
                isWellFormed = false
                // Half a pair and half a unit at the end are one error.
                if first & 0xFC00 == 0xD800, bytes.count - offset == 1 { return (units, false) }
            }
        }
        if offset < bytes.count { units.append(0xFFFD) }
        return (units, isWellFormed && offset == bytes.count)
    }
}

/// A `TextDecoder` (WHATWG Encoding Standard, 7.2).
final class JSTextDecoder: JSObject {
    let encoding: TextEncoding
    let isFatal: Bool
    let ignoresMark: Bool
    /// The beginning of a character whose rest is in the next piece: up to three bytes.
    private var unfinished: [UInt8] = []
    /// Whether the next piece belongs to the same text as the last one.
    private var isStreaming = false
    /// Whether something of the text has been decoded, so that there is no byte order mark any more.
    private var hasBegun = false

    init(_ encoding: TextEncoding, isFatal: Bool, ignoresMark: Bool, prototype: JSObject?) {
        self.encoding = encoding
        self.isFatal = isFatal
        self.ignoresMark = ignoresMark
        super.init(kind: .host, prototype: prototype)
    }

    /// Decodes a piece of a text, or its last one.
    func decode(_ piece: UnsafeRawBufferPointer, isLast: Bool, _ realm: JSRealm) throws(JSFailure) -> JSString {
        if !isStreaming { (unfinished, hasBegun) = ([], false) }
        isStreaming = !isLast
        guard !unfinished.isEmpty else { return try decodeWhole(piece, isLast: isLast, realm) }
        try realm.grant(piece.count, "Array buffer allocation failed")
        let bytes = unfinished + piece
        unfinished = []
        // The pointer is to an array that is there until the end of this call.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSFailure) in try decodeWhole(bytes, isLast: isLast, realm) }
        }
        return try result.get()
    }

    private func decodeWhole(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, _ realm: JSRealm
    ) throws(JSFailure) -> JSString {
        let count = isLast ? 0 : encoding.unfinishedCount(bytes)
        unfinished = Array(bytes.suffix(count))
        let complete = UnsafeRawBufferPointer(rebasing: bytes.dropLast(count))
        guard !complete.isEmpty else { return realm.emptyString }
        let keepsMark = hasBegun || ignoresMark
        hasBegun = true
        guard encoding == .utf8 else { return try decodeUnits(complete, keepsMark: keepsMark, realm) }
        if isFatal, !UTF8Text.isWellFormed(complete) { throw invalidData(realm) }
        return try realm.decoded(complete, keepsMark: keepsMark)
    }

    private func decodeUnits(
        _ bytes: UnsafeRawBufferPointer, keepsMark: Bool, _ realm: JSRealm
    ) throws(JSFailure) -> JSString {
        guard bytes.count <= JSString.maximumByteCount else { throw realm.invalidStringLength }
        // The units, and their copy as a string.
        try realm.grant(bytes.count * 5, "Invalid string length")
        let (units, isWellFormed) = encoding.units(bytes)
        if isFatal, !isWellFormed { throw invalidData(realm) }
        let hasMark = encoding != .windows1252 && units.first == 0xFEFF && !keepsMark
        return JSString.make(utf16: units.dropFirst(hasMark ? 1 : 0))
    }

    private func invalidData(_ realm: JSRealm) -> JSFailure {
        realm.codedError(
            realm.prototypes.typeError, "The encoded data was not valid for encoding \(encoding.rawValue)",
            code: "ERR_ENCODING_INVALID_ENCODED_DATA")
    }
}

extension JSRealm {
    func installTextDecoder() {
        let prototype = makeObject()
        classConstructor("TextDecoder", prototype) { realm, _, arguments throws(JSFailure) in
            let label = try arguments[0].isUndefined ? JSString.make("utf-8") : realm.toString(arguments[0])
            let options = try realm.decoderOptions(arguments[1])
            guard let encoding = TextEncoding(label: label) else {
                throw realm.codedError(
                    realm.prototypes.rangeError, "The \"\(label.excerpt)\" encoding is not supported",
                    code: "ERR_ENCODING_NOT_SUPPORTED")
            }
            let isFatal = try options?.get(realm.key("fatal"), realm).isTruthy ?? false
            let ignoresMark = try options?.get(realm.key("ignoreBOM"), realm).isTruthy ?? false
            return .object(
                JSTextDecoder(encoding, isFatal: isFatal, ignoresMark: ignoresMark, prototype: prototype))
        }
        add(wellKnownSymbols.toStringTag.key, string("TextDecoder"), .configurable, to: prototype)
        getter(prototype, "encoding") { realm, this, _ throws(JSFailure) in
            realm.string(try realm.textDecoder(this).encoding.rawValue)
        }
        getter(prototype, "fatal") { realm, this, _ throws(JSFailure) in
            .boolean(try realm.textDecoder(this).isFatal)
        }
        getter(prototype, "ignoreBOM") { realm, this, _ throws(JSFailure) in
            .boolean(try realm.textDecoder(this).ignoresMark)
        }
        method(prototype, "decode") { realm, this, arguments throws(JSFailure) in
            let decoder = try realm.textDecoder(this)
            let options = try realm.decoderOptions(arguments[1])
            let isLast = try !(options?.get(realm.key("stream"), realm).isTruthy ?? false)
            // Looked for last: getters may have moved the guest's memory.
            let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            guard let bytes = arguments[0].isUndefined ? none : realm.bufferSource(arguments[0]) else {
                throw realm.wrongInput(arguments[0], of: decoder)
            }
            return .string(try decoder.decode(UnsafeRawBufferPointer(bytes), isLast: isLast, realm))
        }
    }

    private func textDecoder(_ value: JSValue) throws(JSFailure) -> JSTextDecoder {
        guard let decoder = value.object as? JSTextDecoder else {
            throw codedError(
                prototypes.typeError, "Value of \"this\" must be of type TextDecoder", code: "ERR_INVALID_THIS")
        }
        return decoder
    }

    /// The error for what has no bytes, which Node words by the way it decodes.
    private func wrongInput(_ value: JSValue, of decoder: JSTextDecoder) -> JSFailure {
        let name = decoder.encoding == .utf8 ? "list" : "input"
        let kinds = "ArrayBuffer or ArrayBufferView."
        return codedError(
            prototypes.typeError,
            "The \"\(name)\" argument must be an instance of "
                + (decoder.encoding == .windows1252 ? "\(kinds) \(received(value))" : "SharedArrayBuffer, \(kinds)"),
            code: "ERR_INVALID_ARG_TYPE")
    }

    /// The options of a decoder, or of one call; nil for none.
    private func decoderOptions(_ value: JSValue) throws(JSFailure) -> JSObject? {
        guard value.object == nil, !value.isNullish else { return value.object }
        throw codedError(
            prototypes.typeError, "The \"options\" argument must be of type object. \(received(value))",
            code: "ERR_INVALID_ARG_TYPE")
    }
}
