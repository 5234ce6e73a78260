import Benchmark

/// In-process benchmarks: `swift package benchmark` in `Benchmarks/Micro`.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .peakMemoryResident], warmupIterations: 1, maxDuration: .seconds(3))
    loadingBenchmarks()
    callBenchmarks()
}
