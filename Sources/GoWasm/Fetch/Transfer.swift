internal import CHostSystem
internal import HostSystem
internal import LibC

/// One request and its answer, over all redirections.
final class Transfer {
    /// The first line and the headers of an answer.
    struct Head {
        var status = 0
        var statusText = ""
        var headers = HeaderList()
    }

    /// What happens, in this order: a head, pieces of the body, the end; or a failure at any time.
    enum Event {
        case head(Head)
        case body([UInt8])
        case end
        case failure(FetchFailure)
    }

    /// More than this is not read ahead, in bytes.
    private static let window = 1 << 20
    private static let maximumRedirects = 20
    /// The longest headers of an answer, in bytes: Node's limit.
    private static let maximumHeaderSize = 16 << 10

    private(set) var request: FetchRequest
    private(set) var redirectCount = 0
    /// Whether the transfer has to be started again, with the request changed.
    private(set) var isRedirected = false
    /// Whether the transfer waits until somebody reads.
    private(set) var isPaused = false
    private let firstURL: WebURL
    /// Bytes that were delivered and not read yet.
    private var unread = 0
    /// How many bytes of the body may still come, unpacked.
    private var remaining: UInt64
    private var head = Head()
    private var headerSize = 0
    private var hasHead = false
    private var isOver = false
    private var decoder: ContentDecoder?
    /// Whether the decoder has bytes that nobody has room for yet.
    private var isDecoderFull = false
    /// Whether everything has come, though not everything is delivered.
    private var hasAll = false
    /// Whether an address was not to be connected to.
    var wasDenied = false
    private let handler: (Event) -> Void

