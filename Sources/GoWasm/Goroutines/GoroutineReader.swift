internal import HostSystem
internal import WasmFrontend

/// Reads a Go program's goroutines from its memory.
///
/// Nothing that is read is believed: addresses are compared with the memory's size, stacks with their own bounds, and
/// each step along a stack goes outwards.
struct GoroutineReader {
    private let table: GoLineTable
    private let layout: GoRuntimeLayout
    private let guest: GuestReader
    /// What Go's `nanotime` returns now.
    private let now: Int64
    private let reasons: WaitReasons
    private var namer: GoFrameNamer
    /// Where the program is, if it is in one of its functions: the innermost first.
    private let backtrace: [CallPlace]
    private let stackPointer: UInt64

    /// What is read of a `g`.
    struct Record {
        var address: UInt64
        var id: UInt64
        var status: UInt32
        /// The bounds of the stack.
        var stack: Range<UInt64>
        var startPC: UInt64
    }

    /// Prepares for reading; nil where the module has no table, or is of a version of Go whose structures are not known.
    ///
    /// - Parameters:
    ///   - memory: The guest's memory, which stays as it is meanwhile.
    ///   - stackPointer: What Go's stack pointer is.
    ///   - backtrace: The functions that are being executed, the innermost first; empty where none is.
    ///   - now: What Go's `nanotime` returns.
    init?(
        _ module: Module, _ memory: GuestMemory, stackPointer: UInt64, backtrace: [CallPlace], now: Int64
    ) {
        guard let layout = GoVersion(of: module).flatMap({ GoRuntimeLayout($0) }), let table = GoLineTable(module)
        else {
            return nil
        }
        self.table = table
        self.layout = layout
        self.guest = GuestReader(memory: memory)
        self.now = now
        self.backtrace = backtrace
        self.stackPointer = stackPointer
        reasons = WaitReasons(table.image)
        namer = GoFrameNamer(table, wrapper: layout.wrapperFunction, guest)
    }

    /// Reads all; nil where there are none yet, or where they cannot be found.
    mutating func read() -> GoroutineDump? {
        guard let all = findAll() else { return nil }
        var records: [Record] = []
        var omitted = 0
        for index in 0..<all.count {
            guard let address = guest.long(all.start &+ 8 &* index), let record = record(address) else { continue }
            guard record.status != GoroutineStatus.dead.rawValue, record.status != GoroutineStatus.deadextra.rawValue
            else { continue }
            if records.count < GoroutineDump.mostGoroutines { records.append(record) } else { omitted += 1 }
        }
        // As Go does: the one that runs first.
        if let running = records.firstIndex(where: { $0.status == GoroutineStatus.running.rawValue }) {
            records.insert(records.remove(at: running), at: 0)
        }
        let end = ContinuousClock.now + GoroutineDump.patience
        var dump = GoroutineDump(goroutines: [])
        for (index, record) in records.enumerated() {
            if ContinuousClock.now > end {
                omitted += records.count - index
                break
            }
            if let goroutine = goroutine(record) { dump.goroutines.append(goroutine) }
        }
        dump.omitted = omitted
        return dump
    }

    // MARK: - Finding

    /// The list `runtime.allgs`: where its elements are, and how many.
    ///
    /// Modules name no variables. It is the slice among those with pointers whose elements are goroutines: each has its
    /// own address in a field (`sched.g`).
    private func findAll() -> (start: UInt64, count: UInt64)? {
        guard let module = table.moduleData,
            let low = table.image.long(module + 8 * GoRuntimeLayout.variables.start),
            let high = table.image.long(module + 8 * GoRuntimeLayout.variables.end),
            low % 8 == 0, low < high, high <= guest.memory.count
        else { return nil }
        for address in stride(from: low, to: high, by: 8) {
            guard let start = guest.long(address), start != 0, start % 8 == 0, let count = guest.long(address &+ 8),
                let capacity = guest.long(address &+ 16), count > 0, count <= capacity,
                capacity <= guest.memory.count / 8, guest.memory.slice(start, 8 &* capacity) != nil
            else { continue }
            let areGoroutines = (0..<min(count, 4)).allSatisfy { index in
                guest.long(start &+ 8 &* index).flatMap { record($0) } != nil
            }
            if areGoroutines { return (start, count) }
        }
        return nil
    }

