internal import LibC

/// The proxies that this process's environment names: used only where it also says `NODE_USE_ENV_PROXY=1`, as in Node 24.
struct ProxySettings {
    private var http: String?
    private var https: String?
    private var exceptions: [(host: String, port: UInt16?)] = []
    private var excludesAll = false

    /// No proxies.
    init() {}

    /// Reads variables; the lower-case name of each comes before the other.
    init(_ variable: (String) -> String?) {
        guard variable("NODE_USE_ENV_PROXY") == "1" else { return }
        func value(_ name: String) -> String? { variable(name) ?? variable(name.uppercased()) }
        http = value("http_proxy").flatMap { $0.isEmpty ? nil : $0 }
        https = value("https_proxy").flatMap { $0.isEmpty ? nil : $0 } ?? http
        let list = value("no_proxy") ?? ""
        excludesAll = list == "*"
        for entry in list.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            var host = entry
            var port: UInt16?
            if let colon = entry.lastIndex(of: ":"), colon != entry.startIndex,
                let number = UInt16(entry[entry.index(after: colon)...])
            {
                (host, port) = (entry[..<colon], number)
            }
            if host.hasPrefix("*.") { host = host.dropFirst(2) } else if host.hasPrefix(".") { host = host.dropFirst() }
            exceptions.append((WebHost.asciiLowercased(String(host)), port))
        }
    }

    /// Those of this process's environment.
    static func ofProcess() -> ProxySettings {
        ProxySettings { name in getenv(name).map { String(cString: $0) } }
    }

    /// The proxy for a URL, as libcurl takes it; nil for none.
    func proxy(for url: WebURL) throws(FetchFailure) -> String? {
        guard let proxy = url.scheme == "https" ? https : http, !isExcluded(url) else { return nil }
        guard var parsed = WebURL(proxy), parsed.host != nil else {
            throw FetchFailure("the proxy \(proxy.debugDescription) of the environment is no URL")
        }
        switch parsed.scheme {
        case "http", "https": break
        // The proxy looks the name up.
        case "socks", "socks5": parsed.scheme = "socks5h"
        default:
            throw FetchFailure("the proxy \(proxy.debugDescription) of the environment is neither HTTP nor SOCKS 5")
        }
        parsed.path = .segments([])
        (parsed.query, parsed.fragment) = (nil, nil)
        if parsed.port == nil { parsed.port = parsed.effectivePort ?? 1080 }
        return parsed.href
    }

    private func isExcluded(_ url: WebURL) -> Bool {
        if excludesAll { return true }
        let host = "\(url.host ?? .empty)"
        return exceptions.contains { entry in
            (entry.port == nil || entry.port == url.effectivePort)
                && (host == entry.host || host.hasSuffix("." + entry.host))
        }
    }
}
