import Testing

@testable import GoWasm

@Suite("Rules of fetch")
struct FetchRuleTests {
    private func request(
        _ method: String = "GET", _ headers: [(String, String)] = [], body: String? = nil
    ) throws -> FetchRequest {
        var request = FetchRequest(url: try #require(WebURL("http://host/")))
        request.method = method
        request.body = body.map { Array($0.utf8) }
        for (name, value) in headers { request.headers.append(name, value) }
        return request
    }

    private func lines(_ request: FetchRequest) throws -> [String] {
        try WireHeaders(request, encodings: "gzip").lines.map { "\($0.name): \($0.value)" }
    }

    @Test("all headers are known before libcurl has any")
    func plain() throws {
        #expect(
            try lines(request("POST", [("X-A", "1"), ("x-a", "2"), ("Host", "other"), ("7", "")], body: "abc")) == [
                "connection: keep-alive", "7: ", "X-A: 1, 2", "accept: */*", "accept-language: *",
                "sec-fetch-mode: cors", "user-agent: gowasm-fast", "accept-encoding: gzip", "content-length: 3",
            ])
    }

    @Test(
        "the framing of a message is not the program's",
        arguments: [
            ("Transfer-Encoding", "chunked"), ("transfer-encoding", ""), ("Keep-Alive", "1"), ("Upgrade", "h2c"),
            ("Expect", "100-continue"), ("Content-Length", "1"), ("Content-Length", "4"), ("Content-Length", "3, 3"),
            ("Content-Length", "0x3"), ("Content-Length", ""), ("Connection", "a b"), ("Connection", ""),
            ("X", "a\u{7F}"), ("X", "a\u{0B}"), ("X", "\u{1}"),
        ])
    func refused(name: String, value: String) throws {
        let request = try request("POST", [(name, value)], body: "abc")
        #expect(throws: FetchFailure.self) { try WireHeaders(request, encodings: "") }
    }

    @Test("a length that is the body's is told once, one without a body is not")
    func lengths() throws {
        func told(_ request: FetchRequest) throws -> [String] {
            try lines(request).filter { $0.lowercased().hasPrefix("content-length") }
        }
        #expect(try told(request("POST", [("Content-Length", "3")], body: "abc")) == ["content-length: 3"])
        #expect(try told(request("GET", [("Content-Length", "3")])) == [])
        #expect(try told(request("PUT", [("Content-Length", "3")])) == ["content-length: 0"])
        #expect(try told(request("DELETE", body: "")) == [])
    }

    @Test("connections are closed where the program asks for it, and behind HEAD")
    func connections() throws {
        func isClosed(_ request: FetchRequest) throws -> Bool {
            let headers = try WireHeaders(request, encodings: "")
            #expect(headers.lines.first?.value == (headers.closesConnection ? "close" : "keep-alive"))
            return headers.closesConnection
        }
        #expect(try isClosed(request("HEAD")))
        #expect(try isClosed(request("GET", [("Connection", "x, Close")])))
        #expect(try !isClosed(request("GET", [("Connection", "keep-alive")])))
    }

    @Test("methods")
    func methods() throws {
        #expect(try FetchRequest.normalized(method: "pOsT") == "POST")
        #expect(try FetchRequest.normalized(method: "patch") == "patch")
        for method in ["connect", "TRACE", "Track"] {
            #expect(throws: FetchRequest.MethodError.forbidden) { try FetchRequest.normalized(method: method) }
        }
        for method in ["", "a b", "GET\r\n", "GËT"] {
            #expect(throws: FetchRequest.MethodError.invalid) { try FetchRequest.normalized(method: method) }
        }
    }

    @Test("what is meant for one origin does not reach another, and a changed method has no body")
    func redirections() throws {
        let headers = [("Authorization", "a"), ("Cookie", "b"), ("Content-Type", "c"), ("X", "d")]
        func names(_ status: Int, _ method: String, _ location: String) throws -> (String, [String]) {
            var request = try request(method, headers, body: "abc")
            try request.follow(status, to: location)
            return (request.method, request.headers.fields.map(\.name))
        }
        #expect(try names(302, "POST", "/x") == ("GET", ["Authorization", "Cookie", "X"]))
        #expect(try names(307, "POST", "https://host/") == ("POST", ["Content-Type", "X"]))
        #expect(try names(303, "PUT", "http://host:81/") == ("GET", ["X"]))
        for location in ["file:///etc/passwd", "ftp://host/", "data:,x", "http://[", "http://a:b@host/"] {
            #expect(throws: FetchFailure.self) { try names(302, "GET", location) }
        }
    }

    @Test("blocked ports are so behind redirections, too")
    func ports() throws {
        var request = try request()
        let first = request.url
        try request.follow(302, to: "http://host:25/")
        #expect(throws: FetchFailure("bad port")) { try request.checkDestination(from: first, isRedirected: true) }
    }

    @Test(
        "data: URLs",
        arguments: [
            ("data:,a%20b", "text/plain;charset=US-ASCII", "a b"),
            ("data:;base64,aGk", "text/plain;charset=US-ASCII", "hi"),
            ("data:x/y;a=\"b;c\\\"\";A=f,z", "x/y;a=\"b;c\\\"\"", "z"), ("data:TEXT/HTML;x,<b>", "text/html", "<b>"),
            ("data:x/y; base64 ,aGk=#f", "x/y", "hi"),
        ])
    func dataURLs(text: String, type: String, body: String) throws {
        let url = try #require(WebURL(text))
        let data = try #require(DataURL(url))
        #expect("\(data.type)" == type)
        #expect(String(decoding: data.body, as: UTF8.self) == body)
    }

