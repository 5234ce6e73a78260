internal import CSupport

/// Hands on the code of a function with vectors so that it has only values of one slot, but for the instructions on
/// vectors themselves.
///
/// A local of the type `v128` becomes two, and what is done with it is done to both halves, the low one below; so it is
/// with globals and constants. `drop` of a vector becomes two, `select` of vectors one that names the type: only the
/// types of the operands tell, so these are followed here. Code that is never executed is left out.
///
/// The passes behind this one need not know of any of it, and functions without vectors never come here.
struct VectorRewriting {
    private struct Block {
        /// The number of operands below it.
        var floor: Int
        var parameters: [ValueType]
        var results: [ValueType]
    }
    private struct Local {
        var slot: UInt32
        var isVector: Bool
    }
    private var locals: [Local] = []
    private var blocks: [Block] = []
    private var operands: [ValueType] = []
    /// The slots of the operands.
    private var height = 0

    /// The greatest number of them.
    private var greatestHeight = 0

    /// Hands a validated function, whose body lies at `body`, to `sink`; returns its size in slots.
    mutating func rewrite<Sink: InstructionSink>(
        _ module: Module, _ layout: SlotLayout, _ body: Range<Int>, function: Int, into sink: inout Sink
    ) -> FunctionValidator.Summary {
        let type = module.types[Int(module.functionTypes[function])]
        let bytes = module.bytes.buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
        var reader = CodeReader(bytes + body.lowerBound)
        let localCount = declareLocals(&reader, type)
        operands.removeAll(keepingCapacity: true)
        height = 0
        greatestHeight = 0
        blocks = [Block(floor: 0, parameters: [], results: type.results)]
        // How many blocks are open that are never entered; nil in code that may be executed.
        var deadDepth: Int?
        while !blocks.isEmpty {
            let start = reader.position
            let op = reader.opcode()
            let first = skipImmediates(op, &reader)
            if let depth = deadDepth {
                switch op {
                case .block, .loop, .if:
                    deadDepth = depth + 1
                    continue
                case .end where depth > 0:
                    deadDepth = depth - 1
                    continue
                case .else where depth == 0, .end: deadDepth = nil
                default: continue
                }
            }
            switch op {
            case .block, .loop, .if:
                let (parameters, results) = Self.blockType(first, module)
                sink.open(op, parameters: Self.slots(parameters), results: Self.slots(results))
            case .else: sink.openElse()
            case .end: sink.end()
            case .br, .brIf: sink.branch(op, depth: first)
            case .return, .unreachable: sink.leave(op)
            case .localGet, .localSet, .localTee: Self.local(op, locals[Int(first)], &sink)
            case .globalGet, .globalSet:
                let isVector = module.globalTypes[Int(first)].value == .v128
                Self.variable(op, layout.cell(ofGlobal: first), isVector: isVector, &sink)
            case .v128Const:
                let halves = UnsafeRawPointer(reader.position - 16)
                for half in 0..<2 {
                    let bits = halves.loadUnaligned(fromByteOffset: half * 8, as: UInt64.self)
                    sink.append(.i64Const, constant: UInt64(littleEndian: bits))
                }
            case .drop:
                if operands.last == .v128 { sink.append(.drop) }
                sink.append(.drop)
            case .select where operands[operands.count - 2] == .v128,
                .selectTyped where operands[operands.count - 2] == .v128:
                sink.append(.selectTyped, index: UInt32(ValueType.v128.rawValue))
            default: sink.appendRare(at: start)
            }
            follow(op, first, module)
            switch op {
            case .br, .brTable, .return, .unreachable: deadDepth = 0
            default: break
            }
        }
        return FunctionValidator.Summary(
            localCount: localCount, maxOperandHeight: greatestHeight, usesVectors: true)
    }

    /// Reads the declarations of locals; returns how many slots they take, parameters included.
    private mutating func declareLocals(_ reader: inout CodeReader, _ type: FunctionType) -> Int {
        locals.removeAll(keepingCapacity: true)
        var slot: UInt32 = 0
        func add(_ type: ValueType, to locals: inout [Local]) {
            locals.append(Local(slot: slot, isVector: type == .v128))
            slot += type == .v128 ? 2 : 1
        }
        for parameter in type.parameters { add(parameter, to: &locals) }
        for _ in 0..<reader.u32() {
            let count = reader.u32()
            let type = ValueType(rawValue: reader.byte())!
            for _ in 0..<count { add(type, to: &locals) }
        }
        return Int(slot)
    }

    // MARK: - Variables

    private static func local<Sink: InstructionSink>(_ op: GWWasmOpcode, _ local: Local, _ sink: inout Sink) {
        guard op == .localTee, local.isVector else {
            return variable(op, local.slot, isVector: local.isVector, &sink)
        }
        variable(.localSet, local.slot, isVector: true, &sink)
        variable(.localGet, local.slot, isVector: true, &sink)
    }