    /// A goroutine at an address; nil where there is none.
    private func record(_ address: UInt64) -> Record? {
        // Its fields, all of which lie nearer than this, can be added to the address.
        guard address != 0, address % 8 == 0, guest.memory.slice(address, 512) != nil,
            guest.long(address &+ layout.savedGoroutine) == address,
            let status = guest.word(address &+ layout.status),
            status & ~GoroutineStatus.scan <= GoroutineStatus.largest,
            let low = guest.long(address &+ layout.stackLow), let high = guest.long(address &+ layout.stackHigh),
            low <= high, high <= guest.memory.count, let id = guest.long(address &+ layout.id),
            let startPC = guest.long(address &+ layout.startPC)
        else { return nil }
        return Record(
            address: address, id: id, status: status & ~GoroutineStatus.scan, stack: low..<high, startPC: startPC)
    }

    // MARK: - One goroutine

    /// What is to be shown of a goroutine; nil where Go shows nothing of it.
    private mutating func goroutine(_ record: Record) -> Goroutine? {
        let start = table.codeAddress(record.startPC).flatMap { table.name(ofFunction: $0.function) }
        let isSystems = start.map { $0.hasPrefix("runtime.") && !Self.programsOwn.contains($0) } ?? false
        if isSystems, !Self.callers.contains(start ?? "") { return nil }
        var walk = StackWalk(table, guest, record.stack)
        if let inner = innermost(record) {
            walk.walk(from: inner)
        } else if let pc = guest.long(record.address &+ layout.savedPC),
            let stackPointer = guest.long(record.address &+ layout.savedStackPointer),
            let address = table.codeAddress(pc)
        {
            walk.walk(from: .init(address: address, stackPointer: stackPointer))
        } else {
            walk.isTruncated = true
        }
        let (frames, elided) = namer.frames(of: walk)
        // What is between two events has left nothing to be read.
        if frames.isEmpty, start == Self.eventHandler { return nil }
        // What runs finalizers is shown while it runs one of the program's.
        if isSystems, frames.allSatisfy({ $0.function.hasPrefix("runtime.") }) { return nil }
        return Goroutine(
            id: record.id, status: statusText(record), minutesWaiting: minutesWaiting(record),
            isLockedToThread: guest.long(record.address &+ layout.lockedThread).map { $0 != 0 } ?? false,
            bubble: bubble(record), frames: frames, elidedFrames: elided, isTruncated: walk.isTruncated,
            creator: record.id == 1 ? nil : creator(record),
            parent: layout.parent.flatMap { guest.long(record.address &+ $0) })
    }

    /// What JavaScript's events are handled by.
    private static let eventHandler = "runtime.handleAsyncEvent"
    /// What begins in a function of Go's runtime, and is the program's all the same (runtime.isSystemGoroutine).
    private static let programsOwn: Set = ["runtime.main", "runtime.corostart", eventHandler]
    /// What belongs to the runtime, and calls functions of the program's.
    private static let callers: Set = ["runtime.runfinq", "runtime.runFinalizers", "runtime.runCleanups"]

    private func statusText(_ record: Record) -> String {
        if record.status == GoroutineStatus.waiting.rawValue || record.status == GoroutineStatus.leaked.rawValue,
            let reason = guest.byte(record.address &+ layout.waitReason).flatMap({ reasons[Int($0)] })
        {
            return record.status == GoroutineStatus.leaked.rawValue ? reason + " (leaked)" : reason
        }
        return GoroutineStatus.words(record.status)
    }

    private func minutesWaiting(_ record: Record) -> Int {
        guard record.status == GoroutineStatus.waiting.rawValue || record.status == GoroutineStatus.syscall.rawValue,
            let since = guest.long(record.address &+ layout.waitingSince), since != 0
        else { return 0 }
        let (waited, overflow) = now.subtractingReportingOverflow(Int64(truncatingIfNeeded: since))
        return overflow || waited < 0 ? 0 : Int(clamping: waited / 60_000_000_000)
    }

    private func bubble(_ record: Record) -> UInt64? {
        guard let field = layout.bubble, let bubble = guest.long(record.address &+ field), bubble != 0,
            guest.memory.slice(bubble, GoRuntimeLayout.bubbleID + 8) != nil
        else { return nil }
        return guest.long(bubble &+ GoRuntimeLayout.bubbleID)
    }

