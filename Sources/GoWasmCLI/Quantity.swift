/// Figures as people read them.
enum Quantity {
    /// A time with three digits or so, and its unit.
    static func time(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<10_000: "\(nanoseconds) ns"
        case ..<1_000_000: "\(decimal(nanoseconds, per: 1000)) µs"
        case ..<1_000_000_000: "\(decimal(nanoseconds, per: 1_000_000)) ms"
        default: "\(decimal(nanoseconds, per: 1_000_000_000)) s"
        }
    }

    /// A size in memory, in units of 1024.
    static func memory(_ bytes: UInt64) -> String {
        switch bytes {
        case ..<1024: "\(bytes) B"
        case ..<(1 << 20): "\(decimal(bytes, per: 1 << 10)) KiB"
        case ..<(1 << 30): "\(decimal(bytes, per: 1 << 20)) MiB"
        default: "\(decimal(bytes, per: 1 << 30)) GiB"
        }
    }

    /// The size of a file or a part of it, in units of 1000.
    static func file(_ bytes: Int) -> String { bytes < 1000 ? "\(bytes) B" : "\((bytes + 500) / 1000) kB" }

    /// A share of a whole, in percent.
    static func share(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0 else { return "" }
        return "\(decimal(part * 100, per: whole, digits: 1)) %"
    }

    /// A number with commas between groups of three digits.
    static func count(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.count - position) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A quotient with two digits behind the point below 10, one below 100, and none from there on; or as many as
    /// asked.
    static func decimal(_ value: UInt64, per unit: UInt64, digits: Int? = nil) -> String {
        let whole = value / unit
        let count = digits ?? (whole < 10 ? 2 : whole < 100 ? 1 : 0)
        let scale: UInt64 = count == 2 ? 100 : count == 1 ? 10 : 1
        let scaled = UInt64((Double(value) / Double(unit) * Double(scale)).rounded())
        guard count > 0 else { return "\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: count - fraction.count) + fraction
    }
}

extension String {
    /// Filled up with spaces to a number of columns.
    func padded(to width: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return right ? space + self : self + space
    }
}
