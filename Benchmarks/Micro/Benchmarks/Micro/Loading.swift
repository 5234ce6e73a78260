import Benchmark
import Foundation
import GoWasm

/// The module that loading is measured with: the example of this repository, or what `GOWASM_MICRO_MODULE` names.
enum Sample {
    static let bytes: ModuleBytes = {
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../../main.wasm").standardizedFileURL.path
        let path = ProcessInfo.processInfo.environment["GOWASM_MICRO_MODULE"] ?? example
        guard let data = FileManager.default.contents(atPath: path) else { fatalError("\(path) cannot be read") }
        return ModuleBytes(data)
    }()

    /// The module, decoded; its code is not validated yet.
    static func decoded() -> Module {
        do {
            return try Module(bytes, codeValidation: .onFirstCall)
        } catch {
            fatalError("\(error)")
        }
    }
}

/// What happens between the bytes of a file and the first instruction.
func loadingBenchmarks() {
    Benchmark("load: decode, without code") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(Sample.decoded()) }
    }
    Benchmark("load: decode and validate all code") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try Module(Sample.bytes)) }
    }
    Benchmark("load: lower all code (and validate it)") { benchmark in
        for _ in benchmark.scaledIterations {
            let module = Sample.decoded()
            try lowerAll(module, optimizes: true)
        }
    }
    Benchmark("load: lower all code without optimising") { benchmark in
        for _ in benchmark.scaledIterations {
            let module = Sample.decoded()
            try lowerAll(module, optimizes: false)
        }
    }
}

/// Lowers every function of a module, as its first call would.
private func lowerAll(_ module: Module, optimizes: Bool) throws {
    let lowered = try LoweredCode(module, options: LoweredCode.Options(optimizes: optimizes))
    for function in module.importedFunctionCount..<module.functionTypes.count { try lowered.prepare(function) }
}
