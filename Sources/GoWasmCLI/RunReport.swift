import GoWasm
import HostSystem
import JSONOutput
import WasmFrontend
import WasmRuntime

/// What `--stats` and `--stats-json` print when a run has ended.
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

    /// The rows of the tables over time and of growths that people see.
    private static let shownRows = 12
    /// The host functions that people see.
    private static let shownFunctions = 25

    /// All tables that have something in them.
    private var tables: [FigureTable] {
        [times, machineCode, memory, memoryOverTime, growths, hostCalls, garbage].compactMap { $0 }
    }

    /// The tables as lines for people.
    func lines(_ style: Style) -> [String] { Array(tables.map { $0.lines(style) }.joined(separator: [""])) }

    /// The tables as one line of JSON.
    var json: String { JSONText.object(tables.flatMap(\.members)) }

    private var times: FigureTable? {
        let lowering = statistics.lowering
        let host = statistics.hostFunctions.reduce(0) { $0 + $1.nanoseconds }
        let total = whole - min(whole, lowering.measuring)
        let compilation = statistics.compilation
        let known =
            loading + lowering.validation + lowering.lowering + (compilation?.nanoseconds ?? 0) + host
        func row(_ name: String, _ label: FigureText, _ time: UInt64, _ note: FigureText) -> FigureTable.Row {
            FigureTable.Row(name: name, label: label, cells: [.time(time), .share(time, of: total)], note: note)
        }
        let calls = statistics.hostFunctions.reduce(0) { $0 + $1.calls }
        let loaded: FigureText =
            if let module {
                """
                \("bytes", .fileSize(module.bytes.buffer.count)), \
                \("functions", .count(module.bodies.count)) functions
                """
            } else {
                ""
            }
        return FigureTable(
            name: "time", heading: "time", labelWidth: 12,
            columns: [.init(name: "time", width: 10), .init(name: "share", width: 9)],
            rows: [
                row("load", "load", loading, loaded),
                row(
                    "validate", "validate", lowering.validation,
                    """
                    \("functions", .count(lowering.functions)) functions that were called, \
                    \("bytes", .fileSize(lowering.wasmBytes))
                    """),
                row("lower", "lower", lowering.lowering, "\("bytes", .fileSize(lowering.bytecodeBytes)) of bytecode"),
                row(
                    "compile", "compile", compilation?.nanoseconds ?? 0,
                    "\("functions", .count(compilation?.functions ?? 0)) functions"),
                row("hostCalls", "host calls", host, "\("calls", .count(calls)) calls"),
                row("guest", "guest", total - min(total, known), "the program itself, and its waiting"),
                row("whole", "in all", total, ""),
            ])
    }

    private var machineCode: FigureTable? {
        guard let compilation = statistics.compilation else { return nil }
        func table(_ rows: [FigureTable.Row]) -> FigureTable {
            FigureTable(name: "machineCode", heading: "machine code", labelWidth: 12, rows: rows)
        }
        if let obstacle = compilation.obstacle {
            return table([.init(label: "none", note: "\("obstacle", .text(Failure.describe(obstacle)))")])
        }
        let refused = FigureText.Named("refusedFunctions", .count(compilation.refusedFunctions))
        var rows: [FigureTable.Row] = [
            .init(
                label: "functions",
                note: "\("functions", .count(compilation.functions)) compiled"
                    + (compilation.refusedFunctions > 0
                        ? ", \(refused.name, refused.figure) that could not be"
                        : .unseen(refused.name, refused.figure))),
            .init(
                label: "size",
                note: """
                    \("bytes", .fileSize(Int(compilation.bytes))), of \
                    \("instructions", .count(Int(compilation.instructions))) instructions of bytecode
                    """),
            .init(
                label: "entries",
                note: "\("entries", .count(Int(clamping: compilation.entries))) from the interpreter"),
        ]
        guard let samples, samples.all > 0 else { return table(rows) }
        func share(_ part: Int) -> Figure { .share(UInt64(part), of: UInt64(samples.all)) }
        rows += [
            .init(
                label: "processor",
                note: """
                    \("nativeShare", share(samples.native)) in machine code, \
                    \("interpretedShare", share(samples.interpreted)) in the interpreter
                    """),
            .init(
                label: "",
                note: "(of \("samples", .count(samples.all)) samples; the others are the host's and the engine's)"),
        ]
        return table(rows)
    }

    /// The width of the labels of tables of memory, and of each of their columns.
    private static let (memoryLabel, memoryColumn) = (18, 14)

    private var memory: FigureTable? {
        let samples = statistics.samples
        guard let first = samples.first, let last = samples.last else { return nil }
        let peak = samples.map(\.memoryBytes).max() ?? 0
        var rows: [FigureTable.Row] = [
            .init(
                name: "linearMemory", label: "linear memory",
                cells: [first.memoryBytes, last.memoryBytes, peak].map { .memory($0) }),
            .init(name: "frameStack", label: "frame stack", cells: [nil, nil, .memory(statistics.mostFrameBytes)]),
        ]
        if let atFirst = first.references, let atLast = last.references {
            let most = max(statistics.mostReferences, atLast)
            rows.append(
                .init(
                    name: "hostReferences", label: "host references",
                    cells: [atFirst, atLast, most].map { .count($0) }))
        }
        return FigureTable(
            name: "memory", heading: "memory", labelWidth: Self.memoryLabel,
            columns: [("atFirst", "at first"), ("atEnd", "at the end"), ("most", "at most")].map {
                .init(name: $0, heading: $1, width: Self.memoryColumn)
            },
            rows: rows)
    }

    private var memoryOverTime: FigureTable? {
        guard !statistics.samples.isEmpty else { return nil }
        return FigureTable(
            name: "memoryOverTime", heading: "over time", labelWidth: Self.memoryLabel,
            columns: [
                ("linearMemory", "linear memory"), ("frameStack", "frame stack"), ("hostReferences", "references"),
            ].map { .init(name: $0, heading: $1, width: Self.memoryColumn) },
            rows: statistics.samples.map { sample in
                .init(
                    label: "\("time", .time(sample.time), width: 10)",
                    cells: [
                        .memory(sample.memoryBytes), .memory(sample.frameBytes), sample.references.map { .count($0) },
                    ])
            },
            isList: true, selection: .spread(Self.shownRows))
    }

    private var growths: FigureTable? {
        guard !statistics.growths.isEmpty else { return nil }
        return FigureTable(
            name: "growths", heading: "growths of linear memory: \("growthCount", .count(statistics.growthCount))",
            labelWidth: Self.memoryLabel,
            columns: [
                .init(name: "from", width: Self.memoryColumn),
                .init(name: "to", width: Self.memoryColumn, prefix: "to "),
            ],
            rows: statistics.growths.map { growth in
                .init(
                    label: "\("time", .time(growth.time), width: 10)",
                    cells: [.memory(growth.from), .memory(growth.to)])
            },
            isList: true, selection: .spread(Self.shownRows))
    }

    private var hostCalls: FigureTable? {
        let called = statistics.hostFunctions.filter { $0.calls > 0 }.sorted {
            ($1.nanoseconds, $0.name) < ($0.nanoseconds, $1.name)
        }
        guard !called.isEmpty else { return nil }
        return FigureTable(
            name: "hostCalls", heading: "host calls", labelWidth: 36,
            columns: ["calls", "time", "each"].map { .init(name: $0, heading: $0, width: 12) },
            rows: called.map { function in
                .init(
                    label: .unseen("module", .text(function.module)) + "\("name", .text(function.name), most: 35)",
                    cells: [
                        .count(function.calls), .time(function.nanoseconds),
                        .time(function.nanoseconds / UInt64(function.calls)),
                    ])
            },
            isList: true, selection: .first(Self.shownFunctions))
    }

    private var garbage: FigureTable? {
        let all = collections.collections
        guard let last = all.last, last.heap.count == 3 else { return nil }
        // A program can write such lines itself, as many as it likes: their sum may have no place in an integer.
        func time(_ milliseconds: Double) -> Figure { .time(UInt64(min(milliseconds * 1_000_000, 1e18))) }
        func row(_ name: String, _ values: [Double]) -> FigureTable.Row {
            let sum = values.reduce(0, +)
            return .init(
                name: name, label: FigureText(stringLiteral: name),
                cells: [sum / Double(values.count), values.max() ?? 0, sum].map(time))
        }
        return FigureTable(
            name: "garbage", heading: "garbage", labelWidth: 12,
            columns: [("mean", "on average"), ("most", "at most"), ("whole", "in all")].map {
                .init(name: $0, heading: $1, width: 14)
            },
            rows: [
                row("pauses", all.map { $0.pauses.reduce(0, +) }), row("marking", all.map(\.marking)),
                .init(
                    label: """
                        \("collections", .count(all.count)) collections; the heap at the last one: \
                        \("heapAtBegin", .megabytes(last.heap[0])), \
                        \("heapAtEnd", .megabytes(last.heap[1])), \
                        \("heapAlive", .megabytes(last.heap[2])) (begin, end, alive)
                        """),
            ])
    }
}
