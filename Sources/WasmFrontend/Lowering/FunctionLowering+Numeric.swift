internal import CSupport

// Arithmetic and conversions.
extension FunctionLowering {
    mutating func numeric(_ op: GWWasmOpcode) {
        let raw = op.rawValue
        let row = raw < 0x100 ? gw_wasm_opcodes()! + Int(raw) : gw_wasm_opcodes_fc()! + Int(raw & 0xFF)
        if row.pointee.operand_count == 2 {
            materializeOverwritten(2)
            let second = pop()
            let first = pop()
            binary(op, first, second)
        } else {
            unary(op, pop())
        }
    }

    private mutating func unary(_ op: GWWasmOpcode, _ operand: Operand) {
        if op.mayTrap {
            flushMemory()
            let source = read(operand, at: height)
            willWrite(temporary(height))
            emitter.emit(gw_select_unary(op), temporary(height), source)
            return pushCanonical()
        }
        if !optimizes {
            let source = read(operand, at: height)
            emitter.emit(gw_select_unary(op), temporary(height), source)
            return pushCanonical()
        }
        let source = read(operand, at: height)
        push(Operand(tag: .unary, op: op, a: UInt64(source)))
    }

    private mutating func binary(_ op: GWWasmOpcode, _ first: Operand, _ second: Operand) {
        if op.mayTrap {
            flushMemory()
            let firstSlot = read(first, at: height)
            let secondSlot = read(second, at: height + 1)
            willWrite(temporary(height))
            emitter.emit(gw_select_binary(op, .r, .r, .r), temporary(height), firstSlot, secondSlot)
            return pushCanonical()
        }
        guard optimizes else {
            emitter.emit(
                gw_select_binary(op, .r, .r, .r), temporary(height), read(first, at: height),
                read(second, at: height + 1))
            return pushCanonical()
        }
        if let sum = registerSum(op, first, second) { return push(sum) }
        if let folded = constantSum(op, first, second) { return push(folded) }
        if let sum = scaledSum(op, first, second) { return push(sum) }
        if let same = sameValue(op, first, second) { return push(same) }
        if let comparison = stackCheckComparison(op, first, second) { return push(comparison) }
        var result = Operand(tag: .binary, op: op)
        // Only what becomes an immediate changes sides: a constant that needs a slot would get the one in which the
        // other operand may lie.
        if first.tag == .constant && second.tag != .constant, op.isOn32Bits || fits(first.a),
            op.isCommutative || op.isIntegerComparison
        {
            result.op = op.isIntegerComparison ? gw_swapped(op) : op
            leaves(&result, second, first)
        } else {
            leaves(&result, first, second)
        }
        push(result)
    }

    /// Sums of the register global and a constant stay what they are: an address on Go's stack.
    private func registerSum(_ op: GWWasmOpcode, _ first: Operand, _ second: Operand) -> Operand? {
        guard second.tag == .constant else { return nil }
        switch (op, first.tag) {
        case (.i32Add, .sp): return Operand(tag: .sp, a: UInt64(UInt32(truncatingIfNeeded: first.a &+ second.a)))
        case (.i32Sub, .sp): return Operand(tag: .sp, a: UInt64(UInt32(truncatingIfNeeded: first.a &- second.a)))
        case (.i64Add, .sp64):
            // Both numbers fit 32 bits signed, or the sum would not mean the same.
            guard fits(second.a), fits(first.a &+ second.a) else { return nil }
            return Operand(tag: .sp64, a: first.a &+ second.a)
        default: return nil
        }
    }

    /// A slot plus a slot shifted by a constant: an element's address.
    private func scaledSum(_ op: GWWasmOpcode, _ first: Operand, _ second: Operand) -> Operand? {
        guard op == .i64Add || op == .i32Add else { return nil }
        let shift: GWWasmOpcode = op == .i64Add ? .i64Shl : .i32Shl
        for (base, index) in [(first, second), (second, first)] {
            guard index.tag == .binary, index.op == shift, index.first == .r, index.second == .i, index.b < 32,
                base.tag == .slot || base.tag == .wrapped && op == .i32Add
            else { continue }
            return Operand(tag: .scaled, op: op, a: base.a, b: index.a | index.b << 16)
        }
        return nil
    }

