import CSupport
import Testing

/// The conversions of floating-point numbers to integers at the bounds of their ranges (section 4.3.4).
@Suite("Truncation")
struct TruncationTests {
    /// One conversion and its saturating twin, with all integers as 64 bits.
    struct Conversion: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The smallest and the largest integer.
        var lowest: Double
        /// The power of two above the largest integer.
        var limit: Double
        var isSingle: Bool
        var trapping: @Sendable (Double) -> (UInt64, GWTrap)
        var saturating: @Sendable (Double) -> UInt64
        var lowestBits: UInt64
        var highestBits: UInt64
    }

    private static func make<T: FixedWidthInteger & Sendable>(
        _ name: String, single: Bool, signed: Bool,
        _ trapping: @escaping @Sendable (Double, UnsafeMutablePointer<GWTrap>) -> T,
        _ saturating: @escaping @Sendable (Double) -> T
    ) -> Conversion {
        let bits = T.bitWidth
        let highest: UInt64 = signed ? UInt64(1) << (bits - 1) - 1 : UInt64(truncatingIfNeeded: T.max)
        return Conversion(
            testDescription: name, lowest: signed ? -Double(sign: .plus, exponent: bits - 1, significand: 1) : 0,
            limit: Double(sign: .plus, exponent: signed ? bits - 1 : bits, significand: 1), isSingle: single,
            trapping: { value in
                var trap = GWTrap.none
                return (UInt64(trapping(value, &trap)), trap)
            }, saturating: { UInt64(saturating($0)) }, lowestBits: signed ? UInt64(1) << (bits - 1) : 0,
            highestBits: highest)
    }

    static let conversions: [Conversion] = [
        make(
            "i32.trunc_f32_s", single: true, signed: true, { gw_i32_trunc_f32_s(Float($0), $1) },
            { gw_i32_trunc_sat_f32_s(Float($0)) }),
        make(
            "i32.trunc_f32_u", single: true, signed: false, { gw_i32_trunc_f32_u(Float($0), $1) },
            { gw_i32_trunc_sat_f32_u(Float($0)) }),
        make(
            "i32.trunc_f64_s", single: false, signed: true, { gw_i32_trunc_f64_s($0, $1) },
            { gw_i32_trunc_sat_f64_s($0) }),
        make(
            "i32.trunc_f64_u", single: false, signed: false, { gw_i32_trunc_f64_u($0, $1) },
            { gw_i32_trunc_sat_f64_u($0) }),
        make(
            "i64.trunc_f32_s", single: true, signed: true, { gw_i64_trunc_f32_s(Float($0), $1) },
            { gw_i64_trunc_sat_f32_s(Float($0)) }),
        make(
            "i64.trunc_f32_u", single: true, signed: false, { gw_i64_trunc_f32_u(Float($0), $1) },
            { gw_i64_trunc_sat_f32_u(Float($0)) }),
        make(
            "i64.trunc_f64_s", single: false, signed: true, { gw_i64_trunc_f64_s($0, $1) },
            { gw_i64_trunc_sat_f64_s($0) }),
        make(
            "i64.trunc_f64_u", single: false, signed: false, { gw_i64_trunc_f64_u($0, $1) },
            { gw_i64_trunc_sat_f64_u($0) }),
    ]

    @Test("is exact up to the bounds and traps beyond", arguments: conversions)
    func bounds(_ conversion: Conversion) {
        func next(_ value: Double, up: Bool) -> Double {
            conversion.isSingle
                ? Double(up ? Float(value).nextUp : Float(value).nextDown) : up ? value.nextUp : value.nextDown
        }
        // What lies just inside converts.
        let inside = next(conversion.limit, up: false)
        let isSigned = conversion.lowest < 0
        let expected = isSigned ? UInt64(Int64(inside)) : UInt64(inside)
        #expect(conversion.trapping(inside) == (expected, .none))
        #expect(conversion.saturating(inside) == expected)
        #expect(conversion.trapping(conversion.lowest) == (conversion.lowestBits, .none))
        #expect(conversion.saturating(conversion.lowest) == conversion.lowestBits)
        #expect(conversion.trapping(-0.9).1 == .none && conversion.trapping(-0.9).0 == 0)
        // What lies just outside does not.
        for high in [conversion.limit, next(conversion.limit, up: true), .infinity] {
            #expect(conversion.trapping(high) == (0, .integerOverflow))
            #expect(conversion.saturating(high) == conversion.highestBits)
        }
        // Below the lowest integer, fractions round to it where there are any.
        let low = isSigned ? next(conversion.lowest, up: false) : -1
        let reachesLowest = isSigned && low > conversion.lowest - 1
        #expect(conversion.trapping(low).1 == (reachesLowest ? .none : .integerOverflow))
        for low in [reachesLowest ? conversion.lowest - 1 : low, -.infinity] {
            #expect(conversion.trapping(low) == (0, .integerOverflow))
            #expect(conversion.saturating(low) == conversion.lowestBits)
        }
        #expect(conversion.trapping(.nan) == (0, .invalidConversionToInteger))
        #expect(conversion.saturating(.nan) == 0)
    }
}
