import CSupport
import WasmFrontend
import _TestSupport

// Expressions: code that leaves one value on the stack.
extension ModuleGenerator {
    /// A numeric instruction.
    struct Numeric {
        var code: [UInt8]
        var operands: [ValueType]
        var mayTrap: Bool
    }

    /// All numeric instructions by the type of their result, out of the table of instructions.
    static let numeric: [ValueType: [Numeric]] = {
        var result: [ValueType: [Numeric]] = [:]
        func add(_ code: [UInt8], _ row: GWWasmOpcodeInfo) {
            guard let text = row.text, row.immediate == .none, row.operand_count != 255, row.operand_count > 0,
                row.result_count == 1, let type = ValueType(rawValue: row.result)
            else { return }
            let operands = [row.operands.0, row.operands.1].prefix(Int(row.operand_count))
            let name = String(cString: text)
            let mayTrap = [".div_", ".rem_", ".trunc_f"].contains { name.contains($0) } && !name.hasPrefix("f")
            result[type, default: []].append(
                Numeric(code: code, operands: operands.map { ValueType(rawValue: $0)! }, mayTrap: mayTrap))
        }
        for code in 0..<256 { add([UInt8(code)], gw_wasm_opcodes()![code]) }
        for code in 0..<Int(GW_WASM_FC_COUNT) { add([0xFC] + unsigned(code), gw_wasm_opcodes_fc()![code]) }
        return result
    }()

    mutating func expression(_ type: ValueType) {
        body.budget -= 1
        body.depth += 1
        defer { body.depth -= 1 }
        if body.budget <= 0 || body.depth > 12 { return leaf(type) }
        switch below(100) {
        case 0..<22: leaf(type)
        case 22..<58: arithmetic(type)
        case 58..<70: load(type)
        case 70..<74: tee(type)
        case 74..<78: choice(type)
        case 78..<84: structured(type)
        case 84..<88: call(resultingIn: type)
        case 88..<92:
            // A value that waits while something happens.
            expression(type)
            statement()
        case 92..<95: branchWithValue(type)
        case 95..<97: goAddress(type)
        default: special(type)
        }
    }

    private mutating func leaf(_ type: ValueType) {
        let locals = locals(type)
        switch below(10) {
        case 0..<5 where !locals.isEmpty: emit([0x20] + unsigned(pick(locals)))
        case 5 where type == .i32 && body.copy != nil: emit([0x20] + unsigned(body.copy!))
        case 6:
            let globals = Self.globalTypes.indices.filter { Self.globalTypes[$0] == type && $0 != Self.fuel }
            emit([0x23] + unsigned(pick(globals)))
        default: emitConstant(type, constant(type))
        }
    }

    private mutating func arithmetic(_ type: ValueType) {
        var instruction = pick(Self.numeric[type]!)
        while instruction.mayTrap && chance(85) { instruction = pick(Self.numeric[type]!) }
        // Most often what code is full of.
        if type == .i64 && chance(35) {
            instruction = Numeric(
                code: [pick([0x7C, 0x7D, 0x7E, 0x83, 0x86])], operands: [.i64, .i64], mayTrap: false)
        }
        if type == .i32 && chance(35) {
            instruction = Numeric(code: [pick([0x6A, 0x6B, 0x71, 0x45, 0x48, 0xA7])], operands: [], mayTrap: false)
        }
        switch instruction.code {
        case [0x45]: instruction.operands = [.i32]
        case [0xA7]: instruction.operands = [.i64]
        default: if instruction.operands.isEmpty { instruction.operands = [.i32, .i32] }
        }
        for (index, operand) in instruction.operands.enumerated() {
            if index > 0 && chance(12) { statement() }
            expression(operand)
        }
        // Reinterpretations show all bits, `copysign` shows the sign of its second operand.
        switch instruction.code {
        case [0xBC], [0x98]: canonicalizeNaN(.f32)
        case [0xBD], [0xA6]: canonicalizeNaN(.f64)
        default: break
        }
        emit(instruction.code)
    }

    /// Where the bits of the float on the stack will be seen: makes a NaN the canonical one, if that is asked for.
    mutating func canonicalizeNaN(_ type: ValueType) {
        guard canonicalizesNaNs, type == .f32 || type == .f64 else { return }
        let local: Int
        if let known = body.floats[type] {
            local = known
        } else {
            local = body.locals.count
            body.locals.append(type)
            body.floats[type] = local
        }
        let get = [0x20] + unsigned(local)
        emit([0x21] + unsigned(local) + get)
        emitConstant(type, type == .f32 ? UInt64(Float.nan.bitPattern) : Double.nan.bitPattern)
        emit(get + get + [type == .f32 ? 0x5B : 0x61, 0x1B])
    }

    private mutating func tee(_ type: ValueType) {
        expression(type)
        if let local = locals(type).randomElement(using: &random) { emit([0x22] + unsigned(local)) }
    }

    private mutating func choice(_ type: ValueType) {
        expression(type)
        expression(type)
        expression(.i32)
        emit(chance(50) ? [0x1B] : [0x1C, 0x01, type.rawValue])
    }

    private mutating func special(_ type: ValueType) {
        switch type {
        case .i32:
            switch below(4) {
            case 0: emit([0x3F, 0x00])
            case 1:
                emitConstant(.i32, chance(70) ? 0 : chance(50) ? 1 : constant(.i32))
                emit([0x40, 0x00])
            case 2: emit([0xFC, 0x10, 0x00])
            default:
                expression(.i32)
                emit([0x41, 0x07, 0x71, 0x25, 0x00, 0xD1])
            }
        default: leaf(type)
        }
    }

