import GoWasm
import HostSystem

/// Why the value of an option is refused: what is allowed in its place.
struct ValueProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Reads the values of options as people type them; what is refused says what is allowed.
enum OptionValue {
    // MARK: - Times and sizes

    /// The units of times, by what is written behind the number, in seconds.
    private static let timeUnits: [(name: String, seconds: Double)] = [
        ("ms", 0.001), ("s", 1), ("min", 60), ("m", 60), ("h", 3600),
    ]
    /// The longest time, in seconds: 31 years.
    private static let longestTime = 1e9

    /// Reads a time in seconds, such as `1.5`, `500ms`, `1s`, `2m` or `1h30m`.
    ///
    /// - Throws: ``ValueProblem``.
    static func seconds(_ text: String) throws -> Double {
        let problem = ValueProblem("it must be a time longer than 0, such as 1.5 (seconds), 500ms, 1s, 2m or 1h30m")
        if text.utf8.allSatisfy(isNumeric) {
            guard let seconds = number(text[...]) else { throw problem }
            return try checked(seconds, problem)
        }
        var rest = text[...]
        var sum = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.utf8.allSatisfy(isNumeric) }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { !$0.utf8.allSatisfy(isNumeric) }
            rest = rest[name.endIndex...]
            guard let count = number(digits), let unit = timeUnits.first(where: { $0.name == name }) else {
                throw problem
            }
            sum += count * unit.seconds
        }
        return try checked(sum, problem)
    }

    private static func checked(_ seconds: Double, _ problem: ValueProblem) throws -> Double {
        guard seconds > 0, seconds < longestTime else { throw problem }
        return seconds
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
    }

    /// A number of digits with one point at most: no sign, no exponent, no name such as `inf`.
    private static func number(_ text: Substring) -> Double? {
        text.utf8.allSatisfy(isNumeric) ? Double(text) : nil
    }

    /// The units of sizes in small letters, in bytes: `K` and `KiB` are 1024, `KB` is 1000, and so on.
    private static let sizeUnits: [(name: String, bytes: Double)] = [
        ("", 1), ("b", 1), ("k", 0x1p10), ("kib", 0x1p10), ("kb", 1e3), ("m", 0x1p20), ("mib", 0x1p20), ("mb", 1e6),
        ("g", 0x1p30), ("gib", 0x1p30), ("gb", 1e9),
    ]

    /// Reads a size in bytes, such as `65536`, `64K`, `512MB` or `1.5GiB`.
    ///
    /// - Throws: ``ValueProblem``.
    static func bytes(_ text: String) throws -> UInt64 {
        let digits = text.prefix { $0.utf8.allSatisfy(isNumeric) }
        let name = text[digits.endIndex...].lowercased()
        guard let count = number(digits), let unit = sizeUnits.first(where: { $0.name == name }),
            let bytes = UInt64(exactly: (count * unit.bytes).rounded(.down)), bytes > 0
        else {
            throw ValueProblem(
                "it must be a size of at least one byte, such as 65536, 64M or 1.5GiB (units of 1024), 512MB (of 1000)")
        }
        return bytes
    }

    /// Reads a number of events, such as `1000000` or `5M`.
    ///
    /// - Throws: ``ValueProblem``.
    static func count(_ text: String) throws -> UInt64 {
        let digits = text.prefix { $0.utf8.allSatisfy(isNumeric) }
        let factors = ["": 1, "k": 1e3, "m": 1e6, "g": 1e9]
        guard let number = number(digits), let factor = factors[text[digits.endIndex...].lowercased()],
            let count = UInt64(exactly: (number * factor).rounded(.down)), count > 0
        else { throw ValueProblem("it must be a number of at least 1, such as 1000000, 500K, 5M or 1G (of 1000)") }
        return count
    }

    /// The smallest and largest frame stack, in bytes: what the engine needs itself, and what it numbers.
    private static let stackSizes: ClosedRange<UInt64> = 4 << 20...4 << 30

    /// Reads the size of a frame stack.
    ///
    /// - Throws: ``ValueProblem``.
    static func stackSize(_ text: String) throws -> UInt64 {
        let bytes = try bytes(text)
        guard stackSizes.contains(bytes) else { throw ValueProblem("it must be a size from 4MiB to 4GiB") }
        return bytes
    }

    // MARK: - What the program is given

    /// An environment variable: with its value, or nil for that of this process.
    struct Variable: Equatable {
        var name: String
        var value: String?
    }

    /// Reads `NAME=VALUE` or `NAME`.
    ///
    /// - Throws: ``ValueProblem``.
    static func variable(_ text: String) throws -> Variable {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty else {
            throw ValueProblem("it must be NAME=VALUE, or NAME for the variable of this process")
        }
        return Variable(name: String(name), value: parts.count > 1 ? String(parts[1]) : nil)
    }

    /// Reads `HOST[:GUEST][:ro]`.
    ///
    /// - Throws: ``ValueProblem``.
    static func folder(_ text: String) throws -> HostAccess.Mount {
        guard let mount = HostAccess.Mount(parsing: text) else {
            throw ValueProblem(
                "it must be HOST, HOST:GUEST or HOST::GUEST, with :ro at the end for a folder that is only to be read")
        }
        return mount
    }

    /// Reads `HOST[:PORT],…`.
    ///
    /// - Throws: ``ValueProblem``.
    static func hosts(_ text: String) throws -> NetworkAccess {
        guard let access = NetworkAccess(parsing: text) else {
            throw ValueProblem(
                "it must be a list such as example.com:443,10.0.0.0/8,[::1]:8080,*:53; the port may be left out")
        }
        return access
    }

    /// Reads `ADDRESS:PORT`; whether there is such an address here, is found when it is listened on.
    ///
    /// - Throws: ``ValueProblem``.
    static func listener(_ text: String) throws -> String {
        guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
            throw ValueProblem("it must be ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0 (any free port)")
        }
        return text
    }

    /// Reads `NAME,PREFIX*,!NAME`.
    ///
    /// - Throws: ``ValueProblem``.
    static func names(_ text: String) throws -> NameFilter {
        guard !text.split(separator: ",").allSatisfy({ $0 == "!" }) else {
            throw ValueProblem("it must be a list of names such as HOME,GO*,!GOFLAGS")
        }
        return NameFilter(text)
    }
}
