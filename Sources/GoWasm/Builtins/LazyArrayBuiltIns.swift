/// The methods of arrays that are installed lazily: those that few programs call.
extension JSRealm {
    func completeArrays() {
        let prototype = prototypes.array
        installElementMethods({ self.method(prototype, $0, length: $1, $2) }) {
            (realm, _, elements) throws(JSFailure) in .object(realm.makeArray(elements))
        }
        alias(prototype, wellKnownSymbols.iterator, of: "values")
        method(prototype, "flat") { realm, this, arguments throws(JSFailure) in
            let depth = try arguments[0].isUndefined ? 1 : realm.toInteger(arguments[0])
            var result = ContiguousArray<JSValue>()
            try realm.flatten(this, depth: depth, into: &result)
            return .object(realm.makeArray(result))
        }
        method(prototype, "flatMap", length: 1) { realm, this, arguments throws(JSFailure) in
            let function = try realm.elementFunction(arguments[0])
            var results = ContiguousArray<JSValue>()
            try ElementSource(this, realm).forEach { (index, element) throws(JSFailure) in
                let result = try realm.call(function, this: arguments[1], element, .number(index), this)
                if result.array != nil {
                    try realm.flatten(result, depth: 0, into: &results)
                } else {
                    try results.add(result, realm)
                }
                return true
            }
            return .object(realm.makeArray(results))
        }
        method(prototype, "toSpliced", length: 2) { realm, this, arguments throws(JSFailure) in
            var elements = try realm.list(this)
            let first = JSArguments(base: arguments.base, count: min(1, arguments.count))
            let start = try realm.range(first, count: elements.count).lowerBound
            let available = elements.count - start
            let count =
                try arguments.count < 2
                ? (arguments.count == 0 ? 0 : available) : min(max(0, realm.toInteger(arguments[1])), available)
            elements.replaceSubrange(start..<start + count, with: arguments.dropFirst(2).values)
            return .object(realm.makeArray(elements))
        }
        method(prototype, "copyWithin", length: 2) { realm, this, arguments throws(JSFailure) in
            guard let array = this.array else { throw realm.typeError("Array.prototype.copyWithin wants an array") }
            if array.isFrozen, array.length > 0 {
                let target = JSArguments(base: arguments.base, count: min(1, arguments.count))
                try realm.checkChange(of: array, at: realm.range(target, count: array.length).lowerBound)
            }
            array.replace(with: try realm.copiedWithin(array.allPlaces(realm), arguments))
            return this
        }
    }

    func completeTypedArrays() {
        let prototype = prototypes.anyTypedArray
        /// Adds a method that wants the elements to be there.
        func add(_ name: StaticString, _ length: Int, _ code: @escaping JSCode) {
            method(prototype, name, length: length) { realm, this, arguments throws(JSFailure) in
                _ = try realm.typedArrayThis(this, name)
                return try code(realm, this, arguments)
            }
        }
        installElementMethods(add) { (realm, this, elements) throws(JSFailure) in
            guard let array = this.typedArray else { return .undefined }
            return .object(try realm.makeTypedArray(array.element, copying: elements))
        }
        alias(prototype, wellKnownSymbols.iterator, of: "values")
        /// The method of arrays.
        func generic(_ name: StaticString) -> JSFunction? {
            let slot = prototypes.array.properties.find(key(name))
            return slot >= 0 ? prototypes.array.properties[slot].value.function : nil
        }
        // Those that make an array make a typed one here.
        for name in ["map", "filter"] as [StaticString] {
            guard let generic = generic(name) else { continue }
            add(name, 1) { realm, this, arguments throws(JSFailure) in
                let result = try realm.call(generic, this: this, arguments: arguments).array
                let elements = try result?.allElements(realm) ?? []
                guard let array = this.typedArray else { return .undefined }
                return .object(try realm.makeTypedArray(array.element, copying: elements))
            }
        }
        for name in ["every", "some", "find", "reduce", "join", "indexOf", "includes", "forEach"] as [StaticString] {
            if let generic = generic(name) { add(name, generic.signature.length, generic.code) }
        }
        if let generic = generic("toString") { self.add(key("toString"), .object(generic), .builtIn, to: prototype) }
        // Those that change the array.
        let changes:
            [(
                StaticString, Int,
                (JSRealm, ContiguousArray<JSValue>, JSArguments) throws(JSFailure) -> ContiguousArray<JSValue>
            )] = [
                ("reverse", 0, { (_, elements, _) throws(JSFailure) in ContiguousArray(elements.reversed()) }),
                (
                    "copyWithin", 2,
                    { (realm, elements, arguments) throws(JSFailure) in try realm.copiedWithin(elements, arguments) }
                ),
                (
                    "sort", 1,
                    { (realm, elements, arguments) throws(JSFailure) in try realm.sortedNumbers(elements, arguments[0])
                    }
                ),
            ]
        for (name, length, change) in changes {
            add(name, length) { realm, this, arguments throws(JSFailure) in
                guard let array = this.typedArray else { return .undefined }
                for (index, value) in try change(realm, realm.list(this), arguments).enumerated() {
                    try realm.checkEnd(index)
                    array[index] = try realm.toNumber(value)
                }
                return this
            }
        }
        getter(prototype, wellKnownSymbols.toStringTag) { _, this, _ throws(JSFailure) in
            this.typedArray.map { .string(JSString.make($0.element.constructorName)) } ?? .undefined
        }
        installTypedArrayGetters(prototype)
    }

