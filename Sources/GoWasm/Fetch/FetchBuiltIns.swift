/// The body of an answer, as the stream that its readers see.
final class BodyStream {
    private let pieces = Queue<[UInt8]>()
    private let readers = Queue<JSPromise>()
    /// What the pieces take.
    private var charge = Charge()
    private var isEnded = false
    private var failure: JSValue?
    var transfer: Transfer?

    /// A body that has ended.
    static func empty(_ realm: JSRealm) -> BodyStream {
        let stream = BodyStream()
        stream.end(realm)
        return stream
    }

    deinit {
        charge.close()
        // Holders refer to streams, and streams to values.
        ObjectRelease.enter().take(&failure)
        ObjectRelease.leave()
    }

    func append(_ piece: [UInt8], _ realm: JSRealm) {
        guard !isEnded else {
            // Nobody waits for it: a body behind an answer that has none.
            transfer?.consume(piece.count)
            return
        }
        if let reader = readers.popFirst() {
            transfer?.consume(piece.count)
            deliver(piece, to: reader, realm)
        } else {
            pieces.append(piece)
            charge.change(to: charge.byteCount + piece.count)
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
        pieces.removeAll()
        charge.change(to: 0)
        end(realm)
    }

    func read(_ realm: JSRealm) -> JSPromise {
        let promise = realm.makePromise()
        if let piece = pieces.popFirst() {
            charge.change(to: charge.byteCount - piece.count)
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
        method(global, "fetch", length: 1) { realm, _, arguments throws(JSFailure) in
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
        classConstructor("ReadableStream", stream) { realm, _, _ throws(JSFailure) in
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
        classConstructor("Response", prototype) { realm, _, _ throws(JSFailure) in
            throw realm.typeError("Response: only fetch makes responses here")
        }
        add(wellKnownSymbols.toStringTag.key, string("Response"), .configurable, to: prototype)
        getter(prototype, "bodyUsed") { realm, this, _ throws(JSFailure) in .boolean(try realm.holder(this).isUsed) }
        let results: [(StaticString, BodyResult)] = [
            ("arrayBuffer", { (realm, body) throws(JSFailure) in .object(body.array(realm).buffer(realm)) }),
            ("bytes", { (realm, body) throws(JSFailure) in .object(body.array(realm)) }),
            ("text", { (realm, body) throws(JSFailure) in .string(try realm.decoded(body.bytes)) }),
            (
                "json",
                { (realm, body) throws(JSFailure) in
                    let json = try realm.get(.object(realm.global), realm.key("JSON"))
                    guard let parse = try realm.get(json, realm.key("parse")).function else { return .undefined }
                    return try realm.call(parse, this: json, .string(realm.decoded(body.bytes)))
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
                realm.readAll(holder.stream, into: promise, WholeBody(), result)
                return .object(promise)
            }
        }
    }

    /// What becomes of the bytes of a body.
    private typealias BodyResult = (JSRealm, WholeBody) throws(JSFailure) -> JSValue

    /// Reads a body to its end and settles a promise with what is made of it.
    private func readAll(
        _ stream: BodyStream, into promise: JSPromise, _ body: WholeBody, _ result: @escaping BodyResult
    ) {
        let onPiece = makeFunction { realm, _, arguments throws(JSFailure) in
            do throws(JSFailure) {
                guard let piece = try realm.get(arguments[0], realm.keys.value).typedArray else {
                    promise.resolve(try result(realm, body), realm)
                    return .undefined
                }
                guard body.append(UnsafeRawBufferPointer(piece.bytes)) else {
                    throw realm.rangeError("Array buffer allocation failed")
                }
            } catch {
                guard case .thrown(let reason) = error else { throw error }
                promise.reject(reason, realm)
                stream.cancel(realm)
                return .undefined
            }
            realm.readAll(stream, into: promise, body, result)
            return .undefined
        }
        stream.read(self).then(onPiece, promise.rejecter(self), self, derived: nil)
    }

    // MARK: Requests

    private func fetch(_ input: JSValue, _ options: JSValue, _ promise: JSPromise) throws(JSFailure) {
        let (request, signal) = try makeRequest(input, options)
        if let signal, signal.isAborted { throw .thrown(signal.reason) }
        do {
            try begin(request, signal, promise)
        } catch {
            throw fetchFailed(error)
        }
    }

    /// Answers a request, or has it sent (main fetch and scheme fetch of the Fetch standard).
    private func begin(
        _ request: FetchRequest, _ signal: JSAbortSignal?, _ promise: JSPromise
    ) throws(FetchFailure) {
        var request = request
        try request.checkDestination(from: request.url, isRedirected: false)
        switch request.url.scheme {
        case "http", "https": break
        case "data":
            guard let data = DataURL(request.url) else { throw FetchFailure("failed to fetch the data URL") }
            answer(request, data, promise)
            return
        case "about": throw FetchFailure("about scheme is not supported")
        // Node's own words: its fetch reads no files, and neither does this one.
        case "file": throw FetchFailure("not implemented... yet...")
        // Nothing here makes such URLs.
        case "blob" where request.url.query?.isEmpty == false:
            throw FetchFailure("NetworkError when attempting to fetch resource.")
        case "blob": throw FetchFailure("invalid method")
        default: throw FetchFailure("unknown scheme")
        }
        request.network = host.network
        guard request.isPermitted else {
            host.hintAtNetwork(request.url.href)
            throw FetchFailure("permission denied", code: "EACCES")
        }
        if fetcher == nil { fetcher = Fetcher() }
        guard let fetcher else { throw FetchFailure("libcurl is not installed (Debian: apt-get install libcurl4)") }
        start(request, on: fetcher, signal, promise)
    }

    /// The error with which `fetch` fails, with the reason as its cause.
    private func fetchFailed(_ failure: FetchFailure, _ message: StaticString = "fetch failed") -> JSFailure {
        let error = makeError(prototypes.typeError, string(message))
        error.define(keys.cause, .object(makeCause(failure)), .builtIn)
        return .thrown(.object(error))
    }

    private func start(_ request: FetchRequest, on fetcher: Fetcher, _ signal: JSAbortSignal?, _ promise: JSPromise) {
        let stream = BodyStream()
        var hasHead = false
        // The realm lives as long as its fetcher, which keeps the transfer.
        let transfer = Transfer(request, maximumBodySize: host.maximumBodySize) { [unowned self] event in
            switch event {
            case .head(let head):
                hasHead = true
                promise.resolve(.object(self.makeResponse(head, stream)), self)
            case .body(let piece): stream.append(piece, self)
            case .end:
                stream.end(self)
                stream.transfer = nil
            case .failure(let failure):
                if hasHead {
                    stream.fail(self.fetchFailed(failure, "terminated").value, self)
                } else {
                    promise.reject(self.fetchFailed(failure).value, self)
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
        guard let transfer = stream.transfer else { return makeObject() }
        let request = transfer.request
        if request.tainting == .opaque {
            stream.end(self)
            return makeResponse(
                stream, .null, status: 0, statusText: "", headers: HeaderList(), url: "", isRedirected: false,
                type: request.tainting)
        }
        let hasBody = request.method != "HEAD" && !FetchRequest.nullBodyStatus.contains(head.status)
        // What comes nevertheless is not waited for.
        if !hasBody { stream.end(self) }
        let body = hasBody ? JSValue.object(JSBodyHolder(stream, prototype: hostPrototype("ReadableStream"))) : .null
        return makeResponse(
            stream, body, status: head.status, statusText: head.statusText, headers: head.headers,
            url: request.url.withoutFragment, isRedirected: transfer.redirectCount > 0, type: request.tainting)
    }

    /// Answers with what a `data:` URL has in it.
    private func answer(_ request: FetchRequest, _ data: DataURL, _ promise: JSPromise) {
        let stream = BodyStream()
        if !data.body.isEmpty { stream.append(data.body, self) }
        stream.end(self)
        var headers = HeaderList()
        headers.append("Content-Type", "\(data.type)")
        let hasBody = request.method != "HEAD"
        let body = hasBody ? JSValue.object(JSBodyHolder(stream, prototype: hostPrototype("ReadableStream"))) : .null
        let response = makeResponse(
            hasBody ? stream : BodyStream.empty(self), body, status: 200, statusText: "OK", headers: headers,
            url: request.url.withoutFragment, isRedirected: false, type: .basic)
        promise.resolve(.object(response), self)
    }

    private func makeResponse(
        _ stream: BodyStream, _ body: JSValue, status: Int, statusText: String, headers: HeaderList, url: String,
        isRedirected: Bool, type: FetchRequest.Tainting
    ) -> JSObject {
        let response = JSBodyHolder(stream, prototype: hostPrototype("Response"))
        let headers = JSHeaders(headers, isImmutable: true, prototype: hostPrototype("Headers"))
        let fields: [(StaticString, JSValue)] = [
            ("status", .number(status)), ("statusText", string(statusText)),
            ("ok", .boolean((200..<300).contains(status))), ("headers", .object(headers)), ("body", body),
            ("url", string(url)), ("redirected", .boolean(isRedirected)), ("type", string(type.rawValue)),
        ]
        for (name, value) in fields { response.define(key(name), value, [.enumerable, .configurable]) }
        return response
    }
}
