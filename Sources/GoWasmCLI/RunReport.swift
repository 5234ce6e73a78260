import GoWasm
import HostSystem
import WasmFrontend
import WasmRuntime

/// What `--stats` prints when a run has ended.
struct RunReport {
    var statistics: RunStatistics
    var collections: GarbageCollections
    /// In what code processor time was spent; nil where the system does not say.
    var samples: SampleCounts?
    /// The module; nil where it could not be loaded.
    var module: Module?
    /// Nanoseconds that reading and decoding the module took, and that the whole took.
    var loading: UInt64
    var whole: UInt64

    /// The rows of the tables over time and of growths.
    private static let shownRows = 12
    /// The host functions that are shown.
    private static let shownFunctions = 25

    /// The lines of the tables.
    func lines(_ style: Style) -> [String] {
        var lines = times(style)
        lines += machineCode(style)
        lines += memory(style)
        lines += hostCalls(style)
        lines += garbage(style)
        return lines
    }

    private func times(_ style: Style) -> [String] {
        let lowering = statistics.lowering
        let host = statistics.hostFunctions.reduce(0) { $0 + $1.nanoseconds }
        let total = whole - min(whole, lowering.measuring)
        let compilation = statistics.compilation
        let known =
            loading + lowering.validation + lowering.lowering + (compilation?.nanoseconds ?? 0) + host
        func row(_ name: String, _ time: UInt64, _ note: String) -> String {
            "  " + name.padded(to: 12) + Quantity.time(time).padded(to: 10, right: true)
                + Quantity.share(time, of: total).padded(to: 9, right: true) + "   " + note
        }
        let calls = statistics.hostFunctions.reduce(0) { $0 + $1.calls }
        let loaded = module.map {
            "\(Quantity.file($0.bytes.buffer.count)), \(Quantity.count($0.bodies.count)) functions"
        }
        return [
            style.bold("time"), row("load", loading, loaded ?? ""),
            row(
                "validate", lowering.validation,
                "\(Quantity.count(lowering.functions)) functions that were called, \(Quantity.file(lowering.wasmBytes))"
            ),
            row("lower", lowering.lowering, "\(Quantity.file(lowering.bytecodeBytes)) of bytecode"),
            row("compile", compilation?.nanoseconds ?? 0, "\(compilation?.functions ?? 0) functions"),
            row("host calls", host, "\(Quantity.count(calls)) calls"),
            row("guest", total - min(total, known), "the program itself, and the time that it waits"),
            row("in all", total, ""),
        ]
    }

    private func machineCode(_ style: Style) -> [String] {
        guard let compilation = statistics.compilation else { return [] }
        var lines = ["", style.bold("machine code")]
        func row(_ name: String, _ text: String) { lines.append("  " + name.padded(to: 12) + text) }
        if let obstacle = compilation.obstacle {
            row("none", Failure.describe(obstacle))
            return lines
        }
        let refused = compilation.refusedFunctions
        row(
            "functions",
            "\(Quantity.count(compilation.functions)) compiled"
                + (refused > 0 ? ", \(Quantity.count(refused)) that could not be" : ""))
        row(
            "size",
            "\(Quantity.file(Int(compilation.bytes))), of \(Quantity.count(Int(compilation.instructions))) "
                + "instructions of bytecode")
        row("entries", "\(Quantity.count(Int(clamping: compilation.entries))) from the interpreter")
        guard let samples, samples.all > 0 else { return lines }
        func share(_ part: Int) -> String { Quantity.share(UInt64(part), of: UInt64(samples.all)) }
        row("processor", "\(share(samples.native)) in machine code, \(share(samples.interpreted)) in the interpreter")
        row("", "(of \(Quantity.count(samples.all)) samples; the others are the host's and the engine's)")
        return lines
    }

