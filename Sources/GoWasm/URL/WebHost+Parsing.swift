internal import CHostSystem

extension WebHost {
    /// Parses a host (host parsing of the URL Standard); nil where it is none.
    static func parse(_ input: [Unicode.Scalar], isSpecial: Bool) -> WebHost? {
        if input.first == "[" {
            guard input.last == "]", input.count > 1 else { return nil }
            return parseIPv6(input[1..<(input.count - 1)].map(\.value)).map { .ipv6($0) }
        }
        guard isSpecial else { return parseOpaque(input) }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: input)
        let decoded = String(decoding: PercentEncoding.decode(String(text).utf8), as: UTF8.self)
        guard let name = asciiName(decoded), !name.utf8.contains(where: isForbiddenInDomain) else { return nil }
        return endsInNumber(name) ? parseIPv4(name).map { .ipv4($0) } : .domain(name)
    }

    // MARK: Names

    /// The name in ASCII ("domain to ASCII"): in lower case, other characters by the library for that.
    ///
    /// Labels that are encoded already (`xn--`) stay as they are. The library follows IDNA 2008 and so refuses symbols,
    /// such as emoji, that browsers take.
    private static func asciiName(_ name: String) -> String? {
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return name.isEmpty ? nil : asciiLowercased(name) }
        // The library would take what is before a zero byte for the whole name.
        guard !name.utf8.contains(0), let text = gw_idn_to_ascii(name) else { return nil }
        defer { gw_idn_free(text) }
        let result = String(cString: text)
        return result.isEmpty ? nil : result
    }

    static func asciiLowercased(_ text: String) -> String {
        String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// The forbidden host code points.
    private static func isForbidden(_ value: UInt32) -> Bool {
        switch value {
        case 0, 9, 0xA, 0xD, 0x20: true
        case 0x23, 0x2F, 0x3A, 0x3C, 0x3E, 0x3F, 0x40, 0x5B, 0x5C, 0x5D, 0x5E, 0x7C: true  // # / : < > ? @ [ \ ] ^ |
        default: false
        }
    }

    /// The forbidden domain code points.
    private static func isForbiddenInDomain(_ byte: UInt8) -> Bool {
        isForbidden(UInt32(byte)) || byte <= 0x1F || byte == UInt8(ascii: "%") || byte == 0x7F
    }

    private static func parseOpaque(_ input: [Unicode.Scalar]) -> WebHost? {
        guard !input.contains(where: { isForbidden($0.value) }) else { return nil }
        return input.isEmpty ? .empty : .opaque(PercentEncoding.encode(input, .control))
    }

    // MARK: IPv4

    /// The number that a part of an address is: in octal behind 0, in hexadecimal behind 0x.
    private static func number(_ part: Substring) -> UInt64? {
        if part.isEmpty { return nil }
        var digits = part
        var radix = 10
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            digits = digits.dropFirst(2)
            radix = 16
        } else if digits.count > 1, digits.first == "0" {
            digits = digits.dropFirst()
            radix = 8
        }
        if digits.isEmpty { return 0 }
        guard digits.utf8.allSatisfy({ (PercentEncoding.hexadecimal($0) ?? 16) < radix }) else { return nil }
        // What does not fit is too large for an address, too.
        return UInt64(digits, radix: radix) ?? .max
    }

    private static func parts(_ name: String) -> [Substring] {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true, parts.count > 1 { parts.removeLast() }
        return parts
    }

    /// Whether a name is to be an IPv4 address (ends in a number checker).
    private static func endsInNumber(_ name: String) -> Bool {
        guard let last = parts(name).last, !last.isEmpty else { return false }
        return last.utf8.allSatisfy { (0x30...0x39).contains($0) }
            || (last.hasPrefix("0x") || last.hasPrefix("0X")) && number(last) != nil
    }

    private static func parseIPv4(_ name: String) -> UInt32? {
        let parts = parts(name)
        guard parts.count <= 4 else { return nil }
        var numbers: [UInt64] = []
        for part in parts {
            guard let number = number(part) else { return nil }
            numbers.append(number)
        }
        guard let last = numbers.popLast(), numbers.allSatisfy({ $0 <= 255 }) else { return nil }
        guard last < UInt64(1) << UInt64(8 * (4 - numbers.count)) else { return nil }
        var address = last
        for (place, number) in numbers.enumerated() { address += number << UInt64(8 * (3 - place)) }
        return UInt32(address)
    }

    // MARK: IPv6

    /// Parses what is between the brackets (IPv6 parser of the URL Standard).
    private static func parseIPv6(_ input: [UInt32]) -> [UInt16]? {
        var address = [UInt16](repeating: 0, count: 8)
        var piece = 0
        var compress: Int?
        var place = 0
        func character(_ place: Int) -> UInt32? { place < input.count ? input[place] : nil }
        let colon = UInt32(0x3A)
        if character(0) == colon {
            guard character(1) == colon else { return nil }
            place = 2
            piece = 1
            compress = 1
        }
        while let current = character(place) {
            guard piece < 8 else { return nil }
            if current == colon {
                guard compress == nil else { return nil }
                place += 1
                piece += 1
                compress = piece
                continue
            }
            var value: UInt32 = 0
            var length = 0
            while length < 4, let digit = character(place).flatMap({ hexadecimal($0) }) {
                value = value << 4 | digit
                place += 1
                length += 1
            }
            if character(place) == 0x2E {
                guard length > 0, piece <= 6, let pair = embeddedIPv4(input[(place - length)...]) else { return nil }
                address[piece] = pair.0
                address[piece + 1] = pair.1
                piece += 2
                place = input.count
                break
            }
            if character(place) == colon {
                place += 1
                if character(place) == nil { return nil }
            } else if character(place) != nil {
                return nil
            }
            address[piece] = UInt16(value)
            piece += 1
        }
        if let compress {
            let moved = piece - compress
            let tail = Array(address[compress..<piece])
            for place in compress..<8 { address[place] = 0 }
            address.replaceSubrange((8 - moved)..., with: tail)
        } else if piece != 8 {
            return nil
        }
        return address
    }

    private static func hexadecimal(_ value: UInt32) -> UInt32? {
        value < 128 ? PercentEncoding.hexadecimal(UInt8(value)).map { UInt32($0) } : nil
    }

    /// The last 32 bits as four decimal numbers.
    private static func embeddedIPv4(_ input: ArraySlice<UInt32>) -> (UInt16, UInt16)? {
        let parts = input.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt16] = []
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != 0x30 else { return nil }
            var value: UInt16 = 0
            for digit in part {
                guard (0x30...0x39).contains(digit) else { return nil }
                value = value * 10 + UInt16(digit - 0x30)
            }
            guard value <= 255 else { return nil }
            bytes.append(value)
        }
        return (bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3])
    }
}
