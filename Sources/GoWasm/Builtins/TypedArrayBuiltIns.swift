extension JSRealm {
    /// Longer typed arrays are refused, as by V8.
    private static let maximumBufferSize = 1 << 33

    func installTypedArrays() {
        let arrayBuffer = constructor("ArrayBuffer", prototypes.arrayBuffer) { realm, _, arguments throws(JSFailure) in
            let length = try realm.toInteger(arguments[0])
            guard length >= 0, length <= Self.maximumBufferSize, let storage = OwnedStorage(byteCount: length) else {
                throw realm.rangeError("Array buffer allocation failed")
            }
            return .object(JSArrayBuffer(storage, prototype: realm.prototypes.arrayBuffer))
        }
        method(arrayBuffer, "isView") { _, _, arguments throws(JSFailure) in
            let kind = arguments[0].object?.kind
            return .boolean(kind == .typedArray || kind == .dataView)
        }
        method(prototypes.arrayBuffer, "slice") { realm, this, arguments throws(JSFailure) in
            guard let object = this.object, object.kind == .arrayBuffer else {
                throw realm.typeError("ArrayBuffer.prototype.slice called on incompatible receiver")
            }
            let source = unsafeDowncast(object, to: JSArrayBuffer.self).storage
            let range = try realm.range(arguments, count: source.bytes.count)
            guard let storage = OwnedStorage(byteCount: range.count) else {
                throw realm.rangeError("Array buffer allocation failed")
            }
            // Looked for last: what the arguments call may have moved the guest's memory.
            let bytes = source.bytes
            storage.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)]))
            return .object(JSArrayBuffer(storage, prototype: realm.prototypes.arrayBuffer))
        }
        getter(prototypes.arrayBuffer, "byteLength") { _, this, _ throws(JSFailure) in
            guard let object = this.object, object.kind == .arrayBuffer else { return .undefined }
            return .number(unsafeDowncast(object, to: JSArrayBuffer.self).storage.bytes.count)
        }
        for element in JSTypedArray.Element.allCases {
            let prototype = prototypes.typedArray(element)
            let function = constructor(element.constructorName, prototype) { realm, _, arguments throws(JSFailure) in
                .object(try realm.makeTypedArray(element, arguments))
            }
            for holder in [function, prototype] { holder.define(key("BYTES_PER_ELEMENT"), .number(element.size), []) }
            method(function, "from") { realm, _, arguments throws(JSFailure) in
                var values = try realm.isIterable(arguments[0]) ? realm.collect(arguments[0]) : realm.list(arguments[0])
                if let function = arguments[1].function {
                    for index in values.indices {
                        values[index] = try realm.call(function, this: arguments[2], values[index], .number(index))
                    }
                }
                return .object(try realm.makeTypedArray(element, copying: values))
            }
            method(function, "of") { realm, _, arguments throws(JSFailure) in
                .object(try realm.makeTypedArray(element, copying: arguments.values))
            }
        }
        installTypedArrayMethods()
    }

    private func makeTypedArray(_ element: JSTypedArray.Element, count: Int) throws(JSFailure) -> JSTypedArray {
        guard count >= 0 else { throw rangeError("Invalid typed array length: \(count)") }
        guard count <= Self.maximumBufferSize / element.size,
            let storage = OwnedStorage(byteCount: count * element.size)
        else {
            throw rangeError("Array buffer allocation failed")
        }
        return JSTypedArray(
            element, storage: storage, byteOffset: 0, length: count, prototype: prototypes.typedArray(element))
    }

    func makeTypedArray(
        _ element: JSTypedArray.Element, copying values: ContiguousArray<JSValue>
    ) throws(JSFailure) -> JSTypedArray {
        let array = try makeTypedArray(element, count: values.count)
        for (index, value) in values.enumerated() {
            try checkEnd(index)
            array[index] = try toNumber(value)
        }
        return array
    }

    private func makeTypedArray(_ element: JSTypedArray.Element, _ arguments: JSArguments) throws(JSFailure)
        -> JSTypedArray
    {
        guard let source = arguments[0].object else {
            return try makeTypedArray(element, count: toInteger(arguments[0]))
        }
        guard source.kind == .arrayBuffer else {
            let isPlain = source.kind == .array || source.kind == .typedArray
            var isList = isPlain
            if !isPlain { isList = try !isIterable(arguments[0]) }
            return try makeTypedArray(element, copying: isList ? list(arguments[0]) : collect(arguments[0]))
        }
        let buffer = unsafeDowncast(source, to: JSArrayBuffer.self)
        let available = buffer.storage.bytes.count
        let offset = try toInteger(arguments[1])
        guard offset >= 0, offset % element.size == 0 else {
            throw rangeError("start offset of \(element.constructorName) should be a multiple of \(element.size)")
        }
        guard offset <= available else {
            throw rangeError("Start offset \(offset) is outside the bounds of the buffer")
        }
        let length: Int
        if arguments[2].isUndefined {
            guard (available - offset) % element.size == 0 else {
                throw rangeError("byte length of \(element.constructorName) should be a multiple of \(element.size)")
            }
            length = (available - offset) / element.size
        } else {
            length = try toInteger(arguments[2])
            guard length >= 0, length <= (available - offset) / element.size else {
                throw rangeError("Invalid typed array length: \(length)")
            }
        }
        return JSTypedArray(
            element, storage: buffer.storage, byteOffset: offset, length: length, buffer: buffer,
            prototype: prototypes.typedArray(element))
    }

    func typedArrayThis(_ value: JSValue) throws(JSFailure) -> JSTypedArray {
        guard let array = value.typedArray else { throw typeError("this is not a typed array.") }
        return array
    }

    private func installTypedArrayMethods() {
        let prototype = prototypes.anyTypedArray
        method(prototype, "set") { realm, this, arguments throws(JSFailure) in
            let target = try realm.typedArrayThis(this)
            let offset = try realm.toInteger(arguments[1])
            if let source = arguments[0].typedArray, source.element.size == 1, target.element.size == 1,
                target.element != .uint8Clamped
            {
                guard offset >= 0, source.length <= target.length - offset else {
                    throw realm.rangeError("offset is out of bounds")
                }
                let (from, to) = (source.bytes, target.bytes)
                if let base = from.baseAddress, to.count == target.length {
                    (to.baseAddress! + offset).copyMemory(from: base, byteCount: from.count)
                }
                return .undefined
            }
            let values = try realm.list(arguments[0])
            guard offset >= 0, values.count <= target.length - offset else {
                throw realm.rangeError("offset is out of bounds")
            }
            for (index, value) in values.enumerated() {
                try realm.checkEnd(index)
                target[offset + index] = try realm.toNumber(value)
            }
            return .undefined
        }
        method(prototype, "subarray") { realm, this, arguments throws(JSFailure) in
            let array = try realm.typedArrayThis(this)
            let range = try realm.range(arguments, count: array.length)
            return .object(
                JSTypedArray(
                    array.element, storage: array.storage,
                    byteOffset: array.byteOffset + range.lowerBound * array.element.size,
                    length: range.count, buffer: array.buffer(realm),
                    prototype: realm.prototypes.typedArray(array.element)))
        }
        method(prototype, "slice") { realm, this, arguments throws(JSFailure) in
            let array = try realm.typedArrayThis(this)
            let range = try realm.range(arguments, count: array.length)
            let copy = try realm.makeTypedArray(array.element, count: range.count)
            for (position, index) in range.enumerated() {
                try realm.checkEnd(position)
                copy[position] = array[index]
            }
            return .object(copy)
        }
        method(prototype, "fill") { realm, this, arguments throws(JSFailure) in
            let array = try realm.typedArrayThis(this)
            let number = try realm.toNumber(arguments[0])
            for index in try realm.range(arguments.dropFirst(1), count: array.length) {
                try realm.checkEnd(index)
                array[index] = number
            }
            return this
        }
        for name in ["join", "indexOf", "includes", "forEach", "toString"] as [StaticString] {
            let nameKey = key(name)
            let slot = prototypes.array.properties.find(nameKey)
            if slot >= 0 { prototype.define(nameKey, prototypes.array.properties[slot].value, .builtIn) }
        }
    }
}
