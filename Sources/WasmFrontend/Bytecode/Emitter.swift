internal import CSupport

/// A place in the code that jumps lead to.
typealias Label = Int

/// Writes instructions into the arena: cells, labels, and the few corrections of what was written last.
///
/// Where instructions begin matters to the corrections only: they look at the last one or two, as long as no label
/// lies between (another path would then come to run the corrected instruction).
struct Emitter {
    /// The arena's first cell, and the first one that is free.
    private var arena: UnsafeMutablePointer<UInt32>
    private(set) var position = 0
    private var capacity = 0
    private let handlers: UnsafePointer<Int32>
    private let info: UnsafePointer<GWOpInfo>

    /// The positions of labels, -1 until bound.
    private var labels = Buffer<Int>(capacity: 512)
    /// Cells that are to hold a distance: from where, and to which label.
    private struct Fixup { var cell: Int; var start: Int; var label: Label }
    private var fixups = Buffer<Fixup>(capacity: 1024)

    /// An instruction that has been written.
    struct Written { var op: GWOp = .invalid; var start = -1 }
    /// Those of the function, the last two of which may be corrected, and the position before which nothing may be.
    private var written = Buffer<Written>(capacity: 1024)
    private var barrier = 0
    /// What makes pairs of them; nil for nobody.
    private let pairs: PairFusion?

    /// Whether there was no room for an instruction; the code is then of no use.
    private(set) var isFull = false

    init(handlers: UnsafePointer<Int32>, arena: UnsafeMutablePointer<UInt32>, fuses: Bool) {
        self.handlers = handlers
        self.arena = arena
        info = gw_op_info()
        pairs = fuses ? PairFusion(handlers: handlers) : nil
    }

    func deallocate() {
        labels.deallocate()
        fixups.deallocate()
        checkedLoads.deallocate()
        written.deallocate()
        pairs?.deallocate()
    }

    /// Begins a function's code at a free cell of the arena.
    mutating func begin(at start: Int, capacity: Int) {
        position = start
        self.capacity = capacity
        isFull = false
        labels.truncate(to: 0)
        fixups.truncate(to: 0)
        checkedLoads.truncate(to: 0)
        written.truncate(to: 0)
        nilCheck.label = -1
        setBarrier()
    }

    // MARK: - Instructions

    /// Forgets what was written last, for corrections: what comes next may be reached another way.
    mutating func setBarrier() { barrier = position }

    private mutating func room(for cells: Int) -> Bool {
        if !isFull && position + cells <= capacity { return true }
        isFull = true
        return false
    }

    private mutating func begin(_ op: GWOp, cells: Int) -> UnsafeMutablePointer<UInt32>? {
        guard room(for: cells) else { return nil }
        written.append(Written(op: op, start: position))
        let cell = arena + position
        cell[0] = UInt32(bitPattern: handlers[Int(op.rawValue)])
        position += cells
        return cell
    }

    /// Writes an instruction without 16-bit operands.
    mutating func emit(_ op: GWOp) { _ = begin(op, cells: 1) }

    @inline(__always) private func half(_ value: Int) -> UInt32 {
        assert(value >= 0 && value <= 0xFFFF)
        return UInt32(truncatingIfNeeded: value) & 0xFFFF
    }