    /// Operations that mean something simpler: masking with 32 ones, and asking whether a comparison does not make 0.
    private func sameValue(_ op: GWWasmOpcode, _ first: Operand, _ second: Operand) -> Operand? {
        guard second.tag == .constant else { return nil }
        switch op {
        case .i64And where second.a == 0xFFFF_FFFF && first.tag == .slot:
            return Operand(tag: .unary, op: .i64ExtendI32U, a: first.a)
        case .i64Ne where second.a == 0, .i32Ne where second.a == 0:
            return first.tag == .binary && first.op.isIntegerComparison ? first : nil
        default: return nil
        }
    }

    /// Sums of constants, which address computations are full of.
    private func constantSum(_ op: GWWasmOpcode, _ first: Operand, _ second: Operand) -> Operand? {
        guard first.tag == .constant, second.tag == .constant else { return nil }
        switch op {
        case .i64Add: return .constant(gw_i64_add(first.a, second.a))
        case .i64Sub: return .constant(gw_i64_sub(first.a, second.a))
        case .i32Add:
            return .constant(
                UInt64(gw_i32_add(UInt32(truncatingIfNeeded: first.a), UInt32(truncatingIfNeeded: second.a))))
        case .i32Sub:
            return .constant(
                UInt64(gw_i32_sub(UInt32(truncatingIfNeeded: first.a), UInt32(truncatingIfNeeded: second.a))))
        default: return nil
        }
    }

    /// Gives a binary operation its operands in kinds for which there is a form.
    ///
    /// The operands were popped from `height` and the height above.
    private mutating func leaves(_ result: inout Operand, _ first: Operand, _ second: Operand) {
        (result.first, result.a) = leaf(first, at: height, of: result.op, isSecond: false)
        (result.second, result.b) = leaf(second, at: height + 1, of: result.op, isSecond: true)
        if findForm(&result) { return }
        // Otherwise through slots, one operand after the other.
        if result.second.isMemory {
            result.b = UInt64(read(second, at: height + 1))
            result.second = .r
            if findForm(&result) { return }
        }
        if result.first != .r {
            result.a = UInt64(read(first, at: height))
            result.first = .r
            if findForm(&result) { return }
        }
        result.b = UInt64(read(second, at: height + 1))
        result.second = .r
        assert(hasForm(result))
    }

    /// Whether there is a form for a binary operation as it is or, where that means the same, with its operands
    /// swapped.
    private func findForm(_ operand: inout Operand) -> Bool {
        if hasForm(operand) { return true }
        guard operand.op.isCommutative || operand.op.isIntegerComparison else { return false }
        var swapped = operand
        swap(&swapped.first, &swapped.second)
        swap(&swapped.a, &swapped.b)
        if operand.op.isIntegerComparison { swapped.op = gw_swapped(operand.op) }
        guard hasForm(swapped) else { return false }
        operand = swapped
        return true
    }

    private func hasForm(_ operand: Operand) -> Bool {
        gw_select_binary(operand.op, .r, operand.first, operand.second) != .invalid
            || gw_select_branch(operand.op, operand.first, operand.second) != .invalid
    }

