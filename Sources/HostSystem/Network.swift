internal import LibC

/// The network as one guest may use it: every operation that reaches for an address compares it with what was granted.
package final class Network {
    private let access: NetworkAccess
    private unowned let files: FileSystem
    /// The names of rules under which addresses were found, by the address's bytes.
    private var names: [[UInt8]: Set<String>] = [:]
    private var hasHinted = false

    /// The network for the guest that has these files.
    package init(_ files: FileSystem) {
        self.files = files
        access = files.access.network
    }

    // MARK: - Refusing

    /// The error for what the guest may not do; the user is told once how to allow it.
    private func deny(_ target: String) -> ErrorCode {
        if !hasHinted {
            hasHinted = true
            files.report(access.hint(about: target))
        }
        return ErrorCode(EACCES)
    }

    private func checkSending(to address: NetworkAddress) throws(ErrorCode) {
        if access.isEverything { return }
        let destination = address.destination
        if access.permits(address) { return }
        for name in names[destination.bytes] ?? [] where access.permits(address, foundFor: name) { return }
        throw deny(address.text)
    }

    private func checkListening(on address: NetworkAddress) throws(ErrorCode) {
        guard access.permitsListening(on: address) else { throw deny(address.text) }
    }

    // MARK: - Sockets

    /// Makes a socket for TCP, or for UDP, and returns the guest's number for it.
    package func open(isVersion6: Bool, isDatagram: Bool) throws(ErrorCode) -> Int {
        guard !access.isNothing else { throw deny(isDatagram ? "udp" : "tcp") }
        let family = isVersion6 ? AF_INET6 : AF_INET
        let type = isDatagram ? SystemSocket.datagram : SystemSocket.stream
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw ErrorCode.last }
        // Waiting is done by polling, which can be ended; nobody else has this socket.
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        SystemSocket.preventSignal(descriptor)
        return files.addSocket(descriptor).number
    }

    /// Connects a socket.
    ///
    /// - Throws: EINPROGRESS where the guest does not want to wait for the other end.
    package func connect(_ file: OpenFile, to address: NetworkAddress) throws(ErrorCode) {
        try checkSending(to: address)
        let descriptor = file.descriptor
        if address.withSystemAddress({ systemConnect(descriptor, $0, $1) }) == 0 { return }
        // A connection that a signal interrupts goes on by itself.
        guard errno == EINPROGRESS || errno == EINTR else { throw ErrorCode.last }
        guard !file.isNonBlocking else { throw ErrorCode(EINPROGRESS) }
        _ = try files.whenReady(file, Int16(POLLOUT), attemptWaits: false) { () throws(ErrorCode) -> Bool? in
            Descriptors.isReady(descriptor, Int16(POLLOUT)) ? true : nil
        }
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        try check(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size))
        if number != 0 { throw ErrorCode(number) }
    }

    /// Checks whether a message may be sent to an address.
    package func checkMessage(to address: NetworkAddress) throws(ErrorCode) { try checkSending(to: address) }

    /// Gives a socket its own address.
    ///
    /// Port 0, for any that is free, needs no rule of its own: a socket that sends gets such a port by itself.
    package func bind(_ file: OpenFile, to address: NetworkAddress) throws(ErrorCode) {
        guard !access.isNothing else { throw deny(address.text) }
        if address.port != 0 { try checkListening(on: address) }
        try check(address.withSystemAddress { systemBind(file.descriptor, $0, $1) })
    }

    /// Lets a socket wait for connections, of which so many may queue.
    package func listen(_ file: OpenFile, backlog: Int32) throws(ErrorCode) {
        guard let address = Self.localAddress(of: file) else { throw ErrorCode(EOPNOTSUPP) }
        try checkListening(on: address)
        try check(systemListen(file.descriptor, backlog))
    }

    /// A socket's own address; nil where it has none of this network.
    package static func localAddress(of file: OpenFile) -> NetworkAddress? {
        NetworkAddress { getsockname(file.descriptor, $0, &$1) }
    }

    /// The address at the other end.
    ///
    /// - Throws: ENOTCONN where there is none.
    package static func peerAddress(of file: OpenFile) throws(ErrorCode) -> NetworkAddress {
        errno = 0
        guard let address = NetworkAddress(filledBy: { getpeername(file.descriptor, $0, &$1) }) else {
            throw errno == 0 ? ErrorCode(EAFNOSUPPORT) : ErrorCode.last
        }
        return address
    }

    // MARK: - Names

    /// Asks for the addresses of a name, and waits for the answer.
    ///
    /// - Throws: EINTR where all waiting shall end; the question then goes unanswered.
    package func lookUp(_ question: AddressLookup.Question) throws(ErrorCode) -> [AddressLookup.Answer] {
        var name: String?
        if let host = question.host, NetworkAddress(numericHost: host, port: 0) == nil {
            guard access.permitsLookup(of: host) else { throw deny(host) }
            name = NetworkAccess.normalized(host)
        } else if access.isNothing {
            throw deny(question.host ?? question.service ?? "")
        }
        let lookup = try AddressLookup(question)
        _ = try files.whenReady(lookup.signal, Int16(POLLIN)) { () throws(ErrorCode) -> Bool? in
            Descriptors.isReadable(lookup.signal.descriptor) ? true : nil
        }
        let answers = try lookup.result()
        if let name, !access.isEverything {
            for answer in answers { names[answer.address.destination.bytes, default: []].insert(name) }
        }
        return answers
    }
}

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
    connect(descriptor, address, size)
}
private func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
    bind(descriptor, address, size)
}
private func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
