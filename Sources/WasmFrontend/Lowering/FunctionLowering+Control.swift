internal import CSupport

// Blocks, branches and returns.
extension FunctionLowering {
    mutating func control(_ instruction: ScannedInstruction) {
        let construct = Int(instruction.a)
        switch instruction.op {
        case .block:
            flush()
            scan.constructs[construct].height = Int32(height) - scan.constructs[construct].parameters
        case .loop:
            flush()
            scan.constructs[construct].height = Int32(height) - scan.constructs[construct].parameters
            emitter.bind(Label(scan.constructs[construct].label))
            // The loop of a dispatch is begun anew by calls only: jumps through it are threaded.
            guard scan.constructs[construct].isTargeted else { break }
            if scan.dispatch?.loop != UInt32(construct) { emitCounter() }
            // Not all that leads to a dispatch is threaded in modules of others than Go.
            emitBudget()
        case .if: beginIf(construct)
        case .else:
            if !instruction.flags.contains(.deadEnd) {
                flush()
                emitter.emitJump(to: Label(scan.constructs[construct].label))
            }
            emitter.bind(Label(scan.constructs[construct].elseLabel))
            restore(construct, values: scan.constructs[construct].parameters)
        case .end: end(construct, isDead: instruction.flags.contains(.deadEnd))
        case .br:
            if instruction.flags.contains(.threaded) {
                flushMemory()
                emitter.emitJump(to: Label(scan.constructs[construct].label))
            } else {
                branch(construct)
            }
        case .brIf: branchIf(construct)
        case .brTable: branchTable(Int(instruction.a), count: Int(instruction.b))
        case .return:
            emitReturn()
        case .unreachable:
            flushMemory()
            emitter.emit(.unreachable)
        default: preconditionFailure("not a control instruction")
        }
    }

    /// Sets the stack to what every path to a label leaves: the values below the construct, then `values` in canonical
    /// slots.
    private mutating func restore(_ construct: Int, values: Int32) {
        let base = Int(scan.constructs[construct].height)
        for i in 0..<Int(values) { stack[base + i] = .slot(temporary(base + i)) }
        height = base + Int(values)
        canonicalHeight = height
    }

    private mutating func end(_ construct: Int, isDead: Bool) {
        let kind = scan.constructs[construct].kind
        if kind == .function {
            if !isDead { emitReturn() }
            // Branches to the function return where they are; its label is for completeness.
            return emitter.define(Label(scan.constructs[construct].label), at: emitter.position)
        }
        if !isDead { flush() }
        if kind == .if && !scan.constructs[construct].hasElse {
            emitter.bind(Label(scan.constructs[construct].elseLabel))
        }
        if kind != .loop {
            if construct == direct.map(Int.init) && isDead {
                emitFreshEntryHere(construct)
            } else {
                // A jump to the place right behind it is of no use.
                emitter.removeJump(to: Label(scan.constructs[construct].label))
            }
            // A label that nothing leads to is no place where paths meet.
            if scan.constructs[construct].isTargeted || kind == .if {
                emitter.bind(Label(scan.constructs[construct].label))
            } else {
                emitter.define(Label(scan.constructs[construct].label), at: emitter.position)
            }
        }
        restore(construct, values: scan.constructs[construct].results)
        let isEntry = direct == UInt32(construct) && !isStackCheck(at: index + 1)
        if scan.constructs[construct].isLoopHead || isEntry { emitCounter() }
        if scan.constructs[construct].isLoopHead { emitBudget() }
        finishStackCheck(construct)
    }

    // MARK: - Branches

    /// Moves the values that a branch carries to where its target expects them.
    ///
    /// They lie on top of the stack, canonical.
    private mutating func moveValues(to construct: Int) {
        let arity = Int(scan.constructs[construct].arity)
        let from = height - arity
        let to = Int(scan.constructs[construct].height)
        // The target's slots are not above the values', so ascending order overwrites none that is still to be read.
        guard from != to else { return }
        for i in 0..<arity { emitter.emit(.move, temporary(to + i), temporary(from + i)) }
    }

    /// Emits an unconditional branch.
    private mutating func branch(_ construct: Int) {
        if construct == 0 { return emitReturn() }
        flushMemory()
        let arity = Int(scan.constructs[construct].arity)
        if arity > 0 {
            flush(from: height - arity)
            moveValues(to: construct)
        }
        emitter.emitJump(to: Label(scan.constructs[construct].label))
    }

