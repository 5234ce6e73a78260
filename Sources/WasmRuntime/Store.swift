package import CHostSystem
internal import CSupport
public import WasmFrontend

/// What instances that know each other live in: one thread of execution, its frame stack, and everything that was made
/// for it.
///
/// A store and all that belongs to it are used by one thread at a time; see ``interrupt()`` for the exception.
///
/// Handles (instances, functions, memories, ...) keep their store, and the store keeps all that the engine needs of
/// them: a store goes with the last handle. A host function that holds a handle of the store it was given to keeps that
/// store for ever: let it hold the handle weakly, or through something that lets go.
public final class Store {
    /// How the store's instances run.
    public struct Configuration: Sendable {
        /// Whether memories have guard pages, so that the engine need not compare addresses.
        ///
        /// Where the system does not grant the 8 GiB of address space that each takes, they do without.
        public var usesGuardPages = true
        /// Whether the lowering optimises; `false` is for comparison.
        public var optimizes = true
        /// When functions are compiled to machine code; nil for never: then no executable memory is asked for.
        public var compilation: CompilationPolicy? = CompilationPolicy()
        /// The number of bytes beyond which no memory grows, what a host keeps for the guest included.
        public var memoryLimit: UInt64 = .max

        /// The number of bytes that the frames of nested calls may take, at least 4 MiB: address space, used as calls
        /// nest.
        ///
        /// The default holds 10 million calls of functions with 50 slots each.
        public var callStackSize: UInt64 = 4 << 30

        /// How many times the functions of the store's modules may be called, and loops in them turn, together; nil for no
        /// limit, and for code that does not count.
        ///
        /// Then the execution ends with ``Trap/Code/budgetExhausted``, and so does each further one until
        /// ``Store/budget`` is set anew. Each call of a function that a module defines takes 1, and so does each arrival
        /// at the head of a loop, the first one included; a loop that nothing jumps back to is none. What host functions
        /// do takes nothing. Interpreted and compiled code count alike, so that an execution with the same inputs ends at
        /// the same place in both; another version of this library, or other values of ``optimizes``, may count loops
        /// otherwise. At most 2^63 - 1; what is more counts as that.
        public var budget: UInt64?

        /// Finds out where the store's instances spend their time; nil if nothing does.
        public var profiler: CallProfiler?
        /// Counts and times what the store does; nil if nothing does.
        public var statistics: RunStatistics?

        /// The ordinary configuration.
        public init() {}

        /// How functions are lowered, for memories with guard pages or without.
        package func codeOptions(checksAddresses: Bool) -> LoweredCode.Options {
            LoweredCode.Options(
                checksAddresses: checksAddresses, optimizes: optimizes, compilation: compilation,
                countsBudget: budget != nil)
        }
    }

    let machine: UnsafeMutablePointer<GWMachine>
    /// How the instances run.
    public let configuration: Configuration
    /// Counts what the host keeps for the store's instances, together with their memories.
    package let account: UnsafeMutablePointer<GWAccount>
    /// The error that a host function threw, on its way out through the guest.
    var pendingError: (any Error)?

    /// Who watches the calls of functions; nil if there is none.
    var callWatch: CallWatch?

    // What the engine's structures point at, kept until the store goes.
    private(set) var instances: [UnsafeMutablePointer<GWInstance>: InstanceStorage] = [:]
    private var hostFunctions: [HostFunction] = []
    private var memories: [UnsafeMutablePointer<GWMemory>] = []
    private var tables: [UnsafeMutablePointer<GWTable>] = []
    private var cells: [UnsafeMutablePointer<UInt64>] = []

