import WasmFrontend
import WasmRuntime

/// Why an export could not be called as the command line asks.
enum InvocationError: Error, CustomStringConvertible {
    /// The module is no program: there are only functions to be called.
    case nothingToRun(exports: [String])
    case noSuchExport(String, exports: [String])
    case argumentCount(String, FunctionType, given: Int)
    case argument(String, ValueType)

    var description: String {
        switch self {
        case .nothingToRun(let exports) where exports.isEmpty:
            "it is no program, and exports no function that --invoke could call; build a package main with "
                + "GOOS=js GOARCH=wasm"
        case .nothingToRun(let exports):
            "it is no program; call one of its functions with --invoke NAME: \(Self.list(exports))"
        case .noSuchExport(let name, let exports):
            "it exports no function \(name.debugDescription); it exports \(Self.list(exports))"
        case .argumentCount(let name, let type, let given):
            "\(name) has the type \(type.text), but the number of arguments is \(given)"
        case .argument(let text, let type): "the argument \(text.debugDescription) is no \(type)"
        }
    }

    /// Whether the command line is wrong, or the module is nothing that could be run.
    var exitCode: Int32 {
        if case .nothingToRun = self { CommandExit.failure } else { CommandExit.usage }
    }

    /// How many exports are named.
    private static let listed = 12
    /// How long the names of exports may be: they are the module's.
    private static let longestList = 600

    private static func list(_ exports: [String]) -> String {
        guard !exports.isEmpty else { return "none" }
        var shown = exports.prefix(listed)
        while shown.count > 1, shown.reduce(0, { $0 + $1.utf8.count + 2 }) > longestList { shown.removeLast() }
        let text = shown.joined(separator: ", ")
        let more = exports.count > shown.count ? ", and \(exports.count - shown.count) more" : ""
        return (text.count > longestList ? text.prefix(longestList) + "…" : text[...]) + more
    }
}

extension Value {
    /// Reads a number of a type: integers signed or unsigned, in decimal or after 0x; nil for what is no such number,
    /// and for types that have no text.
    init?(parsing text: String, as type: ValueType) {
        switch type {
        case .i32:
            guard let bits = Self.integer(text, Int32.self, UInt32.self) else { return nil }
            self = .i32(bits)
        case .i64:
            guard let bits = Self.integer(text, Int64.self, UInt64.self) else { return nil }
            self = .i64(bits)
        case .f32:
            guard let number = Float(text) else { return nil }
            self = .f32(number.bitPattern)
        case .f64:
            guard let number = Double(text) else { return nil }
            self = .f64(number.bitPattern)
        default: return nil
        }
    }

    private static func integer<Signed: FixedWidthInteger, Unsigned: FixedWidthInteger>(
        _ text: String, _: Signed.Type, _: Unsigned.Type
    ) -> Unsigned? {
        if text.hasPrefix("0x") { return Unsigned(text.dropFirst(2), radix: 16) }
        return Signed(text).map { Unsigned(truncatingIfNeeded: $0) } ?? Unsigned(text)
    }

    /// The value as text: integers signed, as most languages mean them.
    var text: String {
        switch self {
        case .i32(let bits): "\(Int32(bitPattern: bits))"
        case .i64(let bits): "\(Int64(bitPattern: bits))"
        case .f32(let bits): "\(Float(bitPattern: bits))"
        case .f64(let bits): "\(Double(bitPattern: bits))"
        default: "a reference"
        }
    }
}
