/// A `Headers` object: names in lower case, in the order in which they came.
final class JSHeaders: JSObject {
    var list: [(name: String, value: String)]

    init(_ list: [(name: String, value: String)] = [], prototype: JSObject?) {
        self.list = list
        super.init(kind: .host, prototype: prototype)
    }

    /// All values of a name, combined; nil where there is none.
    func value(_ name: String) -> String? {
        let values = list.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// The headers as programs go through them: sorted by name, values combined but for cookies.
    var sortedEntries: [(name: String, value: String)] {
        let names = Set(list.map(\.name)).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        return names.flatMap { name in
            name == "set-cookie" ? list.filter { $0.name == name } : [(name, value(name) ?? "")]
        }
    }
}

extension JSRealm {
    private func headers(_ value: JSValue) throws(JSFailure) -> JSHeaders {
        guard let headers = value.object as? JSHeaders else { throw typeError("Illegal invocation") }
        return headers
    }

    /// A header name in lower case.
    private func headerName(_ value: JSValue, _ method: String) throws(JSFailure) -> String {
        let name = try toString(value).text
        let allowed = Set("!#$%&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        guard !name.isEmpty, name.utf8.allSatisfy(allowed.contains) else {
            throw typeError("Headers.\(method): \(name) is an invalid header name.")
        }
        return name.lowercased()
    }

    /// A header value without white space around it.
    private func headerValue(_ value: JSValue, _ method: String) throws(JSFailure) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        let bytes = try toString(value).bytes.drop(while: isSpace)
        let kept = bytes.reversed().drop(while: isSpace).reversed()
        guard !kept.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else {
            throw typeError("Headers.\(method): \(inspect(value)) is an invalid header value.")
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// What `new Headers(init)` and the option `headers` take: a list of pairs, an object, or other headers.
    func makeHeaders(_ initial: JSValue) throws(JSFailure) -> JSHeaders {
        let result = JSHeaders(prototype: hostPrototype("Headers"))
        guard let object = initial.object else {
            if initial.isNullish { return result }
            throw typeError("Headers constructor: init given \(inspect(initial)) is not one of: sequence, record.")
        }
        if let other = object as? JSHeaders {
            result.list = other.list
        } else if try isIterable(initial) {
            try iterate(initial) { (entry) throws(JSFailure) in
                let pair = try collect(entry)
                guard pair.count == 2 else { throw typeError("Headers constructor: expected name/value pair.") }
                result.list.append((try headerName(pair[0], "append"), try headerValue(pair[1], "append")))
                return true
            }
        } else {
            for key in try object.ownKeys(enumerableOnly: true, self) {
                let value = try headerValue(object.get(key, self), "append")
                result.list.append((try headerName(string(key), "append"), value))
            }
        }
        return result
    }

    func installHeaders() {
        let prototype = hostPrototype("Headers")
        constructor("Headers", prototype) { realm, _, arguments throws(JSFailure) in
            .object(try realm.makeHeaders(arguments[0]))
        }
        add(wellKnownSymbols.toStringTag.key, string("Headers"), .configurable, to: prototype)
        method(prototype, "append") { realm, this, arguments throws(JSFailure) in
            let name = try realm.headerName(arguments[0], "append")
            try realm.headers(this).list.append((name, try realm.headerValue(arguments[1], "append")))
            return .undefined
        }
        method(prototype, "set") { realm, this, arguments throws(JSFailure) in
            let name = try realm.headerName(arguments[0], "set")
            let value = try realm.headerValue(arguments[1], "set")
            let headers = try realm.headers(this)
            if let place = headers.list.firstIndex(where: { $0.name == name }) {
                headers.list[place].value = value
                let rest = headers.list[(place + 1)...].filter { $0.name != name }
                headers.list.replaceSubrange((place + 1)..., with: rest)
            } else {
                headers.list.append((name, value))
            }
            return .undefined
        }
        method(prototype, "delete") { realm, this, arguments throws(JSFailure) in
            let name = try realm.headerName(arguments[0], "delete")
            try realm.headers(this).list.removeAll { $0.name == name }
            return .undefined
        }
        method(prototype, "get") { realm, this, arguments throws(JSFailure) in
            let name = try realm.headerName(arguments[0], "get")
            return try realm.headers(this).value(name).map { realm.string($0) } ?? .null
        }
        method(prototype, "has") { realm, this, arguments throws(JSFailure) in
            let name = try realm.headerName(arguments[0], "has")
            return .boolean(try realm.headers(this).value(name) != nil)
        }
        method(prototype, "getSetCookie") { realm, this, _ throws(JSFailure) in
            let cookies = try realm.headers(this).list.filter { $0.name == "set-cookie" }
            return .object(realm.makeArray(ContiguousArray(cookies.map { realm.string($0.value) })))
        }
        method(prototype, "forEach") { realm, this, arguments throws(JSFailure) in
            let function = try realm.callable(arguments[0], "Headers.forEach")
            for (name, value) in try realm.headers(this).sortedEntries {
                _ = try realm.call(function, this: arguments[1], realm.string(value), realm.string(name), this)
            }
            return .undefined
        }
        func iteration(_ result: @escaping (JSRealm, (name: String, value: String)) -> JSValue) -> JSCode {
            { realm, this, _ throws(JSFailure) in
                let headers = try realm.headers(this)
                var entries = headers.sortedEntries
                return realm.makeIndexIterator(.headers) { (realm, index) throws(JSFailure) in
                    if index == 0 { entries = headers.sortedEntries }
                    return index < entries.count ? result(realm, entries[index]) : nil
                }
            }
        }
        let entries = iteration { .object($0.makeArray([$0.string($1.name), $0.string($1.value)])) }
        method(prototype, "entries", entries)
        method(prototype, wellKnownSymbols.iterator, "entries", entries)
        method(prototype, "keys", iteration { $0.string($1.name) })
        method(prototype, "values", iteration { $0.string($1.value) })
    }
}
