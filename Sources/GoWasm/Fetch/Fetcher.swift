internal import CSupport
internal import HostSystem

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A request as `fetch` sends it.
struct FetchRequest {
    /// What to do when the answer leads elsewhere.
    enum Redirect {
        case follow, error, manual
    }

    var method: String
    var url: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]?
    var redirect = Redirect.follow
    /// What may be connected to.
    var network = NetworkAccess.all
}

/// The transfers of one program, all in one libcurl handle: they proceed while the event loop waits.
final class Fetcher {
    private let multi: UnsafeMutableRawPointer
    private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]

    /// Nil where libcurl is missing.
    init?() {
        guard gw_curl_load(), let multi = gw_curl_multi_new() else { return nil }
        self.multi = multi
    }

    deinit {
        for transfer in transfers.values { transfer.detach(from: multi) }
        gw_curl_multi_free(multi)
    }

    /// Whether something may still come from the network by itself.
    var isAlive: Bool { transfers.values.contains { !$0.isPaused } }

    /// Whether there are transfers at all.
    var isEmpty: Bool { transfers.isEmpty }

    func start(_ transfer: Transfer) {
        guard let easy = transfer.attach(to: multi) else {
            transfer.fail("out of memory", code: nil)
            return
        }
        transfers[easy] = transfer
    }

    /// Ends a transfer without a word.
    func stop(_ transfer: Transfer) {
        guard let easy = transfer.handle, transfers.removeValue(forKey: easy) != nil else { return }
        transfer.detach(from: multi)
    }

    /// Waits for transfers and other descriptors, and does what can be done.
    func wait(with others: inout [pollfd], milliseconds: Int32) {
        others.withUnsafeMutableBufferPointer {
            gw_curl_multi_wait(multi, $0.baseAddress, UInt32($0.count), milliseconds)
        }
        gw_curl_multi_perform(multi)
        var result: Int32 = 0
        while let easy = gw_curl_multi_ended(multi, &result) {
            guard let transfer = transfers.removeValue(forKey: easy) else { continue }
            transfer.end(result)
            transfer.detach(from: multi)
            if transfer.isRedirected { start(transfer) }
        }
    }
}

/// One request and its answer, over all redirections.
final class Transfer {
    /// The first line and the headers of an answer.
    struct Head {
        var status = 0
        var statusText = ""
        var headers: [(name: String, value: String)] = []

        func value(of name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    /// What happens, in this order: a head, pieces of the body, the end; or a failure at any time.
    enum Event {
        case head(Head)
        case body([UInt8])
        case end
        case failure(message: String, code: String?)
    }

    /// More than this is not read ahead, in bytes.
    private static let window = 1 << 20
    private static let maximumRedirects = 20

    private(set) var request: FetchRequest
    private(set) var redirectCount = 0
    /// Whether the transfer has to be started again, with the request changed.
    private(set) var isRedirected = false
    /// Whether the transfer waits until somebody reads.
    private(set) var isPaused = false
    /// Bytes that were delivered and not read yet.
    private var unread = 0
    private var head = Head()
    private var hasHead = false
    private var isOver = false
    /// Whether an address was not to be connected to.
    var wasDenied = false
    private let handler: (Event) -> Void

    private(set) var handle: UnsafeMutableRawPointer?
    private var list: UnsafeMutableRawPointer?
    private var body: UnsafeMutableRawBufferPointer?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(GWCurlErrorSize))

    init(_ request: FetchRequest, _ handler: @escaping (Event) -> Void) {
        self.request = request
        self.handler = handler
    }

    deinit {
        body?.deallocate()
        errorText.deallocate()
    }

