internal import CSupport

/// An instruction of a function in the form in which the passes of the lowering look at it.
struct ScannedInstruction {
    /// What the passes have found out.
    struct Flags: OptionSet {
        var rawValue: UInt8
        /// Nothing is to be emitted for it.
        static let skip = Flags(rawValue: 1)
        /// A branch to a loop whose dispatch is known: `a` is the construct whose end it leads to.
        static let threaded = Flags(rawValue: 2)
        /// The `end` of a construct that control never leaves this way.
        static let deadEnd = Flags(rawValue: 4)
        /// A `local.get` after which the local's value is not needed any more.
        static let lastUse = Flags(rawValue: 8)
        /// The `local.get` with which a ``GoIdiom`` begins.
        static let idiom = Flags(rawValue: 16)
    }

    var op: GWWasmOpcode
    // Not `[]`, for which the compiler leaves the release of an empty array behind.
    var flags = Flags(rawValue: 0)
    /// An index (local, global, function, table, type), the static offset of a memory access, the construct of a
    /// structured instruction or branch, or the first of a `br_table`'s labels in ``FunctionScan/labels``.
    var a: UInt32 = 0
    /// The bits of a constant, the number of a `br_table`'s labels, a second index, a lane, or where the bytes of a vector
    /// lie.
    var b: UInt64 = 0
}

/// A structured control instruction, or the function itself.
struct Construct {
    enum Kind: UInt8 { case function, block, loop, `if` }
    var kind: Kind
    var parameters: Int32
    var results: Int32
    /// Whether live code branches to it.
    var isTargeted = false
    /// Whether a threaded jump leads back to its end: a loop begins there.
    var isLoopHead = false
    /// The index of its `end` among the instructions; -1 while it is open.
    var end: Int32 = -1
    var hasElse = false
    /// The height of the operand stack below the construct's parameters; known when it is emitted.
    var height: Int32 = 0
    /// The label that branches to it lead to, and for `if` the one of the branch not taken; -1 until made.
    var label: Int32 = -1
    var elseLabel: Int32 = -1
    /// The stub of the `br_table` that was emitted last, for it; see `brTable`.
    var stub: Int32 = -1
    var stubOwner: Int32 = -1
    /// Whether that set has been asked for before it was found: by a branch that leads back.
    var wasAsked = false
    /// Locals that may be read after a branch to it, before they are written (see ``Liveness``).
    var liveAtLabel: UInt64 = 0
    /// The values that local variables may still have use for at its end and at its `else`.
    var liveAtEnd: UInt64 = 0
    var liveAtElse: UInt64 = 0

    /// How many values a branch to it carries.
    var arity: Int32 { kind == .loop ? parameters : results }
}

/// The decoded instructions of one function, without those that can never be executed, and what is known of its
/// structure.
///
/// Go's compiler turns a function into `loop; block...; local.get pc; br_table; end; ...`, and a jump inside of it into
/// `i32.const K; local.set pc; br loop`. The scan recognises the dispatch (by its structure; nothing here knows that Go
/// made it) and lets such jumps lead where the table would have sent them.
struct FunctionScan {
    /// What a `br_table` behind a loop's head, or at the function's beginning, dispatches on.
    struct Dispatch {
        enum Variable: Equatable { case local(UInt32), global(UInt32) }
        /// nil where the function is entered there, but never comes back to it.
        var loop: UInt32?
        var variable: Variable
        /// Its labels: a range of ``labels``.
        var firstLabel: Int
        var labelCount: Int
    }

    var instructions = Buffer<ScannedInstruction>(capacity: 4096)
    var constructs = Buffer<Construct>(capacity: 512)
    /// The targets of all `br_table`s: constructs.
    var labels = Buffer<UInt32>(capacity: 512)
    private(set) var open = Buffer<UInt32>(capacity: 512)
    private(set) var dispatch: Dispatch?
    /// Whether the dispatch's local is used for nothing else, so that threaded jumps need not write it.
    private(set) var dispatchIsOnlyUse = false
    /// The dispatch's loop and local while the rest of the function is decoded, and what is done to them apart from
    /// the jumps to be threaded; `UInt32.max` where there are none.
    private var dispatchLoop = UInt32.max
    private var dispatchLocal = UInt32.max
    private var otherUses = 0
    /// The unconditional branches to the dispatch's loop: indices of instructions.
    private var loopBranches = Buffer<Int32>(capacity: 512)
    /// The first label of the `br_table` whose targets come.
    private var tableStart = 0

