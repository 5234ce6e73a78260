internal import CSupport

/// Validates one function after the other and turns it into bytecode.
///
/// A single pass over the scanned instructions (see ``FunctionScan``) that keeps the operand stack in terms of
/// ``Operand``s and emits an instruction when a value must exist: when it is stored, passed, branched on, or when what
/// it depends on is about to change. At every label the stack is in its canonical form: each value in the slot of its
/// height.
///
/// ## The frame
///
///     -3 ... -1      the header                   what a return needs; see GW_FRAME_HEADER
///      0 ...         the parameters               the caller put the arguments here
///      ...           the other locals             zero, or never read before they are written
///      2 more        scratch                      operands on their way into one instruction
///      ...           the operand stack, by height a callee's header and frame begin in it
///
/// Results are left in the slots from 0 on, which is where the caller's operand stack has them.
struct FunctionLowering: ~Copyable {
    unowned let module: Module
    /// The global in a machine register, by its index in the module.
    let registerGlobal: UInt32?
    /// Whether values are delayed, jumps threaded and instructions fused.
    ///
    /// Without, every instruction of the function becomes one of its own: what the optimised code is compared with.
    let optimizes: Bool
    /// How many times a function is entered, or a loop of it begun anew, until it is compiled; nil where none is.
    let counterStart: UInt32?
    /// Whether calls and turns of loops are counted; see `budget` in gw_opcodes.def.
    let countsBudget: Bool
    /// How many slots behind the operand stack calls use at most: the header, arguments or results, an index.
    let callRoom: Int
    /// The canonical numbers of the module's function types.
    let typeNumbers: [UInt32]
    /// The module's function types and globals in slots.
    let layout: SlotLayout

    private var validator: FunctionValidator
    var scan = FunctionScan()
    var emitter: Emitter
    /// The operand stack.
    ///
    /// Invariant: `0 <= canonicalHeight <= height <= stackCapacity`, and the first `height` operands are initialized. There
    /// is room for the greatest height that the validator has seen, so nothing looks whether there is when it pushes.
    var stack: UnsafeMutablePointer<Operand>
    private(set) var stackCapacity = 256
    var height = 0
    /// The greatest height, in slots: of a function with vectors, of what has been looked at so far.
    private var greatestHeight = 0
    /// The values below this height lie in their canonical slots.
    var canonicalHeight = 0
    /// How many values may be left uncomputed.
    let delayLimit: Int

    // The function at hand.
    var parameterCount = 0
    var firstTemporary = 0
    var scratch = 0
    var localCount = 0
    var resultTypes: [ValueType] = []
    var usesVectors = false
    /// The local that stands for the register global.
    var registerCopy: UInt32?
    /// The construct whose end calls with the constant 0 begin at: see ``directEntry()``.
    var direct: UInt32?
    /// Where they begin, once that is emitted.
    var freshEntry: Int?
    /// The instruction at hand.
    var index = 0
    /// Whether the liveness of locals is known and last uses are marked; and the local whose value has been set but not
    /// computed.
    var knowsLastUses = false
    var delayed: (slot: Int, value: Operand)?
    /// The stack checks whose `if` is open, the innermost last: the construct, the label behind it, and the cell that
    /// is to hold the frame's size.
    var pendingChecks: [(end: Int, label: Label, cell: Int)] = []
    /// Gets what becomes of each instruction; nil if there is none.
    var origins: InstructionOrigins?

    init(
        module: Module, layout: SlotLayout, registerGlobal: UInt32?, optimizes: Bool, typeNumbers: [UInt32],
        counterStart: UInt32?, countsBudget: Bool, emitter: Emitter
    ) {
        self.module = module
        self.registerGlobal = registerGlobal
        self.optimizes = optimizes
        self.typeNumbers = typeNumbers
        self.counterStart = counterStart
        self.countsBudget = countsBudget
        self.emitter = emitter
        delayLimit = optimizes ? Self.largestDelay : 0
        self.layout = layout
        validator = FunctionValidator(module.codeContext)
        callRoom = layout.types.reduce(0) { max($0, $1.parameters.count, $1.results.count) } + Int(GW_FRAME_HEADER) + 1
        stack = .allocate(capacity: stackCapacity)
    }

