#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a module, in memory of their own or in a mapped file: immutable while the object lives.
public final class ModuleBytes: @unchecked Sendable {
    // Sendable: the buffer is written before `init` returns and never after.
    /// The bytes; valid while the object lives.
    public let buffer: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Copies bytes.
    public init(_ bytes: some Collection<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        buffer = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    /// Maps `count` bytes of an open file; nil when the system refuses.
    public init?(mapping descriptor: Int32, count: Int) {
        guard count > 0,
            let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED
        else { return nil }
        buffer = UnsafeRawBufferPointer(start: address, count: count)
        isMapped = true
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
        } else {
            buffer.deallocate()
        }
    }
}
