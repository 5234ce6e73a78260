internal import HostSystem

extension JSRealm {
    func installTimers() {
        let timeout = JSObject(prototype: prototypes.object)
        for name in ["ref", "unref", "refresh"] as [StaticString] {
            method(timeout, name) { _, this, _ throws(JSFailure) in this }
        }
        method(timeout, "hasRef") { _, _, _ throws(JSFailure) in .boolean(true) }
        method(timeout, "close") { realm, this, _ throws(JSFailure) in
            realm.clearTimer(this)
            return this
        }
        method(timeout, "valueOf") { _, this, _ throws(JSFailure) in
            Self.timerID(this).map { .number(Int($0)) } ?? .undefined
        }
        for (name, repeats) in [("setTimeout", false), ("setInterval", true)] as [(StaticString, Bool)] {
            method(global, name) { realm, _, arguments throws(JSFailure) in
                let function = try realm.callback(arguments[0])
                // Delays that are no numbers, too short or too long mean one millisecond, as in Node.
                var delay = try realm.toNumber(arguments[1])
                if !(delay >= 1 && delay <= 2_147_483_647) { delay = 1 }
                let nanoseconds = Int64(delay) * 1_000_000
                let id = realm.events.addTimer(
                    deadline: Clock.moment(nanoseconds, after: realm.events.roundTime),
                    .call(function, Self.kept(arguments.dropFirst(2)), interval: repeats ? nanoseconds : nil))
                return .object(JSWrapper(.number(Int(id)), prototype: timeout))
            }
        }
        for name in ["clearTimeout", "clearInterval"] as [StaticString] {
            method(global, name) { realm, _, arguments throws(JSFailure) in
                realm.clearTimer(arguments[0])
                return .undefined
            }
        }
        method(global, "setImmediate") { realm, _, arguments throws(JSFailure) in
            realm.events.tasks.append(.call(try realm.callback(arguments[0]), Self.kept(arguments.dropFirst(1))))
            return .object(realm.makeObject())
        }
        method(global, "queueMicrotask") { realm, _, arguments throws(JSFailure) in
            realm.events.microtasks.append(.call(try realm.callback(arguments[0])))
            return .undefined
        }
    }

    /// The arguments of a later call; nil for none.
    private static func kept(_ arguments: JSArguments) -> JSArray? {
        arguments.count == 0 ? nil : JSArray(arguments.values, prototype: nil)
    }

    /// The id of the timer that `setTimeout` returned.
    private static func timerID(_ value: JSValue) -> Int32? {
        var value = value
        if let object = value.object, object.kind == .wrapper {
            value = unsafeDowncast(object, to: JSWrapper.self).value
        }
        guard case .number(let number) = value else { return nil }
        return Int32(exactly: number)
    }

    private func clearTimer(_ value: JSValue) {
        if let id = Self.timerID(value) { events.removeTimer(id) }
    }

    private func callback(_ value: JSValue) throws(JSFailure) -> JSFunction {
        guard let function = value.function else {
            let error = makeError(
                prototypes.typeError,
                string("The \"callback\" argument must be of type function. Received \(inspect(value))"))
            error.define(keys.code, string("ERR_INVALID_ARG_TYPE"))
            throw .thrown(.object(error))
        }
        return function
    }
}
