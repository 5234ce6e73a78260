/// What `Iterator.from` makes of an iterator that has none of the methods of iterators.
final class JSWrappedIterator: JSObject {
    private(set) var source: JSRealm.IteratorRecord?

    init(_ source: JSRealm.IteratorRecord, prototype: JSObject?) {
        self.source = source
        super.init(kind: .host, prototype: prototype)
    }

    deinit { ending { $0.take(&source) } }
}

/// `Iterator` and the methods of iterators (ECMA-262, 27.1).
extension JSRealm {
    /// An iterator and its method `next` (7.4.1).
    struct IteratorRecord {
        let iterator: JSObject
        let next: JSValue
    }

    /// An object taken for an iterator (GetIteratorDirect).
    func directIterator(_ iterator: JSObject) throws(JSFailure) -> IteratorRecord {
        IteratorRecord(iterator: iterator, next: try iterator.get(keys.next, self))
    }

    /// What the next call of `next` returns.
    func callNext(_ record: IteratorRecord) throws(JSFailure) -> JSValue {
        guard let next = record.next.function else { throw typeError("\(iterableText(record.next)) is not a function") }
        return try call(next, this: .object(record.iterator))
    }

    /// The same, which must be an object (IteratorNext).
    func nextResult(_ record: IteratorRecord) throws(JSFailure) -> JSObject {
        try checkEnd()
        let result = try callNext(record)
        guard let object = result.object else {
            throw typeError("Iterator result \(receiverText(result)) is not an object")
        }
        return object
    }

    /// The next value; nil at the end (IteratorStepValue).
    func step(_ record: IteratorRecord) throws(JSFailure) -> JSValue? {
        let result = try nextResult(record)
        return try result.get(keys.done, self).isTruthy ? nil : result.get(keys.value, self)
    }

    /// Calls the body for each value, until it says false; closes the iterator then, or where the body fails.
    private func forEach(_ record: IteratorRecord, _ body: (JSValue) throws(JSFailure) -> Bool) throws(JSFailure) {
        while let value = try step(record) {
            if try !closing(record.iterator, { () throws(JSFailure) in try body(value) }) { return }
        }
    }

    func installIterator() {
        let prototype = prototypes.iterator
        let constructor = constructor("Iterator", prototype) { realm, target, _ throws(JSFailure) in
            guard target.function?.signature.key != realm.key("Iterator") else {
                throw realm.typeError("Abstract class Iterator not directly constructable")
            }
            return .object(JSObject(prototype: prototype))
        }
        // The prototype's own properties come with the lazy ones.
        completeAllProperties(of: prototype)
        constrainedAccessor(prototype, keys.constructor, .object(constructor), name: "constructor")
        let wrapper = hostPrototype("%WrapForValidIteratorPrototype%", parent: prototype)
        installWrapper(wrapper)
        method(constructor, "from", length: 1) { realm, _, arguments throws(JSFailure) in
            let record = try realm.flattenable(arguments[0], acceptsStrings: true, "Iterator.from")
            if record.iterator.inherits(from: prototype) { return .object(record.iterator) }
            return .object(JSWrappedIterator(record, prototype: wrapper))
        }
    }

    private func installWrapper(_ wrapper: JSObject) {
        func source(
            _ realm: JSRealm, _ value: JSValue, _ method: StaticString
        ) throws(JSFailure) -> IteratorRecord {
            guard let source = (value.object as? JSWrappedIterator)?.source else {
                throw realm.typeError(
                    "Method %WrapForValidIteratorPrototype%.\(method) called on incompatible receiver "
                        + realm.receiverText(value))
            }
            return source
        }
        method(wrapper, "next") { realm, this, _ throws(JSFailure) in
            try realm.callNext(source(realm, this, "next"))
        }
        method(wrapper, "return") { realm, this, _ throws(JSFailure) in
            let iterator = try source(realm, this, "return").iterator
            let end = try iterator.get(realm.key("return"), realm)
            if end.isNullish { return realm.iteratorResult(nil) }
            guard let function = end.function else {
                throw realm.typeError("\(realm.iterableText(end)) is not a function")
            }
            return try realm.call(function, this: .object(iterator))
        }
    }

    /// Adds an accessor that stands for a value, and which assigning to an object below defines a property there
    /// (SetterThatIgnoresPrototypeProperties).
    private func constrainedAccessor(_ home: JSObject, _ key: PropertyKey, _ value: JSValue, name: String) {
        let getter = makeFunction(signature: JSFunction.Signature(key: key, prefix: "get")) {
            _, _, _ throws(JSFailure) in value
        }
        let setter = makeFunction(signature: JSFunction.Signature(key: key, prefix: "set", length: 1)) {
            realm, this, arguments throws(JSFailure) in
            guard let object = this.object else {
                throw realm.typeError("set Iterator.prototype\(name) called on non-object")
            }
            guard object !== home else {
                throw realm.typeError(
                    "Cannot assign to read only property '\(realm.keyText(key))' of object '[object Object]'")
            }
            if object.hasOwn(key, realm) {
                try object.set(key, arguments[0], realm)
            } else {
                try realm.makeRoom(in: object)
                object.define(key, arguments[0])
            }
            return .undefined
        }
        home.define(key, .object(JSAccessor(getter: getter, setter: setter)), [.configurable, .accessor])
    }

