/// The headers of a request or an answer: one field a name, in the order in which the names came first.
///
/// Each character of a name or value is a byte: none is above U+00FF.
struct HeaderList {
    struct Field {
        /// As it was given first.
        var name: String
        /// The name in lower case.
        let key: String
        var values: [String]

        /// All values in one.
        var value: String { values.joined(separator: key == "cookie" ? "; " : ", ") }
    }

    private(set) var fields: [Field] = []

    private func place(_ key: String) -> Int? { fields.firstIndex { $0.key == key } }

    func contains(_ key: String) -> Bool { place(key) != nil }

    /// The value of a name in lower case; nil where there is none.
    func value(_ key: String) -> String? { place(key).map { fields[$0].value } }

    func values(_ key: String) -> [String] { place(key).map { fields[$0].values } ?? [] }

    mutating func append(_ name: String, _ value: String) {
        let key = WebHost.asciiLowercased(name)
        if let place = place(key) {
            fields[place].values.append(value)
        } else {
            fields.append(Field(name: name, key: key, values: [value]))
        }
    }

    /// Replaces a field where it is, or appends it.
    mutating func set(_ name: String, _ value: String) {
        let key = WebHost.asciiLowercased(name)
        let field = Field(name: name, key: key, values: [value])
        if let place = place(key) { fields[place] = field } else { fields.append(field) }
    }

    mutating func remove(_ key: String) { fields.removeAll { $0.key == key } }

    /// The headers as programs go through them: sorted by name, values combined but for cookies.
    var sortedEntries: [(name: String, value: String)] {
        let sorted = fields.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
        return sorted.flatMap { field in
            field.key == "set-cookie" ? field.values.map { (field.key, $0) } : [(field.key, field.value)]
        }
    }

    // MARK: What is allowed

    private static let tokenCharacters: [Bool] = {
        var allowed = [Bool](repeating: false, count: 256)
        let characters = "!#$%&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        for byte in characters.utf8 { allowed[Int(byte)] = true }
        return allowed
    }()

    /// Whether a text is a token of HTTP (RFC 9110, 5.6.2): names of headers and methods are.
    static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { tokenCharacters[Int($0)] }
    }

    /// Whether a value can be sent: printable characters, tabs, and what is not ASCII.
    static func isSendable(_ value: String) -> Bool {
        value.unicodeScalars.allSatisfy { $0 == "\t" || (0x20...0xFF).contains($0.value) && $0.value != 0x7F }
    }

    /// Text without white space of HTTP around it.
    static func trimmed(_ value: String) -> String {
        let isSpace: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
        let scalars = value.unicodeScalars.drop(while: isSpace)
        let end = scalars.lastIndex { !isSpace($0) }.map { scalars.index(after: $0) } ?? scalars.startIndex
        return String(scalars[..<end])
    }
}

/// Bytes as text and back, a character a byte ("isomorphic" in the Fetch standard).
enum Latin1 {
    static func decode(_ bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }

    /// The bytes of a text without characters above U+00FF.
    static func encode(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