    func deallocate() {
        instructions.deallocate()
        constructs.deallocate()
        labels.deallocate()
        open.deallocate()
        loopBranches.deallocate()
        events.deallocate()
    }

    /// What liveness depends on: an instruction on a local, or control.
    struct Event {
        enum Kind: UInt8 { case read, write, control }
        /// Its index in ``FunctionScan/instructions``.
        var instruction: UInt32
        /// The low bits of the local's index: only where there are at most ``FunctionScan/largestAnalysis`` locals are
        /// events looked at.
        var local: UInt8 = 0
        var kind: Kind
    }

    /// Records an instruction on a local.
    @inline(__always) private mutating func appendLocal(_ kind: Event.Kind, _ instruction: ScannedInstruction) {
        events.append(
            Event(
                instruction: UInt32(truncatingIfNeeded: instructions.count),
                local: UInt8(truncatingIfNeeded: instruction.a), kind: kind))
        instructions.append(instruction)
    }

    /// Records an instruction that control flow depends on.
    @inline(__always) private mutating func appendControl(_ instruction: ScannedInstruction) {
        events.append(Event(instruction: UInt32(truncatingIfNeeded: instructions.count), kind: .control))
        instructions.append(instruction)
    }

    /// How many constructs of code that is never executed are open; -1 in live code.
    private var deadDepth = -1
    /// Whether jumps through a dispatch are to be threaded.
    private var threads = false

    /// The instructions that liveness depends on: those on locals, and control.
    private(set) var events = Buffer<Event>(capacity: 2048)
    /// What is known about the local that is a copy of the register global.
    var copy = RegisterCopy()

    /// Begins with a function of a type.
    ///
    /// - Parameters:
    ///   - threads: Whether jumps through a dispatch are to be threaded.
    ///   - registerGlobal: The global whose copy in a local is looked for; nil for none.
    mutating func begin(_ type: FunctionType, threads: Bool, registerGlobal: UInt32?) {
        copy = RegisterCopy(global: registerGlobal ?? .max, parameterCount: UInt32(type.parameters.count))
        events.truncate(to: 0)
        instructions.truncate(to: 0)
        constructs.truncate(to: 0)
        labels.truncate(to: 0)
        open.truncate(to: 0)
        dispatch = nil
        dispatchIsOnlyUse = false
        dispatchLoop = .max
        dispatchLocal = .max
        otherUses = 0
        loopBranches.truncate(to: 0)
        deadDepth = -1
        self.threads = threads
        constructs.append(
            Construct(kind: .function, parameters: Int32(type.parameters.count), results: Int32(type.results.count)))
        open.append(0)
    }

    /// Finds out what the whole function has to be known for.
    mutating func finish() {
        if dispatch != nil { threadJumps() }
    }

    /// The construct that a label index means here.
    private func target(_ depth: UInt32) -> UInt32 {
        // In dead code constructs are not recorded and label indices mean nothing; the result is not used then.
        let index = open.count - 1 - Int(depth)
        return index >= 0 ? open[index] : 0
    }

    // MARK: - The dispatch

    /// Looks back from a `br_table` for `loop; block*; get`, all without parameters; at the function's beginning (behind
    /// the copy of the register global) also without a loop.
    private mutating func recogniseDispatch(_ table: ScannedInstruction) {
        var index = instructions.count - 1
        guard index >= 0 else { return }
        let variable: Dispatch.Variable
        switch instructions[index].op {
        case .localGet: variable = .local(instructions[index].a)
        case .globalGet: variable = .global(instructions[index].a)
        default: return
        }
        index -= 1
        while index >= 0, instructions[index].op == .block, isPlain(instructions[index].a) { index -= 1 }
        let loop: UInt32?
        if index >= 0, instructions[index].op == .loop, isPlain(instructions[index].a) {
            loop = instructions[index].a
        } else if index < 0 || index == 1 && instructions[0].op == .globalGet && instructions[1].op == .localSet {
            loop = nil
        } else {
            return
        }
        // A label that leads out of the loop, or carries values, would need more than a jump.
        for i in Int(table.a)..<Int(table.a) + Int(table.b) {
            guard constructs[Int(labels[i])].kind == .block,
                labels[i] > loop ?? .max || constructs[Int(labels[i])].arity == 0
            else { return }
        }
        dispatch = Dispatch(loop: loop, variable: variable, firstLabel: Int(table.a), labelCount: Int(table.b))
        dispatchLoop = loop ?? .max
        guard case .local(let local) = variable else { return }
        dispatchLocal = local
        for i in 0..<instructions.count - 1 where instructions[i].a == local {
            if instructions[i].op == .localGet || instructions[i].op == .localTee { otherUses += 1 }
        }
    }

