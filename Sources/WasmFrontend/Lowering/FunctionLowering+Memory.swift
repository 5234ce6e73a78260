internal import CSupport

// Loads, stores, and the instructions on memories and tables as a whole.
extension FunctionLowering {
    /// How an address that was popped from the height `at` is formed: the mode, the slot if the mode has one, and the
    /// displacement.
    private mutating func address(
        _ operand: Operand, offset: UInt32, at: Int, isLoad: Bool
    ) -> (mode: GWMode, slot: Int, displacement: UInt64) {
        let offset = UInt64(offset)
        guard optimizes else { return (.r, Int(operand.a), offset) }
        switch operand.tag {
        case .sp where operand.a == 0: return (.s, 0, offset)
        // The sum wraps, the offset does not: without offset there is one number to add.
        case .sp where offset == 0: return (.t, 0, operand.a & 0xFFFF_FFFF)
        case .binary where operand.op == .i32Add && operand.first == .r && operand.second == .i && offset == 0:
            return (.k, Int(operand.a), operand.b & 0xFFFF_FFFF)
        case .binary where operand.op == .i32Add && operand.first == .r && operand.second == .r && offset == 0:
            return (.x, Int(operand.a), operand.b)
        case .scaled where operand.op == .i32Add && offset == 0:
            return (.x, Int(operand.a), operand.b)
        case .constant where operand.a + offset <= UInt64(UInt32.max):
            return (.a, 0, operand.a + offset)
        case .wrappedLoad where isLoad:
            return (.m, 0, operand.b & 0xFFFF_FFFF | offset << 32)
        default: return (.r, read(operand, at: at), offset)
        }
    }

    mutating func load(_ op: GWWasmOpcode, offset: UInt32) {
        let operand = pop()
        if op == .i32Load, operand.tag == .globalWrapped {
            return push(Operand(tag: .globalLoad, a: operand.a, b: UInt64(offset)))
        }
        let (mode, slot, displacement) = address(operand, offset: offset, at: height, isLoad: true)
        push(Operand(tag: .load, mode: mode, op: op, a: UInt64(slot), b: displacement))
    }

    mutating func store(_ op: GWWasmOpcode, offset: UInt32) {
        materializeOverwritten(2)
        let value = pop()
        let operand = pop()
        flushMemory()
        let (mode, slot, displacement) = address(operand, offset: offset, at: height, isLoad: false)
        if mode == .s || mode == .t, value.tag == .binary, op == .i64Store || op == .f64Store {
            let kind: GWKind = mode == .s ? .s : .t
            if gw_select_binary(value.op, kind, value.first, value.second) != .invalid {
                return emitBinary(value, destination: kind, displacement)
            }
        }
        let (kind, bits) = storedValue(op, mode, value)
        let instruction = gw_select_store(op, mode, kind)
        switch mode {
        case .r, .k: emitter.emit(instruction, operands: Emitter.Operands(UInt64(slot), displacement, bits))
        case .x:
            emitter.emit(
                instruction, operands: Emitter.Operands(UInt64(slot), displacement & 0xFFFF, displacement >> 16, bits))
        case .s, .t, .a:
            emitter.emit(instruction, operands: Emitter.Operands(displacement, bits))
        case .m, .none: preconditionFailure("no store has this mode")
        }
    }

    /// What a store stores: an immediate, a stack word where there is a form for it, or a slot.
    private mutating func storedValue(_ op: GWWasmOpcode, _ mode: GWMode, _ value: Operand) -> (GWKind, UInt64) {
        let isWide = op == .i64Store || op == .f64Store
        switch value.tag {
        case .constant where optimizes && mode != .x && (!isWide || fits(value.a)):
            return (.i, UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value.a))))
        case .load where value.op == .i64Load && (value.mode == .s || value.mode == .t):
            let kind: GWKind = value.mode == .s ? .s : .t
            if gw_select_store(op, mode, kind) != .invalid { return (kind, value.b) }
        default: break
        }
        return (.r, UInt64(read(value, at: height + 1)))
    }

    mutating func bulk(_ instruction: ScannedInstruction) {
        flush { $0.readsMemory }
        // Operands go to the slots of their heights unless they are in slots; results to the lowest of them.
        let count: Int
        switch instruction.op {
        case .tableGet: count = 1
        case .tableSet, .tableGrow: count = 2
        case .tableFill: count = 3
        case .refFunc: count = 0
        default: count = Int(instruction.op.row.operand_count)
        }
        if count > 1 { materializeOverwritten(count) }
        var slots = (0, 0, 0)
        let operands = (count > 2 ? pop() : nil, count > 1 ? pop() : nil, count > 0 ? pop() : nil)
        if let first = operands.2 { slots.0 = read(first, at: height, clean: true) }
        if let second = operands.1 { slots.1 = read(second, at: height + 1, clean: true) }
        if let third = operands.0 { slots.2 = read(third, at: height + 2, clean: true) }
        let target = temporary(height)
        let a = instruction.a
        let b = UInt32(truncatingIfNeeded: instruction.b)
        switch instruction.op {
        case .memoryCopy: return emitter.emit(.memoryCopy, slots.0, slots.1, slots.2)
        case .memoryFill: return emitter.emit(.memoryFill, slots.0, slots.1, slots.2)
        case .memoryInit: return emitter.emit(.memoryInit, slots.0, slots.1, slots.2, words: a, nil)
        case .dataDrop: return emitter.emit(.dataDrop, word: a)
        case .elemDrop: return emitter.emit(.elemDrop, word: a)
        case .tableSet: return emitter.emit(.tableSet, slots.0, slots.1, word: a)
        case .tableFill: return emitter.emit(.tableFill, slots.0, slots.1, slots.2, words: a, nil)
        case .tableCopy: return emitter.emit(.tableCopy, slots.0, slots.1, slots.2, words: a, b)
        case .tableInit: return emitter.emit(.tableInit, slots.0, slots.1, slots.2, words: a, b)
        default: break
        }
        willWrite(target)
        switch instruction.op {
        case .memorySize: emitter.emit(.memorySize, target)
        case .memoryGrow: emitter.emit(.memoryGrow, target, slots.0)
        case .tableGet: emitter.emit(.tableGet, target, slots.0, word: a)
        case .tableSize: emitter.emit(.tableSize, target, word: a)
        case .tableGrow: emitter.emit(.tableGrow, target, slots.0, slots.1, words: a, nil)
        case .refFunc: emitter.emit(.refFunc, target, word: a)
        default: preconditionFailure("not an instruction on a memory or table")
        }
        pushCanonical()
    }
}
