extension JSRealm {
    /// Fills the global object.
    func installBuiltIns() {
        global.define(key("globalThis"), .object(global), .builtIn)
        global.define(key("global"), .object(global))
        global.define(key("undefined"), .undefined, [])
        global.define(key("NaN"), .number(.nan), [])
        global.define(key("Infinity"), .number(.infinity), [])
        installFunctions()
        installObject()
        installErrors()
        installPrimitives()
        installArray()
        installTypedArrays()
        installPromise()
        addEnumerable {
            installProcess()
            installFileSystem()
        }
        global.hasLazyProperties = true
        installLazily(on: prototypes.array) { $0.completeArrays() }
        installLazily(on: prototypes.anyTypedArray) { $0.completeTypedArrays() }
        installLazily(onConstructorOf: prototypes.anyTypedArray) { $0.completeTypedArrayConstructor($1) }
        installLazily(on: prototypes.arrayBuffer) { $0.completeArrayBuffers() }
        installLazily(onConstructorOf: prototypes.arrayBuffer) { $0.completeArrayBufferConstructor($1) }
        installLazily(onConstructorOf: prototypes.array) { $0.completeArrayConstructor($1) }
        installLazily(on: prototypes.promise) { realm in
            realm.add(
                realm.wellKnownSymbols.toStringTag.key, realm.string("Promise"), .configurable,
                to: realm.prototypes.promise)
        }
        installLazily(on: prototypes.symbol) { $0.completeSymbols() }
        installLazily(on: prototypes.function) { realm in
            let prototype = realm.prototypes.function
            realm.add(realm.keys.length, .number(0.0), .configurable, to: prototype)
            realm.add(realm.keys.name, .string(realm.emptyString), .configurable, to: prototype)
        }
        installLazily(on: prototypes.iterator) { $0.completeIterators() }
        installLazily(on: prototypes.string) { $0.completeStrings() }
        installLazily(on: prototypes.number) { $0.completeNumbers() }
        installLazily(onConstructorOf: prototypes.object) { $0.completeObject($1) }
        installLazily(onConstructorOf: prototypes.number) { $0.completeNumber($1) }
        installLazily(onConstructorOf: prototypes.promise) { $0.completePromise($1) }
    }

    /// Adds a built-in method to an object.
    ///
    /// - Parameter length: How many arguments it wants: its property `length`.
    @discardableResult
    func method(_ object: JSObject, _ name: StaticString, length: Int = 0, _ code: @escaping JSCode) -> JSFunction {
        method(object, key(name), length: length, code)
    }

    /// Adds a built-in method whose key is a symbol.
    @discardableResult
    func method(_ object: JSObject, _ symbol: JSSymbol, length: Int = 0, _ code: @escaping JSCode) -> JSFunction {
        method(object, symbol.key, length: length, code)
    }

    private func method(_ object: JSObject, _ key: PropertyKey, length: Int, _ code: @escaping JSCode) -> JSFunction {
        let function = makeFunction(signature: JSFunction.Signature(key: key, length: length), code)
        builtIns.append(function)
        add(key, .object(function), memberAttributes, to: object)
        return function
    }

    /// Adds members that are enumerable: those of classes and objects that the language itself does not have (Web IDL,
    /// 3.7.6 and 3.7.7; and what Node offers).
    func addEnumerable(_ members: () -> Void) {
        let outer = memberAttributes
        memberAttributes = .assigned
        members()
        memberAttributes = outer
    }

    /// Gives a built-in method another key as well.
    func alias(_ object: JSObject, _ key: PropertyKey, of name: StaticString) {
        let slot = object.properties.find(self.key(name))
        if slot >= 0 { add(key, object.properties[slot].value, .builtIn, to: object) }
    }

    /// Gives a built-in method a symbol as a key as well.
    func alias(_ object: JSObject, _ symbol: JSSymbol, of name: StaticString) {
        alias(object, symbol.key, of: name)
    }

    /// Gives a built-in method another name as well.
    func alias(_ object: JSObject, _ other: StaticString, of name: StaticString) {
        alias(object, key(other), of: name)
    }

    /// Adds a property; one that is installed lazily does not replace what the program has put there.
    func add(_ key: PropertyKey, _ value: JSValue, _ attributes: PropertyAttributes, to object: JSObject) {
        if isCompleting, object.properties.find(key) >= 0 { return }
        object.define(key, value, attributes)
    }

