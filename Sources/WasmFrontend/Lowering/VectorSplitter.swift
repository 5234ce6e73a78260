internal import CSupport

/// Hands the code of a function with vectors on to the scan so that it has only values of one slot, but for the
/// instructions on vectors themselves.
///
/// A local of the type `v128` becomes two, and what is done with it is done to both halves, the low one below; so it is
/// with globals and constants. `drop` of a vector becomes two, `select` of vectors one that names the type. Which values
/// are vectors the validator says, which decodes and checks such a function once more for this.
///
/// The passes behind this one need not know of any of it, and functions without vectors never come here.
struct VectorSplitter: InstructionSink {
    private struct Local {
        var slot: UInt32
        var isVector: Bool
    }

    private(set) var scan: FunctionScan
    private let layout: SlotLayout
    private let globalTypes: UnsafeMutableBufferPointer<TypeByte>
    private var locals: [Local] = []

    static var isUsed: Bool { true }

    /// Hands what comes to a scan that has begun with the function; the context is the one that this is validated in.
    init(_ scan: FunctionScan, _ layout: SlotLayout, _ context: CodeContext) {
        self.scan = scan
        self.layout = layout
        globalTypes = context.globalTypes
    }

    private static func isVector(_ type: TypeByte) -> Bool { type == ValueType.v128.rawValue }

    mutating func begin(_ types: borrowing LocalTypes) {
        var slot: UInt32 = 0
        for index in 0..<types.count {
            let isVector = Self.isVector(types.type(index))
            locals.append(Local(slot: slot, isVector: isVector))
            slot += isVector ? 2 : 1
        }
    }

    // MARK: - Variables

    mutating func append(_ op: GWWasmOpcode, index: UInt32) {
        switch op {
        case .localGet, .localSet: variable(op, locals[Int(index)].slot, isVector: locals[Int(index)].isVector)
        case .localTee where locals[Int(index)].isVector:
            append(.localSet, index: index)
            append(.localGet, index: index)
        case .localTee: scan.append(op, index: locals[Int(index)].slot)
        case .globalGet, .globalSet:
            variable(op, layout.cell(ofGlobal: index), isVector: Self.isVector(globalTypes[Int(index)]))
        default: scan.append(op, index: index)
        }
    }

    /// Reads or writes a variable: of a vector the low half first when it is pushed, last when it is popped.
    private mutating func variable(_ op: GWWasmOpcode, _ slot: UInt32, isVector: Bool) {
        guard isVector else { return scan.append(op, index: slot) }
        let isRead = op == .localGet || op == .globalGet
        scan.append(op, index: isRead ? slot : slot + 1)
        scan.append(op, index: isRead ? slot + 1 : slot)
    }

    // MARK: - Values

    mutating func append(_ op: GWWasmOpcode, _ immediates: Immediates) {
        guard op == .v128Const, let bytes = immediates.bytes else { return scan.append(op, immediates) }
        for half in 0..<2 {
            let bits = UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: half * 8, as: UInt64.self)
            scan.append(.i64Const, constant: UInt64(littleEndian: bits))
        }
    }

    mutating func drop(_ type: TypeByte) {
        if Self.isVector(type) { scan.append(.drop) }
        scan.append(.drop)
    }

    mutating func select(_ op: GWWasmOpcode, _ type: TypeByte) {
        if Self.isVector(type) { scan.append(.selectTyped, index: UInt32(type)) } else { scan.append(op) }
    }

    // MARK: - Blocks

    mutating func open(_ op: GWWasmOpcode, _ signature: UnsafePointer<Signature>) {
        let signature = signature.pointee
        scan.open(
            op, parameters: Self.slots(signature.parameters, signature.parameterCount),
            results: Self.slots(signature.results, signature.resultCount))
    }

    private static func slots(_ types: UnsafePointer<TypeByte>, _ count: Int32) -> Int32 {
        (0..<Int(count)).reduce(0) { $0 + (isVector(types[$1]) ? 2 : 1) }
    }

    // MARK: - What is the same

    mutating func append(_ op: GWWasmOpcode, constant: UInt64) { scan.append(op, constant: constant) }
    mutating func append(_ op: GWWasmOpcode) { scan.append(op) }
    mutating func append(_ idiom: GoIdiom) { appendInstructions(of: idiom) }
    mutating func openElse() { scan.openElse() }
    mutating func end() { scan.end() }
    mutating func branch(_ op: GWWasmOpcode, depth: UInt32) { scan.branch(op, depth: depth) }
    mutating func beginTable() { scan.beginTable() }
    mutating func appendTarget(depth: UInt32) { scan.appendTarget(depth: depth) }
    mutating func endTable() { scan.endTable() }
    mutating func leave(_ op: GWWasmOpcode) { scan.leave(op) }
}