    private func isPlain(_ construct: UInt32) -> Bool {
        constructs[Int(construct)].parameters == 0 && constructs[Int(construct)].results == 0
    }

    /// Where the dispatch sends the value `index`.
    func dispatchTarget(_ index: UInt64) -> UInt32 {
        guard let dispatch else { preconditionFailure("a dispatch has been recognised") }
        return labels[dispatch.firstLabel + min(Int(index), dispatch.labelCount - 1)]
    }

    /// Lets `const K; set variable; br loop` lead to label K.
    private mutating func threadJumps() {
        guard let dispatch else { return }
        for branch in 0..<loopBranches.count {
            let i = Int(loopBranches[branch])
            guard i >= 2, isWrite(instructions[i - 1], dispatch.variable), instructions[i - 2].op == .i32Const else {
                otherUses += 1
                continue
            }
            let target = dispatchTarget(instructions[i - 2].b)
            instructions[i].a = target
            instructions[i].flags.insert(.threaded)
            let end = constructs[Int(target)].end
            if end >= 0, Int(end) < i { constructs[Int(target)].isLoopHead = true }
        }
        // Writes that no threaded jump follows are dead with the dispatch's own read, too.
        dispatchIsOnlyUse = otherUses == 0
        guard dispatchIsOnlyUse, case .local = dispatch.variable else {
            dispatchIsOnlyUse = false
            return
        }
        for branch in 0..<loopBranches.count {
            let i = Int(loopBranches[branch])
            instructions[i - 1].flags.insert(.skip)
            instructions[i - 2].flags.insert(.skip)
        }
    }

    private func isWrite(_ instruction: ScannedInstruction, _ variable: Dispatch.Variable) -> Bool {
        switch variable {
        case .local(let index): instruction.op == .localSet && instruction.a == index
        case .global(let index): instruction.op == .globalSet && instruction.a == index
        }
    }
}

extension FunctionScan: InstructionSink {
    static var isUsed: Bool { true }

    @inline(__always) mutating func append(_ op: GWWasmOpcode, index: UInt32) {
        guard deadDepth < 0 else { return }
        let instruction = ScannedInstruction(op: op, a: index)
        switch op {
        case .localGet, .localTee, .localSet:
            if index == dispatchLocal && op != .localSet { otherUses += 1 }
            if index == copy.local || op == .localSet && instructions.count == 1 { noteCopy(op, index) }
            if index == copy.local {
                // Half of all are on the copy of the register global, whose liveness nobody asks for.
                instructions.append(instruction)
            } else {
                appendLocal(op == .localGet ? .read : .write, instruction)
            }
        case .globalSet:
            if index == copy.global { noteRegisterSet() }
            instructions.append(instruction)
        case .call:
            copy.isStale = true
            instructions.append(instruction)
        default:
            instructions.append(instruction)
        }
    }

    @inline(__always) mutating func append(_ op: GWWasmOpcode, constant: UInt64) {
        if deadDepth < 0 { instructions.append(ScannedInstruction(op: op, b: constant)) }
    }

    @inline(__always) mutating func append(_ op: GWWasmOpcode) {
        if deadDepth < 0 { instructions.append(ScannedInstruction(op: op)) }
    }

    mutating func append(_ op: GWWasmOpcode, _ immediates: Immediates) {
        guard deadDepth < 0 else { return }
        if op == .callIndirect { copy.isStale = true }
        let bytes = immediates.bytes.map { UInt64(UInt(bitPattern: $0)) }
        instructions.append(ScannedInstruction(op: op, a: immediates.index, b: bytes ?? immediates.bits))
    }