    func deallocate() {
        scan.deallocate()
        emitter.deallocate()
        stack.deallocate()
    }

    /// Where the code of a function begins, in cells of the arena, and how many slots its frame has.
    struct Result {
        var general: Int
        var fresh: Int
        var slots: Int
    }

    /// Validates and lowers a function that the module defines.
    ///
    /// Functions whose code has been validated before are validated again: it costs little beside lowering, and the
    /// scan sees what the validator has seen.
    ///
    /// - Parameters:
    ///   - function: Its index in the module.
    ///   - position: The first free cell of the arena, whose `capacity` is in cells.
    /// - Returns: nil when the arena has no room for it, or its frame has more slots than operands can name.
    /// - Throws: What is wrong with the function.
    mutating func lower(_ function: Int, at position: Int, capacity: Int) throws(LoadFailure) -> Result? {
        let type = layout.types[Int(module.functionTypes[function])]
        let body = module.bodies[function - module.importedFunctionCount].bytes
        scan.begin(type, threads: optimizes, registerGlobal: optimizes ? registerGlobal : nil)
        let summary = try validate(body, type: module.functionTypes[function])
        usesVectors = summary.usesVectors || layout.hasVectors
        if usesVectors {
            gw_vector_prepare()
            scan.begin(type, threads: optimizes, registerGlobal: optimizes ? registerGlobal : nil)
            var splitter = VectorSplitter(scan, layout, module.codeContext)
            _ = try validator.validate(body, type: module.functionTypes[function], into: &splitter)
            scan = splitter.scan
        }
        scan.finish()
        prepareFrame(summary, type)
        guard frameFits else { return nil }
        emitter.begin(at: position, capacity: capacity)

        let live = optimizes && localCount <= FunctionScan.largestAnalysis ? scan.readBeforeWritten() : nil
        knowsLastUses = live != nil
        registerCopy = scan.registerCopy
        direct = directEntry()
        freshEntry = nil
        let general = emitter.position
        if direct == nil { emitCounter() }
        emitBudget()
        zeroLocals(live.map { direct == nil ? $0 : ~0 } ?? ~0)
        constructLabels()
        emitBody()
        guard frameFits else { return nil }
        let fresh: Int
        if let freshEntry {
            fresh = freshEntry
        } else if direct == nil, parameterCount == 0 || live.map({ $0 & 1 == 0 }) ?? false {
            // Nobody reads the argument: Go's functions without calls.
            fresh = general
        } else {
            fresh = emitter.position
            emitFreshEntry(general: general)
        }
        emitter.finish()
        guard !emitter.isFull else { return nil }
        return Result(general: general, fresh: fresh, slots: frameSlots)
    }

    private mutating func validate(_ body: Range<Int>, type: UInt32) throws(LoadFailure) -> FunctionValidator.Summary {
        guard let origins else { return try validator.validate(body, type: type, into: &scan) }
        var recorder = OriginRecorder(scan)
        let summary = try validator.validate(body, type: type, into: &recorder)
        scan = recorder.scan
        origins.instructions = recorder.instructions
        return summary
    }

    private mutating func prepareFrame(_ summary: FunctionValidator.Summary, _ type: FunctionType) {
        parameterCount = type.parameters.count
        resultTypes = type.results
        localCount = summary.localSlots
        scratch = localCount
        firstTemporary = scratch + 2
        // The validator counts values, of which each may be a vector.
        greatestHeight = usesVectors ? 0 : summary.maxOperandHeight
        let most = summary.maxOperandHeight * (usesVectors ? 2 : 1)
        if stackCapacity < most + 8 {
            stack.deallocate()
            stackCapacity = most * 2 + 8
            stack = .allocate(capacity: stackCapacity)
        }
        height = 0
        canonicalHeight = 0
        pendingChecks.removeAll(keepingCapacity: true)
        delayed = nil
    }

