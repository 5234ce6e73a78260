internal import HostSystem

/// A request as the Fetch standard has it (https://fetch.spec.whatwg.org), after its checks.
struct FetchRequest {
    /// What to do when the answer leads elsewhere.
    enum Redirect: String, CaseIterable {
        case follow, manual, error
    }
    enum Mode: String, CaseIterable {
        case navigate
        case sameOrigin = "same-origin"
        case noCORS = "no-cors"
        case cors
    }
    enum Credentials: String, CaseIterable {
        case omit
        case sameOrigin = "same-origin"
        case include
    }
    enum Cache: String, CaseIterable {
        case standard = "default"
        case noStore = "no-store"
        case reload
        case noCache = "no-cache"
        case forceCache = "force-cache"
        case onlyIfCached = "only-if-cached"
    }
    /// What a program may see of the answer, by where it came from.
    enum Tainting: String {
        case basic, cors, opaque
    }

    var method = "GET"
    var url: WebURL
    var headers = HeaderList()
    var body: [UInt8]?
    var redirect = Redirect.follow
    var mode = Mode.cors
    var cache = Cache.standard
    var tainting = Tainting.basic
    /// What may be connected to.
    var network = NetworkAccess.all

    init(url: WebURL) { self.url = url }

    // MARK: Methods

    /// Methods that no program may use.
    private static let forbiddenMethods: Set = ["CONNECT", "TRACE", "TRACK"]
    /// Methods that may be given in lower case.
    private static let normalizedMethods: Set = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]

    /// Why a method is none.
    enum MethodError: Error {
        case invalid, forbidden
    }

    static func normalized(method: String) throws(MethodError) -> String {
        guard HeaderList.isToken(method) else { throw .invalid }
        let upper = method.uppercased()
        if forbiddenMethods.contains(upper) { throw .forbidden }
        return normalizedMethods.contains(upper) ? upper : method
    }

    // MARK: Ports

    /// The ports of services that are no web servers, which might take a request for a command (port blocking).
    static let blockedPorts: Set<UInt16> = [
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
        110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
        531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
        5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    ]

    /// Says why a request to the current URL is refused, before anything is sent (main fetch of the Fetch standard).
    ///
    /// - Parameter isRedirected: Whether an answer led there.
    mutating func checkDestination(from first: WebURL, isRedirected: Bool) throws(FetchFailure) {
        if url.isHTTP, let port = url.port, Self.blockedPorts.contains(port) { throw FetchFailure("bad port") }
        guard isRedirected else { return }
        if tainting == .basic, first.hasSameOrigin(as: url) { return }
        switch mode {
        case .sameOrigin, .navigate: throw FetchFailure("request mode cannot be \"same-origin\"")
        case .noCORS: tainting = .opaque
        case .cors: tainting = .cors
        }
    }

    // MARK: Redirections

    static let redirectStatus: Set = [301, 302, 303, 307, 308]
    static let nullBodyStatus: Set = [101, 204, 205, 304]
    /// What describes a body, and goes with it.
    private static let bodyHeaders = [
        "content-encoding", "content-language", "content-location", "content-type", "content-length",
    ]
    /// What is not told to another origin.
    private static let originHeaders = ["authorization", "proxy-authorization", "cookie", "host"]

    /// Changes the request as an answer with this status asks for it (HTTP-redirect fetch).
    mutating func follow(_ status: Int, to location: String) throws(FetchFailure) {
        guard let next = WebURL(location, base: url) else {
            throw FetchFailure("Invalid URL", name: "TypeError", code: "ERR_INVALID_URL")
        }
        guard next.isHTTP else { throw FetchFailure("URL scheme must be a HTTP(S) scheme") }
        if next.hasCredentials {
            if mode == .cors { throw FetchFailure("cross origin not allowed for request mode \"cors\"") }
            // They would have to be sent, which libcurl is never told to do.
            throw FetchFailure("URL cannot contain credentials")
        }
        if (status == 301 || status == 302) && method == "POST"
            || status == 303 && method != "GET" && method != "HEAD"
        {
            method = "GET"
            body = nil
            for key in Self.bodyHeaders { headers.remove(key) }
        }
        if !url.hasSameOrigin(as: next) {
            for key in Self.originHeaders { headers.remove(key) }
        }
        url = next
    }
}

/// Why a request failed: what a program sees as the cause of `TypeError: fetch failed`.
struct FetchFailure: Error, Equatable {
    var name: String
    var message: String
    var code: String?

    init(_ message: String, name: String = "Error", code: String? = nil) {
        self.name = name
        self.message = message
        self.code = code
    }

    static func invalidArgument(_ message: String) -> FetchFailure {
        FetchFailure(message, name: "InvalidArgumentError", code: "UND_ERR_INVALID_ARG")
    }

    static let expectUnsupported = FetchFailure(
        "expect header not supported", name: "NotSupportedError", code: "UND_ERR_NOT_SUPPORTED")

    static let lengthMismatch = FetchFailure(
        "Request body length does not match content-length header", name: "RequestContentLengthMismatchError",
        code: "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH")

    static let headersOverflow = FetchFailure(
        "Headers Overflow Error", name: "HeadersOverflowError", code: "UND_ERR_HEADERS_OVERFLOW")

    static func badAnswer(_ what: String) -> FetchFailure {
        FetchFailure("Response does not match the HTTP/1.1 protocol (\(what))", name: "HTTPParserError")
    }
}
