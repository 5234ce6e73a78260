import HostSystem
import Synchronization
import WasmFrontend
import WasmRuntime

/// A run whose costs are counted, and the tables that say what they were.
///
/// They are printed once: when the program ends, in whatever way, or when the process is told to end.
final class StatisticsSession: Sendable {
    let statistics = RunStatistics()
    /// What Go's runtime says of its garbage collections.
    nonisolated(unsafe) let collections = GarbageCollections()
    private let start = Clock.monotonic

    private struct State {
        var module: Module?
        var loading: UInt64 = 0
        var isFinished = false
    }
    private let state = Mutex(State())

    /// Says what is run, and how long it took to load it.
    func loaded(_ module: Module, nanoseconds: UInt64) {
        state.withLock { state in
            state.module = module
            state.loading = nanoseconds
        }
    }

    /// Prints the tables.
    func finish() {
        let whole = UInt64((Clock.monotonic - start))
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            statistics.finish()
            let rest = collections.flush()
            rest.withUnsafeBytes { try? Descriptors.writeAll(2, $0) }
            let report = RunReport(
                statistics: statistics, collections: collections, module: state.module, loading: state.loading,
                whole: whole)
            Invocation.writeError(report.lines(Style.ofErrors).joined(separator: "\n"))
        }
    }
}
