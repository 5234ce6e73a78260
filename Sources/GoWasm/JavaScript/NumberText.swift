internal import LibC

/// Numbers as JavaScript writes and reads them.
enum NumberText {
    /// Number::toString (ECMA-262, 6.1.6.1.20): the shortest digits that give the number back, in decimal notation for
    /// exponents from -7 to 20, else in scientific notation.
    static func format(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value == 0 { return "0" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        if value == value.rounded(.towardZero), abs(value) < 1e15 { return String(Int64(value)) }
        // Swift's description has the shortest digits too, but another rule for the exponent: "1e+16", "5e-07".
        let description = value.description
        if !description.utf8.contains(UInt8(ascii: "e")) {
            return description.hasSuffix(".0") ? String(description.dropLast(2)) : description
        }
        var digits: [UInt8] = []
        var pointPosition: Int?
        var exponent = 0
        var text = abs(value).description.utf8[...]
        while let byte = text.popFirst() {
            if byte == UInt8(ascii: ".") {
                pointPosition = digits.count
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(Substring(text)) ?? 0
                break
            } else {
                digits.append(byte)
            }
        }
        // The value is 0.DIGITS times ten to the power `point`.
        var point = (pointPosition ?? digits.count) + exponent
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        point -= leadingZeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        let count = digits.count
        let digitText = String(decoding: digits, as: UTF8.self)
        let sign = value < 0 ? "-" : ""
        switch point {
        case count...21 where count <= 21:
            return sign + digitText + String(repeating: "0", count: point - count)
        case 1...21:
            return sign + digitText.prefix(point) + "." + digitText.dropFirst(point)
        case -5...0:
            return sign + "0." + String(repeating: "0", count: -point) + digitText
        default:
            let power = point - 1
            let suffix = "e" + (power < 0 ? "-" : "+") + String(abs(power))
            return sign + digitText.prefix(1) + (count > 1 ? "." + digitText.dropFirst() : "") + suffix
        }
    }

    /// StringToNumber (ECMA-262, 7.1.4.1.1): NaN for what is no number.
    static func parse(_ string: JSString) -> Double {
        let text = trimmed(string.bytes)
        if text.isEmpty { return 0 }
        if text.count > 2, text.first == UInt8(ascii: "0") {
            let second = text[text.startIndex + 1] | 0x20
            let radix: Double? =
                switch second {
                case UInt8(ascii: "x"): 16
                case UInt8(ascii: "o"): 8
                case UInt8(ascii: "b"): 2
                default: nil
                }
            if let radix {
                let digits = text.dropFirst(2)
                let (value, count) = integer(digits, radix: radix)
                return count == digits.count ? value : .nan
            }
        }
        let length = decimalPrefix(text)
        return length == text.count ? decimal(text) : .nan
    }

    /// `parseFloat`: the longest prefix that is a decimal number.
    static func parseFloat(_ string: JSString) -> Double {
        let text = trimmed(string.bytes)
        let length = decimalPrefix(text)
        return length == 0 ? .nan : decimal(text.prefix(length))
    }

    /// `parseInt` (ECMA-262, 19.2.5); radix 0 means 10, or 16 behind "0x".
    static func parseInt(_ string: JSString, radix: Int32 = 0) -> Double {
        var text = trimmed(string.bytes)
        var sign = 1.0
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            if first == UInt8(ascii: "-") { sign = -1 }
            text = text.dropFirst()
        }
        var base = radix
        if base != 0, base < 2 || base > 36 { return .nan }
        if base == 0 || base == 16, text.count >= 2, text.first == UInt8(ascii: "0"),
            text[text.startIndex + 1] | 0x20 == UInt8(ascii: "x")
        {
            text = text.dropFirst(2)
            base = 16
        }
        if base == 0 { base = 10 }
        let (value, count) = integer(text, radix: Double(base))
        if count == 0 { return .nan }
        // Beyond 2^53 only the correctly rounded decimal value will do.
        if base == 10, value >= 9_007_199_254_740_992 { return sign * decimal(text.prefix(count)) }
        return sign * value
    }