    private mutating func branchIf(_ construct: Int) {
        let condition = pop()
        let arity = Int(scan.constructs[construct].arity)
        let isDirect =
            construct != 0
            && (arity == 0 || height - arity == Int(scan.constructs[construct].height))
        if isDirect {
            if arity > 0 { flushKeeping(condition, from: height - arity) } else { flushMemory() }
            if isResultOfCall(condition) {
                return emitter.emitBranchOnResult(to: Label(scan.constructs[construct].label))
            }
            conditional(condition, holds: true, to: Label(scan.constructs[construct].label))
            return
        }
        flushKeeping(condition, from: max(0, height - arity))
        let over = emitter.makeLabel()
        conditional(condition, holds: false, to: over)
        let saved = (height, canonicalHeight)
        if construct == 0 {
            emitReturn()
        } else {
            moveValues(to: construct)
            emitter.emitJump(to: Label(scan.constructs[construct].label))
        }
        (height, canonicalHeight) = saved
        emitter.bind(over)
    }

    /// Makes values canonical while a popped condition waits to be used.
    ///
    /// It was above them, so nothing of it is lost.
    private mutating func flushKeeping(_ condition: Operand, from lowest: Int) {
        flushMemory()
        flush(from: lowest)
    }

    /// Emits a jump that is taken when a condition holds, or when it does not.
    private mutating func conditional(_ condition: Operand, holds: Bool, to label: Label) {
        if condition.tag == .constant {
            if (condition.a != 0) == holds {
                emitter.emitJump(to: label)
            }
            return
        }
        if condition.tag == .binary {
            var operand = condition
            if operand.op.isIntegerComparison {
                if !holds { operand.op = gw_negated(operand.op) }
                var op = gw_select_branch(operand.op, operand.first, operand.second)
                if op == .invalid, gw_select_branch(gw_swapped(operand.op), operand.second, operand.first) != .invalid {
                    operand.op = gw_swapped(operand.op)
                    swap(&operand.first, &operand.second)
                    swap(&operand.a, &operand.b)
                    op = gw_select_branch(operand.op, operand.first, operand.second)
                }
                if op == .invalid {
                    loadFirst(&operand)
                    loadSecond(&operand)
                    op = gw_select_branch(operand.op, operand.first, operand.second)
                }
                if op != .invalid {
                    emitBranch(op, operand, to: label)
                    return
                }
            } else if gw_select_branch(operand.op, .r, .r) != .invalid {
                let op = holds ? gw_select_branch(operand.op, .r, .r) : gw_select_branch_not(operand.op)
                emitBranch(op, operand, to: label)
                return
            }
        }
        let slot = read(condition, at: height)
        emitter.emit(holds ? .branchIf : .branchUnless, slot, word: 0)
        emitter.jumps(to: label)
    }

    private mutating func emitBranch(_ op: GWOp, _ operand: Operand, to label: Label) {
        var operands = Emitter.Operands()
        append(operand, to: &operands)
        emitter.emitBranch(op, operands, to: label)
    }

    private mutating func branchTable(_ first: Int, count: Int) {
        let operand = pop()
        flushMemory()
        let arity = Int(scan.constructs[Int(scan.labels[first])].arity)
        flushKeeping(operand, from: max(0, height - arity))
        let slot = read(operand, at: height)
        // Targets that need more than a jump get a stub behind the table, one each.
        var stubs: [Int] = []
        let owner = Int32(index)
        let labels = scan.labels
        for i in first..<first + count {
            let target = Int(labels[i])
            let needsStub = target == 0 || arity > 0 && height - arity != Int(scan.constructs[target].height)
            guard needsStub, scan.constructs[target].stubOwner != owner else { continue }
            scan.constructs[target].stubOwner = owner
            scan.constructs[target].stub = Int32(emitter.makeLabel())
            stubs.append(target)
        }
        let constructs = scan.constructs
        emitter.emitTable(.branchTable, slot, count: count) { i in
            let construct = constructs[Int(labels[first + i])]
            return Label(construct.stubOwner == owner ? construct.stub : construct.label)
        }
        let saved = (height, canonicalHeight)
        for target in stubs {
            emitter.bind(Label(scan.constructs[target].stub))
            (height, canonicalHeight) = saved
            branch(target)
        }
    }

    // MARK: - If

    private mutating func beginIf(_ construct: Int) {
        let condition = pop()
        flushKeeping(condition, from: 0)
        if optimizes, condition.tag != .stackCheck, let target = onlyBranch(of: construct) {
            conditional(condition, holds: true, to: Label(scan.constructs[target].label))
            return
        }
        scan.constructs[construct].height = Int32(height) - scan.constructs[construct].parameters
        let label = emitter.makeLabel()
        scan.constructs[construct].elseLabel = Int32(label)
        if condition.tag == .stackCheck, !scan.constructs[construct].hasElse {
            beginStackCheck(construct, condition)
        } else if isResultOfCall(condition) {
            emitter.emitBranchOnNoResult(to: label)
        } else {
            conditional(condition, holds: false, to: label)
        }
    }

