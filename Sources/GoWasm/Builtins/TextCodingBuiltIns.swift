/// `TextEncoder`, base64, and the escaping of URIs.
extension JSRealm {
    /// The bytes of a typed array, an `ArrayBuffer` or a `DataView`.
    func bufferSource(_ value: JSValue) -> UnsafeMutableRawBufferPointer? {
        guard let object = value.object else { return nil }
        switch object.kind {
        case .typedArray: return unsafeDowncast(object, to: JSTypedArray.self).bytes
        case .arrayBuffer: return unsafeDowncast(object, to: JSArrayBuffer.self).storage.bytes
        case .dataView:
            let view = unsafeDowncast(object, to: JSDataView.self)
            return view.bytes(at: 0, count: view.byteLength)
        default: return nil
        }
    }

    /// A new `Uint8Array` with the UTF-8 of a string.
    func encoded(_ string: JSString) throws(JSFailure) -> JSTypedArray {
        let bytes = try makeByteArray(count: string.byteCount)
        WTF8.encode(string, into: bytes.bytes)
        return bytes
    }

    func installTextCoding() {
        let encoder = makeObject()
        classConstructor("TextEncoder", encoder) { _, _, _ throws(JSFailure) in .object(JSObject(prototype: encoder)) }
        getter(encoder, "encoding") { realm, _, _ throws(JSFailure) in realm.string("utf-8") }
        method(encoder, "encode") { realm, _, arguments throws(JSFailure) in
            .object(try realm.encoded(arguments[0].isUndefined ? JSString.make("") : realm.toString(arguments[0])))
        }
        method(encoder, "encodeInto", length: 2) { realm, _, arguments throws(JSFailure) in
            guard let target = arguments[1].typedArray, target.element == .uint8 else {
                throw realm.codedError(
                    realm.prototypes.typeError,
                    "The \"dest\" argument must be an instance of Uint8Array. \(realm.received(arguments[1]))",
                    code: "ERR_INVALID_ARG_TYPE")
            }
            var (read, written) = (0, 0)
            let text = try realm.toString(arguments[0])
            // Fewer than the array is long, where that lies in memory which the guest does not have.
            let bytes = target.bytes
            var place = 0
            while let character = WTF8.character(of: text, at: &place) {
                guard written + character.byteCount <= bytes.count else { break }
                let place = UnsafeMutableRawBufferPointer(rebasing: bytes[written..<written + character.byteCount])
                WTF8.encode(character, into: place)
                read += character.utf16Count
                written += character.byteCount
            }
            let result = realm.makeObject()
            result.define(realm.key("read"), .number(read))
            result.define(realm.key("written"), .number(written))
            return .object(result)
        }
        add(wellKnownSymbols.toStringTag.key, string("TextEncoder"), .configurable, to: encoder)
        installTextDecoder()
    }

    func installBase64() {
        method(global, "btoa", length: 1) { realm, _, arguments throws(JSFailure) in
            let units = try realm.units(arguments[0])
            guard units.allSatisfy({ $0 < 256 }) else {
                throw realm.domException("Invalid character", name: "InvalidCharacterError", code: 5)
            }
            guard units.count <= JSString.maximumLength / 4 * 3 else { throw realm.invalidStringLength }
            try realm.grant(units.count * 4, "Invalid string length")
            return .string(try realm.string(long: Base64.encode(units.map { UInt8($0) })))
        }
        method(global, "atob", length: 1) { realm, _, arguments throws(JSFailure) in
            let text = try realm.toString(arguments[0])
            try realm.grant(text.byteCount * 4, "Invalid string length")
            guard let bytes = Base64.decode(text.bytes) else {
                throw realm.domException(
                    "The string to be decoded is not correctly encoded.", name: "InvalidCharacterError", code: 5)
            }
            return try realm.string(utf16: bytes.map { UInt16($0) })
        }
    }

    func installEscaping() {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
        let reserved = ";/?:@&=+$,#"
        for (name, kept) in [("encodeURIComponent", unreserved), ("encodeURI", unreserved + reserved)]
            as [(StaticString, String)]
        {
            let kept = Set(kept.utf8)
            method(global, name, length: 1) { realm, _, arguments throws(JSFailure) in
                let text = try realm.toString(arguments[0])
                guard JSString.make(try realm.text(.string(text))) == text else {
                    throw realm.uriError("URI malformed")
                }
                let result = WTF8.Builder(reserving: text.byteCount)
                text.withBytes { bytes in
                    for byte in bytes {
                        if kept.contains(byte) { result.append(byte) } else { result.append(Escape.percent(byte)) }
                    }
                }
                return .string(try realm.string(result))
            }
        }
        for (name, kept) in [("decodeURIComponent", ""), ("decodeURI", reserved)] as [(StaticString, String)] {
            let kept = Set(kept.utf8)
            method(global, name, length: 1) { realm, _, arguments throws(JSFailure) in
                let text = try realm.toString(arguments[0])
                try realm.grant(text.byteCount * 2, "Invalid string length")
                guard let bytes = Escape.decoded(text.bytes, keeping: kept) else {
                    throw realm.uriError("URI malformed")
                }
                return .string(try realm.string(wtf8: bytes))
            }
        }
    }

    private func uriError(_ message: String) -> JSFailure {
        let prototype = (try? get(.object(global), key("URIError")).object?.get(keys.prototype, self).object) ?? nil
        return makeError(prototype ?? prototypes.error, message)
    }
}

/// Percent signs in URIs.
private enum Escape {
    private static let digits = Array("0123456789ABCDEF".utf8)

    static func percent(_ byte: UInt8) -> String {
        String(decoding: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]], as: UTF8.self)
    }

    /// The bytes with `%XX` replaced, but for characters that are kept as they are; nil for what is malformed.
    static func decoded(_ bytes: [UInt8], keeping kept: Set<UInt8>) -> [UInt8]? {
        func digit(_ place: Int) -> UInt8? {
            guard place < bytes.count else { return nil }
            return Character(Unicode.Scalar(bytes[place])).hexDigitValue.map { UInt8($0) }
        }
        var result: [UInt8] = []
        var place = 0
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "%") else {
                result.append(bytes[place])
                place += 1
                continue
            }
            guard let high = digit(place + 1), let low = digit(place + 2) else { return nil }
            let byte = high << 4 | low
            if kept.contains(byte) { result += bytes[place..<place + 3] } else { result.append(byte) }
            place += 3
        }
        return result.withUnsafeBytes { String(validating: $0, as: UTF8.self) } == nil ? nil : result
    }
}

/// Base64 (RFC 4648, section 4).
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
            for position in 0..<4 {
                let digit = digits[Int(bits >> UInt32(18 - 6 * position) & 63)]
                result.append(position <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes that text stands for; nil where it is wrong.
    ///
    /// White space is skipped, padding may be missing.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var kept = text.filter { ![0x09, 0x0A, 0x0C, 0x0D, 0x20].contains($0) }
        if kept.count % 4 == 0 {
            for _ in 0..<2 where kept.last == UInt8(ascii: "=") { kept.removeLast() }
        }
        guard kept.count % 4 != 1 else { return nil }
        var result: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for byte in kept {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return result
    }
}
