internal import HostSystem
internal import LibC

/// The functions of the extension for connections; see ``WASIFunction/connections``.
extension WASIHost {
    func sockOpen(_ family: UInt32, _ type: UInt32, _ result: UInt32) throws(ErrorCode) {
        let memory = try memory
        _ = try memory.bytes(at: result, count: 4)
        guard let family = UInt8(exactly: family).flatMap(AddressFamily.init), family != .unspecified else {
            throw ErrorCode(EAFNOSUPPORT)
        }
        guard let type = UInt8(exactly: type).flatMap(SocketType.init), type != .any else {
            throw ErrorCode(EPROTOTYPE)
        }
        let number = try network.open(isVersion6: family == .version6, isDatagram: type == .datagram)
        try memory.store(UInt32(number), at: result)
    }

    func sockBind(_ number: UInt32, _ address: UInt32, _ port: UInt32) throws(ErrorCode) {
        try network.bind(socket(number, []), to: self.address(at: address, port: port))
    }

    func sockListen(_ number: UInt32, _ backlog: UInt32) throws(ErrorCode) {
        try network.listen(socket(number, .sockAccept), backlog: Int32(bitPattern: backlog))
    }

    func sockConnect(_ number: UInt32, _ address: UInt32, _ port: UInt32) throws(ErrorCode) {
        try network.connect(socket(number, []), to: self.address(at: address, port: port))
    }

    func sockSendTo(
        _ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ address: UInt32, _ port: UInt32, _ flags: UInt32,
        _ result: UInt32
    ) throws(ErrorCode) {
        let file = try socket(number, .fdWrite)
        // Type `siflags` has no values yet.
        guard flags == 0 else { throw ErrorCode(EINVAL) }
        let receiver = try self.address(at: address, port: port)
        try network.checkMessage(to: receiver)
        let memory = try memory
        let sent = try memory.withVectors(at: vectors, count: count) { buffers throws(ErrorCode) in
            try Transfers.send(files, file, buffers, to: receiver)
        }
        try memory.store(UInt32(sent), at: result)
    }

    /// In the first form the sender's port is not passed on.
    func sockRecvFrom(
        _ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ address: UInt32, _ flags: UInt32, port: UInt32?,
        _ result: UInt32, _ resultFlags: UInt32
    ) throws(ErrorCode) {
        let file = try socket(number, .fdRead)
        let system = try Self.receiveFlags(flags)
        let memory = try memory
        // Messages are gone when they are received: what can be wrong with the places is found before.
        for place in [result, port] { if let place { _ = try memory.bytes(at: place, count: 4) } }
        _ = try memory.bytes(at: resultFlags, count: 2)
        _ = try addressBuffer(at: address)
        let received = try memory.withVectors(at: vectors, count: count) { buffers throws(ErrorCode) in
            try Transfers.receive(files, file, buffers, system)
        }
        // Of a stream all bytes come from the other end.
        if let sender = received.sender ?? (try? Network.peerAddress(of: file)) {
            try store(sender, at: address)
            if let port { try memory.store(UInt32(sender.port), at: port) }
        }
        try memory.store(UInt32(received.count), at: result)
        try memory.store(UInt16(received.isTruncated ? 1 : 0), at: resultFlags)
    }

    func sockGetlocaladdr(
        _ number: UInt32, _ address: UInt32, type: UInt32?, _ port: UInt32
    ) throws(ErrorCode) {
        guard let own = Network.localAddress(of: try socket(number, [])) else { throw ErrorCode(EAFNOSUPPORT) }
        try store(own, at: address, type: type, port: port)
    }

    func sockGetpeeraddr(
        _ number: UInt32, _ address: UInt32, type: UInt32?, _ port: UInt32
    ) throws(ErrorCode) {
        try store(Network.peerAddress(of: socket(number, [])), at: address, type: type, port: port)
    }

