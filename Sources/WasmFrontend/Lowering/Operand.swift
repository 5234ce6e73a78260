internal import CSupport

/// A value on the operand stack while a function is lowered: where it can be found, or how it will be computed.
///
/// Values are computed as late as possible, so that the instruction that uses one can absorb it: as an immediate, as a
/// memory operand, as the condition of a branch. What may not be moved past what is decided by ``FunctionLowering``.
struct Operand {
    enum Tag: UInt8 {
        /// In the slot `a`.
        case slot
        /// As `slot`, but only the low half of the slot is the value: an i64 seen as i32 (`i32.wrap_i64`).
        case wrapped
        /// The number `a`: an i32 or f32 zero-extended.
        case constant
        /// `(sp + a) mod 2^32`, an i32.
        case sp
        /// `zext(sp) + a` as i64; `a` is sign-extended and fits 32 bits.
        case sp64
        /// The global `a` that the module defines.
        case global
        /// As `global`, but only its low half.
        case globalWrapped
        /// What the load `op` reads in the mode `mode` from slot `a` (if the mode has one) and displacement `b`.
        case load
        /// `i32.load` from the address in the low half of global `a`, with the offset `b`.
        case globalLoad
        /// Go's check of the stack: whether sp <= what `globalLoad` reads, of the global `a` with the offset `b`.
        case stackCheck
        /// The binary operation or comparison `op` of `a` and `b`, of the kinds `first` and `second`.
        case binary
        /// The unary operation `op` of slot `a`.
        case unary
        /// Slot `a` plus the slot in the low 16 bits of `b` shifted left by the rest of `b`; `op` is the addition.
        case scaled
        /// The low half of the 64-bit word at `sp + b`.
        case wrappedLoad
    }

    var tag: Tag
    var first: GWKind = .r
    var second: GWKind = .r
    var mode: GWMode = .r
    var op: GWWasmOpcode = .nop
    /// A slot, an immediate or a displacement, as the tag and the kinds say.
    ///
    /// Immediates are sign-extended; memory operands (the kinds m and k) have their slot in the low 16 bits and the
    /// displacement above.
    var a: UInt64 = 0
    var b: UInt64 = 0

    static func slot(_ slot: Int) -> Operand { Operand(tag: .slot, a: UInt64(slot)) }
    static func constant(_ bits: UInt64) -> Operand { Operand(tag: .constant, a: bits) }

    /// Whether computing it reads linear memory, and so may trap and must not be moved past a store.
    var readsMemory: Bool {
        switch tag {
        case .load, .globalLoad, .stackCheck, .wrappedLoad: true
        case .binary: first.isMemory || second.isMemory
        default: false
        }
    }

    /// Whether it depends on the register global.
    var readsRegister: Bool {
        switch tag {
        case .sp, .sp64, .stackCheck, .wrappedLoad: true
        case .load: mode == .s || mode == .t || mode == .m
        case .binary: first == .s || first == .t || second == .s || second == .t
        default: false
        }
    }

    /// Whether it depends on other globals.
    var readsGlobal: Bool {
        tag == .global || tag == .globalWrapped || tag == .globalLoad || tag == .stackCheck
    }

    /// Whether it depends on a slot above the given one.
    @inline(__always) func reads(above slot: Int) -> Bool {
        if tag == .slot || tag == .wrapped { return Int(a) > slot }
        return tag == .constant ? false : slots.0 > slot || slots.1 > slot
    }

    /// Whether it depends on a slot.
    @inline(__always) func reads(slot: Int) -> Bool {
        if tag == .slot || tag == .wrapped { return Int(a) == slot }
        return tag == .constant ? false : slots.0 == slot || slots.1 == slot
    }

    /// The slots that it depends on; -1 for none.
    private var slots: (Int, Int) {
        switch tag {
        case .slot, .wrapped, .unary: (Int(a), -1)
        case .load:
            switch mode {
            case .r, .k: (Int(a), -1)
            case .x: (Int(a), Int(b & 0xFFFF))
            case .s, .t, .a, .m, .none: (-1, -1)
            }
        case .binary: (Self.slot(first, a), Self.slot(second, b))
        case .scaled: (Int(a), Int(b & 0xFFFF))
        default: (-1, -1)
        }
    }

    @inline(__always) private static func slot(_ kind: GWKind, _ value: UInt64) -> Int {
        switch kind {
        case .r: Int(value)
        case .m, .k: Int(value & 0xFFFF)
        case .i, .s, .t, .none: -1
        }
    }
}

extension GWKind {
    /// Whether this is a word in linear memory.
    var isMemory: Bool { self != .r && self != .i }
}

extension GWWasmOpcode {
    /// Whether the operands of this binary operation may change places.
    var isCommutative: Bool { gw_numeric_facts(self).contains(.commutes) }

    /// Whether this numeric instruction can trap: it is then never delayed.
    var mayTrap: Bool { gw_numeric_facts(self).contains(.mayTrap) }

    /// Whether this is a comparison of integers: those have a negation and a mirror image.
    var isIntegerComparison: Bool { gw_negated(self) != self }

    /// The operation on i32 that makes the low half of what this one on i64 makes, from the low halves of its operands.
    var lowHalf: GWWasmOpcode? {
        let low = gw_low_half(self)
        return low == .nop ? nil : low
    }
}
