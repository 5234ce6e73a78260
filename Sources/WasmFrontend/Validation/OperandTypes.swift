internal import LibC

/// The types of the operands on the stack (specification, appendix A.3: `vals`), with the part of the control stack
/// that popping needs.
///
/// The struct lives in a local variable of the validator's loop. What that calls per instruction is inlined; what it
/// calls otherwise takes pointers by value, so that the struct stays in registers.
struct OperandTypes {
    /// Behind the topmost type.
    ///
    /// Invariant: `floor <= top <= highest <= limit`, and the memory from the stack's base to `limit` belongs to the
    /// validator.
    var top: UnsafeMutablePointer<TypeByte>
    /// Where the innermost block's operands start; it can't pop what lies below.
    var floor: UnsafeMutablePointer<TypeByte>
    /// Whether the rest of the innermost block is unreachable, so that popping below `floor` gives any type.
    var isUnreachable: Bool
    /// The highest that `top` has been in this function.
    var highest: UnsafeMutablePointer<TypeByte>
    /// How high `top` may be.
    let limit: UnsafeMutablePointer<TypeByte>

    /// Whether the invariant of ``top`` holds.
    private var isSound: Bool { floor <= top && top <= highest && highest <= limit }

    /// Pops a value of the type `expected`.
    @inline(__always)
    mutating func pop(_ expected: TypeByte, at offset: Int) throws(LoadFailure) {
        assert(isSound)
        if _fastPath(top > floor && top[-1] == expected) {
            top -= 1
        } else {
            top = try Self.popUnusual(expected, top, floor, isUnreachable, offset)
        }
    }

    /// Pops a value of any type, and returns that: 0 if it is not known.
    @inline(__always)
    mutating func popAny(at offset: Int) throws(LoadFailure) -> TypeByte {
        if _fastPath(top > floor) {
            top -= 1
            return top.pointee
        }
        guard isUnreachable else { throw .invalid(.typeMismatch(expected: nil, found: nil), at: offset) }
        return 0
    }

    /// Pushes a value.
    @inline(__always)
    mutating func push(_ type: TypeByte, at offset: Int) throws(LoadFailure) {
        if _slowPath(top == highest) {
            guard top < limit else { throw .unsupported(.frameSlots, at: offset) }
            highest += 1
        }
        top.pointee = type
        top += 1
        assert(isSound)
    }

    /// Pops values of `count` types, the last of which is on top.
    @inline(__always)
    mutating func pop(_ types: UnsafePointer<TypeByte>, _ count: Int32, at offset: Int) throws(LoadFailure) {
        if count == 1 {
            try pop(types.pointee, at: offset)
        } else if count > 1 {
            top = try Self.popMany(types, Int(count), top, floor, isUnreachable, offset)
        }
    }

    /// Notes that `count` more operands, for which there is room, are pushed and popped again.
    @inline(__always)
    mutating func reach(_ count: Int) {
        if top + count > highest { highest = top + count }
        assert(isSound)
    }

    /// Pushes values of `count` types.
    @inline(__always)
    mutating func push(_ types: UnsafePointer<TypeByte>, _ count: Int32, at offset: Int) throws(LoadFailure) {
        if count == 1 {
            try push(types.pointee, at: offset)
        } else if count > 1 {
            guard limit - top >= Int(count) else { throw .unsupported(.frameSlots, at: offset) }
            top.update(from: types, count: Int(count))
            top += Int(count)
            if top > highest { highest = top }
            assert(isSound)
        }
    }

    /// Refuses a stack that doesn't have values of `count` types on top; changes nothing.
    @inline(__always)
    func check(_ types: UnsafePointer<TypeByte>, _ count: Int32, at offset: Int) throws(LoadFailure) {
        var copy = self
        try copy.pop(types, count, at: offset)
    }

    /// Refuses values that are left in the innermost block.
    @inline(__always)
    func checkEmpty(at offset: Int) throws(LoadFailure) {
        guard top == floor else {
            throw .invalid(.typeMismatch(expected: nil, found: ValueType(rawValue: top[-1])), at: offset)
        }
    }

    /// Drops the innermost block's values: what follows is unreachable.
    @inline(__always)
    mutating func becomeUnreachable() {
        top = floor
        isUnreachable = true
    }

    /// Pops several values, and returns the new top.
    @inline(never)
    private static func popMany(
        _ types: UnsafePointer<TypeByte>, _ count: Int, _ before: UnsafeMutablePointer<TypeByte>,
        _ floor: UnsafeMutablePointer<TypeByte>, _ isUnreachable: Bool, _ offset: Int
    ) throws(LoadFailure) -> UnsafeMutablePointer<TypeByte> {
        if before - floor >= count, memcmp(before - count, types, count) == 0 { return before - count }
        var top = before
        for index in (0..<count).reversed() {
            top = try popUnusual(types[index], top, floor, isUnreachable, offset)
        }
        return top
    }

    /// Pops where the type isn't simply there, and returns the new top.
    @inline(never)
    private static func popUnusual(
        _ expected: TypeByte, _ top: UnsafeMutablePointer<TypeByte>, _ floor: UnsafeMutablePointer<TypeByte>,
        _ isUnreachable: Bool, _ offset: Int
    ) throws(LoadFailure) -> UnsafeMutablePointer<TypeByte> {
        if top == floor {
            if isUnreachable { return top }
            throw .invalid(.typeMismatch(expected: ValueType(rawValue: expected), found: nil), at: offset)
        }
        let found = top[-1]
        guard found == expected || found == 0 || expected == 0 else {
            throw .invalid(
                .typeMismatch(expected: ValueType(rawValue: expected), found: ValueType(rawValue: found)), at: offset)
        }
        return top - 1
    }
}
