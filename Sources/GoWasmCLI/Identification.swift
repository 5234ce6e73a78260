import GoWasm
import WasmFrontend

/// What a module is, in words.
struct Identification {
    private let kind: ModuleKind
    /// The version of Go that built the module; nil where it does not say.
    let goVersion: GoVersion?
    /// How TinyGo built the module; nil for others.
    let tinyGo: TinyGoBuild?

    init(_ module: Module) {
        kind = ModuleKind(module)
        goVersion = GoVersion(of: module)
        tinyGo = TinyGoBuild(module)
    }

    /// The kind of module, and who made it.
    var text: String {
        switch kind {
        case .goProgram: "Go program for GOOS=js"
        case .tinyGoProgram: "TinyGo program for JavaScript"
        case .tinyGoLibrary: "TinyGo library for JavaScript"
        case .wasiCommand: compiler.map { "\($0) program for GOOS=wasip1" } ?? "program for WASI preview 1"
        case .wasiReactor: compiler.map { "\($0) library for GOOS=wasip1" } ?? "reactor for WASI preview 1"
        case .plain: "library of functions that need no system"
        }
    }

    /// Which of Go's compilers the module says has made it.
    private var compiler: String? { goVersion != nil ? "Go" : tinyGo?.target == .wasip1 ? "TinyGo" : nil }

    /// What the module expects of its host.
    func hostInterface(_ module: Module) -> String {
        switch kind {
        case .goProgram: (try? GoProgram(module)).map { "js/wasm as of \($0.hostInterface)" } ?? "js/wasm"
        case .tinyGoProgram, .tinyGoLibrary: "JavaScript with TinyGo's script"
        case .wasiCommand, .wasiReactor: "WASI preview 1"
        case .plain: module.imports.isEmpty ? "none" : "its own imports"
        }
    }
}
