public import CSupport
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

        /// Makes options.
        public init(
            checksAddresses: Bool = false, optimizes: Bool = true, compilation: CompilationPolicy? = CompilationPolicy()
        ) {
            self.checksAddresses = checksAddresses
            self.optimizes = optimizes
            self.compilation = compilation
        }
    }

    /// What the dispatch loop works with; valid while the object lives.
    public let code: UnsafeMutablePointer<GWCode>
    /// How the code is made.
    public let options: Options
    /// The global that lives in a machine register, by its index in the module; nil if there is none fit for it.
    public let registerGlobal: UInt32?
    /// How the module's values lie in slots.
    package let layout: SlotLayout
    /// The canonical numbers of the module's types; see ``TypeNumbers``.
    public let typeNumbers: [UInt32]
    // Not owned: the module keeps its code.
    unowned let module: Module
    private let arenaBytes: Int
    /// What counters begin with; nil where there are none.
    let counterStart: UInt32?

    /// A stretch of code.
    struct Lowered {
        /// The first cell, and the first behind it.
        var cells: Range<Int>
        var function: Int
        /// How many slots its frame has, with room for the header and the arguments of what it calls.
        var slots: Int
    }
    struct State: ~Copyable {
        var lowering: FunctionLowering
        /// What is wrong with the functions that were found to be invalid.
        var failures: [Int: ModuleError] = [:]
        /// In the order of their cells.
        var functions: [Lowered] = []
        var position = Int(GW_EXIT_CELLS)
        /// What checks bytecode: kept bytecode, and in builds for tests all.
        var verifier: BytecodeVerifier
    }
    private var state: State
    private let lock = Mutex(())
    var reader: BytecodeReader { BytecodeReader(code) }

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
        registerGlobal = Self.chooseRegisterGlobal(module)
        layout = SlotLayout(module)
        typeNumbers = TypeNumbers.numbers(of: module.types)

        // Most instructions are smaller than what they become; the arena is address space, committed where it is
        // written.
        let codeBytes = module.bodies.reduce(0) { $0 + $1.bytes.count }
        var bytes = (codeBytes + module.bodies.count * 16) * 24 + (1 << 16)
        var arena: UnsafeMutableRawPointer?
        var native: OpaquePointer?
        while true {
            // Offsets in the code count cells with 32 bits, signed.
            if bytes / 4 <= Int(Int32.max) {
                if !options.checksAddresses {
                    native = options.compilation?.prepare(bytes: bytes, functionCount: module.functionTypes.count)
                }
                arena =
                    native.map(gw_native_arena).flatMap { UnsafeMutableRawPointer($0) }
                    ?? LargePages.map(bytes, advised: bytes, sparse: true)
            }
            if arena != nil || bytes < codeBytes * 3 { break }
            bytes /= 2
        }
        guard let arena else { throw CodeSpaceError() }
        arenaBytes = bytes
        code = .allocate(capacity: 1)
        let entries = UnsafeMutablePointer<GWCodeEntry>.allocate(capacity: max(1, module.functionTypes.count))
        entries.initialize(repeating: GWCodeEntry(any: 0, zero: 0), count: max(1, module.functionTypes.count))
        let cells = arena.assumingMemoryBound(to: UInt32.self)
        code.initialize(
            to: GWCode(
                checked: options.checksAddresses, arena: cells, capacity: UInt64(bytes / 4), entries: entries,
                lower: Self.lower, compile: Self.compile, context: nil, native: native))
        gw_write_exit(code)
        // With a threshold of 0 nothing is left to count.
        counterStart = native == nil || options.compilation?.threshold == 0 ? nil : options.compilation?.threshold
        let emitter = Emitter(
            handlers: gw_handlers(options.checksAddresses), arena: cells, fusesPairs: options.optimizes)
        state = State(
            lowering: FunctionLowering(
                module: module, layout: layout, registerGlobal: registerGlobal.map(layout.cell(ofGlobal:)),
                optimizes: options.optimizes, typeNumbers: typeNumbers, counterStart: counterStart,
                emitter: emitter),
            verifier: BytecodeVerifier(
                module, layout: layout, typeNumbers: typeNumbers, hasRegisterGlobal: registerGlobal != nil))
        code.pointee.context = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        state.lowering.deallocate()
        if let native = code.pointee.native {
            gw_native_destroy(native)
        } else {
            LargePages.unmap(code.pointee.arena, arenaBytes)
        }
        code.pointee.entries.deallocate()
        code.deallocate()
    }

    /// How many bytes of code are looked at to choose a global.
    private static var sampleBytes: Int { 16 << 10 }

    /// The mutable i32 global that code writes most often.
    ///
    /// Imported ones belong to others as well, and exported ones can be looked at while the loop holds a newer value,
    /// so they do not qualify. Where several do, a sample of functions decides.
    private static func chooseRegisterGlobal(_ module: Module) -> UInt32? {
        let exported = Set(module.exports.lazy.filter { $0.kind == .global }.map(\.index))
        let candidates = (module.importedGlobalCount..<module.globalTypes.count).filter { index in
            let type = module.globalTypes[index]
            return type.value == .i32 && type.isMutable && !exported.contains(UInt32(index))
        }
        guard candidates.count > 1 else { return candidates.first.map { UInt32($0) } }
        var validator = FunctionValidator(module.codeContext)
        var sink = NoSink()
        let codeBytes = module.bodies.reduce(0) { $0 + $1.bytes.count }
        let stride = max(1, codeBytes / sampleBytes)
        for body in Swift.stride(from: 0, to: module.bodies.count, by: stride) {
            let type = module.functionTypes[module.importedFunctionCount + body]
            // An invalid function tells what comes before its fault; that it is one, its caller will hear.
            _ = try? validator.validate(module.bodies[body].bytes, type: type, into: &sink)
        }
        let best = candidates.max { validator.globalWriteCounts[$0] < validator.globalWriteCounts[$1] }
        return best.map { UInt32($0) }
    }

    /// What is wrong with a function that was found to be invalid when it was called; nil for others.
    public func failure(ofFunction function: Int) -> ModuleError? { withState { $0.failures[function] } }

    private static let lower: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt32) -> GWTrap = {
        context, observer, function in
        let code = Unmanaged<LoweredCode>.fromOpaque(context!).takeUnretainedValue()
        guard let observer else { return code.lower(Int(function)) }
        return code.lower(Int(function), for: Unmanaged<LoweringObserver>.fromOpaque(observer).takeUnretainedValue())
    }

    /// Lowers a function, and reports what that cost.
    private func lower(_ function: Int, for observer: LoweringObserver) -> GWTrap {
        let body = module.bodies[function - module.importedFunctionCount].bytes
        // Validation is one with the lowering: how much of the time is its, a validation by itself shows.
        let begin = MonotonicClock.now()
        var validator = FunctionValidator(module.codeContext)
        var sink = NoSink()
        let prepared = MonotonicClock.now()
        _ = try? validator.validate(body, type: module.functionTypes[function], into: &sink)
        let validated = MonotonicClock.now()
        let trap = lower(function)
        let end = MonotonicClock.now()
        let cells = lowered(at: Int(code.pointee.entries[function].any))?.cells.count ?? 0
        observer.report(
            LoweringCost(
                wasmBytes: body.count, bytecodeBytes: cells * MemoryLayout<UInt32>.size,
                validation: validated - prepared, total: end - validated, measuring: validated - begin))
        return trap
    }

    /// Validates and lowers a function if that has not been done.
    func lower(_ function: Int) -> GWTrap {
        withState { state in
            let entry = code.pointee.entries + function
            if entry.pointee.any != 0 { return .none }
            let start = state.position
            let result: FunctionLowering.Result
            do throws(LoadFailure) {
                let lowered = try state.lowering.lower(function, at: start, capacity: Int(code.pointee.capacity))
                guard let lowered else { return .codeSpaceExhausted }
                result = lowered
            } catch {
                state.failures[function] = module.error(error, inFunction: function)
                return .invalidFunction
            }
            state.position = state.lowering.emitter.position
            let lowered = Lowered(cells: start..<state.position, function: function, slots: result.slots)
            state.functions.append(lowered)
            entry.pointee.zero = UInt32(result.zero)
            // Whoever sees this sees the code, too.
            gw_publish(&entry.pointee.any, UInt32(result.any))
            #if DEBUG || GOWASM_VERIFY
                if let fault = state.verifier.fault(in: lowered, of: code) {
                    fatalError("lowered to what is no bytecode: \(fault)")
                }
            #endif
            if options.compilation?.threshold == 0 { compile(lowered, &state) }
            return .none
        }
    }

    /// What is wrong with the code of functions, if it is no bytecode (see gw_verify): a line each, in their order.
    package func faults() -> [String] {
        withState { state in
            state.functions.compactMap { state.verifier.fault(in: $0, of: code)?.description }
        }
    }

    /// The cells of the functions that have been lowered, in their order.
    package var loweredCells: [Range<Int>] { withState { $0.functions.map(\.cells) } }

    /// The lowered function that a cell belongs to; nil for none.
    func lowered(at cell: Int) -> Lowered? { withState { lowered(at: cell, $0) } }

    func lowered(at cell: Int, _ state: borrowing State) -> Lowered? {
        var low = 0
        var high = state.functions.count
        while low < high {
            let middle = (low + high) / 2
            if state.functions[middle].cells.upperBound <= cell { low = middle + 1 } else { high = middle }
        }
        guard low < state.functions.count, state.functions[low].cells.contains(cell) else { return nil }
        return state.functions[low]
    }

    /// The index in the module of the function that a cell of the arena belongs to; nil for none.
    public func function(at cell: Int) -> Int? { lowered(at: cell)?.function }

    /// The index in the module of the function that the call instruction at a cell calls; nil where there is no such
    /// instruction, or it finds out while it runs.
    public func directCallee(at cell: Int) -> Int? {
        guard let call = reader.instruction(at: cell), call.info.family == .call else { return nil }
        return Int(call[Int(GW_CALL_FUNCTION)])
    }

    /// The word that is pushed onto the guest's stack for the call at a cell, which is Go's return address; nil where
    /// there is none, or no call.
    public func pushedWord(at cell: Int) -> Int? {
        reader.instruction(at: cell).flatMap(Self.pushedWord)
            ?? pushedWords(ofFunctionAt: cell).first { $0.cell == cell }?.word
    }

    /// The word that a call itself pushes; nil if it pushes none.
    private static func pushedWord(_ call: BytecodeInstruction) -> Int? {
        call.info.facts.contains(.pushes) ? call.signed(Int(GW_CALL_IMMEDIATE)) : nil
    }

    /// The words that calls in the function at a cell push, with the cells of the calls, in the order of the code.
    ///
    /// Where the callee is not known before the return address is pushed, that is done by a store before the call.
    public func pushedWords(ofFunctionAt cell: Int) -> [(cell: Int, word: Int)] {
        guard let lowered = lowered(at: cell) else { return [] }
        var words: [(cell: Int, word: Int)] = []
        var stored: Int?
        for instruction in reader.instructions(lowered.cells) {
            if instruction.plain == .store64_si {
                if instruction[1] == 0 { stored = instruction.signed(2) }
            } else if instruction.isCall {
                let isIndirect = instruction.info.family == .callIndirect
                if let word = Self.pushedWord(instruction) ?? (isIndirect ? stored : nil) {
                    words.append((instruction.cell, word))
                }
                stored = nil
            }
        }
        return words
    }

    /// What the last call before a cell pushes, and the first one at or behind it, in the function that the cell
    /// belongs to.
    public func pushedWords(around cell: Int) -> (previous: Int?, next: Int?) {
        let calls = pushedWords(ofFunctionAt: cell)
        return (calls.last { $0.cell < cell }?.word, calls.first { $0.cell >= cell }?.word)
    }

    /// The offset in the module of the instruction that the code at a cell was made for; nil where that is not known.
    ///
    /// The function is lowered once more to find out.
    public func offset(ofCell cell: Int) -> Int? {
        guard let lowered = lowered(at: cell), let again = try? LoweredCode(module, options: options),
            let (origins, copy) = again.lowerNotingOrigins(lowered.function)
        else { return nil }
        let body = module.bodies[lowered.function - module.importedFunctionCount].bytes
        let instructions = WasmText(module.bytes) { _ in nil }.offsets(body)
        let number = origins.instruction(at: cell - lowered.cells.lowerBound + copy.cells.lowerBound)
        return number.flatMap { instructions.indices.contains($0) ? instructions[$0] : nil }
    }

    /// Lowers the first function of new code; nil where that fails.
    private func lowerNotingOrigins(_ function: Int) -> (InstructionOrigins, Lowered)? {
        let origins = InstructionOrigins()
        withState { $0.lowering.origins = origins }
        guard lower(function) == .none else { return nil }
        return withState { state in state.functions.first.map { (origins, $0) } }
    }

    /// The instructions of a function, and beside them what they become.
    ///
    /// - Parameters:
    ///   - function: Its index in the module.
    ///   - name: Names of functions that are called.
    /// - Throws: ``ModuleError`` when it is invalid, and ``CodeSpaceError`` when it cannot be lowered.
    public func listing(_ function: Int, name: @escaping (Int) -> String?) throws -> String {
        guard function >= module.importedFunctionCount, function < module.functionTypes.count else { return "" }
        // Code of its own: this one may belong to instances that are running.
        let code = try LoweredCode(module, options: options)
        guard let (origins, lowered) = code.lowerNotingOrigins(function) else {
            throw code.failure(ofFunction: function) ?? CodeSpaceError()
        }
        let body = module.bodies[function - module.importedFunctionCount].bytes
        let wasm = WasmText(module.bytes, name: name).instructions(body)
        let bytecode = Disassembler(code.code).instructions(lowered)
        return origins.listing(wasm, bytecode, from: lowered.cells.lowerBound, name: name)
    }

    /// The instructions of a function, which is lowered if that has not been done, one a line.
    ///
    /// - Throws: ``ModuleError`` when it is invalid, and ``CodeSpaceError`` when it cannot be lowered.
    package func disassemble(_ function: Int) throws -> String {
        guard function >= module.importedFunctionCount, function < module.functionTypes.count else { return "" }
        guard lower(function) == .none else { throw failure(ofFunction: function) ?? CodeSpaceError() }
        let lowered = withState { state in state.functions.first { $0.function == function } }
        guard let lowered else { return "" }
        return Disassembler(code).disassemble(lowered)
    }
}