    private mutating func leaf(
        _ operand: Operand, at: Int, of op: GWWasmOpcode, isSecond: Bool
    ) -> (GWKind, UInt64) {
        switch operand.tag {
        case .slot, .wrapped: return (.r, operand.a)
        case .constant:
            if gw_select_binary(op, .r, .r, .i) != .invalid {
                // An immediate of 32 bits: the whole of an i32, the sign extension of an i64.
                if op.isOn32Bits { return (.i, UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: operand.a)))) }
                if fits(operand.a) { return (.i, operand.a) }
            }
        case .load where operand.op == .i64Load && operand.mode == .s: return (.s, operand.b)
        case .load where operand.op == .i64Load && operand.mode == .t: return (.t, operand.b)
        case .load where (operand.op == .f64Load || operand.op == .i64Load && !isSecond) && op.takesMemory:
            // The displacement is of 32 bits.
            if operand.mode == .r { return (.m, operand.a | operand.b << 16) }
            if operand.mode == .k && operand.op == .f64Load {
                return (.k, operand.a | UInt64(UInt32(truncatingIfNeeded: operand.b)) << 16)
            }
        default: break
        }
        return (.r, UInt64(read(operand, at: at)))
    }

    // MARK: - Between i32 and i64

    mutating func wrap() {
        var operand = pop()
        guard optimizes else {
            emitter.emit(.move32, temporary(height), Int(operand.a))
            return pushCanonical()
        }
        switch operand.tag {
        case .slot: operand.tag = .wrapped
        case .global: operand.tag = .globalWrapped
        case .constant: operand.a = UInt64(UInt32(truncatingIfNeeded: operand.a))
        case .load where operand.op == .i64Load8U || operand.op == .i64Load16U || operand.op == .i64Load32U: break
        case .sp64: operand = Operand(tag: .sp, a: UInt64(UInt32(truncatingIfNeeded: operand.a)))
        case .binary
        where operand.op.lowHalf != nil && operand.first == .r && (operand.second == .r || operand.second == .i):
            operand.op = operand.op.lowHalf!
        case .binary where operand.op == .i64Shl && operand.first == .r && operand.second == .i && operand.b < 32:
            operand.op = .i32Shl
        case .scaled: operand.op = .i32Add
        case .unary where operand.op == .i64ExtendI32U: operand = Operand(tag: .wrapped, a: operand.a)
        case .load where operand.op == .i64Load && operand.mode == .s:
            operand = Operand(tag: .wrappedLoad, b: operand.b)
        default:
            operand = Operand(tag: .wrapped, a: UInt64(read(operand, at: height)))
        }
        push(operand)
    }

    mutating func extend() {
        let operand = pop()
        guard optimizes else {
            emitter.emit(.move32, temporary(height), Int(operand.a))
            return pushCanonical()
        }
        switch operand.tag {
        case .sp where operand.a == 0: push(Operand(tag: .sp64))
        case .sp, .wrapped, .globalWrapped, .wrappedLoad:
            let target = temporary(height)
            willWrite(target)
            compute(operand, into: target)
            pushCanonical()
        // Everything else is zero-extended already.
        default: push(operand)
        }
    }

    mutating func equalsZero(_ op: GWWasmOpcode) {
        var operand = pop()
        guard optimizes else {
            let target = temporary(height)
            emitter.emit(gw_select_binary(op, .r, .r, .i), target, Int(operand.a), word: 0)
            return pushCanonical()
        }
        // The result of a comparison is the same as i32 and as i64.
        if operand.tag == .binary, operand.op.isIntegerComparison {
            operand.op = gw_negated(operand.op)
            return push(operand)
        }
        binary(op, operand, .constant(0))
    }

    /// Go's check of the stack at the beginning of a function: `sp <= [g + offset]`.
    private func stackCheckComparison(_ op: GWWasmOpcode, _ first: Operand, _ second: Operand) -> Operand? {
        guard op == .i32LeU, first.tag == .sp, first.a == 0, second.tag == .globalLoad, second.a <= 0xFFFF else {
            return nil
        }
        return Operand(tag: .stackCheck, a: second.a, b: second.b)
    }
}

extension GWWasmOpcode {
    /// Whether there are forms with a memory operand on general addresses.
    var takesMemory: Bool {
        gw_select_binary(self, .r, .r, .m) != .invalid || gw_select_branch(self, .m, .i) != .invalid
    }

    /// Whether the operands are i32.
    var isOn32Bits: Bool { gw_wasm_opcodes()![Int(rawValue & 0xFF)].operands.0 == 0x7F }
}