    /// What an array says of its place in the buffer; programs that ask the array itself get it without these.
    private func installTypedArrayGetters(_ prototype: JSObject) {
        let values: [(StaticString, (JSRealm, JSTypedArray) -> JSValue)] = [
            ("buffer", { .object($1.buffer($0)) }), ("byteLength", { .number($1.length * $1.element.size) }),
            ("byteOffset", { .number($1.byteOffset) }), ("length", { .number($1.length) }),
        ]
        for (name, value) in values {
            getter(prototype, name) { realm, this, _ throws(JSFailure) in
                guard let array = this.typedArray else { throw realm.typeError("this is not a typed array.") }
                return value(realm, array)
            }
        }
    }

    /// The functions of the class that all typed arrays have in common.
    func completeTypedArrayConstructor(_ constructor: JSObject) {
        addSpecies(constructor)
        /// What a constructor makes for so many elements (TypedArrayCreateFromCtor).
        func make(
            _ realm: JSRealm, _ this: JSValue, _ method: StaticString, _ values: ContiguousArray<JSValue>
        ) throws(JSFailure) -> JSValue {
            let length = JSValue.number(values.count)
            let made = try realm.withArguments(count: 1, fill: { _ in length }) { (list) throws(JSFailure) in
                try realm.construct(this, list)
            }
            guard let array = made.typedArray else {
                throw realm.typeError(
                    "Method %TypedArray%.\(method) called on incompatible receiver \(realm.receiverText(made))")
            }
            guard array.length >= values.count else {
                throw realm.typeError("Derived TypedArray constructor created an array which was too small")
            }
            for (index, value) in values.enumerated() {
                try realm.checkEnd(index)
                array[index] = try realm.toNumber(value)
            }
            return made
        }
        method(constructor, "from", length: 1) { realm, this, arguments throws(JSFailure) in
            guard this.function?.isConstructor == true else {
                throw realm.typeError("\(realm.sourceText(this)) is not a constructor")
            }
            let function = try arguments[1].isUndefined ? nil : realm.elementFunction(arguments[1])
            var values =
                try realm.isIterable(arguments[0])
                ? realm.collect(arguments[0]) : realm.list(.object(realm.toObject(arguments[0])))
            if let function {
                for index in values.indices {
                    values[index] = try realm.call(function, this: arguments[2], values[index], .number(index))
                }
            }
            return try make(realm, this, "from", values)
        }
        method(constructor, "of") { realm, this, arguments throws(JSFailure) in
            guard this.function?.isConstructor == true else {
                throw realm.typeError("\(realm.sourceText(this)) is not a constructor")
            }
            return try make(realm, this, "of", arguments.values)
        }
    }

    /// The accessor by which a class says what its methods make: itself.
    func addSpecies(_ constructor: JSObject) {
        getter(constructor, wellKnownSymbols.species) { _, this, _ throws(JSFailure) in this }
    }

    /// Numbers in ascending order, unless a function compares them.
    private func sortedNumbers(_ values: ContiguousArray<JSValue>, _ comparison: JSValue) throws(JSFailure)
        -> ContiguousArray<JSValue>
    {
        if comparison.function != nil { return try sorted(values, by: comparison) }
        var numbers: [Double] = []
        for value in values { numbers.append(try toNumber(value)) }
        numbers.sort { a, b in a.isNaN ? false : b.isNaN || a < b || (a == b && a.sign == .minus && b.sign == .plus) }
        return ContiguousArray(numbers.map { .number($0) })
    }

