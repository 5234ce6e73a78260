import GoWasm
import HostSystem
import WasmFrontend

/// What `--disassemble` prints: the instructions of functions, the bytecode beside them, and the lines of their source.
extension Invocation {
    /// Prints the functions with these names or indices, or all when none is named; returns the exit code.
    func disassemble(functions wanted: [String], withMachineCode: Bool) -> Int32 {
        do {
            let module = try load().module
            var engine = engine
            // Each function is compiled when it is lowered.
            if withMachineCode { engine.compilation = CompilationPolicy(threshold: 0) }
            let code = try LoweredCode(module, options: engine.codeOptions(checksAddresses: !engine.usesGuardPages))
            let reader = withMachineCode ? MachineCodeReader() : nil
            let names = FunctionNames(module)
            let source = SourceLines(module)
            for function in try names.functions(wanted) {
                let first = source.first(of: function)
                let listing = try code.listing(
                    function, name: names.name, machineCode: reader?.lines,
                    source: { source.text($0, in: function, besides: first?.file) })
                let place = first.map { ", \($0.file):\($0.number)" } ?? ""
                let type = module.types[Int(module.functionTypes[function])].text
                Descriptors.print(
                    "function \(function) \(names.name(function) ?? "") \(type)\(place)\n\(listing)\n\n")
            }
            return CommandExit.success
        } catch let error as FunctionNames.Problem {
            report(Failure.line(file, error.description))
            return CommandExit.usage
        } catch {
            report(Failure.line(file, Failure.describe(error)))
            return CommandExit.failure
        }
    }
}

/// The names of a module's functions, and what names on the command line mean.
struct FunctionNames {
    private let module: Module
    private let table: GoLineTable?
    private let imports: [String]

    /// Why names mean nothing, or not one thing.
    enum Problem: Error, CustomStringConvertible {
        case missing([String])
        case ambiguous(String, [String])

        /// How many functions are named, and how much of each name is shown.
        private static let (listed, longest) = (12, 100)

        var description: String {
            switch self {
            case .missing(let names): return "has no function named \(names.joined(separator: ", "))"
            case .ambiguous(let name, let functions):
                // Names are the module's: they may be long, and have anything in them.
                let shown = functions.prefix(Self.listed).map {
                    String($0.debugDescription.dropFirst().dropLast().prefix(Self.longest))
                }
                let more = functions.count > shown.count ? ", and \(functions.count - shown.count) more" : ""
                return "has several functions that '\(name)' may mean; name one of them: "
                    + shown.joined(separator: ", ") + more
            }
        }
    }

    init(_ module: Module) {
        self.module = module
        table = GoLineTable(module)
        imports = module.imports.filter { if case .function = $0.kind { true } else { false } }.map(\.name)
    }

    /// The name of a function: as Go writes it, or as the module does.
    func name(_ function: Int) -> String? {
        guard function >= imports.count else { return imports[function] }
        return table?.name(ofFunction: function) ?? module.functionName(function)
    }

    /// The functions of the module, without its imports, that are wanted; all if nothing is.
    ///
    /// A function is meant by its whole name or its index; if none is, by the end of a name that only one has: `fib` is
    /// `main.fib`, and `Writer.Flush` is `text/tabwriter.(*Writer).Flush`.
    func functions(_ wanted: [String]) throws(Problem) -> [Int] {
        let all = Array(imports.count..<module.functionTypes.count)
        guard !wanted.isEmpty else { return all }
        let names = all.map { function in
            (function, [name(function), module.functionName(function)].compactMap { $0 })
        }
        var found: Set<Int> = []
        var missing: [String] = []
        for word in wanted {
            let exact = names.filter { $0.1.contains(word) || String($0.0) == word }
            let matches = exact.isEmpty ? names.filter { $0.1.contains { Self.ends($0, with: word) } } : exact
            if exact.isEmpty, matches.count > 1 {
                throw .ambiguous(word, matches.map { $0.1[0] })
            }
            if matches.isEmpty { missing.append(word) }
            found.formUnion(matches.map(\.0))
        }
        guard missing.isEmpty else { throw .missing(missing) }
        return found.sorted()
    }

    /// Whether a word is the end of a name, from a dot or slash on; parentheses and asterisks of receivers, and type
    /// arguments, may be left out.
    static func ends(_ name: String, with word: String) -> Bool {
        let plain = name.filter { !"(*)".contains($0) }
        let generic = plain.hasSuffix("]") ? String(plain.prefix { $0 != "[" }) : plain
        return [name, plain, generic].contains { $0.hasSuffix("." + word) || $0.hasSuffix("/" + word) }
    }
}

/// The lines of the source that a module's code comes from: by Go's table of functions, or else by DWARF.
struct SourceLines {
    private let table: GoLineTable?
    private let debugging: DWARFLineTable?

    init(_ module: Module) {
        table = GoLineTable(module)
        debugging = table == nil ? DWARFLineTable(module) : nil
    }

    /// The file and line that a function begins in; nil where nobody says.
    func first(of function: Int) -> GoLineTable.Line? { table?.line(inFunction: function, returnAddress: nil) }

    /// The line of a place, with the file's name alone if the file is `known`, and with the function that the line is of
    /// where that was inlined; nil where nobody says.
    func text(_ place: LoweredCode.SourcePlace, in function: Int, besides known: String?) -> String? {
        func text(_ line: GoLineTable.Line) -> String {
            let file = line.file == known ? line.file.split(separator: "/").last.map(String.init) : nil
            return "\(file ?? line.file):\(line.number)"
        }
        guard let table else { return place.offset.flatMap { debugging?.line(at: $0) }.map(text) }
        let (previous, next) = place.neighbouringAddresses
        // Behind the last call is the block that it returns to.
        let last = next == nil ? previous.map { $0 + 1 } : nil
        let frames = table.frames(
            inFunction: function, returnAddress: place.returnAddress ?? last, previous: previous, next: next)
        guard let inner = frames.first, let line = inner.line else { return nil }
        return text(line) + (frames.count > 1 ? " (\(inner.name), inlined)" : "")
    }
}
