/// The body of an answer, as the stream that its readers see.
final class BodyStream {
    private var pieces = Queue<[UInt8]>()
    private var readers = Queue<JSPromise>()
    private var isEnded = false
    private var failure: JSValue?
    var transfer: Transfer?

    func append(_ piece: [UInt8], _ realm: JSRealm) {
        if let reader = readers.popFirst() {
            transfer?.consume(piece.count)
            deliver(piece, to: reader, realm)
        } else {
            pieces.append(piece)
        }
    }

    func end(_ realm: JSRealm) {
        isEnded = true
        while let reader = readers.popFirst() { reader.resolve(realm.iteratorResult(nil), realm) }
    }

    func fail(_ reason: JSValue, _ realm: JSRealm) {
        guard !isEnded, failure == nil else { return }
        failure = reason
        while let reader = readers.popFirst() { reader.reject(reason, realm) }
    }

    /// Stops what is coming.
    func cancel(_ realm: JSRealm) {
        if let transfer { realm.fetcher?.stop(transfer) }
        transfer = nil
        pieces = Queue()
        end(realm)
    }

    func read(_ realm: JSRealm) -> JSPromise {
        let promise = realm.makePromise()
        if let piece = pieces.popFirst() {
            transfer?.consume(piece.count)
            deliver(piece, to: promise, realm)
        } else if let failure {
            promise.reject(failure, realm)
        } else if isEnded {
            promise.resolve(realm.iteratorResult(nil), realm)
        } else {
            readers.append(promise)
        }
        return promise
    }

    private func deliver(_ piece: [UInt8], to promise: JSPromise, _ realm: JSRealm) {
        do {
            let array = try realm.makeByteArray(count: piece.count)
            piece.withUnsafeBytes { array.bytes.copyMemory(from: $0) }
            promise.resolve(realm.iteratorResult(.object(array)), realm)
        } catch {
            promise.reject(error.value, realm)
        }
    }
}

/// A `ReadableStream`, its reader, or a `Response`: what holds a body.
final class JSBodyHolder: JSObject {
    let stream: BodyStream
    /// Whether the body has been asked for.
    var isUsed = false

    init(_ stream: BodyStream, prototype: JSObject?) {
        self.stream = stream
        super.init(kind: .host, prototype: prototype)
    }
}

extension JSRealm {
    func installFetch() {
        installHeaders()
        installAbort()
        installStreams()
        installResponse()
        method(global, "fetch") { realm, _, arguments throws(JSFailure) in
            let promise = realm.makePromise()
            do throws(JSFailure) {
                try realm.fetch(arguments[0], arguments[1], promise)
            } catch {
                guard case .thrown(let reason) = error else { throw error }
                promise.reject(reason, realm)
            }
            return .object(promise)
        }
    }

    private func holder(_ value: JSValue) throws(JSFailure) -> JSBodyHolder {
        guard let holder = value.object as? JSBodyHolder else { throw typeError("Illegal invocation") }
        return holder
    }

    private func installStreams() {
        let stream = hostPrototype("ReadableStream")
        let reader = hostPrototype("ReadableStreamDefaultReader")
        constructor("ReadableStream", stream) { realm, _, _ throws(JSFailure) in
            throw realm.typeError("ReadableStream: only bodies of responses are streams here")
        }
        method(stream, "getReader") { realm, this, _ throws(JSFailure) in
            let holder = try realm.holder(this)
            guard !holder.isUsed else {
                throw realm.typeError("Invalid state: ReadableStream is locked")
            }
            holder.isUsed = true
            return .object(JSBodyHolder(holder.stream, prototype: reader))
        }
        getter(stream, "locked") { realm, this, _ throws(JSFailure) in .boolean(try realm.holder(this).isUsed) }
        method(reader, "read") { realm, this, _ throws(JSFailure) in
            .object(try realm.holder(this).stream.read(realm))
        }
        method(reader, "releaseLock") { _, _, _ throws(JSFailure) in .undefined }
        for prototype in [stream, reader] {
            method(prototype, "cancel") { realm, this, _ throws(JSFailure) in
                try realm.holder(this).stream.cancel(realm)
                let promise = realm.makePromise()
                promise.resolve(.undefined, realm)
                return .object(promise)
            }
        }
    }

