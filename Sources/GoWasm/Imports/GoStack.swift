internal import HostSystem

/// The arguments of one import call on Go's stack, read in order, and then the places of its results.
///
/// The whole frame is checked once, when the stack is made; what lies elsewhere in memory, when it is looked at. So an
/// implementation may read and write just what the signature of its import says: the frame has the size of that.
/// ``place(_:)`` asserts it.
struct GoStack {
    private(set) var memory: GuestMemory
    /// `frameSize` bytes from here on lie in ``memory``.
    private var frame: UnsafeMutableRawPointer
    private var layout = FrameLayout()
    private let frameSize: UInt64

    /// Throws when the frame is not in memory.
    @inline(__always)
    init(_ stackPointer: UInt32, frameSize: UInt64, _ memory: GuestMemory) throws(GuestFault) {
        self.memory = memory
        self.frameSize = frameSize
        guard UInt64(stackPointer) + frameSize <= memory.count else {
            throw Self.fault("stack pointer", UInt64(stackPointer))
        }
        frame = memory.base + Int(stackPointer)
    }

    /// Follows the stack to another place, because Go has run in between.
    mutating func refresh(_ stackPointer: UInt32, _ memory: GuestMemory) throws(GuestFault) {
        guard UInt64(stackPointer) + frameSize <= memory.count else {
            throw Self.fault("stack pointer", UInt64(stackPointer))
        }
        self.memory = memory
        frame = memory.base + Int(stackPointer)
    }

    /// The offset of the next value in the frame.
    @inline(__always)
    private mutating func place(_ slot: GoImport.Slot) -> Int {
        let offset = layout.place(slot)
        assert(layout.end <= frameSize, "a value beyond what the signature of the import says")
        return Int(offset)
    }

    /// An address or a length that leads out of the memory.
    static func fault(_ what: StaticString, _ address: UInt64) -> GuestFault {
        GuestFault(description: "out of bounds memory access: \(what) 0x\(String(address, radix: 16))")
    }

    // MARK: Arguments

    @inline(__always)
    mutating func int32() -> Int32 { frame.loadUnaligned(fromByteOffset: place(.int32), as: Int32.self) }

    @inline(__always)
    mutating func int64() -> Int64 { frame.loadUnaligned(fromByteOffset: place(.int64), as: Int64.self) }

    /// The bits of a reference.
    @inline(__always)
    mutating func reference() -> UInt64 {
        frame.loadUnaligned(fromByteOffset: place(.reference), as: UInt64.self)
    }

    /// The bytes of a string.
    @inline(__always)
    mutating func string() throws(GuestFault) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(try span(at: place(.string), elementSize: 1, "string"))
    }

    /// A slice of bytes.
    @inline(__always)
    mutating func bytes() throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        try span(at: place(.bytes), elementSize: 1, "slice")
    }

    /// A slice of references, eight bytes each.
    @inline(__always)
    mutating func references() throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        try span(at: place(.references), elementSize: 8, "slice of values")
    }

    @inline(__always)
    private func span(
        at offset: Int, elementSize: UInt64, _ what: StaticString
    ) throws(GuestFault) -> UnsafeMutableRawBufferPointer {
        let address = frame.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let count = frame.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        guard count <= memory.count / elementSize, let span = memory.slice(address, count * elementSize) else {
            throw Self.fault(what, address)
        }
        return span
    }

    /// `count` bytes at an address that was passed as a number.
    func bytes(at address: Int64, count: Int32) throws(GuestFault) -> UnsafeRawBufferPointer {
        guard count >= 0, let span = memory.slice(UInt64(bitPattern: address), UInt64(count)) else {
            throw Self.fault("buffer", UInt64(bitPattern: address))
        }
        return UnsafeRawBufferPointer(span)
    }

    // MARK: Results

    @inline(__always)
    mutating func beginResults() { layout.beginResults() }

    @inline(__always)
    mutating func put(int32 value: Int32) {
        frame.storeBytes(of: value, toByteOffset: place(.int32), as: Int32.self)
    }

    @inline(__always)
    mutating func put(int64 value: Int64) {
        frame.storeBytes(of: value, toByteOffset: place(.int64), as: Int64.self)
    }

    @inline(__always)
    mutating func put(reference bits: UInt64) {
        frame.storeBytes(of: bits, toByteOffset: place(.reference), as: UInt64.self)
    }

    @inline(__always)
    mutating func put(bool value: Bool) {
        frame.storeBytes(of: value ? 1 : 0, toByteOffset: place(.bool), as: UInt8.self)
    }

    /// Leaves a result as it is.
    mutating func skip(_ slot: GoImport.Slot) { _ = place(slot) }
}