    /// Makes libcurl's handle and starts; nil where there is no memory.
    fileprivate func attach(to multi: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        guard let easy = gw_curl_new() else { return nil }
        handle = easy
        (head, hasHead, isRedirected, isPaused) = (Head(), false, false, false)
        errorText.pointee = 0
        gw_curl_set_pointer(easy, .errorBuffer, errorText)
        request.url.withCString { gw_curl_set_pointer(easy, .url, $0) }
        gw_curl_set_long(easy, .protocols, Int(GWCurlProtocols))
        // As in Node: a proxy would have to be asked for.
        "".withCString { gw_curl_set_pointer(easy, .proxy, $0) }
        "".withCString { gw_curl_set_pointer(easy, .acceptEncoding, $0) }
        // Under Node's name for it; besides, those in the system's folder of certificates are trusted.
        if let file = getenv("NODE_EXTRA_CA_CERTS") { gw_curl_set_pointer(easy, .certificates, file) }
        setMethod(easy)
        setHeaders(easy)
        let context = Unmanaged.passUnretained(self).toOpaque()
        gw_curl_set_pointer(easy, .headerData, context)
        gw_curl_set_writer(easy, .headerFunction) { bytes, size, count, context in
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().receive(headerLine: line)
            return size * count
        }
        gw_curl_set_pointer(easy, .writeData, context)
        gw_curl_set_writer(easy, .writeFunction) { bytes, size, count, context in
            let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().receive(body: piece)
        }
        if !request.network.isEverything { gw_curl_set_opener(easy, context, Self.openPermitted) }
        gw_curl_multi_add(multi, easy)
        return easy
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer) {
        let sendsBody = request.body != nil || ["POST", "PUT", "PATCH"].contains(request.method)
        if sendsBody {
            if body == nil {
                body = .allocate(byteCount: max(1, request.body?.count ?? 0), alignment: 1)
                request.body?.withUnsafeBytes { body?.copyMemory(from: $0) }
            }
            gw_curl_set_long(easy, .post, 1)
            gw_curl_set_size(easy, .postFieldSize, Int64(request.body?.count ?? 0))
            gw_curl_set_pointer(easy, .postFields, body?.baseAddress)
        }
        if request.method == "HEAD" { gw_curl_set_long(easy, .noBody, 1) }
        if request.method != (sendsBody ? "POST" : "GET"), request.method != "HEAD" {
            request.method.withCString { gw_curl_set_pointer(easy, .customRequest, $0) }
        }
    }

    private func setHeaders(_ easy: UnsafeMutableRawPointer) {
        // Several values of a name become one line.
        var combined: [(name: String, value: String)] = []
        for (name, value) in request.headers {
            if let place = combined.firstIndex(where: { $0.name == name }) {
                combined[place].value += (name == "cookie" ? "; " : ", ") + value
            } else {
                combined.append((name, value))
            }
        }
        var lines = combined.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        let names = Set(combined.map(\.name))
        // What libcurl would add by itself and fetch does not.
        if !names.contains("content-type") { lines.append("Content-Type:") }
        lines.append("Expect:")
        if !names.contains("user-agent") { lines.append("User-Agent: gowasm-fast") }
        for line in lines { list = gw_curl_list_append(list, line) }
        gw_curl_set_pointer(easy, .httpHeader, list)
    }

    fileprivate func detach(from multi: UnsafeMutableRawPointer) {
        guard let easy = handle else { return }
        handle = nil
        gw_curl_multi_remove(multi, easy)
        gw_curl_free(easy)
        gw_curl_list_free(list)
        list = nil
    }

    /// Notes that somebody has read bytes, and lets the transfer go on where it waited for that.
    func consume(_ count: Int) {
        unread -= count
        guard isPaused, unread < Self.window / 2, let handle else { return }
        isPaused = false
        gw_curl_resume(handle)
    }

    // MARK: What libcurl calls

    private func receive(headerLine line: UnsafeRawBufferPointer) {
        guard !hasHead else { return }  // a trailer
        let text = String(decoding: line, as: UTF8.self).trimmingLineEnd()
        if text.hasPrefix("HTTP/") {
            let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            head = Head(
                status: parts.count > 1 ? Int(parts[1]) ?? 0 : 0, statusText: parts.count > 2 ? String(parts[2]) : "")
        } else if text.isEmpty {
            // Answers below 200 announce another one.
            if head.status >= 200 { finishHead() }
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            head.headers.append((text[..<colon].lowercased(), String(value)))
        }
    }

