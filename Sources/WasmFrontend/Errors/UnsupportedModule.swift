internal import CSupport

/// The limits of this implementation (appendix A.2), beyond those that the specification sets itself.
///
/// Whatever else a module declares is bounded by its size: time and memory for loading it are in proportion to its
/// bytes.
public enum ImplementationLimit {
    /// The most parameters that a function type may have, and the most results; as in the JavaScript API.
    public static let parameters = 1_000
    /// The most locals that a function may have, parameters included; as in the JavaScript API.
    public static let locals = 50_000
    /// The most slots of a function's frame: its locals and its operand stack at its highest, vectors counting twice.
    public static let frameSlots = Int(GW_MAXIMUM_FRAME_SLOTS)
    /// The most pages of 64 KiB that a memory may have: the specification's own limit.
    public static let memoryPages = Int(GW_MAXIMUM_PAGES)
    /// The most elements that a table may have, as in the JavaScript API.
    public static let tableElements = Int(GW_MAXIMUM_TABLE_SIZE)
}

extension UnsupportedModule {
    /// What a module needs that this implementation doesn't provide.
    public enum Reason: Hashable, Sendable {
        /// A function type with more parameters or results than ``ImplementationLimit/parameters``.
        case parameters(Int)
        /// A function with more locals than ``ImplementationLimit/locals``.
        case locals(Int)
        /// A function whose locals and operands exceed ``ImplementationLimit/frameSlots``.
        case frameSlots
    }
}

extension UnsupportedModule.Reason: CustomStringConvertible {
    /// What is needed and what the limit is.
    public var description: String {
        switch self {
        case .parameters(let count):
            "\(count) parameters or results of a function, the limit is \(ImplementationLimit.parameters)"
        case .locals(let count):
            "\(count) locals in a function, the limit is \(ImplementationLimit.locals)"
        case .frameSlots:
            "more than \(ImplementationLimit.frameSlots) locals and operands in a function"
        }
    }
}
