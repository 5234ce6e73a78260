package import HostSystem
internal import LibC
internal import WasmFrontend
package import WasmRuntime

/// How a guest ended that called `proc_exit`: thrown through everything that is running.
package struct WASIExit: GuestEnding, Equatable {
    /// The number that the guest gave.
    package let status: ExitStatus
    /// The functions that the guest was in, where it may be Go's runtime that ended it.
    package private(set) var calls: [Trap.Frame] = []

    /// Makes the end of a guest that gave this number.
    package init(status: ExitStatus) { self.status = status }

    /// Takes note of the functions that the guest was in.
    package mutating func note(_ calls: () -> [Trap.Frame]) {
        if status == ExitStatus.goFailure, self.calls.isEmpty { self.calls = calls() }
    }
}

/// The host of one running guest of WASI preview 1.
final class WASIHost {
    let files: FileSystem
    /// What the guest may do with the network.
    private(set) lazy var network = Network(files)
    let clock: Clock
    private let random: RandomSource
    /// The arguments and the environment, each text with the zero byte that ends it.
    private let arguments: [[UInt8]]
    private let environment: [[UInt8]]
    /// Called instead of unwinding when the program exits.
    var endProcess: ((Int32) -> Never)?
    /// Gets each call.
    private let trace: HostCallTrace?
    /// What stands for the thread of Go's scheduler; nil for other programs.
    var scheduler: GoScheduler?
    /// The guest's memory, which is kept by the same store as this object.
    private var linked: UnownedMemory?

    init(
        _ files: FileSystem, arguments: [String], environment: [(key: String, value: String)],
        clock: Clock = Clock(), random: RandomSource = RandomSource(), trace: HostCallTrace? = nil
    ) {
        self.files = files
        self.clock = clock
        self.random = random
        self.arguments = arguments.map { Array($0.utf8) + [0] }
        self.environment = environment.map { Array("\($0.key)=\($0.value)".utf8) + [0] }
        self.trace = trace
    }

    /// Says which memory the addresses of the guest mean.
    func link(_ memory: Memory?) { linked = memory.map { UnownedMemory($0) } }

    /// The guest's memory.
    ///
    /// - Throws: EFAULT before there is one.
    @inline(__always)
    var memory: GuestMemory {
        get throws(ErrorCode) {
            guard let linked else { throw ErrorCode.fault }
            return GuestMemory(base: linked.baseAddress, count: linked.byteCount)
        }
    }

    /// Adds what a module asks for.
    func define(_ module: Module, in imports: inout Imports) {
        for row in module.imports where row.module == WASIFunction.module {
            guard let function = WASIFunction.matching(row, of: module) else { continue }
            imports.define(row.module, row.name, type: function.type, calling: entry(function))
        }
    }

    /// What the engine calls: runs the function, and turns what it throws into an errno.
    private func entry(
        _ function: WASIFunction
    ) -> (UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?) throws -> Void {
        let body = function.body
        let count = function.type.parameters.count
        guard let trace, trace.wantsImport(WASIFunction.module, function.name) else {
            return { [self] values, result in
                var code: UInt32 = 0
                do {
                    try body(self, CallArguments(values: values, count: count))
                } catch let error as ErrorCode {
                    code = UInt32(error.wasi)
                    noteRefusal(error, function, CallArguments(values: values, count: count))
                }
                result?.storeBytes(of: code, as: UInt32.self)
            }
        }
        return { [self] values, result in
            let arguments = CallArguments(values: values, count: count)
            var tracer = WASITracer(function, arguments, try? memory, start: trace.now)
            func report(_ ending: HostCall.Ending) {
                tracer.call.duration = trace.now - tracer.call.start
                tracer.call.ending = ending
                if ending == .returned { tracer.addResults(try? memory) }
                trace.report(tracer.call)
            }
            do {
                try body(self, arguments)
                result?.storeBytes(of: 0, as: UInt32.self)
                report(.returned)
            } catch let error as ErrorCode {
                result?.storeBytes(of: UInt32(error.wasi), as: UInt32.self)
                noteRefusal(error, function, arguments)
                report(.failed("\(error.name)"))
            } catch {
                report(error is WASIExit ? .exited : .aborted("\(error)"))
                throw error
            }
        }
    }

