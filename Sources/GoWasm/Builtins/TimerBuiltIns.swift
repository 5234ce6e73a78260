internal import HostSystem

/// What `setTimeout` and `setInterval` return, Node's class Timeout.
final class JSTimer: JSObject {
    private(set) var function: JSFunction?
    /// What the function gets; nil for nothing.
    private(set) var arguments: JSArray?
    /// In nanoseconds.
    private let delay: Int64
    /// Whether it is called again and again.
    let repeats: Bool
    /// The number that stands for it in the event loop.
    let id: Int32
    /// Whether the program waits for it.
    var isReferenced = true

    init(
        _ function: JSFunction, _ arguments: JSArray?, delay: Int64, repeats: Bool, id: Int32, prototype: JSObject
    ) {
        self.function = function
        self.arguments = arguments
        self.delay = delay
        self.repeats = repeats
        self.id = id
        super.init(kind: .host, prototype: prototype)
    }

    deinit {
        ending {
            $0.take(&function)
            $0.take(&arguments)
        }
    }

    /// Lets it be due after its delay, which begins with the round of the event loop; also if it is waited for already.
    func start(in events: EventLoop) {
        events.addTimer(
            EventLoop.Timer(
                deadline: Clock.moment(delay, after: events.roundTime), id: id, action: .call(self),
                isReferenced: isReferenced))
    }
}

extension JSRealm {
    func installTimers() {
        let timeout = makeTimeoutPrototype()
        addEnumerable { installTimerFunctions(timeout) }
        installImmediates()
    }

    private func installTimerFunctions(_ timeout: JSObject) {
        for (name, repeats) in [("setTimeout", false), ("setInterval", true)] as [(StaticString, Bool)] {
            method(global, name, length: 2) { realm, _, arguments throws(JSFailure) in
                let function = try realm.callback(arguments[0])
                // Delays that are no numbers, too short or too long mean one millisecond, as in Node.
                var delay = try realm.toNumber(arguments[1])
                if !(delay >= 1 && delay <= 2_147_483_647) { delay = 1 }
                let timer = JSTimer(
                    function, Self.kept(arguments.dropFirst(2)), delay: Int64(delay) * 1_000_000, repeats: repeats,
                    id: realm.events.makeTimerID(), prototype: timeout)
                timer.start(in: realm.events)
                return .object(timer)
            }
        }
        for name in ["clearTimeout", "clearInterval"] as [StaticString] {
            method(global, name, length: 1) { realm, _, arguments throws(JSFailure) in
                try realm.clearTimer(arguments[0])
                return .undefined
            }
        }
        method(global, "queueMicrotask", length: 1) { realm, _, arguments throws(JSFailure) in
            realm.events.microtasks.append(.call(try realm.callback(arguments[0])))
            return .undefined
        }
    }

    private func makeTimeoutPrototype() -> JSObject {
        let timeout = makeObject()
        nameClass(of: timeout, "Timeout", length: 5)
        for (name, isReferenced) in [("ref", true), ("unref", false)] as [(StaticString, Bool)] {
            method(timeout, name) { realm, this, _ throws(JSFailure) in
                guard let timer = this.object as? JSTimer else { return this }
                timer.isReferenced = isReferenced
                realm.events.setReferenced(timer.id, isReferenced)
                return this
            }
        }
        method(timeout, "hasRef") { _, this, _ throws(JSFailure) in
            .boolean((this.object as? JSTimer)?.isReferenced ?? false)
        }
        method(timeout, "refresh") { realm, this, _ throws(JSFailure) in
            (this.object as? JSTimer)?.start(in: realm.events)
            return this
        }
        let number: JSCode = { _, this, _ throws(JSFailure) in
            (this.object as? JSTimer).map { .number(Int($0.id)) } ?? .undefined
        }
        addEnumerable {
            method(timeout, "close") { realm, this, _ throws(JSFailure) in
                try realm.clearTimer(this)
                return this
            }
            method(timeout, wellKnownSymbols.toPrimitive, number)
        }
        return timeout
    }

    private func installImmediates() {
        let immediate = makeObject()
        nameClass(of: immediate, "Immediate", length: 2)
        let (isCleared, isUnreferenced) = (makeSymbol(nil).key, makeSymbol(nil).key)
        // (The next round of the event loop calls it either way.)
        for (name, isReferenced) in [("ref", true), ("unref", false)] as [(StaticString, Bool)] {
            method(immediate, name) { _, this, _ throws(JSFailure) in
                this.object?.define(isUnreferenced, .boolean(!isReferenced), [])
                return this
            }
        }
        method(immediate, "hasRef") { realm, this, _ throws(JSFailure) in
            .boolean(!(try realm.get(this, isUnreferenced).isTruthy))
        }
        addEnumerable { installImmediateFunctions(immediate, isCleared: isCleared) }
    }

    private func installImmediateFunctions(_ immediate: JSObject, isCleared: PropertyKey) {
        method(global, "setImmediate", length: 1) { realm, _, arguments throws(JSFailure) in
            let function = try realm.callback(arguments[0])
            let values = Self.kept(arguments.dropFirst(1))
            let object = JSObject(prototype: immediate)
            let task = realm.makeFunction { realm, _, _ throws(JSFailure) in
                guard object.properties.find(isCleared) < 0 else { return .undefined }
                return try realm.call(function, this: .object(object), values: values?.denseElements ?? [])
            }
            realm.events.tasks.append(.call(task, nil))
            return .object(object)
        }
        method(global, "clearImmediate", length: 1) { _, _, arguments throws(JSFailure) in
            if let object = arguments[0].object, object.prototype === immediate {
                object.define(isCleared, .boolean(true), [])
            }
            return .undefined
        }
    }

    /// Names a class that programs find by its objects only.
    private func nameClass(of prototype: JSObject, _ name: StaticString, length: Int) {
        let function = makeFunction(
            signature: JSFunction.Signature(key: key(name), length: length), Self.refusedCall(of: name))
        builtIns += [function, prototype]
        function.define(keys.prototype, .object(prototype), [])
        prototype.define(keys.constructor, .object(function), .builtIn)
    }

    /// The arguments of a later call; nil for none.
    private static func kept(_ arguments: JSArguments) -> JSArray? {
        arguments.count == 0 ? nil : JSArray(arguments.values, prototype: nil)
    }

    /// Removes a timer, by the object or by its number, also as text.
    private func clearTimer(_ value: JSValue) throws(JSFailure) {
        if let timer = value.object as? JSTimer {
            events.removeTimer(timer.id)
        } else if value.object == nil, !value.isNullish, let id = Int32(exactly: try toNumber(value)) {
            events.removeTimer(id)
        }
    }

    private func callback(_ value: JSValue) throws(JSFailure) -> JSFunction {
        guard let function = value.function else {
            throw codedError(
                prototypes.typeError, "The \"callback\" argument must be of type function. \(received(value))",
                code: "ERR_INVALID_ARG_TYPE")
        }
        return function
    }
}
