internal import WASI
internal import WasmFrontend

/// How a program of TinyGo's for JavaScript (`-target=wasm`, from 0.29 on) and its host talk, found from the module
/// alone.
struct TinyGoABI {
    /// The modules that imports of ``TinyGoImport`` are in: the second one up to Go 1.20.
    static let importModules = ["gojs", "env"]

    /// The exports that a host calls or looks at, beside those of the user.
    enum Export {
        /// The linear memory.
        static let memory = "memory"
        /// Runs a program until it waits for something.
        static let start = "_start"
        /// Runs the initialisers of a library (`-buildmode=c-shared`).
        static let initialize = "_initialize"
        /// Handles the event that lies in `_pendingEvent`.
        static let resume = "resume"
        /// Runs what can run; called when the time of `sleepTicks` is over.
        static let schedule = "go_scheduler"
    }

    /// How the program counts time.
    let ticks: TinyGoImport.Ticks
    /// Whether the program says when `main` has returned: one that has not, and waits for nothing, is deadlocked.
    let tellsEnd: Bool
    /// Whether it is a library: its exports are called, and there is nothing to run.
    let isLibrary: Bool

    /// Whether a module is TinyGo's and for JavaScript: it imports what only TinyGo's modules do, or has the export by
    /// which timers wake its scheduler.
    ///
    /// Programs without both are programs for WASI and nothing else, also those that were built with `-target=wasm`.
    static func isRecognized(_ module: Module) -> Bool {
        guard module.exportsFunction(Export.start) || module.exportsFunction(Export.initialize) else { return false }
        return module.exportsFunction(Export.schedule)
            || module.imports.contains { wanted in
                wanted.module == importModules[0]
                    || wanted.module == importModules[1] && TinyGoImport(rawValue: wanted.name) != nil
            }
    }

    init(_ module: Module) {
        isLibrary = !module.exportsFunction(Export.start)
        let known = module.imports.filter { Self.importModules.contains($0.module) }
        let timeImports: [TinyGoImport] = [.ticks, .sleepTicks]
        let countsNanoseconds = known.contains { wanted in
            guard let row = TinyGoImport(rawValue: wanted.name), timeImports.contains(row),
                case .function(let index) = wanted.kind
            else { return false }
            return module.types[Int(index)] == row.type(.nanoseconds)
        }
        ticks = countsNanoseconds ? .nanoseconds : .milliseconds
        let saysEnd = module.imports.contains { $0.module == WASIProgram.importModule && $0.name == "proc_exit" }
        let isNew =
            ProducersSection.version(of: "TinyGo", in: module).map { TinyGoBuild.tellsEnd(version: $0) }
            ?? (countsNanoseconds || known.contains { $0.name == TinyGoImport.getRandomData.rawValue })
        tellsEnd = saysEnd && isNew
    }
}