/// Gets what the lowering of each function cost.
package final class LoweringObserver {
    let report: (LoweringCost) -> Void

    package init(_ report: @escaping (LoweringCost) -> Void) { self.report = report }
}

/// What the lowering of a function cost; times in nanoseconds.
package struct LoweringCost {
    package var wasmBytes: Int
    package var bytecodeBytes: Int
    /// The time of its validation alone.
    package var validation: UInt64
    /// The time of its validation and lowering.
    package var total: UInt64
    /// The time that finding this out took besides.
    package var measuring: UInt64
}

/// No room for the code of a module: too little address space, or a function with more slots than operands can name.
public struct CodeSpaceError: Error {}

/// Numbers for function types, equal for equal types in the whole process: what an indirect call compares.
public enum TypeNumbers {
    private struct Known {
        var numbers: [FunctionType: UInt32] = [:]
        var types: [FunctionType] = []
    }
    private static let known = Mutex(Known())

    /// The numbers of types, in their order.
    public static func numbers(of types: [FunctionType]) -> [UInt32] {
        known.withLock { known in
            types.map { type in
                if let number = known.numbers[type] { return number }
                let number = UInt32(known.types.count)
                known.numbers[type] = number
                known.types.append(type)
                return number
            }
        }
    }

    /// The type of a number.
    public static func type(_ number: UInt32) -> FunctionType { known.withLock { $0.types[Int(number)] } }
}
