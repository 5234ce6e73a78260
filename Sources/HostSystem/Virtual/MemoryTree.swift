internal import Synchronization

/// What the files of one file system in memory share.
///
/// All that nodes have is read and changed while the lock is held.
final class MemoryTree: Sendable {
    private let mutex = Mutex<Void>(())
    /// How many bytes all files may take.
    private let capacity: Int
    private let used = Atomic<Int>(0)
    private let lastNumber: Atomic<UInt64>

    /// - Parameter firstNumber: The number of the first file that is made.
    init(capacity: Int, firstNumber: UInt64) {
        self.capacity = capacity
        lastNumber = Atomic(firstNumber &- 1)
    }

    /// The number of a new file.
    func makeNumber() -> UInt64 { lastNumber.wrappingAdd(1, ordering: .relaxed).newValue }

    /// How many bytes the files take.
    var byteCount: Int { used.load(ordering: .relaxed) }

    /// Throws where there is no room for so many bytes more.
    func grant(_ count: Int) throws(FileError) {
        guard count <= capacity &- byteCount, FileLedger.grants(count) else { throw .noSpace }
    }

    fileprivate func add(_ count: Int) { used.wrappingAdd(count, ordering: .relaxed) }

    /// Runs `body` while nobody else reads or changes anything.
    func locked<Result: Sendable>(_ body: () throws(FileError) -> Result) throws(FileError) -> Result {
        try mutex.withLock { _ throws(FileError) in try body() }
    }
}

/// Bytes of memory that something in a tree takes, from the run that made it; given back when this goes.
final class FileCharge: Sendable {
    private let tree: MemoryTree
    private let ledger = FileLedger.current
    private let byteCount: Int

    /// Charges the tree and the run of this thread.
    init(_ tree: MemoryTree, _ byteCount: Int) {
        self.tree = tree
        self.byteCount = byteCount
        tree.add(byteCount)
        ledger?.add(byteCount)
    }

    deinit {
        tree.add(-byteCount)
        ledger?.add(-byteCount)
    }
}
