/// Writes JSON (RFC 8259), for programs that read what this one prints.
///
/// Foundation's encoder is not used: its initialisation would delay every start of the command.
package enum JSONText {
    /// A text in quotation marks.
    package static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// An array of values that are JSON already.
    package static func list(_ items: [String]) -> String { "[" + items.joined(separator: ", ") + "]" }

    /// An object of members in their order, whose values are JSON already.
    package static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(string($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }
}
