import GoWasm
import HostSystem
import LibC
import WasmFrontend

/// What a module is: the command `gowasm-fast inspect [--json] FILE.wasm`.
struct Inspection {
    private let file: String
    private let module: Module
    private let identification: Identification
    private let buildInfo: [String]
    private let sections: [(name: String, bytes: Int)]
    private let packages: [(name: String, bytes: Int, functions: Int)]
    private let features: [String]

    /// The packages that the table shows; JSON has all.
    private static let shownPackages = 20

    /// Runs the command with the arguments behind its name; returns the exit code.
    static func run(_ arguments: [String]) -> Int32 {
        let files = arguments.filter { $0 != "--json" }
        guard files.count == 1, let file = files.first, !file.hasPrefix("-") || file == "-" else {
            Invocation.writeError("usage: gowasm-fast inspect [--json] FILE.wasm")
            return 64
        }
        do {
            let inspection = Inspection(file, try Invocation(file: file, arguments: []).load().module)
            Descriptors.print(arguments.count > 1 ? inspection.json + "\n" : inspection.table(Style.ofOutput))
            return 0
        } catch {
            Invocation.writeError(Failure.line(file, Failure.describe(error)))
            return Invocation.failure
        }
    }

    init(_ file: String, _ module: Module) {
        self.file = file
        self.module = module
        identification = Identification(module)
        buildInfo = GoBuildInfo(module)?.lines ?? []
        sections = Self.sections(of: module)
        packages = Self.packages(of: module)
        features = module.usedFeatures().map(\.rawValue)
    }

    // MARK: - Finding out

    /// The sections in their order, with the sizes of their contents; custom ones by their names.
    private static func sections(of module: Module) -> [(name: String, bytes: Int)] {
        module.sections.map { section in
            (section.customName.map { "custom \"\($0)\"" } ?? section.kind, section.bytes.count)
        }
    }

