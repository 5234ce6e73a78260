import GoWasm
import HostSystem
import JSONOutput
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
    /// Proposals that the code needs, and that are not supported.
    private let proposals: [String]

    /// The packages that the table shows; JSON has all.
    private static let shownPackages = 20

    /// Says what a file is; returns the exit code, which is 1 if it is no module, or one that is refused.
    ///
    /// - Parameter module: Of a core dump: the file of the module that ran; nil for looking for it.
    static func run(_ file: String, asJSON: Bool, module: String? = nil) -> Int32 {
        do {
            let bytes = try ModuleInput.module(file)
            let text: String
            do {
                let inspected = try Program(bytes, codeValidation: .onFirstCall).module
                if CoreDump.isDump(inspected) {
                    let dump = try DumpInspection(file, inspected, moduleFile: module)
                    Descriptors.print(asJSON ? dump.json + "\n" : dump.table(Style.ofOutput))
                    return CommandExit.success
                }
                let inspection = Inspection(file, inspected)
                text = asJSON ? inspection.json + "\n" : inspection.table(Style.ofOutput)
            } catch {
                // What can be told without understanding it.
                Descriptors.print(
                    asJSON
                        ? refusal(file, bytes, Failure.describe(error)) + "\n"
                        : refusalTable(file, bytes, Style.ofOutput))
                throw error
            }
            Descriptors.print(text)
            return CommandExit.success
        } catch {
            Invocation.writeError(Failure.line(file, Failure.describe(error)))
            return CommandExit.failure
        }
    }

    /// What a module is that is refused, as JSON.
    private static func refusal(_ file: String, _ bytes: ModuleBytes, _ problem: String) -> String {
        JSONText.object([
            ("file", JSONText.string(file)), ("bytes", "\(bytes.buffer.count)"), ("kind", "null"),
            ("problem", JSONText.string(problem)), ("sections", json(named(bytes.recognizedSections))),
        ])
    }

    /// What a module is that is refused, as a table.
    private static func refusalTable(_ file: String, _ bytes: ModuleBytes, _ style: Style) -> String {
        var table = Table(style)
        table.row("file", "\(file), \(Quantity.file(bytes.buffer.count))")
        table.row("kind", "module of WebAssembly that is refused")
        table.heading("sections, as far as they can be told")
        table.sizes(named(bytes.recognizedSections).map { ($0.name, $0.bytes, "") })
        return table.text
    }

    init(_ file: String, _ module: Module) {
        self.file = file
        self.module = module
        identification = Identification(module)
        buildInfo = GoBuildInfo(module)?.lines ?? []
        sections = Self.sections(of: module)
        packages = Self.packages(of: module)
        features = module.usedFeatures().map(\.rawValue)
        proposals = module.neededProposals().map(\.rawValue)
    }

    // MARK: - Finding out

    /// The sections in their order, with the sizes of their contents; custom ones by their names.
    private static func sections(of module: Module) -> [(name: String, bytes: Int)] {
        named(module.sections)
    }

    private static func named(_ sections: [ModuleSection]) -> [(name: String, bytes: Int)] {
        sections.map { section in
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
        var table = Table(style)
        table.row("file", "\(file), \(Quantity.file(module.bytes.buffer.count))")
        table.row("kind", identification.text)
        table.row("host", identification.hostInterface(module))
        if let build = identification.tinyGo {
            table.row("TinyGo", build.version ?? "version not said")
            table.row("  target", build.target.rawValue)
            table.row("  scheduler", build.scheduler.rawValue)
        } else {
            table.row("Go", identification.goVersion.map { "\($0)" } ?? "not said")
        }
        for line in buildInfo {
            let parts = line.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, parts[0] != "build" || parts[1].count < 64 else { continue }
            table.row("  \(parts[0])", String(parts[1]))
        }
        table.row("functions", "\(module.bodies.count), and \(module.importedFunctionCount) imported")
        if let memory = module.memories.first {
            let limit = memory.limits.maximum.map { ", at most \($0)" } ?? ""
            table.row("memory", "\(memory.limits.minimum) pages of 64 KiB at first\(limit)")
        }
        table.row("uses", features.first ?? "nothing beyond the first version of WebAssembly")
        for feature in features.dropFirst() { table.row("", feature) }
        for proposal in proposals { table.row("needs", "\(proposal), which is not supported") }
        table.heading("sections")
        table.sizes(sections.map { ($0.name, $0.bytes, "") })
        if packages.contains(where: { !$0.name.isEmpty }) {
            table.heading("code by package")
            table.sizes(
                packages.prefix(Self.shownPackages).map {
                    ($0.name, $0.bytes, "  \($0.functions) function\($0.functions == 1 ? "" : "s")")
                })
            let rest = packages.dropFirst(Self.shownPackages)
            if !rest.isEmpty { table.sizes([("\(rest.count) more", rest.reduce(0) { $0 + $1.bytes }, "")]) }
        }
        table.heading("imports")
        table.lines += module.imports.map { "  \($0.module).\($0.name) \(text(of: $0))" }
        table.heading("exports")
        table.lines += module.exports.map { "  \($0.name) \(text(of: $0))" }
        return table.text
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

    private static func json(_ sections: [(name: String, bytes: Int)]) -> String {
        JSONText.list(
            sections.map { JSONText.object([("name", JSONText.string($0.name)), ("bytes", "\($0.bytes)")]) })
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
            ("unsupportedProposals", JSONText.list(proposals.map(JSONText.string))),
            ("sections", Self.json(sections)),
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
