internal import HostSystem
internal import LibC
internal import Synchronization
internal import WasmFrontend
internal import WasmRuntime

/// The calls of Swift's async functions that a guest has under way.
///
/// An import of WebAssembly returns before the guest goes on: it could only let all goroutines wait. So the import of an
/// async function starts a task, and returns a ticket. Go's runtime lets a single goroutine wait for one thing only,
/// a descriptor (`poll_oneoff`): so there is one that can be read from as soon as a task has ended. The guest then asks
/// which, until it has heard of all.
///
/// The imports, of the module `gowasm`; the package `hostcall` in `Tests/Examples/Go` uses them:
///
/// - `async_descriptor () -> (i32)`: the descriptor, which does not block; -1 where there is none left. What is read
///   from it means nothing.
/// - `async_finished () -> (i64)`: a call that has ended, 0 if there is none: its ticket in the upper half, the number of
///   bytes of its result in the lower one; where bit 31 is set, the result is the text of an error.
/// - `async_take (i32, i32) -> ()`: copies the result of the call with a ticket to an address, and forgets it.
///
/// An async function itself has the type (i64) -> (i32): it takes the span of its argument, an address in the upper half
/// and a number of bytes in the lower one, and returns a ticket, which is 0 where it could not be started.
///
/// All is used by the guest's thread only, but for `Arrivals`.
package final class AsyncCalls {
    /// The module that the guest imports from what it needs beside the functions.
    static let module = "gowasm"
    /// The bit of a size that says that the result is an error.
    private static let failure: UInt32 = 1 << 31
    /// What a call takes beside its bytes, about.
    private static let callSize = 1024

    /// What tasks have left for the guest.
    private final class Arrivals: Sendable {
        typealias Ended = (ticket: UInt32, outcome: Result<[UInt8], AsyncFailure>)
        /// Its descriptor is the guest's.
        let waker: Waker
        private let ended = Mutex<[Ended]>([])

        init?() {
            guard let waker = Waker() else { return nil }
            self.waker = waker
        }

        /// A call has ended; from any thread.
        func add(_ ticket: UInt32, _ outcome: Result<[UInt8], AsyncFailure>) {
            ended.withLock { $0.append((ticket, outcome)) }
            waker.wake()
        }

        /// What has come since the last time.
        func take() -> [Ended] {
            // In this order: what comes between the two wakes once more, for nothing.
            waker.acknowledge()
            return ended.withLock { ended in
                defer { ended = [] }
                return ended
            }
        }
    }

    /// A call that has not been taken back yet.
    private struct Call {
        let task: Task<Void, Never>
        var charge: Charge
        var result: [UInt8]?
    }

    private var calls: [UInt32: Call] = [:]
    private var lastTicket: UInt32 = 0
    private var isCancelled = false
    /// nil before the first call.
    private var arrivals: Arrivals?
    /// What has ended and the guest was not told of, the last one first.
    private var untold: [Arrivals.Ended] = []
    /// The guest's number of the descriptor, with what must be there.
    private var descriptor: (number: Int, file: OpenFile)?

    /// Prepares for a guest.
    package init() {}

    deinit {
        cancel()
        for call in calls.values { call.charge.close() }
    }

    /// Cancels what is under way: the guest has ended.
    package func cancel() {
        isCancelled = true
        for call in calls.values { call.task.cancel() }
    }

    /// Adds the async functions that are in `imports`, and what the module needs beside them.
    func define(_ module: Module, in imports: inout Imports, for host: WASIHost) {
        guard !imports.asyncFunctions.isEmpty || module.imports.contains(where: { $0.module == Self.module }) else {
            return
        }
        for function in imports.asyncFunctions {
            imports.define(function.module, function.name) { [self] (argument: UInt64) -> UInt32 in
                start(function, argument, host)
            }
        }
        imports.define(Self.module, "async_descriptor") { [self] () -> Int32 in
            makeDescriptor(host.files).map { Int32(clamping: $0) } ?? -1
        }
        imports.define(Self.module, "async_finished") { [self] () -> UInt64 in nextEnded() }
        imports.define(Self.module, "async_take") { [self] (ticket: UInt32, address: UInt32) in
            take(ticket, address, host)
        }
    }

    /// Starts a task; returns its ticket.
    private func start(_ function: AsyncFunction, _ span: UInt64, _ host: WASIHost) -> UInt32 {
        let count = UInt32(truncatingIfNeeded: span)
        guard !isCancelled, let arrivals = arrivals ?? Arrivals(), Charge.grants(Self.callSize + Int(count)),
            let bytes = try? host.memory.bytes(at: UInt32(truncatingIfNeeded: span >> 32), count: count)
        else { return 0 }
        self.arrivals = arrivals
        repeat { lastTicket &+= 1 } while lastTicket == 0 || calls[lastTicket] != nil
        let (ticket, argument, body) = (lastTicket, [UInt8](bytes), function.body)
        let task = Task {
            do {
                arrivals.add(ticket, .success(try await body(argument)))
            } catch {
                arrivals.add(ticket, .failure(AsyncFailure(text: "\(error)")))
            }
        }
        calls[ticket] = Call(task: task, charge: Charge(Self.callSize + argument.count))
        return ticket
    }

    /// The guest's number of the descriptor that can be read from when something has ended.
    private func makeDescriptor(_ files: FileSystem) -> Int? {
        if let descriptor, files.descriptors[descriptor.number] === descriptor.file { return descriptor.number }
        guard let arrivals = arrivals ?? Arrivals() else { return nil }
        self.arrivals = arrivals
        let file = OpenFile(borrowing: arrivals.waker.descriptor)
        file.isNonBlocking = true
        file.keeps = arrivals
        let number = files.descriptors.add(file)
        descriptor = (number, file)
        return number
    }

    /// A call that has ended, as the guest is told of it.
    private func nextEnded() -> UInt64 {
        if untold.isEmpty, let arrivals { untold = arrivals.take().reversed() }
        guard let (ticket, outcome) = untold.popLast(), var call = calls[ticket] else { return 0 }
        var result: [UInt8]
        var isFailure = false
        switch outcome {
        case .success(let bytes): result = bytes
        case .failure(let error): (result, isFailure) = (Array(error.text.utf8), true)
        }
        if result.count >= Self.failure || !Charge.grants(result.count) {
            (result, isFailure) = (Array("the result is too large for the program's memory".utf8), true)
        }
        call.charge.change(to: Self.callSize + result.count)
        let size = UInt32(truncatingIfNeeded: result.count) | (isFailure ? Self.failure : 0)
        call.result = result
        calls[ticket] = call
        return UInt64(ticket) << 32 | UInt64(size)
    }

    /// Gives the guest a result, which is gone then.
    private func take(_ ticket: UInt32, _ address: UInt32, _ host: WASIHost) {
        guard let call = calls[ticket], let result = call.result else { return }
        calls[ticket] = nil
        call.charge.close()
        let place = try? host.memory.bytes(at: address, count: UInt32(truncatingIfNeeded: result.count))
        place?.copyBytes(from: result)
    }
}

/// Why an async function did not return, as the guest gets to see it.
private struct AsyncFailure: Error {
    let text: String
}