    private func memory(_ style: Style) -> [String] {
        let samples = statistics.samples
        guard let first = samples.first, let last = samples.last else { return [] }
        func row(_ name: String, _ cells: [String]) -> String {
            "  " + name.padded(to: 18) + cells.map { $0.padded(to: 14, right: true) }.joined()
        }
        var lines = [
            "",
            style.bold(
                "memory".padded(to: 20)
                    + ["at first", "at the end", "at most"]
                    .map { $0.padded(to: 14, right: true) }.joined()),
        ]
        let peak = samples.map(\.memoryBytes).max() ?? 0
        lines.append(
            row("linear memory", [first.memoryBytes, last.memoryBytes, peak].map(Quantity.memory)))
        lines.append(row("frame stack", ["", "", Quantity.memory(statistics.mostFrameBytes)]))
        if let atFirst = first.references, let atLast = last.references {
            let most = max(statistics.mostReferences, atLast)
            lines.append(row("host references", [atFirst, atLast, most].map(Quantity.count)))
        }
        lines += [
            "",
            style.bold(
                "over time".padded(to: 20)
                    + ["linear memory", "frame stack", "references"]
                    .map { $0.padded(to: 14, right: true) }.joined()),
        ]
        for sample in Self.spread(samples) {
            lines.append(
                row(
                    Quantity.time(sample.time).padded(to: 10, right: true),
                    [
                        Quantity.memory(sample.memoryBytes), Quantity.memory(sample.frameBytes),
                        sample.references.map(Quantity.count) ?? "",
                    ]))
        }
        let growths = statistics.growths
        if !growths.isEmpty {
            lines += ["", style.bold("growths of linear memory: \(Quantity.count(statistics.growthCount))")]
            for growth in Self.spread(growths) {
                lines.append(
                    row(
                        Quantity.time(growth.time).padded(to: 10, right: true),
                        [Quantity.memory(growth.from), "to " + Quantity.memory(growth.to)]))
            }
        }
        return lines
    }

    /// As many as are shown, from the first to the last.
    private static func spread<Row>(_ rows: [Row]) -> [Row] {
        guard rows.count > shownRows else { return rows }
        return (0..<shownRows).map { rows[$0 * (rows.count - 1) / (shownRows - 1)] }
    }

    private func hostCalls(_ style: Style) -> [String] {
        let called = statistics.hostFunctions.filter { $0.calls > 0 }.sorted {
            ($1.nanoseconds, $0.name) < ($0.nanoseconds, $1.name)
        }
        guard !called.isEmpty else { return [] }
        func row(_ name: String, _ calls: String, _ time: String, _ mean: String) -> String {
            name.padded(to: 38) + calls.padded(to: 12, right: true) + time.padded(to: 12, right: true)
                + mean.padded(to: 12, right: true)
        }
        var lines = ["", style.bold(row("host calls", "calls", "time", "each"))]
        for function in called.prefix(Self.shownFunctions) {
            lines.append(
                row(
                    "  " + function.name.prefix(35), Quantity.count(function.calls),
                    Quantity.time(function.nanoseconds),
                    Quantity.time(function.nanoseconds / UInt64(function.calls))))
        }
        if called.count > Self.shownFunctions { lines.append("  and \(called.count - Self.shownFunctions) more") }
        return lines
    }

    private func garbage(_ style: Style) -> [String] {
        let all = collections.collections
        guard !all.isEmpty else { return [] }
        // A program can write such lines itself, as many as it likes: their sum may have no place in an integer.
        func time(_ milliseconds: Double) -> String { Quantity.time(UInt64(min(milliseconds * 1_000_000, 1e18))) }
        let pauses = all.map { $0.pauses.reduce(0, +) }
        func row(_ name: String, _ values: [Double]) -> String {
            "  " + name.padded(to: 12)
                + [values.reduce(0, +) / Double(values.count), values.max() ?? 0, values.reduce(0, +)]
                .map { time($0).padded(to: 14, right: true) }.joined()
        }
        return [
            "",
            style.bold(
                "garbage".padded(to: 14)
                    + ["on average", "at most", "in all"].map { $0.padded(to: 14, right: true) }.joined()),
            row("pauses", pauses), row("marking", all.map(\.marking)),
            "  \(Quantity.count(all.count)) collections; the heap at the last one: "
                + all[all.count - 1].heap.map { "\($0) MB" }.joined(separator: ", ") + " (begin, end, alive)",
        ]
    }
}