    private(set) var handle: UnsafeMutableRawPointer?
    private var list: UnsafeMutableRawPointer?
    private var body: UnsafeMutableRawBufferPointer?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(GWCurlErrorSize))

    init(_ request: FetchRequest, maximumBodySize: UInt64 = .max, _ handler: @escaping (Event) -> Void) {
        self.request = request
        remaining = maximumBodySize
        self.handler = handler
        firstURL = request.url
    }

    deinit {
        body?.deallocate()
        errorText.deallocate()
    }

    // MARK: The request

    /// Makes libcurl's handle and starts.
    func attach(
        to multi: UnsafeMutableRawPointer, proxy: String?
    ) throws(FetchFailure) -> UnsafeMutableRawPointer {
        // Not before: what sent the request that was redirected may have gone on reading it.
        if request.body == nil {
            body?.deallocate()
            body = nil
        }
        let isSecure = request.url.scheme == "https"
        let headers = try WireHeaders(
            request, encodings: ContentDecoder.accepted(isSecure: isSecure), usesProxy: proxy != nil)
        guard let easy = gw_curl_new() else { throw FetchFailure("out of memory") }
        handle = easy
        (head, hasHead, headerSize, isRedirected, isPaused) = (Head(), false, 0, false, false)
        errorText.pointee = 0
        gw_curl_set_pointer(easy, .errorBuffer, errorText)
        setDestination(easy, proxy)
        setMethod(easy)
        setHeaders(easy, headers)
        setReceivers(easy)
        if !request.network.isEverything {
            gw_curl_set_opener(easy, Unmanaged.passUnretained(self).toOpaque(), Self.openPermitted)
        }
        gw_curl_multi_add(multi, easy)
        return easy
    }

    /// libcurl gets the origin only; what the first line says it is told apart, so that it changes nothing in it.
    private func setDestination(_ easy: UnsafeMutableRawPointer, _ proxy: String?) {
        gw_curl_set_pointer(easy, .url, "\(request.url.scheme)://\(request.url.authority)/")
        gw_curl_set_pointer(easy, .requestTarget, request.url.requestTarget)
        gw_curl_set_long(easy, .protocols, Int(GWCurlProtocols))
        gw_curl_set_long(easy, .httpVersion, Int(GWCurlHTTP11))
        // Empty: not those of the environment.
        gw_curl_set_pointer(easy, .proxy, proxy ?? "")
        gw_curl_set_pointer(easy, .noProxy, "")
        if proxy != nil {
            // As Node does, which has the same connection for all schemes.
            gw_curl_set_long(easy, .httpProxyTunnel, 1)
            gw_curl_set_long(easy, .suppressConnectHeaders, 1)
        }
        // Under Node's name for it; besides, those in the system's folder of certificates are trusted.
        if let file = getenv("NODE_EXTRA_CA_CERTS") { gw_curl_set_pointer(easy, .certificates, file) }
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer) {
        let content = request.body ?? []
        if !content.isEmpty {
            if body == nil {
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
                content.withUnsafeBytes { copy.copyMemory(from: $0) }
                body = copy
            }
            gw_curl_set_long(easy, .post, 1)
            gw_curl_set_size(easy, .postFieldSize, Int64(content.count))
            gw_curl_set_pointer(easy, .postFields, body?.baseAddress)
        }
        if request.method == "HEAD" { gw_curl_set_long(easy, .noBody, 1) }
        gw_curl_set_pointer(easy, .customRequest, request.method)
    }

    private func setHeaders(_ easy: UnsafeMutableRawPointer, _ headers: WireHeaders) {
        // What libcurl would add by itself, unless they are given.
        for name in ["Content-Type", "Expect"]
        where !headers.lines.contains(where: { WebHost.asciiLowercased($0.name) == WebHost.asciiLowercased(name) }) {
            list = gw_curl_list_append(list, "\(name):")
        }
        for (name, value) in headers.lines {
            let line = Latin1.encode(value.isEmpty ? "\(name);" : "\(name): \(value)") + [0]
            list = line.withUnsafeBytes { gw_curl_list_append(list, $0.baseAddress) }
        }
        gw_curl_set_pointer(easy, .httpHeader, list)
        if headers.closesConnection { gw_curl_set_long(easy, .forbidReuse, 1) }
    }

    private func setReceivers(_ easy: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        gw_curl_set_pointer(easy, .headerData, context)
        gw_curl_set_writer(easy, .headerFunction) { bytes, size, count, context in
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            let goesOn = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().receive(headerLine: line)
            return goesOn ? size * count : 0
        }
        gw_curl_set_pointer(easy, .writeData, context)
        gw_curl_set_writer(easy, .writeFunction) { bytes, size, count, context in
            let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().receive(body: piece)
        }
    }

    func detach(from multi: UnsafeMutableRawPointer) {
        guard let easy = handle else { return }
        handle = nil
        gw_curl_multi_remove(multi, easy)
        gw_curl_free(easy)
        gw_curl_list_free(list)
        list = nil
    }

    // MARK: The head of the answer

    /// Returns whether libcurl shall go on.
    private func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        if hasHead { return !isOver }  // a trailer
        let text = Latin1.decode(line).trimmingLineEnd()
        if text.hasPrefix("HTTP/"), !line.isEmpty, headerSize == 0 || head.status < 200 {
            return receive(statusLine: text)
        }
        if text.isEmpty {
            // Answers below 200 announce another one.
            return head.status < 200 || finishHead()
        }
        headerSize += line.count
        guard headerSize <= Self.maximumHeaderSize else { return fail(.headersOverflow) }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, HeaderList.isToken(parts[0]) else {
            return fail(.badAnswer("Invalid header token"))
        }
        let value = HeaderList.trimmed(String(parts[1]))
        guard HeaderList.isSendable(value) else {
            return fail(.badAnswer("Invalid header value char"))
        }
        head.headers.append(WebHost.asciiLowercased(String(parts[0])), value)
        return true
    }

    private func receive(statusLine text: String) -> Bool {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        headerSize = 0
        head = Head(
            status: parts.count > 1 ? Int(parts[1]) ?? 0 : 0, statusText: parts.count > 2 ? String(parts[2]) : "")
        // Nobody has asked for another protocol.
        return head.status != 101 || fail(FetchFailure("bad upgrade", name: "SocketError", code: "UND_ERR_SOCKET"))
    }

    private func finishHead() -> Bool {
        hasHead = true
        do throws(FetchFailure) {
            if FetchRequest.redirectStatus.contains(head.status), request.redirect != .manual {
                guard request.redirect == .follow else { throw FetchFailure("unexpected redirect") }
                if let location = head.headers.value("location") {
                    try follow(location)
                    // Its body is not waited for.
                    return head.headers.value("content-length") == "0"
                }
            }
            let hasBody = request.method != "HEAD" && !FetchRequest.nullBodyStatus.contains(head.status)
            if hasBody, let encodings = head.headers.value("content-encoding"), !encodings.isEmpty {
                decoder = try ContentDecoder.make(encodings)
            }
        } catch {
            return fail(error)
        }
        handler(.head(head))
        return true
    }

    /// Changes the request as an answer asks for it.
    private func follow(_ location: String) throws(FetchFailure) {
        guard redirectCount < Self.maximumRedirects else { throw FetchFailure("redirect count exceeded") }
        // Bytes that are not ASCII are meant as UTF-8.
        try request.follow(head.status, to: String(decoding: Latin1.encode(location), as: UTF8.self))
        redirectCount += 1
        try request.checkDestination(from: firstURL, isRedirected: true)
        guard request.isPermitted else { throw FetchFailure("permission denied", code: "EACCES") }
        isRedirected = true
    }

    // MARK: The body of the answer

    private func receive(body piece: UnsafeRawBufferPointer) -> Int {
        // The body of an answer that leads elsewhere.
        if isRedirected || isOver { return 0 }
        if unread >= Self.window || isDecoderFull {
            isPaused = true
            return Int(GWCurlWritePause)
        }
        guard let decoder else { return deliver(Array(piece)) ? piece.count : 0 }
        decoder.feed(Array(piece))
        return decode() ? piece.count : 0
    }

    /// Returns whether the body may be as long.
    private func deliver(_ piece: [UInt8]) -> Bool {
        guard UInt64(piece.count) <= remaining else {
            return fail(FetchFailure("the body is larger than the limit of bodies"))
        }
        remaining -= UInt64(piece.count)
        unread += piece.count
        handler(.body(piece))
        return true
    }

    /// Delivers what the decoder has, as far as there is room; returns whether it could be decoded.
    private func decode() -> Bool {
        guard let decoder else { return true }
        do throws(FetchFailure) {
            while unread < Self.window {
                guard let piece = try decoder.next() else {
                    isDecoderFull = false
                    return true
                }
                guard deliver(piece) else { return false }
            }
            isDecoderFull = true
            return true
        } catch {
            return fail(error)
        }
    }

    /// Notes that somebody has read bytes, and lets the transfer go on where it waited for that.
    func consume(_ count: Int) {
        unread -= count
        guard unread < Self.window / 2, !isOver else { return }
        if isDecoderFull {
            guard decode(), !isDecoderFull else { return }
            if hasAll { return finish() }
        }
        guard isPaused, let handle else { return }
        isPaused = false
        gw_curl_resume(handle)
    }

    // MARK: The end

    func end(_ result: Int32) {
        if isRedirected || isOver { return }
        if result == 0 {
            hasAll = true
            if !isDecoderFull { finish() }
            return
        }
        if wasDenied { return _ = fail(FetchFailure("permission denied", code: "EACCES")) }
        let host = request.url.authority
        switch Int(result) {
        case Int(GWCurlCouldNotResolve), Int(GWCurlBadURL):
            let name = "\(request.url.host ?? .empty)"
            _ = fail(FetchFailure("getaddrinfo ENOTFOUND \(name)", code: "ENOTFOUND"))
        case Int(GWCurlCouldNotConnect):
            let error = ErrorCode(Int32(truncatingIfNeeded: handle.map(gw_curl_system_error) ?? 0))
            let port = request.url.effectivePort.map { request.url.port == nil ? ":\($0)" : "" } ?? ""
            _ = fail(FetchFailure("connect \(error.name) \(host)\(port)", code: "\(error.name)"))
        default:
            let text = errorText.pointee == 0 ? String(cString: gw_curl_error_text(result)) : String(cString: errorText)
            _ = fail(FetchFailure(text))
        }
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        handler(.end)
    }

    /// Says so, once; returns false, for libcurl to stop.
    @discardableResult
    func fail(_ failure: FetchFailure) -> Bool {
        guard !isOver else { return false }
        isOver = true
        handler(.failure(failure))
        return false
    }
}

extension String {
    fileprivate func trimmingLineEnd() -> String {
        var end = unicodeScalars.endIndex
        while end > unicodeScalars.startIndex {
            let before = unicodeScalars.index(before: end)
            guard ["\r", "\n", " ", "\t"].contains(unicodeScalars[before]) else { break }
            end = before
        }
        return String(unicodeScalars[..<end])
    }
}
