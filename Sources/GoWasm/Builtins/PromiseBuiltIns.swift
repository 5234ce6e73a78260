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
        let constructor = constructor("Promise", prototype) { realm, _, arguments throws(JSFailure) in
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
        method(constructor, "resolve") { realm, _, arguments throws(JSFailure) in
            .object(realm.promise(resolving: arguments[0]))
        }
        method(constructor, "reject") { realm, _, arguments throws(JSFailure) in
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
        method(prototype, "then") { realm, this, arguments throws(JSFailure) in
            let derived = realm.makePromise()
            try promiseThis(realm, this).then(arguments[0].function, arguments[1].function, realm, derived: derived)
            return .object(derived)
        }
        method(prototype, "catch") { realm, this, arguments throws(JSFailure) in
            let derived = realm.makePromise()
            try promiseThis(realm, this).then(nil, arguments[0].function, realm, derived: derived)
            return .object(derived)
        }
        method(prototype, "finally") { realm, this, arguments throws(JSFailure) in
            let derived = realm.makePromise()
            let cleanup = arguments[0].function
            let onFulfilled = realm.makeFunction { realm, _, arguments throws(JSFailure) in
                if let cleanup { _ = try realm.call(cleanup, this: .undefined) }
                return arguments[0]
            }
            let onRejected = realm.makeFunction { realm, _, arguments throws(JSFailure) in
                if let cleanup { _ = try realm.call(cleanup, this: .undefined) }
                throw .thrown(arguments[0])
            }
            try promiseThis(realm, this).then(onFulfilled, onRejected, realm, derived: derived)
            return .object(derived)
        }
    }

    private func installPromiseCombinators(_ constructor: JSFunction) {
        method(constructor, "all") { realm, _, arguments throws(JSFailure) in
            let all = realm.makePromise()
            let finish = { (values: JSArray) in all.resolve(.object(values), realm) }
            try realm.gather(arguments[0], finish) { promise, place in
                let onFulfilled = realm.makeFunction { _, _, arguments throws(JSFailure) in
                    try place(arguments[0])
                    return .undefined
                }
                promise.then(onFulfilled, all.rejecter(realm), realm, derived: nil)
            }
            return .object(all)
        }
        method(constructor, "race") { realm, _, arguments throws(JSFailure) in
            let race = realm.makePromise()
            for (index, value) in try realm.collect(arguments[0]).enumerated() {
                try realm.checkEnd(index)
                realm.promise(resolving: value).then(race.resolver(realm), race.rejecter(realm), realm, derived: nil)
            }
            return .object(race)
        }
    }

    /// What the combinators of promises have in common: gives `body` a promise for each value of an iterable, and how
    /// to put what came of it in its place; calls `finish` when all places are filled.
    func gather(
        _ iterable: JSValue, _ finish: @escaping (JSArray) throws(JSFailure) -> Void,
        _ body: (JSPromise, @escaping (JSValue) throws(JSFailure) -> Void) -> Void
    ) throws(JSFailure) {
        let values = try collect(iterable)
        let results = makeArray(ContiguousArray(repeating: .undefined, count: values.count))
        var remaining = values.count
        if remaining == 0 { try finish(results) }
        for (index, value) in values.enumerated() {
            try checkEnd(index)
            body(promise(resolving: value)) { result throws(JSFailure) in
                try results.set(PropertyKey(index: index), result, self)
                remaining -= 1
                if remaining == 0 { try finish(results) }
            }
        }
    }
}
