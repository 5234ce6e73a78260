/// The functions of `Object`, `Reflect` and `Promise` that are installed lazily: those that few programs call.
extension JSRealm {
    func completeObject(_ object: JSObject) {
        method(object, "fromEntries", length: 1) { realm, _, arguments throws(JSFailure) in
            let result = realm.makeObject()
            try realm.iterate(arguments[0]) { (entry) throws(JSFailure) in
                guard let pair = entry.object else {
                    throw realm.typeError("Iterator value \(realm.inspect(entry)) is not an entry object")
                }
                let key = try realm.key(pair.get(PropertyKey(index: 0), realm))
                try realm.makeRoom(in: result)
                result.define(key, try pair.get(PropertyKey(index: 1), realm))
                return true
            }
            return .object(result)
        }
        method(object, "groupBy", length: 2) { realm, _, arguments throws(JSFailure) in
            let groups = JSObject(prototype: nil)
            let all = try realm.grouped(arguments[0], by: arguments[1]) { (value) throws(JSFailure) in
                realm.value(try realm.key(value))
            }
            for (key, values) in all { groups.define(try realm.key(key), .object(realm.makeArray(values))) }
            return .object(groups)
        }
        method(object, "getOwnPropertyDescriptor", length: 2) { realm, _, arguments throws(JSFailure) in
            try realm.descriptor(of: realm.key(arguments[1]), in: realm.toObject(arguments[0]))
        }
        method(object, "getOwnPropertyDescriptors", length: 1) { realm, _, arguments throws(JSFailure) in
            let object = try realm.toObject(arguments[0])
            let result = realm.makeObject()
            for key in try object.ownKeys(enumerableOnly: false, realm) + object.ownSymbols(realm) {
                result.define(key, try realm.descriptor(of: key, in: object))
            }
            return .object(result)
        }
        method(object, "defineProperties", length: 2) { realm, _, arguments throws(JSFailure) in
            guard let object = arguments[0].object else {
                throw realm.typeError("Object.defineProperties called on non-object")
            }
            try realm.defineProperties(object, descriptors: arguments[1])
            return arguments[0]
        }
        method(object, "getOwnPropertySymbols", length: 1) { realm, _, arguments throws(JSFailure) in
            let symbols = try realm.toObject(arguments[0]).ownSymbols(realm)
            return .object(realm.makeArray(ContiguousArray(symbols.map { realm.value($0) })))
        }
        method(object, "seal", length: 1) { realm, _, arguments throws(JSFailure) in
            guard let object = arguments[0].object else { return arguments[0] }
            realm.completeAllProperties(of: object)
            object.isExtensible = false
            for slot in 0..<Int(object.properties.count) { object.properties[slot].attributes.remove(.configurable) }
            return arguments[0]
        }
        method(object, "isExtensible", length: 1) { _, _, arguments throws(JSFailure) in
            .boolean(arguments[0].object?.isExtensible ?? false)
        }
        for (name, forbidden) in [("isSealed", .configurable), ("isFrozen", [.configurable, .writable])]
            as [(StaticString, PropertyAttributes)]
        {
            method(object, name, length: 1) { realm, _, arguments throws(JSFailure) in
                guard let object = arguments[0].object else { return .boolean(true) }
                guard !object.isExtensible else { return .boolean(false) }
                if forbidden.contains(.writable), let array = arguments[0].array, !array.isFrozen, array.length > 0 {
                    return .boolean(false)
                }
                for slot in 0..<Int(object.properties.count) {
                    var attributes = object.properties[slot].attributes
                    if attributes.contains(.accessor) { attributes.remove(.writable) }
                    if !attributes.isDisjoint(with: forbidden) { return .boolean(false) }
                }
                return .boolean(true)
            }
        }
    }

    func defineProperties(_ object: JSObject, descriptors: JSValue) throws(JSFailure) {
        let fields = try toObject(descriptors)
        for key in try fields.ownKeys(enumerableOnly: true, self) + fields.ownSymbols(self) {
            try defineProperty(object, key: key, descriptor: fields.get(key, self))
        }
    }

