/// A block that is open (specification, appendix A.3: `ctrl_frame`).
struct ControlFrame {
    enum Kind: UInt8 {
        case block, loop, `if`, `else`, function
    }

    var signature: UnsafePointer<Signature>
    /// Where the block's operands start.
    var floor: UnsafeMutablePointer<TypeByte>
    var kind: Kind
    /// Whether the rest of the block is unreachable; of the innermost block, `OperandTypes` knows better.
    var isUnreachable = false

    /// The types that a branch to this block takes: a loop's start, another block's end.
    @inline(__always)
    var label: (types: UnsafePointer<TypeByte>, count: Int32) {
        kind == .loop
            ? (signature.pointee.parameters, signature.pointee.parameterCount)
            : (signature.pointee.results, signature.pointee.resultCount)
    }
}

/// The blocks that are open, innermost last: memory that grows and is used again for the next function.
///
/// Invariant: the first `count` of `capacity` frames are initialized; a pointer to one is good until the next push.
struct ControlStack: ~Copyable {
    private var base: UnsafeMutablePointer<ControlFrame>
    private var capacity: Int
    /// The number of open blocks, the function's body included.
    private(set) var count = 0

    init() {
        capacity = 64
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    /// The innermost block; there must be one.
    @inline(__always)
    var innermost: UnsafeMutablePointer<ControlFrame> {
        assert(count > 0)
        return base + (count - 1)
    }

    /// The block that the label `depth` means; nil if there are not so many.
    @inline(__always)
    func labelled(_ depth: UInt32) -> UnsafeMutablePointer<ControlFrame>? {
        Int(depth) < count ? base + (count - 1 - Int(depth)) : nil
    }

    @inline(__always)
    mutating func push(_ frame: ControlFrame) {
        if _slowPath(count == capacity) { grow() }
        (base + count).initialize(to: frame)
        count += 1
    }

    @inline(__always)
    mutating func pop() {
        assert(count > 0)
        count -= 1
    }

    mutating func removeAll() { count = 0 }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<ControlFrame>.allocate(capacity: capacity * 2)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity *= 2
    }
}