    /// Reads or writes a variable: of a vector the low half first when it is pushed, last when it is popped.
    private static func variable<Sink: InstructionSink>(
        _ op: GWWasmOpcode, _ index: UInt32, isVector: Bool, _ sink: inout Sink
    ) {
        guard isVector else { return sink.append(op, index: index) }
        let isRead = op == .localGet || op == .globalGet
        sink.append(op, index: isRead ? index : index + 1)
        sink.append(op, index: isRead ? index + 1 : index)
    }

    private static func slots(_ types: [ValueType]) -> Int32 { types.reduce(0) { $0 + ($1 == .v128 ? 2 : 1) } }

    // MARK: - Reading

    /// Skips what follows an opcode, and returns the first index in it; for blocks, the block type as it is written.
    private func skipImmediates(_ op: GWWasmOpcode, _ reader: inout CodeReader) -> UInt32 {
        switch op.row.immediate {
        case .none: break
        case .block: return UInt32(truncatingIfNeeded: reader.signed())
        case .labels:
            let count = reader.u32()
            for _ in 0...count { _ = reader.u32() }
        case .label, .func, .local, .global, .table, .elem, .data: return reader.u32()
        case .typeTable, .elemTable, .tables2, .mem8, .mem16, .mem32, .mem64, .mem128:
            let first = reader.u32()
            _ = reader.u32()
            return first
        case .mem8Lane, .mem16Lane, .mem32Lane, .mem64Lane: _ = (reader.u32(), reader.u32(), reader.byte())
        case .lane2, .lane4, .lane8, .lane16, .memory: _ = reader.byte()
        case .v128, .lanes: _ = (reader.fixed64(), reader.fixed64())
        case .memories2: _ = (reader.byte(), reader.byte())
        case .dataMemory: _ = (reader.u32(), reader.byte())
        case .i32, .i64: _ = reader.signed()
        case .f32: _ = reader.fixed32()
        case .f64: _ = reader.fixed64()
        // There is exactly one.
        case .types: _ = (reader.u32(), reader.byte())
        case .refType: return UInt32(reader.byte())
        }
        return 0
    }

    // MARK: - Types

    private mutating func push(_ type: ValueType) {
        operands.append(type)
        height += type == .v128 ? 2 : 1
        greatestHeight = max(greatestHeight, height)
    }

    private mutating func push(_ types: [ValueType]) { for type in types { push(type) } }

    private mutating func pop(_ count: Int = 1) {
        for _ in 0..<count { height -= operands.removeLast() == .v128 ? 2 : 1 }
    }

    private static func blockType(_ value: UInt32, _ module: Module) -> ([ValueType], [ValueType]) {
        let number = Int32(bitPattern: value)
        if number >= 0 { return (module.types[Int(number)].parameters, module.types[Int(number)].results) }
        // A negative number of seven bits: the byte of the only result.
        return ([], ValueType(rawValue: UInt8(truncatingIfNeeded: number) & 0x7F).map { [$0] } ?? [])
    }

    /// Does to the operands' types what an instruction does.
    private mutating func follow(_ op: GWWasmOpcode, _ first: UInt32, _ module: Module) {
        switch op {
        case .block, .loop, .if:
            if op == .if { pop() }
            let (parameters, results) = Self.blockType(first, module)
            blocks.append(Block(floor: operands.count - parameters.count, parameters: parameters, results: results))
        case .else, .end:
            let block = blocks[blocks.count - 1]
            pop(operands.count - block.floor)
            push(op == .else ? block.parameters : block.results)
            if op == .end { blocks.removeLast() }
        case .call: call(module.types[Int(module.functionTypes[Int(first)])])
        case .callIndirect:
            pop()
            call(module.types[Int(first)])
        case .brIf, .localSet, .globalSet, .drop: pop()
        case .localGet: push(localType(first, module))
        case .globalGet: push(module.globalTypes[Int(first)].value)
        case .select, .selectTyped: pop(2)
        case .refNull: push(ValueType(rawValue: UInt8(first))!)
        case .refFunc: push(.funcref)
        case .refIsNull:
            pop()
            push(.i32)
        case .tableGet:
            pop()
            push(module.tables[Int(first)].element)
        case .tableSet: pop(2)
        case .tableGrow:
            pop(2)
            push(.i32)
        case .tableFill: pop(3)
        case .br, .brTable, .return, .unreachable, .nop, .localTee: break
        default:
            let row = op.row
            pop(Int(row.operand_count))
            if row.result_count > 0 { push(ValueType(rawValue: row.result)!) }
        }
    }

    private mutating func call(_ type: FunctionType) {
        pop(type.parameters.count)
        push(type.results)
    }

    /// The type of a local as far as it matters here: whether it is a vector.
    private func localType(_ local: UInt32, _ module: Module) -> ValueType {
        locals[Int(local)].isVector ? .v128 : .i64
    }
}

extension GWWasmOpcode {
    /// The properties of the instruction.
    var row: GWWasmOpcodeInfo {
        let code = Int(rawValue & 0xFF)
        switch rawValue >> 8 {
        case 0: return gw_wasm_opcodes()![code]
        case 0xFC: return gw_wasm_opcodes_fc()![code]
        default: return gw_wasm_opcodes_fd()![code]
        }
    }
}
