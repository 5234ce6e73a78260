internal import LibC

/// The functions of numbers that are installed lazily.
extension JSRealm {
    func completeNumber(_ number: JSObject) {
        number.define(key("POSITIVE_INFINITY"), .number(.infinity), [])
        number.define(key("NEGATIVE_INFINITY"), .number(-.infinity), [])
        number.define(key("NaN"), .number(.nan), [])
        method(number, "isSafeInteger", length: 1) { _, _, arguments throws(JSFailure) in
            guard case .number(let value) = arguments[0] else { return .boolean(false) }
            return .boolean(value == value.rounded(.towardZero) && abs(value) <= 9_007_199_254_740_991)
        }
    }

    func completeNumbers() {
        let prototype = prototypes.number
        func value(_ realm: JSRealm, _ this: JSValue, _ name: StaticString) throws(JSFailure) -> Double {
            guard case .number(let value) = realm.primitive(this) else {
                throw realm.typeError("Number.prototype.\(name) requires that 'this' be a Number")
            }
            return value
        }
        method(prototype, "toPrecision", length: 1) { realm, this, arguments throws(JSFailure) in
            let value = try value(realm, this, "toPrecision")
            guard !arguments[0].isUndefined, value.isFinite else { return realm.string(NumberText.format(value)) }
            let precision = try realm.toInteger(arguments[0])
            guard precision >= 1, precision <= 100 else {
                throw realm.rangeError("toPrecision() argument must be between 1 and 100")
            }
            return realm.string(NumberText.precise(value, digits: precision))
        }
        method(prototype, "toExponential", length: 1) { realm, this, arguments throws(JSFailure) in
            let value = try value(realm, this, "toExponential")
            guard value.isFinite else { return realm.string(NumberText.format(value)) }
            let digits = try arguments[0].isUndefined ? nil : realm.toInteger(arguments[0])
            guard digits.map({ (0...100).contains($0) }) ?? true else {
                throw realm.rangeError("toExponential() argument must be between 0 and 100")
            }
            return realm.string(NumberText.exponential(value, digits: digits))
        }
        method(prototype, "toLocaleString") { realm, this, _ throws(JSFailure) in
            realm.string(NumberText.grouped(try value(realm, this, "toLocaleString")))
        }
    }
}

extension NumberText {
    /// The text of a number in the system's format "%.*e" or "%.*f".
    private static func text(_ value: Double, _ digits: Int, exponent: Bool) -> String {
        withVaList([Int32(digits), value]) { arguments in
            var buffer = [CChar](repeating: 0, count: 512)
            vsnprintf(&buffer, buffer.count, exponent ? "%.*e" : "%.*f", arguments)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Digits before and behind the point and the decimal exponent; halves are rounded up in size, as JavaScript does.
    private static func scientific(_ value: Double, digits: Int) -> (mantissa: String, exponent: Int) {
        let magnitude = abs(value)
        var result = text(magnitude, digits, exponent: true)
        // The system rounds halves to even digits: where the rest is exactly a half, the next number decides.
        let more = text(magnitude, min(digits + 30, 400), exponent: true)
        let rest = more.dropFirst(digits == 0 ? 2 : 2 + digits).prefix { $0 != "e" }
        if rest.first == "5", rest.dropFirst().allSatisfy({ $0 == "0" }) {
            result = text(magnitude.nextUp, digits, exponent: true)
        }
        let parts = result.split(separator: "e")
        return (String(parts[0]), Int(parts[1]) ?? 0)
    }

    /// `toExponential`; without digits, as many as the number needs.
    static func exponential(_ value: Double, digits: Int?) -> String {
        var digits = digits ?? -1
        if digits < 0 {
            digits = 0
            while digits < 17, Double(text(value, digits, exponent: true)) != value { digits += 1 }
        }
        let (mantissa, exponent) = scientific(value, digits: digits)
        return "\(value < 0 ? "-" : "")\(mantissa)e\(exponent < 0 ? "-" : "+")\(abs(exponent))"
    }

    /// `toPrecision`.
    static func precise(_ value: Double, digits: Int) -> String {
        let (mantissa, exponent) = scientific(value, digits: digits - 1)
        let sign = value < 0 ? "-" : ""
        guard exponent >= -6, exponent < digits else {
            return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(abs(exponent))"
        }
        let figures = mantissa.filter { $0 != "." }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + figures }
        let whole = figures.prefix(exponent + 1)
        let fraction = figures.dropFirst(exponent + 1)
        return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// A number in another radix (V8's DoubleToRadixCString): as many digits as tell it from its neighbours.
    static func text(_ value: Double, radix: Int) -> String {
        guard value.isFinite else { return format(value) }
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        var whole = abs(value).rounded(.down)
        var fraction = abs(value) - whole
        var delta = max(0.5 * (abs(value).nextUp - abs(value)), Double.leastNonzeroMagnitude)
        var behind: [Int] = []
        if fraction >= delta {
            repeat {
                fraction *= Double(radix)
                delta *= Double(radix)
                let digit = Int(fraction)
                behind.append(digit)
                fraction -= Double(digit)
                if fraction > 0.5 || (fraction == 0.5 && digit & 1 == 1), fraction + delta > 1 {
                    // Rounds up, carrying as far as needed.
                    while true {
                        guard let last = behind.popLast() else {
                            whole += 1
                            break
                        }
                        if last + 1 < radix {
                            behind.append(last + 1)
                            break
                        }
                    }
                    break
                }
            } while fraction >= delta
        }
        var before: [Character] = []
        repeat {
            // Beyond 53 bits the lowest digits are zeros.
            if whole.exponent >= 53 {
                whole = (whole / Double(radix)).rounded(.towardZero)
                before.append("0")
            } else {
                let remainder = whole.truncatingRemainder(dividingBy: Double(radix))
                before.append(digits[Int(remainder)])
                whole = (whole - remainder) / Double(radix)
            }
        } while whole > 0
        let text = String(before.reversed())
        return (value < 0 ? "-" : "") + text + (behind.isEmpty ? "" : "." + String(behind.map { digits[$0] }))
    }

    /// `toLocaleString` in English: groups of three digits, at most three behind the point.
    static func grouped(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-∞" : "∞" }
        var parts = fixed(abs(value), digits: 3).split(separator: ".").map(String.init)
        if parts.count > 1 {
            while parts[1].last == "0" { parts[1].removeLast() }
        }
        var whole = ""
        for (position, digit) in parts[0].reversed().enumerated() {
            if position > 0, position % 3 == 0 { whole.append(",") }
            whole.append(digit)
        }
        let fraction = parts.count > 1 && !parts[1].isEmpty ? "." + parts[1] : ""
        return (value < 0 ? "-" : "") + String(whole.reversed()) + fraction
    }
}