    /// Adds a property that is computed when it is read.
    func getter(_ object: JSObject, _ name: StaticString, _ code: @escaping JSCode) {
        getter(object, key(name), code)
    }

    /// Adds a property whose key is a symbol and that is computed when it is read.
    func getter(_ object: JSObject, _ symbol: JSSymbol, _ code: @escaping JSCode) { getter(object, symbol.key, code) }

    private func getter(_ object: JSObject, _ key: PropertyKey, _ code: @escaping JSCode) {
        let function = makeFunction(signature: JSFunction.Signature(key: key, prefix: "get"), code)
        let attributes = memberAttributes.subtracting(.writable).union(.accessor)
        add(key, .object(JSAccessor(getter: function, setter: nil)), attributes, to: object)
    }

    /// Adds a constructor to the global object and ties it to its prototype.
    @discardableResult
    func constructor(
        _ name: StaticString, _ prototype: JSObject, length: Int = 0, call: @escaping JSCode, new: @escaping JSCode
    ) -> JSFunction {
        let nameKey = key(name)
        let function = makeFunction(
            signature: JSFunction.Signature(key: nameKey, length: length), construction: .native(new), call)
        builtIns += [function, prototype]
        function.properties.reserve(4)
        function.define(keys.prototype, .object(prototype), [])
        prototype.define(keys.constructor, .object(function), .builtIn)
        add(nameKey, .object(function), .builtIn, to: global)
        return function
    }

    /// Adds a constructor that cannot be called without `new`.
    @discardableResult
    func constructor(
        _ name: StaticString, _ prototype: JSObject, length: Int = 0, new: @escaping JSCode
    ) -> JSFunction {
        constructor(
            name, prototype, length: length,
            call: { realm, _, _ throws(JSFailure) in throw realm.typeError("Constructor \(name) requires 'new'") },
            new: new)
    }

    /// Adds a class that Node has written in JavaScript, which says it in other words.
    @discardableResult
    func classConstructor(
        _ name: StaticString, _ prototype: JSObject, length: Int = 0, new: @escaping JSCode
    ) -> JSFunction {
        constructor(name, prototype, length: length, call: Self.refusedCall(of: name), new: new)
    }

    /// What a class does that is called without `new`.
    static func refusedCall(of name: StaticString) -> JSCode {
        { realm, _, _ throws(JSFailure) in
            throw realm.typeError("Class constructor \(name) cannot be invoked without 'new'")
        }
    }

    // MARK: Functions

    private func installFunctions() {
        let prototype = prototypes.function
        constructor(
            "Function", prototype, length: 1,
            call: { realm, _, _ throws(JSFailure) in throw realm.typeError("Code generation from strings disallowed") },
            new: { realm, _, _ throws(JSFailure) in throw realm.typeError("Code generation from strings disallowed") })
        method(prototype, "call", length: 1) { realm, this, arguments throws(JSFailure) in
            try realm.call(
                realm.callable(this, "Function.prototype.call"), this: arguments[0], arguments: arguments.dropFirst(1))
        }
        method(prototype, "apply", length: 2) { realm, this, arguments throws(JSFailure) in
            let function = try realm.callable(this, "Function.prototype.apply")
            let list = try arguments[1].isNullish ? [] : realm.list(arguments[1])
            return try realm.call(function, this: arguments[0], values: list)
        }
        method(prototype, "bind", length: 1) { realm, this, arguments throws(JSFailure) in
            let function = try realm.callable(this, "Bind")
            return .object(try realm.bind(function, to: arguments[0], arguments.dropFirst(1).values))
        }
        method(prototype, "toString") { realm, this, _ throws(JSFailure) in
            .string(
                try realm.string(
                    long: realm.sourceText(.object(realm.callable(this, "Function.prototype.toString")))))
        }
    }

