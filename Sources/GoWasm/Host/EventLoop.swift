internal import CHostSystem
internal import HostSystem
internal import LibC

/// The tasks of a program and their order: that of Node, as far as programs can tell.
///
/// A round runs the timers that are due, then the completed file operations, then reads that have become possible.
/// After each of these tasks run all microtasks. Only ``wait(_:)`` ever blocks, until the next timer or input.
final class EventLoop {
    /// What a timer does.
    enum TimerAction {
        /// Delivers a timeout event to Go.
        case go(id: Int32)
        /// Lets TinyGo's scheduler run.
        case schedule
        /// Calls what `setTimeout` or `setInterval` was given.
        case call(JSTimer)
    }

    struct Timer {
        /// In nanoseconds of ``Clock/elapsed``.
        var deadline: Int64
        var id: Int32
        var action: TimerAction
        /// Whether the program waits for it.
        var isReferenced = true
    }

    /// A task that can run now.
    enum Task {
        /// The end of a file operation: the error or null, and the result.
        case completion(JSFunction, JSValue, JSValue)
        case call(JSFunction, JSArray?)
        /// Wakes the run loop of Go 1.11.
        case wake
    }

    /// A job that runs before the next task.
    enum Microtask {
        case call(JSFunction)
        case react(JSPromise.Reaction, JSPromise.State)
        case adopt(promise: JSPromise, thenable: JSValue, then: JSFunction)
    }

    let tasks = Queue<Task>()
    let microtasks = Queue<Microtask>()
    /// What `process.nextTick` was given: goes before all microtasks, but for those of the first turn.
    let ticks = Queue<JSFunction>()
    /// Reads and writes of files that were not ready, in the order in which they were asked for.
    private(set) var transfers: [PendingTransfer] = []
    /// What comes over the network, once the program has asked for something.
    var network: Fetcher?
    /// Whether no microtasks have run yet.
    var isFirstTurn = true
    var unhandledRejections: [JSPromise] = []
    /// A failure that ended the program inside a promise job, to be thrown by the loop.
    var pendingAbort: JSFailure?
    /// When the current round began: what the delays of JavaScript's timers count from, as in Node, so that their order
    /// does not depend on how long the code between takes.
    private(set) var roundTime: Int64 = 0
    /// What other threads want done here; nil where there are none.
    var mailbox: Mailbox?
    /// The functions of Swift's that have not returned yet, with what the program was promised.
    var swiftTasks: [Int: (task: _Concurrency.Task<Void, Never>, promise: JSPromise)] = [:]
    private var swiftTaskCount = 0
    private var timers = TimerHeap()
    /// What timers and transfers take.
    private var charge = Charge()
    private var nextTimerID: Int32 = 1

    deinit { charge.close() }

    private func noteSize() {
        charge.resize(
            to: timers.count * TimerHeap.entrySize + transfers.count * MemoryLayout<PendingTransfer>.stride)
    }

    /// Lets other threads have something done here; nil where the process has no descriptors left.
    func makeMailbox() -> Mailbox? {
        mailbox = Waker().map { Mailbox($0) }
        return mailbox
    }

    /// A number for a function of Swift's that is being called.
    func nextSwiftTask() -> Int {
        swiftTaskCount += 1
        return swiftTaskCount
    }

    /// Cancels the functions of Swift's that have not returned yet: nobody waits for them any more.
    func cancelSwiftTasks() {
        // Most programs have none, and their ends need no code for going through them.
        guard !swiftTasks.isEmpty else { return }
        for (task, _) in swiftTasks.values { task.cancel() }
    }

    /// Begins a round.
    func beginRound(_ clock: Clock) { roundTime = clock.elapsed }

    /// Whether anything can still happen by itself.
    var isAlive: Bool {
        !tasks.isEmpty || !microtasks.isEmpty || !ticks.isEmpty || !transfers.isEmpty || timers.areAwaited
            || network?.isAlive == true || mailbox?.isAwaited == true
    }

    /// How many timers there are, at most: some may have been removed.
    var timerCount: Int { timers.count }

    /// Adds a timer and returns its id.
    func addTimer(deadline: Int64, _ action: TimerAction) -> Int32 {
        let id = makeTimerID()
        addTimer(Timer(deadline: deadline, id: id, action: action))
        return id
    }

    /// A number for a timer that will be added.
    func makeTimerID() -> Int32 {
        defer { nextTimerID &+= 1 }
        return nextTimerID
    }

