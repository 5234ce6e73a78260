public import WasmFrontend

internal import WASI

/// What a module is for, as its imports and exports tell.
public enum ModuleKind: Equatable, Sendable {
    /// A Go program compiled with GOOS=js.
    case goProgram
    /// A program for WASI preview 1, which exports `_start`.
    case wasiCommand
    /// Functions to be called that want WASI preview 1, with `_initialize` or without.
    case wasiReactor
    /// Functions to be called that need nothing of a system.
    case plain

    /// Looks at a module.
    public init(_ module: Module) {
        func exportsFunction(_ name: String) -> Bool { module.export(named: name)?.kind == .function }
        if GoABI(module) != nil {
            self = .goProgram
        } else if exportsFunction("_start") {
            self = .wasiCommand
        } else if exportsFunction("_initialize")
            || module.imports.contains(where: { $0.module == WASIProgram.importModule })
        {
            self = .wasiReactor
        } else {
            self = .plain
        }
    }
}
