import Testing

@testable import GoWasm

@Suite("Numbers as text")
struct NumberTextTests {
    /// What `String(x)` is in JavaScript.
    static let formatted: [(Double, String)] = [
        (0, "0"), (-0.0, "0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (-0.1, "-0.1"), (42.5, "42.5"), (.nan, "NaN"),
        (.infinity, "Infinity"), (-.infinity, "-Infinity"), (100, "100"), (1e15, "1000000000000000"),
        (1e16, "10000000000000000"), (123_456_789_012_345_680, "123456789012345680"), (1e20, "100000000000000000000"),
        (1e21, "1e+21"), (1.5e21, "1.5e+21"), (123e20, "1.23e+22"),
        (999_999_999_999_999_868_928, "999999999999999900000"),
        (1e-6, "0.000001"), (1.5e-6, "0.0000015"), (1e-7, "1e-7"), (1.5e-7, "1.5e-7"), (-1e-7, "-1e-7"),
        (9_007_199_254_740_992, "9007199254740992"), (0.000_123, "0.000123"), (.leastNonzeroMagnitude, "5e-324"),
        (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"), (1 / 3.0, "0.3333333333333333"),
        (123_456.789, "123456.789"), (1e100, "1e+100"), (4.35, "4.35"), (2e-308, "2e-308"),
        (1.1e16, "11000000000000000"),
        (0.1 + 0.2, "0.30000000000000004"), (1e17 + 16, "100000000000000020"), (12e-7, "0.0000012"),
    ]

    @Test("Number::toString", arguments: formatted)
    func format(value: Double, text: String) { #expect(NumberText.format(value) == text) }

    @Test("formatted numbers read back as the same number")
    func roundTrip() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(NumberText.parse(JSString.make(NumberText.format(value))) == value)
        }
    }

    @Test(
        "StringToNumber",
        arguments: [
            ("", 0), ("  12  ", 12), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("1e3", 1000), (".5", 0.5), ("5.", 5),
            ("-Infinity", -.infinity), ("\u{FEFF}7\n", 7), ("+1", 1),
        ] as [(String, Double)])
    func parse(text: String, value: Double) { #expect(NumberText.parse(JSString.make(text)) == value) }

    @Test(
        "texts that are no numbers",
        arguments: ["abc", "1x", "0x", "-0x1", "1e", "inf", "nan", "0x1p3", ".", "+", "1 2", "infinity"])
    func parseFailure(text: String) { #expect(NumberText.parse(JSString.make(text)).isNaN) }

    @Test(
        "parseInt",
        arguments: [("42px", 0, 42), ("-17.9", 0, -17), ("0x1f", 0, 31), ("1e+21", 0, 1), ("z", 36, 35), ("101", 2, 5)]
            as [(String, Int32, Double)])
    func parseInt(text: String, radix: Int32, value: Double) {
        #expect(NumberText.parseInt(JSString.make(text), radix: radix) == value)
    }

    @Test("parseInt of what starts with no digit is NaN", arguments: ["", "undefined", "-", "x1"])
    func parseIntFailure(text: String) { #expect(NumberText.parseInt(JSString.make(text)).isNaN) }

    @Test(
        "toFixed rounds the exact value",
        arguments: [
            (1.005, 2, "1.00"), (2.5, 0, "3"), (-2.5, 0, "-3"), (0.5, 0, "1"), (1.45, 1, "1.4"), (123.456, 2, "123.46"),
            (0, 2, "0.00"), (9.995, 2, "9.99"), (99.99, 1, "100.0"), (1e21, 2, "1e+21"), (0.000001, 7, "0.0000010"),
        ] as [(Double, Int, String)])
    func fixed(value: Double, digits: Int, text: String) { #expect(NumberText.fixed(value, digits: digits) == text) }

    @Test(
        "ToUint32",
        arguments: [
            (0, 0), (-1, 4_294_967_295), (4_294_967_296, 0), (4_294_967_297.9, 1), (-4_294_967_297, 4_294_967_295),
            (.nan, 0), (.infinity, 0), (1e20, 1_661_992_960), (-1e20, 2_632_974_336), (3.7, 3), (-3.7, 4_294_967_293),
        ] as [(Double, UInt32)])
    func uint32(value: Double, bits: UInt32) { #expect(NumberText.uint32(value) == bits) }
}
