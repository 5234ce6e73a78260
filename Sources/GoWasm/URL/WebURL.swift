/// A URL as browsers and Node understand it: that of the URL Standard (https://url.spec.whatwg.org).
///
/// Parsing puts it into its normal form, so that equal texts mean the same.
struct WebURL: Equatable {
    /// What is behind the host.
    enum Path: Equatable {
        /// A text that is not divided, such as that of a `data:` URL.
        case opaque(String)
        case segments([String])
    }

    /// In lower case, without the colon.
    var scheme = ""
    var username = ""
    var password = ""
    var host: WebHost?
    /// Nil where it is the scheme's own.
    var port: UInt16?
    var path = Path.segments([])
    var query: String?
    var fragment: String?

    /// The default ports of the schemes that the standard calls special.
    private static let specialSchemes: [String: UInt16?] = [
        "ftp": 21, "file": nil, "http": 80, "https": 443, "ws": 80, "wss": 443,
    ]

    static func isSpecial(_ scheme: String) -> Bool { specialSchemes.keys.contains(scheme) }
    static func defaultPort(_ scheme: String) -> UInt16? { specialSchemes[scheme] ?? nil }

    var isSpecial: Bool { Self.isSpecial(scheme) }
    /// Whether a request to it goes over HTTP.
    var isHTTP: Bool { scheme == "http" || scheme == "https" }
    var hasCredentials: Bool { !username.isEmpty || !password.isEmpty }
    var hasOpaquePath: Bool { if case .opaque = path { true } else { false } }

    /// Host and port, as they are written in the header `Host`.
    var authority: String {
        guard let host else { return "" }
        return port.map { "\(host):\($0)" } ?? "\(host)"
    }

    /// The port that a connection goes to; nil where the scheme has none.
    var effectivePort: UInt16? { port ?? Self.defaultPort(scheme) }

    /// The path as text.
    var pathname: String {
        switch path {
        case .opaque(let text): text
        case .segments(let segments): segments.map { "/" + $0 }.joined()
        }
    }

    /// Path and query, as the first line of a request names them.
    var requestTarget: String { pathname + (query.map { "?" + $0 } ?? "") }

    /// The whole, without the fragment.
    var withoutFragment: String {
        var text = scheme + ":"
        if host != nil {
            text += "//"
            if hasCredentials { text += username + (password.isEmpty ? "" : ":" + password) + "@" }
            text += authority
        } else if case .segments(let segments) = path, segments.count > 1, segments[0].isEmpty {
            // Otherwise the path would look like a host.
            text += "/."
        }
        return text + requestTarget
    }

    /// The whole as text.
    var href: String { withoutFragment + (fragment.map { "#" + $0 } ?? "") }

    /// Whether both belong to the same origin: scheme, host and port.
    func hasSameOrigin(as other: WebURL) -> Bool {
        isSpecial && scheme != "file" && scheme == other.scheme && host == other.host && port == other.port
    }
}

/// A host of a ``WebURL``.
enum WebHost: Equatable, CustomStringConvertible {
    /// A name in ASCII and lower case.
    case domain(String)
    case ipv4(UInt32)
    /// Eight pieces of 16 bits.
    case ipv6([UInt16])
    /// What another scheme than the special ones has for a host.
    case opaque(String)
    case empty

    var description: String {
        switch self {
        case .domain(let name), .opaque(let name): name
        case .ipv4(let address):
            stride(from: 24, through: 0, by: -8).map { "\(address >> UInt32($0) & 0xFF)" }.joined(separator: ".")
        case .ipv6(let pieces): "[" + Self.text(pieces) + "]"
        case .empty: ""
        }
    }

    /// IPv6 addresses have their longest run of zeros, of two at least, replaced by two colons.
    private static func text(_ pieces: [UInt16]) -> String {
        var longest = 0..<0
        var start = 0
        while start < pieces.count {
            let end = pieces[start...].firstIndex { $0 != 0 } ?? pieces.count
            if end - start > max(1, longest.count) { longest = start..<end }
            start = max(end, start + 1)
        }
        let hexadecimal = pieces.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return hexadecimal.joined(separator: ":") }
        return hexadecimal[..<longest.lowerBound].joined(separator: ":") + "::"
            + hexadecimal[longest.upperBound...].joined(separator: ":")
    }
}
