internal import CSupport

/// Takes the instructions of a function while it is validated, so that the bytes are decoded once.
///
/// The validator is specialised for each sink: for ``NoSink`` nothing is left of the calls.
protocol InstructionSink {
    /// Whether anybody wants to see the instructions.
    static var isUsed: Bool { get }

    /// An instruction with one index: a local, a global or a function.
    mutating func append(_ op: GWWasmOpcode, index: UInt32)
    /// A constant, by its bits, zero-extended.
    mutating func append(_ op: GWWasmOpcode, constant: UInt64)
    /// An instruction without immediates and control flow.
    mutating func append(_ op: GWWasmOpcode)
    /// A `block`, `loop` or `if`.
    mutating func open(_ op: GWWasmOpcode, parameters: Int32, results: Int32)
    /// An `else`.
    mutating func openElse()
    /// An `end`.
    mutating func end()
    /// A `br` or `br_if`.
    mutating func branch(_ op: GWWasmOpcode, depth: UInt32)
    /// A `return` or `unreachable`.
    mutating func leave(_ op: GWWasmOpcode)
    /// Any instruction, to be decoded from the bytes: where it begins.
    mutating func appendRare(at start: UnsafePointer<UInt8>)
    /// The instructions of an idiom.
    mutating func append(_ idiom: GoIdiom)
}

/// Nobody: for validation alone.
struct NoSink: InstructionSink {
    static var isUsed: Bool { false }
    @inline(__always) mutating func append(_ op: GWWasmOpcode, index: UInt32) {}
    @inline(__always) mutating func append(_ op: GWWasmOpcode, constant: UInt64) {}
    @inline(__always) mutating func append(_ op: GWWasmOpcode) {}
    @inline(__always) mutating func open(_ op: GWWasmOpcode, parameters: Int32, results: Int32) {}
    @inline(__always) mutating func openElse() {}
    @inline(__always) mutating func end() {}
    @inline(__always) mutating func branch(_ op: GWWasmOpcode, depth: UInt32) {}
    @inline(__always) mutating func leave(_ op: GWWasmOpcode) {}
    @inline(__always) mutating func appendRare(at start: UnsafePointer<UInt8>) {}
    @inline(__always) mutating func append(_ idiom: GoIdiom) {}
}
