/// `structuredClone` (HTML, 2.7).
extension JSRealm {
    func installStructuredClone() {
        method(global, "structuredClone", length: 2) { realm, _, arguments throws(JSFailure) in
            guard arguments.count > 0 else {
                throw realm.codedError(
                    realm.prototypes.typeError,
                    "The \"The value argument must be specified\" argument must be specified", code: "ERR_MISSING_ARGS")
            }
            let transferred = try realm.transferList(arguments[1])
            var copies: [ObjectIdentifier: JSObject] = [:]
            for (old, new) in transferred { copies[ObjectIdentifier(old)] = new }
            let copy = try realm.structuredClone(arguments[0], &copies)
            // The bytes go over at the end, when nothing can fail any more.
            for (old, new) in transferred {
                guard let source = old.owned, !source.isDetached else {
                    throw realm.cloneError("An ArrayBuffer is detached and could not be cloned.")
                }
                new.owned?.adopt(source)
            }
            return copy
        }
    }

    /// The buffers that the second argument says are to be given away, with the ones that get their bytes.
    private func transferList(_ options: JSValue) throws(JSFailure) -> [(JSArrayBuffer, JSArrayBuffer)] {
        if options.isNullish { return [] }
        guard let fields = options.object else {
            throw codedError(
                prototypes.typeError,
                "Failed to execute 'structuredClone': Options cannot be converted to a dictionary",
                code: "ERR_INVALID_ARG_TYPE")
        }
        let list = try fields.get(key("transfer"), self)
        if list.isUndefined { return [] }
        guard list.object != nil, try isIterable(list) else {
            throw codedError(
                prototypes.typeError,
                "Failed to execute 'structuredClone': transfer in Options cannot be converted to sequence.",
                code: "ERR_INVALID_ARG_TYPE")
        }
        var known: Set<ObjectIdentifier> = []
        var buffers: [(JSArrayBuffer, JSArrayBuffer)] = []
        for value in try collect(list) {
            guard let object = value.object, object.kind == .arrayBuffer else {
                throw cloneError("Found invalid value in transferList.")
            }
            let buffer = unsafeDowncast(object, to: JSArrayBuffer.self)
            guard !buffer.isShared else { throw cloneError("Found invalid value in transferList.") }
            guard known.insert(ObjectIdentifier(buffer)).inserted else {
                throw cloneError("Transfer list contains duplicate ArrayBuffer")
            }
            guard let storage = buffer.owned, !storage.isDetached else {
                throw cloneError("Cannot transfer object of unsupported type.")
            }
            guard let empty = OwnedStorage(byteCount: 0, maximum: storage.maximumByteCount) else {
                throw rangeError("Array buffer allocation failed")
            }
            buffers.append((buffer, JSArrayBuffer(empty, prototype: prototypes.arrayBuffer)))
        }
        return buffers
    }

    private func cloneError(_ message: String) -> JSFailure { domException(message, name: "DataCloneError", code: 25) }

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
        case .wrapper:
            let inner = unsafeDowncast(object, to: JSWrapper.self).value
            if case .symbol = inner { throw cannotBeCloned(value) }
            return .object(try toObject(inner))
        case .arrayBuffer, .typedArray, .dataView: return .object(try clonedBytes(object, &copies))
        case .map, .set:
            let source = unsafeDowncast(object, to: JSCollection.self)
            if source.isWeak { throw cannotBeCloned(value) }
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
                return .object(try clonedError(object, &copies))
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

    /// An error has its message and cause, and the class that its name says.
    private func clonedError(
        _ error: JSObject, _ copies: inout [ObjectIdentifier: JSObject]
    ) throws(JSFailure) -> JSObject {
        let names: [StaticString] = [
            "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError",
        ]
        var prototype = prototypes.error
        let name = try error.get(keys.name, self)
        if case .string(let name) = name, let known = names.first(where: { name == $0 }) {
            prototype = try get(get(.object(global), key(known)), keys.prototype).object ?? prototype
        }
        let message = try error.get(keys.message, self)
        let copy = makeError(prototype, try message.isUndefined ? .undefined : .string(toString(message)))
        copies[ObjectIdentifier(error)] = copy
        if error.hasOwn(keys.cause, self) {
            copy.define(keys.cause, try structuredClone(error.get(keys.cause, self), &copies), .builtIn)
        }
        return copy
    }

    /// A buffer, or a view of a part of one: views of the same buffer are so afterwards, too.
    private func clonedBytes(
        _ object: JSObject, _ copies: inout [ObjectIdentifier: JSObject]
    ) throws(JSFailure) -> JSObject {
        switch object.kind {
        case .typedArray:
            let array = unsafeDowncast(object, to: JSTypedArray.self)
            let buffer = try clonedBuffer(array.buffer(self), isOutOfBounds: array.isOutOfBounds, &copies)
            return JSTypedArray(
                array.element, storage: buffer.storage, byteOffset: array.byteOffset,
                length: array.tracksLength ? nil : array.length, buffer: buffer,
                prototype: prototypes.typedArray(array.element))
        case .dataView:
            let view = unsafeDowncast(object, to: JSDataView.self)
            guard let buffer = view.buffer else { throw cannotBeCloned(.object(object)) }
            return JSDataView(
                try clonedBuffer(buffer, isOutOfBounds: view.isOutOfBounds, &copies), byteOffset: view.byteOffset,
                byteLength: view.tracksLength ? nil : view.byteLength, prototype: prototypes.dataView)
        default:
            return try clonedBuffer(unsafeDowncast(object, to: JSArrayBuffer.self), isOutOfBounds: false, &copies)
        }
    }

    private func clonedBuffer(
        _ buffer: JSArrayBuffer, isOutOfBounds: Bool, _ copies: inout [ObjectIdentifier: JSObject]
    ) throws(JSFailure) -> JSArrayBuffer {
        guard !buffer.isDetached, !isOutOfBounds else {
            throw cloneError("An ArrayBuffer is detached and could not be cloned.")
        }
        if let known = copies[ObjectIdentifier(buffer)] as? JSArrayBuffer { return known }
        let copy: JSArrayBuffer
        if buffer.isShared {
            copy = JSArrayBuffer(buffer.storage, prototype: sharedBufferPrototype)
        } else {
            let bytes = buffer.storage.bytes
            guard let storage = OwnedStorage(byteCount: bytes.count, maximum: buffer.owned?.maximumByteCount) else {
                throw rangeError("Array buffer allocation failed")
            }
            storage.bytes.copyMemory(from: UnsafeRawBufferPointer(bytes))
            copy = JSArrayBuffer(storage, prototype: prototypes.arrayBuffer)
        }
        copies[ObjectIdentifier(buffer)] = copy
        return copy
    }

    private func cannotBeCloned(_ value: JSValue) -> JSFailure {
        var text = value.object == nil ? inspect(value) : sourceText(value)
        if let kind = value.object?.kind, kind == .iterator || kind == .wrapper,
            let method = (try? prototypes.object.get(keys.toString, self).function) ?? nil,
            let named = try? self.text(call(method, this: value))
        {
            text = named
        }
        return cloneError("\(text) could not be cloned.")
    }
}
