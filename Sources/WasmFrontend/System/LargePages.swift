internal import LibC

/// Memory from the system that is used from its start to its end: in large pages one page fault does for hundreds.
enum LargePages {
    /// The size of the pages that memory comes in on x86-64 and arm64 when there is much of it.
    static let size = 2 << 20

    /// The size of a mapping for `count` bytes: whole large pages, which Linux begins at a large page.
    private static func mapped(_ count: Int) -> Int { max(1, (count + size - 1) / size) * size }

    /// Maps at least `count` bytes, which are zero and committed where they are written; the first `advised` bytes in
    /// large pages where the system has any.
    ///
    /// - Parameter sparse: Whether much of it will never be written: the system then gives more than it has.
    /// - Returns: nil, with the reason in `errno`, where the system refuses that.
    static func map(_ count: Int, advised: Int, sparse: Bool) -> UnsafeMutableRawPointer? {
        guard count <= .max - size else {
            errno = ENOMEM
            return nil
        }
        let address = mmap(nil, mapped(count), PROT_READ | PROT_WRITE, privateMapping(sparse: sparse), -1, 0)
        guard let address, address != MAP_FAILED else { return nil }
        adviseLargePages(address, advised)
        return address
    }

    /// Gives back what ``map(_:advised:sparse:)`` has reserved for `count` bytes.
    static func unmap(_ address: UnsafeMutableRawPointer, _ count: Int) { munmap(address, mapped(count)) }
}
