internal import CSupport

// Calls.
extension FunctionLowering {
    mutating func call(_ function: UInt32) {
        let type = module.types[Int(module.functionTypes[Int(function)])]
        if Int(function) < module.importedFunctionCount {
            let base = passArguments(type, firstIsZero: false)
            emitCall(.callImport, type, base, target: 0, function: function, immediate: 0)
        } else {
            let firstIsZero = hasZeroArgument(type)
            let base = passArguments(type, firstIsZero: firstIsZero)
            if firstIsZero, let immediate = takePush() {
                emitCall(.callPushZero, type, base, target: 0, function: function, immediate: immediate)
            } else {
                emitCall(firstIsZero ? .callZero : .call, type, base, target: 0, function: function, immediate: 0)
            }
        }
    }

    mutating func callIndirect(type typeIndex: UInt32, table: UInt32) {
        let type = module.types[Int(typeIndex)]
        let operand = pop()
        let firstIsZero = hasZeroArgument(type)
        // The index is read before the callee's frame exists, so it may lie where the frame will be; but not where
        // arguments go.
        let indexSlot = read(operand, at: height, clean: true)
        let base = passArguments(type, firstIsZero: firstIsZero)
        let function = UInt32(indexSlot) | table << 16
        let number = typeNumbers[Int(typeIndex)]
        if firstIsZero, let immediate = takePush() {
            emitCall(.callIndirectPushZero, type, base, target: number, function: function, immediate: immediate)
        } else {
            emitCall(
                firstIsZero ? .callIndirectZero : .callIndirect, type, base, target: number, function: function, immediate: 0)
        }
    }

    /// Whether the first argument of a call whose arguments are on the stack is the constant 0.
    private func hasZeroArgument(_ type: FunctionType) -> Bool {
        guard optimizes, let first = type.parameters.first, first == .i32 else { return false }
        let operand = stack[height - type.parameters.count]
        return operand.tag == .constant && operand.a == 0
    }

    /// Puts the arguments in the slots where the callee's frame begins, and returns the first of them.
    private mutating func passArguments(_ type: FunctionType, firstIsZero: Bool) -> Int {
        let count = type.parameters.count
        let first = height - count
        for i in first..<height where !(firstIsZero && i == first) { materialize(i) }
        height = first
        canonicalHeight = min(canonicalHeight, first)
        // What the callee may change: its frame begins at the base.
        let base = temporary(first)
        flush { $0.readsMemory || $0.readsRegister || $0.readsGlobal || $0.reads(above: base - 1) }
        return base
    }

    /// Go's call subtracts 8 from the register global and stores the return address there: if these two were emitted last,
    /// takes them back and returns the address.
    private mutating func takePush() -> UInt32? {
        guard emitter.lastIs(.store64_si), emitter.secondLastIs(.spAdd), emitter.word(1, of: emitter.last) == 0,
            emitter.word(1, of: emitter.secondLast) == UInt32(bitPattern: -8)
        else { return nil }
        let immediate = emitter.word(2, of: emitter.last)
        emitter.removeLast()
        emitter.removeLast()
        return immediate
    }

    private mutating func emitCall(
        _ op: GWOp, _ type: FunctionType, _ base: Int, target: UInt32, function: UInt32, immediate: UInt32
    ) {
        let start = emitter.emitCall(
            op, base: base, link: base + max(type.parameters.count, type.results.count), target: target, function: function,
            immediate: immediate)
        for _ in type.results { pushCanonical() }
        // Imported functions and those of other instances always return to the instruction behind the call.
        if type.results == [.i32], op != .callImport {
            lastCall = (start, emitter.position, base)
        }
        emitter.setBarrier()
    }
}