    private func installResponse() {
        let prototype = hostPrototype("Response")
        constructor("Response", prototype) { realm, _, _ throws(JSFailure) in
            throw realm.typeError("Response: only fetch makes responses here")
        }
        add(wellKnownSymbols.toStringTag.key, string("Response"), .configurable, to: prototype)
        getter(prototype, "bodyUsed") { realm, this, _ throws(JSFailure) in .boolean(try realm.holder(this).isUsed) }
        let results: [(StaticString, (JSRealm, [UInt8]) throws(JSFailure) -> JSValue)] = [
            (
                "arrayBuffer",
                { (realm, bytes) throws(JSFailure) in
                    .object(try realm.byteArray(bytes).buffer(realm))
                }
            ),
            ("bytes", { (realm, bytes) throws(JSFailure) in .object(try realm.byteArray(bytes)) }),
            (
                "text",
                { (_, bytes) throws(JSFailure) in .string(bytes.withUnsafeBytes { UTF8Text.decode($0) }) }
            ),
            (
                "json",
                { (realm, bytes) throws(JSFailure) in
                    let json = try realm.get(.object(realm.global), realm.key("JSON"))
                    guard let parse = try realm.get(json, realm.key("parse")).function else { return .undefined }
                    return try realm.call(parse, this: json, .string(bytes.withUnsafeBytes { UTF8Text.decode($0) }))
                }
            ),
        ]
        for (name, result) in results {
            method(prototype, name) { realm, this, _ throws(JSFailure) in
                let holder = try realm.holder(this)
                let promise = realm.makePromise()
                guard !holder.isUsed else {
                    promise.reject(realm.typeError("Body is unusable: Body has already been read").value, realm)
                    return .object(promise)
                }
                holder.isUsed = true
                realm.readAll(holder.stream, into: promise, [], result)
                return .object(promise)
            }
        }
    }

    private func byteArray(_ bytes: [UInt8]) throws(JSFailure) -> JSTypedArray {
        let array = try makeByteArray(count: bytes.count)
        bytes.withUnsafeBytes { array.bytes.copyMemory(from: $0) }
        return array
    }

    /// Reads a body to its end and settles a promise with what is made of it.
    private func readAll(
        _ stream: BodyStream, into promise: JSPromise, _ soFar: [UInt8],
        _ result: @escaping (JSRealm, [UInt8]) throws(JSFailure) -> JSValue
    ) {
        let onPiece = makeFunction { realm, _, arguments throws(JSFailure) in
            guard let bytes = try realm.get(arguments[0], realm.keys.value).typedArray else {
                do throws(JSFailure) {
                    promise.resolve(try result(realm, soFar), realm)
                } catch {
                    guard case .thrown(let reason) = error else { throw error }
                    promise.reject(reason, realm)
                }
                return .undefined
            }
            realm.readAll(stream, into: promise, soFar + Array(bytes.bytes), result)
            return .undefined
        }
        stream.read(self).then(onPiece, promise.rejecter(self), self, derived: nil)
    }

    // MARK: Requests