    @Test("data: URLs without a comma, or with wrong Base64")
    func wrongDataURLs() throws {
        for text in ["data:", "data:x", "data:;base64,a", "data:;base64,a=b"] {
            let url = try #require(WebURL(text))
            #expect(DataURL(url) == nil)
        }
    }

    // MARK: Proxies

    private func proxies(_ variables: [String: String]) -> ProxySettings { ProxySettings { variables[$0] } }

    private func proxy(_ settings: ProxySettings, _ url: String) throws -> String? {
        try settings.proxy(for: #require(WebURL(url)))
    }

    @Test("proxies of the environment are used only where Node would")
    func proxiesOfEnvironment() throws {
        let plain = proxies(["http_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2"])
        #expect(try proxy(plain, "http://host/") == nil)
        let used = proxies([
            "NODE_USE_ENV_PROXY": "1", "HTTP_PROXY": "http://upper", "http_proxy": "http://u:s@p:1/x",
            "no_proxy": ".in, *.out h:81",
        ])
        #expect(try proxy(used, "http://host/") == "http://u:s@p:1")
        #expect(try proxy(used, "https://host/") == "http://u:s@p:1")
        for url in ["http://in/", "http://a.in/", "https://b.out/", "http://h:81/"] {
            #expect(try proxy(used, url) == nil)
        }
        #expect(try proxy(used, "http://h:82/") != nil)
        let all = proxies(["NODE_USE_ENV_PROXY": "1", "http_proxy": "http://p:1", "NO_PROXY": "*"])
        #expect(try proxy(all, "http://host/") == nil)
        let socks = proxies(["NODE_USE_ENV_PROXY": "1", "http_proxy": "socks5://p:9"])
        #expect(try proxy(socks, "http://host/") == "socks5h://p:9")
        let wrong = proxies(["NODE_USE_ENV_PROXY": "1", "http_proxy": "ftp://p"])
        #expect(throws: FetchFailure.self) { try proxy(wrong, "http://host/") }
    }

    // MARK: Contents

    private func decode(_ encodings: String, _ pieces: [[UInt8]]) throws -> String? {
        guard let decoder = try ContentDecoder.make(encodings) else { return nil }
        var result: [UInt8] = []
        for piece in pieces {
            decoder.feed(piece)
            while let output = try decoder.next() { result += output }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let gzipped: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0xCB, 0xCF, 0x4B, 5, 0, 0xF1, 0x86, 0x6C, 0x7A, 3, 0, 0, 0,
    ]  // "one"

    @Test("encodings of contents are undone, also byte by byte")
    func decoding() throws {
        let bytes = Self.gzipped
        #expect(try decode("gzip", [bytes]) == "one")
        #expect(try decode(" X-GZIP ", bytes.map { [$0] }) == "one")
        #expect(try decode("gzip", [bytes + bytes, [0, 0]]) == "oneone")
        #expect(try decode("deflate", [Array(bytes[10..<15])]) == "one")
        #expect(try decode("gzip", [Array(bytes.dropLast(8))]) == "one")
        #expect(try decode("gzip", []) == "")
    }

    @Test("of an encoding that nobody knows the contents stay as they are")
    func unknown() throws {
        for encodings in ["unknown", "identity", "gzip, unknown", "unknown, gzip", ""] {
            #expect(try ContentDecoder.make(encodings) == nil)
        }
        #expect(throws: FetchFailure.self) { try ContentDecoder.make("gzip,gzip,gzip,gzip,gzip,gzip") }
        #expect(throws: FetchFailure.self) { try decode("gzip", [Array("no gzip".utf8)]) }
    }

    @Test("what a few bytes become is made piece by piece")
    func bombs() throws {
        guard let decoder = try ContentDecoder.make("zstd") else { return }  // its library is not there
        // A frame with a window of 128 KiB, and blocks of a repeated byte, of four bytes and that length each.
        let block: [UInt8] = [0x02, 0x00, 0x10, 0x78]
        decoder.feed([0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38] + Array(repeating: block, count: 80).flatMap { $0 })
        var count = 0
        while let piece = try decoder.next() {
            #expect(piece.count <= 1 << 16)
            count += piece.count
        }
        #expect(count == 80 << 17)
    }

    /// What comes in pieces is put together: each byte is moved once on the average, however long the body is.
    @Test("bodies are read in a time that is in proportion to their length", arguments: [8, 16, 32])
    func bodies(mebibytes: Int) throws {
        let body = WholeBody()
        let piece = [UInt8](repeating: 7, count: 16 << 10)
        for _ in 0..<(mebibytes << 20) / piece.count { #expect(piece.withUnsafeBytes { body.append($0) }) }
        #expect(body.bytes.count == mebibytes << 20)
        #expect(body.movedByteCount <= mebibytes << 20)
        // What is made of it takes the memory over, and moves nothing.
        let array = body.array(FakeGuest().realm)
        #expect(array.length == mebibytes << 20 && body.bytes.count == 0)
    }
}
