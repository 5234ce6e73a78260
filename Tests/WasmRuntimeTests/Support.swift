import Foundation
import WasmFrontend
import WasmRuntime

/// A way to run a module.
struct Way: Sendable, CustomStringConvertible {
    /// What is compiled to machine code.
    enum Compilation: String {
        case nothing, everything
        /// Some functions, entered at some of the places at which they could be.
        case some

        var policy: CompilationPolicy? {
            switch self {
            case .nothing: nil
            case .everything: CompilationPolicy(threshold: 0)
            case .some: CompilationPolicy(threshold: 0, coin: 7)
            }
        }
    }

    var guards: Bool
    var optimizes: Bool
    var compilation = Compilation.nothing
    var description: String {
        (guards ? "guard pages" : "compared addresses") + (optimizes ? ", optimised" : ", plain")
            + (compilation == .nothing ? "" : ", \(compilation.rawValue) compiled")
    }

    static let interpreted = [true, false].flatMap { guards in
        [true, false].map { Way(guards: guards, optimizes: $0) }
    }
    /// Machine code is made for memories with guard pages only.
    static let compiled = [
        Way(guards: true, optimizes: true, compilation: .everything),
        Way(guards: true, optimizes: false, compilation: .everything),
        Way(guards: true, optimizes: true, compilation: .some),
    ]
    static let all = interpreted + compiled

    func store(callStackSize: UInt64 = 4 << 20, memoryLimit: UInt64 = .max) -> Store {
        var configuration = Store.Configuration()
        configuration.usesGuardPages = guards
        configuration.optimizes = optimizes
        configuration.compilation = compilation.policy
        configuration.callStackSize = callStackSize
        configuration.memoryLimit = memoryLimit
        return Store(configuration: configuration)
    }
}

extension Instance {
    /// What a function returns, as bits.
    func bits(_ name: String, _ arguments: Value...) throws -> [UInt64] {
        try function(named: name).call(arguments).map { value in
            switch value {
            case .i32(let bits), .f32(let bits): UInt64(bits)
            case .i64(let bits), .f64(let bits): bits
            default: 0
            }
        }
    }

    /// The trap that a call ends with; nil if it ends with none.
    func trap(_ name: String, _ arguments: Value...) throws -> Trap? {
        do {
            _ = try function(named: name).call(arguments)
            return nil
        } catch ExecutionError.trap(let trap) {
            return trap
        }
    }
}
