extension JSRealm {
    func installArray() {
        let create: JSCode = { realm, _, arguments throws(JSFailure) in
            guard arguments.count == 1, case .number(let length) = arguments[0] else {
                return .object(realm.makeArray(arguments.values))
            }
            guard length >= 0, length <= Double(JSArray.maximumLength), length == length.rounded(.towardZero) else {
                throw realm.rangeError("Invalid array length")
            }
            return .object(JSArray(length: Int(length), prototype: realm.prototypes.array))
        }
        let array = constructor("Array", prototypes.array, length: 1, call: create, new: create)
        method(array, "isArray", length: 1) { _, _, arguments throws(JSFailure) in .boolean(arguments[0].array != nil) }
        method(array, "of") { realm, _, arguments throws(JSFailure) in .object(realm.makeArray(arguments.values)) }
        method(array, "from", length: 1) { realm, _, arguments throws(JSFailure) in
            let function = try arguments[1].isUndefined ? nil : realm.elementFunction(arguments[1])
            func mapped(_ value: JSValue, _ index: Int) throws(JSFailure) -> JSValue {
                guard let function else { return value }
                return try realm.call(function, this: arguments[2], value, .number(index))
            }
            var elements = ContiguousArray<JSValue>()
            if try realm.isIterable(arguments[0]) {
                if function == nil { return .object(realm.makeArray(try realm.collect(arguments[0]))) }
                try realm.iterate(arguments[0]) { (value) throws(JSFailure) in
                    try elements.add(mapped(value, elements.count), realm)
                    return true
                }
            } else {
                elements = try realm.list(.object(realm.toObject(arguments[0])))
                for index in elements.indices { elements[index] = try mapped(elements[index], index) }
            }
            return .object(realm.makeArray(elements))
        }
        installArrayEnds()
        installArrayParts()
        installArraySearch()
        installArrayCallbacks()
    }

    /// The array that a method was called on.
    private func arrayThis(_ this: JSValue, _ method: StaticString) throws(JSFailure) -> JSArray {
        guard let array = this.array else {
            throw typeError(
                "Array.prototype.\(method) called on \(this.isNullish ? "null or undefined" : "an object that is no array")"
            )
        }
        return array
    }

    /// Throws where an array may not be changed: be given so many elements more, or another one at an index.
    func checkChange(of array: JSArray, at index: Int = 0, adding count: Int = 0) throws(JSFailure) {
        guard count <= 0 || array.isExtensible else {
            throw typeError("Cannot add property \(array.length), object is not extensible")
        }
        guard count <= JSArray.maximumLength - array.length else { throw rangeError("Invalid array length") }
        guard array.isFrozen else { return }
        throw typeError("Cannot assign to read only property '\(index)' of object '[object Array]'")
    }

    private func installArrayEnds() {
        let prototype = prototypes.array
        method(prototype, "push", length: 1) { realm, this, arguments throws(JSFailure) in
            let array = try realm.arrayThis(this, "push")
            try realm.checkChange(of: array, adding: arguments.count)
            for position in 0..<arguments.count { try array.append(arguments[position], realm) }
            return .number(array.length)
        }
        method(prototype, "pop") { realm, this, _ throws(JSFailure) in
            let array = try realm.arrayThis(this, "pop")
            guard array.length > 0 else { return .undefined }
            guard !array.isFrozen else {
                throw realm.typeError("Cannot delete property '\(array.length - 1)' of [object Array]")
            }
            let last = array[array.length - 1]
            array.setLength(array.length - 1)
            return last
        }
        method(prototype, "shift") { realm, this, _ throws(JSFailure) in
            let array = try realm.arrayThis(this, "shift")
            guard array.length > 0 else { return .undefined }
            try realm.checkChange(of: array)
            let first = array[0]
            try array.replace(0..<1, with: [], realm)
            return first
        }
        method(prototype, "unshift", length: 1) { realm, this, arguments throws(JSFailure) in
            let array = try realm.arrayThis(this, "unshift")
            try realm.checkChange(of: array, adding: arguments.count)
            try array.replace(0..<0, with: arguments.values, realm)
            return .number(array.length)
        }
    }

