internal import HostSystem

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reading and writing of several buffers in one system call, without waiting where the guest asked for that.
enum Transfers {
    typealias Buffers = UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>

    /// Reads what is there; waits for the first byte, or throws EAGAIN where the guest does not want to wait.
    static func read(_ file: OpenFile, _ buffers: Buffers) throws(ErrorCode) -> Int {
        if file.kind.canBlock, file.isNonBlocking, !Descriptors.isReadable(file.descriptor) {
            throw ErrorCode(EAGAIN)
        }
        if buffers.count == 1 { return try Descriptors.read(file.descriptor, buffers[0]) }
        while true {
            let count = vectors(buffers) { readv(file.descriptor, $0, $1) }
            let waits =
                if count == 0 {
                    buffers.contains { !$0.isEmpty } && Descriptors.hasNotBegun(file.descriptor)
                } else {
                    count < 0 && errno == EAGAIN
                }
            if waits {
                Descriptors.wait(for: file.descriptor, events: Int16(POLLIN))
            } else if count >= 0 {
                return count
            } else if errno != EINTR {
                throw ErrorCode.last
            }
        }
    }

    /// Writes everything, or as much as there is room for; or, where the guest does not want to wait, what fits, and
    /// throws EAGAIN where nothing does.
    static func write(_ file: OpenFile, _ buffers: Buffers) throws(ErrorCode) -> Int {
        if file.kind == .socket { return try send(file, buffers, noSignal) }
        if file.kind.canBlock, file.isNonBlocking {
            var done = 0
            for buffer in buffers where !buffer.isEmpty {
                let part = try Descriptors.writeIfReady(file.descriptor, UnsafeRawBufferPointer(buffer))
                done += part
                if part < buffer.count {
                    if done == 0 { throw ErrorCode(EAGAIN) }
                    break
                }
            }
            return done
        }
        if buffers.count > 1, !file.kind.canBlock {
            // One call, so that what others append comes before or behind all of it.
            while true {
                let count = vectors(buffers) { writev(file.descriptor, $0, $1) }
                if count >= 0 { return count }
                if errno != EINTR { throw ErrorCode.last }
            }
        }
        var done = 0
        for buffer in buffers {
            do {
                let part = try Descriptors.writeAsFarAsPossible(file.descriptor, UnsafeRawBufferPointer(buffer))
                done += part
                if part < buffer.count { break }
            } catch {
                // What was written before counts; the next attempt finds the error again.
                guard done > 0 else { throw error }
                break
            }
        }
        return done
    }

    /// Receives from a socket; `flags` are the system's.
    static func receive(
        _ file: OpenFile, _ buffers: Buffers, _ flags: Int32
    ) throws(ErrorCode) -> (count: Int, isTruncated: Bool) {
        while true {
            var message = msghdr()
            let waits = !file.isNonBlocking
            let count = withMessage(&message, buffers) {
                recvmsg(file.descriptor, &$0, flags | (waits ? 0 : Int32(MSG_DONTWAIT)))
            }
            if count >= 0 { return (count, message.msg_flags & Int32(MSG_TRUNC) != 0) }
            try repeats(file, POLLIN, waits)
        }
    }

    /// Sends to a socket; `flags` are the system's.
    ///
    /// A closed connection is an error and not a signal.
    static func send(_ file: OpenFile, _ buffers: Buffers, _ flags: Int32) throws(ErrorCode) -> Int {
        while true {
            var message = msghdr()
            let waits = !file.isNonBlocking
            let count = withMessage(&message, buffers) {
                sendmsg(file.descriptor, &$0, flags | (waits ? 0 : Int32(MSG_DONTWAIT)))
            }
            if count >= 0 { return count }
            try repeats(file, POLLOUT, waits)
        }
    }

    /// Returns where a call that failed shall be tried again, after waiting for the socket if need be.
    static func repeats(_ file: OpenFile, _ event: Int32, _ waits: Bool) throws(ErrorCode) {
        switch errno {
        case EINTR: return
        case EAGAIN where waits:
            Descriptors.wait(for: file.descriptor, events: Int16(event))
        default: throw ErrorCode.last
        }
    }

    private static func vectors(_ buffers: Buffers, _ body: (UnsafePointer<iovec>, Int32) -> Int) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(1, buffers.count)) { list in
            for (index, buffer) in buffers.enumerated() {
                list[index] = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
            }
            return body(UnsafePointer(list.baseAddress!), Int32(buffers.count))
        }
    }

    private static func withMessage(
        _ message: inout msghdr, _ buffers: Buffers, _ body: (inout msghdr) -> Int
    ) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(1, buffers.count)) { list in
            for (index, buffer) in buffers.enumerated() {
                list[index] = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
            }
            message.msg_iov = list.baseAddress
            message.msg_iovlen = .init(buffers.count)
            return body(&message)
        }
    }
}

#if os(Linux)
    let noSignal = Int32(MSG_NOSIGNAL)
#else
    let noSignal: Int32 = 0
#endif
