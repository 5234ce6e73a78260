import WasmFrontend
import WasmRuntime

/// A call of an import that nobody provides, where `--stub-imports` lets a module run without it.
struct StubCall: Error, CustomStringConvertible {
    let module: String
    let name: String
    let type: FunctionType

    var description: String {
        "the import \(module).\(name) was called, a function \(type.text) that nobody provides (--stub-imports)"
    }
}

extension Imports {
    /// Defines every function that a module imports as one whose call is a ``StubCall``; what a host provides takes its
    /// place.
    mutating func defineStubs(for module: Module) {
        for wanted in module.imports {
            guard case .function(let index) = wanted.kind else { continue }
            let type = module.types[Int(index)]
            define(wanted.module, wanted.name, type: type) { _ in
                throw StubCall(module: wanted.module, name: wanted.name, type: type)
            }
        }
    }
}