    /// What joins arrays, and takes out, replaces or fills parts of one.
    private func installArrayParts() {
        let prototype = prototypes.array
        method(prototype, "concat", length: 1) { realm, this, arguments throws(JSFailure) in
            let result = realm.makeArray([])
            func add(_ value: JSValue) throws(JSFailure) {
                if let array = value.array {
                    try result.append(contentsOf: array, realm)
                } else {
                    try result.append(value, realm)
                }
            }
            try add(.object(realm.toObject(this)))
            for position in 0..<arguments.count { try add(arguments[position]) }
            return .object(result)
        }
        method(prototype, "slice", length: 2) { realm, this, arguments throws(JSFailure) in
            let source = try ElementSource(this, realm)
            let range = try realm.range(arguments, count: source.length)
            if let array = source.array { return .object(try array.slice(range, realm)) }
            var elements = ContiguousArray<JSValue>()
            for index in range { try elements.add(source[index], realm) }
            return .object(realm.makeArray(elements))
        }
        method(prototype, "splice", length: 2) { realm, this, arguments throws(JSFailure) in
            let array = try realm.arrayThis(this, "splice")
            let start = try realm.range(
                JSArguments(base: arguments.base, count: min(1, arguments.count)), count: array.length
            ).lowerBound
            let available = array.length - start
            let count =
                try arguments.count < 2
                ? (arguments.count == 0 ? 0 : available) : min(max(0, realm.toInteger(arguments[1])), available)
            let new = arguments.dropFirst(2).values
            try realm.checkChange(of: array, at: start, adding: new.count - count)
            // Reading the arguments may have made it shorter.
            let end = min(start + count, array.length)
            let removed = try array.slice(min(start, end)..<end, realm)
            try array.replace(min(start, end)..<end, with: new, realm)
            return .object(removed)
        }
        method(prototype, "reverse") { realm, this, _ throws(JSFailure) in
            let array = try realm.arrayThis(this, "reverse")
            if array.length > 1 { try realm.checkChange(of: array) }
            array.replace(with: ContiguousArray(try array.allPlaces(realm).reversed()))
            return this
        }
        method(prototype, "fill", length: 1) { realm, this, arguments throws(JSFailure) in
            let array = try realm.arrayThis(this, "fill")
            let range = try realm.range(arguments.dropFirst(1), count: array.length)
            guard !range.isEmpty else { return this }
            try realm.checkChange(of: array, at: range.lowerBound)
            var places = try array.allPlaces(realm)
            for index in range.clamped(to: 0..<places.count) { places[index] = arguments[0] }
            array.replace(with: places)
            return this
        }
    }

    private func installArraySearch() {
        let prototype = prototypes.array
        method(prototype, "indexOf", length: 1) { realm, this, arguments throws(JSFailure) in
            var found = -1
            try ElementSource(this, realm).forEach { (index, element) throws(JSFailure) in
                if element.isStrictlyEqual(to: arguments[0]) { found = index }
                return found < 0
            }
            return .number(found)
        }
        method(prototype, "includes", length: 1) { realm, this, arguments throws(JSFailure) in
            let source = try ElementSource(this, realm)
            if arguments[0].isUndefined, source.array?.hasHoles == true { return .boolean(true) }
            var isFound = false
            try source.forEach { (_, element) throws(JSFailure) in
                isFound = element.isSame(as: arguments[0])
                return !isFound
            }
            return .boolean(isFound)
        }
        let join: JSCode = { realm, this, arguments throws(JSFailure) in
            let source = try ElementSource(this, realm)
            let separator = try arguments[0].isUndefined ? JSString.make(",") : realm.toString(arguments[0])
            let text = WTF8.Builder()
            var place = 0
            try source.forEach { (index, element) throws(JSFailure) in
                text.append(separator, times: index - place)
                place = index
                // An array within itself would never end.
                if let object = element.object, object === source.object { return true }
                try realm.checkStack()
                if !element.isNullish { text.append(try realm.toString(element)) }
                return !text.hasFailed
            }
            text.append(separator, times: source.length - 1 - place)
            return .string(try realm.string(text))
        }
        method(prototype, "join", length: 1, join)
        method(prototype, "toString") { realm, this, _ throws(JSFailure) in
            let object = try realm.toObject(this)
            if let own = try object.get(realm.key("join"), realm).function {
                return try realm.call(own, this: .object(object))
            }
            return .string(JSString.make("[object \(realm.className(object))]"))
        }
    }