    /// The length is a number, as Go's libraries pass it, or the address of one, as those of Rust do, which gets the
    /// length of what was written.
    func sockGetsockopt(
        _ number: UInt32, _ level: UInt32, _ name: UInt32, _ value: UInt32, _ length: UInt32
    ) throws(ErrorCode) {
        let file = try socket(number, [])
        let option = try SocketOption(level: level, name: name)
        let memory = try memory
        let isPlace = length > 32
        let room: UInt32 = isPlace ? try memory.load(at: length) : length
        guard room >= option.size else { throw ErrorCode(EINVAL) }
        var pair: (Int32, Int32) = (0, 0)
        var size = socklen_t(option.size)
        if getsockopt(file.descriptor, option.level, option.name, &pair, &size) != 0 { throw ErrorCode.last }
        switch option.form {
        case .number, .linger: break
        case .error: pair.0 = pair.0 == 0 ? 0 : Int32(ErrorCode(pair.0).wasi)
        case .type: pair.0 = Int32((SocketType(system: pair.0) ?? .any).rawValue)
        }
        try memory.store(pair.0, at: value)
        if option.form == .linger { try memory.store(pair.1, at: value, offset: 4) }
        if isPlace { try memory.store(option.size, at: length) }
    }

    func sockSetsockopt(
        _ number: UInt32, _ level: UInt32, _ name: UInt32, _ value: UInt32, _ length: UInt32
    ) throws(ErrorCode) {
        let file = try socket(number, [])
        let option = try SocketOption(level: level, name: name)
        guard option.isSettable else { throw ErrorCode(ENOPROTOOPT) }
        guard length == option.size else { throw ErrorCode(EINVAL) }
        let memory = try memory
        var pair: (Int32, Int32) = (try memory.load(at: value), 0)
        if option.form == .linger { pair.1 = try memory.load(at: value, offset: 4) }
        if setsockopt(file.descriptor, option.level, option.name, &pair, socklen_t(option.size)) != 0 {
            throw ErrorCode.last
        }
    }

    // MARK: - Names

    /// Looks a name up, and fills in as many of the guest's structures as there are answers: each leads to the next.
    func sockGetaddrinfo(
        _ node: UInt32, _ nodeLength: UInt32, _ service: UInt32, _ serviceLength: UInt32, _ hints: UInt32,
        _ results: UInt32, _ room: UInt32, _ count: UInt32
    ) throws(ErrorCode) {
        let memory = try memory
        _ = try memory.bytes(at: count, count: 4)
        var question = try question(with: hints)
        question.host = try lookupText(at: node, count: nodeLength)
        question.service = try lookupText(at: service, count: serviceLength)
        guard room > 0, question.host != nil || question.service != nil else { throw ErrorCode(EINVAL) }
        let answers = try network.lookUp(question)
        var written: UInt32 = 0
        var place: UInt32 = try memory.load(at: results)
        for answer in answers where written < room && (written == 0 || place != 0) {
            try store(answer, at: place)
            place = try memory.load(at: place, offset: 24)
            written += 1
        }
        try memory.store(written, at: count)
    }

    private func question(with hints: UInt32) throws(ErrorCode) -> AddressLookup.Question {
        var question = AddressLookup.Question()
        guard hints != 0 else { return question }
        let memory = try memory
        let flags: UInt16 = try memory.load(at: hints)
        guard flags >> 7 == 0 else { throw ErrorCode(EINVAL) }
        question.flags = LookupFlags(rawValue: flags).system
        guard let family = AddressFamily(rawValue: try memory.load(at: hints, offset: 2)) else {
            throw ErrorCode(EAFNOSUPPORT)
        }
        question.family = family.system
        guard let type = SocketType(rawValue: try memory.load(at: hints, offset: 3)),
            // Some guests have three bytes of anything behind this one.
            let transport = TransportProtocol(rawValue: try memory.load(at: hints, offset: 4))
        else { throw ErrorCode(EPROTOTYPE) }
        question.type = type.system
        question.protocolNumber = transport.system
        return question
    }

