/// Why bytes were refused as a module.
///
/// The cases follow the stages of the specification: the bytes are no module (chapter 5), or they are one that
/// breaks a rule (chapter 3), or they are beyond what this implementation handles (appendix A.2).
public enum ModuleError: Error, Hashable, Sendable {
    /// The bytes don't follow the binary format.
    case malformed(MalformedModule)
    /// The module breaks a rule of validation.
    case invalid(InvalidModule)
    /// The module exceeds a limit of this implementation, or uses what it doesn't implement.
    case unsupported(UnsupportedModule)

    /// Where the offending bytes lie.
    public var location: ModuleLocation {
        switch self {
        case .malformed(let error): error.location
        case .invalid(let error): error.location
        case .unsupported(let error): error.location
        }
    }
}

extension ModuleError: CustomStringConvertible {
    /// The specification's words, the proposal that would have it, then where; one line.
    public var description: String {
        let what =
            switch self {
            case .malformed(let error): "malformed module: \(error.reason)"
            case .invalid(let error): "invalid module: \(error.reason)"
            case .unsupported(let error): "unsupported module: \(error.reason)"
            }
        let why = proposal.map { " (the proposal \"\($0.rawValue)\" is not supported)" } ?? ""
        return "\(what)\(why) \(location)"
    }
}

/// A place in a module.
public struct ModuleLocation: Hashable, Sendable, CustomStringConvertible {
    /// The offset from the start of the module, in bytes: of the instruction at fault, or of the field.
    public var offset: Int
    /// The index of the function, counting imported ones; nil outside of code.
    public var function: Int?
    /// The function's name in the name section or its export name; nil if it has neither.
    public var functionName: String?

    /// Makes a place.
    public init(offset: Int, function: Int? = nil, functionName: String? = nil) {
        self.offset = offset
        self.function = function
        self.functionName = functionName
    }

    /// The place in words, such as `at offset 0x1f in function 3 (main.main)`.
    public var description: String {
        var text = "at offset 0x\(String(offset, radix: 16))"
        if let function { text += " in function \(function)" }
        if let functionName { text += " (\(Self.printable(functionName)))" }
        return text
    }

    /// A name without line breaks and other control characters, which a module may put into its names.
    private static func printable(_ name: String) -> String {
        name.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                text += scalar.escaped(asASCII: true)
            default:
                text.unicodeScalars.append(scalar)
            }
        }
    }
}

/// A refusal because the bytes don't follow the binary format.
public struct MalformedModule: Hashable, Sendable {
    /// Which rule of the format is broken.
    public var reason: Reason
    /// Where.
    public var location: ModuleLocation
}

/// A refusal because the module breaks a rule of validation.
public struct InvalidModule: Hashable, Sendable {
    /// Which rule is broken.
    public var reason: Reason
    /// Where.
    public var location: ModuleLocation
}

/// A refusal because the module is beyond this implementation.
public struct UnsupportedModule: Hashable, Sendable {
    /// What it needs.
    public var reason: Reason
    /// Where.
    public var location: ModuleLocation
}
