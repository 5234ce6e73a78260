package import LibC

/// An address of the Internet's protocol, version 4 or 6, with a port.
package struct NetworkAddress: Hashable, Sendable {
    /// 4 or 16 bytes, the highest first.
    package let bytes: [UInt8]
    /// The port of TCP or UDP; 0 for any that is free, or none.
    package let port: UInt16

    /// The address of so many bytes; nil where they are neither 4 nor 16.
    package init?(bytes: [UInt8], port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
        self.port = port
    }

    /// Whether it is one of version 6.
    package var isVersion6: Bool { bytes.count == 16 }

    /// The address that a numeric host means, in every spelling that the system's functions take; nil for names.
    ///
    /// `127.1`, `0x7f000001` and `2130706433` are all 127.0.0.1.
    package init?(numericHost host: String, port: UInt16) {
        var four = in_addr()
        var six = in6_addr()
        if !host.utf8.contains(0), host.utf8.allSatisfy({ !Self.isSpace($0) }), inet_aton(host, &four) != 0 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, host, &six) == 1 {
            bytes = withUnsafeBytes(of: six) { Array($0) }
        } else {
            return nil
        }
        self.port = port
    }

    /// `inet_aton` stops at a space and does not look at what follows.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The same address with another port.
    package func withPort(_ port: UInt16) -> NetworkAddress { NetworkAddress(unchecked: bytes, port) }

    private init(unchecked bytes: [UInt8], _ port: UInt16) {
        self.bytes = bytes
        self.port = port
    }

    private static let mappedPrefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    /// The address of version 4 that one of version 6 stands for (RFC 4291, 2.5.5.2), or the address itself.
    var unmapped: NetworkAddress {
        guard bytes.starts(with: Self.mappedPrefix) else { return self }
        return NetworkAddress(unchecked: Array(bytes[12...]), port)
    }

    /// Whether it names no host: for servers all of this one's addresses.
    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    /// Where a connection to the address leads: the system takes the address of no host for this one.
    var destination: NetworkAddress {
        let address = unmapped
        guard address.isUnspecified else { return address }
        return NetworkAddress(unchecked: address.isVersion6 ? Self.loopback6 : [127, 0, 0, 1], port)
    }

    /// What the addresses begin with by which hosts of version 6 reach those of version 4 (RFC 6052, 2.1).
    private static let translatedPrefix: [UInt8] = [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)

    private static let loopback6 = [UInt8](repeating: 0, count: 15) + [1]

    /// Whether `localhost` means it.
    var isLocalhost: Bool { bytes == [127, 0, 0, 1] || bytes == Self.loopback6 }

    /// Whether it is of this host, of this link, or of many at once: no name in the Internet has such an address for
    /// honest reasons.
    var isSpecial: Bool {
        if isVersion6 {
            if bytes.starts(with: Self.translatedPrefix) {
                return NetworkAddress(unchecked: Array(bytes[12...]), port).isSpecial
            }
            return isUnspecified || bytes == Self.loopback6 || bytes[0] == 0xFF
                || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
        }
        return bytes[0] == 0 || bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254) || bytes[0] >= 224
    }

    /// The host as text.
    package var host: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isVersion6 ? AF_INET6 : AF_INET
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// Host and port as they are written.
    package var text: String { isVersion6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    // MARK: - The system's form

    /// The address in a structure of the system's; nil for other families.
    package init?(_ storage: sockaddr_storage) {
        var storage = storage
        let given = withUnsafeMutablePointer(to: &storage) { storage -> (bytes: [UInt8], port: UInt16)? in
            switch Int32(storage.pointee.ss_family) {
            case AF_INET:
                return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    (withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }, UInt16(bigEndian: $0.pointee.sin_port))
                }
            case AF_INET6:
                return storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    (withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }, UInt16(bigEndian: $0.pointee.sin6_port))
                }
            default: return nil
            }
        }
        guard let given else { return nil }
        self.init(unchecked: given.bytes, given.port)
    }

    /// The address that `body`, a system call, fills in; nil where it fails or the address is of another family.
    package init?(filledBy body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
        }
        guard result == 0 else { return nil }
        self.init(storage)
    }

    /// Calls `body` with the system's structure.
    package func withSystemAddress<Result>(_ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result) -> Result {
        func call<Form>(_ form: Form) -> Result {
            var form = form
            return withUnsafeMutablePointer(to: &form) { form in
                form.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<Form>.size))
                }
            }
        }
        if isVersion6 {
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &form.sin6_addr) { $0.copyBytes(from: bytes) }
            return call(form)
        }
        var form = sockaddr_in()
        form.sin_family = sa_family_t(AF_INET)
        form.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &form.sin_addr) { $0.copyBytes(from: bytes) }
        return call(form)
    }
}
