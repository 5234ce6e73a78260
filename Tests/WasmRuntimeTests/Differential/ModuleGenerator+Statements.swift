import WasmFrontend
import _TestSupport

// Statements: code that leaves the stack as it was.
extension ModuleGenerator {
    mutating func statement() {
        body.budget -= 1
        body.depth += 1
        defer { body.depth -= 1 }
        guard body.budget > 0, body.depth < 14 else { return setLocal() }
        switch below(100) {
        case 0..<22: setLocal()
        case 22..<44: store()
        case 44..<50: setGlobal()
        case 50..<54:
            let type = randomType()
            expression(type)
            emit(0x1A)
        case 54..<62: callStatement()
        case 62..<72:
            let parameters = chance(15) ? randomTypes(2) : []
            for parameter in parameters { expression(parameter) }
            block(parameters, [])
        case 72..<80: branch()
        case 80..<84: moveStack()
        case 84..<88: bulk()
        case 88..<91: copySlot()
        case 91: setLocals()
        case 92..<94: stackCheck()
        case 94: leave()
        case 95: emit(0x01)
        case 96: tableBranch()
        default: onlyBranch()
        }
    }

    private mutating func setLocal() {
        guard !body.locals.isEmpty else { return }
        if !body.isDisciplined, let copy = body.copy, chance(10) {
            expression(.i32)
            return emit([0x21] + unsigned(copy))
        }
        let local = below(body.locals.count)
        guard local != body.copy else { return }
        expression(body.locals[local])
        emit([0x21] + unsigned(local))
    }

    private mutating func store() {
        let type = randomType()
        let offset = address()
        if chance(10) { statement() }
        expression(type)
        canonicalizeNaN(type)
        let codes: [UInt8] =
            switch type {
            case .i32: [0x36, 0x36, 0x3A, 0x3B]
            case .i64: [0x37, 0x37, 0x37, 0x3C, 0x3D, 0x3E]
            case .f32: [0x38]
            default: [0x39]
            }
        emit([pick(codes), 0x00] + unsigned(offset))
    }

    private mutating func setGlobal() {
        let global = pick([Self.importedWide, 4, 5, 6, 7])
        expression(Self.globalTypes[global])
        emit([0x24] + unsigned(global))
    }

    /// Go's `slot = slot op slot` and its relations.
    private mutating func copySlot() {
        let pushSlot = { (generator: inout Self) -> UInt32 in
            if generator.chance(50) {
                generator.goSlot()
                return 0
            }
            generator.emit(generator.body.copy.map { [0x20] + unsigned($0) } ?? [0x23] + unsigned(Self.stackPointer))
            return UInt32(8 * generator.below(8))
        }
        let to = pushSlot(&self)
        if chance(20) {
            emitConstant(.i64, constant(.i64))
        } else {
            emit([0x29, 0x00] + unsigned(pushSlot(&self)))
            if chance(70) {
                if chance(50) {
                    emitConstant(.i64, constant(.i64))
                } else {
                    emit([0x29, 0x00] + unsigned(pushSlot(&self)))
                }
                emit(pick([0x7C, 0x7D, 0x7E, 0x83, 0x84, 0x86, 0x87]))
            }
        }
        emit([0x37, 0x00] + unsigned(to))
    }

    /// Sets a few locals one after the other, some of them twice, as Go does with stack words and moves.
    private mutating func setLocals() {
        let all = body.locals.indices.filter { body.locals[$0] == .i64 }
        guard !all.isEmpty else { return }
        let some = (0..<3).map { _ in pick(all) }
        let stackPointer = body.copy.map { [0x20] + unsigned($0) } ?? [0x23] + unsigned(Self.stackPointer)
        for _ in 0..<2 + below(4) {
            if chance(70) {
                emit(stackPointer)
                emit([0x29, 0x00] + unsigned(8 * below(8)))
            } else {
                emit([0x20] + unsigned(pick(some)))
            }
            emit([0x21] + unsigned(pick(some)))
        }
    }