    /// Adds a timer, or sets the one of its id to another time.
    func addTimer(_ timer: Timer) {
        timers.insert(timer)
        noteSize()
    }

    /// Removes a timer; unknown ids are ignored.
    func removeTimer(_ id: Int32) {
        timers.remove(id)
        noteSize()
    }

    /// Says whether the program waits for a timer; unknown ids are ignored.
    func setReferenced(_ id: Int32, _ isReferenced: Bool) { timers.setReferenced(id, isReferenced) }

    /// The timer that is due first, if its time has come.
    func takeTimer(dueAt now: Int64) -> Timer? {
        defer { noteSize() }
        return timers.takeFirst(dueAt: now)
    }

    /// Forgets everything.
    func discardAll() {
        tasks.removeAll()
        microtasks.removeAll()
        ticks.removeAll()
        for transfer in transfers { transfer.file.endUse() }
        transfers = []
        network = nil
        mailbox = nil
        cancelSwiftTasks()
        swiftTasks = [:]
        unhandledRejections = []
        timers = TimerHeap()
    }

    /// Waits until a timer is due, a pending read can proceed, there is a task, or another thread has something to do;
    /// or only looks whether it is so.
    func wait(_ clock: Clock, onlyLooking: Bool = false) {
        let isReady = !tasks.isEmpty || onlyLooking
        let network = self.network.flatMap { $0.isEmpty ? nil : $0 }
        guard !isReady || !transfers.isEmpty || network != nil else { return }
        var limit: Int64? = isReady ? 0 : nil
        if !isReady, let deadline = timers.firstDeadline { limit = max(0, deadline - clock.elapsed) }
        let isAwaiting = limit == nil && mailbox?.isAwaited == true
        if transfers.isEmpty, network == nil, !isAwaiting, limit ?? 0 <= 0 { return }
        let skipped = clock.isSimulated && network == nil ? limit : nil
        if skipped != nil { limit = 0 }

        var requests = transfers.map { pollfd(fd: $0.file.descriptor, events: $0.direction.event, revents: 0) }
        if let mailbox { requests.append(pollfd(fd: mailbox.waker.descriptor, events: Int16(POLLIN), revents: 0)) }
        if let network {
            // Rounded up: a timer must not find that its time has not come yet. libcurl does not wait without an end.
            let milliseconds = limit.map { Int32(clamping: $0 / 1_000_000 + ($0 % 1_000_000 > 0 ? 1 : 0)) } ?? 60_000
            // Libraries that libcurl uses write to connections that may have been closed.
            _ = BrokenPipe.withoutSignal {
                network.wait(with: &requests, milliseconds: milliseconds)
                return 0
            }
        } else {
            _ = gw_poll(&requests, UInt32(requests.count), limit ?? -1)
        }
        if let skipped, requests.allSatisfy({ $0.revents == 0 }) { clock.skip(skipped) }
        if mailbox != nil { requests.removeLast() }
        // Of several that want the same file, only the first may go on, so that bytes keep their order.
        var waiting: [PendingTransfer] = []
        for (position, request) in requests.enumerated() {
            var transfer = transfers[position]
            let isBlocked = request.revents == 0 || waiting.contains { $0.isBefore(transfer) }
            if isBlocked || !advance(&transfer) { waiting.append(transfer) } else { transfer.file.endUse() }
        }
        transfers = waiting
        noteSize()
    }

    /// Reads or writes now if that need not wait, and later otherwise; its callback runs in a task of its own.
    func start(_ transfer: PendingTransfer) {
        var transfer = transfer
        let isFirst = !transfers.contains { $0.isBefore(transfer) }
        if isFirst, Descriptors.isReady(transfer.file.descriptor, transfer.direction.event), advance(&transfer) {
            return
        }
        transfer.file.beginUse()
        transfers.append(transfer)
        noteSize()
    }

    /// Reads what is there or writes what fits, and queues the callback when that ends the operation.
    private func advance(_ transfer: inout PendingTransfer) -> Bool {
        do throws(ErrorCode) {
            guard let count = try transfer.advance() else { return false }
            tasks.append(.completion(transfer.callback, .null, .number(count)))
        } catch {
            tasks.append(
                .call(transfer.callback, JSArray([transferFailure(error, transfer.direction)], prototype: nil)))
        }
        return true
    }

    /// Makes the JavaScript error for a failed read or write; set by the realm.
    var transferFailure: (ErrorCode, PendingTransfer.Direction) -> JSValue = { _, _ in .null }
}

