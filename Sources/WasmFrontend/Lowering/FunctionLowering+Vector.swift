internal import CSupport

// Vectors: each is two values on the operand stack, the low half below; see VectorSplitter. Instructions on them want
// the two in neighbouring slots.
extension FunctionLowering {
    /// An instruction behind the prefix 0xFD.
    mutating func vector(_ instruction: ScannedInstruction) {
        let row = instruction.op.row
        let types = [row.operands.0, row.operands.1, row.operands.2].prefix(Int(row.operand_count))
        let isVector = types.map { $0 == ValueType.v128.rawValue }
        let slotCount = isVector.reduce(0) { $0 + ($1 ? 2 : 1) }
        // A store is seen from outside: what may trap comes before it.
        if row.result_count == 0 { flushMemory() }
        materializeOverwritten(slotCount)
        height -= slotCount
        canonicalHeight = min(canonicalHeight, height)
        var vectors: [Int] = []
        var numbers: [Int] = []
        var at = height
        for isVector in isVector {
            if isVector {
                vectors.append(readVector(stack[at], stack[at + 1], at: at))
                at += 2
            } else {
                numbers.append(read(stack[at], at: at))
                at += 1
            }
        }
        let target = temporary(height)
        let results = row.result_count == 0 ? 0 : row.result == ValueType.v128.rawValue ? 2 : 1
        for slot in target..<target + results { willWrite(slot) }
        emitVector(instruction, target, vectors, numbers)
        for _ in 0..<results { pushCanonical() }
    }

    /// Emits the instruction with its operands in the order of its letters.
    private mutating func emitVector(
        _ instruction: ScannedInstruction, _ target: Int, _ vectors: [Int], _ numbers: [Int]
    ) {
        let op = gw_select_vector(instruction.op)
        var (nextVector, nextNumber) = (0, 0)
        var operands = Emitter.Operands()
        var letters = gw_op_info()![Int(op.rawValue)].operands!
        var bits: UnsafeRawPointer?
        while letters.pointee != 0 {
            switch UInt8(bitPattern: letters.pointee) {
            case UInt8(ascii: "w"), UInt8(ascii: "d"): operands.append(UInt64(target))
            case UInt8(ascii: "v"):
                // Of an operation on one vector that has room for two, both are that one.
                operands.append(UInt64(vectors[min(nextVector, vectors.count - 1)]))
                nextVector += 1
            case UInt8(ascii: "r"):
                operands.append(UInt64(numbers[nextNumber]))
                nextNumber += 1
            case UInt8(ascii: "h"): operands.append(instruction.b)
            case UInt8(ascii: "o"): operands.append(UInt64(instruction.a))
            case UInt8(ascii: "x"): operands.append(UInt64(instruction.op.rawValue & 0xFF))
            case UInt8(ascii: "q"): bits = UnsafeRawPointer(bitPattern: UInt(instruction.b))
            default: preconditionFailure("no operand of vector instructions")
            }
            letters += 1
        }
        emitter.emit(op, operands: operands)
        if let bits {
            for word in 0..<4 {
                emitter.appendWord(UInt32(littleEndian: bits.loadUnaligned(fromByteOffset: word * 4, as: UInt32.self)))
            }
        }
    }

    /// The first of the two neighbouring slots in which a vector can be read whose halves were popped from the height
    /// `at` and the one above.
    private mutating func readVector(_ low: Operand, _ high: Operand, at: Int) -> Int {
        if areNeighbours(low, high) { return Int(low.a) }
        let target = temporary(at)
        willWrite(target)
        willWrite(target + 1)
        // What lies higher does not depend on lower slots, so the low half overwrites nothing of the high one.
        computeVector(low, high, into: target)
        return target
    }

    private func areNeighbours(_ low: Operand, _ high: Operand) -> Bool {
        low.tag == .slot && high.tag == .slot && high.a == low.a + 1
    }

    private mutating func computeVector(_ low: Operand, _ high: Operand, into target: Int) {
        if low.tag == .constant && high.tag == .constant {
            emitter.emit(.v128Const, target)
            for half in [low.a, high.a] {
                emitter.appendWord(UInt32(truncatingIfNeeded: half))
                emitter.appendWord(UInt32(truncatingIfNeeded: half >> 32))
            }
        } else if areNeighbours(low, high) {
            if Int(low.a) != target { emitter.emit(.v128Move, target, Int(low.a)) }
        } else {
            compute(low, into: target)
            compute(high, into: target + 1)
        }
    }

    /// `local.set` of the two halves of a vector, the instruction at hand and the next one, as one.
    ///
    /// Returns whether both are done with.
    mutating func setVector(_ instruction: ScannedInstruction) -> Bool {
        guard index + 1 < scan.instructions.count, height > 1 else { return false }
        let next = scan.instructions[index + 1]
        guard next.op == .localSet, next.a + 1 == instruction.a, !next.flags.contains(.skip),
            next.a != registerCopy, instruction.a != registerCopy
        else { return false }
        let (low, high) = (stack[height - 2], stack[height - 1])
        guard areNeighbours(low, high) || low.tag == .constant && high.tag == .constant else { return false }
        height -= 2
        canonicalHeight = min(canonicalHeight, height)
        index += 1
        let target = slot(ofLocal: next.a)
        if low.tag == .slot && Int(low.a) == target { return true }
        willWrite(target)
        willWrite(target + 1)
        if optimizes, low.tag == .slot, Int(low.a) == temporary(height),
            emitter.redirectLast(from: temporary(height), to: target, letter: UInt8(ascii: "w"))
        {
            return true
        }
        computeVector(low, high, into: target)
        return true
    }

    /// `select` of two vectors.
    mutating func selectVector() {
        materializeOverwritten(5)
        height -= 5
        canonicalHeight = min(canonicalHeight, height)
        let first = readVector(stack[height], stack[height + 1], at: height)
        let second = readVector(stack[height + 2], stack[height + 3], at: height + 2)
        let condition = read(stack[height + 4], at: height + 4)
        let target = temporary(height)
        willWrite(target)
        willWrite(target + 1)
        emitter.emit(.v128Select, target, first, second, condition)
        pushCanonical()
        pushCanonical()
    }
}
