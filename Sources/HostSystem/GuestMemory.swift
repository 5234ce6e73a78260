/// The linear memory of a guest as it is at one moment: valid until the guest runs, which may make it grow and move.
///
/// All that hosts read and write of a guest's memory goes through this, and each place is compared with the size where
/// it is formed. Nothing needs to be aligned.
package struct GuestMemory {
    /// Where its first byte lies.
    package let base: UnsafeMutableRawPointer
    /// The size in bytes.
    package let count: UInt64

    /// `count` bytes from `base` on can be read and written.
    @inlinable @inline(__always)
    package init(base: UnsafeMutableRawPointer, count: UInt64) {
        self.base = base
        self.count = count
    }

    /// That of a guest without memory.
    @inlinable package static var empty: GuestMemory {
        GuestMemory(base: UnsafeMutableRawPointer(bitPattern: 16)!, count: 0)
    }

    /// All of it.
    @inlinable package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base, count: Int(count))
    }

    /// `count` bytes from an address on, if they all lie in the memory.
    @inlinable @inline(__always)
    package func slice(_ address: UInt64, _ length: UInt64) -> UnsafeMutableRawBufferPointer? {
        guard address <= count, length <= count - address else { return nil }
        return UnsafeMutableRawBufferPointer(start: base + Int(address), count: Int(length))
    }
}