    /// Keeps in mind what a guest was told to try again later: its first argument is a descriptor.
    private func noteRefusal(_ error: ErrorCode, _ function: WASIFunction, _ arguments: CallArguments) {
        guard error.number == EAGAIN, let scheduler, let file = try? files.file(Int(arguments[0])) else { return }
        scheduler.noteRefusal(file.descriptor, Int16(function.sends ? POLLOUT : POLLIN))
    }

    // MARK: - Arguments and environment

    func argsSizesGet(_ count: UInt32, _ size: UInt32) throws(ErrorCode) { try sizes(arguments, count, size) }
    func argsGet(_ pointers: UInt32, _ texts: UInt32) throws(ErrorCode) { try list(arguments, pointers, texts) }
    func environSizesGet(_ count: UInt32, _ size: UInt32) throws(ErrorCode) { try sizes(environment, count, size) }
    func environGet(_ pointers: UInt32, _ texts: UInt32) throws(ErrorCode) { try list(environment, pointers, texts) }

    private func sizes(_ strings: [[UInt8]], _ count: UInt32, _ size: UInt32) throws(ErrorCode) {
        let memory = try memory
        try memory.store(UInt32(strings.count), at: count)
        try memory.store(UInt32(strings.reduce(0) { $0 + $1.count }), at: size)
    }

    private func list(_ strings: [[UInt8]], _ pointers: UInt32, _ texts: UInt32) throws(ErrorCode) {
        let memory = try memory
        var at = texts
        for (index, string) in strings.enumerated() {
            try memory.store(at, at: pointers, offset: UInt32(index) * 4)
            try memory.bytes(at: at, count: UInt32(string.count)).copyBytes(from: string)
            // Behind the last byte of 4 GiB comes address 0, which is not written to.
            at &+= UInt32(string.count)
        }
    }

    // MARK: - Clocks, randomness, the process

    /// The system's clock by the number in type `clockid`.
    static func clock(_ id: UInt32) throws(ErrorCode) -> clockid_t {
        switch id {
        case 0: CLOCK_REALTIME
        case 1: CLOCK_MONOTONIC
        case 2: CLOCK_PROCESS_CPUTIME_ID
        case 3: CLOCK_THREAD_CPUTIME_ID
        default: throw ErrorCode(EINVAL)
        }
    }

    func clockResGet(_ id: UInt32, _ result: UInt32) throws(ErrorCode) {
        var time = timespec()
        clock_getres(try Self.clock(id), &time)
        try memory.store(time.nanoseconds, at: result)
    }

    func clockTimeGet(_ id: UInt32, _ result: UInt32) throws(ErrorCode) {
        scheduler?.noteClockRead()
        try memory.store(clock.time(of: Self.clock(id)), at: result)
    }

    func randomGet(_ address: UInt32, _ count: UInt32) throws(ErrorCode) {
        random.fill(try memory.bytes(at: address, count: count))
    }

    func schedYield() {
        sched_yield()
        scheduler?.yield(clock, files.waker)
    }

    func procExit(_ code: UInt32) throws { try end(ExitStatus(code: Int32(truncatingIfNeeded: code))) }

    /// Does to the guest what the signal does by default to a process, which is the guest and not this one.
    func procRaise(_ signal: UInt32) throws {
        guard signal < Signal.all.count else { throw ErrorCode(EINVAL) }
        switch Signal.all[Int(signal)] {
        case .ignored: return
        case .stops: throw ErrorCode.notSupported
        // As shells report it.
        case .ends(let number): try end(ExitStatus(code: 128 + number))
        }
    }

    private func end(_ status: ExitStatus) throws {
        if trace == nil { endProcess?(status.code) }
        throw WASIExit(status: status)
    }
}

extension ErrorCode {
    static let notSupported = ErrorCode(EOPNOTSUPP)
}

extension timespec {
    /// Since the clock's beginning, modulo 2^64: files can have any time.
    var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}
