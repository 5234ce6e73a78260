import CSupport
import Testing

/// The meaning of numeric instructions at the edges (WebAssembly 2.0, section 4.3).
@Suite("Numeric functions")
struct NumericTests {
    private func outcome<T>(_ body: (UnsafeMutablePointer<GWTrap>) -> T) -> (T, GWTrap) {
        var trap = GWTrap.none
        let value = body(&trap)
        return (value, trap)
    }

    @Test("division and remainder")
    func division() {
        let lowest32 = UInt32(bitPattern: Int32.min), lowest64 = UInt64(bitPattern: Int64.min)
        #expect(outcome { gw_i32_div_s(lowest32, .max, $0) } == (0, .integerOverflow))
        #expect(outcome { gw_i64_div_s(lowest64, .max, $0) } == (0, .integerOverflow))
        #expect(outcome { gw_i32_rem_s(lowest32, .max, $0) } == (0, .none))
        #expect(outcome { gw_i64_rem_s(lowest64, .max, $0) } == (0, .none))
        #expect(outcome { gw_i32_div_s(lowest32, 1, $0) } == (lowest32, .none))
        #expect(outcome { gw_i32_div_u(lowest32, .max, $0) } == (0, .none))
        #expect(outcome { gw_i64_div_u(.max, 2, $0) } == (UInt64(Int64.max), .none))
        #expect(outcome { gw_i32_div_s(UInt32(bitPattern: -7), 2, $0) } == (UInt32(bitPattern: -3), .none))
        #expect(outcome { gw_i32_rem_s(UInt32(bitPattern: -7), 2, $0) } == (UInt32(bitPattern: -1), .none))
        #expect(outcome { gw_i64_rem_s(7, UInt64(bitPattern: -2), $0) } == (1, .none))
        for zero in [
            outcome { gw_i32_div_s(1, 0, $0) }, outcome { gw_i32_div_u(1, 0, $0) }, outcome { gw_i32_rem_s(1, 0, $0) },
            outcome { gw_i32_rem_u(1, 0, $0) },
        ] {
            #expect(zero == (0, .integerDivideByZero))
        }
        for zero in [
            outcome { gw_i64_div_s(1, 0, $0) }, outcome { gw_i64_div_u(1, 0, $0) }, outcome { gw_i64_rem_s(1, 0, $0) },
            outcome { gw_i64_rem_u(1, 0, $0) },
        ] {
            #expect(zero == (0, .integerDivideByZero))
        }
    }

    @Test(
        "shift and rotation counts are taken modulo the width", arguments: [0, 1, 31, 32, 33, 63, 64, 65, UInt64.max])
    func shifts(count: UInt64) {
        let a: UInt32 = 0x8421_8421, narrow = UInt32(truncatingIfNeeded: count) % 32
        #expect(gw_i32_shl(a, UInt32(truncatingIfNeeded: count)) == a << narrow)
        #expect(gw_i32_shr_u(a, UInt32(truncatingIfNeeded: count)) == a >> narrow)
        #expect(
            gw_i32_shr_s(a, UInt32(truncatingIfNeeded: count))
                == UInt32(bitPattern: Int32(bitPattern: a) >> Int32(narrow)))
        #expect(
            gw_i32_rotl(a, UInt32(truncatingIfNeeded: count)) == (narrow == 0 ? a : a << narrow | a >> (32 - narrow)))
        #expect(gw_i32_rotr(gw_i32_rotl(a, narrow), UInt32(truncatingIfNeeded: count)) == a)
        let b: UInt64 = 0x8421_8421_8421_8425, wide = count % 64
        #expect(gw_i64_shl(b, count) == b << wide)
        #expect(gw_i64_shr_u(b, count) == b >> wide)
        #expect(gw_i64_shr_s(b, count) == UInt64(bitPattern: Int64(bitPattern: b) >> Int64(wide)))
        #expect(gw_i64_rotr(gw_i64_rotl(b, wide), count) == b)
        #expect(gw_i64_rotl(b, count).nonzeroBitCount == b.nonzeroBitCount)
    }

    @Test("counting bits")
    func bits() {
        #expect((gw_i32_clz(0), gw_i32_ctz(0), gw_i32_popcnt(.max)) == (32, 32, 32))
        #expect((gw_i64_clz(0), gw_i64_ctz(0), gw_i64_popcnt(.max)) == (64, 64, 64))
        #expect((gw_i32_clz(1), gw_i32_ctz(1 << 31), gw_i64_clz(1), gw_i64_ctz(1 << 63)) == (31, 31, 63, 63))
        #expect((gw_i32_extend8_s(0x180), gw_i32_extend16_s(0x1_8000)) == (0xFFFF_FF80, 0xFFFF_8000))
        #expect(gw_i64_extend32_s(0x1_8000_0000) == 0xFFFF_FFFF_8000_0000)
    }

    @Test("minimum and maximum of zeros and NaNs")
    func extremes() {
        #expect(gw_f64_min(0, -0.0).sign == .minus && gw_f64_min(-0.0, 0).sign == .minus)
        #expect(gw_f64_max(0, -0.0).sign == .plus && gw_f64_max(-0.0, 0).sign == .plus)
        #expect(gw_f64_max(-0.0, -0.0).sign == .minus && gw_f32_max(-0.0, -0.0).sign == .minus)
        #expect(gw_f32_min(0, -0.0).sign == .minus && gw_f32_max(-0.0, 0).sign == .plus)
        #expect(gw_f64_min(.nan, -.infinity).isNaN && gw_f64_max(.infinity, .nan).isNaN)
        #expect(gw_f32_min(.nan, 1).isNaN && gw_f32_max(1, .nan).isNaN)
        #expect(gw_f64_min(-.infinity, 1) == -.infinity && gw_f64_max(.infinity, 1) == .infinity)
        // A signalling NaN comes out quiet.
        #expect(gw_f64_min(Double(bitPattern: 0x7FF0_0000_0000_0001), 1).bitPattern & 0x0008_0000_0000_0000 != 0)
    }

    @Test(
        "rounding to the nearest, ties to even",
        arguments: [(0.5, 0.0), (1.5, 2), (2.5, 2), (-0.5, -0.0), (-1.5, -2), (-2.5, -2), (0x1p52 + 1, 0x1p52 + 1)]
            as [(Double, Double)])
    func nearest(value: Double, rounded: Double) {
        #expect(gw_f64_nearest(value).bitPattern == rounded.bitPattern)
        if abs(value) < 100 { #expect(gw_f32_nearest(Float(value)).bitPattern == Float(rounded).bitPattern) }
    }

    @Test("signs of NaNs change and nothing else")
    func signs() {
        let payload: UInt64 = 0x7FF0_0000_DEAD_BEEF, signalling: UInt32 = 0xFF80_1234
        #expect(gw_f64_neg(payload) == payload | 1 << 63)
        #expect(gw_f64_abs(payload | 1 << 63) == payload)
        #expect(gw_f64_copysign(payload, 1 << 63) == payload | 1 << 63)
        #expect(gw_f32_neg(signalling) == 0x7F80_1234 && gw_f32_abs(signalling) == 0x7F80_1234)
        #expect(gw_f32_copysign(0x7F80_1234, 0x8000_0000) == signalling)
        #expect(
            gw_f64_ceil(-0.5).sign == .minus && gw_f64_trunc(-0.9).sign == .minus && gw_f64_floor(-0.0).sign == .minus)
    }
}
