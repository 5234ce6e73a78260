/// A value type (WebAssembly 2.0, section 2.3.4); the raw value is its byte in the binary format.
public enum ValueType: UInt8, Sendable, Hashable {
    /// An integer of 32 bits.
    case i32 = 0x7F
    /// An integer of 64 bits.
    case i64 = 0x7E
    /// A floating-point number of 32 bits.
    case f32 = 0x7D
    /// A floating-point number of 64 bits.
    case f64 = 0x7C
    /// A vector of 128 bits.
    case v128 = 0x7B
    /// A reference to a function, or null.
    case funcref = 0x70
    /// A reference of the host's, or null.
    case externref = 0x6F

    /// Whether values of this type are references (section 2.3.3).
    public var isReference: Bool { self == .funcref || self == .externref }
}

/// The type of a function: what it takes and what it returns (section 2.3.6).
public struct FunctionType: Hashable, Sendable {
    /// The types of the parameters, first to last.
    public var parameters: [ValueType]
    /// The types of the results, first to last.
    public var results: [ValueType]

    /// Makes a function type.
    public init(_ parameters: [ValueType], _ results: [ValueType] = []) {
        self.parameters = parameters
        self.results = results
    }
}

/// The size limits of a table or memory (section 2.3.7), in elements or in pages of 64 KiB.
public struct Limits: Hashable, Sendable {
    /// The size at instantiation.
    public var minimum: UInt32
    /// The size that growing never exceeds; nil when the module states none.
    public var maximum: UInt32?

    /// Makes limits.
    public init(minimum: UInt32, maximum: UInt32? = nil) {
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// The type of a table (section 2.3.9).
public struct TableType: Hashable, Sendable {
    /// The type of the elements: `funcref` or `externref`.
    public var element: ValueType
    /// The size limits, in elements.
    public var limits: Limits

    /// Makes a table type.
    public init(element: ValueType, limits: Limits) {
        self.element = element
        self.limits = limits
    }
}

/// The type of a linear memory (section 2.3.8).
public struct MemoryType: Hashable, Sendable {
    /// The size limits, in pages of 64 KiB.
    public var limits: Limits

    /// Makes a memory type.
    public init(limits: Limits) { self.limits = limits }
}

/// The type of a global (section 2.3.10).
public struct GlobalType: Hashable, Sendable {
    /// The type of the value.
    public var value: ValueType
    /// Whether the value may change.
    public var isMutable: Bool

    /// Makes a global type.
    public init(value: ValueType, isMutable: Bool) {
        self.value = value
        self.isMutable = isMutable
    }
}

/// The type of something that is imported or exported (section 2.3.11).
public enum ExternalType: Hashable, Sendable {
    /// A function of this type.
    case function(FunctionType)
    /// A table of this type.
    case table(TableType)
    /// A linear memory of this type.
    case memory(MemoryType)
    /// A global of this type.
    case global(GlobalType)
}
