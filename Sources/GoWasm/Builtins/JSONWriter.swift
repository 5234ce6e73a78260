/// `JSON.stringify` (ECMA-262, 25.5.2).
struct JSONWriter {
    private let realm: JSRealm
    private let toJSON: PropertyKey
    let text = WTF8.Builder()
    var replacer: JSFunction?
    /// The only names that are written, in this order.
    var listed: [PropertyKey]?
    var indent = ""
    /// The objects that are being written, with what each is called in the one before.
    private var open: [(key: PropertyKey, object: JSObject)] = []

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
            if let start = open.firstIndex(where: { $0.object === object }) { throw circle(from: start, closedBy: key) }
            open.append((key, object))
            if let array = value.array {
                try write(array, depth: depth + 1)
            } else {
                try write(object, depth: depth + 1)
            }
            open.removeLast()
        }
        return true
    }

    /// The TypeError about an object within itself, in V8's words: the first two steps of the way and the last one.
    private func circle(from start: Int, closedBy key: PropertyKey) -> JSFailure {
        func name(_ key: PropertyKey) -> String {
            if let index = key.index { return "index \(index)" }
            guard case .string(let text) = realm.string(key) else { return "property" }
            return "property '\(text.excerpt)'"
        }
        func object(_ object: JSObject) -> String { "object with constructor '\(realm.constructorName(of: object))'" }
        let way = open[(start + 1)...]
        let first = way.prefix(2)
        var lines = ["Converting circular structure to JSON", "    --> starting at " + object(open[start].object)]
        for step in first { lines.append("    |     \(name(step.key)) -> \(object(step.object))") }
        if way.count > first.count + 1 { lines.append("    |     ...") }
        for step in way.dropFirst(2).suffix(1) { lines.append("    |     \(name(step.key)) -> \(object(step.object))") }
        lines.append("    --- \(name(key)) closes the circle")
        return realm.typeError(lines.joined(separator: "\n"))
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
        let keys = if let listed { listed } else { try object.ownKeys(enumerableOnly: true, realm) }
        for key in keys {
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