    /// The target of the branch that an `if` consists of, if it consists of nothing else and the branch carries
    /// nothing.
    ///
    /// Then the `if` is that branch, made conditional. The pass goes on behind its `end`.
    private mutating func onlyBranch(of construct: Int) -> Int? {
        var next = index + 1
        while next < scan.instructions.count, scan.instructions[next].flags.contains(.skip) { next += 1 }
        guard next + 1 < scan.instructions.count, scan.instructions[next].op == .br,
            scan.instructions[next + 1].op == .end,
            Int(scan.instructions[next + 1].a) == construct, scan.constructs[construct].parameters == 0
        else { return nil }
        let target = Int(scan.instructions[next].a)
        guard target != 0, target != construct,
            scan.instructions[next].flags.contains(.threaded) || scan.constructs[target].arity == 0
        else { return nil }
        index = next + 1
        return target
    }

    /// Whether the condition is the result of the call that was emitted last.
    private func isResultOfCall(_ condition: Operand) -> Bool {
        optimizes && condition.tag == .slot && emitter.isResult(Int(condition.a))
    }

    // MARK: - Go's stack check

    /// `if sp <= [g + offset] { grow the stack }`, mostly followed by `sp -= frame`: see `stackCheck` in
    /// gw_opcodes.def.
    private mutating func beginStackCheck(_ construct: Int, _ condition: Operand) {
        emitter.emit(.stackCheck, Int(condition.a), words: UInt32(condition.b), 0)
        emitter.appendWord(0)
        let label = emitter.makeLabel()
        emitter.jumps(to: label, fromEnd: 2)
        pendingChecks.append((construct, label, emitter.position - 1))
        // The place where the branch not taken would arrive is not reached from here.
        emitter.define(Label(scan.constructs[construct].elseLabel), at: emitter.position)
    }

    /// At the end of a stack check's `if`: takes the frame's size from the instructions that follow.
    private mutating func finishStackCheck(_ construct: Int) {
        guard let check = pendingChecks.last, check.end == construct else { return }
        pendingChecks.removeLast()
        if let (size, count) = frameAdjustment(at: index + 1) {
            emitter.setCell(check.cell, size)
            emitter.emit(.spAdd, word: 0 &- size)
            index += count
        }
        emitter.bind(check.label)
        // The function begins here, once there is room.
        emitCounter()
    }

    /// Whether the instructions from `at` on are a stack check of the form that ``beginStackCheck(_:_:)`` takes: five
    /// instructions, the last of which compares, and an `if`. (That of a frame of more than 128 bytes is longer: it
    /// subtracts what Go lets any frame take beyond the limit.)
    private func isStackCheck(at: Int) -> Bool {
        (at + 1..<min(at + 6, scan.instructions.count)).contains {
            scan.instructions[$0].op == .if && scan.instructions[$0 - 1].op == .i32LeU
        }
    }

    /// The constant that the instructions from `at` on subtract from the register global, and how many they are.
    private func frameAdjustment(at: Int) -> (UInt32, Int)? {
        let instructions = scan.instructions
        guard let global = registerGlobal, at + 3 < instructions.count, isRegister(instructions[at]),
            instructions[at + 1].op == .i32Const, instructions[at + 2].op == .i32Sub
        else { return nil }
        let size = UInt32(truncatingIfNeeded: instructions[at + 1].b)
        var next = at + 3
        if instructions[next].op == .localTee, instructions[next].a == registerCopy { next += 1 }
        guard next < instructions.count, instructions[next].op == .globalSet, instructions[next].a == global else {
            return nil
        }
        return (size, next - at + 1)
    }

    private func isRegister(_ instruction: ScannedInstruction) -> Bool {
        instruction.op == .localGet && instruction.a == registerCopy
            || instruction.op == .globalGet && instruction.a == registerGlobal
    }

    // MARK: - Returns

    mutating func emitReturn() {
        flushMemory()
        let count = resultTypes.count
        if count == 0 { return emitter.emit(.return) }
        if count == 1 {
            let operand = pop()
            if operand.tag == .constant, resultTypes[0] == .i32, optimizes {
                return emitter.emit(.returnImmediate, word: UInt32(truncatingIfNeeded: operand.a))
            }
            return emitter.emit(.returnSlot, read(operand, at: height, clean: true))
        }
        flush(from: height - count)
        for i in 0..<count { emitter.emit(.move, i, temporary(height - count + i)) }
        emitter.emit(.return)
    }
}
