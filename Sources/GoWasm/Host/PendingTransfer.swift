internal import HostSystem
internal import LibC

/// A read or write of a pipe, terminal or socket, which may have to wait for whoever is at the other end.
struct PendingTransfer {
    enum Direction {
        case read, write

        /// What is polled for.
        var event: Int16 { Int16(self == .read ? POLLIN : POLLOUT) }
    }

    let direction: Direction
    let file: OpenFile
    let buffer: JSTypedArray
    let range: Range<Int>
    let callback: JSFunction
    /// How many bytes have been written so far.
    private var written = 0

    init(direction: Direction, file: OpenFile, buffer: JSTypedArray, range: Range<Int>, callback: JSFunction) {
        self.direction = direction
        self.file = file
        self.buffer = buffer
        self.range = range
        self.callback = callback
    }

    /// Whether another one of the same file and direction has to wait for this one.
    func isBefore(_ other: PendingTransfer) -> Bool { other.file === file && other.direction == direction }

    /// Reads what is there, or writes what fits; returns the number of bytes when that ends the operation, else nil.
    ///
    /// Must be called only when the file is ready: a read of a file that blocks would block.
    mutating func advance() throws(ErrorCode) -> Int? {
        // A view on the guest's memory may have moved or become shorter since.
        let bytes = buffer.bytes
        switch direction {
        case .read:
            let target = UnsafeMutableRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)])
            return try Descriptors.readIfReady(file.descriptor, target)
        case .write:
            let rest = (range.lowerBound + written..<range.upperBound).clamped(to: 0..<bytes.count)
            written += try Descriptors.writeIfReady(file.descriptor, UnsafeRawBufferPointer(rebasing: bytes[rest]))
            return written >= range.count || rest.isEmpty ? written : nil
        }
    }
}
