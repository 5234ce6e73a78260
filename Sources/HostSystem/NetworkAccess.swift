/// Which hosts and ports a guest may reach: nothing, everything, or what a list of rules names.
///
/// The same rules hold for all that a guest can do with the network: the connections and datagrams of a program for
/// WASI, the addresses that it listens on, the names that it may look up, and the requests of a program for js, each
/// of their redirections included.
///
/// A rule is compared with the address that a connection really leads to, so that other spellings (`127.1`, `0x7f.1`,
/// `[::ffff:127.0.0.1]`) and names that lead there are the same. A rule with a name lets the guest reach the addresses
/// that the name had when it was looked up, but for those of this host, of its link (where clouds keep their secrets)
/// and of groups: whoever owns a name could otherwise send the guest there. `localhost` is 127.0.0.1 and ::1.
public struct NetworkAccess: Sendable, Hashable {
    /// A rule: hosts, and one port or all of them.
    public struct Rule: Sendable, Hashable {
        enum Hosts: Sendable, Hashable {
            case any
            /// In lower case, without a dot at the end.
            case name(String)
            /// The addresses that begin with so many bits of this one.
            case addresses(NetworkAddress, bits: Int)
        }

        let hosts: Hosts
        /// Nil for all ports.
        let port: UInt16?

        /// Reads `HOST`, `HOST:PORT`, `*` or `*:PORT`, where HOST is a name, an address such as `10.0.0.1` or
        /// `[fd00::1]`, or all addresses that begin alike, such as `10.0.0.0/8` or `[fd00::/8]`.
        ///
        /// Nil where the text is nothing of that; the port is 1 to 65535.
        public init?(parsing text: String) {
            guard let (host, port) = Self.split(text) else { return nil }
            guard let port else {
                guard let hosts = Self.hosts(host) else { return nil }
                (self.hosts, self.port) = (hosts, nil)
                return
            }
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0,
                let hosts = Self.hosts(host)
            else { return nil }
            (self.hosts, self.port) = (hosts, number)
        }

        private init(_ hosts: Hosts, port: UInt16?) { (self.hosts, self.port) = (hosts, port) }
        static let everything = Rule(.any, port: nil)

        /// Host and port; a host in brackets, or with several colons, is an address of version 6.
        private static func split(_ text: String) -> (host: String, port: String?)? {
            if text.hasPrefix("[") {
                guard let end = text.firstIndex(of: "]") else { return nil }
                let host = String(text[text.index(after: text.startIndex)..<end])
                let rest = text[text.index(after: end)...]
                guard host.contains(":"), rest.isEmpty || rest.hasPrefix(":") else { return nil }
                return (host, rest.isEmpty ? nil : String(rest.dropFirst()))
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 else { return (text, nil) }
            return (String(parts[0]), String(parts[1]))
        }

        private static func hosts(_ text: String) -> Hosts? {
            if text == "*" { return .any }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            if let address = NetworkAddress(numericHost: String(parts[0]), port: 0) {
                let size = address.bytes.count * 8
                if parts.count == 1 {
                    let plain = address.unmapped
                    return .addresses(plain, bits: plain.bytes.count * 8)
                }
                guard parts.count == 2, let bits = Int(parts[1]), (0...size).contains(bits) else { return nil }
                return .addresses(address, bits: bits)
            }
            let name = NetworkAccess.normalized(text)
            let allowed = name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
            }
            return allowed && !name.isEmpty ? .name(name) : nil
        }

        func matches(port: UInt16) -> Bool { self.port == nil || self.port == port }

        /// Whether the rule says something about an address itself.
        func contains(_ address: NetworkAddress) -> Bool {
            switch hosts {
            case .any: true
            case .name(let name): name == NetworkAccess.localhost && address.isLocalhost
            case .addresses(let first, let bits):
                first.bytes.count == address.bytes.count
                    && zip(first.bytes, address.bytes).enumerated().allSatisfy { place, pair in
                        let shown = min(8, max(0, bits - place * 8))
                        return (pair.0 ^ pair.1) & (shown == 0 ? 0 : UInt8(truncatingIfNeeded: 0xFF00 >> shown)) == 0
                    }
            }
        }
    }