    private static func integer(_ text: ArraySlice<UInt8>, radix: Double) -> (value: Double, count: Int) {
        var value = 0.0
        var count = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A") + 10
            default: return (value, count)
            }
            if Double(digit) >= radix { return (value, count) }
            value = value * radix + Double(digit)
            count += 1
        }
        return (value, count)
    }

    /// The length of the longest prefix that is a StrDecimalLiteral.
    private static func decimalPrefix(_ text: ArraySlice<UInt8>) -> Int {
        let bytes = Array(text)
        var at = 0
        func digits() -> Int {
            let start = at
            while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
            return at - start
        }
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
        let infinity = Array("Infinity".utf8)
        if bytes[at...].starts(with: infinity) { return at + infinity.count }
        var count = digits()
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            count += digits()
        }
        if count == 0 { return 0 }
        let end = at
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
            if digits() > 0 { return at }
        }
        return end
    }

    private static func decimal(_ text: ArraySlice<UInt8>) -> Double {
        var characters = text.map { CChar(bitPattern: $0) }
        characters.append(0)
        // In the C locale, which this process never leaves, `strtod` rounds correctly and knows "Infinity".
        return strtod(characters, nil)
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        // U+00A0, U+FEFF and U+2028, U+2029 are white space as well.
        let wide: [[UInt8]] = [[0xC2, 0xA0], [0xEF, 0xBB, 0xBF], [0xE2, 0x80, 0xA8], [0xE2, 0x80, 0xA9]]
        var slice = bytes[...]
        scan: while true {
            if let first = slice.first, isSpace(first) {
                slice = slice.dropFirst()
                continue
            }
            for sequence in wide where slice.starts(with: sequence) {
                slice = slice.dropFirst(sequence.count)
                continue scan
            }
            break
        }
        scan: while true {
            if let last = slice.last, isSpace(last) {
                slice = slice.dropLast()
                continue
            }
            for sequence in wide where slice.suffix(sequence.count).elementsEqual(sequence) {
                slice = slice.dropLast(sequence.count)
                continue scan
            }
            break
        }
        return slice
    }

    /// ToInt32 and ToUint32 (ECMA-262, 7.1.6, 7.1.7), as bits.
    @inline(__always)
    static func uint32(_ value: Double) -> UInt32 {
        if abs(value) < 9_223_372_036_854_775_808 { return UInt32(truncatingIfNeeded: Int64(value)) }
        guard value.isFinite else { return 0 }
        let modulus = 4_294_967_296.0
        let rest = value.rounded(.towardZero).truncatingRemainder(dividingBy: modulus)
        return UInt32(rest < 0 ? rest + modulus : rest)
    }

    /// ToIntegerOrInfinity, limited to what an `Int` of 53 bits holds; NaN is 0.
    @inline(__always)
    static func integer(_ value: Double) -> Int {
        if value.isNaN { return 0 }
        if value >= 9_007_199_254_740_991 { return 9_007_199_254_740_991 }
        if value <= -9_007_199_254_740_991 { return -9_007_199_254_740_991 }
        return Int(value)
    }
}

extension NumberText {
    /// `toFixed`: the exact decimal value, rounded to a number of digits behind the point, halves away from zero.
    static func fixed(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e21 else { return format(value) }
        // No number has more than 1,074 digits behind the point, so this expansion is exact.
        let exactDigits = 1074
        var buffer = [CChar](repeating: 0, count: exactDigits + 32)
        let length = withVaList([Int32(exactDigits), abs(value)]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
        let exact = buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }
        let point = exact.firstIndex(of: UInt8(ascii: ".")) ?? exact.count
        var kept = Array(exact[..<point] + exact[(point + 1)...].prefix(digits))
        if exact[point + 1 + digits] >= UInt8(ascii: "5") {
            var position = kept.count - 1
            while position >= 0, kept[position] == UInt8(ascii: "9") {
                kept[position] = UInt8(ascii: "0")
                position -= 1
            }
            if position >= 0 { kept[position] += 1 } else { kept.insert(UInt8(ascii: "1"), at: 0) }
        }
        if digits > 0 { kept.insert(UInt8(ascii: "."), at: kept.count - digits) }
        let text = String(decoding: kept, as: UTF8.self)
        return value < 0 ? "-" + text : text
    }
}
