#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a module, in memory of their own: immutable while the object lives.
///
/// Files are read, not mapped: a mapped file changes when somebody writes to it, which may be the guest itself, between
/// the validation of an instruction and its use.
public final class ModuleBytes: @unchecked Sendable {
    // Sendable: the buffer is written before `init` returns and never after.
    /// The bytes; valid while the object lives.
    public let buffer: UnsafeRawBufferPointer
    /// The size of the mapping that the buffer is in; nil where it is allocated.
    private let mappedCount: Int?
    /// The size of the pages that memory comes in on x86-64 and arm64 when there is much of it.
    private static let largePage = 2 << 20

    /// Copies bytes.
    public init(_ bytes: some Collection<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        buffer = UnsafeRawBufferPointer(copy)
        mappedCount = nil
    }

    /// Reads `count` bytes of an open file, or what there is of them; nil when reading fails, with the reason in
    /// `errno`.
    public init?(reading descriptor: Int32, count: Int) {
        let protection = PROT_READ | PROT_WRITE
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        // Linux places a mapping at the start of a large page if it is as long as several of them.
        let size = max(1, (count + Self.largePage - 1) / Self.largePage) * Self.largePage
        guard let copy = mmap(nil, size, protection, flags, -1, 0), copy != MAP_FAILED else { return nil }
        #if os(Linux)
            // All of it will be written: in large pages, one fault for each of them is enough.
            madvise(copy, count / Self.largePage * Self.largePage, MADV_HUGEPAGE)
        #endif
        var filled = 0
        while filled < count {
            let result = read(descriptor, copy + filled, count - filled)
            if result == 0 { break }
            if result > 0 {
                filled += result
            } else if errno != EINTR {
                let reason = errno
                munmap(copy, size)
                errno = reason
                return nil
            }
        }
        buffer = UnsafeRawBufferPointer(start: copy, count: filled)
        mappedCount = size
    }

    deinit {
        if let mappedCount {
            munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), mappedCount)
        } else {
            buffer.deallocate()
        }
    }
}
