internal import HostSystem

/// The arguments of one call of an import of TinyGo's, read in order, and then the places of its results.
///
/// Addresses and lengths are unsigned. The structure of results is checked when the call begins, what lies elsewhere in
/// memory when it is looked at.
///
/// Nothing here knows the types of the values: the linker has compared those of the import with the signature's, and an
/// implementation may read what the signature of its import says, in that order.
struct TinyGoCall {
    /// As libffi hands them over: one C value a parameter.
    private let values: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// How many values there are.
    private let count: Int
    /// Where the only result goes; nil where there is none or several.
    private let result: UnsafeMutableRawPointer?
    private let memory: GuestMemory
    /// Where in the structure of results its fields lie, and behind them its size; nil where there is none.
    private let fields: [UInt64]?
    private var next = 0
    /// Where the structure of results lies.
    private var structure: UInt64 = 0

    /// Throws where the structure of results is not in memory.
    @inline(__always)
    init(
        _ values: UnsafeMutablePointer<UnsafeMutableRawPointer?>, count: Int, _ result: UnsafeMutableRawPointer?,
        fields: [UInt64]?, _ memory: GuestMemory
    ) throws(GuestFault) {
        self.values = values
        self.count = count
        self.result = result
        self.fields = fields
        self.memory = memory
        guard let size = fields?.last else { return }
        structure = UInt64(uint32())
        guard memory.slice(structure, size) != nil else { throw GoStack.fault("results", structure) }
    }

    // MARK: Arguments

    @inline(__always)
    private mutating func value<Value>(_ type: Value.Type) -> Value {
        assert(next < count, "an argument that the signature of the import does not have")
        defer { next += 1 }
        return values[next].unsafelyUnwrapped.load(as: type)
    }

    @inline(__always) mutating func uint32() -> UInt32 { value(UInt32.self) }
    @inline(__always) mutating func int64() -> Int64 { value(Int64.self) }
    @inline(__always) mutating func double() -> Double { value(Double.self) }
    /// The bits of a reference.
    @inline(__always) mutating func reference() -> UInt64 { value(UInt64.self) }

    /// The bytes of a string.
    @inline(__always)
    mutating func string() throws(GuestFault) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(try span(elementSize: 1, "string"))
    }

    /// Bytes that are to be written.
    mutating func buffer() throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        try span(elementSize: 1, "buffer")
    }

    /// A slice of bytes.
    @inline(__always)
    mutating func bytes() throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        defer { next += 1 }
        return try span(elementSize: 1, "slice")
    }

    /// A slice of references, eight bytes each.
    @inline(__always)
    mutating func references() throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        defer { next += 1 }
        return try span(elementSize: 8, "slice of values")
    }

    @inline(__always)
    private mutating func span(
        elementSize: UInt64, _ what: StaticString
    ) throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        let address = UInt64(uint32())
        guard let span = memory.slice(address, UInt64(uint32()) * elementSize) else {
            throw GoStack.fault(what, address)
        }
        return span
    }

    // MARK: Results

    /// Returns the only result.
    @inline(__always)
    func putResult<Value: BitwiseCopyable>(_ value: Value) { result?.storeBytes(of: value, as: Value.self) }

    /// Writes a field of the structure of results into the memory as it is now: it may have grown since the call began.
    @inline(__always)
    func put<Value: BitwiseCopyable>(_ value: Value, field: Int, _ memory: GuestMemory) throws(GuestFault) {
        guard let fields,
            let place = memory.slice(structure + fields[field], UInt64(MemoryLayout<Value>.size))
        else { throw GoStack.fault("results", structure) }
        place.storeBytes(of: value, as: Value.self)
    }
}