    /// How many slots the function's frame has, as far as it has been looked at.
    private var frameSlots: Int { firstTemporary + greatestHeight + callRoom }

    /// Whether operands can name them all.
    private var frameFits: Bool { frameSlots <= Int(GW_MAXIMUM_FRAME_SLOTS) }

    /// Whether the invariant of ``stack`` holds.
    var stackIsSound: Bool { canonicalHeight >= 0 && canonicalHeight <= height && height <= stackCapacity }

    // MARK: - Slots

    @inline(__always) func slot(ofLocal local: UInt32) -> Int {
        Int(local)
    }

    /// The canonical slot of the value at a height.
    @inline(__always) func temporary(_ height: Int) -> Int { firstTemporary + height }

    /// Sets locals to zero, of those whose bits are set (locals from 64 on always).
    private mutating func zeroLocals(_ mask: UInt64) {
        var local = parameterCount
        while local < localCount {
            let needed = { (local: Int) in local >= 64 || mask >> UInt64(local) & 1 != 0 }
            guard needed(local), UInt32(local) != registerCopy else {
                local += 1
                continue
            }
            var end = local + 1
            while end < localCount, needed(end), UInt32(end) != registerCopy { end += 1 }
            // The instruction counts with 16 bits, as slots do.
            let count = end - local
            if count == 1 {
                emitter.emit(.constS32, slot(ofLocal: UInt32(local)), word: 0)
            } else {
                emitter.emit(.zeroSlots, slot(ofLocal: UInt32(local)), count)
            }
            local = end
        }
    }

    // MARK: - Entries

    /// The construct whose end a call with the constant 0 as first argument leads to, where the function begins with
    /// nothing but a dispatch on that argument.
    private func directEntry() -> UInt32? {
        guard optimizes, let dispatch = scan.dispatch, dispatch.variable == .local(0), parameterCount > 0 else {
            return nil
        }
        var i = 0
        while i < scan.instructions.count {
            let instruction = scan.instructions[i]
            switch instruction.op {
            case .globalGet where registerCopy != nil && i == 0: i += 1
            case .block, .nop: break
            case .loop: return instruction.a == dispatch.loop ? scan.dispatchTarget(0) : nil
            case .localGet where dispatch.loop == nil: return scan.dispatchTarget(0)
            default: return nil
            }
            i += 1
        }
        return nil
    }

    /// Emits the entry for calls whose first argument is the constant 0 and was not stored, at the end of the construct
    /// that it leads to: nothing comes there from above, so the entry runs on into what it leads to.
    mutating func emitFreshEntryHere(_ construct: Int) {
        emitter.setBarrier()
        freshEntry = emitter.position
        emitBudget()
        zeroLocals(knowsLastUses ? scan.constructs[construct].liveAtLabel : ~0)
        if !scan.dispatchIsOnlyUse { emitter.emit(.constS32, 0, word: 0) }
    }

    /// Emits that entry behind the function, where it could not be emitted before.
    private mutating func emitFreshEntry(general: Int) {
        emitter.setBarrier()
        let target = emitter.makeLabel()
        if let direct {
            emitBudget()
            zeroLocals(knowsLastUses ? scan.constructs[Int(direct)].liveAtLabel : ~0)
            if !scan.dispatchIsOnlyUse { emitter.emit(.constS32, 0, word: 0) }
            emitter.emitJump(to: Label(scan.constructs[Int(direct)].label))
        } else {
            if parameterCount > 0 { emitter.emit(.constS32, 0, word: 0) }
            emitter.emitJump(to: target)
        }
        emitter.define(target, at: general)
    }

    /// Every construct has a label, in the order of constructs.
    private mutating func constructLabels() {
        for i in 0..<scan.constructs.count { scan.constructs[i].label = Int32(emitter.makeLabel()) }
    }

    /// Counts that execution comes here; see `counter` in gw_opcodes.def.
    mutating func emitCounter() {
        if let counterStart { emitter.emit(.counter, word: counterStart) }
    }

