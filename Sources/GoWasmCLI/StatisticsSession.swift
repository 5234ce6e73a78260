import GoWasm
import HostSystem
import Synchronization
import WasmRuntime

/// A run whose costs are counted, and the tables that say what they were.
///
/// They are printed once, by the run's thread, which alone may look at what is counted: when the program has ended, in
/// whatever way.
final class StatisticsSession: Sendable {
    let statistics = RunStatistics()
    /// What Go's runtime says of its garbage collections.
    nonisolated(unsafe) let collections = GarbageCollections()
    private let start = Clock.monotonic

    private struct State {
        var loading: UInt64 = 0
        var isFinished = false
    }
    private let state = Mutex(State())

    private let loaded: Invocation.Loaded
    /// Knows how much time was spent in machine code.
    private let profiler: CallProfiler
    private let isJSON: Bool

    /// Makes a session, which prints tables, or a line of JSON.
    init(_ loaded: Invocation.Loaded, profiler: CallProfiler, isJSON: Bool) {
        self.loaded = loaded
        self.profiler = profiler
        self.isJSON = isJSON
    }

    /// Says how long it took to load the module.
    func noteLoading(nanoseconds: UInt64) { state.withLock { $0.loading = nanoseconds } }

    /// Prints the tables.
    ///
    /// Whoever makes a profile of the same samples has done so.
    func finish() {
        let whole = UInt64(Clock.monotonic - start)
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            statistics.finish()
            let rest = collections.flush()
            rest.withUnsafeBytes { try? Descriptors.writeAll(2, $0) }
            let report = RunReport(
                statistics: statistics, collections: collections, samples: profiler.counts(), module: loaded.module,
                loading: state.loading, whole: whole)
            Invocation.writeError(
                isJSON ? report.json : report.lines(Style.ofErrors).joined(separator: "\n"))
        }
    }
}
