import GoWasm
import JSONOutput
import LibC
import WasmFrontend

/// What a core dump says: the command `gowasm-fast inspect [--json] [--module FILE.wasm] FILE`.
struct DumpInspection {
    private let file: String
    private let size: Int
    private let dump: CoreDump
    /// The module that ran, or why there is none.
    private let module: Module?
    private let note: String
    private let goroutines: GoroutineDump?

    /// Reads a dump, and the module that ran, if it is at hand.
    ///
    /// - Throws: ``ValueProblem`` if it is damaged; what reading a module throws, if one was named.
    init(_ file: String, _ contents: Module, moduleFile: String?) throws {
        guard let dump = CoreDump(contents) else { throw ValueProblem("a core dump that is damaged") }
        self.file = file
        size = contents.bytes.buffer.count
        self.dump = dump
        let found = moduleFile ?? Self.neighbour(of: file, dump.program)
        let read = { (path: String) throws in
            try Program(ModuleInput.module(path), codeValidation: .onFirstCall).module
        }
        let candidate = try moduleFile.map(read) ?? found.flatMap { try? read($0) }
        if let candidate, dump.isModule(candidate) != false {
            module = candidate
            note = Self.printable(found ?? "")
        } else {
            module = nil
            note =
                candidate == nil
                ? "not found beside the dump; name it with --module"
                : "\(Self.printable(found ?? "")) is another one; name the one that ran with --module"
        }
        goroutines = module.flatMap { dump.goroutines(of: $0) }
    }

    /// A file beside the dump with the name of the module that ran: the dump may name any.
    private static func neighbour(of file: String, _ program: String) -> String? {
        guard let name = program.split(separator: "/").last, name != "..", name != "." else { return nil }
        let path = file.split(separator: "/", omittingEmptySubsequences: false).dropLast() + [name]
        let result = path.joined(separator: "/")
        var status = stat()
        guard stat(result, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return result
    }

    /// A text of the dump's on one line.
    private static func printable(_ text: String) -> String {
        text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }.joined()
    }

    private var reason: String { dump.reason.map(Self.printable) ?? "not said" }

    /// The functions that were being executed, with their names.
    private var functions: [String] {
        let table = module.flatMap { GoLineTable($0) }
        return dump.functions.map { number in
            let name = table?.name(ofFunction: number) ?? module?.functionName(number) ?? "?"
            return "\(Self.printable(name)) (wasm function \(number))"
        }
    }

    /// How many of the functions the table shows.
    private static let shownFunctions = 32

    func table(_ style: Style) -> String {
        var table = Table(style)
        table.row("file", "\(file), \(Quantity.file(size))")
        table.row("kind", "core dump of a program of WebAssembly")
        table.row("program", Self.printable(dump.program))
        table.row("ended", reason)
        let whole = Quantity.file(Int(clamping: dump.memoryBytes))
        let stored = Quantity.file(Int(clamping: dump.storedBytes))
        table.row("memory", "\(whole), \(stored) of it here")
        table.row("module", note)
        let functions = functions
        if !functions.isEmpty {
            table.heading("functions that were being executed")
            table.lines += functions.prefix(Self.shownFunctions).map { "  at " + $0 }
            let rest = functions.count - Self.shownFunctions
            if rest > 0 { table.lines.append("  … \(rest) more") }
        }
        if let goroutines, !goroutines.goroutines.isEmpty {
            table.heading("goroutines")
            table.lines += goroutines.lines
        }
        return table.text
    }

    var json: String {
        JSONText.object([
            ("file", JSONText.string(file)), ("bytes", "\(size)"), ("kind", JSONText.string("core dump")),
            ("program", JSONText.string(dump.program)), ("reason", dump.reason.map(JSONText.string) ?? "null"),
            ("memoryBytes", "\(dump.memoryBytes)"), ("storedBytes", "\(dump.storedBytes)"),
            ("module", module == nil ? "null" : JSONText.string(note)),
            ("functions", JSONText.list(functions.map(JSONText.string))),
            ("goroutines", goroutines.map { JSONText.list($0.goroutines.map { JSONText.string("\($0)") }) } ?? "null"),
        ])
    }
}
