internal import CSupport

// Fusion: one instruction where several would have been written. Everything that looks back at what was written is in
// this file, `Fusion+Branches.swift` and `PairFusion.swift`; what fuses with what, and what it has earned, say the rows of
// gw_opcodes.def:
//
//     GW_FUSE                  when the second instruction has been written (``fuse(from:)``), as long as no label lies
//                              between the two: another path would come to run what they have become
//     GW_FUSE, atTarget        when the function is at its end (``mergeCheckedLoads()``)
//     GW_CHAIN, GW_PAIR        then, with one dispatch for two instructions that stay as they are (``PairFusion``)
//     GW_PATCH                 while the program runs (gw_helpers.c)
//
// Before that, an instruction takes what it can of how its operands are computed: that is selection, which looks at
// values that are not written yet (``Operand``).
extension Emitter {
    /// The instructions written last.
    @inline(__always) var last: Written { written.last ?? Written() }
    @inline(__always) var secondLast: Written { written.count > 1 ? written[written.count - 2] : Written() }

    /// Whether an instruction that is written now would become one with what is written last.
    @inline(__always) func wouldFuse(_ op: GWOp) -> Bool {
        var row = fusions.head(endingWith: op)
        while row >= 0 {
            if fusions[row].how != .atTarget, mayFuse(last, fusions[row].first) { return true }
            row = fusions.next(row)
        }
        return false
    }

    @inline(__always) private func mayFuse(_ instruction: Written, _ op: GWOp) -> Bool {
        instruction.op == op && instruction.start >= barrier
    }

    /// Lets the instruction written last become one with what is before it, where a row says so: that with the number `head`,
    /// or one of those behind it.
    ///
    /// Jumps have their place already, as their last word, but do not lead anywhere yet.
    mutating func fuse(from head: Int) {
        var row = head
        while row >= 0 {
            let fusion = fusions[row]
            if fusion.how == .atTarget ? isChecked(by: fusion) : mayFuse(secondLast, fusion.first) && fit(fusion) {
                return fuse(by: fusion)
            }
            row = fusions.next(row)
        }
    }

    private mutating func fuse(by row: GWFusion) {
        let (first, second) = (secondLast, last)
        switch row.how {
        case .join:
            var operands = operands(of: first)
            let others = self.operands(of: second)
            for index in 0..<others.count { operands.append(others[index]) }
            become(row.both, operands)
        case .branchOnZero:
            var operands = operands(of: first)
            operands.append(0)
            become(row.both, operands)
            // What follows must not change where the result goes: the label expects it there.
            setBarrier()
        case .sum: become(row.both, Operands(UInt64(word(1, of: first) &+ word(1, of: second))))
        case .returnZero: become(row.both, Operands(UInt64(word(1, of: first))))
        case .push: push(row.both, immediate: word(2, of: first))
        case .atTarget: noteCheckedLoad(row)
        }
    }

    /// Whether the operands of the last two instructions are what a row wants.
    @inline(__always) private func fit(_ row: GWFusion) -> Bool {
        let (first, second) = (secondLast, last)
        switch row.how {
        case .join, .sum: return true
        case .branchOnZero:
            let (result, condition) = (operands(of: first)[0], operands(of: second))
            // What the slot is compared with, if the branch has an operand for that, stands before where it leads to.
            return condition[0] == result && (condition.count < 3 || condition[1] == 0)
        case .returnZero: return word(1, of: second) == 0
        case .push:
            guard written.count > 2, word(1, of: first) == 0 else { return false }
            let third = written[written.count - 3]
            return mayFuse(third, .spAdd) && word(1, of: third) == UInt32(bitPattern: -GW_PUSH_SIZE)
        case .atTarget: return false
        }
    }

    /// Replaces the last two instructions by one.
    private mutating func become(_ op: GWOp, _ operands: Operands) {
        written.truncate(to: written.count - 1)
        let start = last.start
        let cells = Int(info[Int(op.rawValue)].cells)
        assert(start + cells <= position, "it takes no more cells than the two")
        position = start + cells
        written[written.count - 1].op = op
        arena[start] = handler(op)
        Self.encode(operands, halves: info[Int(op.rawValue)].halves, at: arena + start)
    }

    /// Replaces the last three instructions, the third of which is a call, by that call, with a push.
    private mutating func push(_ op: GWOp, immediate: UInt32) {
        let call = last.start
        written.truncate(to: written.count - 2)
        let start = last.start
        (arena + start).update(from: arena + call, count: Int(GW_CALL_CELLS))
        position = start + Int(GW_CALL_CELLS)
        written[written.count - 1].op = op
        arena[start] = handler(op)
        arena[start + Int(GW_CALL_IMMEDIATE)] = immediate
    }

    /// The operands of an instruction that has been written, in the order of its letters.
    @inline(__always) func operands(of instruction: Written) -> Operands {
        Self.operands(info + Int(instruction.op.rawValue), arena + instruction.start)
    }

    private static func operands(_ row: UnsafePointer<GWOpInfo>, _ cells: UnsafeMutablePointer<UInt32>) -> Operands {
        let letters = row.pointee.operands!
        let halves = row.pointee.halves
        var operands = Operands()
        var half = 2
        var word = 1 + (halves.nonzeroBitCount + 1) / 2
        var letter = 0
        while letters[letter] != 0 {
            if halves >> UInt8(letter) & 1 != 0 {
                operands.append(UInt64(cells[half / 2] >> (half % 2 == 0 ? 0 : 16) & 0xFFFF))
                half += 1
            } else {
                operands.append(UInt64(cells[word]))
                word += 1
            }
            letter += 1
        }
        return operands
    }

    // MARK: - What is not needed

    /// Takes the instruction written last back if it is a jump to `label`, which is about to be bound.
    mutating func removeJump(to label: Label) {
        guard mayFuse(last, .jump) || mayFuse(last, .constU32Jump), !isFull, fixups.count > 0 else { return }
        let fixup = fixups[fixups.count - 1]
        guard fixup.start == last.start, fixup.label == label else { return }
        fixups.truncate(to: fixups.count - 1)
        if last.op == .jump {
            position = last.start
            written.truncate(to: written.count - 1)
        } else {
            position -= 1
            written[written.count - 1].op = .constU32
            arena[last.start] = handler(.constU32)
        }
    }

    /// Lets the instruction written last put its result into another slot, if the slot `from` is where it puts it;
    /// `letter` says whether the result is a vector.
    mutating func redirectLast(from: Int, to: Int, letter: UInt8 = UInt8(ascii: "d")) -> Bool {
        guard last.start >= barrier, last.start >= 0, !isFull else { return false }
        let letters = info[Int(last.op.rawValue)].operands!
        guard UInt8(bitPattern: letters[0]) == letter, Int(arena[last.start + 1] & 0xFFFF) == from else { return false }
        arena[last.start + 1] = arena[last.start + 1] & 0xFFFF_0000 | half(to)
        return true
    }
}
