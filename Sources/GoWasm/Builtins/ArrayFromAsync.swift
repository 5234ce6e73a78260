/// One call of `Array.fromAsync` (ECMA-262 2026, 23.1.2.2): what would be an asynchronous function in JavaScript.
///
/// Each of its steps begins in the microtask in which the function would go on, so that programs find the same order.
private final class AsyncCollector {
    /// Where the values come from.
    private enum Source {
        case asynchronous(JSRealm.IteratorRecord)
        case synchronous(JSRealm.IteratorRecord)
        case list(JSObject, length: Int)
    }

    private let source: Source
    private let mapping: JSFunction?
    private let mappingThis: JSValue
    private let results: JSArray
    private let promise: JSPromise
    private var index = 0

    init(
        _ items: JSValue, mapping: JSFunction?, this: JSValue, into promise: JSPromise, _ realm: JSRealm
    ) throws(JSFailure) {
        (self.mapping, mappingThis, self.promise) = (mapping, this, promise)
        results = realm.makeArray([])
        if let method = try Self.method(items, realm.wellKnownSymbols.asyncIterator, realm) {
            source = .asynchronous(try Self.iterator(realm.call(method, this: items), realm))
        } else if let method = try Self.method(items, realm.wellKnownSymbols.iterator, realm) {
            source = .synchronous(try Self.iterator(realm.call(method, this: items), realm))
        } else {
            let object = try realm.toObject(items)
            let length = max(0, try realm.toInteger(object.get(realm.keys.length, realm)))
            guard length <= JSArray.maximumLength else { throw realm.rangeError("Invalid array length") }
            source = .list(object, length: length)
        }
    }

    private static func method(_ items: JSValue, _ symbol: JSSymbol, _ realm: JSRealm) throws(JSFailure) -> JSFunction?
    {
        let method = try realm.get(items, symbol.key)
        if method.isNullish { return nil }
        guard let function = method.function else {
            throw realm.typeError("\(realm.inspect(method)) is not a function")
        }
        return function
    }

    private static func iterator(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> JSRealm.IteratorRecord {
        guard let object = value.object else {
            throw realm.typeError("\(realm.receiverText(value)) is not an object")
        }
        return try realm.directIterator(object)
    }

    /// Asks for the next value.
    func advance(_ realm: JSRealm) throws(JSFailure) {
        switch source {
        case .list(let object, let length):
            guard index < length else { return finish(realm) }
            wait(for: try object.get(realm.key(element: Int64(index)), realm), realm) { (value) throws(JSFailure) in
                try self.take(value, realm)
            }
        case .asynchronous(let record):
            wait(for: try realm.callNext(record), realm) { (result) throws(JSFailure) in
                try self.takeResult(result, realm)
            }
        case .synchronous(let record):
            try advance(record, realm)
        }
    }

    /// The value of an ordinary iterator is waited for, and then the result (%AsyncFromSyncIteratorPrototype%).
    private func advance(_ record: JSRealm.IteratorRecord, _ realm: JSRealm) throws(JSFailure) {
        let result = try realm.nextResult(record)
        let isDone = try result.get(realm.keys.done, realm).isTruthy
        let value = try result.get(realm.keys.value, realm)
        let again = realm.makePromise()
        let unwrap = realm.makeFunction(length: 1) { realm, _, arguments throws(JSFailure) in
            let result = realm.makeObject()
            result.define(realm.keys.value, arguments[0])
            result.define(realm.keys.done, .boolean(isDone))
            return .object(result)
        }
        let close = realm.makeFunction(length: 1) { realm, _, arguments throws(JSFailure) in
            let failure = JSFailure.thrown(arguments[0])
            throw isDone ? failure : try realm.close(record.iterator, after: failure)
        }
        realm.promise(resolving: value).then(unwrap, close, realm, derived: again)
        wait(for: .object(again), realm) { (result) throws(JSFailure) in try self.takeResult(result, realm) }
    }

    private func takeResult(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        guard let result = value.object else {
            throw realm.typeError("Iterator result \(realm.receiverText(value)) is not an object")
        }
        if try result.get(realm.keys.done, realm).isTruthy { return finish(realm) }
        try take(result.get(realm.keys.value, realm), realm)
    }

    private func take(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        guard let mapping else { return try store(value, realm) }
        do throws(JSFailure) {
            let mapped = try realm.call(mapping, this: mappingThis, value, .number(index))
            wait(for: mapped, realm, closing: true) { (mapped) throws(JSFailure) in try self.store(mapped, realm) }
        } catch {
            throw try closing(error, realm)
        }
    }

    private func store(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        try results.append(value, realm)
        index += 1
        try advance(realm)
    }

    private func finish(_ realm: JSRealm) { promise.resolve(.object(results), realm) }

    /// Tells the iterator that it is not wanted any more, because of a failure.
    private func closing(_ failure: JSFailure, _ realm: JSRealm) throws(JSFailure) -> JSFailure {
        switch source {
        case .asynchronous(let record), .synchronous(let record): try realm.close(record.iterator, after: failure)
        case .list: failure
        }
    }

    /// Goes on with a value when it is there (Await).
    private func wait(
        for value: JSValue, _ realm: JSRealm, closing closes: Bool = false,
        _ body: @escaping (JSValue) throws(JSFailure) -> Void
    ) {
        let onFulfilled = realm.makeFunction(length: 1) { realm, _, arguments throws(JSFailure) in
            do throws(JSFailure) {
                try body(arguments[0])
            } catch {
                guard case .thrown(let reason) = error else { throw error }
                self.promise.reject(reason, realm)
            }
            return .undefined
        }
        let onRejected = realm.makeFunction(length: 1) { realm, _, arguments throws(JSFailure) in
            if closes { _ = try self.closing(.thrown(arguments[0]), realm) }
            self.promise.reject(arguments[0], realm)
            return .undefined
        }
        realm.promise(resolving: value).then(onFulfilled, onRejected, realm, derived: nil)
    }
}

extension JSRealm {
    func completeArrayConstructor(_ constructor: JSObject) {
        addSpecies(constructor)
        method(constructor, "fromAsync", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.promised { (promise) throws(JSFailure) in
                let mapping = try arguments[1].isUndefined ? nil : realm.elementFunction(arguments[1])
                let collector = try AsyncCollector(
                    arguments[0], mapping: mapping, this: arguments[2], into: promise, realm)
                try collector.advance(realm)
            }
        }
    }
}