    private func fetch(_ input: JSValue, _ options: JSValue, _ promise: JSPromise) throws(JSFailure) {
        let option = { (realm: JSRealm, name: StaticString) throws(JSFailure) -> JSValue in
            try options.isNullish ? .undefined : realm.get(options, realm.key(name))
        }
        let text = try toString(input)
        var request = FetchRequest(method: "GET", url: text.text, headers: [])
        let method = try option(self, "method")
        if !method.isUndefined {
            let given = try toString(method).text
            let upper = given.uppercased()
            request.method = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].contains(upper) ? upper : given
        }
        request.headers = try makeHeaders(option(self, "headers")).list
        try setBody(of: &request, option(self, "body"))
        let redirect = try option(self, "redirect")
        if !redirect.isUndefined {
            switch try toString(redirect).text {
            case "follow": request.redirect = .follow
            case "error": request.redirect = .error
            case "manual": request.redirect = .manual
            default: throw typeError("RequestInit: redirect is not one of: follow, error, manual.")
            }
        }
        let signal = try option(self, "signal").object as? JSAbortSignal
        if let signal, signal.isAborted { throw .thrown(signal.reason) }
        guard !host.network.isNothing else {
            host.hintAtNetwork(text.text)
            throw fetchFailed("permission denied", code: "EACCES")
        }
        if fetcher == nil { fetcher = Fetcher() }
        guard let fetcher else {
            throw fetchFailed("libcurl is not installed (Debian: apt-get install libcurl4)", code: nil)
        }
        guard let url = Transfer.resolve(text.text, base: nil) else {
            throw typeError("Failed to parse URL from \(text.text)")
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw fetchFailed("unknown scheme", code: nil)
        }
        request.url = url
        request.network = host.network
        guard request.isPermitted else {
            host.hintAtNetwork(text.text)
            throw fetchFailed("permission denied", code: "EACCES")
        }
        start(request, on: fetcher, signal, promise)
    }

    private func setBody(of request: inout FetchRequest, _ body: JSValue) throws(JSFailure) {
        guard !body.isNullish else { return }
        guard request.method != "GET", request.method != "HEAD" else {
            throw typeError("Request with GET/HEAD method cannot have body.")
        }
        if let bytes = bufferSource(body) {
            request.body = Array(bytes)
        } else {
            request.body = try toString(body).bytes
            if !request.headers.contains(where: { $0.name == "content-type" }) {
                request.headers.append(("content-type", "text/plain;charset=UTF-8"))
            }
        }
    }

    /// The error with which `fetch` fails, with the reason as its cause.
    private func fetchFailed(_ reason: String, code: String?) -> JSFailure {
        let cause = makeError(prototypes.error, string(reason))
        if let code { cause.define(keys.code, string(code)) }
        let error = makeError(prototypes.typeError, string("fetch failed"))
        error.define(keys.cause, .object(cause), .builtIn)
        return .thrown(.object(error))
    }

    private func start(_ request: FetchRequest, on fetcher: Fetcher, _ signal: JSAbortSignal?, _ promise: JSPromise) {
        let stream = BodyStream()
        var hasHead = false
        // The realm lives as long as its fetcher, which keeps the transfer.
        let transfer = Transfer(request) { [unowned self] event in
            switch event {
            case .head(let head):
                hasHead = true
                promise.resolve(.object(self.makeResponse(head, stream)), self)
            case .body(let piece): stream.append(piece, self)
            case .end:
                stream.end(self)
                stream.transfer = nil
            case .failure(let message, let code):
                let error = self.fetchFailed(message, code: code)
                if hasHead {
                    let terminated = self.makeError(self.prototypes.typeError, self.string("terminated"))
                    let cause = (try? error.value.object?.get(self.keys.cause, self)) ?? .undefined
                    terminated.define(self.keys.cause, cause, .builtIn)
                    stream.fail(.object(terminated), self)
                } else {
                    promise.reject(error.value, self)
                }
                stream.transfer = nil
            }
        }
        stream.transfer = transfer
        signal?.algorithms.append { [unowned self] reason in
            if let transfer = stream.transfer { self.fetcher?.stop(transfer) }
            stream.transfer = nil
            promise.reject(reason, self)
            stream.fail(reason, self)
        }
        events.network = fetcher
        fetcher.start(transfer)
    }

    private func makeResponse(_ head: Transfer.Head, _ stream: BodyStream) -> JSObject {
        let response = JSBodyHolder(stream, prototype: hostPrototype("Response"))
        let request = stream.transfer?.request
        let headers = JSHeaders(head.headers, prototype: hostPrototype("Headers"))
        let hasBody = request?.method != "HEAD" && ![101, 204, 205, 304].contains(head.status)
        let body = hasBody ? JSValue.object(JSBodyHolder(stream, prototype: hostPrototype("ReadableStream"))) : .null
        let fields: [(StaticString, JSValue)] = [
            ("status", .number(head.status)), ("statusText", string(head.statusText)),
            ("ok", .boolean((200..<300).contains(head.status))), ("headers", .object(headers)), ("body", body),
            ("url", string(request?.url ?? "")), ("redirected", .boolean((stream.transfer?.redirectCount ?? 0) > 0)),
            ("type", string("basic")),
        ]
        for (name, value) in fields { response.define(key(name), value, [.enumerable, .configurable]) }
        return response
    }
}