    /// What has an iterator, or is one (GetIteratorFlattenable).
    private func flattenable(
        _ value: JSValue, acceptsStrings: Bool, _ method: StaticString
    ) throws(JSFailure) -> IteratorRecord {
        var isAccepted = value.object != nil
        if case .string = value { isAccepted = acceptsStrings }
        guard isAccepted else { throw typeError("\(method) called on non-object") }
        let function = try get(value, wellKnownSymbols.iterator.key)
        var iterator = value
        if !function.isNullish {
            guard let function = function.function else {
                throw typeError(
                    "'\(receiverText(function))' returned for property 'Symbol(Symbol.iterator)' of object "
                        + "'\(receiverText(value))' is not a function")
            }
            iterator = try call(function, this: value)
        }
        guard let object = iterator.object else { throw typeError("\(receiverText(value)) is not iterable") }
        return try directIterator(object)
    }

    // MARK: The methods

    func completeIterators() {
        let prototype = prototypes.iterator
        method(prototype, wellKnownSymbols.iterator) { _, this, _ throws(JSFailure) in this }
        constrainedAccessor(
            prototype, wellKnownSymbols.toStringTag.key, string("Iterator"), name: "[Symbol.toStringTag]")
        installLazyMethods(prototype)
        installEagerMethods(prototype)
        installSearchMethods(prototype)
        // Makes the property `constructor`, unless that is being made.
        _ = completeProperties(of: global, missing: key("Iterator"))
    }

    /// The iterator that a method was called on.
    private func iteratorThis(_ this: JSValue, _ method: StaticString) throws(JSFailure) -> JSObject {
        guard let object = this.object else {
            throw typeError("Iterator.prototype.\(method) called on non-object")
        }
        return object
    }

    /// The iterator that a method was called on, and the function that it was given; without one the iterator is
    /// closed.
    private func source(
        _ this: JSValue, _ function: JSValue, _ method: StaticString
    ) throws(JSFailure) -> (IteratorRecord, JSFunction) {
        let iterator = try iteratorThis(this, method)
        guard let function = function.function else {
            throw try close(iterator, after: typeError("\(iterableText(function)) is not a function"))
        }
        return (try directIterator(iterator), function)
    }

    /// An iterator that gives what the body makes of another one; nil is the end.
    private func makeHelper(
        of source: IteratorRecord, end: ((JSRealm) throws(JSFailure) -> Void)? = nil,
        _ advance: @escaping (JSRealm) throws(JSFailure) -> JSValue?
    ) -> JSValue {
        let close: (JSRealm) throws(JSFailure) -> Void = { realm throws(JSFailure) in
            try realm.close(source.iterator)
        }
        return .object(JSIterator(prototype: iteratorPrototype(.helper), end: end ?? close, advance))
    }

    /// The method `return` of helpers.
    func installHelperEnd(_ prototype: JSObject) {
        method(prototype, "return") { realm, this, _ throws(JSFailure) in
            guard let helper = this.object as? JSIterator, helper.isHelper else {
                throw realm.typeError(
                    "Method Iterator Helper.prototype.return called on incompatible receiver "
                        + realm.receiverText(this))
            }
            try helper.end(realm)
            return realm.iteratorResult(nil)
        }
    }

    /// Does something with a value of an iterator, which is closed where that fails.
    private func guarded<Result>(
        _ source: IteratorRecord, _ body: () throws(JSFailure) -> Result
    ) throws(JSFailure) -> Result {
        do throws(JSFailure) { return try body() } catch { throw try close(source.iterator, after: error) }
    }

