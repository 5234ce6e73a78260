internal import CSupport

/// Takes the instructions of a function while it is validated, so that the bytes are decoded once.
///
/// The validator is specialised for each sink: for ``NoSink`` nothing is left of the calls.
protocol InstructionSink {
    /// Whether anybody wants to see the instructions.
    static var isUsed: Bool { get }

    /// An instruction with one index: a local, a global or a function.
    mutating func append(_ op: GWWasmOpcode, index: UInt32)
    /// An instruction with other immediates.
    mutating func append(_ op: GWWasmOpcode, _ immediates: Immediates)
    /// A constant, by its bits, zero-extended.
    mutating func append(_ op: GWWasmOpcode, constant: UInt64)
    /// An instruction without immediates and control flow.
    mutating func append(_ op: GWWasmOpcode)
    /// A `block`, `loop` or `if`.
    mutating func open(_ op: GWWasmOpcode, _ signature: UnsafePointer<Signature>)
    /// An `else`.
    mutating func openElse()
    /// An `end`.
    mutating func end()
    /// A `br` or `br_if`.
    mutating func branch(_ op: GWWasmOpcode, depth: UInt32)
    /// A `br_table`: its beginning, each of its targets, its end.
    mutating func beginTable()
    mutating func appendTarget(depth: UInt32)
    mutating func endTable()
    /// A `return` or `unreachable`.
    mutating func leave(_ op: GWWasmOpcode)
    /// The instructions of an idiom.
    mutating func append(_ idiom: GoIdiom)

    // What only those need to know who care for types.

    /// What the function's locals are, before all instructions.
    mutating func begin(_ locals: borrowing LocalTypes)
    /// A `drop` of a value of a type; 0 where that is not known, as nothing gets there.
    mutating func drop(_ type: TypeByte)
    /// A `select` of values of a type; 0 where that is not known.
    mutating func select(_ op: GWWasmOpcode, _ type: TypeByte)
}

extension InstructionSink {
    @inline(__always) mutating func begin(_ locals: borrowing LocalTypes) {}
    @inline(__always) mutating func drop(_ type: TypeByte) { append(.drop) }
    @inline(__always) mutating func select(_ op: GWWasmOpcode, _ type: TypeByte) { append(op) }
}

/// Nobody: for validation alone.
struct NoSink: InstructionSink {
    static var isUsed: Bool { false }
    @inline(__always) mutating func append(_ op: GWWasmOpcode, index: UInt32) {}
    @inline(__always) mutating func append(_ op: GWWasmOpcode, _ immediates: Immediates) {}
    @inline(__always) mutating func append(_ op: GWWasmOpcode, constant: UInt64) {}
    @inline(__always) mutating func append(_ op: GWWasmOpcode) {}
    @inline(__always) mutating func open(_ op: GWWasmOpcode, _ signature: UnsafePointer<Signature>) {}
    @inline(__always) mutating func openElse() {}
    @inline(__always) mutating func end() {}
    @inline(__always) mutating func branch(_ op: GWWasmOpcode, depth: UInt32) {}
    @inline(__always) mutating func leave(_ op: GWWasmOpcode) {}
    @inline(__always) mutating func beginTable() {}
    @inline(__always) mutating func appendTarget(depth: UInt32) {}
    @inline(__always) mutating func endTable() {}
    @inline(__always) mutating func append(_ idiom: GoIdiom) {}
}
