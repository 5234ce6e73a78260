internal import CHostSystem
internal import HostSystem
internal import LibC
internal import Synchronization
internal import WasmFrontend
internal import WasmRuntime

/// Does for a Go program what a thread of Go's runtime does on other systems (`sysmon` in runtime/proc.go), and what
/// WebAssembly has no threads for.
///
/// Go looks whether descriptors are ready when no goroutine can run. A program in which one can always run, and be it
/// only because it calls `runtime.Gosched` in a loop, never looks: whoever waits for a descriptor waits for ever. One that
/// uses os/signal is such a program, as its runtime waits for signals in a loop around `sched_yield`. So:
///
/// - When a descriptor that the guest was refused has been ready for 10 ms, the next search for a runnable goroutine
///   (`runtime.findRunnable`) begins with a look at the descriptors. Go's function that goes on after a collection looks
///   (`runtime.startTheWorldWithSema`), makes all that is ready runnable, and otherwise does nothing where nothing was
///   stopped. (But a trace of the execution, by runtime/trace, then has an end of a pause without its beginning.)
/// - When a guest yields, and nothing else is done between one `sched_yield` and the next, that call waits: for a
///   descriptor, a timer, or the end of the run.
///
/// That a search begins is seen by watching calls (`CallWatch`), only while there is something to be done at one.
final class GoScheduler {
    /// The functions of Go's runtime, by what they are needed for.
    private struct Functions {
        static let search = "runtime.findRunnable"
        static let look = "runtime.startTheWorldWithSema"
        var search: Int
        var look: Int
    }
    /// What the thread that looks after the descriptors wants.
    private final class Wish: Sendable {
        let isLook = Atomic(false)
        let watch = Mutex<CallWatch?>(nil)

        func requestLook() {
            isLook.store(true, ordering: .relaxed)
            watch.withLock { $0 }?.request()
        }
    }

    /// How many turns of yielding begin without being looked at.
    private static let turnsUnwatched = 64
    /// For how many calls a search is waited for at first; more each time that none came.
    private static let watchedCalls = 2_000
    /// How long a yielding guest with timers waits at a time, and one without, in nanoseconds.
    private static let (waitWithTimers, longestWait) = (Int64(1_000_000), Int64(100_000_000))
    /// The stack that the function that looks finds for its arguments, in bytes.
    private static let frame: UInt32 = 128

    private weak var instance: Instance?
    private let memory: UnownedMemory
    private let findFunctions: ([String]) -> [Int]?
    private lazy var functions = findFunctions([Functions.search, Functions.look]).flatMap { found in
        instance.flatMap {
            Self.isOfGo($0.module, look: found[1]) ? Functions(search: found[0], look: found[1]) : nil
        }
    }
    private let wish = Wish()
    private let refused: RefusedTransfers

    private var callsLeft = watchedCalls
    private var misses = 0
    /// The number of `sched_yield` since anything else was done; whether the turn is watched, and what it did.
    private var yields = 0
    private var isWatchingTurn = false
    private var searches = 0
    private var idleTurns = 0
    private var clockReads = 0

    /// Looks after the guest of an instance.
    ///
    /// - Parameter findFunctions: Finds the indices of functions by their names; nil unless there are all of them. Called
    ///   when there is something to be done for the first time.
    init(_ instance: Instance, _ memory: Memory, findFunctions: @escaping ([String]) -> [Int]?) {
        self.instance = instance
        self.memory = UnownedMemory(memory)
        self.findFunctions = findFunctions
        refused = RefusedTransfers { [wish] in wish.requestLook() }
        let watch = CallWatch(instance.store) { [unowned self] in try told(of: $0) }
        wish.watch.withLock { $0 = watch }
    }

    deinit { refused.finish() }

    /// Whether a function is called, and the stack pointer kept, as in all that Go's compiler makes.
    ///
    /// A hostile module may name any function so: one that takes more than is passed would find what was there before,
    /// such as numbers, and take them for references.
    static func isOfGo(_ module: Module, look: Int) -> Bool {
        guard module.functionTypes.indices.contains(look), let stackPointer = module.globalTypes.first else {
            return false
        }
        return module.types[Int(module.functionTypes[look])] == FunctionType([.i32], [.i32])
            && stackPointer.value == .i32 && stackPointer.isMutable
    }

    // MARK: - What the guest does

    /// The guest was told to try again when a descriptor is ready.
    func noteRefusal(_ descriptor: Int32, _ event: Int16) { refused.add(descriptor, event) }

