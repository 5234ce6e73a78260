/// Percent-encoding as the URL Standard has it: `%` and two upper-case hexadecimal digits for each byte of UTF-8.
enum PercentEncoding {
    /// The characters that are encoded in a part of a URL, beside all that are not printable ASCII.
    struct Set {
        fileprivate let isEncoded: [Bool]

        private init(_ base: Set?, _ characters: StaticString) {
            var encoded = base?.isEncoded ?? (0..<128).map { $0 <= 0x1F || $0 == 0x7F }
            characters.withUTF8Buffer { for byte in $0 { encoded[Int(byte)] = true } }
            isEncoded = encoded
        }

        static let control = Set(nil, "")
        static let fragment = Set(control, " \"<>`")
        static let query = Set(control, " \"#<>")
        static let specialQuery = Set(query, "'")
        static let path = Set(query, "?^`{}")
        static let userinfo = Set(path, "/:;=@[\\]|")

        func contains(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= 128 || isEncoded[Int(scalar.value)] }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    static func append(_ scalar: Unicode.Scalar, to text: inout String, encoding set: Set) {
        guard set.contains(scalar) else {
            text.unicodeScalars.append(scalar)
            return
        }
        for byte in UTF8.encode(scalar)! {
            text.append("%")
            text.unicodeScalars.append(Unicode.Scalar(digits[Int(byte >> 4)]))
            text.unicodeScalars.append(Unicode.Scalar(digits[Int(byte & 15)]))
        }
    }

    static func encode(_ text: some Sequence<Unicode.Scalar>, _ set: Set) -> String {
        var result = ""
        for scalar in text { append(scalar, to: &result, encoding: set) }
        return result
    }

    /// The bytes that a text stands for; a `%` without two digits stays.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(text)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
                let high = hexadecimal(bytes[place + 1]), let low = hexadecimal(bytes[place + 2])
            {
                result.append(high << 4 | low)
                place += 3
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return result
    }

    /// The value of a hexadecimal digit.
    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
