internal import CSupport

/// A place in the code that jumps lead to.
typealias Label = Int

/// Writes instructions into the arena: cells and labels.
///
/// What becomes of those written last when another one follows is in `Fusion.swift`.
///
/// Invariant: the cells from where the function begins up to `position` are its own, nobody else reads them, and `position`
/// is at most `capacity`, unless `isFull`. Nothing is written anywhere else.
struct Emitter {
    /// The arena's first cell, and the first one that is free.
    let arena: UnsafeMutablePointer<UInt32>
    var position = 0
    private var capacity = 0
    private let handlers: UnsafePointer<Int32>
    let info: UnsafePointer<GWOpInfo>

    /// The positions of labels, -1 until bound.
    var labels = Buffer<Int>(capacity: 512)
    /// Cells that are to hold a distance: from where, and to which label.
    struct Fixup { var cell: Int; var start: Int; var label: Label }
    var fixups = Buffer<Fixup>(capacity: 1024)

    /// An instruction that has been written.
    struct Written { var op: GWOp = .invalid; var start = -1 }
    /// Those of the function, and the position before which no fusion may look.
    var written = Buffer<Written>(capacity: 1024)
    private(set) var barrier = 0
    /// What makes one instruction of two as they are written, and pairs of them at the end; both nothing where nothing is
    /// fused.
    let fusions: FusionTable
    private let pairs: PairFusion?
    /// What fusion remembers.
    var call = CallResult()
    var check = NilCheck()
    var checkedLoads = Buffer<CheckedLoad>(capacity: 64)

    /// Whether there was no room for an instruction; the code is then of no use.
    private(set) var isFull = false

    init(handlers: UnsafePointer<Int32>, arena: UnsafeMutablePointer<UInt32>, fuses: Bool) {
        self.handlers = handlers
        self.arena = arena
        info = gw_op_info()
        fusions = FusionTable(isEmpty: !fuses)
        pairs = fuses ? PairFusion(handlers: handlers) : nil
    }

    func deallocate() {
        labels.deallocate()
        fixups.deallocate()
        checkedLoads.deallocate()
        written.deallocate()
        fusions.deallocate()
        pairs?.deallocate()
    }

    /// Begins a function's code at a free cell of the arena.
    mutating func begin(at start: Int, capacity: Int) {
        assert(start > 0 && start <= capacity, "the cell 0 is no function's")
        position = start
        self.capacity = capacity
        isFull = false
        labels.truncate(to: 0)
        fixups.truncate(to: 0)
        checkedLoads.truncate(to: 0)
        written.truncate(to: 0)
        call = CallResult()
        check = NilCheck()
        setBarrier()
    }

    // MARK: - Instructions

    /// Keeps what was written last from becoming one with what comes next: that may be reached another way.
    mutating func setBarrier() { barrier = position }

    private mutating func room(for cells: Int) -> Bool {
        if !isFull && position + cells <= capacity { return true }
        isFull = true
        return false
    }

    /// Makes room for an instruction; ``end(_:)`` has to be called when its operands are there.
    private mutating func begin(_ op: GWOp, cells: Int) -> UnsafeMutablePointer<UInt32>? {
        guard room(for: cells) else { return nil }
        assert(cells > 0 && position > last.start)
        written.append(Written(op: op, start: position))
        let cell = arena + position
        cell[0] = UInt32(bitPattern: handlers[Int(op.rawValue)])
        position += cells
        return cell
    }

    /// Fuses the instruction that has been written, if it may end a fusion.
    @inline(__always) private mutating func end(_ op: GWOp) {
        let row = fusions.head(endingWith: op)
        guard row >= 0 else { return }
        // Mostly it does not: what is before it is another instruction than the only row wants.
        let fusion = fusions[row]
        let mayFuse = fusion.how == .atTarget ? check.label != nil : secondLast.op == fusion.first
        if mayFuse || fusions.next(row) >= 0 { fuse(from: row) }
    }

    /// Writes an instruction without 16-bit operands.
    mutating func emit(_ op: GWOp) { _ = begin(op, cells: 1) }

    @inline(__always) func half(_ value: Int) -> UInt32 {
        assert(value >= 0 && value <= 0xFFFF)
        return UInt32(truncatingIfNeeded: value) & 0xFFFF
    }