    // MARK: - Memory

    /// Pushes an address, most often one inside the memory, and returns the offset to go with it.
    mutating func address() -> UInt32 {
        let offset: UInt32 = pick([0, 0, 0, 4, 8, 16, 24, 1000])
        switch below(20) {
        case 0..<8:
            if let copy = body.copy, chance(80) {
                emit([0x20] + unsigned(copy))
            } else {
                emit([0x23] + unsigned(Self.stackPointer))
            }
        case 8..<12: goSlot()
        case 12..<14: emitConstant(.i32, UInt64(0x7F80 + below(256)))
        case 14..<17:
            expression(.i32)
            emit([0x41] + signed(pick([0xFFF8, 0x7FFF, 0xFF])) + [0x71])
        case 17:
            emitConstant(.i32, UInt64(65520 + below(20)))
        case 18:
            expression(.i32)
            emit([0x41] + signed(pick([8, -8, 1 << 30, -65536])) + [0x6A])
        default:
            expression(.i32)
            return chance(90) ? offset : pick([.max, 0x8000_0000, 65535, 65536])
        }
        return offset
    }

    private mutating func load(_ type: ValueType) {
        let offset = address()
        let codes: [UInt8] =
            switch type {
            case .i32: [0x28, 0x28, 0x28, 0x2C, 0x2D, 0x2E, 0x2F]
            case .i64: [0x29, 0x29, 0x29, 0x29, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35]
            case .f32: [0x2A]
            default: [0x2B]
            }
        emit([pick(codes), 0x00] + unsigned(offset))
    }

    /// `SP + K` as Go's compiler computes it.
    mutating func goSlot() {
        let k: Int64 = chance(90) ? Int64(8 * below(12)) : pick([-8, -64, 1 << 31, 0xFFFF_FFFF, -0x8000_0000, 1 << 40])
        if let copy = body.copy, chance(85) {
            emit([0x20] + unsigned(copy))
        } else {
            emit([0x23] + unsigned(Self.stackPointer))
        }
        emit([0xAD, 0x42] + signed(k) + [0x7C])
        if chance(10) { emit([0x42] + signed(pick([8, -8, 1 << 31])) + [0x7C]) }
        emit(0xA7)
        if chance(5) { emit([0x41] + signed(pick([8, -8])) + [pick([0x6A, 0x6B])]) }
    }

    private mutating func goAddress(_ type: ValueType) {
        switch type {
        case .i32: goSlot()
        case .i64:
            goSlot()
            emit(0xAD)
        default: leaf(type)
        }
    }

    // MARK: - Control

    /// A block, an `if` or a loop with results, the last of which is the value.
    private mutating func structured(_ type: ValueType) {
        let results = chance(15) ? randomTypes(2) + [type] : [type]
        let parameters = chance(20) ? randomTypes(2) : []
        for parameter in parameters { expression(parameter) }
        block(parameters, results)
        // The value is the top one; those below it go the way of locals, or are added up.
        guard results.count > 1 else { return }
        if let local = locals(type).randomElement(using: &random) {
            emit([0x21] + unsigned(local))
            for result in results.dropLast().reversed() { discard(result) }
            emit([0x20] + unsigned(local))
        } else {
            for _ in results { emit(0x1A) }
            leaf(type)
        }
    }

    /// Gets rid of the top value, mostly into a local.
    mutating func discard(_ type: ValueType) {
        if chance(75), let local = locals(type).randomElement(using: &random) {
            emit([0x21] + unsigned(local))
        } else {
            emit(0x1A)
        }
    }

    private mutating func branchWithValue(_ type: ValueType) {
        let depths = body.targets.indices.filter { body.targets[$0].types == [type] && !body.targets[$0].isLoop }
        guard let index = depths.randomElement(using: &random) else { return leaf(type) }
        expression(type)
        expression(.i32)
        emit([0x0D] + unsigned(body.targets.count - 1 - index))
    }

    // MARK: - Calls

    private mutating func call(resultingIn type: ValueType) {
        guard !body.isLeaf else { return leaf(type) }
        if type == .i64 && chance(20) {
            expression(.i32)
            expression(.i64)
            emit([0x10] + unsigned(Self.hostFunction))
            return refresh()
        }
        let callees = ((body.index + 1)..<signatures.count).filter { signatures[$0].results == [type] }
        guard let callee = callees.randomElement(using: &random) else { return leaf(type) }
        invoke(callee)
    }

    /// Writes the arguments and the call of a function, direct or through the table.
    mutating func invoke(_ callee: Int) {
        for (index, parameter) in signatures[callee].parameters.enumerated() {
            if index == 0 && parameter == .i32 && chance(60) { emit([0x41, 0x00]) } else { expression(parameter) }
        }
        if callee >= firstLeaf && chance(40) {
            if chance(85) { emitConstant(.i32, UInt64(below(6))) } else { expression(.i32) }
            if chance(20) { emit([0x41, 0x07, 0x71]) }
            emit([0x11] + unsigned(builder.addType(signatures[callee])) + [0x00])
        } else {
            emit([0x10] + unsigned(Self.importedFunctionCount + callee))
        }
        refresh()
    }

    /// Behind a call: reads the copy of the register global again.
    mutating func refresh() {
        guard let copy = body.copy, body.isDisciplined || chance(30) else { return }
        emit([0x23] + unsigned(Self.stackPointer) + [0x21] + unsigned(copy))
    }
}