    /// The descriptor of an own property; `undefined` where there is none.
    func descriptor(of key: PropertyKey, in object: JSObject) throws(JSFailure) -> JSValue {
        guard object.hasOwn(key, self) else { return .undefined }
        let result = makeObject()
        let slot = object.properties.find(key)
        var attributes = PropertyAttributes.assigned
        if slot >= 0 {
            attributes = object.properties[slot].attributes
        } else if key == keys.length {
            attributes = .writable
        } else if !object.isExtensible, (JSValue.object(object).array?.isFrozen ?? false) {
            attributes = .enumerable
        }
        if slot >= 0, attributes.contains(.accessor), let accessor = object.properties[slot].value.object {
            let pair = unsafeDowncast(accessor, to: JSAccessor.self)
            result.define(self.key("get"), pair.getter.map { .object($0) } ?? .undefined)
            result.define(self.key("set"), pair.setter.map { .object($0) } ?? .undefined)
        } else {
            result.define(keys.value, try object.get(key, self))
            result.define(self.key("writable"), .boolean(attributes.contains(.writable)))
        }
        result.define(self.key("enumerable"), .boolean(attributes.contains(.enumerable)))
        result.define(self.key("configurable"), .boolean(attributes.contains(.configurable)))
        return .object(result)
    }

    func completeReflect(_ reflect: JSObject) {
        method(reflect, "getOwnPropertyDescriptor", length: 2) { realm, _, arguments throws(JSFailure) in
            try realm.descriptor(
                of: realm.key(arguments[1]), in: realm.target(arguments[0], "getOwnPropertyDescriptor"))
        }
        method(reflect, "defineProperty", length: 3) { realm, _, arguments throws(JSFailure) in
            let object = try realm.target(arguments[0], "defineProperty")
            do throws(JSFailure) {
                try realm.defineProperty(object, key: realm.key(arguments[1]), descriptor: arguments[2])
                return .boolean(true)
            } catch {
                guard case .thrown = error, arguments[2].object != nil else { throw error }
                return .boolean(false)
            }
        }
        method(reflect, "getPrototypeOf", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.target(arguments[0], "getPrototypeOf").prototype.map { .object($0) } ?? .null
        }
        method(reflect, "setPrototypeOf", length: 2) { realm, _, arguments throws(JSFailure) in
            let object = try realm.target(arguments[0], "setPrototypeOf")
            let parent = arguments[1].object
            if let parent, parent === object || parent.inherits(from: object) { return .boolean(false) }
            guard object.isExtensible || parent === object.prototype else { return .boolean(false) }
            object.prototype = parent
            return .boolean(true)
        }
        method(reflect, "isExtensible", length: 1) { realm, _, arguments throws(JSFailure) in
            .boolean(try realm.target(arguments[0], "isExtensible").isExtensible)
        }
        method(reflect, "preventExtensions", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.target(arguments[0], "preventExtensions").isExtensible = false
            return .boolean(true)
        }
    }

    // MARK: Promises

    func completePromise(_ constructor: JSObject) {
        method(constructor, "allSettled", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.promised { (all) throws(JSFailure) in
                let finish = { (values: JSArray) in all.resolve(.object(values), realm) }
                try realm.gather(arguments[0], finish) { promise, place in
                    func settle(_ status: StaticString, _ name: StaticString) -> JSFunction {
                        realm.makeFunction(length: 1) { realm, _, arguments throws(JSFailure) in
                            let result = realm.makeObject()
                            result.define(realm.key("status"), realm.string(status))
                            result.define(realm.key(name), arguments[0])
                            try place(.object(result))
                            return .undefined
                        }
                    }
                    promise.then(settle("fulfilled", "value"), settle("rejected", "reason"), realm, derived: nil)
                }
            }
        }
        method(constructor, "any", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.promised { (any) throws(JSFailure) in
                let finish = { (errors: JSArray) throws(JSFailure) in
                    let constructor = try realm.get(.object(realm.global), realm.key("AggregateError"))
                    let prototype = try realm.get(constructor, realm.keys.prototype).object ?? realm.prototypes.error
                    let error = realm.makeAggregateError(
                        prototype, try errors.allElements(realm), realm.string("All promises were rejected"))
                    any.reject(.object(error), realm)
                }
                try realm.gather(arguments[0], finish) { promise, place in
                    let onRejected = realm.makeFunction(length: 1) { _, _, arguments throws(JSFailure) in
                        try place(arguments[0])
                        return .undefined
                    }
                    promise.then(any.resolver(realm), onRejected, realm, derived: nil)
                }
            }
        }
        method(constructor, "withResolvers") { realm, _, _ throws(JSFailure) in
            let promise = realm.makePromise()
            let result = realm.makeObject()
            result.define(realm.key("promise"), .object(promise))
            result.define(realm.key("resolve"), .object(promise.resolver(realm)))
            result.define(realm.key("reject"), .object(promise.rejecter(realm)))
            return .object(result)
        }
        method(constructor, "try", length: 1) { realm, _, arguments throws(JSFailure) in
            try realm.promised { (promise) throws(JSFailure) in
                let function = try realm.callable(arguments[0], "Promise.try")
                promise.resolve(
                    try realm.call(function, this: .undefined, arguments: arguments.dropFirst(1)), realm)
            }
        }
    }
}