    /// Writes an instruction; `halves` are its 16-bit operands, `words` its 32-bit ones.
    mutating func emit(_ op: GWOp, _ h0: Int) {
        guard let cell = begin(op, cells: 2) else { return }
        cell[1] = half(h0)
        end(op)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int) {
        guard let cell = begin(op, cells: 2) else { return }
        cell[1] = half(h0) | half(h1) << 16
        end(op)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int, _ h2: Int, _ h3: Int = 0) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = half(h0) | half(h1) << 16
        cell[2] = half(h2) | half(h3) << 16
        end(op)
    }
    mutating func emit(_ op: GWOp, word: UInt32) {
        guard let cell = begin(op, cells: 2) else { return }
        cell[1] = word
        end(op)
    }
    mutating func emit(_ op: GWOp, words w0: UInt32, _ w1: UInt32) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = w0
        cell[2] = w1
        end(op)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, word: UInt32) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = half(h0)
        cell[2] = word
        end(op)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, words w0: UInt32, _ w1: UInt32) {
        guard let cell = begin(op, cells: 4) else { return }
        cell[1] = half(h0)
        cell[2] = w0
        cell[3] = w1
        end(op)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int, word: UInt32) {
        guard let cell = begin(op, cells: 3) else { return }
        cell[1] = half(h0) | half(h1) << 16
        cell[2] = word
        end(op)
    }
    mutating func emit(_ op: GWOp, _ h0: Int, _ h1: Int, _ h2: Int, words w0: UInt32, _ w1: UInt32?) {
        guard let cell = begin(op, cells: w1 == nil ? 4 : 5) else { return }
        cell[1] = half(h0) | half(h1) << 16
        cell[2] = half(h2)
        cell[3] = w0
        if let w1 { cell[4] = w1 }
        end(op)
    }

    /// Writes an instruction of the operands in the order of its letters, whatever their widths.
    mutating func emit(_ op: GWOp, operands: Operands) {
        if write(op, operands) { end(op) }
    }

    /// Writes an instruction that does not become one with what is before it: a word on its way into one instruction.
    mutating func emitAlone(_ op: GWOp, operands: Operands) { _ = write(op, operands) }

    /// Returns whether there was room.
    @inline(__always) private mutating func write(_ op: GWOp, _ operands: Operands) -> Bool {
        let halves = info[Int(op.rawValue)].halves
        let halfCount = halves.nonzeroBitCount
        guard let cell = begin(op, cells: 1 + (halfCount + 1) / 2 + operands.count - halfCount) else { return false }
        Self.encode(operands, halves: halves, at: cell)
        return true
    }

    /// Writes operands behind the cell of the handler; `halves` says which have 16 bits.
    @inline(__always) static func encode(
        _ operands: Operands, halves: UInt8, at cell: UnsafeMutablePointer<UInt32>
    ) {
        var half = 0
        var word = 1 + (halves.nonzeroBitCount + 1) / 2
        for i in 0..<operands.count {
            let value = operands[i]
            if halves >> UInt8(i) & 1 != 0 {
                assert(value <= 0xFFFF)
                let bits = UInt32(truncatingIfNeeded: value) & 0xFFFF
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
    mutating func emitCall(_ op: GWOp, base: Int, target: UInt32, function: UInt32, immediate: UInt32) {
        guard let cell = begin(op, cells: Int(GW_CALL_CELLS)) else { return }
        cell[GW_CALL_BASE] = half(base)
        cell[GW_CALL_ZERO] = UInt32(GW_CALL_CELLS)
        cell[GW_CALL_TARGET] = target
        cell[GW_CALL_FUNCTION] = function
        cell[GW_CALL_IMMEDIATE] = immediate
        end(op)
    }

    // MARK: - Jumps

    /// Writes a jump.
    mutating func emitJump(to label: Label) {
        emit(.jump, word: 0)
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

    // MARK: - What has been written

    // Inlined, as all that does not change the emitter: it is large, and would be copied for a call.

    @inline(__always) func handler(_ op: GWOp) -> UInt32 { UInt32(bitPattern: handlers[Int(op.rawValue)]) }

    /// One cell of an instruction that has been written.
    @inline(__always) func word(_ index: Int, of written: Written) -> UInt32 { arena[written.start + index] }

    @inline(__always) func setCell(_ cell: Int, _ value: UInt32) {
        guard !isFull else { return }
        assert(cell < position)
        arena[cell] = value
    }

    /// Adds a word to the instruction written last.
    mutating func appendWord(_ word: UInt32) {
        guard room(for: 1) else { return }
        arena[position] = word
        position += 1
    }
}
