internal import LibC

/// Reads or writes a file from its start to its end.
struct BufferedFile: ~Copyable {
    private let descriptor: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
    /// The bytes of the buffer that are to be read next or written.
    private var pending = 0..<0
    private var hasFailed = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { buffer.deallocate() }

    /// Transfers as many bytes as `transfer` is good for; whether all were.
    private static func whole(_ count: Int, _ transfer: (Int) -> Int) -> Bool {
        var done = 0
        while done < count {
            let result = transfer(done)
            if result > 0 {
                done += result
            } else if result == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }

    // MARK: - Reading

    /// Reads exactly as many bytes as there is room for.
    mutating func take(into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        let known = min(pending.count, bytes.count)
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[pending.prefix(known)]))
        pending = pending.dropFirst(known)
        return Self.whole(bytes.count - known) {
            read(descriptor, bytes.baseAddress! + known + $0, bytes.count - known - $0)
        }
    }

    /// Whether these are the bytes that come next.
    mutating func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            if pending.isEmpty {
                let count = read(descriptor, buffer.baseAddress!, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                pending = 0..<count
            }
            let count = min(rest.count, pending.count)
            guard memcmp(rest.baseAddress!, buffer.baseAddress! + pending.lowerBound, count) == 0 else { return false }
            pending = pending.dropFirst(count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
        return true
    }

    // MARK: - Writing

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count > buffer.count - pending.upperBound { _ = flush() }
        if bytes.count > buffer.count {
            put(bytes)
        } else {
            UnsafeMutableRawBufferPointer(rebasing: buffer[pending.upperBound...]).copyMemory(from: bytes)
            pending = 0..<pending.upperBound + bytes.count
        }
    }

    /// Writes what waits; whether everything could be written so far.
    mutating func flush() -> Bool {
        put(UnsafeRawBufferPointer(rebasing: buffer[pending]))
        pending = 0..<0
        return !hasFailed
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard !hasFailed else { return }
        hasFailed = !Self.whole(bytes.count) { write(descriptor, bytes.baseAddress! + $0, bytes.count - $0) }
    }
}
