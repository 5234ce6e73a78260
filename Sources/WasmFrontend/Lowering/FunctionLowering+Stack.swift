internal import CSupport

// The operand stack: pushing, popping, and making values exist.
extension FunctionLowering {
    /// How many values at most are left uncomputed: what is looked through when a slot is written.
    static var largestDelay: Int { 48 }

    @inline(__always) mutating func push(_ operand: Operand) {
        assert(stackIsSound && height < stackCapacity)
        stack[height] = operand
        height += 1
        // Without optimisation no value is left uncomputed.
        if height - canonicalHeight > delayLimit { materializeLowest() }
    }

    @inline(never) private mutating func materializeLowest() {
        materialize(canonicalHeight)
        canonicalHeight += 1
    }

    /// Pushes the value that an instruction has put into the canonical slot of the new height.
    mutating func pushCanonical() {
        assert(stackIsSound && height < stackCapacity)
        stack[height] = .slot(temporary(height))
        if canonicalHeight == height { canonicalHeight += 1 }
        height += 1
    }

    @inline(__always) mutating func pop() -> Operand {
        assert(stackIsSound && height > 0)
        height -= 1
        if canonicalHeight > height { canonicalHeight = height }
        return stack[height]
    }

    /// Prepares for popping `count` values that are then computed into the slots of their heights, the lowest first:
    /// none may depend on the slot of a higher one.
    @inline(__always) mutating func materializeOverwritten(_ count: Int) {
        assert(count <= height)
        guard count > 1 else { return }
        if count == 2, !stack[height - 2].reads(above: temporary(height - 2)) { return }
        materializeAllOverwritten(count)
    }

    private mutating func materializeAllOverwritten(_ count: Int) {
        for at in height - count..<height - 1 where stack[at].reads(above: temporary(at)) { materialize(at) }
    }

    /// Makes the value at a height lie in its canonical slot.
    mutating func materialize(_ at: Int) {
        let operand = stack[at]
        let target = temporary(at)
        if operand.tag == .slot && operand.a == UInt64(target) { return }
        willWrite(target, except: at)
        compute(operand, into: target)
        stack[at] = .slot(target)
    }

    /// Makes all values from a height on lie in their canonical slots.
    mutating func flush(from lowest: Int = 0) {
        for i in max(lowest, canonicalHeight)..<max(height, lowest, canonicalHeight) { materialize(i) }
        if lowest <= canonicalHeight { canonicalHeight = height }
    }

    /// Computes the values that satisfy a condition: before what they depend on changes, or what they must not
    /// be moved past happens.
    mutating func flush(where condition: (Operand) -> Bool) {
        var i = canonicalHeight
        while i < height {
            if condition(stack[i]) { materialize(i) }
            i += 1
        }
    }

    /// Computes what may trap, before something else happens that can be seen.
    mutating func flushMemory() { flush { $0.readsMemory } }

    /// Computes what depends on a slot, before it is written.
    mutating func willWrite(_ slot: Int, except: Int = -1) {
        var i = canonicalHeight
        while i < height {
            if i != except && stack[i].reads(slot: slot)
                && !(stack[i].tag == .slot && slot == temporary(i))
            {
                materialize(i)
            }
            i += 1
        }
    }

    // MARK: - Computing

    /// Emits what puts a value into a slot.
    mutating func compute(_ operand: Operand, into target: Int) {
        switch operand.tag {
        case .slot:
            if Int(operand.a) != target { emitter.emit(.move, target, Int(operand.a)) }
        case .wrapped:
            emitter.emit(.move32, target, Int(operand.a))
        case .constant:
            constant(operand.a, into: target)
        case .sp:
            if operand.a == 0 {
                emitter.emit(.spGet, target)
            } else {
                emitter.emit(.spAddress, target, word: UInt32(truncatingIfNeeded: operand.a))
            }
        case .sp64:
            if operand.a == 0 {
                emitter.emit(.spGet, target)
            } else {
                emitter.emit(.spAddress64, target, word: UInt32(truncatingIfNeeded: operand.a))
            }
        case .global:
            emitter.emit(.globalGet, target, word: UInt32(operand.a))
        case .globalWrapped:
            emitter.emit(.globalGet, target, word: UInt32(operand.a))
            emitter.emit(.move32, target, target)
        case .load:
            emitLoad(operand, into: target)
        case .globalLoad:
            emitter.emit(.globalGet, target, word: UInt32(operand.a))
            emitter.emit(gw_select_load(.i32Load, .r), target, target, word: UInt32(operand.b))
        case .stackCheck:
            emitter.emit(.globalGet, scratch, word: UInt32(operand.a))
            emitter.emit(gw_select_load(.i32Load, .r), scratch, scratch, word: UInt32(operand.b))
            emitter.emit(.spGet, scratch + 1)
            emitter.emit(gw_select_binary(.i32LeU, .r, .r, .r), target, scratch + 1, scratch)
        case .unary:
            emitter.emit(gw_select_unary(operand.op), target, Int(operand.a))
        case .binary:
            emitBinary(operand, destination: .r, UInt64(target))
        case .scaled:
            let op: GWOp = operand.op == .i64Add ? .i64AddShifted : .i32AddShifted
            emitter.emit(op, target, Int(operand.a), Int(operand.b & 0xFFFF), Int(operand.b >> 16))
        case .wrappedLoad:
            emitter.emitAlone(gw_select_load(.i64Load, .s), operands: Emitter.Operands(UInt64(target), operand.b))
            emitter.emit(.move32, target, target)
        }
    }