    /// The guest begins to poll.
    func beginPolling() { refused.beginPolling() }

    /// The guest has polled; `rest` has not come.
    func endPolling(_ rest: some Sequence<pollfd>) {
        yields = 0
        refused.endPolling(rest)
    }

    /// The guest looked at a clock, as Go does in each search where there are timers.
    func noteClockRead() { clockReads += 1 }

    /// The guest yields: waits where that is all that it does.
    func yield(_ clock: Clock, _ waker: Waker?) {
        yields += 1
        if isWatchingTurn {
            idleTurns = searches == 1 ? idleTurns + 1 : 0
            // One turn does not tell: now and then Go prefers the queue that a goroutine that yields waits in.
            if idleTurns > 1 { wait(clock, waker) }
        } else {
            guard yields % Self.turnsUnwatched == 0, functions != nil else { return }
            (isWatchingTurn, idleTurns) = (true, 0)
        }
        (searches, clockReads) = (0, 0)
        callsLeft = Self.watchedCalls
        wish.watch.withLock { $0 }?.request()
    }

    private func wait(_ clock: Clock, _ waker: Waker?) {
        let limit = clockReads > 0 ? Self.waitWithTimers : Self.longestWait
        var requests = refused.requests
        let count = requests.count
        if let waker { requests.append(pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)) }
        let isSimulated = clock.isSimulated && clockReads > 0
        let answered = gw_poll(&requests, UInt32(requests.count), isSimulated ? 0 : limit)
        if answered == 0, isSimulated { clock.skip(limit) }
        if requests.prefix(count).contains(where: { $0.revents != 0 }) { wish.isLook.store(true, ordering: .relaxed) }
        // What others want of this thread is done when the guest returns.
        if let waker, requests.count > count, requests[count].revents != 0 { waker.acknowledge() }
    }

    // MARK: - Watching calls

    /// A function is about to be called; returns whether the next call is of interest, too.
    private func told(of function: Int) throws -> Bool {
        guard let functions else { return false }
        guard function == functions.search else {
            callsLeft -= 1
            if callsLeft > 0 { return true }
            // It computes: the next wish finds it searching sooner or later.
            misses = min(misses + 1, 6)
            (isWatchingTurn, callsLeft) = (false, Self.watchedCalls << misses)
            return false
        }
        (misses, callsLeft) = (0, Self.watchedCalls)
        if wish.isLook.exchange(false, ordering: .relaxed) { try look(functions) }
        searches += 1
        // Others run, too.
        if searches > 1 { isWatchingTurn = false }
        return isWatchingTurn
    }

    /// Has Go look which descriptors are ready, when it is on its system stack, and about to search for a goroutine.
    private func look(_ functions: Functions) throws {
        guard let instance else { return }
        // Go's stack pointer is the first global; it shows the address that the search will return to. A callee finds
        // its arguments behind its own (cmd/link/internal/wasm, cmd/internal/obj/wasm).
        let stackPointer = instance.globalCell(0)
        let outer = UInt32(truncatingIfNeeded: stackPointer.pointee)
        guard outer >= Self.frame, UInt64(outer) + 8 <= memory.byteCount else { return }
        let inner = outer - Self.frame
        let frame = UnsafeMutableRawBufferPointer(start: memory.baseAddress + Int(inner), count: Int(Self.frame))
        frame.initializeMemory(as: UInt8.self, repeating: 0)
        frame.storeBytes(
            of: (memory.baseAddress + Int(outer)).loadUnaligned(as: UInt64.self), toByteOffset: 0, as: UInt64.self)
        // The time (0: it looks itself), the reason (0: unknown), and when the pause began, of which it keeps statistics.
        // Go 1.21 has no arguments here.
        frame.storeBytes(of: Clock.monotonic, toByteOffset: 24, as: Int64.self)
        stackPointer.pointee = UInt64(inner)
        let hasUnwound = try instance.function(functions.look).callSlots(0) != 0
        guard !hasUnwound, stackPointer.pointee == UInt64(inner) + 8 else {
            throw GoSchedulerError.unexpectedReturn
        }
        stackPointer.pointee = UInt64(outer)
    }
}

/// Why a program could not go on.
enum GoSchedulerError: Error, CustomStringConvertible {
    /// A function of Go's runtime has not returned as it does in the versions of Go that are known.
    case unexpectedReturn

    var description: String { "Go's runtime.startTheWorldWithSema did not return to its caller" }
}