    /// Writes an instruction; `halves` are its 16-bit operands, `words` its 32-bit ones.
    mutating func emit(_ op: GWOp, _ h0: Int) {
        guard let cell = begin(op, cells: 2) else { return }
        cell[1] = half(h0)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int) {
        guard let cell = begin(op, cells: 2) else { return }
        cell[1] = half(h0) | half(h1) << 16
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int, _ h2: Int, _ h3: Int = 0) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = half(h0) | half(h1) << 16
        cell[2] = half(h2) | half(h3) << 16
    }
    mutating func emit(_ op: GWOp, word: UInt32) {
        guard let cell = begin(op, cells: 2) else { return }
        cell[1] = word
    }
    mutating func emit(_ op: GWOp, words w0: UInt32, _ w1: UInt32) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = w0
        cell[2] = w1
    }
    mutating func emit(_ op: GWOp, _ h0: Int, word: UInt32) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = half(h0)
        cell[2] = word
    }
    mutating func emit(_ op: GWOp, _ h0: Int, words w0: UInt32, _ w1: UInt32) {
        guard let cell = begin(op, cells: 4) else { return }
        cell[1] = half(h0)
        cell[2] = w0
        cell[3] = w1
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int, word: UInt32) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = half(h0) | half(h1) << 16
        cell[2] = word
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int, _ h2: Int, words w0: UInt32, _ w1: UInt32?) {
        guard let cell = begin(op, cells: w1 == nil ? 4 : 5) else { return }
        cell[1] = half(h0) | half(h1) << 16
        cell[2] = half(h2)
        cell[3] = w0
        if let w1 { cell[4] = w1 }
    }

    /// Writes a move.
    ///
    /// Two in a row become one instruction.
    mutating func emitMove(_ target: Int, _ source: Int, combines: Bool) {
        guard combines, lastIs(.move), room(for: 1) else { return emit(.move, target, source) }
        correctLast(.move2)
        arena[position] = half(target) | half(source) << 16
        position += 1
    }

    /// Writes an instruction of the operands in the order of its letters, whatever their widths.
    mutating func emit(_ op: GWOp, operands: Operands) {
        let halves = info[Int(op.rawValue)].halves
        let halfCount = halves.nonzeroBitCount
        let first = 1 + (halfCount + 1) / 2
        guard let cell = begin(op, cells: first + operands.count - halfCount) else { return }
        var half = 0
        var word = first
        for i in 0..<operands.count {
            let value = operands[i]
            if halves >> UInt8(i) & 1 != 0 {
                let bits = self.half(Int(value))
                if half & 1 == 0 { cell[1 + half / 2] = bits } else { cell[1 + half / 2] |= bits << 16 }
                half += 1
            } else {
                cell[word] = UInt32(truncatingIfNeeded: value)
                word += 1
            }
        }
    }

    /// The operands of an instruction, in the order of its letters; at most five.
    struct Operands {
        private var values: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        private(set) var count = 0

        init() {}
        init(_ v0: UInt64) {
            values.0 = v0
            count = 1
        }
        init(_ v0: UInt64, _ v1: UInt64) {
            (values.0, values.1) = (v0, v1)
            count = 2
        }
        init(_ v0: UInt64, _ v1: UInt64, _ v2: UInt64) {
            (values.0, values.1, values.2) = (v0, v1, v2)
            count = 3
        }
        init(_ v0: UInt64, _ v1: UInt64, _ v2: UInt64, _ v3: UInt64) {
            (values.0, values.1, values.2, values.3) = (v0, v1, v2, v3)
            count = 4
        }

        mutating func append(_ value: UInt64) {
            switch count {
            case 0: values.0 = value
            case 1: values.1 = value
            case 2: values.2 = value
            case 3: values.3 = value
            default: values.4 = value
            }
            count += 1
        }

        subscript(index: Int) -> UInt64 {
            switch index {
            case 0: values.0
            case 1: values.1
            case 2: values.2
            case 3: values.3
            default: values.4
            }
        }
    }

    mutating func emitConst64(_ slot: Int, _ bits: UInt64) {
        guard let cell = begin(.const64, cells: 4) else { return }
        cell[1] = half(slot)
        cell[2] = UInt32(truncatingIfNeeded: bits)
        cell[3] = UInt32(truncatingIfNeeded: bits >> 32)
    }

    /// Writes a call; see gw_opcodes.def for its cells.
    ///
    /// Returns where it begins.
    mutating func emitCall(
        _ op: GWOp, base: Int, target: UInt32, function: UInt32, immediate: UInt32
    ) -> Int {
        let cells = Int(GW_CALL_CELLS)
        guard let cell = begin(op, cells: cells) else { return 0 }
        cell[GW_CALL_BASE] = half(base)
        cell[GW_CALL_ZERO] = UInt32(GW_CALL_CELLS)
        cell[GW_CALL_TARGET] = target
        cell[GW_CALL_FUNCTION] = function
        cell[GW_CALL_IMMEDIATE] = immediate
        return position - cells
    }

    // MARK: - Jumps

    /// Writes a jump; one behind a constant becomes one instruction with it.
    mutating func emitJump(to label: Label, combines: Bool) {
        guard combines, lastIs(.constU32), room(for: 1) else {
            emit(.jump, word: 0)
            return jumps(to: label)
        }
        correctLast(.constU32Jump)
        position += 1
        jumps(to: label)
    }

    mutating func makeLabel() -> Label {
        labels.append(-1)
        return labels.count - 1
    }

    /// Lets a label mean the current position.
    mutating func bind(_ label: Label) {
        labels[label] = position
        setBarrier()
    }

    /// Lets a label mean a position that has been passed.
    mutating func define(_ label: Label, at position: Int) { labels[label] = position }

    /// Makes the last word of the instruction written last (`fromEnd` cells before its end) a jump to a label.
    mutating func jumps(to label: Label, fromEnd: Int = 1) {
        guard !isFull else { return }
        fixups.append(Fixup(cell: position - fromEnd, start: last.start, label: label))
    }

    /// Makes any cell the distance from `start` to a label.
    mutating func distance(at cell: Int, from start: Int, to label: Label) {
        guard !isFull else { return }
        fixups.append(Fixup(cell: cell, start: start, label: label))
    }

    /// Writes a table of jumps behind a `branchTable`: one cell a label.
    mutating func emitTable(_ op: GWOp, _ slot: Int, count: Int, label: (Int) -> Label) {
        guard let cell = begin(op, cells: 3 + count) else { return }
        cell[1] = half(slot)
        cell[2] = UInt32(count - 1)
        for i in 0..<count { fixups.append(Fixup(cell: last.start + 3 + i, start: last.start, label: label(i))) }
    }

    /// Writes all distances.
    ///
    /// Jumps to unconditional jumps lead to where those lead.
    mutating func finish() {
        guard !isFull else { return }
        mergeCheckedLoads()
        pairs?.fuse(written, in: arena)
        let jump = UInt32(bitPattern: handlers[Int(GWOp.jump.rawValue)])
        // Distances of jumps first: the others follow them.
        for pass in 0..<2 {
            for i in 0..<fixups.count {
                let fixup = fixups[i]
                var target = labels[fixup.label]
                assert(target >= 0, "every label is bound")
                if pass == 1 {
                    var hops = 0
                    while hops < 8, target < position, arena[target] == jump {
                        let next = target + Int(Int32(bitPattern: arena[target + 1]))
                        if next == target { break }
                        target = next
                        hops += 1
                    }
                }
                arena[fixup.cell] = UInt32(bitPattern: Int32(target - fixup.start))
            }
        }
    }

    // MARK: - Checks for nil

    /// The check that was written last: where it begins, the fixup of its jump, its pointer, and where it leads to.
    private var nilCheck = (start: 0, fixup: 0, kind: GWKind.r, pointer: UInt32(0), label: -1)
    /// Checks that lead to a load of what they check.
    private struct CheckedLoad { var check: Int; var fixup: Int; var load: Int }
    private var checkedLoads = Buffer<CheckedLoad>(capacity: 64)

    /// Writes a jump that is taken when a slot, or the word at `sp + pointer`, is not 0.
    mutating func emitNilCheck(_ kind: GWKind, _ pointer: UInt32, to label: Label) {
        if kind == .r {
            emit(.i64Ne_branch_ri, Int(pointer), words: 0, 0)
        } else {
            emit(.nonzero_branch_s, 0, words: pointer, 0)
            appendWord(0)
        }
        jumps(to: label)
        nilCheck = (last.start, fixups.count - 1, kind, pointer, label)
    }

    /// Notes that a load is about to be written: if it is the first instruction where a check of its pointer leads to,
    /// the check can do it.
    mutating func noteLoad(_ op: GWOp, _ slot: UInt64, _ displacement: UInt64) {
        guard nilCheck.label >= 0, !isFull, labels[nilCheck.label] == position else { return }
        let isSame =
            nilCheck.kind == .r
            ? op == .load64_r && slot == UInt64(nilCheck.pointer)
            : op == .load64_m && UInt32(truncatingIfNeeded: displacement) == nilCheck.pointer
        if isSame {
            checkedLoads.append(CheckedLoad(check: nilCheck.start, fixup: nilCheck.fixup, load: position))
        }
    }

    /// Lets checks do the loads that they lead to, now that it is known where these put their results.
    ///
    /// The load stays, for those who come from elsewhere.
    private mutating func mergeCheckedLoads() {
        for i in 0..<checkedLoads.count {
            let (check, load) = (checkedLoads[i].check, checkedLoads[i].load)
            let isSlot = arena[load] == handler(.load64_r)
            guard isSlot || arena[load] == handler(.load64_m) else { continue }
            let target = arena[load + 1] & 0xFFFF
            if isSlot {
                // r, d, o, j: the slot stays where it is.
                setHandler(check, .load64_nonzero_r)
                arena[check + 1] = arena[check + 1] & 0xFFFF | target << 16
                arena[check + 2] = arena[load + 2]
            } else {
                // d, s, o, j: the word stays where it is.
                setHandler(check, .load64_nonzero_s)
                arena[check + 1] = target
                arena[check + 3] = arena[load + 3]
            }
            let label = makeLabel()
            define(label, at: load + (isSlot ? 3 : 4))
            fixups.base[checkedLoads[i].fixup].label = label
        }
    }

    private func handler(_ op: GWOp) -> UInt32 { UInt32(bitPattern: handlers[Int(op.rawValue)]) }
    private func setHandler(_ cell: Int, _ op: GWOp) { arena[cell] = handler(op) }

    // MARK: - Corrections

    /// Makes the instruction written last and another one of the same kind, of a slot and a word, one instruction.
    ///
    /// - Returns: Whether that was possible; the other one is not written otherwise.
    mutating func pair(_ op: GWOp, as pair: GWOp, _ slot: Int, _ word: UInt32) -> Bool {
        guard lastIs(op), room(for: 1) else { return false }
        correctLast(pair)
        arena[last.start + 1] = arena[last.start + 1] & 0xFFFF | half(slot) << 16
        arena[position] = word
        position += 1
        return true
    }

    /// Lets the instruction written last, if it is `op` and sets a slot, jump to a label where it sets it to 0.
    ///
    /// - Returns: Whether that was possible.
    mutating func branchIfZero(_ slot: Int, behind op: GWOp, as fused: GWOp, to label: Label) -> Bool {
        guard lastIs(op), Int(arena[last.start + 1] & 0xFFFF) == slot, room(for: 1) else { return false }
        correctLast(fused)
        position += 1
        jumps(to: label)
        // What follows must not change where the result goes: the label expects it there.
        setBarrier()
        return true
    }

    /// The instructions written last.
    var last: Written { written.last ?? Written() }
    var secondLast: Written { written.count > 1 ? written[written.count - 2] : Written() }

    /// Whether the instruction written last is `op`, and no label lies behind or before it in the way.
    func lastIs(_ op: GWOp) -> Bool { last.start >= barrier && last.start >= 0 && last.op == op }
    func secondLastIs(_ op: GWOp) -> Bool {
        secondLast.start >= barrier && secondLast.start >= 0 && secondLast.op == op
    }

    func word(_ index: Int, of written: Written) -> UInt32 { arena[written.start + index] }
    func setWord(_ index: Int, of written: Written, _ value: UInt32) { arena[written.start + index] = value }
    func setCell(_ cell: Int, _ value: UInt32) { if !isFull { arena[cell] = value } }

    /// Adds a word to the instruction written last.
    mutating func appendWord(_ word: UInt32) {
        guard room(for: 1) else { return }
        arena[position] = word
        position += 1
    }

    /// Takes the instruction written last back if it is a jump to `label`.
    mutating func removeJump(to label: Label) {
        guard lastIs(.jump) || lastIs(.constU32Jump), !isFull, fixups.count > 0 else { return }
        let fixup = fixups[fixups.count - 1]
        guard fixup.start == last.start, fixup.label == label else { return }
        fixups.truncate(to: fixups.count - 1)
        if last.op == .jump { return removeLast() }
        correctLast(.constU32)
        position -= 1
    }

    /// Makes the instruction written last another one.
    private mutating func correctLast(_ op: GWOp) {
        setHandler(last.start, op)
        written[written.count - 1].op = op
    }

    /// Takes the last instruction back.
    mutating func removeLast() {
        position = last.start
        written.truncate(to: written.count - 1)
    }

    /// Lets the instruction written last put its result into another slot, if the slot `from` is where it puts it;
    /// `letter` says whether the result is a vector.
    mutating func redirectLast(from: Int, to: Int, letter: UInt8 = UInt8(ascii: "d")) -> Bool {
        guard last.start >= barrier, last.start >= 0, !isFull else { return false }
        let letters = info[Int(last.op.rawValue)].operands!
        guard UInt8(bitPattern: letters[0]) == letter,
            Int(arena[last.start + 1] & 0xFFFF) == from
        else { return false }
        arena[last.start + 1] = arena[last.start + 1] & 0xFFFF_0000 | half(to)
        return true
    }
}
