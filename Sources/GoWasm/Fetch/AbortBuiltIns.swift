/// An `AbortSignal`.
final class JSAbortSignal: JSObject {
    private(set) var isAborted = false
    private(set) var reason = JSValue.undefined
    /// What the host does when the signal is given.
    var algorithms: [(JSValue) -> Void] = []
    fileprivate var listeners: [JSFunction] = []

    init(prototype: JSObject?) { super.init(kind: .host, prototype: prototype) }

    deinit {
        ending {
            $0.take(&reason, leaving: .undefined)
            $0.take(&algorithms, leaving: [])
            $0.take(&listeners, leaving: [])
        }
    }

    func abort(_ reason: JSValue, _ realm: JSRealm) throws(JSFailure) {
        guard !isAborted else { return }
        isAborted = true
        self.reason = reason
        for algorithm in algorithms { algorithm(reason) }
        algorithms = []
        let event = realm.makeObject()
        event.define(realm.key("type"), realm.string("abort"))
        event.define(realm.key("target"), .object(self))
        if let handler = try get(realm.key("onabort"), realm).function {
            _ = try realm.call(handler, this: .object(self), .object(event))
        }
        for listener in listeners { _ = try realm.call(listener, this: .object(self), .object(event)) }
    }
}

extension JSRealm {
    func installAbort() {
        let prototype = hostPrototype("AbortSignal")
        func signal(_ realm: JSRealm, _ value: JSValue) throws(JSFailure) -> JSAbortSignal {
            guard let signal = value.object as? JSAbortSignal else { throw realm.typeError("Illegal invocation") }
            return signal
        }
        func abortError(_ realm: JSRealm) -> JSValue {
            realm.domException("This operation was aborted", name: "AbortError", code: 20).value
        }
        let constructor = classConstructor("AbortSignal", prototype) { realm, _, _ throws(JSFailure) in
            throw realm.typeError("Illegal constructor")
        }
        getter(prototype, "aborted") { realm, this, _ throws(JSFailure) in .boolean(try signal(realm, this).isAborted) }
        getter(prototype, "reason") { realm, this, _ throws(JSFailure) in try signal(realm, this).reason }
        method(prototype, "throwIfAborted") { realm, this, _ throws(JSFailure) in
            let signal = try signal(realm, this)
            if signal.isAborted { throw .thrown(signal.reason) }
            return .undefined
        }
        method(prototype, "addEventListener", length: 2) { realm, this, arguments throws(JSFailure) in
            if let listener = arguments[1].function, try realm.toString(arguments[0]) == "abort" {
                try signal(realm, this).listeners.append(listener)
            }
            return .undefined
        }
        method(prototype, "removeEventListener", length: 2) { realm, this, arguments throws(JSFailure) in
            try signal(realm, this).listeners.removeAll { $0 === arguments[1].object }
            return .undefined
        }
        method(constructor, "abort") { realm, _, arguments throws(JSFailure) in
            let signal = JSAbortSignal(prototype: prototype)
            try signal.abort(arguments[0].isUndefined ? abortError(realm) : arguments[0], realm)
            return .object(signal)
        }
        method(constructor, "timeout", length: 1) { realm, _, arguments throws(JSFailure) in
            let signal = JSAbortSignal(prototype: prototype)
            let expire = realm.makeFunction { realm, _, _ throws(JSFailure) in
                let error = realm.domException(
                    "The operation was aborted due to timeout", name: "TimeoutError", code: 23)
                try signal.abort(error.value, realm)
                return .undefined
            }
            guard let setTimeout = try realm.global.get(realm.key("setTimeout"), realm).function else {
                return .object(signal)
            }
            _ = try realm.call(setTimeout, this: .undefined, .object(expire), arguments[0])
            return .object(signal)
        }
        let controller = hostPrototype("AbortController")
        classConstructor("AbortController", controller) { realm, _, _ throws(JSFailure) in
            let object = JSObject(kind: .host, prototype: controller)
            object.define(realm.key("signal"), .object(JSAbortSignal(prototype: prototype)), .enumerable)
            return .object(object)
        }
        method(controller, "abort") { realm, this, arguments throws(JSFailure) in
            let reason = arguments[0].isUndefined ? abortError(realm) : arguments[0]
            try signal(realm, realm.get(this, realm.key("signal"))).abort(reason, realm)
            return .undefined
        }
    }
}
