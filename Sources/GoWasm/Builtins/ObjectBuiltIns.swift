extension JSRealm {
    func installObject() {
        let prototype = prototypes.object
        let create: JSCode = { realm, _, arguments throws(JSFailure) in
            arguments[0].isNullish ? .object(realm.makeObject()) : .object(try realm.toObject(arguments[0]))
        }
        let object = constructor(
            "Object", prototype, length: 1, call: create,
            new: { realm, target, arguments throws(JSFailure) in
                // Of another target all that is made is an object.
                guard target.function?.signature.key == realm.key("Object") else { return .object(realm.makeObject()) }
                return try create(realm, target, arguments)
            })
        installObjectLists(object)
        installObjectChanges(object)
        installObjectPrototypes(object)
        installObjectProperties(object)
        installObjectMethods(prototype)
    }

    /// What lists the properties of an object.
    private func installObjectLists(_ object: JSObject) {
        method(object, "keys", length: 1) { realm, _, arguments throws(JSFailure) in
            .object(try realm.keyList(realm.toObject(arguments[0]).ownKeys(enumerableOnly: true, realm)))
        }
        method(object, "getOwnPropertyNames", length: 1) { realm, _, arguments throws(JSFailure) in
            .object(try realm.keyList(realm.toObject(arguments[0]).ownKeys(enumerableOnly: false, realm)))
        }
        method(object, "values", length: 1) { realm, _, arguments throws(JSFailure) in
            let object = try realm.toObject(arguments[0])
            var values = ContiguousArray<JSValue>()
            for key in try object.ownKeys(enumerableOnly: true, realm) { try values.add(object.get(key, realm), realm) }
            return .object(realm.makeArray(values))
        }
        method(object, "entries", length: 1) { realm, _, arguments throws(JSFailure) in
            let object = try realm.toObject(arguments[0])
            var entries = ContiguousArray<JSValue>()
            for key in try object.ownKeys(enumerableOnly: true, realm) {
                try entries.add(.object(realm.makeArray([realm.string(key), object.get(key, realm)])), realm)
            }
            return .object(realm.makeArray(entries))
        }
    }

    /// What changes all properties of an object, or what may be changed of it.
    private func installObjectChanges(_ object: JSObject) {
        method(object, "assign", length: 2) { realm, _, arguments throws(JSFailure) in
            let target = try realm.toObject(arguments[0])
            for position in 1..<max(1, arguments.count) where !arguments[position].isNullish {
                let source = try realm.toObject(arguments[position])
                for key in try source.ownKeys(enumerableOnly: true, realm) {
                    try target.set(key, source.get(key, realm), realm)
                }
            }
            return .object(target)
        }
        method(object, "freeze", length: 1) { realm, _, arguments throws(JSFailure) in
            if let object = arguments[0].object { realm.completeAllProperties(of: object) }
            arguments[0].object?.freeze()
            return arguments[0]
        }
        method(object, "preventExtensions", length: 1) { _, _, arguments throws(JSFailure) in
            arguments[0].object?.isExtensible = false
            return arguments[0]
        }
    }

    private func installObjectPrototypes(_ object: JSObject) {
        method(object, "create", length: 2) { realm, _, arguments throws(JSFailure) in
            let parent = arguments[0].object
            if parent == nil {
                guard case .null = arguments[0] else {
                    throw realm.typeError(
                        "Object prototype may only be an Object or null: \(realm.inspect(arguments[0]))")
                }
            }
            let object = JSObject(prototype: parent)
            if !arguments[1].isUndefined { try realm.defineProperties(object, descriptors: arguments[1]) }
            return .object(object)
        }
        method(object, "getPrototypeOf", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.toObject(arguments[0]).prototype.map { .object($0) } ?? .null
        }
        method(object, "setPrototypeOf", length: 2) { realm, _, arguments throws(JSFailure) in
            if let object = arguments[0].object {
                let parent = arguments[1].object
                if let parent, parent === object || parent.inherits(from: object) {
                    throw realm.typeError("Cyclic __proto__ value")
                }
                object.prototype = parent
            }
            return arguments[0]
        }
    }

    /// What is about a single property or value.
    private func installObjectProperties(_ object: JSObject) {
        method(object, "defineProperty", length: 3) { realm, _, arguments throws(JSFailure) in
            guard let object = arguments[0].object else {
                throw realm.typeError("Object.defineProperty called on non-object")
            }
            try realm.defineProperty(object, key: realm.key(arguments[1]), descriptor: arguments[2])
            return arguments[0]
        }
        method(object, "is", length: 2) { _, _, arguments throws(JSFailure) in
            if case .number(let a) = arguments[0], case .number(let b) = arguments[1], a == 0, b == 0 {
                return .boolean(a.sign == b.sign)
            }
            return .boolean(arguments[0].isSame(as: arguments[1]))
        }
        method(object, "hasOwn", length: 2) { realm, _, arguments throws(JSFailure) in
            .boolean(try realm.toObject(arguments[0]).hasOwn(try realm.key(arguments[1]), realm))
        }
    }

    /// The methods that all objects have.
    private func installObjectMethods(_ prototype: JSObject) {
        method(prototype, "propertyIsEnumerable", length: 1) { realm, this, arguments throws(JSFailure) in
            let object = try realm.toObject(this)
            let key = try realm.key(arguments[0])
            guard object.hasOwn(key, realm) else { return .boolean(false) }
            let slot = object.properties.find(key)
            if slot >= 0 { return .boolean(object.properties[slot].attributes.contains(.enumerable)) }
            return .boolean(key != realm.keys.length)
        }
        method(prototype, "hasOwnProperty", length: 1) { realm, this, arguments throws(JSFailure) in
            .boolean(try realm.toObject(this).hasOwn(try realm.key(arguments[0]), realm))
        }
        method(prototype, "isPrototypeOf", length: 1) { _, this, arguments throws(JSFailure) in
            guard let object = arguments[0].object, let prototype = this.object else { return .boolean(false) }
            return .boolean(object.inherits(from: prototype))
        }
        method(prototype, "valueOf") { realm, this, _ throws(JSFailure) in .object(try realm.toObject(this)) }
        method(prototype, "toLocaleString") { realm, this, _ throws(JSFailure) in .string(try realm.toString(this)) }
        method(prototype, "toString") { realm, this, _ throws(JSFailure) in
            switch this {
            case .undefined: return realm.string("[object Undefined]")
            case .null: return realm.string("[object Null]")
            default:
                let object = try realm.toObject(this)
                if case .string(let tag) = try object.get(realm.wellKnownSymbols.toStringTag.key, realm) {
                    let text = WTF8.Builder()
                    text.append("[object " as StaticString)
                    text.append(tag)
                    text.append("]" as StaticString)
                    return .string(try realm.string(text))
                }
                return .string(JSString.make("[object \(realm.className(object))]"))
            }
        }
    }

    /// An array of the strings and symbols that keys stand for.
    private func keyList(_ keys: [PropertyKey]) throws(JSFailure) -> JSArray {
        var values = ContiguousArray<JSValue>()
        for key in keys { try values.add(value(key), self) }
        return makeArray(values)
    }

    /// The class that `Object.prototype.toString` names.
    func className(_ object: JSObject) -> StaticString {
        switch object.kind {
        case .function: return "Function"
        case .array: return "Array"
        case .error: return "Error"
        case .date: return "Date"
        case .wrapper:
            switch unsafeDowncast(object, to: JSWrapper.self).value {
            case .string: return "String"
            case .number: return "Number"
            case .boolean: return "Boolean"
            default: return "Object"
            }
        case .ordinary, .accessor, .iterator, .map, .set, .dataView, .host, .promise, .arrayBuffer, .typedArray:
            return "Object"
        }
    }

    func defineProperty(_ object: JSObject, key: PropertyKey, descriptor: JSValue) throws(JSFailure) {
        guard let fields = descriptor.object else {
            throw typeError("Property description must be an object: \(inspect(descriptor))")
        }
        if object.hasLazyProperties { _ = completeProperties(of: object, missing: key) }
        let slot = object.properties.find(key)
        let old = slot >= 0 ? object.properties[slot].attributes : []
        // What the descriptor does not say stays as it is.
        func flag(_ name: StaticString, _ attribute: PropertyAttributes) throws(JSFailure) -> PropertyAttributes {
            let nameKey = self.key(name)
            let isSet = try fields.has(nameKey, self) ? fields.get(nameKey, self).isTruthy : old.contains(attribute)
            return isSet ? attribute : []
        }
        var attributes = try flag("enumerable", .enumerable).union(flag("configurable", .configurable))
        if slot >= 0, !old.contains(.configurable) {
            let mayChangeValue = old.contains(.writable) && !fields.has(self.key("get"), self)
            guard mayChangeValue, attributes == old.subtracting(.writable) else {
                throw typeError("Cannot redefine property: \(keyText(key))")
            }
        }
        guard slot >= 0 || object.isExtensible else {
            throw typeError("Cannot define property \(keyText(key)), object is not extensible")
        }
        var getter = try fields.get(self.key("get"), self).function
        var setter = try fields.get(self.key("set"), self).function
        if getter != nil || setter != nil {
            if slot >= 0, old.contains(.accessor), let accessor = object.properties[slot].value.object {
                getter = getter ?? unsafeDowncast(accessor, to: JSAccessor.self).getter
                setter = setter ?? unsafeDowncast(accessor, to: JSAccessor.self).setter
            }
            object.define(key, .object(JSAccessor(getter: getter, setter: setter)), attributes.union(.accessor))
            return
        }
        attributes.formUnion(try flag("writable", .writable))
        var value = try fields.get(self.key("value"), self)
        if slot >= 0, !old.contains(.accessor), !fields.has(self.key("value"), self) {
            value = object.properties[slot].value
        }
        if object.isExotic, try object.exoticSet(key, value, self) != nil { return }
        try makeRoom(in: object)
        object.define(key, value, attributes)
    }

    /// The first argument of a function of `Reflect`.
    func target(_ value: JSValue, _ name: StaticString) throws(JSFailure) -> JSObject {
        guard let object = value.object else { throw typeError("Reflect.\(name) called on non-object") }
        return object
    }

    func installReflect() {
        let reflect = makeObject()
        add(key("Reflect"), .object(reflect), .builtIn, to: global)
        method(reflect, "get", length: 2) { realm, _, arguments throws(JSFailure) in
            try realm.target(arguments[0], "get").get(realm.key(arguments[1]), realm)
        }
        method(reflect, "set", length: 3) { realm, _, arguments throws(JSFailure) in
            .boolean(try realm.target(arguments[0], "set").set(realm.key(arguments[1]), arguments[2], realm))
        }
        method(reflect, "has", length: 2) { realm, _, arguments throws(JSFailure) in
            .boolean(try realm.target(arguments[0], "has").has(realm.key(arguments[1]), realm))
        }
        method(reflect, "deleteProperty", length: 2) { realm, _, arguments throws(JSFailure) in
            .boolean(try realm.target(arguments[0], "deleteProperty").delete(try realm.key(arguments[1]), realm))
        }
        method(reflect, "ownKeys", length: 1) { realm, _, arguments throws(JSFailure) in
            let keys = try realm.target(arguments[0], "ownKeys").ownKeys(enumerableOnly: false, realm)
            let symbols = try realm.target(arguments[0], "ownKeys").ownSymbols(realm)
            return .object(try realm.keyList(keys + symbols))
        }
        completeReflect(reflect)
        method(reflect, "apply", length: 3) { realm, _, arguments throws(JSFailure) in
            let function = try realm.callable(arguments[0], "Function.prototype.apply")
            return try realm.call(function, this: arguments[1], values: realm.list(arguments[2]))
        }
        method(reflect, "construct", length: 2) { realm, _, arguments throws(JSFailure) in
            for value in [arguments[0], arguments.count > 2 ? arguments[2] : arguments[0]]
            where value.function?.isConstructor != true {
                throw realm.typeError("\(realm.sourceText(value)) is not a constructor")
            }
            let list = try realm.list(arguments[1])
            return try realm.withArguments(count: list.count, fill: { list[$0] }) { (values) throws(JSFailure) in
                try realm.construct(arguments[0], values, newTarget: arguments.count > 2 ? arguments[2] : nil)
            }
        }
    }
}