    /// The function that `bind` makes.
    private func bind(_ function: JSFunction, to this: JSValue, _ bound: ContiguousArray<JSValue>) throws(JSFailure)
        -> JSFunction
    {
        // What is wanted beyond what is given already.
        var length = 0.0
        if function.hasOwn(keys.length, self), case .number(let wanted) = try function.get(keys.length, self) {
            length = wanted.isNaN ? 0 : max(0, wanted.rounded(.towardZero) - Double(bound.count))
        }
        // An array that is charged.
        let bound = JSArray(bound, prototype: nil)
        var construction = JSFunction.Construction.none
        if function.isConstructor {
            construction = .native { realm, target, arguments throws(JSFailure) in
                let all = bound.denseElements + arguments.values
                return try realm.withArguments(count: all.count, fill: { all[$0] }) { (values) throws(JSFailure) in
                    try realm.construct(.object(function), values, newTarget: target)
                }
            }
        }
        let result = JSFunction(prototype: prototypes.function, construction: construction, boundTarget: function) {
            realm, _, arguments throws(JSFailure) in
            try realm.call(function, this: this, values: bound.denseElements + arguments.values)
        }
        result.define(keys.length, .number(length), .configurable)
        // Names grow with each `bind`: long ones are made when somebody asks.
        let name = function.hasLazyName ? nil : nameText(function)
        if let name, name.utf8.count <= JSFunction.longestEagerName {
            result.define(keys.name, .string(JSString.make("bound \(name)")), .configurable)
        } else {
            result.hasLazyName = true
        }
        return result
    }

    /// `this` of a method that wants a function.
    func callable(_ value: JSValue, _ what: StaticString) throws(JSFailure) -> JSFunction {
        guard let function = value.function else {
            throw typeError("\(what) was called on \(inspect(value)), which is \(value.typeName) and not a function")
        }
        return function
    }

    /// The elements of an array or of an object like one.
    func list(_ value: JSValue) throws(JSFailure) -> ContiguousArray<JSValue> {
        if let array = value.array { return try array.allElements(self) }
        guard value.object != nil else { throw typeError("CreateListFromArrayLike called on non-object") }
        let source = try ElementSource(value, self)
        guard source.length <= Self.maximumListLength else { throw rangeError("Invalid array length") }
        try grant(source.length * MemoryLayout<JSValue>.stride, "Invalid array length")
        var elements = ContiguousArray<JSValue>()
        elements.reserveCapacity(source.length)
        for index in 0..<source.length { try elements.add(source[index], self) }
        return elements
    }

    /// The most elements that are copied to be worked on: as many as V8 puts into one piece of memory.
    private static let maximumListLength = 134_217_725

    // MARK: Errors

    /// Adds a constructor of errors.
    func installError(_ name: StaticString, _ prototype: JSObject) {
        let create: JSCode = { realm, _, arguments throws(JSFailure) in
            let message: JSValue = try arguments[0].isUndefined ? .undefined : .string(realm.toString(arguments[0]))
            let error = realm.makeError(prototype, message)
            if let options = arguments[1].object, options.has(realm.keys.cause, realm) {
                error.define(realm.keys.cause, try options.get(realm.keys.cause, realm), .builtIn)
            }
            return .object(error)
        }
        constructor(name, prototype, length: 1, call: create, new: create)
        prototype.define(keys.name, string(name), .builtIn)
        prototype.define(keys.message, string(""), .builtIn)
    }

    private func installErrors() {
        installError("Error", prototypes.error)
        installError("TypeError", prototypes.typeError)
        installError("RangeError", prototypes.rangeError)
        installError("SyntaxError", prototypes.syntaxError)
        installError("ReferenceError", prototypes.referenceError)
        let errorConstructor = prototypes.error.properties.find(keys.constructor)
        if errorConstructor >= 0, let error = prototypes.error.properties[errorConstructor].value.object {
            method(error, "captureStackTrace", length: 2) { _, _, _ throws(JSFailure) in .undefined }
        }
        method(prototypes.error, "toString") { realm, this, _ throws(JSFailure) in
            guard let error = this.object else {
                throw realm.typeError("Error.prototype.toString requires that 'this' be an Object")
            }
            let name = try error.get(realm.keys.name, realm)
            let message = try error.get(realm.keys.message, realm)
            let nameText = try name.isUndefined ? "Error" : realm.text(name)
            let messageText = try message.isUndefined ? "" : realm.text(message)
            if nameText.isEmpty { return realm.string(messageText) }
            return .string(
                try realm.string(long: messageText.isEmpty ? nameText : "\(nameText): \(messageText)"))
        }
        getter(prototypes.error, "stack") { realm, this, _ throws(JSFailure) in
            .string(try realm.string(long: realm.errorText(this) + "\n    at <anonymous>"))
        }
    }
}
