internal import WASI
package import WasmFrontend

/// How TinyGo has built a module, as far as the module tells.
package struct TinyGoBuild: Sendable, Equatable {
    /// What `tinygo build -target` was given.
    package enum Target: String, Sendable {
        /// For JavaScript.
        case wasm
        /// For WASI preview 1.
        case wasip1
        /// For a host without WASI or JavaScript.
        case wasmUnknown = "wasm-unknown"
    }

    /// How goroutines take turns.
    package enum Scheduler: String, Sendable {
        /// Code that binaryen's pass asyncify has rewritten.
        case asyncify
        /// Not at all: `-scheduler=none`.
        case none
    }

    /// The version, such as "0.33.0"; nil where it is not said.
    package let version: String?
    /// The target, found from imports and exports.
    package let target: Target
    /// The scheduler, found from exports.
    package let scheduler: Scheduler

    /// Finds out; nil for modules that neither say that they are TinyGo's nor look like it.
    package init?(_ module: Module) {
        version = ProducersSection.version(of: "TinyGo", in: module)
        let isForJavaScript = TinyGoABI.isRecognized(module)
        guard version != nil || isForJavaScript else { return nil }
        let importsWASI = module.imports.contains { $0.module == WASIProgram.importModule }
        target = isForJavaScript ? .wasm : importsWASI || module.exportsFunction("_start") ? .wasip1 : .wasmUnknown
        scheduler = module.exportsFunction("asyncify_get_state") ? .asyncify : .none
    }

    /// What the host expects to be told of the program's end.
    ///
    /// From 0.35 on a program says that it has ended. A version that is being developed may be one from before that.
    static func tellsEnd(version: String) -> Bool {
        let parts = version.split(separator: "-", maxSplits: 1)
        let numbers = (parts.first ?? "").split(separator: ".").map { Int($0) ?? 0 }
        guard numbers.count >= 2 else { return false }
        if numbers[0] > 0 { return true }
        return numbers[1] > 35 || numbers[1] == 35 && parts.count == 1
    }
}

extension Module {
    /// Whether there is an exported function of a name.
    func exportsFunction(_ name: String) -> Bool { export(named: name)?.kind == .function }
}
