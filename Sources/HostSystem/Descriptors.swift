internal import LibC

/// Reading and writing of file descriptors as native programs do it.
package enum Descriptors {
    /// Writes all bytes, however many system calls it takes: a full pipe is waited for, interruptions are repeated.
    ///
    /// Nothing is buffered, so what a program has written is out even when it traps next. See ``BrokenPipe`` for pipes
    /// that nobody reads.
    package static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(ErrorCode) {
        var done = 0
        while done < bytes.count {
            done += try writeAsFarAsPossible(descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...]))
        }
    }

    /// Writes all bytes like ``writeAll(_:_:)``, or those before an error, as on a disk that is full: the next attempt
    /// throws it.
    ///
    /// - Parameter isPipe: Whether it may be a pipe or a socket, which can have lost its reader.
    /// - Returns: How many were written; 0 only for none.
    package static func writeAsFarAsPossible(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, isPipe: Bool = true
    ) throws(ErrorCode) -> Int {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let written =
                isPipe ? writeToPipe(descriptor, rest) : systemWrite(descriptor, rest.baseAddress!, rest.count)
            if written >= 0 {
                offset += written
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                wait(for: descriptor, events: Int16(POLLOUT))
            } else if errno != EINTR {
                let number = errno
                if offset > 0 { return offset }
                throw BrokenPipe.error(number, descriptor)
            }
        }
        return offset
    }

    private static func writeToPipe(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        BrokenPipe.withoutSignal { systemWrite(descriptor, bytes.baseAddress!, bytes.count) }
    }

    /// What a pipe takes without waiting when it says that it can be written to.
    private static let pieceSize = 4096

    /// Writes as much as goes without waiting for a reader, also where the descriptor would wait; 0 when that is
    /// nothing.
    package static func writeIfReady(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(ErrorCode) -> Int {
        var offset = 0
        while offset < bytes.count, isReady(descriptor, Int16(POLLOUT)) {
            let piece = bytes[offset..<min(bytes.count, offset + pieceSize)]
            let written = writeToPipe(descriptor, UnsafeRawBufferPointer(rebasing: piece))
            if written >= 0 {
                offset += written
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                return offset
            } else if errno != EINTR {
                let number = errno
                if offset > 0 { return offset }
                throw BrokenPipe.error(number, descriptor)
            }
        }
        return offset
    }

    /// Writes text to standard output.
    package static func print(_ text: String, to descriptor: Int32 = STDOUT_FILENO) { report(text, to: descriptor) }

    /// Writes text, and ignores failures: for what is said about the program, which nobody can be told about otherwise.
    package static func report(_ text: String, to descriptor: Int32 = STDERR_FILENO) {
        var text = text
        text.withUTF8 { try? writeAll(descriptor, UnsafeRawBufferPointer($0)) }
    }

    /// What a system call returned, which is repeated where a signal interrupted it; nil where it would have to wait
    /// for somebody at the other end.
    package static func unlessBlocked(_ body: () -> Int) throws(ErrorCode) -> Int? {
        while true {
            let result = body()
            if result >= 0 { return result }
            if errno == EAGAIN || errno == EWOULDBLOCK { return nil }
            if errno != EINTR { throw ErrorCode.last }
        }
    }

    /// Reads what is there, at most `bytes.count`; waits for the first byte where the descriptor does.
    ///
    /// - Returns: 0 at the end of the file; nil where a descriptor that does not block has nothing yet, as with a named
    ///   pipe that nobody has opened for writing.
    package static func readIfReady(
        _ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer
    ) throws(ErrorCode) -> Int? {
        // Without room there is nothing to point at, but a bad descriptor shall be reported all the same.
        var nothing: UInt8 = 0
        let count = try unlessBlocked {
            if let start = bytes.baseAddress {
                systemRead(descriptor, start, bytes.count)
            } else {
                systemRead(descriptor, &nothing, 0)
            }
        }
        return count == 0 && !bytes.isEmpty && hasNotBegun(descriptor) ? nil : count
    }

    /// Whether a read that found nothing means that a named pipe has had no writer yet, instead of the end.
    package static func hasNotBegun(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO && !isReadable(descriptor)
    }

    /// Whether a read of the descriptor returns at once: always so for regular files.
    package static func isReadable(_ descriptor: Int32) -> Bool { isReady(descriptor, Int16(POLLIN)) }

    /// Whether one of the events, or an error, which the operation then reports, is there.
    package static func isReady(_ descriptor: Int32, _ events: Int16) -> Bool {
        var request = pollfd(fd: descriptor, events: events, revents: 0)
        return poll(&request, 1, 0) != 0
    }

    /// Waits until one of the events, or an error, is there, whatever signals come.
    package static func wait(for descriptor: Int32, events: Int16) {
        var request = pollfd(fd: descriptor, events: events, revents: 0)
        while poll(&request, 1, -1) < 0, errno == EINTR {}
    }
}