/// A queue in a ring.
final class Queue<Element> {
    private var ring: ContiguousArray<Element?> = ContiguousArray(repeating: nil, count: smallestSize)
    private var head = 0
    private(set) var count = 0
    private var charge = Charge()

    private static var smallestSize: Int { 16 }

    deinit { charge.close() }

    var isEmpty: Bool { count == 0 }

    func append(_ element: Element) {
        if count == ring.count {
            var wider = ContiguousArray<Element?>()
            wider.reserveCapacity(count * 2)
            for position in 0..<count { wider.append(ring[(head + position) & (ring.count - 1)]) }
            wider.append(contentsOf: repeatElement(nil, count: count))
            ring = wider
            head = 0
            charge.resize(to: ring.count * MemoryLayout<Element?>.stride)
        }
        ring[(head + count) & (ring.count - 1)] = element
        count += 1
    }

    func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = ring[head].take()
        head = (head + 1) & (ring.count - 1)
        count -= 1
        return element
    }

    func removeAll() {
        ring = ContiguousArray(repeating: nil, count: Self.smallestSize)
        (head, count) = (0, 0)
        charge.resize(to: 0)
    }
}

/// Timers by deadline, those of the same deadline by id: a binary heap.
struct TimerHeap {
    /// Where a timer stands in the order: what is moved about refers to nothing, so that no references are counted.
    private struct Place {
        var deadline: Int64
        var id: Int32
    }

    private var heap: [Place] = []
    /// The timers that have not been removed.
    ///
    /// Places in the heap with another deadline than the timer has are none.
    private var timers: [Int32: EventLoop.Timer] = [:]
    /// How many of them the program does not wait for.
    private var unreferencedCount = 0

    /// About how many bytes a timer takes.
    static let entrySize = 128

    var isEmpty: Bool { timers.isEmpty }
    /// Whether the program waits for any of them.
    var areAwaited: Bool { timers.count > unreferencedCount }
    /// How many timers take memory, those included that have been removed.
    var count: Int { heap.count }

    mutating func insert(_ timer: EventLoop.Timer) {
        let known = timers.updateValue(timer, forKey: timer.id)
        if known?.isReferenced == false { unreferencedCount -= 1 }
        if !timer.isReferenced { unreferencedCount += 1 }
        guard known?.deadline != timer.deadline else { return }
        insert(Place(deadline: timer.deadline, id: timer.id))
        if known != nil { dropRemoved() }
    }

    private func isCurrent(_ place: Place) -> Bool { timers[place.id]?.deadline == place.deadline }

    private mutating func insert(_ place: Place) {
        heap.append(place)
        heap.withUnsafeMutableBufferPointer { heap in
            var child = heap.count - 1
            while child > 0, Self.isBefore(place, heap[(child - 1) / 2]) {
                heap[child] = heap[(child - 1) / 2]
                child = (child - 1) / 2
            }
            heap[child] = place
        }
    }

    mutating func remove(_ id: Int32) {
        guard let timer = timers.removeValue(forKey: id) else { return }
        if !timer.isReferenced { unreferencedCount -= 1 }
        // Removed timers stay until they come to the top, unless they are the majority.
        if heap.count > 64, heap.count > timers.count * 2 {
            let remaining = heap.filter(isCurrent)
            heap = []
            for place in remaining { insert(place) }
        } else {
            dropRemoved()
        }
    }

    mutating func setReferenced(_ id: Int32, _ isReferenced: Bool) {
        guard let timer = timers[id], timer.isReferenced != isReferenced else { return }
        timers[id]?.isReferenced = isReferenced
        unreferencedCount += isReferenced ? -1 : 1
    }

    /// The earliest deadline.
    var firstDeadline: Int64? { heap.first?.deadline }

    mutating func takeFirst(dueAt now: Int64) -> EventLoop.Timer? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        // What has been removed is not at the top.
        let timer = timers.removeValue(forKey: first.id)
        if timer?.isReferenced == false { unreferencedCount -= 1 }
        dropFirst()
        dropRemoved()
        return timer
    }

    private mutating func dropRemoved() {
        while let first = heap.first, !isCurrent(first) { dropFirst() }
    }

    private mutating func dropFirst() {
        let last = heap.removeLast()
        heap.withUnsafeMutableBufferPointer { heap in
            guard !heap.isEmpty else { return }
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, Self.isBefore(heap[child + 1], heap[child]) { child += 1 }
                guard Self.isBefore(heap[child], last) else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
    }

    private static func isBefore(_ a: Place, _ b: Place) -> Bool {
        (a.deadline, a.id) < (b.deadline, b.id)
    }
}
