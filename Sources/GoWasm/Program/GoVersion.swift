public import WasmFrontend

/// A version of Go.
public struct GoVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 21 of 1.21.13.
    public let minor: Int
    /// The 13 of 1.21.13.
    public let patch: Int

    /// Makes a version 1.`minor`.`patch`.
    public init(minor: Int, patch: Int = 0) {
        self.minor = minor
        self.patch = patch
    }

    /// The version that built a module, for any system; nil where the module does not say.
    public init?(of module: Module) {
        guard let version = GoABI.version(of: module) else { return nil }
        self = version
    }

    /// Reads texts such as "go1.21.13", "go1.14rc1" and "devel go1.22-4c5e1a5".
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let prefix = Array("go1.".utf8)
        guard bytes.count > prefix.count,
            var at = (0...(bytes.count - prefix.count)).first(where: { bytes[$0...].starts(with: prefix) })
        else { return nil }
        at += prefix.count
        func number() -> Int? {
            let digits = bytes[at...].prefix { $0 >= 0x30 && $0 <= 0x39 }.prefix(4)
            at += digits.count
            return digits.isEmpty ? nil : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard let minor = number() else { return nil }
        self.minor = minor
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            patch = number() ?? 0
        } else {
            patch = 0
        }
    }

    /// Orders by age.
    public static func < (a: GoVersion, b: GoVersion) -> Bool { (a.minor, a.patch) < (b.minor, b.patch) }

    /// The version as Go writes it, such as "go1.21.13".
    public var description: String { patch == 0 ? "go1.\(minor)" : "go1.\(minor).\(patch)" }
}
