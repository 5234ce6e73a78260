/// What a `data:` URL has in it (data: URL processor of the Fetch standard).
struct DataURL {
    let type: MIMEType
    let body: [UInt8]

    /// Nil where the URL has no comma, or no Base64 where it says so.
    init?(_ url: WebURL) {
        let text = url.withoutFragment.dropFirst("data:".count)
        guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\u{C}" }
        var type = text[..<comma].drop(while: isSpace)
        while type.last.map(isSpace) == true { type.removeLast() }
        var body = PercentEncoding.decode(text.utf8[text.utf8.index(after: comma)...])
        if let plain = Self.withoutBase64(type) {
            guard let decoded = Base64.decode(body) else { return nil }
            body = decoded
            type = plain
        }
        let full = type.hasPrefix(";") ? "text/plain\(type)" : String(type)
        guard let type = MIMEType(full) ?? MIMEType("text/plain;charset=US-ASCII") else { return nil }
        self.type = type
        self.body = body
    }

    /// The type without `; base64` at its end; nil where that is not there.
    private static func withoutBase64(_ type: Substring) -> Substring? {
        guard WebHost.asciiLowercased(String(type.suffix(6))) == "base64" else { return nil }
        var rest = type.dropLast(6)
        while rest.last == " " { rest.removeLast() }
        return rest.last == ";" ? rest.dropLast() : nil
    }
}
