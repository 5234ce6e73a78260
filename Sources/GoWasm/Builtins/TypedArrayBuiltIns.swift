extension JSRealm {
    /// Longer typed arrays are refused, as by V8.
    static let maximumBufferSize = 1 << 33

    func installTypedArrays() {
        constructor("ArrayBuffer", prototypes.arrayBuffer, length: 1) { realm, _, arguments throws(JSFailure) in
            let storage = try realm.makeStorage(arguments, isShared: false)
            return .object(JSArrayBuffer(storage, prototype: realm.prototypes.arrayBuffer))
        }
        // The class that all have in common has no name among the globals.
        let abstract: JSCode = { realm, _, _ throws(JSFailure) in
            throw realm.typeError("Abstract class TypedArray not directly constructable")
        }
        let common = makeFunction(
            signature: JSFunction.Signature(key: key("TypedArray")), construction: .native(abstract), abstract)
        builtIns.append(common)
        common.define(keys.prototype, .object(prototypes.anyTypedArray), [])
        prototypes.anyTypedArray.define(keys.constructor, .object(common), .builtIn)
        for element in JSTypedArray.Element.allCases {
            let prototype = prototypes.typedArray(element)
            let function = constructor(element.constructorName, prototype, length: 3) {
                realm, _, arguments throws(JSFailure) in
                .object(try realm.makeTypedArray(element, arguments))
            }
            function.prototype = common
            for holder in [function, prototype] { holder.define(key("BYTES_PER_ELEMENT"), .number(element.size), []) }
        }
        installTypedArrayMethods()
    }

    /// The bytes that `new ArrayBuffer(length, options)` asks for.
    func makeStorage(_ arguments: JSArguments, isShared: Bool) throws(JSFailure) -> OwnedStorage {
        let length = try toInteger(arguments[0])
        var maximum: Int?
        if let options = arguments[1].object {
            let wanted = try options.get(key("maxByteLength"), self)
            if !wanted.isUndefined { maximum = try toInteger(wanted) }
        }
        guard length >= 0, length <= Self.maximumBufferSize else { throw rangeError("Invalid array buffer length") }
        if let maximum {
            guard maximum >= length, maximum <= Self.maximumBufferSize else {
                throw rangeError("Invalid array buffer max length")
            }
        }
        guard let storage = OwnedStorage(byteCount: length, maximum: maximum, isShared: isShared) else {
            throw rangeError("Array buffer allocation failed")
        }
        return storage
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
            if let array = arguments[0].typedArray { try check(array, "Construct") }
            let isPlain = source.kind == .array || source.kind == .typedArray
            var isList = isPlain
            if !isPlain { isList = try !isIterable(arguments[0]) }
            return try makeTypedArray(element, copying: isList ? list(arguments[0]) : collect(arguments[0]))
        }
        let buffer = unsafeDowncast(source, to: JSArrayBuffer.self)
        let offset = try toInteger(arguments[1])
        guard offset >= 0 else { throw rangeError("Start offset \(offset) is outside the bounds of the buffer") }
        guard offset % element.size == 0 else {
            throw rangeError("start offset of \(element.constructorName) should be a multiple of \(element.size)")
        }
        let wanted = try arguments[2].isUndefined ? nil : toInteger(arguments[2])
        guard !buffer.isDetached else { throw typeError("Cannot perform Construct on a detached ArrayBuffer") }
        let available = buffer.storage.bytes.count
        guard offset <= available else {
            throw rangeError("Start offset \(offset) is outside the bounds of the buffer")
        }
        var length = wanted
        if let wanted {
            guard wanted >= 0, wanted <= (available - offset) / element.size else {
                throw rangeError("Invalid typed array length: \(wanted)")
            }
        } else if buffer.owned?.maximumByteCount == nil {
            guard (available - offset) % element.size == 0 else {
                throw rangeError("byte length of \(element.constructorName) should be a multiple of \(element.size)")
            }
            length = (available - offset) / element.size
        }
        return JSTypedArray(
            element, storage: buffer.storage, byteOffset: offset, length: length, buffer: buffer,
            prototype: prototypes.typedArray(element))
    }

    /// The typed array that a method was called on, whose elements are there (ValidateTypedArray).
    func typedArrayThis(_ value: JSValue, _ method: StaticString) throws(JSFailure) -> JSTypedArray {
        guard let array = value.typedArray else { throw typeError("this is not a typed array.") }
        if array.isOutOfBounds {
            throw typeError("Cannot perform %TypedArray%.prototype.\(method) on a detached ArrayBuffer")
        }
        return array
    }

    /// Throws where the elements of an array are not there any more.
    func check(_ array: JSTypedArray, _ what: String) throws(JSFailure) {
        if array.isOutOfBounds { throw typeError("Cannot perform \(what) on a detached ArrayBuffer") }
    }

    private func installTypedArrayMethods() {
        let prototype = prototypes.anyTypedArray
        method(prototype, "set", length: 1) { realm, this, arguments throws(JSFailure) in
            let target = try realm.typedArrayThis(this, "set")
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
        method(prototype, "subarray", length: 2) { realm, this, arguments throws(JSFailure) in
            guard let array = this.typedArray else { throw realm.typeError("this is not a typed array.") }
            let begin = array.byteOffset
            let range = try realm.range(arguments, count: array.length)
            try realm.check(array, "Construct")
            // With the end left open, the new array grows as the old one does.
            let tracks = array.tracksLength && arguments[1].isUndefined
            return .object(
                JSTypedArray(
                    array.element, storage: array.storage,
                    byteOffset: begin + range.lowerBound * array.element.size,
                    length: tracks ? nil : range.count, buffer: array.buffer(realm),
                    prototype: realm.prototypes.typedArray(array.element)))
        }
        method(prototype, "slice", length: 2) { realm, this, arguments throws(JSFailure) in
            let array = try realm.typedArrayThis(this, "slice")
            let range = try realm.range(arguments, count: array.length)
            let copy = try realm.makeTypedArray(array.element, count: range.count)
            for (position, index) in range.enumerated() {
                try realm.checkEnd(position)
                copy[position] = array[index]
            }
            return .object(copy)
        }
        method(prototype, "fill", length: 1) { realm, this, arguments throws(JSFailure) in
            let array = try realm.typedArrayThis(this, "fill")
            let number = try realm.toNumber(arguments[0])
            for index in try realm.range(arguments.dropFirst(1), count: array.length) {
                try realm.checkEnd(index)
                array[index] = number
            }
            try realm.check(array, "%TypedArray%.prototype.fill")
            return this
        }
    }
}
