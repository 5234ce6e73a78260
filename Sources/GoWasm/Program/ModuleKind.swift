public import WasmFrontend

internal import WASI

/// What a module is for, as its imports and exports tell.
public enum ModuleKind: Equatable, Sendable {
    /// A Go program compiled with GOOS=js.
    case goProgram
    /// A program compiled by TinyGo with `-target=wasm`, for JavaScript.
    case tinyGoProgram
    /// Functions to be called, compiled by TinyGo with `-target=wasm -buildmode=c-shared`, for JavaScript.
    case tinyGoLibrary
    /// A program for WASI preview 1, which exports `_start`.
    case wasiCommand
    /// Functions to be called that want WASI preview 1, with `_initialize` or without.
    case wasiReactor
    /// Functions to be called that need nothing of a system.
    case plain

    /// Looks at a module.
    public init(_ module: Module) {
        if GoABI(module) != nil {
            self = .goProgram
        } else if TinyGoABI.isRecognized(module) {
            self = TinyGoABI(module).isLibrary ? .tinyGoLibrary : .tinyGoProgram
        } else if module.exportsFunction("_start") {
            self = .wasiCommand
        } else if module.exportsFunction("_initialize")
            || module.imports.contains(where: { $0.module == WASIProgram.importModule })
        {
            self = .wasiReactor
        } else {
            self = .plain
        }
    }
}
