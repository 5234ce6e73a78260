extension JSRealm {
    func installJSON() {
        let json = makeObject()
        add(key("JSON"), .object(json), .builtIn, to: global)
        json.define(wellKnownSymbols.toStringTag.key, string("JSON"), .configurable)
        method(json, "stringify") { realm, _, arguments throws(JSFailure) in
            var writer = JSONWriter(realm)
            if let replacer = arguments[1].function {
                writer.replacer = replacer
            } else if let names = arguments[1].array {
                var allowed: Set<PropertyKey> = []
                for name in try names.allElements(realm) { allowed.insert(try realm.key(name)) }
                writer.allowed = allowed
            }
            if case .number(let width) = arguments[2] {
                writer.indent = String(repeating: " ", count: min(max(0, NumberText.integer(width)), 10))
            } else if case .string(let text) = arguments[2] {
                writer.indent = String(text.excerpt.prefix(10))
            }
            let holder = realm.makeObject()
            return try writer.write(arguments[0], key: realm.key(""), holder: holder, depth: 0)
                ? .string(realm.string(writer.text)) : .undefined
        }
        method(json, "parse") { realm, _, arguments throws(JSFailure) in
            var reader = JSONReader(realm, try realm.toString(arguments[0]))
            let value = try reader.document()
            guard let reviver = arguments[1].function else { return value }
            let holder = realm.makeObject()
            let empty = realm.key("")
            holder.define(empty, value)
            return try realm.revive(holder, empty, reviver)
        }
    }

    /// Hands the value of a property, and before it those inside of it, to the function that may replace it.
    private func revive(_ holder: JSObject, _ key: PropertyKey, _ reviver: JSFunction) throws(JSFailure) -> JSValue {
        try checkStack()
        let value = try holder.get(key, self)
        if let object = value.object {
            for inner in try object.ownKeys(enumerableOnly: true, self) {
                let replaced = try revive(object, inner, reviver)
                if replaced.isUndefined { object.delete(inner, self) } else { try object.set(inner, replaced, self) }
            }
        }
        return try call(reviver, this: .object(holder), string(key), value)
    }
}

/// `JSON.stringify` (ECMA-262, 25.5.2).
private struct JSONWriter {
    private let realm: JSRealm
    private let toJSON: PropertyKey
    let text = WTF8.Builder()
    var replacer: JSFunction?
    var allowed: Set<PropertyKey>?
    var indent = ""
    private var open: [JSObject] = []

    init(_ realm: JSRealm) {
        self.realm = realm
        toJSON = realm.key("toJSON")
    }

    /// Appends a value; false for one that JSON leaves out.
    mutating func write(_ given: JSValue, key: PropertyKey, holder: JSObject, depth: Int) throws(JSFailure) -> Bool {
        try realm.checkStack()
        var value = given
        if let object = value.object, let method = try object.get(toJSON, realm).function {
            value = try realm.call(method, this: value, realm.string(key))
        }
        if let replacer { value = try realm.call(replacer, this: .object(holder), realm.string(key), value) }
        if let object = value.object, object.kind == .wrapper {
            value = unsafeDowncast(object, to: JSWrapper.self).value
        }
        switch value {
        case .undefined, .symbol: return false
        case .null: text.append("null" as StaticString)
        case .boolean(let flag): text.append(flag ? "true" : "false" as StaticString)
        case .number(let number):
            if let integer = Int64(exactly: number), integer.magnitude < 1 << 53 {
                text.append(integer: integer)
            } else {
                text.append(number.isFinite ? NumberText.format(number) : "null")
            }
        case .string(let string): try write(string)
        case .object(let object):
            guard object.kind != .function else { return false }
            guard !open.contains(where: { $0 === object }) else {
                throw realm.typeError("Converting circular structure to JSON")
            }
            open.append(object)
            if let array = value.array {
                try write(array, depth: depth + 1)
            } else {
                try write(object, depth: depth + 1)
            }
            open.removeLast()
        }
        return true
    }

    private mutating func breakLine(_ depth: Int) {
        guard !indent.isEmpty else { return }
        text.append("\n" + String(repeating: indent, count: depth))
    }

    private mutating func write(_ array: JSArray, depth: Int) throws(JSFailure) {
        text.append(UInt8(ascii: "["))
        // The shortest that can be written for an element.
        let shortest = 2
        guard array.length <= JSString.maximumLength / shortest else { throw realm.invalidStringLength }
        for index in 0..<array.length {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            breakLine(depth)
            if try !write(array[index], key: PropertyKey(index: index), holder: array, depth: depth) {
                text.append("null" as StaticString)
            }
            if text.hasFailed { throw realm.invalidStringLength }
        }
        if array.length > 0 { breakLine(depth - 1) }
        text.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ object: JSObject, depth: Int) throws(JSFailure) {
        text.append(UInt8(ascii: "{"))
        var isFirst = true
        for key in try object.ownKeys(enumerableOnly: true, realm) where allowed?.contains(key) ?? true {
            let value = try object.get(key, realm)
            // Whether there is anything to write shows only when it has been written.
            let start = text.count
            if !isFirst { text.append(UInt8(ascii: ",")) }
            breakLine(depth)
            if case .string(let name) = realm.string(key) { try write(name) }
            text.append(UInt8(ascii: ":"))
            if !indent.isEmpty { text.append(UInt8(ascii: " ")) }
            guard try write(value, key: key, holder: object, depth: depth) else {
                text.shorten(to: start)
                continue
            }
            isFirst = false
            if text.hasFailed { throw realm.invalidStringLength }
        }
        if !isFirst { breakLine(depth - 1) }
        text.append(UInt8(ascii: "}"))
    }