    /// The bytes of code by Go package, largest first; for other modules there is one entry without a name.
    private static func packages(of module: Module) -> [(name: String, bytes: Int, functions: Int)] {
        let table = GoLineTable(module)
        // TinyGo names its functions as Go does, in the section that other compilers use, too.
        let hasGoNames = TinyGoBuild(module) != nil
        var sums: [String: (bytes: Int, functions: Int)] = [:]
        for (index, body) in module.bodies.enumerated() {
            let number = module.importedFunctionCount + index
            let known = table?.name(ofFunction: number) ?? (hasGoNames ? module.functionName(number) : nil)
            let name = known.map(package) ?? ""
            sums[name, default: (0, 0)].bytes += body.bytes.count
            sums[name, default: (0, 0)].functions += 1
        }
        return sums.map { ($0.key, $0.value.bytes, $0.value.functions) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    /// The package that a function's code is counted for.
    private static func package(_ name: String) -> String {
        // Up to Go 1.19 a dot stood where there is a colon now.
        if ["type:", "go:", "type..", "go.buildid"].contains(where: name.hasPrefix) { return "(made by the compiler)" }
        return GoFunctionName.package(of: name) ?? "(assembly and the linker's)"
    }

    // MARK: - Printing

    func table(_ style: Style) -> String {
        var lines: [String] = []
        func heading(_ text: String) { lines += ["", style.bold(text)] }
        func row(_ name: String, _ value: String) { lines.append(name.padded(to: 14) + value) }
        func sizes(_ rows: [(String, Int, String)]) {
            for (name, bytes, note) in rows {
                lines.append(
                    "  " + String(name.prefix(48)).padded(to: 50) + Quantity.file(bytes).padded(to: 10, right: true)
                        + note)
            }
        }
        row("file", "\(file), \(Quantity.file(module.bytes.buffer.count))")
        row("kind", identification.text)
        row("host", identification.hostInterface(module))
        if let build = identification.tinyGo {
            row("TinyGo", build.version ?? "version not said")
            row("  target", build.target.rawValue)
            row("  scheduler", build.scheduler.rawValue)
        } else {
            row("Go", identification.goVersion.map { "\($0)" } ?? "not said")
        }
        for line in buildInfo {
            let parts = line.split(separator: "\t", maxSplits: 1)
            if parts.count == 2, parts[0] != "build" || parts[1].count < 64 { row("  \(parts[0])", String(parts[1])) }
        }
        row("functions", "\(module.bodies.count), and \(module.importedFunctionCount) imported")
        if let memory = module.memories.first {
            let limit = memory.limits.maximum.map { ", at most \($0)" } ?? ""
            row("memory", "\(memory.limits.minimum) pages of 64 KiB at first\(limit)")
        }
        row("uses", features.first ?? "nothing beyond the first version of WebAssembly")
        for feature in features.dropFirst() { row("", feature) }
        heading("sections")
        sizes(sections.map { ($0.name, $0.bytes, "") })
        if packages.contains(where: { !$0.name.isEmpty }) {
            heading("code by package")
            sizes(
                packages.prefix(Self.shownPackages).map {
                    ($0.name, $0.bytes, "  \($0.functions) function\($0.functions == 1 ? "" : "s")")
                })
            let rest = packages.dropFirst(Self.shownPackages)
            if !rest.isEmpty { sizes([("\(rest.count) more", rest.reduce(0) { $0 + $1.bytes }, "")]) }
        }
        heading("imports")
        lines += module.imports.map { "  \($0.module).\($0.name) \(text(of: $0))" }
        heading("exports")
        lines += module.exports.map { "  \($0.name) \(text(of: $0))" }
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(of imported: Import) -> String {
        switch imported.kind {
        case .function(let type): module.types[Int(type)].text
        case .table: "table"
        case .memory: "memory"
        case .global(let type): "global \(type.value)"
        }
    }

    private func text(of export: Export) -> String {
        export.kind == .function
            ? module.types[Int(module.functionTypes[Int(export.index)])].text : "\(export.kind)"
    }

    private static func json(_ build: TinyGoBuild) -> String {
        JSONText.object([
            ("version", build.version.map(JSONText.string) ?? "null"),
            ("target", JSONText.string(build.target.rawValue)),
            ("scheduler", JSONText.string(build.scheduler.rawValue)),
        ])
    }

    var json: String {
        return JSONText.object([
            ("file", JSONText.string(file)), ("bytes", "\(module.bytes.buffer.count)"),
            ("kind", JSONText.string(identification.text)),
            ("hostInterface", JSONText.string(identification.hostInterface(module))),
            ("goVersion", identification.goVersion.map { JSONText.string("\($0)") } ?? "null"),
            ("tinyGo", identification.tinyGo.map(Self.json) ?? "null"),
            ("buildInfo", JSONText.list(buildInfo.map(JSONText.string))),
            ("functions", "\(module.bodies.count)"), ("importedFunctions", "\(module.importedFunctionCount)"),
            ("memoryPages", module.memories.first.map { "\($0.limits.minimum)" } ?? "null"),
            ("features", JSONText.list(features.map(JSONText.string))),
            (
                "sections",
                JSONText.list(
                    sections.map { JSONText.object([("name", JSONText.string($0.name)), ("bytes", "\($0.bytes)")]) })
            ),
            (
                "packages",
                JSONText.list(
                    packages.map {
                        JSONText.object([
                            ("name", JSONText.string($0.name)), ("bytes", "\($0.bytes)"),
                            ("functions", "\($0.functions)"),
                        ])
                    })
            ),
            (
                "imports",
                JSONText.list(
                    module.imports.map {
                        JSONText.object([
                            ("module", JSONText.string($0.module)), ("name", JSONText.string($0.name)),
                            ("type", JSONText.string(text(of: $0))),
                        ])
                    })
            ),
            (
                "exports",
                JSONText.list(
                    module.exports.map {
                        JSONText.object([("name", JSONText.string($0.name)), ("type", JSONText.string(text(of: $0)))])
                    })
            ),
        ])
    }
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
