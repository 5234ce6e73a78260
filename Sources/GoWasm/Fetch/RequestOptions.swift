extension JSRealm {
    /// Checks what `fetch` was given, as the constructor of `Request` does.
    func makeRequest(
        _ input: JSValue, _ options: JSValue
    ) throws(JSFailure) -> (request: FetchRequest, signal: JSAbortSignal?) {
        let text = try toUSVString(input)
        let options = try RequestOptions(options, self)
        guard let url = WebURL(text) else { throw invalidURL("Failed to parse URL from \(text)") }
        guard !url.hasCredentials else {
            throw typeError("Request cannot be constructed from a URL that includes credentials: \(text)")
        }
        guard options.window.isNullish else { throw typeError("'window' option 'client' must be null") }
        if let referrer = options.referrer, !referrer.isEmpty, WebURL(referrer) == nil {
            throw invalidURL("Referrer \"\(referrer)\" is not a valid URL.")
        }
        var request = FetchRequest(url: url)
        if options.mode == .navigate { throw typeError("Request constructor: invalid request mode navigate.") }
        request.mode = options.mode ?? .cors
        request.cache = options.cache ?? .standard
        if request.cache == .onlyIfCached, request.mode != .sameOrigin {
            throw typeError("'only-if-cached' can be set only with 'same-origin' mode")
        }
        request.redirect = options.redirect ?? .follow
        try setMethod(of: &request, options.method)
        request.headers = try headerList(options.headers)
        try setBody(of: &request, options.body)
        return (request, options.signal)
    }

    private func setMethod(of request: inout FetchRequest, _ method: String?) throws(JSFailure) {
        if let method {
            do {
                request.method = try FetchRequest.normalized(method: method)
            } catch {
                switch error {
                case .invalid: throw typeError("'\(method)' is not a valid HTTP method.")
                case .forbidden: throw typeError("'\(method)' HTTP method is unsupported.")
                }
            }
        }
        if request.mode == .noCORS, !["GET", "HEAD", "POST"].contains(request.method) {
            throw typeError("'\(request.method) is unsupported in no-cors mode.")
        }
    }

    private func setBody(of request: inout FetchRequest, _ body: RequestOptions.Body?) throws(JSFailure) {
        guard let body else { return }
        guard request.method != "GET", request.method != "HEAD" else {
            throw typeError("Request with GET/HEAD method cannot have body.")
        }
        switch body {
        case .bytes(let bytes): request.body = bytes
        case .text(let text):
            request.body = Array(text.utf8)
            if !request.headers.contains("content-type") {
                request.headers.append("content-type", "text/plain;charset=UTF-8")
            }
        }
    }

    /// A text without surrogates that lack their partner (USVString of Web IDL).
    func toUSVString(_ value: JSValue) throws(JSFailure) -> String {
        let string = try toString(value)
        return string.isASCII ? string.text : String(decoding: string.utf16, as: UTF16.self)
    }

    private func invalidURL(_ message: String) -> JSFailure {
        let failure = typeError(message)
        let cause = makeCause(FetchFailure("Invalid URL", name: "TypeError", code: "ERR_INVALID_URL"))
        failure.value.object?.define(keys.cause, .object(cause), .builtIn)
        return failure
    }

    /// The error object for a reason.
    func makeCause(_ failure: FetchFailure) -> JSObject {
        let isTypeError = failure.name == "TypeError"
        let cause = makeError(isTypeError ? prototypes.typeError : prototypes.error, string(failure.message))
        if failure.name != "Error", !isTypeError { cause.define(keys.name, string(failure.name), .builtIn) }
        if let code = failure.code { cause.define(keys.code, string(code)) }
        return cause
    }
}

/// The options of `fetch`, read and converted in the order of Web IDL.
private struct RequestOptions {
    enum Body {
        case bytes([UInt8])
        case text(String)
    }

    private(set) var body: Body?
    private(set) var cache: FetchRequest.Cache?
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var method: String?
    private(set) var mode: FetchRequest.Mode?
    private(set) var redirect: FetchRequest.Redirect?
    private(set) var referrer: String?
    private(set) var signal: JSAbortSignal?
    private(set) var window = JSValue.undefined

    private enum Duplex: String, CaseIterable { case half }
    private enum Priority: String, CaseIterable { case high, low, auto }
    private enum ReferrerPolicy: String, CaseIterable {
        case none = ""
        case noReferrer = "no-referrer"
        case noReferrerWhenDowngrade = "no-referrer-when-downgrade"
        case sameOrigin = "same-origin"
        case origin
        case strictOrigin = "strict-origin"
        case originWhenCrossOrigin = "origin-when-cross-origin"
        case strictOriginWhenCrossOrigin = "strict-origin-when-cross-origin"
        case unsafeURL = "unsafe-url"
    }

    init(_ options: JSValue, _ realm: JSRealm) throws(JSFailure) {
        if options.isNullish { return }
        guard options.object != nil else {
            throw realm.typeError(
                "RequestInit: Expected \(realm.inspect(options)) to be one of: Null, Undefined, Object.")
        }
        func read(_ name: StaticString) throws(JSFailure) -> JSValue { try realm.get(options, realm.key(name)) }
        func oneOf<Choice: RawRepresentable<String> & CaseIterable>(
            _ name: StaticString, _: Choice.Type
        ) throws(JSFailure) -> Choice? {
            let value = try read(name)
            if value.isUndefined { return nil }
            let text = try realm.toString(value).text
            if let choice = Choice(rawValue: text) { return choice }
            let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw realm.typeError("RequestInit: \(text) is not an accepted type. Expected one of \(all).")
        }
        body = try Self.body(read("body"), realm)
        cache = try oneOf("cache", FetchRequest.Cache.self)
        // Nothing here has credentials that a mode could hold back.
        _ = try oneOf("credentials", FetchRequest.Credentials.self)
        _ = try oneOf("duplex", Duplex.self)
        headers = try realm.headerPairs(read("headers"))
        try Self.refuseIntegrity(read("integrity"), realm)
        let method = try read("method")
        if !method.isUndefined { self.method = try realm.toByteString(method) }
        mode = try oneOf("mode", FetchRequest.Mode.self)
        _ = try oneOf("priority", Priority.self)
        redirect = try oneOf("redirect", FetchRequest.Redirect.self)
        let referrer = try read("referrer")
        if !referrer.isUndefined { self.referrer = try realm.toUSVString(referrer) }
        _ = try oneOf("referrerPolicy", ReferrerPolicy.self)
        let signal = try read("signal")
        if !signal.isNullish {
            guard let object = signal.object as? JSAbortSignal else {
                throw realm.typeError(
                    "RequestInit: Expected signal (\"\(realm.inspect(signal))\") to be an instance of AbortSignal.")
            }
            self.signal = object
        }
        window = try read("window")
    }

    /// What is not checked must not be taken for checked.
    private static func refuseIntegrity(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        if value.isUndefined { return }
        guard try realm.toString(value).byteCount == 0 else {
            throw realm.typeError("RequestInit: integrity is not supported here")
        }
    }

    private static func body(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Body? {
        if value.isNullish { return nil }
        if let bytes = realm.bufferSource(value) { return .bytes(Array(bytes)) }
        if value.object is JSBodyHolder {
            throw realm.typeError("RequestInit: streams as bodies of requests are not supported here")
        }
        return .text(try realm.toUSVString(value))
    }
}
