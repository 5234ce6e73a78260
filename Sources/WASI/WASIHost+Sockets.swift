internal import HostSystem
internal import LibC

/// The functions whose names begin with `sock_`.
extension WASIHost {
    func socket(_ number: UInt32, _ needed: Rights) throws(ErrorCode) -> OpenFile {
        let file = try file(number, needed)
        guard file.kind == .socket else { throw ErrorCode(ENOTSOCK) }
        return file
    }

    func sockAccept(_ number: UInt32, _ flags: UInt32, _ result: UInt32) throws(ErrorCode) {
        let listener = try socket(number, .sockAccept)
        try files.checkOwned(listener)
        guard flags >> 5 == 0 else { throw ErrorCode(EINVAL) }
        let memory = try memory
        _ = try memory.bytes(at: result, count: 4)
        let accepted = try files.whenReady(
            listener, Int16(POLLIN), attemptWaits: false
        ) { () throws(ErrorCode) -> Int? in
            // Who wanted to connect may have given up since the socket was waited for.
            guard Descriptors.isReadable(listener.descriptor) else { return nil }
            return try Descriptors.unlessBlocked { Int(accept(listener.descriptor, nil, nil)) }
        }
        let (number, file) = files.addSocket(Int32(accepted))
        file.isNonBlocking = DescriptorFlags(rawValue: UInt16(flags)).contains(.nonblock)
        try memory.store(UInt32(number), at: result)
    }

    func sockRecv(
        _ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ flags: UInt32, _ result: UInt32,
        _ resultFlags: UInt32
    ) throws(ErrorCode) {
        let file = try socket(number, .fdRead)
        let system = try Self.receiveFlags(flags)
        let memory = try memory
        let received = try memory.withVectors(at: vectors, count: count) { buffers throws(ErrorCode) in
            try Transfers.receive(files, file, buffers, system)
        }
        try memory.store(UInt32(received.count), at: result)
        try memory.store(UInt16(received.isTruncated ? 1 : 0), at: resultFlags)
    }

    /// The system's flags for those of type `riflags`: 1 leaves the bytes where they are, 2 waits until the buffers are
    /// full.
    static func receiveFlags(_ flags: UInt32) throws(ErrorCode) -> Int32 {
        guard flags >> 2 == 0 else { throw ErrorCode(EINVAL) }
        var system: Int32 = 0
        if flags & 1 != 0 { system |= Int32(MSG_PEEK) }
        if flags & 2 != 0 { system |= Int32(MSG_WAITALL) }
        return system
    }

    func sockSend(
        _ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ flags: UInt32, _ result: UInt32
    ) throws(ErrorCode) {
        let file = try socket(number, .fdWrite)
        // Type `siflags` has no values yet.
        guard flags == 0 else { throw ErrorCode(EINVAL) }
        let memory = try memory
        let sent = try memory.withVectors(at: vectors, count: count) { buffers throws(ErrorCode) in
            try Transfers.send(files, file, buffers)
        }
        try memory.store(UInt32(sent), at: result)
    }

    func sockShutdown(_ number: UInt32, _ how: UInt32) throws(ErrorCode) {
        let file = try socket(number, .sockShutdown)
        try files.checkOwned(file)
        let ways = [1: Int32(SHUT_RD), 2: Int32(SHUT_WR), 3: Int32(SHUT_RDWR)]
        guard let way = ways[Int(how)] else { throw ErrorCode(EINVAL) }
        if shutdown(file.descriptor, way) != 0 { throw ErrorCode.last }
    }
}