    /// Changes the register global, with its copy where there is one.
    mutating func moveStack(by amount: Int? = nil) {
        let amount = amount ?? pick([8, 16, 64, -8, -16, -64])
        let read = body.copy.map { [0x20] + unsigned($0) } ?? [0x23] + unsigned(Self.stackPointer)
        emit(read)
        if !chance(95), !body.isDisciplined {
            expression(.i32)
            emit([0x41, 0x38, 0x71, 0x6A])
        } else {
            emit([0x41] + signed(abs(amount)) + [amount < 0 ? 0x6B : 0x6A])
        }
        if let copy = body.copy, body.isDisciplined || chance(70) { emit([0x22] + unsigned(copy)) }
        emit([0x24] + unsigned(Self.stackPointer))
    }

    private mutating func bulk() {
        let isCopy = chance(50)
        _ = address()
        if isCopy { _ = address() } else { expression(.i32) }
        emitConstant(.i32, chance(90) ? UInt64(below(40)) : constant(.i32))
        emit(isCopy ? [0xFC, 0x0A, 0x00, 0x00] : [0xFC, 0x0B, 0x00])
    }

    // MARK: - Calls

    private mutating func callStatement() {
        guard !body.isLeaf else { return store() }
        guard chance(85), body.index + 1 < signatures.count else {
            expression(.i32)
            expression(.i64)
            emit([0x10] + unsigned(Self.hostFunction))
            refresh()
            return discard(.i64)
        }
        let callee = body.index + 1 + below(signatures.count - body.index - 1)
        if signatures[callee] == FunctionType([.i32], [.i32]) && chance(70) { return goCall(callee) }
        invoke(callee)
        for result in signatures[callee].results.reversed() { discard(result) }
    }

    /// Go's call: the return address is pushed, and what the callee returns is branched on.
    private mutating func goCall(_ callee: Int) {
        let stack = unsigned(Self.stackPointer)
        let read = body.copy.map { [0x20] + unsigned($0) } ?? [0x23] + stack
        emit(read + [0x41, 0x08, 0x6B])
        if let copy = body.copy { emit([0x22] + unsigned(copy)) }
        emit(
            [0x24] + stack + read + [0x42] + signed(Int64(below(1 << 20)) << (chance(95) ? 0 : 20)) + [
                0x37, chance(80) ? 0x03 : 0x00, 0x00,
            ])
        emit([0x41, 0x00])
        if callee >= firstLeaf && chance(30) {
            if chance(50) { emitConstant(.i32, UInt64(below(8))) } else { expression(.i32) }
            emit([0x11] + unsigned(builder.addType(signatures[callee])) + [0x00])
        } else {
            emit([0x10] + unsigned(Self.importedFunctionCount + callee))
        }
        refresh()
        let plain = body.targets.indices.filter { body.targets[$0].types.isEmpty && !body.targets[$0].isLoop }
        switch below(4) {
        case 0...1:
            guard let target = plain.randomElement(using: &random) else { return discard(.i32) }
            emit([0x0D] + unsigned(body.targets.count - 1 - target))
        case 2:
            if chance(40) { emit(0x45) }
            emit([0x04, 0x40])
            inside([]) { $0.statement() }
            if chance(30) {
                emit(0x05)
                inside([]) { $0.statement() }
            }
            emit(0x0B)
        default: discard(.i32)
        }
    }

    // MARK: - Control

    /// Writes what a label surrounds.
    mutating func inside(_ types: [ValueType], isLoop: Bool = false, _ write: (inout Self) -> Void) {
        body.targets.append(Target(types: types, isLoop: isLoop))
        write(&self)
        body.targets.removeLast()
    }