    /// Makes an empty store.
    ///
    /// - Precondition: The system grants a few MiB of address space for a frame stack.
    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        guard let machine = gw_machine_create(configuration.callStackSize) else {
            fatalError("no address space for a frame stack of 4 MiB")
        }
        guard let account = gw_account_create(configuration.memoryLimit) else { fatalError("no memory for a store") }
        self.account = account
        self.machine = machine
        machine.pointee.budget = Int64(clamping: configuration.budget ?? 0)
        configuration.statistics?.watch(self)
    }

    deinit {
        callWatch?.detach()
        configuration.profiler?.remove(machine)
        configuration.statistics?.leave(self)
        for memory in memories {
            gw_memory_destroy(memory)
            memory.deallocate()
        }
        for table in tables {
            gw_table_destroy(table)
            table.deallocate()
        }
        for cell in cells { cell.deallocate() }
        gw_machine_destroy(machine)
        account.pointee.memory = 0
        gw_account_release(account)
    }

    /// Ends the execution that is under way in this store, with the trap `interrupted`.
    ///
    /// Further calls end in the same way until ``allowExecution()``. May be called from any thread. Returns when the
    /// guest has stopped, mostly within a millisecond, or at once if a host function is running: that is not ended,
    /// only what follows it. The functions of JavaScript that Go programs call end soon, too.
    public nonisolated func interrupt() {
        gw_account_stop(account, true)
        gw_machine_interrupt(machine)
    }

    /// Takes back an interruption.
    public func allowExecution() {
        gw_account_stop(account, false)
        gw_machine_resume(machine)
    }

    /// What is left of ``Configuration/budget``.
    ///
    /// It may be set between executions, and in host functions. nil, and not to be set, where there is none.
    public var budget: UInt64? {
        get { configuration.budget == nil ? nil : UInt64(max(0, machine.pointee.budget)) }
        set {
            guard configuration.budget != nil, let newValue else { return }
            machine.pointee.budget = Int64(clamping: newValue)
        }
    }

    /// Whether a memory was refused to grow because of ``Configuration/memoryLimit``.
    public var hasReachedMemoryLimit: Bool { memories.contains { $0.pointee.is_limited } }

    /// Whether the host was refused something that it was to keep for the guest, because of the same limit.
    package var hasRefusedHost: Bool { account.pointee.is_limited }

    /// The bytes that the host keeps for the guest.
    package var keptBytes: UInt64 { account.pointee.kept }

    /// Runs `body`, in which what the host makes is charged to this store's account.
    package func charging<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = gw_account_enter(account)
        defer { _ = gw_account_enter(before) }
        return try body()
    }

    // MARK: - Keeping

    func keep(_ storage: InstanceStorage) {
        instances[storage.pointer] = storage
        configuration.profiler?.add(storage, machine)
    }

    func makeHostFunction(_ type: FunctionType, _ body: HostFunction.Body) throws(CallError) -> HostFunction {
        guard let function = HostFunction(type, body, store: self) else { throw .outOfMemory }
        hostFunctions.append(function)
        return function
    }

    /// - Parameter image: What it begins with, as large as the type's minimum; nil for zeros.
    func makeMemory(
        _ type: MemoryType, _ image: MemoryImage? = nil
    ) throws(CallError) -> UnsafeMutablePointer<GWMemory> {
        guard UInt64(type.limits.minimum) * UInt64(GW_PAGE_SIZE) <= configuration.memoryLimit else {
            throw .memoryLimit
        }
        let memory = UnsafeMutablePointer<GWMemory>.allocate(capacity: 1)
        let maximum = min(type.limits.maximum ?? UInt32(GW_MAXIMUM_PAGES), UInt32(GW_MAXIMUM_PAGES))
        let guards = configuration.usesGuardPages && gw_memory_can_guard()
        let isMade =
            guards && gw_memory_create(memory, type.limits.minimum, maximum, true)
            || gw_memory_create(memory, type.limits.minimum, maximum, false)
        guard isMade else {
            memory.deallocate()
            throw .outOfMemory
        }
        guard image?.restore(memory) ?? true else {
            gw_memory_destroy(memory)
            memory.deallocate()
            throw .outOfMemory
        }
        memory.pointee.limit = configuration.memoryLimit
        memory.pointee.account = account
        account.pointee.memory += memory.pointee.size
        configuration.statistics?.watch(memory)
        memories.append(memory)
        return memory
    }

    /// The size of all memories.
    var memoryBytes: UInt64 { memories.reduce(0) { $0 + $1.pointee.size } }

    func makeTable(_ type: TableType, _ value: UInt64) throws(CallError) -> UnsafeMutablePointer<GWTable> {
        let table = UnsafeMutablePointer<GWTable>.allocate(capacity: 1)
        guard gw_table_create(table, type.limits.minimum, type.limits.maximum ?? .max, value) else {
            table.deallocate()
            throw .outOfMemory
        }
        tables.append(table)
        return table
    }

    func makeCell(_ value: Value) -> UnsafeMutablePointer<UInt64> {
        let cell = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
        cell.initialize(repeating: 0, count: 2)
        value.store(toSlots: cell)
        cells.append(cell)
        return cell
    }

    // MARK: - Calling

    /// Calls a function whose arguments are in place; see ``GWMachine``.
    @inline(__always)
    func call(_ function: UnsafeMutablePointer<GWFunction>) throws {
        let trap = gw_call(machine, function)
        if _slowPath(trap != .none) { throw failure(trap) }
    }

    private func failure(_ trap: GWTrap) -> any Error {
        if trap == .hostError, let error = pendingError {
            pendingError = nil
            // A host function that was stopped stands for the guest that called it: its stack is what is wanted.
            if let failure = error as? any HostFailure, failure.isInterruption { return self.trap(.interrupted) }
            if var ending = error as? any GuestEnding {
                ending.note { backtrace().calls }
                return ending
            }
            return error
        }
        return self.trap(Trap.Code(code: trap))
    }

    /// The functions that the execution was in which has just ended, the innermost first, and whether there were more.
    private func backtrace() -> (calls: [Trap.Frame], isTruncated: Bool) {
        var frames = [GWFrame](repeating: GWFrame(), count: Trap.longestBacktrace + 1)
        let count = gw_backtrace(machine, &frames, frames.count)
        let calls = frames.prefix(min(count, Trap.longestBacktrace)).compactMap { frame -> Trap.Frame? in
            guard let instance = frame.instance, let storage = instances[instance],
                let function = storage.code.function(at: Int(frame.cell))
            else { return nil }
            return Trap.Frame(
                function: function, module: storage.module, code: storage.code, cell: Int(frame.cell))
        }
        return (calls, count > Trap.longestBacktrace)
    }

    /// The trap that the execution ended with just now.
    func trap(_ code: Trap.Code) -> Trap {
        let (calls, isTruncated) = backtrace()
        var trap = Trap(code: code, backtrace: calls, isTruncated: isTruncated)
        if code == .invalidFunction, let function = machine.pointee.unresolved?.pointee,
            let storage = instances[function.instance]
        {
            trap.invalidFunction = storage.code.failure(ofFunction: Int(function.index))
        }
        return trap
    }
}
