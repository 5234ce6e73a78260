extension JSRealm {
    /// ToString (ECMA-262, 7.1.17).
    func toString(_ value: JSValue) throws(JSFailure) -> JSString {
        switch value {
        case .string(let string): return string
        case .undefined: return JSString.make("undefined")
        case .null: return JSString.make("null")
        case .boolean(let flag): return flag ? JSString.make("true") : JSString.make("false")
        case .number(let number): return JSString.make(NumberText.format(number))
        case .symbol: throw typeError("Cannot convert a Symbol value to a string")
        case .object(let object): return try toString(toPrimitive(object, preferringString: true))
        }
    }

    /// The function `String`, which also takes symbols.
    func describe(_ value: JSValue) throws(JSFailure) -> JSString {
        guard case .symbol(let symbol) = value else { return try toString(value) }
        let text = WTF8.Builder()
        text.append("Symbol(" as StaticString)
        if let description = symbol.description { text.append(description) }
        text.append(")" as StaticString)
        return try string(text)
    }

    /// ToNumber (ECMA-262, 7.1.4).
    func toNumber(_ value: JSValue) throws(JSFailure) -> Double {
        switch value {
        case .number(let number): return number
        case .undefined: return .nan
        case .null: return 0
        case .boolean(let flag): return flag ? 1 : 0
        case .string(let string): return NumberText.parse(string)
        case .symbol: throw typeError("Cannot convert a Symbol value to a number")
        case .object(let object): return try toNumber(toPrimitive(object, preferringString: false))
        }
    }

    /// ToIntegerOrInfinity, limited to 53 bits.
    func toInteger(_ value: JSValue) throws(JSFailure) -> Int { NumberText.integer(try toNumber(value)) }

    /// ToPrimitive (ECMA-262, 7.1.1).
    func toPrimitive(_ object: JSObject, preferringString: Bool) throws(JSFailure) -> JSValue {
        try toPrimitive(object, hint: preferringString ? "string" : "number")
    }

    /// The same, with the hint that a method of the object's gets.
    func toPrimitive(_ object: JSObject, hint: StaticString) throws(JSFailure) -> JSValue {
        let exotic = try object.get(wellKnownSymbols.toPrimitive.key, self)
        if !exotic.isNullish {
            guard let function = exotic.function else { throw typeError("\(sourceText(exotic)) is not a function") }
            let result = try call(function, this: .object(object), string(hint))
            if result.object == nil { return result }
            throw typeError("Cannot convert object to primitive value")
        }
        return try ordinaryPrimitive(object, preferringString: hint == "string")
    }

    /// OrdinaryToPrimitive.
    func ordinaryPrimitive(_ object: JSObject, preferringString: Bool) throws(JSFailure) -> JSValue {
        let order = preferringString ? [keys.toString, keys.valueOf] : [keys.valueOf, keys.toString]
        for key in order {
            guard let method = try object.get(key, self).function else { continue }
            let result = try call(method, this: .object(object))
            if result.object == nil { return result }
        }
        throw typeError("Cannot convert object to primitive value")
    }

    /// ToObject (ECMA-262, 7.1.18).
    func toObject(_ value: JSValue) throws(JSFailure) -> JSObject {
        switch value {
        case .object(let object): return object
        case .undefined, .null: throw typeError("Cannot convert undefined or null to object")
        case .boolean: return JSWrapper(value, prototype: prototypes.boolean)
        case .number: return JSWrapper(value, prototype: prototypes.number)
        case .string: return JSWrapper(value, prototype: prototypes.string)
        case .symbol: return JSWrapper(value, prototype: prototypes.symbol)
        }
    }

    /// Reads a property of any value, as the expression `value.key` does.
    func get(_ value: JSValue, _ key: PropertyKey) throws(JSFailure) -> JSValue {
        switch value {
        case .object(let object): return try object.get(key, receiver: value, self)
        case .undefined, .null:
            throw typeError(
                "Cannot read properties of \(value.typeName == "undefined" ? "undefined" : "null") (reading '\(keyText(key))')"
            )
        case .string(let string):
            if key == keys.length { return .number(string.utf16Count) }
            if let index = key.index { return codeUnit(of: string, at: index) ?? .undefined }
            return try prototypes.string.get(key, receiver: value, self)
        case .number: return try prototypes.number.get(key, receiver: value, self)
        case .boolean: return try prototypes.boolean.get(key, receiver: value, self)
        case .symbol: return try prototypes.symbol.get(key, receiver: value, self)
        }
    }

    /// A key as text, for messages.
    func keyText(_ key: PropertyKey) -> String {
        strings.string(key)?.excerpt ?? "Symbol(\(symbol(key)?.description?.excerpt ?? ""))"
    }

    /// The operator `instanceof`.
    func isInstance(_ value: JSValue, of constructor: JSValue) throws(JSFailure) -> Bool {
        if let object = constructor.object {
            let own = try object.get(wellKnownSymbols.hasInstance.key, self)
            if let function = own.function { return try call(function, this: constructor, value).isTruthy }
        }
        guard var function = constructor.function else {
            throw typeError(
                constructor.object == nil
                    ? "Right-hand side of 'instanceof' is not an object"
                    : "Right-hand side of 'instanceof' is not callable")
        }
        while let target = function.boundTarget { function = target }
        guard let object = value.object else { return false }
        guard let prototype = try function.get(keys.prototype, self).object else {
            throw typeError("Function has non-object prototype 'undefined' in instanceof check")
        }
        return object.inherits(from: prototype)
    }

    // MARK: Errors

    func makeError(_ prototype: JSObject, _ message: JSValue) -> JSObject {
        let error = JSObject(kind: .error, prototype: prototype)
        error.properties.reserve(2)
        if !message.isUndefined { error.define(keys.message, message, .builtIn) }
        return error
    }

    func makeError(_ prototype: JSObject, _ message: String) -> JSFailure {
        .thrown(.object(makeError(prototype, .string(JSString.make(message)))))
    }

    /// An error of Node's, with a code.
    func codedError(_ prototype: JSObject, _ message: String, code: StaticString) -> JSFailure {
        let error = makeError(prototype, string(message))
        error.define(keys.code, string(code))
        return .thrown(.object(error))
    }

    func typeError(_ message: String) -> JSFailure { makeError(prototypes.typeError, message) }
    func rangeError(_ message: String) -> JSFailure { makeError(prototypes.rangeError, message) }

    /// A value as V8's messages show it: functions by their source text, objects by their constructor.
    func sourceText(_ value: JSValue) -> String {
        guard let object = value.object else {
            if case .string(let string) = value { return "\"\(string.excerpt)\"" }
            return inspect(value)
        }
        if let function = value.function {
            return "function \(nameText(function))() { [native code] }"
        }
        return "#<\(constructorName(of: object))>"
    }

    /// What V8's messages call the receiver of a method that it is not for.
    func receiverText(_ value: JSValue) -> String {
        if case .string(let string) = value { return string.excerpt }
        return value.array != nil ? "[object Array]" : sourceText(value)
    }

    /// What Node's messages about wrong arguments say of one: "Received type number (1)".
    func received(_ value: JSValue) -> String {
        if value.isNullish { return "Received \(inspect(value))" }
        if let function = value.function { return "Received function \(nameText(function))" }
        if let object = value.object {
            return object.prototype == nil
                ? "Received [Object: null prototype]" : "Received an instance of \(constructorName(of: object))"
        }
        let text = inspect(value)
        let (longest, shown) = (28, 25)
        return "Received type \(value.typeName) (\(text.count > longest ? "\(text.prefix(shown))..." : text))"
    }

    /// The name of an object's constructor, as messages have it.
    func constructorName(of object: JSObject) -> String {
        let constructor = ((try? object.get(keys.constructor, self)) ?? .undefined).function
        return constructor.map(nameText) ?? "Object"
    }

    /// The name of a function.
    func nameText(_ function: JSFunction) -> String {
        guard case .string(let name) = (try? function.get(keys.name, self)) ?? .undefined else { return "" }
        return name.excerpt
    }

    /// What `console.error` shows for a thrown value: "TypeError: message".
    func errorText(_ value: JSValue) -> String {
        guard let object = value.object, object.kind == .error else { return inspect(value) }
        return (try? describe(value).excerpt) ?? "Error"
    }
}

extension JSFailure {
    /// The thrown value; `undefined` when this is none.
    var value: JSValue {
        if case .thrown(let value) = self { value } else { .undefined }
    }
}

/// Compares by characters: static strings have no equality of their own.
func == (a: StaticString, b: StaticString) -> Bool {
    a.utf8CodeUnitCount == b.utf8CodeUnitCount && a.withUTF8Buffer { x in b.withUTF8Buffer { y in x.elementsEqual(y) } }
}