    private mutating func constant(_ bits: UInt64, into target: Int) {
        if bits <= UInt64(UInt32.max) {
            emitter.emit(.constU32, target, word: UInt32(bits))
        } else if fits(bits) {
            emitter.emit(.constS32, target, word: UInt32(truncatingIfNeeded: bits))
        } else {
            emitter.emitConst64(target, bits)
        }
    }

    /// Whether 64 bits are the sign extension of their low 32.
    @inline(__always) func fits(_ bits: UInt64) -> Bool {
        Int64(bitPattern: bits) == Int64(Int32(truncatingIfNeeded: bits))
    }

    private mutating func emitLoad(_ operand: Operand, into target: Int) {
        let op = gw_select_load(operand.op, operand.mode)
        switch operand.mode {
        case .r, .k: emitter.emit(op, target, Int(operand.a), word: UInt32(truncatingIfNeeded: operand.b))
        case .s, .t, .a: emitter.emit(op, target, word: UInt32(truncatingIfNeeded: operand.b))
        case .x: emitter.emit(op, target, Int(operand.a), Int(operand.b & 0xFFFF), Int(operand.b >> 16))
        case .m: emitter.emit(op, target, words: UInt32(truncatingIfNeeded: operand.b), UInt32(operand.b >> 32))
        case .none: preconditionFailure("not a load")
        }
    }

    /// Emits a binary operation whose result goes to a slot or a stack word.
    ///
    /// There must be such a form.
    mutating func emitBinary(_ operand: Operand, destination: GWKind, _ target: UInt64) {
        var operand = operand
        var op = gw_select_binary(operand.op, destination, operand.first, operand.second)
        if op == .invalid {
            // Forms with memory operands that only branches have: the words are loaded first.
            loadFirst(&operand)
            loadSecond(&operand)
            op = gw_select_binary(operand.op, destination, operand.first, operand.second)
        }
        assert(op != .invalid)
        var operands = Emitter.Operands(target)
        append(operand, to: &operands)
        emitter.emit(op, operands: operands)
    }

    /// Appends the operands of a binary operation in the order of the letters of its instructions.
    func append(_ operand: Operand, to operands: inout Emitter.Operands) {
        let isFirst = operand.first == .m || operand.first == .k
        let isSecond = operand.second == .m || operand.second == .k
        operands.append(isFirst ? operand.a & 0xFFFF : operand.a)
        // Comparisons have the displacement behind the slot, arithmetic at the end.
        if isFirst && operand.op.isIntegerComparison { operands.append(operand.a >> 16) }
        operands.append(isSecond ? operand.b & 0xFFFF : operand.b)
        if isFirst && !operand.op.isIntegerComparison { operands.append(operand.a >> 16) }
        if isSecond { operands.append(operand.b >> 16) }
    }

    /// Brings the first operand of a binary operation from memory into a scratch slot.
    mutating func loadFirst(_ operand: inout Operand) {
        guard operand.first.isMemory else { return }
        load(operand.first, operand.a, into: scratch)
        operand.first = .r
        operand.a = UInt64(scratch)
    }

    mutating func loadSecond(_ operand: inout Operand) {
        guard operand.second.isMemory else { return }
        load(operand.second, operand.b, into: scratch + 1)
        operand.second = .r
        operand.b = UInt64(scratch + 1)
    }

    private mutating func load(_ kind: GWKind, _ value: UInt64, into target: Int) {
        let slot = UInt64(target)
        switch kind {
        case .s: emitter.emitAlone(.load64_s, operands: Emitter.Operands(slot, value))
        case .t: emitter.emitAlone(.load64_t, operands: Emitter.Operands(slot, value))
        case .m: emitter.emitAlone(.load64_r, operands: Emitter.Operands(slot, value & 0xFFFF, value >> 16))
        case .k: emitter.emitAlone(.load64_k, operands: Emitter.Operands(slot, value & 0xFFFF, value >> 16))
        case .r, .i, .none: preconditionFailure("not in memory")
        }
    }