    /// The methods that arrays and typed arrays have in common.
    private func installElementMethods(
        _ method: (StaticString, Int, @escaping JSCode) -> Void,
        _ make: @escaping (JSRealm, JSValue, ContiguousArray<JSValue>) throws(JSFailure) -> JSValue
    ) {
        method("at", 1) { realm, this, arguments throws(JSFailure) in
            let source = try ElementSource(this, realm)
            let index = try realm.toInteger(arguments[0])
            let place = index < 0 ? source.length + index : index
            return try place >= 0 && place < source.length ? source[place] : .undefined
        }
        for (name, backwards, wantsIndex) in [
            ("findIndex", false, true), ("findLast", true, false), ("findLastIndex", true, true),
        ] as [(StaticString, Bool, Bool)] {
            method(name, 1) { realm, this, arguments throws(JSFailure) in
                let function = try realm.elementFunction(arguments[0])
                let source = try ElementSource(this, realm)
                for step in 0..<source.length {
                    let index = backwards ? source.length - 1 - step : step
                    let element = try source[index]
                    let result = try realm.call(function, this: arguments[1], element, .number(index), this)
                    if result.isTruthy { return wantsIndex ? .number(index) : element }
                }
                return wantsIndex ? .number(-1.0) : .undefined
            }
        }
        method("lastIndexOf", 1) { realm, this, arguments throws(JSFailure) in
            let source = try ElementSource(this, realm)
            var last = source.length - 1
            if arguments.count > 1 {
                let start = try realm.toInteger(arguments[1])
                last = min(last, start < 0 ? source.length + start : start)
            }
            var found = -1
            try source.forEach(backwards: true) { (index, element) throws(JSFailure) in
                if index <= last, element.isStrictlyEqual(to: arguments[0]) { found = index }
                return found < 0
            }
            return .number(found)
        }
        method("reduceRight", 1) { realm, this, arguments throws(JSFailure) in
            try realm.reduced(this, arguments, backwards: true)
        }
        method("toReversed", 0) { realm, this, _ throws(JSFailure) in
            try make(realm, this, ContiguousArray(realm.list(this).reversed()))
        }
        method("toSorted", 1) { realm, this, arguments throws(JSFailure) in
            let isTyped = this.typedArray != nil
            let elements = try realm.list(this)
            return try make(
                realm, this,
                isTyped
                    ? realm.sortedNumbers(elements, arguments[0]) : realm.sorted(elements, by: arguments[0]))
        }
        method("with", 2) { realm, this, arguments throws(JSFailure) in
            var elements = try realm.list(this)
            let index = try realm.toInteger(arguments[0])
            let place = index < 0 ? elements.count + index : index
            guard elements.indices.contains(place) else {
                throw realm.rangeError(
                    this.typedArray == nil ? "Invalid index : \(index)" : "Invalid typed array index")
            }
            elements[place] = arguments[1]
            return try make(realm, this, elements)
        }
        method("toLocaleString", 0) { realm, this, _ throws(JSFailure) in .string(try realm.toString(this)) }
        method("keys", 0) { realm, this, _ throws(JSFailure) in
            try realm.elementIterator(this) { _, index, _ in .number(index) }
        }
        method("values", 0) { realm, this, _ throws(JSFailure) in
            try realm.elementIterator(this) { _, _, value in value }
        }
        method("entries", 0) { realm, this, _ throws(JSFailure) in
            try realm.elementIterator(this) { realm, index, value in .object(realm.makeArray([.number(index), value])) }
        }
    }

    /// An iterator over an array as it is when each element's turn comes.
    private func elementIterator(
        _ this: JSValue, _ result: @escaping (JSRealm, Int, JSValue) -> JSValue
    ) throws(JSFailure) -> JSValue {
        let object = try toObject(this)
        return makeIndexIterator(.array) { realm, index throws(JSFailure) in
            guard index < (try realm.toInteger(object.get(realm.keys.length, realm))) else { return nil }
            return result(realm, index, try object.get(PropertyKey(index: index), realm))
        }
    }

    /// Adds the elements of an array, and those of arrays among them to some depth, as far as they are there.
    private func flatten(_ value: JSValue, depth: Int, into result: inout ContiguousArray<JSValue>) throws(JSFailure) {
        try checkStack()
        try ElementSource(value, self).forEach { (_, element) throws(JSFailure) in
            if depth > 0, element.array != nil {
                try flatten(element, depth: depth - 1, into: &result)
            } else {
                try result.add(element, self)
            }
            return true
        }
    }

    private func copiedWithin<Element>(_ elements: ContiguousArray<Element>, _ arguments: JSArguments) throws(JSFailure)
        -> ContiguousArray<Element>
    {
        let first = JSArguments(base: arguments.base, count: min(1, arguments.count))
        let target = try range(first, count: elements.count).lowerBound
        let source = try range(arguments.dropFirst(1), count: elements.count)
        let count = min(source.count, elements.count - target)
        var result = elements
        for offset in 0..<count { result[target + offset] = elements[source.lowerBound + offset] }
        return result
    }
}