    private func finishHead() {
        hasHead = true
        let location = head.value(of: "location")
        if [301, 302, 303, 307, 308].contains(head.status), let location, request.redirect != .manual {
            follow(location)
        } else {
            handler(.head(head))
        }
    }

    /// Changes the request as an answer asks for it (HTTP-redirect fetch of the Fetch standard).
    private func follow(_ location: String) {
        guard request.redirect == .follow else { return fail("unexpected redirect", code: nil) }
        guard redirectCount < Self.maximumRedirects else { return fail("redirect count exceeded", code: nil) }
        guard let next = Self.resolve(location, base: request.url), let origin = Self.origin(of: next) else {
            return fail("Invalid URL", code: "ERR_INVALID_URL")
        }
        redirectCount += 1
        let changesMethod =
            (head.status == 303 && request.method != "GET" && request.method != "HEAD")
            || ((head.status == 301 || head.status == 302) && request.method == "POST")
        if changesMethod {
            request.method = "GET"
            request.body = nil
            body?.deallocate()
            body = nil
            let about = ["content-encoding", "content-language", "content-location", "content-type", "content-length"]
            request.headers.removeAll { about.contains($0.name.lowercased()) }
        }
        if origin != Self.origin(of: request.url) {
            let secret = ["authorization", "proxy-authorization", "cookie", "host"]
            request.headers.removeAll { secret.contains($0.name.lowercased()) }
        }
        request.url = next
        guard request.isPermitted else { return fail("permission denied", code: "EACCES") }
        isRedirected = true
    }

    private func receive(body piece: UnsafeRawBufferPointer) -> Int {
        // The body of an answer that leads elsewhere.
        if isRedirected || isOver { return piece.count }
        if unread >= Self.window {
            isPaused = true
            return Int(GWCurlWritePause)
        }
        unread += piece.count
        handler(.body(Array(piece)))
        return piece.count
    }

    fileprivate func end(_ result: Int32) {
        if isRedirected || isOver { return }
        if result == 0 {
            isOver = true
            handler(.end)
            return
        }
        if wasDenied { return fail("permission denied", code: "EACCES") }
        let host = Self.origin(of: request.url)?.split(separator: "/", maxSplits: 1).last.map { $0.drop { $0 == "/" } }
        switch Int(result) {
        case Int(GWCurlCouldNotResolve):
            let name = host.map { $0[..<($0.lastIndex(of: ":") ?? $0.endIndex)] } ?? ""
            fail("getaddrinfo ENOTFOUND \(name)", code: "ENOTFOUND")
        case Int(GWCurlCouldNotConnect):
            let error = ErrorCode(Int32(truncatingIfNeeded: handle.map(gw_curl_system_error) ?? 0))
            fail("connect \(error.name) \(host ?? "")", code: "\(error.name)")
        default:
            let text = errorText.pointee == 0 ? String(cString: gw_curl_error_text(result)) : String(cString: errorText)
            fail(text, code: nil)
        }
    }

    func fail(_ message: String, code: String?) {
        guard !isOver else { return }
        isOver = true
        handler(.failure(message: message, code: code))
    }

    // MARK: URLs

    /// The absolute URL that a reference means; nil where it is none.
    static func resolve(_ reference: String, base: String?) -> String? {
        let text = base.map { gw_curl_resolve_url($0, reference) } ?? gw_curl_resolve_url(nil, reference)
        guard let text else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Scheme, host and port.
    static func origin(of url: String) -> String? {
        guard let text = gw_curl_url_origin(url) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}

extension String {
    fileprivate func trimmingLineEnd() -> String {
        var end = utf8.endIndex
        while end > utf8.startIndex {
            let before = utf8.index(before: end)
            guard [0x0D, 0x0A, 0x20, 0x09].contains(utf8[before]) else { break }
            end = before
        }
        return String(self[..<end])
    }
}
