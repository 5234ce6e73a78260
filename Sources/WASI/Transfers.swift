internal import HostSystem
internal import LibC

/// Reading and writing of several buffers.
///
/// All of them wait only where the guest wants to, and so that the run can be ended meanwhile.
enum Transfers {
    typealias Buffers = UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>

    /// Moves buffer after buffer until one is not moved whole; returns how many bytes were moved.
    ///
    /// - Parameter move: Moves a buffer, before which so many bytes were moved. Its errors count only for the first
    ///   one: what was moved before is not lost, and the next attempt finds the error again.
    static func each(
        of buffers: Buffers, _ move: (UnsafeMutableRawBufferPointer, _ done: Int) throws(ErrorCode) -> Int
    ) throws(ErrorCode) -> Int {
        var done = 0
        for buffer in buffers {
            do {
                let part = try move(buffer, done)
                done += part
                if part < buffer.count { break }
            } catch {
                guard done > 0 else { throw error }
                break
            }
        }
        return done
    }

    /// Reads what is there; waits for the first byte, or throws EAGAIN where the guest does not want to wait.
    static func read(_ files: FileSystem, _ file: OpenFile, _ buffers: Buffers) throws(ErrorCode) -> Int {
        if file.stream != nil {
            return try each(of: buffers) { buffer, _ throws(ErrorCode) in
                try files.read(file, buffer, position: nil)
            }
        }
        return try files.whenReady(file, Int16(POLLIN)) { () throws(ErrorCode) in
            if buffers.count == 1 { return try Descriptors.readIfReady(file.descriptor, buffers[0]) }
            let count = try Descriptors.unlessBlocked {
                withList(of: buffers) { readv(file.descriptor, $0, Int32($1)) }
            }
            let isEnd = count == 0 && buffers.contains { !$0.isEmpty }
            return isEnd && Descriptors.hasNotBegun(file.descriptor) ? nil : count
        }
    }

    /// Writes everything, or as much as there is room for; or, where the guest does not want to wait, what fits, and
    /// throws EAGAIN where nothing does.
    static func write(_ files: FileSystem, _ file: OpenFile, _ buffers: Buffers) throws(ErrorCode) -> Int {
        if file.kind == .socket { return try send(files, file, buffers) }
        if buffers.count > 1, file.stream == nil, !file.kind.canBlock {
            // One call, so that what others append comes before or behind all of it.
            return try files.whenReady(file, Int16(POLLOUT)) { () throws(ErrorCode) in
                try Descriptors.unlessBlocked { withList(of: buffers) { writev(file.descriptor, $0, Int32($1)) } }
            }
        }
        let waits = !file.kind.canBlock || !file.isNonBlocking
        return try each(of: buffers) { buffer, _ throws(ErrorCode) in
            let bytes = UnsafeRawBufferPointer(buffer)
            if waits { return try files.writeAsFarAsPossible(file, bytes) }
            let part = try Descriptors.writeIfReady(file.descriptor, bytes)
            if part == 0, !bytes.isEmpty { throw ErrorCode(EAGAIN) }
            return part
        }
    }

    /// Receives from a socket; `flags` are the system's, of which `MSG_WAITALL` waits until the buffers are full.
    static func receive(
        _ files: FileSystem, _ file: OpenFile, _ buffers: Buffers, _ flags: Int32
    ) throws(ErrorCode) -> (count: Int, isTruncated: Bool, sender: NetworkAddress?) {
        let waitAll = Int32(MSG_WAITALL)
        // What is only looked at, or comes in messages, cannot be collected.
        let isWhole = flags & waitAll != 0 && flags & Int32(MSG_PEEK) == 0 && !file.isNonBlocking && isStream(file)
        let wanted = isWhole ? size(of: buffers) : 0
        var isTruncated = false
        var sender = sockaddr_storage()
        let done = try repeating(until: wanted) { done throws(ErrorCode) in
            try files.whenReady(file, Int16(POLLIN), attemptWaits: false) { () throws(ErrorCode) in
                try Descriptors.unlessBlocked {
                    withMessage(of: buffers, from: done) { message in
                        let count = withUnsafeMutablePointer(to: &sender) { sender in
                            message.msg_name = UnsafeMutableRawPointer(sender)
                            message.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
                            return recvmsg(file.descriptor, &message, flags & ~waitAll | Int32(MSG_DONTWAIT))
                        }
                        isTruncated = message.msg_flags & Int32(MSG_TRUNC) != 0
                        return count
                    }
                }
            }
        }
        return (done, isTruncated, NetworkAddress(sender))
    }

    /// Sends to a socket: everything, or what fits where the guest does not want to wait.
    ///
    /// A closed connection is an error and not a signal. An address is that of whom a message is for.
    static func send(
        _ files: FileSystem, _ file: OpenFile, _ buffers: Buffers, to address: NetworkAddress? = nil
    ) throws(ErrorCode) -> Int {
        do throws(ErrorCode) {
            return try repeating(until: file.isNonBlocking ? 0 : size(of: buffers)) { done throws(ErrorCode) in
                try files.whenReady(file, Int16(POLLOUT), attemptWaits: false) { () throws(ErrorCode) in
                    try Descriptors.unlessBlocked {
                        withMessage(of: buffers, from: done) { message in
                            guard let address else {
                                return sendmsg(file.descriptor, &message, SystemSocket.noSignal | Int32(MSG_DONTWAIT))
                            }
                            return address.withSystemAddress { receiver, size in
                                message.msg_name = UnsafeMutableRawPointer(receiver)
                                message.msg_namelen = size
                                return sendmsg(file.descriptor, &message, SystemSocket.noSignal | Int32(MSG_DONTWAIT))
                            }
                        }
                    }
                }
            }
        } catch {
            throw BrokenPipe.error(error.number, file.descriptor)
        }
    }

    /// Moves bytes until there are so many, or the end; an error counts only where none were moved before.
    private static func repeating(
        until wanted: Int, _ move: (_ done: Int) throws(ErrorCode) -> Int
    ) throws(ErrorCode) -> Int {
        var done = try move(0)
        while done > 0, done < wanted {
            guard let part = try? move(done), part > 0 else { break }
            done += part
        }
        return done
    }

    private static func size(of buffers: Buffers) -> Int { buffers.reduce(0) { $0 + $1.count } }

    private static func isStream(_ file: OpenFile) -> Bool { socketType(of: file) == SocketType.stream.system }

    /// Whether a socket takes and gives messages.
    static func isDatagram(_ file: OpenFile) -> Bool { socketType(of: file) == SocketType.datagram.system }

    private static func socketType(of file: OpenFile) -> Int32? {
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(file.descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 ? type : nil
    }

    /// Calls `body` with the system's list of the buffers, of which so many bytes are left out at the beginning.
    private static func withList(
        of buffers: Buffers, from start: Int = 0, _ body: (UnsafeMutablePointer<iovec>, Int) -> Int
    ) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(1, buffers.count)) { list in
            var (count, rest) = (0, start)
            for buffer in buffers {
                let skipped = min(rest, buffer.count)
                rest -= skipped
                if skipped > 0, skipped == buffer.count { continue }
                list[count] = iovec(iov_base: buffer.baseAddress.map { $0 + skipped }, iov_len: buffer.count - skipped)
                count += 1
            }
            return body(list.baseAddress!, count)
        }
    }

    private static func withMessage(of buffers: Buffers, from start: Int, _ body: (inout msghdr) -> Int) -> Int {
        withList(of: buffers, from: start) { list, count in
            var message = msghdr()
            message.msg_iov = list
            message.msg_iovlen = .init(count)
            return body(&message)
        }
    }
}