    /// A construct whose parameters are on the stack.
    mutating func block(_ parameters: [ValueType], _ results: [ValueType]) {
        let contents = { (generator: inout Self) in
            for parameter in parameters.reversed() {
                if generator.chance(20) { generator.statement() }
                generator.discard(parameter)
            }
            for _ in 0..<1 + generator.below(3) { generator.statement() }
            for result in results { generator.expression(result) }
        }
        switch below(5) {
        case 0...1:
            emit(0x02)
            emitBlockType(parameters, results)
            inside(results, contents)
        case 2...3:
            expression(.i32)
            emit(0x04)
            emitBlockType(parameters, results)
            inside(results, contents)
            if !results.isEmpty || !parameters.isEmpty || chance(40) {
                emit(0x05)
                inside(results, contents)
            }
        default:
            emit(0x03)
            emitBlockType(parameters, results)
            inside(parameters, isLoop: true) { generator in
                generator.useFuel()
                contents(&generator)
                if parameters.isEmpty && results.isEmpty && generator.chance(80) {
                    generator.expression(.i32)
                    generator.emit([0x0D, 0x00])
                }
            }
        }
        emit(0x0B)
    }

    private mutating func branch() {
        let index = below(body.targets.count)
        let target = body.targets[index]
        for type in target.types { expression(type) }
        if target.isLoop { return discardAll(target.types) }
        expression(.i32)
        emit([0x0D] + unsigned(body.targets.count - 1 - index))
        discardAll(target.types)
    }

    private mutating func discardAll(_ types: [ValueType]) {
        for type in types.reversed() { discard(type) }
    }

    /// A conditional branch in the form of an `if` that contains nothing but a branch.
    private mutating func onlyBranch() {
        let plain = body.targets.indices.filter { body.targets[$0].types.isEmpty && !body.targets[$0].isLoop }
        guard let index = plain.randomElement(using: &random) else { return setLocal() }
        expression(.i32)
        emit([0x04, 0x40, 0x0C] + unsigned(body.targets.count - index) + [0x0B])
    }

    /// A branch table, behind which nothing is executed: inside a block of its own.
    private mutating func tableBranch() {
        emit([0x02, 0x40])
        inside([]) { generator in
            let types = generator.pick(generator.body.targets.filter { !$0.isLoop }).types
            let indices = generator.body.targets.indices.filter {
                generator.body.targets[$0].types == types && !generator.body.targets[$0].isLoop
            }
            for type in types { generator.expression(type) }
            generator.expression(.i32)
            if generator.chance(50) { generator.emit([0x41, 0x03, 0x71]) }
            let labels = (0..<1 + generator.below(5)).map { _ in
                unsigned(generator.body.targets.count - 1 - generator.pick(Array(indices)))
            }
            generator.emit([0x0E] + unsigned(labels.count - 1) + labels.joined())
        }
        emit(0x0B)
    }

    /// What ends a function, or leads elsewhere for certain, mostly behind a condition.
    private mutating func leave() {
        if chance(80) {
            expression(.i32)
            emit([0x04, 0x40])
            inside([]) { $0.leaveNow() }
            emit(0x0B)
        } else {
            leaveNow()
        }
    }

    private mutating func leaveNow() {
        if chance(15) { return emit(0x00) }
        for type in body.results { expression(type) }
        emit(0x0F)
    }

    /// Many values that wait for something to happen between them.
    mutating func deepStack() {
        let count = 40 + below(30)
        let types = (0..<count).map { _ in chance(70) ? ValueType.i32 : .i64 }
        for type in types {
            if chance(60) {
                emitConstant(type, constant(type))
            } else if chance(90) {
                let locals = locals(type)
                if locals.isEmpty { emitConstant(type, 5) } else { emit([0x20] + unsigned(pick(locals))) }
            } else {
                expression(type)
            }
        }
        for _ in 0..<1 + below(3) { statement() }
        callStatement()
        for type in types.reversed() {
            if chance(5) { statement() }
            if chance(40) {
                // Into memory, where it can be seen.
                let scratch = body.locals.count
                body.locals.append(type)
                emit([0x21] + unsigned(scratch))
                emit(
                    [0x41] + signed(256 + 8 * below(64)) + [0x20] + unsigned(scratch) + [
                        type == .i32 ? 0x36 : 0x37, 0x00, 0x00,
                    ])
            } else {
                discard(type)
            }
        }
    }
}
