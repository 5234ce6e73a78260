extension JSRealm {
    func installJSON() {
        let json = makeObject()
        add(key("JSON"), .object(json), .builtIn, to: global)
        json.define(wellKnownSymbols.toStringTag.key, string("JSON"), .configurable)
        method(json, "stringify", length: 3) { realm, _, arguments throws(JSFailure) in
            var writer = JSONWriter(realm)
            if let replacer = arguments[1].function {
                writer.replacer = replacer
            } else if let names = arguments[1].array {
                writer.listed = try realm.listedKeys(names)
            }
            if case .number(let width) = arguments[2] {
                writer.indent = String(repeating: " ", count: min(max(0, NumberText.integer(width)), 10))
            } else if case .string(let text) = arguments[2] {
                writer.indent = String(text.excerpt.prefix(10))
            }
            let holder = realm.makeObject()
            return try writer.write(arguments[0], key: realm.key(""), holder: holder, depth: 0)
                ? .string(realm.string(writer.text)) : .undefined
        }
        method(json, "parse", length: 2) { realm, _, arguments throws(JSFailure) in
            var reader = JSONReader(realm, try realm.toString(arguments[0]))
            let value = try reader.document()
            guard let reviver = arguments[1].function else { return value }
            let holder = realm.makeObject()
            let empty = realm.key("")
            holder.define(empty, value)
            return try realm.revive(holder, empty, reviver)
        }
    }

    /// The names that a list as the second argument of `JSON.stringify` has: its strings and numbers, each once.
    private func listedKeys(_ list: JSArray) throws(JSFailure) -> [PropertyKey] {
        var keys: [PropertyKey] = []
        var known: Set<PropertyKey> = []
        for element in try list.allElements(self) {
            switch primitive(element) {
            case .string, .number:
                let key = try key(toString(element))
                if known.insert(key).inserted { keys.append(key) }
            default: continue
            }
        }
        return keys
    }

    /// Hands the value of a property, and before it those inside of it, to the function that may replace it.
    private func revive(_ holder: JSObject, _ key: PropertyKey, _ reviver: JSFunction) throws(JSFailure) -> JSValue {
        try checkStack()
        let value = try holder.get(key, self)
        if let object = value.object {
            for inner in try object.ownKeys(enumerableOnly: true, self) {
                let replaced = try revive(object, inner, reviver)
                if replaced.isUndefined { object.delete(inner, self) } else { try object.set(inner, replaced, self) }
            }
        }
        return try call(reviver, this: .object(holder), string(key), value)
    }
}
