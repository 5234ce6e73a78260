import JSONOutput

/// A figure of a report: with its unit for people, and as a plain value for programs.
enum Figure {
    /// Nanoseconds.
    case time(UInt64)
    /// Bytes of memory.
    case memory(UInt64)
    /// Bytes of a file or of code.
    case fileSize(Int)
    /// Units of 1024 * 1024 bytes.
    case megabytes(Int)
    case count(Int)
    /// A part of a whole.
    case share(UInt64, of: UInt64)
    case text(String)

    /// The figure as people read it.
    var text: String {
        switch self {
        case .time(let nanoseconds): Quantity.time(nanoseconds)
        case .memory(let bytes): Quantity.memory(bytes)
        case .fileSize(let bytes): Quantity.file(bytes)
        case .megabytes(let number): "\(number) MB"
        case .count(let number): Quantity.count(number)
        case .share(let part, let whole): Quantity.share(part, of: whole)
        case .text(let text): text
        }
    }

    /// The figure in JSON: nanoseconds, bytes, numbers, and shares from 0 to 1.
    var json: String {
        switch self {
        case .time(let number), .memory(let number): return "\(number)"
        case .fileSize(let number), .count(let number): return "\(number)"
        case .megabytes(let number):
            // Programs can say that their heap has any size.
            let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << 20)
            return "\(overflow ? .max : bytes)"
        case .share(let part, let whole):
            return whole > 0 ? "\((Double(part) / Double(whole) * 10_000).rounded() / 10_000)" : "null"
        case .text(let text): return JSONText.string(text)
        }
    }
}

/// A text with figures in it, each of which has a name in JSON: `"\("functions", .count(3)) compiled"`.
struct FigureText: ExpressibleByStringInterpolation {
    typealias Named = (name: String, figure: Figure)

    private(set) var text = ""
    private(set) var figures: [Named] = []

    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation: StringInterpolation) { self = stringInterpolation.result }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var result: FigureText = ""

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { result.text += literal }

        /// Adds a figure, with spaces to its left up to a width, or only its first characters.
        mutating func appendInterpolation(_ name: String, _ figure: Figure, width: Int = 0, most: Int = .max) {
            result.text += String(figure.text.prefix(most)).padded(to: width, right: true)
            result.figures.append((name, figure))
        }
    }

    static func + (left: FigureText, right: FigureText) -> FigureText {
        var sum = left
        sum.text += right.text
        sum.figures += right.figures
        return sum
    }

    /// A figure that only programs are told.
    static func unseen(_ name: String, _ figure: Figure) -> FigureText {
        var result: FigureText = ""
        result.figures.append((name, figure))
        return result
    }
}

/// A table of figures, for people and for programs.
///
/// It is declared once: what people see and what JSON has cannot differ.
struct FigureTable {
    struct Column {
        /// The name of the column's figures in JSON.
        var name: String
        var heading = ""
        var width: Int
        /// What is before each figure.
        var prefix = ""
    }

    struct Row {
        /// The name of the object in JSON that has the row's figures; without one they are the table's own.
        var name: String?
        var label: FigureText
        /// The figures by column; nil where there is none.
        var cells: [Figure?] = []
        var note: FigureText = ""
    }

    /// Which rows people see; programs get all.
    enum Selection {
        case all
        case first(Int)
        /// So many, from the first to the last.
        case spread(Int)
    }

    /// The name in JSON.
    var name: String
    var heading: FigureText
    var labelWidth: Int
    var columns: [Column] = []
    var rows: [Row]
    /// Whether the rows are a list in JSON, and not members of an object.
    var isList = false
    var selection = Selection.all

    /// Spaces between the margin and the labels.
    private static let indentation = 2

    // MARK: - For people

    /// The heading, and a line for each row.
    func lines(_ style: Style) -> [String] {
        let headings = columns.map { $0.heading.padded(to: $0.width, right: true) }.joined()
        let first = heading.text.padded(to: Self.indentation + labelWidth) + headings
        var lines = [style.bold(Self.trimmed(first))] + shownRows.map(line)
        if case .first(let count) = selection, rows.count > count { lines.append("  and \(rows.count - count) more") }
        return lines
    }

    private var shownRows: [Row] {
        switch selection {
        case .all: rows
        case .first(let count): Array(rows.prefix(count))
        case .spread(let count):
            rows.count > count ? (0..<count).map { rows[$0 * (rows.count - 1) / (count - 1)] } : rows
        }
    }

    private func line(_ row: Row) -> String {
        var line = String(repeating: " ", count: Self.indentation) + row.label.text.padded(to: labelWidth)
        for (column, cell) in zip(columns, row.cells) {
            line += (cell.map { column.prefix + $0.text } ?? "").padded(to: column.width, right: true)
        }
        if !row.cells.isEmpty { line += "   " }
        return Self.trimmed(line + row.note.text)
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }

    // MARK: - For programs

    /// The members that the table has in an object of JSON: the figures of its heading, and itself.
    var members: [(String, String)] {
        let own: String
        if isList {
            own = JSONText.list(rows.map { JSONText.object(Self.members(figures($0))) })
        } else {
            own = JSONText.object(
                rows.flatMap { row in
                    let members = Self.members(figures(row))
                    return row.name.map { [($0, JSONText.object(members))] } ?? members
                })
        }
        return Self.members(heading.figures) + [(name, own)]
    }

    private func figures(_ row: Row) -> [FigureText.Named] {
        let cells = zip(columns, row.cells).compactMap { column, cell in cell.map { (column.name, $0) } }
        return row.label.figures + cells + row.note.figures
    }

    private static func members(_ figures: [FigureText.Named]) -> [(String, String)] {
        figures.map { ($0.name, $0.figure.json) }
    }
}
