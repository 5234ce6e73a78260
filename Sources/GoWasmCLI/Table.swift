import LibC

/// Rows of names and values, under headings.
struct Table {
    /// The lines so far.
    var lines: [String] = []
    private let style: Style

    init(_ style: Style) { self.style = style }

    mutating func heading(_ text: String) { lines += ["", style.bold(text)] }

    mutating func row(_ name: String, _ value: String) { lines.append(name.padded(to: 14) + value) }

    /// Adds rows of names, sizes in bytes, and notes.
    mutating func sizes(_ rows: [(String, Int, String)]) {
        for (name, bytes, note) in rows {
            lines.append(
                "  " + String(name.prefix(48)).padded(to: 50) + Quantity.file(bytes).padded(to: 10, right: true) + note)
        }
    }

    /// The whole.
    var text: String { lines.joined(separator: "\n") + "\n" }
}

/// How text looks on a terminal; elsewhere, and with NO_COLOR set, like all other text.
struct Style {
    var isPlain: Bool

    /// For standard output.
    static var ofOutput: Style { Style(of: STDOUT_FILENO) }
    /// For standard error.
    static var ofErrors: Style { Style(of: STDERR_FILENO) }

    private init(of descriptor: Int32) {
        let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        isPlain = refused || isatty(descriptor) == 0
    }

    init(isPlain: Bool) { self.isPlain = isPlain }

    func bold(_ text: String) -> String { isPlain ? text : "\u{1B}[1m\(text)\u{1B}[0m" }
}
