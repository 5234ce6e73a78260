package import CSupport
internal import Synchronization

/// The bytecode of a module, made function by function as they are called first, and shared by all instances that run
/// in the same way.
public final class LoweredCode: @unchecked Sendable {
    // Sendable: `state` is used under the lock only; the arena and the entries are written under
    // the lock and read by running loops, which see an entry only after the code behind it.

    /// How code is made.
    public struct Options: Hashable, Sendable {
        /// Whether addresses are compared with the memory's size, for memories without guard pages.
        public var checksAddresses: Bool
        /// Whether values are delayed, jumps threaded and instructions fused.
        public var optimizes: Bool
        /// When functions are compiled to machine code; nil for never.
        public var compilation: CompilationPolicy?
        /// Whether calls and turns of loops are counted, for a store with a budget.
        public var countsBudget: Bool

        /// Makes options.
        public init(
            checksAddresses: Bool = false, optimizes: Bool = true,
            compilation: CompilationPolicy? = CompilationPolicy(), countsBudget: Bool = false
        ) {
            self.checksAddresses = checksAddresses
            self.optimizes = optimizes
            self.compilation = compilation
            self.countsBudget = countsBudget
        }
    }

    /// What the dispatch loop works with; valid while the object lives.
    package let code: UnsafeMutablePointer<GWCode>
    /// How the code is made.
    package let options: Options
    /// The global that lives in a machine register, by its index in the module; nil if there is none fit for it.
    package let registerGlobal: UInt32?
    /// How the module's values lie in slots.
    package let layout: SlotLayout
    /// The canonical numbers of the module's types; see ``TypeNumbers``.
    package let typeNumbers: [UInt32]
    // Not owned: the module keeps its code.
    unowned let module: Module
    let arena: CodeArena
    /// What counters begin with; nil where there are none.
    let counterStart: UInt32?

    struct State: ~Copyable {
        var lowering: FunctionLowering
        /// What is wrong with the functions that were found to be invalid.
        var failures: [Int: ModuleError] = [:]
        /// In the order of their cells.
        var functions: [LoweredFunction] = []
        /// The arena's first free cell.
        var position = Int(GW_EXIT_CELLS)
        /// What checks bytecode: kept bytecode, and in builds for tests all.
        var verifier: BytecodeVerifier
    }
    private var state: State
    private let lock = Mutex(())

    func withState<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        try lock.withLock { _ in try body(&state) }
    }

    /// Prepares for lowering the functions of a module.
    ///
    /// Nothing is lowered yet.
    ///
    /// - Throws: ``CodeSpaceError`` when no address space can be had for the code.
    public init(_ module: Module, options: Options) throws(CodeSpaceError) {
        self.module = module
        self.options = options
        registerGlobal = RegisterGlobal.choose(module)
        layout = SlotLayout(module)
        typeNumbers = TypeNumbers.numbers(of: module.types)
        let compilation = options.checksAddresses ? nil : options.compilation
        arena = try CodeArena(
            codeBytes: module.bodies.reduce(0) { $0 + $1.bytes.count }, bodyCount: module.bodies.count,
            prepareNative: { compilation?.prepare(bytes: $0, functionCount: module.functionTypes.count) })
        code = .allocate(capacity: 1)
        let entries = UnsafeMutablePointer<GWCodeEntry>.allocate(capacity: max(1, module.functionTypes.count))
        entries.initialize(repeating: GWCodeEntry(general: 0, fresh: 0), count: max(1, module.functionTypes.count))
        code.initialize(
            to: GWCode(
                checked: options.checksAddresses, arena: arena.cells, capacity: UInt64(arena.capacity),
                entries: entries, lower: Self.lower, compile: Self.compile, context: nil, native: arena.native))
        gw_write_exit(code)
        // With a threshold of 0 nothing is left to count.
        counterStart = arena.native == nil || compilation?.threshold == 0 ? nil : compilation?.threshold
        let emitter = Emitter(
            handlers: gw_handlers(options.checksAddresses), arena: arena.cells, fuses: options.optimizes)
        state = State(
            lowering: FunctionLowering(
                module: module, layout: layout, registerGlobal: registerGlobal.map(layout.cell(ofGlobal:)),
                optimizes: options.optimizes, typeNumbers: typeNumbers, counterStart: counterStart,
                countsBudget: options.countsBudget, emitter: emitter),
            verifier: BytecodeVerifier(
                module, layout: layout, typeNumbers: typeNumbers, hasRegisterGlobal: registerGlobal != nil))
        code.pointee.context = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        state.lowering.deallocate()
        code.pointee.entries.deallocate()
        code.deallocate()
    }
}

extension Module {
    /// The bytecode of the module, made function by function; the same object for the same options.
    ///
    /// - Throws: ``CodeSpaceError`` when no address space can be had for it.
    package func loweredCode(_ options: LoweredCode.Options) throws(CodeSpaceError) -> LoweredCode {
        let isWanted = { (code: LoweredCode) in code.options == options }
        if let known = kept(isWanted) { return known }
        return keep(try LoweredCode(self, options: options), unlessThereIs: isWanted)
    }
}