    private func creator(_ record: Record) -> Goroutine.Frame? {
        guard let pc = guest.long(record.address &+ layout.creationPC), let address = table.codeAddress(pc),
            let name = table.name(ofFunction: address.function), GoFrameNamer.isShown(name)
        else { return nil }
        return Goroutine.Frame(
            function: GoFrameNamer.printed(name),
            line: table.line(inFunction: address.function, block: max(0, address.block - 1)),
            offset: address.block > 0 ? address.block : nil)
    }

    /// The innermost frame of the goroutine that runs on its own stack; nil for all others, which have saved where they
    /// are: also for the one that runs while Go's runtime works on another stack for it.
    private func innermost(_ record: Record) -> StackWalk.Frame? {
        guard record.status == GoroutineStatus.running.rawValue, record.stack.contains(stackPointer),
            let inner = backtrace.first
        else { return nil }
        let pushed = inner.returnAddress
        let before = StackWalk.block(pushed ?? inner.previous)
        let behind = StackWalk.block(pushed ?? inner.next)
        let caller = backtrace.dropFirst().first?.returnAddress.map { UInt64(truncatingIfNeeded: $0) }
        let address = GoLineTable.CodeAddress(function: inner.function, block: behind ?? before ?? 0)
        // The function may not have taken its part of the stack yet, or be about to call.
        let blocks = [before ?? 0, behind ?? before ?? 0]
        var sizes = blocks.compactMap { table.stackBytes(.init(function: inner.function, block: $0)) }
        sizes += sizes.map { $0 + 8 } + [0]
        for size in sizes {
            guard let place = StackWalk.sum(stackPointer, size), record.stack.contains(place),
                let word = guest.long(place)
            else { continue }
            let isRight = caller.map { $0 == word } ?? (table.codeAddress(word).map { $0.block > 0 } ?? false)
            guard isRight else { continue }
            return StackWalk.Frame(
                address: address, stackPointer: stackPointer, end: place &+ 8,
                previousBlock: pushed == nil ? before : nil)
        }
        return StackWalk.Frame(
            address: address, stackPointer: stackPointer, end: record.stack.upperBound,
            previousBlock: pushed == nil ? before : nil)
    }
}

/// The texts of `runtime.waitReasonStrings`, found in the module's data.
struct WaitReasons {
    private var texts: [String] = []

    /// The first that is not empty, in all versions; and how many there may be.
    private static let first = "GC assist marking"
    private static let most = 256
    private static let longest: UInt64 = 100

    init(_ image: DataImage) {
        let pattern = Array(Self.first.utf8)
        var from = 0
        // The text may also be a part of others.
        for _ in 0..<16 {
            guard let place = image.firstIndex(of: pattern, from: from) else { return }
            from = place + 1
            guard let start = Self.table(image, UInt64(image.start + place)) else { continue }
            for index in 0..<Self.most {
                guard let text = Self.text(image, start + 16 * index) else { break }
                texts.append(text)
            }
            return
        }
    }

    /// The place of the table of texts whose second is at an address, behind an empty one.
    private static func table(_ image: DataImage, _ address: UInt64) -> Int? {
        for place in stride(from: (8 - image.start % 8) % 8, to: image.bytes.count - 32, by: 8)
        where image.long(place + 16) == address {
            if image.long(place + 24) == UInt64(first.utf8.count), image.long(place + 8) == 0 { return place }
        }
        return nil
    }

    private static func text(_ image: DataImage, _ place: Int) -> String? {
        guard let address = image.long(place), let count = image.long(place + 8) else { return nil }
        if address == 0, count == 0 { return "" }
        guard count <= longest, address >= UInt64(image.start),
            address - UInt64(image.start) <= UInt64(image.bytes.count) - min(count, UInt64(image.bytes.count))
        else { return nil }
        let start = Int(clamping: address) - image.start
        return String(decoding: image.bytes[start...].prefix(Int(count)), as: UTF8.self)
    }

    /// The text of a number; nil for 0 and where there is none.
    subscript(_ number: Int) -> String? {
        texts.indices.contains(number) && !texts[number].isEmpty ? texts[number] : nil
    }
}
