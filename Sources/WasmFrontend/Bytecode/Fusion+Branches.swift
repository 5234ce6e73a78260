internal import CSupport

// Branches that take over something of what is before or behind them.

/// Where the result of the call written last lies, and the cells between which that was written.
struct CallResult {
    var start = -1
    var end = -1
    var slot = -1
}

/// The check for nil written last: what and where it is, the fixup of its jump, and where that leads to.
struct NilCheck {
    var instruction = Emitter.Written()
    var fixup = 0
    var label: Label?
}

/// A check that leads to a load of what it checks.
struct CheckedLoad {
    var check: NilCheck
    var load: Emitter.Written
    var both: GWOp
}

extension Emitter {
    /// Writes a branch, whose operands but the last, where it leads to, are given.
    mutating func emitBranch(_ op: GWOp, _ operands: Operands, to label: Label) {
        var operands = operands
        let comparesWithZero = operands.count == 2 && operands[1] == 0
        if op == .i64Ne_branch_si, comparesWithZero {
            // The same with the cells of what it becomes where a load is found there.
            emit(.nonzero_branch_s, operands: Operands(0, operands[0], 0, 0))
        } else {
            operands.append(0)
            emit(op, operands: operands)
        }
        jumps(to: label)
        if last.op == .nonzero_branch_s || last.op == .i64Ne_branch_ri && comparesWithZero {
            check = NilCheck(instruction: last, fixup: fixups.count - 1, label: label)
        }
    }

    // MARK: - Results of calls

    /// Notes that the call written last leaves a truth value in a slot; a result of 0 then need not come back to the
    /// instruction behind the call, but can go on where a branch on it leads to.
    mutating func noteResult(in slot: Int) { call = CallResult(start: last.start, end: position, slot: slot) }

    /// Whether a slot holds the result of the call written last.
    @inline(__always) func isResult(_ slot: Int) -> Bool { !isFull && call.end == position && call.slot == slot }

    /// Writes a branch that is taken where the call written last has not returned 0: for 0, its end is what comes next.
    mutating func emitBranchOnResult(to label: Label) {
        let start = call.start
        emit(.branchIf, call.slot, word: 0)
        jumps(to: label)
        setCell(start + Int(GW_CALL_ZERO), UInt32(position - start))
        // The result 0 arrives here.
        setBarrier()
    }

    /// Writes a branch that is taken where the call written last has returned 0: it returns to the label at once.
    mutating func emitBranchOnNoResult(to label: Label) {
        distance(at: call.start + Int(GW_CALL_ZERO), from: call.start, to: label)
        emit(.branchUnless, call.slot, word: 0)
        jumps(to: label)
    }

    // MARK: - Checks for nil

    /// Whether the load written last is the first instruction where the check written last leads to, and loads through what
    /// that checks.
    @inline(__always) func isChecked(by row: GWFusion) -> Bool {
        guard let label = check.label, check.instruction.op == row.first, labels[label] == last.start else {
            return false
        }
        // Of a slot the check's first operand is it; of a stack word the second. Loads have it behind where they load to.
        let pointer = operands(of: check.instruction)[row.first == .nonzero_branch_s ? 1 : 0]
        return operands(of: last)[1] == pointer
    }

    /// Notes that a check may do the load written last.
    mutating func noteCheckedLoad(_ row: GWFusion) {
        checkedLoads.append(CheckedLoad(check: check, load: last, both: row.both))
    }

    /// Lets checks do the loads that they lead to, now that it is known where these put their results.
    ///
    /// The load stays, for those who come from elsewhere.
    mutating func mergeCheckedLoads() {
        for i in 0..<checkedLoads.count {
            let (check, load) = (checkedLoads[i].check, checkedLoads[i].load)
            guard arena[load.start] == handler(load.op) else { continue }
            // The load's result, pointer and offset.
            let operands = operands(of: load)
            let both = checkedLoads[i].both
            let merged =
                both == .load64_nonzero_r
                // r, d, o, j; then d, s, o, j.
                ? Operands(operands[1], operands[0], operands[2], 0)
                : Operands(operands[0], operands[1], operands[2], 0)
            arena[check.instruction.start] = handler(both)
            Self.encode(
                merged, halves: info[Int(both.rawValue)].halves, at: arena + check.instruction.start)
            let label = makeLabel()
            define(label, at: load.start + Int(info[Int(load.op.rawValue)].cells))
            fixups[check.fixup].label = label
        }
    }
}
