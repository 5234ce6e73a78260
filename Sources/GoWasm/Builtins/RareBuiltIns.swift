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
        constructor("AggregateError", aggregate, call: create, new: create)
        let exception = domExceptionPrototype
        constructor("DOMException", exception) { realm, _, arguments throws(JSFailure) in
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

    func installStructuredClone() {
        method(global, "structuredClone") { realm, _, arguments throws(JSFailure) in
            var copies: [ObjectIdentifier: JSObject] = [:]
            return try realm.structuredClone(arguments[0], &copies)
        }
    }

    private func structuredClone(_ value: JSValue, _ copies: inout [ObjectIdentifier: JSObject]) throws(JSFailure)
        -> JSValue
    {
        try checkStack()
        if case .symbol = value { throw cannotBeCloned(value) }
        guard let object = value.object else { return value }
        if let known = copies[ObjectIdentifier(object)] { return .object(known) }
        switch object.kind {
        case .function, .promise, .iterator, .accessor, .host: throw cannotBeCloned(value)
        case .date:
            let date = JSDate(time: unsafeDowncast(object, to: JSDate.self).time, prototype: prototypes.date)
            return .object(date)
        case .wrapper: return .object(try toObject(unsafeDowncast(object, to: JSWrapper.self).value))
        case .arrayBuffer, .typedArray, .dataView: return .object(try clonedBytes(object))
        case .map, .set:
            let source = unsafeDowncast(object, to: JSCollection.self)
            let copy = JSCollection(object.kind, prototype: object.kind == .map ? prototypes.map : prototypes.set)
            copies[ObjectIdentifier(object)] = copy
            let cursor = source.makeCursor()
            while let (key, value) = source.next(cursor) {
                copy.put(try structuredClone(key, &copies), try structuredClone(value, &copies))
            }
            return .object(copy)
        case .array, .ordinary, .error:
            let copy: JSObject
            if let array = value.array {
                copy = JSArray(length: array.length, prototype: prototypes.array)
            } else if object.kind == .error {
                copy = makeError(object.prototype ?? prototypes.error, try object.get(keys.message, self))
            } else {
                copy = makeObject()
            }
            copies[ObjectIdentifier(object)] = copy
            for key in try object.ownKeys(enumerableOnly: true, self) {
                try copy.set(key, structuredClone(object.get(key, self), &copies), self)
            }
            return .object(copy)
        }
    }

    private func clonedBytes(_ object: JSObject) throws(JSFailure) -> JSObject {
        guard let bytes = bufferSource(.object(object)), let storage = OwnedStorage(byteCount: bytes.count) else {
            throw rangeError("Array buffer allocation failed")
        }
        storage.bytes.copyMemory(from: UnsafeRawBufferPointer(bytes))
        let buffer = JSArrayBuffer(storage, prototype: prototypes.arrayBuffer)
        if object.kind == .typedArray {
            let array = unsafeDowncast(object, to: JSTypedArray.self)
            return JSTypedArray(
                array.element, storage: storage, byteOffset: 0, length: array.length, buffer: buffer,
                prototype: prototypes.typedArray(array.element))
        }
        guard object.kind == .dataView else { return buffer }
        return JSDataView(buffer, byteOffset: 0, byteLength: bytes.count, prototype: prototypes.dataView)
    }

    private func cannotBeCloned(_ value: JSValue) -> JSFailure {
        domException("\(inspect(value)) could not be cloned.", name: "DataCloneError", code: 25)
    }
}
