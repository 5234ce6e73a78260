internal import CHostSystem
internal import Synchronization

/// How many bytes of memory a run's guest has taken in file systems in memory.
///
/// Such files outlive the run, and others may shorten or remove them, on other threads: accounts are for one thread. So
/// this is counted here, and the run's ``FileSystem`` charges its account with it after each operation that it makes.
final class FileLedger: Sendable {
    private let bytes = Atomic<Int>(0)
    /// What the account has been charged with.
    private let charged = Atomic<Int>(0)

    /// That of the run which this thread works for in a file system; nil for the application's own doing.
    static var current: FileLedger? {
        gw_file_ledger().map { Unmanaged<FileLedger>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether the run may take so many bytes more.
    static func grants(_ count: Int) -> Bool {
        guard let current else { return gw_system_grants(UInt64(clamping: count)) }
        let owed = current.bytes.load(ordering: .relaxed) &- current.charged.load(ordering: .relaxed)
        return Charge.grants(max(0, owed) &+ count)
    }

    /// Takes note that more is taken, or less.
    func add(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }

    /// Runs `body` on behalf of the run, and charges its account with what has changed.
    func charging<Result>(
        _ charge: inout Charge?, _ body: () throws(ErrorCode) -> Result
    ) throws(ErrorCode) -> Result {
        let before = gw_file_ledger_enter(Unmanaged.passUnretained(self).toOpaque())
        defer {
            _ = gw_file_ledger_enter(before)
            let now = max(0, bytes.load(ordering: .relaxed))
            if charge == nil, now > 0 { charge = Charge() }
            charge?.change(to: now)
            charged.store(now, ordering: .relaxed)
        }
        return try body()
    }
}
