internal import CHostSystem

/// A promise (ECMA-262, 27.2).
final class JSPromise: JSObject {
    enum State {
        case pending
        case fulfilled(JSValue)
        case rejected(JSValue)
    }

    /// What waits for a promise.
    struct Reaction {
        /// The handlers; without one the outcome passes through to `derived`.
        var onFulfilled: JSFunction?
        var onRejected: JSFunction?
        /// The promise that `then` returned.
        var derived: JSPromise?
    }

    private(set) var state = State.pending
    private var reactions: [Reaction] = []
    /// How many reactions the memory that is charged has room for.
    private var chargedReactions = 0
    /// Whether somebody waits for the promise, so that a rejection does not go unheard.
    private(set) var isHandled = false
    /// Whether a resolving function has been called: later calls do nothing.
    private var isResolved = false

    init(prototype: JSObject?) { super.init(kind: .promise, prototype: prototype) }

    deinit {
        chargeReactions(0)
        ending {
            $0.take(&state, leaving: .pending)
            $0.take(&reactions, leaving: [])
        }
    }

    /// The promise resolve function: adopts the state of a promise or of another object with a method `then`.
    func resolve(_ value: JSValue, _ realm: JSRealm) {
        guard !isResolved else { return }
        isResolved = true
        guard let object = value.object else { return settle(.fulfilled(value), realm) }
        if object === self {
            return settle(.rejected(realm.typeError("Chaining cycle detected for promise #<Promise>").value), realm)
        }
        do {
            guard let then = try object.get(realm.keys.then, realm).function else {
                return settle(.fulfilled(value), realm)
            }
            // The job is one more microtask, as in JavaScript.
            realm.events.microtasks.append(.adopt(promise: self, thenable: value, then: then))
        } catch {
            settle(failure: error, realm)
        }
    }

    /// The promise reject function.
    func reject(_ reason: JSValue, _ realm: JSRealm) {
        guard !isResolved else { return }
        isResolved = true
        settle(.rejected(reason), realm)
    }

    /// Calls the method `then` of a foreign object with new resolving functions.
    func adopt(_ thenable: JSValue, then: JSFunction, _ realm: JSRealm) throws(JSFailure) {
        isResolved = false
        do {
            _ = try realm.call(then, this: thenable, .object(resolver(realm)), .object(rejecter(realm)))
        } catch {
            guard case .thrown(let reason) = error else { throw error }
            reject(reason, realm)
        }
    }

    /// A function that resolves the promise.
    func resolver(_ realm: JSRealm) -> JSFunction {
        realm.makeFunction(length: 1) { [self] realm, _, arguments throws(JSFailure) in
            resolve(arguments[0], realm)
            return .undefined
        }
    }

    /// A function that rejects the promise.
    func rejecter(_ realm: JSRealm) -> JSFunction {
        realm.makeFunction(length: 1) { [self] realm, _, arguments throws(JSFailure) in
            reject(arguments[0], realm)
            return .undefined
        }
    }

    private func settle(failure: JSFailure, _ realm: JSRealm) {
        switch failure {
        case .thrown(let reason): settle(.rejected(reason), realm)
        case .aborted: realm.events.pendingAbort = failure
        }
    }

    private func settle(_ outcome: State, _ realm: JSRealm) {
        state = outcome
        if case .rejected = outcome, !isHandled { realm.events.unhandledRejections.append(self) }
        for reaction in reactions { schedule(reaction, realm) }
        reactions = []
        chargeReactions(0)
    }

    /// Charges the memory of so many reactions.
    private func chargeReactions(_ count: Int) {
        guard count != chargedReactions else { return }
        let size = MemoryLayout<Reaction>.stride
        gw_account_resize(properties.account, Int64((count - chargedReactions) * size), UInt64(count * size))
        chargedReactions = count
    }

    /// The abstract operation PerformPromiseThen.
    func then(_ onFulfilled: JSFunction?, _ onRejected: JSFunction?, _ realm: JSRealm, derived: JSPromise?) {
        isHandled = true
        let reaction = Reaction(onFulfilled: onFulfilled, onRejected: onRejected, derived: derived)
        guard case .pending = state else { return schedule(reaction, realm) }
        reactions.append(reaction)
        chargeReactions(reactions.capacity)
    }

    private func schedule(_ reaction: Reaction, _ realm: JSRealm) {
        realm.events.microtasks.append(.react(reaction, state))
    }

    /// Runs a reaction: a microtask.
    static func run(_ reaction: Reaction, _ outcome: State, _ realm: JSRealm) throws(JSFailure) {
        let handler: JSFunction?
        let value: JSValue
        let isRejection: Bool
        switch outcome {
        case .pending: return
        case .fulfilled(let result): (handler, value, isRejection) = (reaction.onFulfilled, result, false)
        case .rejected(let reason): (handler, value, isRejection) = (reaction.onRejected, reason, true)
        }
        guard let handler else {
            if isRejection { reaction.derived?.reject(value, realm) } else { reaction.derived?.resolve(value, realm) }
            return
        }
        do {
            let result = try realm.call(handler, this: .undefined, value)
            reaction.derived?.resolve(result, realm)
        } catch {
            guard case .thrown(let reason) = error else { throw error }
            reaction.derived?.reject(reason, realm)
        }
    }
}

/// A `Date`: milliseconds since 1970 in UTC, or NaN.
final class JSDate: JSObject {
    var time: Double

    init(time: Double, prototype: JSObject?) {
        self.time = time
        super.init(kind: .date, prototype: prototype)
    }
}