    @inline(__always) mutating func open(_ op: GWWasmOpcode, _ signature: UnsafePointer<Signature>) {
        open(op, parameters: signature.pointee.parameterCount, results: signature.pointee.resultCount)
    }

    /// A `block`, `loop` or `if`, by how many slots it takes and leaves.
    @inline(__always) mutating func open(_ op: GWWasmOpcode, parameters: Int32, results: Int32) {
        guard deadDepth < 0 else {
            deadDepth += 1
            return
        }
        copy.joinPaths()
        let construct = UInt32(constructs.count)
        let kind: Construct.Kind = op == .block ? .block : op == .loop ? .loop : .if
        constructs.append(Construct(kind: kind, parameters: parameters, results: results))
        open.append(construct)
        let instruction = ScannedInstruction(op: op, a: construct)
        // Liveness knows blocks by their ends.
        if op == .block { instructions.append(instruction) } else { appendControl(instruction) }
    }

    mutating func openElse() {
        if deadDepth > 0 { return }
        // What was dead before it is the end of the first branch; the second is alive.
        let construct = open[open.count - 1]
        var instruction = ScannedInstruction(op: .else, a: construct)
        if deadDepth == 0 {
            instruction.flags = .deadEnd
        } else {
            // The first branch goes from here to the end.
            constructs[Int(construct)].isTargeted = true
        }
        copy.joinPaths()
        deadDepth = -1
        constructs[Int(construct)].hasElse = true
        appendControl(instruction)
    }

    @inline(__always) mutating func end() {
        if deadDepth > 0 {
            deadDepth -= 1
            return
        }
        let index = open[open.count - 1]
        open.truncate(to: open.count - 1)
        var instruction = ScannedInstruction(op: .end, a: index)
        if deadDepth == 0 {
            instruction.flags = .deadEnd
            let construct = constructs[Int(index)]
            let isReached =
                construct.kind != .loop && construct.isTargeted || construct.kind == .if && !construct.hasElse
            if isReached { deadDepth = -1 }
        }
        constructs[Int(index)].end = Int32(truncatingIfNeeded: instructions.count)
        // Behind the function's end nothing reads it.
        if index != 0 { copy.joinPaths() }
        appendControl(instruction)
    }

    @inline(__always) mutating func branch(_ op: GWWasmOpcode, depth: UInt32) {
        guard deadDepth < 0 else { return }
        let construct = target(depth)
        constructs[Int(construct)].isTargeted = true
        if op == .br { deadDepth = 0 }
        if construct == dispatchLoop {
            if op == .br { loopBranches.append(Int32(instructions.count)) } else { otherUses += 1 }
        }
        copy.joinPaths()
        appendControl(ScannedInstruction(op: op, a: construct))
    }

    mutating func leave(_ op: GWWasmOpcode) {
        guard deadDepth < 0 else { return }
        deadDepth = 0
        // Nothing follows that could read it.
        copy.isStale = false
        appendControl(ScannedInstruction(op: op))
    }

    mutating func beginTable() { tableStart = labels.count }

    mutating func appendTarget(depth: UInt32) {
        guard deadDepth < 0 else { return }
        let label = target(depth)
        labels.append(label)
        constructs[Int(label)].isTargeted = true
        if label == dispatchLoop { otherUses += 1 }
    }

    mutating func endTable() {
        guard deadDepth < 0 else { return }
        let count = labels.count - tableStart
        let instruction = ScannedInstruction(op: .brTable, a: UInt32(tableStart), b: UInt64(count))
        deadDepth = 0
        if threads && dispatch == nil { recogniseDispatch(instruction) }
        copy.joinPaths()
        appendControl(instruction)
    }

    mutating func append(_ idiom: GoIdiom) {
        let first = instructions.count
        appendInstructions(of: idiom)
        markIdiom(from: first)
    }

    /// Marks the instructions from `first` on as an idiom, if they are executed at all.
    @inline(__always) mutating func markIdiom(from first: Int) {
        if instructions.count > first { instructions[first].flags.insert(.idiom) }
    }
}
