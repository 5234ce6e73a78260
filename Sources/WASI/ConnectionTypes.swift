internal import HostSystem
internal import LibC

// The numbers of the extension of WASI preview 1 for connections: `api.hpp` of WasmEdge, 0.12 and later.

/// Families of addresses (type `address_family`); 3, for sockets with paths, is not supported.
enum AddressFamily: UInt8 {
    case unspecified, version4, version6

    init(_ address: NetworkAddress) { self = address.isVersion6 ? .version6 : .version4 }

    var system: Int32 {
        switch self {
        case .unspecified: AF_UNSPEC
        case .version4: AF_INET
        case .version6: AF_INET6
        }
    }
}

/// Types of sockets (type `sock_type`).
enum SocketType: UInt8 {
    case any, datagram, stream

    var system: Int32 {
        switch self {
        case .any: 0
        case .datagram: SystemSocket.datagram
        case .stream: SystemSocket.stream
        }
    }

    init?(system: Int32) {
        guard let type = [SocketType.any, .datagram, .stream].first(where: { $0.system == system }) else { return nil }
        self = type
    }
}

/// Protocols (type `protocol`).
enum TransportProtocol: UInt8 {
    case any, tcp, udp

    var system: Int32 {
        switch self {
        case .any: 0
        case .tcp: Int32(IPPROTO_TCP)
        case .udp: Int32(IPPROTO_UDP)
        }
    }

    init?(system: Int32) {
        guard let found = [TransportProtocol.any, .tcp, .udp].first(where: { $0.system == system }) else { return nil }
        self = found
    }
}

/// How names are looked up (type `aiflags`).
struct LookupFlags: SystemFlags {
    let rawValue: UInt16
    static let passive = LookupFlags(rawValue: 1 << 0)
    static let canonicalName = LookupFlags(rawValue: 1 << 1)
    static let numericHost = LookupFlags(rawValue: 1 << 2)
    static let numericService = LookupFlags(rawValue: 1 << 3)
    static let mappedVersion4 = LookupFlags(rawValue: 1 << 4)
    static let all = LookupFlags(rawValue: 1 << 5)
    static let configured = LookupFlags(rawValue: 1 << 6)

    /// Names that others have given the host are not passed on, and not asked for.
    static let counterparts: [(flag: Self, system: Int32)] = [
        (.passive, Int32(AI_PASSIVE)), (.numericHost, Int32(AI_NUMERICHOST)),
        (.numericService, Int32(AI_NUMERICSERV)), (.mappedVersion4, Int32(AI_V4MAPPED)), (.all, Int32(AI_ALL)),
        (.configured, Int32(AI_ADDRCONFIG)),
    ]
}

/// What can be set of a socket, or asked (types `sock_opt_level` and `sock_opt_so`).
///
/// The rest is not supported: time limits would not end the waiting that this program does for the guest, and a name of
/// a network interface leads past what was granted.
struct SocketOption {
    enum Form {
        case number
        /// A number of the system's that becomes an errno, or a type of WASI.
        case error, type
        /// Two numbers: whether, and for how many seconds.
        case linger
    }
    let level: Int32
    let name: Int32
    var form = Form.number
    var isSettable = true

    /// The option of two numbers of the guest's.
    init(level: UInt32, name: UInt32) throws(ErrorCode) {
        switch (level, name) {
        case (0, 0): self.init(SOL_SOCKET, SO_REUSEADDR)
        case (0, 1): self.init(SOL_SOCKET, SO_TYPE, .type, isSettable: false)
        case (0, 2): self.init(SOL_SOCKET, SO_ERROR, .error, isSettable: false)
        case (0, 3): self.init(SOL_SOCKET, SO_DONTROUTE)
        case (0, 4): self.init(SOL_SOCKET, SO_BROADCAST)
        case (0, 5): self.init(SOL_SOCKET, SO_SNDBUF)
        case (0, 6): self.init(SOL_SOCKET, SO_RCVBUF)
        case (0, 7): self.init(SOL_SOCKET, SO_KEEPALIVE)
        case (0, 8): self.init(SOL_SOCKET, SO_OOBINLINE)
        case (0, 9): self.init(SOL_SOCKET, SO_LINGER, .linger)
        case (0, 10): self.init(SOL_SOCKET, SO_RCVLOWAT)
        case (0, 13): self.init(SOL_SOCKET, SO_ACCEPTCONN, isSettable: false)
        // Not WasmEdge's, but wasi-go's, under the protocol's number.
        case (6, 15): self.init(Int32(IPPROTO_TCP), TCP_NODELAY)
        default: throw ErrorCode(ENOPROTOOPT)
        }
    }

    private init(_ level: Int32, _ name: Int32, _ form: Form = .number, isSettable: Bool = true) {
        (self.level, self.name, self.form, self.isSettable) = (level, name, form, isSettable)
    }

    /// How many bytes the value has.
    var size: UInt32 { form == .linger ? 8 : 4 }
}

extension Layout {
    /// Type `address`: buf 0, buf_len 4.
    ///
    /// The buffer has an address's 4 or 16 bytes; or this many, of which the first two
    /// are the family, and the address follows.
    static let addressStorage: UInt32 = 128
    /// Type `sockaddr`: sa_family 0, sa_data_len 4, sa_data 8.
    static let socketAddress: UInt32 = 16
    /// What clients in Rust say of sa_data, which has 26 bytes in truth.
    static let understatedAddressData: UInt32 = 14
    // Type `addrinfo`: ai_flags 0, ai_family 2, ai_socktype 3, ai_protocol 4, ai_addrlen 8, ai_addr 12, ai_canonname
    // 16, ai_canonnamelen 20, ai_next 24.
}
