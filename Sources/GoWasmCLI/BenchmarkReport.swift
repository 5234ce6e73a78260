import JSONOutput
import LibC

/// What `gowasm-fast bench` found, as a table or as JSON.
struct BenchmarkReport {
    /// A command, and what each of its runs took.
    struct Row {
        var subject: Benchmark.Subject
        var samples: [MeasuredProcess.Sample]
    }

    /// What is measured of a run.
    private struct Measure: Sendable {
        let name: String
        /// The name in JSON, which says the unit.
        let key: String
        /// A figure for people, and for JSON.
        let text: @Sendable (UInt64) -> String
        let json: @Sendable (UInt64) -> String
        let value: @Sendable (MeasuredProcess.Sample) -> UInt64
    }

    private static let measures = [
        Measure(name: "wall time", key: "wallSeconds", text: Quantity.time, json: seconds, value: { $0.wall }),
        Measure(name: "user time", key: "userSeconds", text: Quantity.time, json: seconds, value: { $0.user }),
        Measure(
            name: "peak memory", key: "memoryBytes", text: Quantity.memory, json: { "\($0)" }, value: { $0.memory }),
    ]

    @Sendable private static func seconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds) / 1e9)" }

    var file: String
    var arguments: [String]
    var runs: Int
    var warmUp: Int
    /// The first one is what the others are divided by.
    var rows: [Row]

    /// The median, the smallest and the largest of some figures.
    struct Summary: Equatable {
        var median: UInt64 = 0
        var smallest: UInt64 = 0
        var largest: UInt64 = 0

        init(_ figures: [UInt64]) {
            let sorted = figures.sorted()
            guard let first = sorted.first, let last = sorted.last else { return }
            let (low, high) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
            median = low + (high - low) / 2
            smallest = first
            largest = last
        }
    }

    private func summary(_ measure: Measure, _ row: Row) -> Summary { Summary(row.samples.map(measure.value)) }

    /// How many times as much as the first row's median; nil if that is nothing, as times in large steps may be.
    private func ratio(_ measure: Measure, _ row: Row) -> Double? {
        guard let first = rows.first else { return nil }
        let whole = summary(measure, first).median
        return whole > 0 ? Double(summary(measure, row).median) / Double(whole) : nil
    }

    // MARK: - For people

    func table(_ style: Style) -> String {
        var table = Table(style)
        let width = (rows.map(\.subject.name.count).max() ?? 0) + 2
        table.row("program", ([file] + arguments).joined(separator: " "))
        let (processor, count) = (Machine.processor, Machine.processorCount)
        table.row("machine", "\(processor), \(count) processor\(count == 1 ? "" : "s"), \(Machine.system)")
        table.row(
            "runs", "\(runs) of each command, in turns, after \(warmUp) that \(warmUp == 1 ? "does" : "do") not count")
        table.heading("commands")
        for row in rows {
            let variables = row.subject.variables.filter { $0.hasSuffix("=off") }
            let words = (variables + row.subject.words).joined(separator: " ")
            table.lines.append(
                "  " + row.subject.name.padded(to: width) + words + (row.subject.version.map { "  (\($0))" } ?? ""))
        }
        for measure in Self.measures {
            let columns = ["median", "smallest", "largest", "ratio"].map { $0.padded(to: 11, right: true) }.joined()
            table.heading(measure.name.padded(to: width + 2) + columns)
            for row in rows {
                let summary = summary(measure, row)
                let ratio = ratio(measure, row).map(Self.text) ?? ""
                let cells = [summary.median, summary.smallest, summary.largest].map(measure.text) + [ratio]
                table.lines.append(
                    "  " + row.subject.name.padded(to: width)
                        + cells.map { $0.padded(to: 11, right: true) }.joined())
            }
        }
        table.lines += ["", "A ratio is a median divided by that of the first row."]
        return table.text
    }

    private static func text(_ ratio: Double) -> String {
        Quantity.decimal(UInt64((ratio * 1000).rounded()), per: 1000)
    }

    // MARK: - For programs

    var json: String {
        let results = rows.map { row -> String in
            var members = [
                ("name", JSONText.string(row.subject.name)),
                ("command", JSONText.list(row.subject.words.map(JSONText.string))),
                ("version", row.subject.version.map(JSONText.string) ?? "null"),
            ]
            for measure in Self.measures {
                let summary = summary(measure, row)
                members.append(
                    (
                        measure.key,
                        JSONText.object([
                            ("median", measure.json(summary.median)), ("smallest", measure.json(summary.smallest)),
                            ("largest", measure.json(summary.largest)),
                            ("ratio", ratio(measure, row).map { "\($0)" } ?? "null"),
                            ("runs", JSONText.list(row.samples.map { measure.json(measure.value($0)) })),
                        ])
                    ))
            }
            return JSONText.object(members)
        }
        return JSONText.object([
            ("file", JSONText.string(file)), ("arguments", JSONText.list(arguments.map(JSONText.string))),
            ("runs", "\(runs)"), ("warmUp", "\(warmUp)"),
            (
                "machine",
                JSONText.object([
                    ("processor", JSONText.string(Machine.processor)), ("processors", "\(Machine.processorCount)"),
                    ("system", JSONText.string(Machine.system)),
                ])
            ), ("results", JSONText.list(results)),
        ])
    }
}
