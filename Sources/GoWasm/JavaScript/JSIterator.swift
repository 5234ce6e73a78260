/// The symbols by which the language itself asks objects for something (ECMA-262, 6.1.5.1).
struct WellKnownSymbols {
    let iterator, asyncIterator, hasInstance, toPrimitive, toStringTag, species, isConcatSpreadable: JSSymbol

    init(_ table: InternTable) {
        func make(_ name: StaticString) -> JSSymbol {
            JSSymbol(description: JSString.make(name), key: table.makeSymbolKey())
        }
        iterator = make("Symbol.iterator")
        asyncIterator = make("Symbol.asyncIterator")
        hasInstance = make("Symbol.hasInstance")
        toPrimitive = make("Symbol.toPrimitive")
        toStringTag = make("Symbol.toStringTag")
        species = make("Symbol.species")
        isConcatSpreadable = make("Symbol.isConcatSpreadable")
    }

    /// In the order of their numbers.
    var all: ContiguousArray<JSSymbol> {
        [iterator, asyncIterator, hasInstance, toPrimitive, toStringTag, species, isConcatSpreadable]
    }
}

/// An iterator of a built-in object.
final class JSIterator: JSObject {
    /// What is gone through.
    enum Subject: String {
        case array = "Array Iterator"
        case string = "String Iterator"
        case map = "Map Iterator"
        case set = "Set Iterator"
        case headers = "Headers Iterator"
        /// What another iterator gives, changed by a method of iterators.
        case helper = "Iterator Helper"
    }

    /// The next value; nil at the end, after which it is not called again.
    private var advance: Advance?

    private struct Advance {
        let next: (JSRealm) throws(JSFailure) -> JSValue?
        /// What `return` of an iterator helper does; nil for iterators without that method.
        let end: ((JSRealm) throws(JSFailure) -> Void)?
    }
    /// Whether a helper is looking for the next value.
    private var isRunning = false
    /// Whether this is a helper.
    let isHelper: Bool

    init(
        prototype: JSObject?, end: ((JSRealm) throws(JSFailure) -> Void)? = nil,
        _ advance: @escaping (JSRealm) throws(JSFailure) -> JSValue?
    ) {
        self.advance = Advance(next: advance, end: end)
        isHelper = end != nil
        super.init(kind: .iterator, prototype: prototype)
    }

    deinit { ending { $0.take(&advance) } }

    func next(_ realm: JSRealm) throws(JSFailure) -> JSValue? {
        if isHelper { return try nextOfHelper(realm) }
        guard let value = try advance?.next(realm) else {
            advance = nil
            return nil
        }
        return value
    }

    /// Helpers are at their end after a failure, and do not call themselves.
    private func nextOfHelper(_ realm: JSRealm) throws(JSFailure) -> JSValue? {
        try checkRest(realm)
        isRunning = true
        defer { isRunning = false }
        do throws(JSFailure) {
            if let value = try advance?.next(realm) { return value }
            advance = nil
            return nil
        } catch {
            advance = nil
            throw error
        }
    }

    /// Ends a helper, and what it goes through.
    func end(_ realm: JSRealm) throws(JSFailure) {
        try checkRest(realm)
        guard let ended = advance else { return }
        advance = nil
        isRunning = true
        defer { isRunning = false }
        try ended.end?(realm)
    }

    private func checkRest(_ realm: JSRealm) throws(JSFailure) {
        if isRunning { throw realm.typeError("Generator is already running") }
    }
}

extension JSRealm {
    /// An iterator, with the methods that programs may call.
    func makeIterator(
        _ subject: JSIterator.Subject, _ advance: @escaping (JSRealm) throws(JSFailure) -> JSValue?
    ) -> JSValue {
        .object(JSIterator(prototype: iteratorPrototype(subject), advance))
    }

    func iteratorPrototype(_ subject: JSIterator.Subject) -> JSObject {
        if let known = iteratorPrototypes[subject] { return known }
        let prototype = JSObject(prototype: prototypes.iterator)
        builtIns.append(prototype)
        iteratorPrototypes[subject] = prototype
        let next: JSCode = { realm, this, _ throws(JSFailure) in
            guard let object = this.object, object.kind == .iterator else {
                throw realm.typeError(
                    "Method \(subject.rawValue).prototype.next called on incompatible receiver "
                        + realm.receiverText(this))
            }
            return realm.iteratorResult(try unsafeDowncast(object, to: JSIterator.self).next(realm))
        }
        if subject == .headers {
            addEnumerable { method(prototype, "next", next) }
        } else {
            method(prototype, "next", next)
        }
        if subject == .helper { installHelperEnd(prototype) }
        prototype.define(wellKnownSymbols.toStringTag.key, string(subject.rawValue), .configurable)
        return prototype
    }