    /// Counts a call, or that a loop is begun or begun anew, where there is a budget.
    ///
    /// Every call begins with one, and every jump back leads to one: so nothing goes on for ever without them.
    mutating func emitBudget() {
        if countsBudget { emitter.emit(.budget) }
    }

    // MARK: - The pass

    private mutating func emitBody() {
        if usesVectors { return emitVectorBody() }
        if let origins { return emitBody(noting: origins) }
        index = 0
        while index < scan.instructions.count {
            let instruction = scan.instructions[index]
            if !instruction.flags.contains(.skip) { emit(instruction) }
            index += 1
        }
    }

    /// As ``emitBody()``, finding out how high the operand stack gets; up to where the frame has more slots than operands
    /// can name.
    private mutating func emitVectorBody() {
        index = 0
        while index < scan.instructions.count && frameFits {
            let instruction = scan.instructions[index]
            if !instruction.flags.contains(.skip) { emit(instruction) }
            greatestHeight = max(greatestHeight, height)
            index += 1
        }
    }

    /// As ``emitBody()``, noting where the code of each instruction begins.
    private mutating func emitBody(noting origins: InstructionOrigins) {
        index = 0
        while index < scan.instructions.count {
            let instruction = scan.instructions[index]
            // What is before it and has been taken together with another one has no code of its own.
            while origins.cells.count <= index { origins.cells.append(emitter.position) }
            if !instruction.flags.contains(.skip) { emit(instruction) }
            index += 1
        }
    }

    @inline(__always) private mutating func emit(_ instruction: ScannedInstruction) {
        if delayed != nil && takeDelayed(instruction) { return }
        switch instruction.op {
        case .nop, .i32ReinterpretF32, .i64ReinterpretF64, .f32ReinterpretI32, .f64ReinterpretI64:
            // Slots hold bits; the type is in the instruction that reads them.
            break
        case .i32Const, .i64Const, .f32Const, .f64Const: push(.constant(instruction.b))
        case .refNull: push(.constant(0))
        case .localGet:
            if instruction.flags.contains(.idiom), idiom() { break }
            localGet(instruction.a)
        case .localSet:
            if usesVectors && setVector(instruction) { break }
            localSet(instruction.a)
        case .localTee:
            if instruction.a == registerCopy {
                // `global.set sp` follows, and takes the value that the local would have had.
                break
            }
            localSet(instruction.a, delays: false)
            push(.slot(slot(ofLocal: instruction.a)))
        case .globalGet: globalGet(instruction.a)
        case .globalSet: globalSet(instruction.a)
        case .drop: drop()
        case .selectTyped where instruction.a == UInt32(ValueType.v128.rawValue): selectVector()
        case .select, .selectTyped: select()
        case .block, .loop, .if, .else, .end, .br, .brIf, .brTable, .return, .unreachable: control(instruction)
        case .call: call(instruction.a)
        case .callIndirect: callIndirect(type: instruction.a, table: UInt32(instruction.b))
        case .i32Load, .i64Load, .f32Load, .f64Load, .i32Load8S, .i32Load8U, .i32Load16S, .i32Load16U, .i64Load8S,
            .i64Load8U, .i64Load16S, .i64Load16U, .i64Load32S, .i64Load32U:
            load(instruction.op, offset: instruction.a)
        case .i32Store, .i64Store, .f32Store, .f64Store, .i32Store8, .i32Store16, .i64Store8, .i64Store16, .i64Store32:
            store(instruction.op, offset: instruction.a)
        case .memorySize, .memoryGrow, .memoryCopy, .memoryFill, .memoryInit, .dataDrop, .tableGet, .tableSet,
            .tableSize,
            .tableGrow, .tableFill, .tableCopy, .tableInit, .elemDrop, .refFunc:
            bulk(instruction)
        case .i32WrapI64: wrap()
        case .i64ExtendI32U: extend()
        case .i32Eqz: equalsZero(.i32Eq)
        case .i64Eqz, .refIsNull: equalsZero(.i64Eq)
        default: UInt8(instruction.op.rawValue >> 8) == Prefix.vector ? vector(instruction) : numeric(instruction.op)
        }
    }
}