    private func installArrayCallbacks() {
        let prototype = prototypes.array
        /// Calls the function for each element; the body says whether to go on.
        func each(
            _ realm: JSRealm, _ this: JSValue, _ arguments: JSArguments,
            _ body: (Int, JSValue, JSValue) throws(JSFailure) -> Bool
        ) throws(JSFailure) {
            guard let function = arguments[0].function else {
                throw realm.typeError("\(realm.inspect(arguments[0])) is not a function")
            }
            try ElementSource(this, realm).forEach { (index, element) throws(JSFailure) in
                try body(index, element, realm.call(function, this: arguments[1], element, .number(index), this))
            }
        }
        method(prototype, "forEach", length: 1) { realm, this, arguments throws(JSFailure) in
            try each(realm, this, arguments) { (_, _, _) throws(JSFailure) in true }
            return .undefined
        }
        method(prototype, "map", length: 1) { realm, this, arguments throws(JSFailure) in
            let results = JSArray(length: try ElementSource(this, realm).length, prototype: realm.prototypes.array)
            try each(realm, this, arguments) { (index, _, result) throws(JSFailure) in
                try results.store(result, at: index, realm)
                return true
            }
            return .object(results)
        }
        method(prototype, "filter", length: 1) { realm, this, arguments throws(JSFailure) in
            var results = ContiguousArray<JSValue>()
            try each(realm, this, arguments) { (_, element, result) throws(JSFailure) in
                if result.isTruthy { try results.add(element, realm) }
                return true
            }
            return .object(realm.makeArray(results))
        }
        method(prototype, "find", length: 1) { realm, this, arguments throws(JSFailure) in
            let function = try realm.elementFunction(arguments[0])
            let source = try ElementSource(this, realm)
            for index in 0..<source.length {
                let element = try source[index]
                let result = try realm.call(function, this: arguments[1], element, .number(index), this)
                if result.isTruthy { return element }
            }
            return .undefined
        }
        method(prototype, "some", length: 1) { realm, this, arguments throws(JSFailure) in
            var answer = false
            try each(realm, this, arguments) { (_, _, result) throws(JSFailure) in
                answer = result.isTruthy
                return !answer
            }
            return .boolean(answer)
        }
        method(prototype, "every", length: 1) { realm, this, arguments throws(JSFailure) in
            var answer = true
            try each(realm, this, arguments) { (_, _, result) throws(JSFailure) in
                answer = result.isTruthy
                return answer
            }
            return .boolean(answer)
        }
        method(prototype, "reduce", length: 1) { realm, this, arguments throws(JSFailure) in
            try realm.reduced(this, arguments, backwards: false)
        }
        method(prototype, "sort", length: 1) { realm, this, arguments throws(JSFailure) in
            let array = try realm.arrayThis(this, "sort")
            if array.length > 0 { try realm.checkChange(of: array) }
            var values = ContiguousArray<JSValue>()
            try ElementSource(this, realm).forEach { (_, element) throws(JSFailure) in
                try values.add(element, realm)
                return true
            }
            // Holes come behind what is there.
            let length = array.length
            values = try realm.sorted(values, by: arguments[0])
            array.replace(with: values, length: length)
            return this
        }
    }

    /// What `reduce` and `reduceRight` make of the elements.
    func reduced(_ this: JSValue, _ arguments: JSArguments, backwards: Bool) throws(JSFailure) -> JSValue {
        let function = try elementFunction(arguments[0])
        var result: JSValue? = arguments.count > 1 ? arguments[1] : nil
        try ElementSource(this, self).forEach(backwards: backwards) { (index, element) throws(JSFailure) in
            if let soFar = result {
                result = try call(function, this: .undefined, soFar, element, .number(index), this)
            } else {
                result = element
            }
            return true
        }
        guard let result else { throw typeError("Reduce of empty array with no initial value") }
        return result
    }

    /// The function that a method calls for elements.
    func elementFunction(_ value: JSValue) throws(JSFailure) -> JSFunction {
        guard let function = value.function else { throw typeError("\(inspect(value)) is not a function") }
        return function
    }

    /// Sorts values by a ``MergeSort``, which bears comparison functions that contradict themselves; `undefined` goes to the end.
    func sorted(_ values: ContiguousArray<JSValue>, by comparison: JSValue) throws(JSFailure)
        -> ContiguousArray<JSValue>
    {
        guard comparison.isUndefined || comparison.function != nil else {
            throw typeError("The comparison function must be either a function or undefined [\(inspect(comparison))]")
        }
        let defined = values.filter { !$0.isUndefined }
        var texts = ContiguousArray<JSString>()
        if comparison.isUndefined {
            for (index, value) in defined.enumerated() {
                try checkEnd(index)
                texts.append(try toString(value))
            }
        }
        func isAfter(_ a: Int, _ b: Int) throws(JSFailure) -> Bool {
            if let function = comparison.function {
                return try toNumber(call(function, this: .undefined, defined[a], defined[b])) > 0
            }
            try checkEnd()
            return texts[b].isOrdered(before: texts[a])
        }
        var runs = MergeSort(count: defined.count, isAfter)
        try runs.sort()
        let order = runs.order
        return ContiguousArray(order.map { defined[$0] })
            + ContiguousArray(repeating: .undefined, count: values.count - defined.count)
    }
}
