import Foundation
import WasmFrontend
import WasmRuntime

/// A way to run a module.
struct Way: Sendable, CustomStringConvertible {
    var guards: Bool
    var optimizes: Bool
    var description: String {
        (guards ? "guard pages" : "compared addresses") + (optimizes ? ", optimised" : ", plain")
    }

    static let all = [true, false].flatMap { guards in [true, false].map { Way(guards: guards, optimizes: $0) } }

    func store(callStackSize: UInt64 = 4 << 20, memoryLimit: UInt64 = .max) -> Store {
        var configuration = Store.Configuration()
        configuration.usesGuardPages = guards
        configuration.optimizes = optimizes
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
        } catch let trap as Trap {
            return trap
        }
    }
}
