internal import LibC

/// The bytes of a module, in memory of their own: immutable while the object lives.
///
/// Files are read, not mapped: a mapped file changes when somebody writes to it, which may be the guest itself, between
/// the validation of an instruction and its use.
public final class ModuleBytes: @unchecked Sendable {
    // Sendable: the buffer is written before `init` returns and never after.
    /// The bytes; valid while the object lives.
    public let buffer: UnsafeRawBufferPointer
    /// For how many bytes the buffer has been mapped; nil where it is allocated.
    private let mappedCount: Int?

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
        // All of it will be written; a large page for the rest would cost more than it saves.
        let advised = count / LargePages.size * LargePages.size
        guard let copy = LargePages.map(count, advised: advised, sparse: false) else { return nil }
        var filled = 0
        while filled < count {
            let result = read(descriptor, copy + filled, count - filled)
            if result == 0 { break }
            if result > 0 {
                filled += result
            } else if errno != EINTR {
                let reason = errno
                LargePages.unmap(copy, count)
                errno = reason
                return nil
            }
        }
        buffer = UnsafeRawBufferPointer(start: copy, count: filled)
        mappedCount = count
    }

    deinit {
        if let mappedCount {
            LargePages.unmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress!), mappedCount)
        } else {
            buffer.deallocate()
        }
    }

    /// A sum of the bytes, which tells a file from others; not one that nobody could make another file for.
    package var checksum: UInt64 {
        var sum = Checksum()
        sum.add(buffer)
        return sum.value
    }
}
