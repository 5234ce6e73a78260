/// An import of a module (section 2.5.11).
public struct Import: Sendable {
    /// What is imported.
    public enum Kind: Sendable {
        /// A function; the value is an index into ``Module/types``.
        case function(type: UInt32)
        case table(TableType)
        case memory(MemoryType)
        case global(GlobalType)
    }

    /// The first of the two names.
    public var module: String
    /// The second of the two names.
    public var name: String
    /// What is imported.
    public var kind: Kind
}

/// An export of a module (section 2.5.10).
public struct Export: Sendable, Hashable {
    /// The index space that an export's index belongs to; the raw value is its byte in the binary format.
    public enum Kind: UInt8, Sendable { case function, table, memory, global }

    /// The name, unique within the module.
    public var name: String
    /// The index space of `index`.
    public var kind: Kind
    /// The index of what is exported.
    public var index: UInt32
}

/// A constant expression (section 3.3.10): always a single instruction in WebAssembly 2.0.
public enum ConstantExpression: Sendable, Hashable {
    /// A number; floating-point numbers by their bits, 32-bit numbers zero-extended.
    case value(UInt64)
    /// The value of an imported, immutable global.
    case global(UInt32)
    case nullReference
    case function(UInt32)
}

/// A global that the module defines (section 2.5.6).
public struct GlobalDefinition: Sendable {
    /// Its type.
    public var type: GlobalType
    /// Its value at instantiation.
    public var initializer: ConstantExpression
}

/// How a data or element segment is used (sections 2.5.7, 2.5.8).
public enum SegmentMode: Sendable {
    case passive
    /// Copied at instantiation into the memory or table `index`, from `offset` on.
    case active(index: UInt32, offset: ConstantExpression)
    /// Declares functions that code refers to; element segments only.
    case declarative
}

/// An element segment (section 2.5.7).
public struct ElementSegment: Sendable {
    /// The type of the elements.
    public var type: ValueType
    /// How it is used.
    public var mode: SegmentMode
    /// The elements.
    public var elements: [ConstantExpression]
}

/// A data segment (section 2.5.8).
public struct DataSegment: Sendable {
    /// How it is used.
    public var mode: SegmentMode
    /// Where the segment's bytes lie in the module.
    public var bytes: Range<Int>
}

/// The code of a function that the module defines (section 5.5.13).
public struct FunctionBody: Sendable {
    /// Where the body lies in the module: the declarations of its locals, then its instructions with the last `end`.
    public var bytes: Range<Int>
}

/// A custom section (section 5.5.3), found but not interpreted.
public struct CustomSection: Sendable {
    /// The name.
    public var name: String
    /// Where the contents behind the name lie in the module.
    public var bytes: Range<Int>
}
