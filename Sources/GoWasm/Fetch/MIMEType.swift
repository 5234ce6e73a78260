/// A type of contents, such as `text/html;charset=utf-8` (https://mimesniff.spec.whatwg.org).
struct MIMEType: CustomStringConvertible {
    private let essence: String
    private var parameters: [(name: String, value: String)] = []

    /// Parses a text; nil where it is no type.
    init?(_ text: String) {
        let parts = HeaderList.trimmed(text)
            .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, HeaderList.isToken(parts[0]) else { return nil }
        let end = parts[1].firstIndex(of: ";") ?? parts[1].endIndex
        let subtype = HeaderList.trimmed(String(parts[1][..<end]))
        // White space before the subtype is not taken away.
        guard HeaderList.isToken(subtype), parts[1].hasPrefix(subtype) else { return nil }
        essence = WebHost.asciiLowercased("\(parts[0])/\(subtype)")
        parseParameters(parts[1][end...])
    }

    private mutating func parseParameters(_ text: Substring) {
        var rest = text.unicodeScalars
        let isSpace: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
        while rest.popFirst() != nil {
            rest = rest.drop(while: isSpace)
            let name = WebHost.asciiLowercased(String(rest.prefix { $0 != ";" && $0 != "=" }))
            rest = rest.drop { $0 != ";" && $0 != "=" }
            if rest.first == ";" { continue }
            guard rest.popFirst() != nil, !rest.isEmpty else { return }
            let value: String
            if rest.first == "\"" {
                value = Self.quotedText(&rest)
                rest = rest.drop { $0 != ";" }
            } else {
                value = HeaderList.trimmed("x" + String(rest.prefix { $0 != ";" })).dropFirst().description
                rest = rest.drop { $0 != ";" }
                if value.isEmpty { continue }
            }
            let isAllowed = value.unicodeScalars.allSatisfy {
                $0 == "\t" || (0x20...0x7E).contains($0.value) || (0x80...0xFF).contains($0.value)
            }
            if HeaderList.isToken(name), isAllowed, !parameters.contains(where: { $0.name == name }) {
                parameters.append((name, value))
            }
        }
    }

    /// Takes a text in quotation marks, in which a backslash stands before a character that is meant as it is.
    private static func quotedText(_ rest: inout Substring.UnicodeScalarView) -> String {
        rest.removeFirst()
        var text = String.UnicodeScalarView()
        while let character = rest.popFirst(), character != "\"" {
            text.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
        }
        return String(text)
    }

    var description: String {
        parameters.reduce(into: essence) { text, parameter in
            text += ";\(parameter.name)="
            if HeaderList.isToken(parameter.value) {
                text += parameter.value
            } else {
                let escaped = parameter.value.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
                text += "\"" + String(escaped) + "\""
            }
        }
    }
}
