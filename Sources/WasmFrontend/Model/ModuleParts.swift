/// An import of a module (section 2.5.11).
public struct Import: Sendable {
    /// What is imported.
    public enum Kind: Sendable {
        /// A function; the value is an index into ``Module/types``.
        case function(type: UInt32)
        /// A table.
        case table(TableType)
        /// A linear memory.
        case memory(MemoryType)
        /// A global.
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
    public enum Kind: UInt8, Sendable {
        /// A function.
        case function
        /// A table.
        case table
        /// A linear memory.
        case memory
        /// A global.
        case global
    }

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
    /// The vector whose 16 bytes lie at this offset in the module.
    case vector(at: Int)
    /// The value of an imported, immutable global.
    case global(UInt32)
    /// The null reference.
    case nullReference
    /// A reference to the function with this index.
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
    /// Only by instructions.
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

/// The data segments of a module.
///
/// Go's linker makes tens of thousands of them, so that they are kept in 16 bytes each.
public struct DataSegments: RandomAccessCollection, Sendable {
    @usableFromInline enum Kind: UInt64 { case passive, constant, global }
    @usableFromInline struct Packed: Sendable {
        /// Where the bytes begin in the module, and below that, in two bits, the kind.
        @usableFromInline var startAndKind: UInt64
        @usableFromInline var count: UInt32
        /// The offset in memory, or the global that has it.
        @usableFromInline var offset: UInt32

        @inline(__always) init(_ kind: Kind, _ offset: UInt32, _ bytes: Range<Int>) {
            startAndKind = UInt64(truncatingIfNeeded: bytes.lowerBound) << 2 | kind.rawValue
            count = UInt32(truncatingIfNeeded: bytes.upperBound &- bytes.lowerBound)
            self.offset = offset
        }
    }
    @usableFromInline private(set) var segments: [Packed] = []

    /// Zero.
    public var startIndex: Int { 0 }
    /// The number of segments.
    public var endIndex: Int { segments.count }

    /// The segment with an index in the module.
    public subscript(position: Int) -> DataSegment {
        let packed = segments[position]
        let start = Int(packed.startAndKind >> 2)
        let mode: SegmentMode =
            switch Kind(rawValue: packed.startAndKind & 3)! {
            case .passive: .passive
            case .constant: .active(index: 0, offset: .value(UInt64(packed.offset)))
            case .global: .active(index: 0, offset: .global(packed.offset))
            }
        return DataSegment(mode: mode, bytes: start..<start + Int(packed.count))
    }

    /// Room for segments of which none is there.
    struct Unfilled: ~Copyable {
        fileprivate let segments: UnsafeMutableBufferPointer<Packed>
        fileprivate private(set) var count = 0

        fileprivate init(_ segments: UnsafeMutableBufferPointer<Packed>) { self.segments = segments }

        var isFull: Bool { count == segments.count }

        /// Appends an active segment whose offset is a constant, for which there must be room.
        @inline(__always) mutating func append(at offset: UInt32, bytes: Range<Int>) {
            segments.initializeElement(at: count, to: Packed(.constant, offset, bytes))
            count &+= 1
        }
    }

    /// Segments of which `fill` makes the first ones, with room for `capacity`.
    ///
    /// - Throws: What `fill` throws.
    init<Failure: Error>(
        capacity: Int, _ fill: (inout Unfilled) throws(Failure) -> Void
    ) throws(Failure) {
        var failure: Failure?
        segments = Array(unsafeUninitializedCapacity: capacity) { buffer, count in
            var unfilled = Unfilled(UnsafeMutableBufferPointer(rebasing: buffer[..<capacity]))
            do throws(Failure) { try fill(&unfilled) } catch { failure = error }
            count = unfilled.count
        }
        if let failure { throw failure }
    }

    /// None.
    init() {}

    /// Appends a segment, which is valid: its offset is an i32, and its memory the only one.
    mutating func append(_ segment: DataSegment) {
        switch segment.mode {
        case .active(_, .value(let offset)):
            segments.append(Packed(.constant, UInt32(truncatingIfNeeded: offset), segment.bytes))
        case .active(_, .global(let global)): segments.append(Packed(.global, global, segment.bytes))
        default: segments.append(Packed(.passive, 0, segment.bytes))
        }
    }

    /// Calls `body` with each active segment whose offset is a constant, and where in the module and how many its bytes
    /// are; and gives the others to `other`.
    ///
    /// It becomes a part of its callers, in other modules, too: what goes over all segments is a tenth of a start.
    @inlinable @inline(__always) package func forEach(
        constant body: (_ offset: UInt32, _ start: Int, _ count: Int) throws -> Void,
        other: (_ index: Int, _ segment: DataSegment) throws -> Void
    ) rethrows {
        for index in segments.indices {
            let packed = segments[index]
            if packed.startAndKind & 3 == Kind.constant.rawValue {
                try body(packed.offset, Int(truncatingIfNeeded: packed.startAndKind >> 2), Int(packed.count))
            } else {
                try other(index, self[index])
            }
        }
    }
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
