import Foundation
@testable import WasmFrontend
import WasmRuntime

/// Images of random modules: those of ``ModuleGenerator``, and modules in a folder.
struct RandomImages {
    /// Writes images of so many of the generator's modules.
    ///
    /// - Returns: How many calls they have.
    static func write(to folder: URL, seeds: Range<UInt64>) throws -> Int {
        var count = 0
        for seed in seeds {
            // The bits of NaNs differ between processors.
            var generator = ModuleGenerator(seed: seed, canonicalizesNaNs: true)
            let module = try Module(generator.module())
            let options = Snapshot.Options(optimizes: seed % 4 != 3, hasCounters: seed % 2 == 0)
            let recorder = Recorder(folder, "random-\(seed)", options)
            let instance = try instantiate(module, optimizes: options.optimizes, recorder)
            for (index, call) in generator.calls.enumerated() {
                var steps: [(String, [UInt64])] = [("refuel", [60])]
                if index % 2 == 1 { steps.append(("reset", [])) }
                for (name, arguments) in steps + [(call.name, call.arguments)] {
                    try record(name, arguments, of: instance, recorder)
                }
            }
            for index in ModuleGenerator.globalTypes.indices {
                try record("global\(index)", [], of: instance, recorder)
            }
            try recorder.finish()
            count += recorder.callCount
        }
        return count
    }

    /// An instance whose imports are what the generator's modules want.
    private static func instantiate(_ module: Module, optimizes: Bool, _ recorder: Recorder) throws -> Instance {
        var configuration = Store.Configuration()
        configuration.optimizes = optimizes
        configuration.compilation = nil
        configuration.callStackSize = 64 << 20
        let store = Store(configuration: configuration)
        var imports = Imports()
        imports.define("env", "host") { (a: UInt32, b: UInt64) -> UInt64 in b &+ UInt64(a) }
        imports.define("env", "fuel", .global(Global(GlobalType(value: .i32, isMutable: true), .i32(0), in: store)))
        imports.define("env", "wide", .global(Global(GlobalType(value: .i64, isMutable: true), .i64(9), in: store)))
        return try Instance(module, imports: recorder.watching(imports, of: module, store), store: store)
    }

    /// Calls a function if there is one of the name; traps are noted.
    static func record(_ name: String, _ arguments: [UInt64], of instance: Instance, _ recorder: Recorder) throws {
        guard case .function(let function)? = instance.export(named: name) else { return }
        do {
            _ = try recorder.call(
                function, name, of: instance, zip(function.type.parameters, arguments).map { Value($0, bits: $1) })
        } catch is ExecutionError {}
    }
}

extension Value {
    /// The value of a type that is no vector, by its bits; references are null.
    init(_ type: ValueType, bits: UInt64) {
        switch type {
        case .i32: self = .i32(UInt32(truncatingIfNeeded: bits))
        case .i64: self = .i64(bits)
        case .f32: self = .f32(UInt32(truncatingIfNeeded: bits))
        case .f64: self = .f64(bits)
        case .v128: self = .v128(V128(low: bits, high: ~bits))
        case .funcref: self = .function(nil)
        case .externref: self = .extern(nil)
        }
    }
}
