internal import CSupport

// Calls.
extension FunctionLowering {
    mutating func call(_ function: UInt32) {
        let type = layout.types[Int(module.functionTypes[Int(function)])]
        if Int(function) < module.importedFunctionCount {
            let base = passArguments(type, firstIsZero: false)
            emitCall(.callImport, type, base, target: unresolved, function: function)
        } else {
            let firstIsZero = hasZeroArgument(type)
            let base = passArguments(type, firstIsZero: firstIsZero)
            emitCall(firstIsZero ? .callFresh : .call, type, base, target: unresolved, function: function)
        }
    }

    mutating func callIndirect(type typeIndex: UInt32, table: UInt32) {
        let type = layout.types[Int(typeIndex)]
        materializeOverwritten(type.parameters.count + 1)
        let operand = pop()
        let firstIsZero = hasZeroArgument(type)
        // The index is read before the callee's frame exists, so it may lie where the frame will be; but not where
        // arguments go, and these go above their own slots.
        var indexSlot = Int(operand.a)
        if !(operand.tag == .slot || operand.tag == .wrapped) || indexSlot >= firstTemporary {
            let count = type.parameters.count
            indexSlot = temporary(height - count) + Int(GW_FRAME_HEADER) + count
            willWrite(indexSlot)
            compute(operand, into: indexSlot)
        }
        let base = passArguments(type, firstIsZero: firstIsZero)
        let function = UInt32(indexSlot) | table << 16
        let number = typeNumbers[Int(typeIndex)]
        emitCall(firstIsZero ? .callIndirectFresh : .callIndirect, type, base, target: number, function: function)
    }

    // MARK: - Go's idioms

    /// Lowers the ``GoIdiom`` that begins here as a whole; otherwise its instructions are to be lowered one by one, which
    /// comes to the same.
    mutating func idiom() -> Bool {
        let instructions = scan.instructions
        // Who asks for origins wants to see what becomes of which instruction.
        guard registerCopy == instructions[index].a, origins == nil else { return false }
        if instructions[index + 1].op == .i32Const { return goCall(at: index) }
        computeDelayed()
        push(Operand(tag: .sp, a: UInt64(UInt32(truncatingIfNeeded: instructions[index + 2].b))))
        index += GoStackAddress.instructionCount - 1
        return true
    }

    /// Lowers a ``GoCall`` if nothing waits to be computed before it.
    private mutating func goCall(at index: Int) -> Bool {
        let instructions = scan.instructions
        let word = instructions[index + 6].b
        let function = instructions[index + 9].a
        let construct = Int(instructions[index + 12].a)
        guard registerGlobal == instructions[index + 4].a, height == 0, construct != 0,
            function >= module.importedFunctionCount, fits(word)
        else { return false }
        computeDelayed()
        // A change of the stack pointer right before would become one with the call's.
        guard !emitter.wouldFuse(.spAdd) else { return false }
        let base = temporary(0) + Int(GW_FRAME_HEADER)
        emitter.emitCall(
            .callPushFresh, base: base, target: unresolved, function: function,
            immediate: UInt32(truncatingIfNeeded: word))
        emitter.noteResult(in: base)
        emitter.setBarrier()
        emitter.emitBranchOnResult(to: Label(scan.constructs[construct].label))
        self.index += GoCall.instructionCount - 1
        return true
    }

    private var unresolved: UInt32 { UInt32(bitPattern: Int32(GW_UNRESOLVED)) }

    /// Whether the first argument of a call whose arguments are on the stack is the constant 0.
    private func hasZeroArgument(_ type: FunctionType) -> Bool {
        guard optimizes, let first = type.parameters.first, first == .i32 else { return false }
        let operand = stack[height - type.parameters.count]
        return operand.tag == .constant && operand.a == 0
    }

    /// Puts the arguments where the callee's frame begins: above its header, which lies above the values that stay.
    ///
    /// Returns the frame's first slot.
    private mutating func passArguments(_ type: FunctionType, firstIsZero: Bool) -> Int {
        let count = type.parameters.count
        let first = height - count
        let base = temporary(first) + Int(GW_FRAME_HEADER)
        // First what stays below and what the callee may change: its header and frame begin here.
        let header = temporary(first)
        for at in min(canonicalHeight, first)..<first {
            let operand = stack[at]
            if operand.readsMemory || operand.readsRegister || operand.readsGlobal || operand.reads(above: header - 1) {
                materialize(at)
            }
        }
        materializeOverwritten(count)
        // From the last to the first: the place of an argument is above its own slot, where only later ones lay.
        for i in stride(from: count - 1, through: firstIsZero ? 1 : 0, by: -1) {
            compute(stack[first + i], into: base + i)
        }
        height = first
        canonicalHeight = min(canonicalHeight, first)
        return base
    }

    private mutating func emitCall(_ op: GWOp, _ type: FunctionType, _ base: Int, target: UInt32, function: UInt32) {
        emitter.emitCall(op, base: base, target: target, function: function, immediate: 0)
        // Imported functions and those of other instances always return to the instruction behind the call.
        if type.results == [.i32], op != .callImport { emitter.noteResult(in: base) }
        // The results stay where the callee left them, until something else needs the place. With many values delayed,
        // this computes one of them: behind the call, where a result of 0 must come by.
        for i in 0..<type.results.count { push(.slot(base + i)) }
        emitter.setBarrier()
    }
}
