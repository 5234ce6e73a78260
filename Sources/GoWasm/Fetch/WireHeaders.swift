/// The headers of a request as they are sent: all of them, so that nobody below adds any but `Host`.
///
/// What programs may not say (lengths that are not the body's, how the message is framed, what happens to the
/// connection) is refused or left out here, where Node does so.
struct WireHeaders {
    private(set) var lines: [(name: String, value: String)] = []
    /// Whether the connection must not be used again.
    private(set) var closesConnection: Bool
    /// Whether the length of a body is told even where it is zero.
    private let expectsBody: Bool
    private var givenLength: String?

    private static let methodsWithBody: Set = ["PUT", "POST", "PATCH", "QUERY", "PROPFIND", "PROPPATCH"]

    /// The name that this client gives itself.
    static let userAgent = "gowasm-fast"

    /// - Parameter encodings: The encodings of contents that answers may have.
    init(_ request: FetchRequest, encodings: String, usesProxy: Bool = false) throws(FetchFailure) {
        closesConnection = request.method == "HEAD"
        expectsBody = Self.methodsWithBody.contains(request.method)
        let headers = Self.completed(request, encodings: encodings)
        for field in Self.inOrder(headers.fields) {
            if usesProxy, field.key == "proxy-authorization" {
                throw .invalidArgument("Proxy-Authorization should be sent in ProxyAgent constructor")
            }
            try add(field)
        }
        try addLength(of: request)
        lines.insert(("connection", closesConnection ? "close" : "keep-alive"), at: 0)
    }

    /// The program's headers and those that fetch adds (HTTP-network-or-cache fetch).
    private static func completed(_ request: FetchRequest, encodings: String) -> HeaderList {
        var headers = request.headers
        func addMissing(_ name: String, _ value: String) {
            if !headers.contains(name) { headers.append(name, value) }
        }
        addMissing("accept", "*/*")
        addMissing("accept-language", "*")
        headers.set("sec-fetch-mode", request.mode.rawValue)
        addMissing("user-agent", userAgent)
        let conditions = ["if-modified-since", "if-none-match", "if-unmodified-since", "if-match", "if-range"]
        let isConditional = request.cache == .standard && conditions.contains { headers.contains($0) }
        if request.cache == .noCache { addMissing("cache-control", "max-age=0") }
        if isConditional || request.cache == .noStore || request.cache == .reload {
            addMissing("pragma", "no-cache")
            addMissing("cache-control", "no-cache")
        }
        if headers.contains("range") { headers.append("accept-encoding", "identity") }
        addMissing("accept-encoding", encodings)
        headers.remove("host")
        return headers
    }

    /// Node keeps them as properties of an object: those whose names are numbers come first.
    private static func inOrder(_ fields: [HeaderList.Field]) -> [HeaderList.Field] {
        let numbered = fields.compactMap { field in PropertyKey.arrayIndex(field.name).map { ($0, field) } }
        guard !numbered.isEmpty else { return fields }
        return numbered.sorted { $0.0 < $1.0 }.map(\.1) + fields.filter { PropertyKey.arrayIndex($0.name) == nil }
    }

    private mutating func add(_ field: HeaderList.Field) throws(FetchFailure) {
        let value = field.value
        guard HeaderList.isSendable(value) else { throw .invalidArgument("invalid \(field.name) header") }
        switch field.key {
        case "content-length":
            guard !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw .invalidArgument("invalid content-length header")
            }
            givenLength = value
        case "transfer-encoding", "keep-alive", "upgrade": throw .invalidArgument("invalid \(field.key) header")
        case "connection":
            for token in value.split(separator: ",", omittingEmptySubsequences: false) {
                let option = HeaderList.trimmed(WebHost.asciiLowercased(String(token)))
                guard HeaderList.isToken(option) else { throw .invalidArgument("invalid connection header") }
                if option == "close" { closesConnection = true }
            }
        case "expect": throw .expectUnsupported
        default: lines.append((field.name, value))
        }
    }

    /// A length that is given is no more than a claim, which is checked where there is a body.
    private mutating func addLength(of request: FetchRequest) throws(FetchFailure) {
        let length = request.body?.count ?? 0
        if request.body != nil, let givenLength, UInt64(givenLength) != UInt64(length) { throw .lengthMismatch }
        if length > 0 || expectsBody { lines.append(("content-length", "\(length)")) }
    }
}

extension PropertyKey {
    /// The number that a text is, if it is one as arrays have them: in decimal, without zeros before it.
    fileprivate static func arrayIndex(_ text: String) -> UInt32? {
        guard let number = UInt32(text), number < .max, "\(number)" == text else { return nil }
        return number
    }
}