    /// The slot in which a value that was popped from the height `at` can be read, computing it if need be.
    ///
    /// The low half is the value of an i32; the high half is zero if `clean`, else anything.
    mutating func read(_ operand: Operand, at: Int, clean: Bool = false) -> Int {
        if operand.tag == .slot || operand.tag == .wrapped && !clean { return Int(operand.a) }
        let target = temporary(at)
        willWrite(target)
        if operand.tag == .globalWrapped && !clean {
            emitter.emit(.globalGet, target, word: UInt32(operand.a))
        } else if operand.tag == .wrappedLoad && !clean {
            emitter.emitAlone(gw_select_load(.i64Load, .s), operands: Emitter.Operands(UInt64(target), operand.b))
        } else {
            compute(operand, into: target)
        }
        return target
    }

    // MARK: - Variables

    mutating func localGet(_ local: UInt32) {
        if local == registerCopy { return push(Operand(tag: .sp)) }
        push(.slot(slot(ofLocal: local)))
    }

    /// A value that a local was set to may wait for the instructions right behind it: if the only use comes before
    /// anything else happens, the local need not be written.
    ///
    /// Returns whether the instruction is done with.
    mutating func takeDelayed(_ instruction: ScannedInstruction) -> Bool {
        guard let (slot, value) = delayed else { return false }
        switch instruction.op {
        case .i32Const, .i64Const, .f32Const, .f64Const: return false
        case .localGet where Int(instruction.a) != slot: return false
        case .localGet where instruction.flags.contains(.lastUse):
            delayed = nil
            push(value)
            return true
        default:
            computeDelayed()
            return false
        }
    }

    /// Computes the value that a local was set to, if that waits.
    mutating func computeDelayed() {
        guard let (slot, value) = delayed else { return }
        delayed = nil
        compute(value, into: slot)
    }

    /// Whether the value that a local is set to may wait: it is worth it for what an instruction can absorb, and safe
    /// for what depends on no temporary slot.
    private func mayDelay(_ operand: Operand) -> Bool {
        guard knowsLastUses, !operand.reads(above: localCount - 1) else { return false }
        switch operand.tag {
        case .load, .binary, .scaled, .unary, .sp64, .wrappedLoad: return true
        default: return false
        }
    }

    mutating func localSet(_ local: UInt32, delays: Bool = true) {
        let operand = pop()
        if local == registerCopy { return }
        let target = slot(ofLocal: local)
        if operand.tag == .slot && Int(operand.a) == target { return }
        willWrite(target)
        if operand.tag == .slot && Int(operand.a) == temporary(height) && optimizes,
            emitter.redirectLast(from: temporary(height), to: target)
        {
            return
        }
        if delays && mayDelay(operand) {
            delayed = (target, operand)
        } else {
            compute(operand, into: target)
        }
    }

    mutating func globalGet(_ global: UInt32) {
        if global == registerGlobal { return push(Operand(tag: .sp)) }
        let imported = UInt32(layout.importedGlobalCells)
        if global >= imported { return push(Operand(tag: .global, a: UInt64(global - imported))) }
        let target = temporary(height)
        willWrite(target)
        emitter.emit(.globalGetImported, target, word: global)
        pushCanonical()
    }

    mutating func globalSet(_ global: UInt32) {
        let operand = pop()
        if global == registerGlobal { return setRegister(operand) }
        flush { $0.readsGlobal || $0.readsMemory }
        let imported = UInt32(layout.importedGlobalCells)
        let source = read(operand, at: height, clean: true)
        if global >= imported {
            emitter.emit(.globalSet, source, word: global - imported)
        } else {
            emitter.emit(.globalSetImported, source, word: global)
        }
    }

    private mutating func setRegister(_ operand: Operand) {
        flush { $0.readsRegister || $0.readsMemory }
        switch operand.tag {
        case .sp:
            if operand.a == 0 { return }
            emitter.emit(.spAdd, word: UInt32(truncatingIfNeeded: operand.a))
        case .constant:
            emitter.emit(.spSetImmediate, word: UInt32(truncatingIfNeeded: operand.a))
        default:
            emitter.emit(.spSet, read(operand, at: height))
        }
    }

    mutating func drop() {
        let operand = pop()
        // What might trap must still do so.
        if operand.readsMemory { _ = read(operand, at: height) }
    }

    mutating func select() {
        materializeOverwritten(3)
        let condition = pop()
        let second = pop()
        let first = pop()
        let target = temporary(height)
        willWrite(target)
        let firstSlot = read(first, at: height, clean: true)
        let secondSlot = read(second, at: height + 1, clean: true)
        let conditionSlot = read(condition, at: height + 2)
        emitter.emit(.select, target, firstSlot, secondSlot, conditionSlot)
        pushCanonical()
    }
}