    /// What `next` returns: nil means the end.
    func iteratorResult(_ value: JSValue?) -> JSValue {
        let result = makeObject()
        result.properties.reserve(2)
        result.properties.append(keys.value, value ?? .undefined, .assigned)
        result.properties.append(keys.done, .boolean(value == nil), .assigned)
        return .object(result)
    }

    /// Calls the body for each value of something iterable, until it says false.
    func iterate(_ value: JSValue, _ body: (JSValue) throws(JSFailure) -> Bool) throws(JSFailure) {
        // What nobody can tell from the general case.
        if let array = value.array {
            var index = 0
            while index < array.length {
                try checkEnd(index)
                if try !body(array[index]) { return }
                index += 1
            }
            return
        }
        let method = try value.isNullish ? JSValue.undefined : get(value, wellKnownSymbols.iterator.key)
        guard let function = method.function else { throw notIterable(value) }
        guard let iterator = try call(function, this: value).object else {
            throw typeError("Result of the Symbol.iterator method is not an object")
        }
        if iterator.kind == .iterator {
            var round = 0
            while let next = try unsafeDowncast(iterator, to: JSIterator.self).next(self) {
                try checkEnd(round)
                round += 1
                if try !closing(iterator, { () throws(JSFailure) in try body(next) }) { return }
            }
            return
        }
        guard let next = try iterator.get(keys.next, self).function else {
            throw typeError("\(inspect(.object(iterator))).next is not a function")
        }
        while true {
            let value = try call(next, this: .object(iterator))
            guard let result = value.object else {
                throw typeError("Iterator result \(receiverText(value)) is not an object")
            }
            if try result.get(keys.done, self).isTruthy { return }
            let element = try result.get(keys.value, self)
            if try !closing(iterator, { () throws(JSFailure) in try body(element) }) { return }
        }
    }

    /// What the body says; closes the iterator where it says false or fails.
    func closing(_ iterator: JSObject, _ body: () throws(JSFailure) -> Bool) throws(JSFailure) -> Bool {
        let goesOn: Bool
        do throws(JSFailure) {
            goesOn = try body()
        } catch {
            throw try close(iterator, after: error)
        }
        if !goesOn { try close(iterator) }
        return goesOn
    }

    /// Tells an iterator that nothing more is wanted (IteratorClose).
    func close(_ iterator: JSObject) throws(JSFailure) {
        let end = try iterator.get(key("return"), self)
        if end.isNullish { return }
        guard let function = end.function else { throw typeError("\(sourceText(end)) is not a function") }
        let result = try call(function, this: .object(iterator))
        guard result.object != nil else { throw typeError("\(inspect(result)) is not an object") }
    }

    /// Does so because of an exception, and returns that: what closing throws is not heard of.
    func close(_ iterator: JSObject, after failure: JSFailure) throws(JSFailure) -> JSFailure {
        guard case .thrown = failure else { return failure }
        do throws(JSFailure) {
            try close(iterator)
        } catch {
            guard case .thrown = error else { throw error }
        }
        return failure
    }

    /// What is of the wrong kind, in the words of V8: numbers and such with their type.
    func iterableText(_ value: JSValue) -> String {
        switch value {
        case .undefined, .null: inspect(value)
        case .object: sourceText(value)
        case .string(let text): "string \"\(text.excerpt)\""
        default: "\(value.typeName) \(inspect(value))"
        }
    }

    /// What cannot be iterated, in the words of V8: objects and symbols by their type only.
    private func notIterable(_ value: JSValue) -> JSFailure {
        let text: String
        switch value {
        case .object, .symbol: text = "\(value.typeName)"
        default: text = iterableText(value)
        }
        return typeError("\(text) is not iterable (cannot read property Symbol(Symbol.iterator))")
    }

    /// All values of something iterable.
    func collect(_ value: JSValue) throws(JSFailure) -> ContiguousArray<JSValue> {
        if let array = value.array { return try array.allElements(self) }
        var values = ContiguousArray<JSValue>()
        try iterate(value) { (element) throws(JSFailure) in
            try values.add(element, self)
            return true
        }
        return values
    }

    /// Whether a value can be iterated.
    func isIterable(_ value: JSValue) throws(JSFailure) -> Bool {
        guard !value.isNullish else { return false }
        return try get(value, wellKnownSymbols.iterator.key).function != nil
    }

    /// An iterator over indices from 0 on: the body returns nil behind the last.
    func makeIndexIterator(
        _ subject: JSIterator.Subject, _ body: @escaping (JSRealm, Int) throws(JSFailure) -> JSValue?
    ) -> JSValue {
        var index = 0
        return makeIterator(subject) { realm throws(JSFailure) in
            defer { index += 1 }
            return try body(realm, index)
        }
    }
}
