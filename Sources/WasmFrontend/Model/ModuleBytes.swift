#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a module, in memory of their own: immutable while the object lives.
///
/// Files are read, not mapped: a mapped file changes when somebody writes to it, and lowering reads the bytes of a function
/// long after they have been validated.
public final class ModuleBytes: @unchecked Sendable {
    // Sendable: the buffer is written before `init` returns and never after.
    /// The bytes; valid while the object lives.
    public let buffer: UnsafeRawBufferPointer

    /// Copies bytes.
    public init(_ bytes: some Collection<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        buffer = UnsafeRawBufferPointer(copy)
    }

    /// Reads `count` bytes of an open file, or what there is of them; nil when reading fails, with the reason in `errno`.
    public init?(reading descriptor: Int32, count: Int) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        var filled = 0
        while filled < count {
            let result = read(descriptor, copy.baseAddress! + filled, count - filled)
            if result == 0 { break }
            if result > 0 {
                filled += result
            } else if errno != EINTR {
                copy.deallocate()
                return nil
            }
        }
        buffer = UnsafeRawBufferPointer(start: copy.baseAddress, count: filled)
    }

    deinit { buffer.deallocate() }
}