    /// Appends a string in quotes; control characters, quotes and lone surrogates are escaped.
    private func write(_ string: JSString) throws(JSFailure) {
        text.append(UInt8(ascii: "\""))
        string.withBytes { source in
            func escape(_ unit: UInt16) {
                let digits = String(unit, radix: 16)
                text.append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            }
            // What needs no escaping is added at once.
            var (plain, offset) = (0, 0)
            while offset < source.count {
                let byte = source[offset]
                let isSurrogate =
                    byte == 0xED && offset + 2 < source.count && WTF8.isSurrogate(byte, source[offset + 1])
                guard byte < 0x20 || byte == 0x22 || byte == 0x5C || isSurrogate else {
                    offset += 1
                    continue
                }
                text.append(UnsafeRawBufferPointer(rebasing: source[plain..<offset]))
                switch byte {
                case 0x22: text.append("\\\"" as StaticString)
                case 0x5C: text.append("\\\\" as StaticString)
                case 0x08: text.append("\\b" as StaticString)
                case 0x09: text.append("\\t" as StaticString)
                case 0x0A: text.append("\\n" as StaticString)
                case 0x0C: text.append("\\f" as StaticString)
                case 0x0D: text.append("\\r" as StaticString)
                case 0xED:
                    escape(0xD000 | UInt16(source[offset + 1] & 0x3F) << 6 | UInt16(source[offset + 2] & 0x3F))
                    offset += 2
                default: escape(UInt16(byte))
                }
                offset += 1
                plain = offset
            }
            text.append(UnsafeRawBufferPointer(rebasing: source[plain...]))
        }
        text.append(UInt8(ascii: "\""))
        if text.hasFailed { throw realm.invalidStringLength }
    }
}

/// `JSON.parse` (ECMA-262, 25.5.1).
private struct JSONReader {
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
        guard at == source.count else { throw unexpected() }
        return value
    }

    private func unexpected() -> JSFailure {
        guard at < source.count else {
            return realm.makeError(realm.prototypes.syntaxError, "Unexpected end of JSON input")
        }
        let rest = String(decoding: source[at...].prefix(8), as: UTF8.self)
        let whole = String(decoding: source.prefix(40), as: UTF8.self)
        let shown = source.count <= 40 ? "\"\(whole)\"" : "\"\(whole)\"..."
        return realm.makeError(
            realm.prototypes.syntaxError, "Unexpected token '\(rest.prefix(1))', \(shown) is not valid JSON")
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

    private mutating func expect(_ character: Unicode.Scalar) throws(JSFailure) {
        guard take(character) else { throw unexpected() }
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
        _ = take("-")
        guard isDigit(at) else { throw unexpected() }
        if !take("0") { while isDigit(at) { at += 1 } }
        if take(".") {
            guard isDigit(at) else { throw unexpected() }
            while isDigit(at) { at += 1 }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard isDigit(at) else { throw unexpected() }
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
        try expect("\"")
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
                throw unexpected()
            } else {
                at += 1
            }
        }
        throw unexpected()
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
            let digits = String(decoding: source[(at + 1)...].prefix(4), as: UTF8.self)
            guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let code = UInt16(digits, radix: 16) else {
                throw unexpected()
            }
            unit = code
            at += 4
        default: throw unexpected()
        }
        at += 1
        return JSString.make(utf16: CollectionOfOne(unit))
    }

    private mutating func array() throws(JSFailure) -> JSValue {
        try expect("[")
        var elements: ContiguousArray<JSValue> = []
        skipSpace()
        if take("]") { return .object(realm.makeArray(elements)) }
        while true {
            try elements.add(value(), realm)
            skipSpace()
            if take("]") { return .object(realm.makeArray(elements)) }
            try expect(",")
        }
    }

    private mutating func object() throws(JSFailure) -> JSValue {
        try expect("{")
        let object = realm.makeObject()
        skipSpace()
        if take("}") { return .object(object) }
        while true {
            skipSpace()
            let key = try name()
            skipSpace()
            try expect(":")
            let member = try value()
            try realm.makeRoom(in: object)
            object.define(key, member)
            skipSpace()
            if take("}") { return .object(object) }
            try expect(",")
        }
    }
}
