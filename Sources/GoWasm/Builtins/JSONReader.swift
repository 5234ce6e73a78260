/// `JSON.parse` (ECMA-262, 25.5.1).
struct JSONReader {
    private let realm: JSRealm
    private let text: JSString
    /// The text's bytes, which stay where they are.
    private let source: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(_ realm: JSRealm, _ text: JSString) {
        self.realm = realm
        self.text = text
        source = UnsafeBufferPointer(start: text.start, count: text.byteCount)
    }

    mutating func document() throws(JSFailure) -> JSValue {
        let value = try value()
        skipSpace()
        guard at == source.count else {
            throw problem("Unexpected non-whitespace character after JSON", at: at, in: nil)
        }
        return value
    }

    // MARK: What is wrong, in V8's words

    /// A SyntaxError about a place, by code units.
    private func problem(_ words: String, at place: Int, in whole: String? = "in JSON") -> JSFailure {
        let before = source[..<place]
        // A carriage return with a line feed is one end of a line.
        var (line, start) = (1, 0)
        for (index, byte) in before.enumerated() where byte == 0x0A || byte == 0x0D {
            if byte == 0x0D, index + 1 < source.count, source[index + 1] == 0x0A { continue }
            (line, start) = (line + 1, index + 1)
        }
        func units(_ range: Range<Int>) -> Int {
            WTF8.utf16(of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(source)[range])).count
        }
        let context = whole.map { " " + $0 } ?? ""
        return realm.makeError(
            realm.prototypes.syntaxError,
            "\(words)\(context) at position \(units(0..<place)) (line \(line) column \(units(start..<place) + 1))")
    }

    /// How many code units are shown of what is before and after a wrong one.
    private static let context = 10

    /// A SyntaxError about what is at the place that has been reached, or that nothing is.
    private func unexpected() -> JSFailure {
        let error = realm.prototypes.syntaxError
        guard at < source.count else { return realm.makeError(error, "Unexpected end of JSON input") }
        let special: [StaticString] = ["NaN", "Infinity", "undefined", "[object Object]"]
        if special.contains(where: { text == $0 }) {
            return realm.makeError(error, "\"\(text.text)\" is not valid JSON")
        }
        let place = text.unit(beginningAt: at)
        let count = text.utf16Count
        let token = text.substring(place..<place + 1).text
        var shown = "\"\(text.excerpt)\""
        if count > 2 * Self.context {
            let (start, end) = (max(0, place - Self.context), min(count, place + Self.context))
            let isAtStart = place < Self.context
            let isAtEnd = !isAtStart && place >= count - Self.context
            shown = "\"\(text.substring(start..<(isAtEnd ? count : end)).text)\""
            shown = (isAtStart ? "" : "...") + shown + (isAtEnd ? "" : "...")
        }
        return realm.makeError(error, "Unexpected token '\(token)', \(shown) is not valid JSON")
    }

    private mutating func skipSpace() {
        while at < source.count, source[at] == 0x20 || source[at] == 0x09 || source[at] == 0x0A || source[at] == 0x0D {
            at += 1
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < source.count, source[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ words: StaticString) throws(JSFailure) {
        guard take(character) else { throw problem("\(words)", at: at) }
    }

    private mutating func value() throws(JSFailure) -> JSValue {
        try realm.checkStack()
        skipSpace()
        guard at < source.count else { throw unexpected() }
        switch source[at] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSValue) throws(JSFailure) -> JSValue {
        for byte in text.utf8 {
            guard at < source.count, source[at] == byte else { throw unexpected() }
            at += 1
        }
        return value
    }

    private mutating func number() throws(JSFailure) -> JSValue {
        let start = at
        func isDigit(_ position: Int) -> Bool {
            position < source.count && source[position] >= 0x30 && source[position] <= 0x39
        }
        if take("-") {
            guard isDigit(at) else { throw problem("No number after minus sign", at: at) }
        }
        guard isDigit(at) else { throw unexpected() }
        if take("0") {
            guard !isDigit(at) else { throw problem("Unexpected number", at: at) }
        } else {
            while isDigit(at) { at += 1 }
        }
        if take(".") {
            guard isDigit(at) else { throw problem("Unterminated fractional number", at: at) }
            while isDigit(at) { at += 1 }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard isDigit(at) else { throw problem("Exponent part is missing a number", at: at) }
            while isDigit(at) { at += 1 }
        }
        let text = source[start..<at]
        return .number(Self.exact(text) ?? NumberText.parse(JSString.make(wtf8: Array(text))))
    }

    /// The value of a number with few digits and no exponent; nil for others.
    ///
    /// The digits, and the power of ten that they are divided by, are numbers of 53 bits: the quotient is the nearest
    /// number.
    private static func exact(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
        // 15 digits are below 2^53; a sign and a point are among these.
        guard text.count <= 15 else { return nil }
        var (digits, power): (UInt64, UInt64) = (0, 0)
        for byte in text {
            switch byte {
            case UInt8(ascii: "-"): continue
            case UInt8(ascii: "."): power = 1
            case UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
            default:
                digits = digits &* 10 &+ UInt64(byte & 0xF)
                power &*= 10
            }
        }
        let value = power > 1 ? Double(digits) / Double(power) : Double(digits)
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    /// The name of a property: nothing is made of one that is known and has no escapes.
    private mutating func name() throws(JSFailure) -> PropertyKey {
        var end = at + 1
        while end < source.count, source[end] != UInt8(ascii: "\""), source[end] != UInt8(ascii: "\\"),
            source[end] >= 0x20
        {
            end += 1
        }
        guard at < end, end < source.count, source[at] == UInt8(ascii: "\""), source[end] == UInt8(ascii: "\"") else {
            return realm.key(try string())
        }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(source)[at + 1..<end])
        at = end + 1
        return realm.strings.intern(bytes, isASCII: UTF8Text.isASCII(bytes))
    }

    private mutating func string() throws(JSFailure) -> JSString {
        at += 1
        var text: WTF8.Builder?
        var plain = at
        while at < source.count {
            let byte = source[at]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(source)[plain..<at])
                at += 1
                if byte == UInt8(ascii: "\"") {
                    guard let text else { return try realm.string(wtf8: piece) }
                    text.append(piece)
                    return try realm.string(text)
                }
                let whole = text ?? WTF8.Builder(reserving: piece.count + 16)
                whole.append(piece)
                whole.append(try escape())
                text = whole
                plain = at
            } else if byte < 0x20 {
                throw problem("Bad control character in string literal", at: at)
            } else {
                at += 1
            }
        }
        throw problem("Unterminated string", at: at)
    }

    private mutating func escape() throws(JSFailure) -> JSString {
        guard at < source.count else { throw unexpected() }
        let unit: UInt16
        switch source[at] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unit = UInt16(source[at])
        case UInt8(ascii: "b"): unit = 0x08
        case UInt8(ascii: "f"): unit = 0x0C
        case UInt8(ascii: "n"): unit = 0x0A
        case UInt8(ascii: "r"): unit = 0x0D
        case UInt8(ascii: "t"): unit = 0x09
        case UInt8(ascii: "u"):
            unit = try hexadecimalUnit()
        default: throw problem("Bad escaped character", at: at)
        }
        at += 1
        return JSString.make(utf16: CollectionOfOne(unit))
    }

    /// The four digits of an escape; ends at the last of them.
    private mutating func hexadecimalUnit() throws(JSFailure) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            at += 1
            guard at < source.count, let digit = Character(Unicode.Scalar(source[at])).hexDigitValue else {
                throw problem("Bad Unicode escape", at: at)
            }
            unit = unit << 4 | UInt16(truncatingIfNeeded: digit)
        }
        return unit
    }

    private mutating func array() throws(JSFailure) -> JSValue {
        at += 1
        var elements: ContiguousArray<JSValue> = []
        skipSpace()
        if take("]") { return .object(realm.makeArray(elements)) }
        while true {
            try elements.add(value(), realm)
            skipSpace()
            if take("]") { return .object(realm.makeArray(elements)) }
            try expect(",", "Expected ',' or ']' after array element")
        }
    }

    private mutating func object() throws(JSFailure) -> JSValue {
        at += 1
        let object = realm.makeObject()
        skipSpace()
        if take("}") { return .object(object) }
        var words = "Expected property name or '}'"
        while true {
            skipSpace()
            guard at < source.count, source[at] == UInt8(ascii: "\"") else { throw problem(words, at: at) }
            let key = try name()
            skipSpace()
            try expect(":", "Expected ':' after property name")
            let member = try value()
            try realm.makeRoom(in: object)
            object.define(key, member)
            skipSpace()
            if take("}") { return .object(object) }
            try expect(",", "Expected ',' or '}' after property value")
            words = "Expected double-quoted property name"
        }
    }
}
