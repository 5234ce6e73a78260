extension JSRealm {
    func makePromise() -> JSPromise { JSPromise(prototype: prototypes.promise) }

    /// The promise that a value is, or one that it resolves.
    func promise(resolving value: JSValue) -> JSPromise {
        if let object = value.object, object.kind == .promise { return unsafeDowncast(object, to: JSPromise.self) }
        let promise = makePromise()
        promise.resolve(value, self)
        return promise
    }

    func installPromise() {
        let prototype = prototypes.promise
        let refused: JSCode = { realm, _, _ throws(JSFailure) in
            throw realm.typeError("Promise constructor cannot be invoked without 'new'")
        }
        let constructor = constructor("Promise", prototype, length: 1, call: refused) {
            realm, _, arguments throws(JSFailure) in
            guard let executor = arguments[0].function else {
                throw realm.typeError("Promise resolver \(realm.inspect(arguments[0])) is not a function")
            }
            let promise = realm.makePromise()
            do throws(JSFailure) {
                _ = try realm.call(
                    executor, this: .undefined, .object(promise.resolver(realm)), .object(promise.rejecter(realm)))
            } catch {
                guard case .thrown(let reason) = error else { throw error }
                promise.reject(reason, realm)
            }
            return .object(promise)
        }
        method(constructor, "resolve", length: 1) { realm, _, arguments throws(JSFailure) in
            .object(realm.promise(resolving: arguments[0]))
        }
        method(constructor, "reject", length: 1) { realm, _, arguments throws(JSFailure) in
            let promise = realm.makePromise()
            promise.reject(arguments[0], realm)
            return .object(promise)
        }
        installPromiseCombinators(constructor)
        func promiseThis(_ realm: JSRealm, _ this: JSValue) throws(JSFailure) -> JSPromise {
            guard let object = this.object, object.kind == .promise else {
                throw realm.typeError(
                    "Method Promise.prototype.then called on incompatible receiver \(realm.inspect(this))")
            }
            return unsafeDowncast(object, to: JSPromise.self)
        }
        method(prototype, "then", length: 2) { realm, this, arguments throws(JSFailure) in
            let derived = realm.makePromise()
            try promiseThis(realm, this).then(arguments[0].function, arguments[1].function, realm, derived: derived)
            return .object(derived)
        }
        /// Calls the method `then`.
        func then(
            _ realm: JSRealm, _ this: JSValue, _ onFulfilled: JSValue, _ onRejected: JSValue
        ) throws(JSFailure) -> JSValue {
            let method = try realm.callable(realm.get(this, realm.keys.then), "then")
            return try realm.call(method, this: this, onFulfilled, onRejected)
        }
        method(prototype, "catch", length: 1) { realm, this, arguments throws(JSFailure) in
            try then(realm, this, .undefined, arguments[0])
        }
        method(prototype, "finally", length: 1) { realm, this, arguments throws(JSFailure) in
            guard this.object != nil else {
                throw realm.typeError("Promise.prototype.finally called on a non-object")
            }
            guard let cleanup = arguments[0].function else {
                return try then(realm, this, arguments[0], arguments[0])
            }
            /// Waits for what the function returns, and then has the outcome again.
            func handler(_ outcome: @escaping (JSValue) throws(JSFailure) -> JSValue) -> JSValue {
                .object(
                    realm.makeFunction(length: 1) { realm, _, arguments throws(JSFailure) in
                        let value = arguments[0]
                        let cleaned = realm.promise(resolving: try realm.call(cleanup, this: .undefined))
                        let again = realm.makeFunction { _, _, _ throws(JSFailure) in try outcome(value) }
                        return try then(realm, .object(cleaned), .object(again), .undefined)
                    })
            }
            return try then(
                realm, this, handler { (value) throws(JSFailure) in value },
                handler { (reason) throws(JSFailure) in throw .thrown(reason) })
        }
    }

    /// A promise that is given to the body, and rejected with what that throws.
    func promised(_ body: (JSPromise) throws(JSFailure) -> Void) throws(JSFailure) -> JSValue {
        let promise = makePromise()
        do throws(JSFailure) {
            try body(promise)
        } catch {
            guard case .thrown(let reason) = error else { throw error }
            promise.reject(reason, self)
        }
        return .object(promise)
    }

    private func installPromiseCombinators(_ constructor: JSFunction) {
        method(constructor, "all", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.promised { (all) throws(JSFailure) in
                let finish = { (values: JSArray) in all.resolve(.object(values), realm) }
                try realm.gather(arguments[0], finish) { promise, place in
                    let onFulfilled = realm.makeFunction(length: 1) { _, _, arguments throws(JSFailure) in
                        try place(arguments[0])
                        return .undefined
                    }
                    promise.then(onFulfilled, all.rejecter(realm), realm, derived: nil)
                }
            }
        }
        method(constructor, "race", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.promised { (race) throws(JSFailure) in
                try realm.iterate(arguments[0]) { (value) throws(JSFailure) in
                    realm.promise(resolving: value).then(
                        race.resolver(realm), race.rejecter(realm), realm, derived: nil)
                    return true
                }
            }
        }
    }

    /// What the combinators of promises have in common: gives `body` a promise for each value of an iterable, and how
    /// to put what came of it in its place; calls `finish` when all places are filled.
    func gather(
        _ iterable: JSValue, _ finish: @escaping (JSArray) throws(JSFailure) -> Void,
        _ body: (JSPromise, @escaping (JSValue) throws(JSFailure) -> Void) -> Void
    ) throws(JSFailure) {
        let results = makeArray([])
        // Those that are waited for, and the iterable itself.
        var remaining = 1
        try iterate(iterable) { (value) throws(JSFailure) in
            let index = results.length
            try results.append(.undefined, self)
            remaining += 1
            var isPending = true
            body(promise(resolving: value)) { result throws(JSFailure) in
                guard isPending else { return }
                isPending = false
                try results.set(PropertyKey(index: index), result, self)
                remaining -= 1
                if remaining == 0 { try finish(results) }
            }
            return true
        }
        remaining -= 1
        if remaining == 0 { try finish(results) }
    }
}
