import GoWasm
import HostSystem
import LibC
import WasmFrontend
import WasmRuntime

/// The wording of failures: one line that says what, where, and what to do about it.
enum Failure {
    static func line(_ file: String, _ message: String) -> String {
        // File names may contain anything; the line shall stay one.
        let name = file.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? file.debugDescription : file
        return "gowasm-fast: \(name): \(message)"
    }

    /// How a module is made that this program runs.
    private static let advice = "build it with GOOS=js GOARCH=wasm go build -o main.wasm"

    /// How long what is said of an import may be: its names and its type are the module's.
    private static let longestImport = 200

    /// A failure in one line; `module` is the one that it is about, if there is one already.
    static func describe(_ error: any Error, _ module: Module? = nil) -> String {
        if let error = error as? ForeignFile { return describe(error) }
        if let error = error as? NoMachineCode { return "no machine code is made: \(describe(error.obstacle))" }
        if let error = error as? ExecutionError { return describe(ProgramError(error), module) }
        guard let error = error as? ProgramError else { return oneLine("\(error)") }
        switch error {
        case .unreadable(_, .empty): return "\(FileProblem.empty); \(advice)"
        case .unreadable(let path, let problem): return problem.description + suggestion(path, problem)
        case .malformed(let error): return describe(.malformed(error))
        case .invalid(let error): return describe(.invalid(error))
        case .unsupported(let error): return describe(.unsupported(error))
        case .hostFunction(let call as StubCall): return "trap: \(oneLine(call.description))"
        case .unlinkable(let error): return describe(error, module)
        case .notRunnable(let reason): return "\(oneLine(reason)); \(advice)"
        case .hostFunction(let error): return describe(error, module)
        default: return oneLine(error.message)
        }
    }

    /// Why a program trapped: if a function that was called is beyond what is run here, what it needs.
    static func describe(_ trap: Trap) -> String {
        guard let error = trap.invalidFunction, let proposal = error.proposal else { return "trap: \(trap)" }
        return "trap: a function that was called needs the proposal \"\(proposal.rawValue)\", which is not supported: "
            + withoutProposal(error)
    }

    /// Why a module is refused: by the name of the proposal that it needs, if it needs one.
    private static func describe(_ error: ModuleError) -> String {
        guard let proposal = error.proposal else { return "cannot be loaded: \(oneLine("\(error)")); \(advice)" }
        return "cannot be loaded: it needs the proposal \"\(proposal.rawValue)\", which is not supported: "
            + "\(withoutProposal(error)); build it without that"
    }

    /// An error as the specification words it, and where it is.
    private static func withoutProposal(_ error: ModuleError) -> String {
        let reason =
            switch error {
            case .malformed(let error): "\(error.reason)"
            case .invalid(let error): "\(error.reason)"
            case .unsupported(let error): "\(error.reason)"
            }
        return oneLine("\(reason) \(error.location)")
    }

    /// What a file is instead of a module, and what to do about it.
    private static func describe(_ file: ForeignFile) -> String {
        "\(file.kind.description); \(oneLine(file.problem ?? file.kind.advice ?? advice))"
    }

    /// The subcommand that may have been meant by the name of a file that is not there.
    private static func suggestion(_ path: String, _ problem: FileProblem) -> String {
        guard problem == .system(ENOENT), !path.contains("/"), !path.contains(".") else { return "" }
        let names = Subcommand.allCases.map(\.rawValue)
        if names.contains(path) { return "; the subcommand '\(path)' comes before all options" }
        guard let name = names.first(where: { Self.isNear($0, path) }) else { return "" }
        return "; did you mean the subcommand '\(name)'?"
    }

    /// Whether two words differ by at most two letters that are missing, added or others.
    private static func isNear(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a), Array(b))
        guard b.count > 2 else { return false }
        var row = Array(0...b.count)
        for i in a.indices {
            var previous = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substitution = previous + (a[i] == b[j] ? 0 : 1)
                previous = row[j + 1]
                row[j + 1] = min(substitution, previous + 1, row[j] + 1)
            }
        }
        return row[b.count] <= 2
    }

    /// Why there is no machine code.
    static func describe(_ obstacle: CompilationStatistics.Obstacle) -> String {
        switch obstacle {
        case .unwanted: "asked for by --no-native or \(NativeCode.variable)"
        case .comparedAddresses: "memories without guard pages are interpreted"
        case .processor: "there is none for this processor"
        case .refused: "the system gives no memory for it"
        }
    }

    /// The first import that is missing or of another type, how many more there are, and what the module was taken for.
    private static func describe(_ error: LinkError, _ module: Module?) -> String {
        let first = oneLine(error.problems.first?.description ?? "")
        let shown = first.count > longestImport ? first.prefix(longestImport) + "…" : first[...]
        let more = error.problems.count > 1 ? ", and \(error.problems.count - 1) more" : ""
        let kind = module.map { "; the module is a \(Identification($0).text)" } ?? ""
        let areFunctions = error.problems.allSatisfy { problem in
            if case .function = problem.wanted { problem.found == nil } else { false }
        }
        return shown + more + kind + (areFunctions ? "; with --stub-imports calls of them trap instead" : "")
    }

    /// The text with its line breaks made visible.
    private static func oneLine(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
    }

    /// The lines that say where a guest was.
    static func report(_ file: String, _ message: String, _ trap: Trap?, _ module: Module?) -> [String] {
        guard let trap, let module else { return [line(file, message)] }
        return [line(file, message)]
            + stackTrace(trap, table: GoLineTable(module), debugging: DWARFLineTable(module))
    }

    /// How many frames of a stack trace are shown at each end.
    private static let shownFrames = 32

    /// The lines of a wasm stack trace, innermost function first; the middle of a long one is left out.
    ///
    /// With Go's table of functions it has the names as Go writes them, and the lines of the calls.
    /// Other modules' frames have the lines that their debugging information says.
    static func stackTrace(
        _ trap: Trap, table: GoLineTable? = nil, debugging: DWARFLineTable? = nil
    ) -> [String] {
        let lines = trap.backtrace.flatMap { frame -> [String] in
            func text(_ name: String?, _ note: String, _ line: GoLineTable.Line?) -> String {
                "    at \(name.map(oneLine) ?? "?") (\(note))"
                    + (line.map { " \(oneLine($0.file)):\($0.number)" } ?? "")
            }
            let number = "wasm function \(frame.function)"
            let around = frame.neighbouringAddresses
            let functions =
                table?.frames(
                    inFunction: frame.function, returnAddress: frame.returnAddress, previous: around.previous,
                    next: around.next) ?? []
            guard let last = functions.indices.last else {
                let line = debugging.flatMap { debugging in frame.offset.flatMap { debugging.line(at: $0) } }
                return [text(frame.name, number, line)]
            }
            return functions.enumerated().map { position, function in
                text(function.name, position == last ? number : "inlined", function.line)
            }
        }
        guard lines.count > 2 * shownFrames else { return lines }
        return lines.prefix(shownFrames) + ["    … \(lines.count - 2 * shownFrames) more"] + lines.suffix(shownFrames)
    }
}