    /// The text of a host or service, behind which there may be a zero byte; nil for none.
    private func lookupText(at address: UInt32, count: UInt32) throws(ErrorCode) -> String? {
        // No name is longer (NI_MAXHOST).
        guard count <= 1025 else { throw ErrorCode(ENAMETOOLONG) }
        var bytes = try memory.path(at: address, count: count)
        if bytes.last == 0 { bytes.removeLast() }
        guard !bytes.isEmpty else { return nil }
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw ErrorCode(EINVAL)
        }
        return text
    }

    private func store(_ answer: AddressLookup.Answer, at place: UInt32) throws(ErrorCode) {
        let memory = try memory
        let address: UInt32 = try memory.load(at: place, offset: 12)
        var room: UInt32 = try memory.load(at: address, offset: 4)
        if room == Layout.understatedAddressData { room = 26 }
        let bytes = answer.address.bytes
        guard room >= UInt32(2 + bytes.count) else { throw ErrorCode.fault }
        let data: UInt32 = try memory.load(at: address, offset: 8)
        try memory.store(answer.address.port.bigEndian, at: data)
        guard data <= .max - 2 else { throw ErrorCode.fault }
        try memory.bytes(at: data + 2, count: UInt32(bytes.count)).copyBytes(from: bytes)
        let family = AddressFamily(answer.address).rawValue
        try memory.store(family, at: address)
        try memory.store(UInt16(0), at: place)
        try memory.store(family, at: place, offset: 2)
        try memory.store((SocketType(system: answer.type) ?? .any).rawValue, at: place, offset: 3)
        let transport = TransportProtocol(system: answer.protocolNumber) ?? .any
        try memory.store(UInt32(transport.rawValue), at: place, offset: 4)
        try memory.store(Layout.socketAddress, at: place, offset: 8)
        // There is no other name for the host.
        try memory.store(UInt32(0), at: place, offset: 20)
    }

    // MARK: - Addresses

    /// The buffer that a structure of type `address` names.
    private func addressBuffer(at place: UInt32) throws(ErrorCode) -> UnsafeMutableRawBufferPointer {
        let memory = try memory
        return try memory.bytes(at: memory.load(at: place), count: memory.load(at: place, offset: 4))
    }

    /// Reads an address, in one of its two forms.
    private func address(at place: UInt32, port: UInt32) throws(ErrorCode) -> NetworkAddress {
        let buffer = try addressBuffer(at: place)
        guard let port = UInt16(exactly: port) else { throw ErrorCode(EINVAL) }
        var bytes = Array(buffer.prefix(Int(Layout.addressStorage)))
        if buffer.count == Layout.addressStorage {
            switch AddressFamily(rawValue: bytes[0]) {
            case .version4 where bytes[1] == 0: bytes = Array(bytes[2..<6])
            case .version6 where bytes[1] == 0: bytes = Array(bytes[2..<18])
            default: throw ErrorCode(EAFNOSUPPORT)
            }
        } else if buffer.count > Layout.addressStorage {
            throw ErrorCode(EINVAL)
        }
        guard let address = NetworkAddress(bytes: bytes, port: port) else { throw ErrorCode(EINVAL) }
        return address
    }

    /// Writes an address, in the form that the buffer's size asks for.
    private func store(_ address: NetworkAddress, at place: UInt32) throws(ErrorCode) {
        let buffer = try addressBuffer(at: place)
        let bytes = address.bytes
        let start = buffer.count >= Int(Layout.addressStorage) ? 2 : 0
        guard buffer.count >= start + bytes.count else { throw ErrorCode(EINVAL) }
        if start == 2 {
            buffer.storeBytes(of: UInt16(AddressFamily(address).rawValue).littleEndian, as: UInt16.self)
        }
        UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyBytes(from: bytes)
    }

    private func store(
        _ address: NetworkAddress, at place: UInt32, type: UInt32?, port: UInt32
    ) throws(ErrorCode) {
        let memory = try memory
        try store(address, at: place)
        // In the first form, 4 and 6 and not the families' numbers.
        if let type { try memory.store(UInt32(address.isVersion6 ? 6 : 4), at: type) }
        try memory.store(UInt32(address.port), at: port)
    }
}
