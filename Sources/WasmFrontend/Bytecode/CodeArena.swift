internal import CSupport

/// The cells that the bytecode of a module is written into, one function behind the other: address space, committed where
/// it is written; and what is needed to make machine code of them, if that is wanted and possible.
///
/// Invariant: `cells` has room for `capacity` cells, which are zero until they are written, and stays where it is as long
/// as the arena lives. What is behind ``LoweredCode``'s position has no reader, so one function at a time may be
/// written there; what is before it changes no more, but for what running loops replace (see GW_PATCH, and machine code).
struct CodeArena: ~Copyable {
    let cells: UnsafeMutablePointer<UInt32>
    let capacity: Int
    /// What makes machine code of the cells; nil for nothing.
    let native: OpaquePointer?
    private let byteCount: Int

    /// Reserves cells for the code of some functions, imported ones counted, whose bodies have `codeBytes` bytes.
    ///
    /// - Parameters:
    ///   - bodyCount: How many of the functions have bodies.
    ///   - prepareNative: Prepares for machine code of as many bytes of cells; returns nil where none can be made. Has the
    ///     arena in its own address space.
    /// - Throws: ``CodeSpaceError`` when there is too little address space.
    init(
        codeBytes: Int, bodyCount: Int, prepareNative: (_ bytes: Int) -> OpaquePointer?
    ) throws(CodeSpaceError) {
        // Most instructions are smaller than what they become.
        var bytes = (codeBytes + bodyCount * 16) * 24 + (1 << 16)
        var arena: UnsafeMutableRawPointer?
        var native: OpaquePointer?
        while true {
            // Offsets in the code count cells with 32 bits, signed.
            if bytes / Self.cellSize <= Int(Int32.max) {
                native = prepareNative(bytes)
                arena =
                    native.map(gw_native_arena).flatMap { UnsafeMutableRawPointer($0) }
                    ?? LargePages.map(bytes, advised: bytes, sparse: true)
            }
            if arena != nil || bytes < codeBytes * 3 { break }
            bytes /= 2
        }
        guard let arena else { throw CodeSpaceError() }
        self.native = native
        byteCount = bytes
        cells = arena.assumingMemoryBound(to: UInt32.self)
        capacity = bytes / Self.cellSize
    }

    deinit { if let native { gw_native_destroy(native) } else { LargePages.unmap(cells, byteCount) } }

    /// The bytes of a cell.
    static var cellSize: Int { MemoryLayout<UInt32>.size }

    /// The first `count` cells, as bytes.
    func bytes(ofFirst count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count >= 0 && count <= capacity)
        return UnsafeMutableRawBufferPointer(start: cells, count: count * Self.cellSize)
    }
}

/// No room for the code of a module: too little address space, or a function with more slots than operands can name.
public struct CodeSpaceError: Error {}