    /// Those that return an iterator.
    private func installLazyMethods(_ prototype: JSObject) {
        for (name, isFilter) in [("map", false), ("filter", true)] as [(StaticString, Bool)] {
            method(prototype, name, length: 1) { realm, this, arguments throws(JSFailure) in
                let (source, function) = try realm.source(this, arguments[0], name)
                var index = 0
                return realm.makeHelper(of: source) { (realm) throws(JSFailure) in
                    while let value = try realm.step(source) {
                        let result = try realm.guarded(source) { () throws(JSFailure) in
                            try realm.call(function, this: .undefined, value, .number(index))
                        }
                        index += 1
                        if !isFilter { return result }
                        if result.isTruthy { return value }
                    }
                    return nil
                }
            }
        }
        for (name, isTake) in [("take", true), ("drop", false)] as [(StaticString, Bool)] {
            method(prototype, name, length: 1) { realm, this, arguments throws(JSFailure) in
                let iterator = try realm.iteratorThis(this, name)
                var rest = try realm.limit(arguments[0], iterator)
                let source = try realm.directIterator(iterator)
                return realm.makeHelper(of: source) { (realm) throws(JSFailure) in
                    if isTake {
                        guard rest > 0 else {
                            try realm.close(iterator)
                            return nil
                        }
                        rest -= 1
                    }
                    while !isTake, rest > 0 {
                        rest -= 1
                        if try realm.step(source) == nil { return nil }
                    }
                    return try realm.step(source)
                }
            }
        }
        method(prototype, "flatMap", length: 1) { realm, this, arguments throws(JSFailure) in
            let (source, function) = try realm.source(this, arguments[0], "flatMap")
            return realm.makeFlatMap(of: source, function)
        }
    }

    /// How many values `take` or `drop` is about; closes the iterator where that is no number of any.
    private func limit(_ value: JSValue, _ iterator: JSObject) throws(JSFailure) -> Double {
        do throws(JSFailure) {
            let number = try toNumber(value).rounded(.towardZero)
            guard number >= 0 else { throw rangeError("\(receiverText(value)) must be positive") }
            return number
        } catch {
            throw try close(iterator, after: error)
        }
    }

    private func makeFlatMap(of source: IteratorRecord, _ function: JSFunction) -> JSValue {
        var index = 0
        var inner: IteratorRecord?
        let end: (JSRealm) throws(JSFailure) -> Void = { realm throws(JSFailure) in
            if let inner { try realm.guarded(source) { () throws(JSFailure) in try realm.close(inner.iterator) } }
            try realm.close(source.iterator)
        }
        return makeHelper(of: source, end: end) { (realm) throws(JSFailure) in
            while true {
                if let record = inner {
                    if let value = try realm.guarded(source, { () throws(JSFailure) in try realm.step(record) }) {
                        return value
                    }
                    inner = nil
                }
                guard let value = try realm.step(source) else { return nil }
                inner = try realm.guarded(source) { () throws(JSFailure) in
                    let mapped = try realm.call(function, this: .undefined, value, .number(index))
                    return try realm.flattenable(mapped, acceptsStrings: false, "Iterator.prototype.flatMap")
                }
                index += 1
            }
        }
    }

    /// Those that go through all values.
    private func installEagerMethods(_ prototype: JSObject) {
        method(prototype, "reduce", length: 1) { realm, this, arguments throws(JSFailure) in
            let (source, function) = try realm.source(this, arguments[0], "reduce")
            var index = 0
            var result: JSValue? = arguments.count > 1 ? arguments[1] : nil
            try realm.forEach(source) { (value) throws(JSFailure) in
                if let soFar = result {
                    result = try realm.call(function, this: .undefined, soFar, value, .number(index))
                } else {
                    result = value
                }
                index += 1
                return true
            }
            guard let result else { throw realm.typeError("Reduce of a done iterator with no initial value") }
            return result
        }
        method(prototype, "toArray") { realm, this, _ throws(JSFailure) in
            let source = try realm.directIterator(realm.iteratorThis(this, "toArray"))
            var values = ContiguousArray<JSValue>()
            while let value = try realm.step(source) { try values.add(value, realm) }
            return .object(realm.makeArray(values))
        }
        method(prototype, "forEach", length: 1) { realm, this, arguments throws(JSFailure) in
            let (source, function) = try realm.source(this, arguments[0], "forEach")
            var index = 0
            try realm.forEach(source) { (value) throws(JSFailure) in
                _ = try realm.call(function, this: .undefined, value, .number(index))
                index += 1
                return true
            }
            return .undefined
        }
    }

    /// Those that go on until a function has said something: what it says, and what is the result if it never does.
    private func installSearchMethods(_ prototype: JSObject) {
        let searches: [(StaticString, Bool, JSValue)] = [
            ("some", true, .boolean(false)), ("every", false, .boolean(true)), ("find", true, .undefined),
        ]
        for (name, wanted, otherwise) in searches {
            method(prototype, name, length: 1) { realm, this, arguments throws(JSFailure) in
                let (source, function) = try realm.source(this, arguments[0], name)
                var index = 0
                var found = otherwise
                try realm.forEach(source) { (value) throws(JSFailure) in
                    let answer = try realm.call(function, this: .undefined, value, .number(index))
                    index += 1
                    guard answer.isTruthy == wanted else { return true }
                    found = otherwise.isUndefined ? value : .boolean(wanted)
                    return false
                }
                return found
            }
        }
    }
}
