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
    }

    /// The next value; nil at the end, after which it is not called again.
    private var advance: Advance?

    private struct Advance {
        let next: (JSRealm) throws(JSFailure) -> JSValue?
    }

    init(prototype: JSObject?, _ advance: @escaping (JSRealm) throws(JSFailure) -> JSValue?) {
        self.advance = Advance(next: advance)
        super.init(kind: .iterator, prototype: prototype)
    }

    deinit { ending { $0.take(&advance) } }

    func next(_ realm: JSRealm) throws(JSFailure) -> JSValue? {
        guard let value = try advance?.next(realm) else {
            advance = nil
            return nil
        }
        return value
    }
}

extension JSRealm {
    /// An iterator, with the methods that programs may call.
    func makeIterator(
        _ subject: JSIterator.Subject, _ advance: @escaping (JSRealm) throws(JSFailure) -> JSValue?
    ) -> JSValue {
        .object(JSIterator(prototype: iteratorPrototype(subject), advance))
    }

    private func iteratorPrototype(_ subject: JSIterator.Subject) -> JSObject {
        if let known = iteratorPrototypes[subject] { return known }
        if iteratorPrototypes.isEmpty {
            method(prototypes.iterator, wellKnownSymbols.iterator, "[Symbol.iterator]") {
                _, this, _ throws(JSFailure) in
                this
            }
        }
        let prototype = JSObject(prototype: prototypes.iterator)
        builtIns.append(prototype)
        iteratorPrototypes[subject] = prototype
        method(prototype, "next") { realm, this, _ throws(JSFailure) in
            guard let object = this.object, object.kind == .iterator else {
                throw realm.typeError("next method called on incompatible receiver \(realm.inspect(this))")
            }
            return realm.iteratorResult(try unsafeDowncast(object, to: JSIterator.self).next(realm))
        }
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
        guard let function = method.function else { throw typeError("\(iterableText(value)) is not iterable") }
        guard let iterator = try call(function, this: value).object else {
            throw typeError("Result of the Symbol.iterator method is not an object")
        }
        if iterator.kind == .iterator {
            var round = 0
            while let next = try unsafeDowncast(iterator, to: JSIterator.self).next(self) {
                try checkEnd(round)
                round += 1
                if try !body(next) { return }
            }
            return
        }
        guard let next = try iterator.get(keys.next, self).function else {
            throw typeError("\(inspect(.object(iterator))).next is not a function")
        }
        while true {
            guard let result = try call(next, this: .object(iterator)).object else {
                throw typeError("Iterator result is not an object")
            }
            if try result.get(keys.done, self).isTruthy { return }
            if try !body(result.get(keys.value, self)) {
                let end = try iterator.get(key("return"), self)
                if let function = end.function { _ = try call(function, this: .object(iterator)) }
                return
            }
        }
    }

    /// What cannot be iterated, in the words of V8: numbers and such with their type.
    private func iterableText(_ value: JSValue) -> String {
        switch value {
        case .undefined, .null: inspect(value)
        case .object: sourceText(value)
        default: "\(value.typeName) \(inspect(value))"
        }
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
