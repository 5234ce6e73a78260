/// Errors that few programs make, and `structuredClone`.
extension JSRealm {
    func installRareErrors() {
        installError("EvalError", JSObject(prototype: prototypes.error))
        installError("URIError", JSObject(prototype: prototypes.error))
        let aggregate = JSObject(prototype: prototypes.error)
        add(keys.name, string("AggregateError"), .builtIn, to: aggregate)
        add(keys.message, string(""), .builtIn, to: aggregate)
        let create: JSCode = { realm, _, arguments throws(JSFailure) in
            let message: JSValue = try arguments[1].isUndefined ? .undefined : .string(realm.toString(arguments[1]))
            return .object(try realm.makeAggregateError(aggregate, realm.collect(arguments[0]), message))
        }
        constructor("AggregateError", aggregate, length: 2, call: create, new: create)
        let exception = domExceptionPrototype
        classConstructor("DOMException", exception) { realm, _, arguments throws(JSFailure) in
            let message = try arguments[0].isUndefined ? "" : realm.text(arguments[0])
            let name = try arguments[1].isUndefined ? "Error" : realm.text(arguments[1])
            return realm.domException(message, name: name, code: 0).value
        }
    }

    /// The prototype of `DOMException`.
    private var domExceptionPrototype: JSObject {
        hostPrototype("DOMException", parent: prototypes.error)
    }

    /// The prototype of a class that the language itself does not have, by its name.
    func hostPrototype(_ name: String, parent: JSObject? = nil) -> JSObject {
        if let known = hostPrototypes[name] { return known }
        let prototype = JSObject(prototype: parent ?? prototypes.object)
        builtIns.append(prototype)
        hostPrototypes[name] = prototype
        return prototype
    }

    /// An exception of the interfaces that do not belong to the language itself.
    func domException(_ message: String, name: String, code: Int) -> JSFailure {
        let error = makeError(domExceptionPrototype, string(message))
        error.define(keys.name, string(name), .builtIn)
        error.define(keys.code, .number(code), .builtIn)
        return .thrown(.object(error))
    }

    func makeAggregateError(_ prototype: JSObject, _ errors: ContiguousArray<JSValue>, _ message: JSValue) -> JSObject {
        let error = makeError(prototype, message)
        error.define(key("errors"), .object(makeArray(errors)), .builtIn)
        return error
    }
}