    /// The rules: what one of them permits is permitted.
    public var rules: [Rule]

    /// Permits what one of the rules permits.
    public init(rules: [Rule]) { self.rules = rules }

    /// Reads rules that commas separate; nil where one of them is none.
    ///
    /// See ``Rule/init(parsing:)``.
    public init?(parsing text: String) {
        let rules = text.split(separator: ",", omittingEmptySubsequences: false).map { Rule(parsing: String($0)) }
        guard !rules.contains(nil) else { return nil }
        self.init(rules: rules.compactMap { $0 })
    }

    /// Permits the hosts of a list, each written as ``Rule/init(parsing:)`` reads it: `api.example.com:443`, `10.0.0.0/8`.
    ///
    /// - Throws: ``HostAccessError/host(_:)``, where one is none.
    public init(hosts: [String]) throws(HostAccessError) {
        var rules: [Rule] = []
        for host in hosts {
            guard let rule = Rule(parsing: host) else { throw .host(host) }
            rules.append(rule)
        }
        self.init(rules: rules)
    }

    /// Nothing.
    public static let none = NetworkAccess(rules: [])
    /// Every host and port.
    public static let all = NetworkAccess(rules: [.everything])

    /// Whether nothing is permitted.
    public var isNothing: Bool { rules.isEmpty }
    /// Whether everything is permitted, so that nothing needs to be compared.
    public var isEverything: Bool { rules.contains(.everything) }

    static let localhost = "localhost"

    /// A name as rules have it: names in the DNS know no case, and may end with a dot.
    static func normalized(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// Whether a connection to a host may be tried, which is a name or an address in any spelling.
    ///
    /// Of a name, the addresses that it turns out to have are to be asked about, too, before one of them is connected
    /// to.
    ///
    /// - Parameters:
    ///   - host: As in a URL, with or without brackets around an address of version 6.
    ///   - port: 1 to 65535.
    public func permits(host: String, port: UInt16) -> Bool {
        var host = host
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if let address = NetworkAddress(numericHost: host, port: port) { return permits(address) }
        let name = Self.normalized(host)
        return rules.contains { rule in
            guard rule.matches(port: port) else { return false }
            if case .any = rule.hosts { return true }
            if name == Self.localhost {
                return ["127.0.0.1", "::1"].contains {
                    NetworkAddress(numericHost: $0, port: port).map(rule.contains) ?? false
                }
            }
            return rule.hosts == .name(name)
        }
    }

    /// Whether an address may be connected to, which was found for a name or given.
    package func permits(_ address: NetworkAddress, foundFor name: String? = nil) -> Bool {
        let destination = address.destination
        let name = name.map(Self.normalized)
        return rules.contains { rule in
            guard rule.matches(port: destination.port) else { return false }
            if rule.contains(destination) { return true }
            guard case .name(let named) = rule.hosts else { return false }
            return named == name && !destination.isSpecial
        }
    }

    /// Whether the guest may receive on an address of this host.
    package func permitsListening(on address: NetworkAddress) -> Bool {
        rules.contains { $0.matches(port: address.port) && $0.contains(address.unmapped) }
    }

    /// Whether a name may be looked up: a question alone already tells somebody something.
    package func permitsLookup(of name: String) -> Bool {
        let name = Self.normalized(name)
        return !isNothing
            && (name == Self.localhost || rules.contains { $0.hosts == .any || $0.hosts == .name(name) })
    }

    /// What the user is told when something was refused.
    ///
    /// - Parameter target: What the guest wanted to reach.
    package func hint(about target: String) -> String {
        "the program may not open connections such as \(target.debugDescription); "
            + (isNothing ? "the option --allow-net lets it" : "the list of --allow-net does not name it")
    }
}
