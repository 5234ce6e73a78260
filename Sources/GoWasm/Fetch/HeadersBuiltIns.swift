/// A `Headers` object.
final class JSHeaders: JSObject {
    var list: HeaderList
    /// Whether the headers are those of an answer, which nobody changes.
    let isImmutable: Bool

    init(_ list: HeaderList = HeaderList(), isImmutable: Bool = false, prototype: JSObject?) {
        self.list = list
        self.isImmutable = isImmutable
        super.init(kind: .host, prototype: prototype)
    }
}

extension JSRealm {
    private func headers(_ value: JSValue) throws(JSFailure) -> JSHeaders {
        guard let headers = value.object as? JSHeaders else { throw typeError("Illegal invocation") }
        return headers
    }

    /// The same, to be changed.
    private func mutableHeaders(_ value: JSValue) throws(JSFailure) -> JSHeaders {
        let headers = try headers(value)
        guard !headers.isImmutable else { throw typeError("immutable") }
        return headers
    }

    /// A text whose characters are bytes (ByteString of Web IDL).
    func toByteString(_ value: JSValue) throws(JSFailure) -> String {
        let string = try toString(value)
        if string.isASCII { return string.text }
        let units = string.utf16
        if let place = units.firstIndex(where: { $0 > 0xFF }) {
            throw typeError(
                "Cannot convert argument to a ByteString because the character at index \(place) has a value of "
                    + "\(units[place]) which is greater than 255.")
        }
        return Latin1.decode(units.map { UInt8(truncatingIfNeeded: $0) })
    }

    private func checkedName(_ name: String, _ method: String) throws(JSFailure) -> String {
        guard HeaderList.isToken(name) else {
            throw typeError("Headers.\(method): \"\(name)\" is an invalid header name.")
        }
        return name
    }

    /// A header name as it was given.
    private func headerName(_ value: JSValue, _ method: String) throws(JSFailure) -> String {
        try checkedName(toByteString(value), method)
    }

    /// A name in lower case, to look for.
    private func headerKey(_ value: JSValue, _ method: String) throws(JSFailure) -> String {
        WebHost.asciiLowercased(try headerName(value, method))
    }

    /// A header value without white space around it.
    private func checkedValue(_ value: String, _ method: String) throws(JSFailure) -> String {
        let value = HeaderList.trimmed(value)
        guard !value.unicodeScalars.contains(where: { $0 == "\0" || $0 == "\n" || $0 == "\r" }) else {
            throw typeError("Headers.\(method): \"\(value)\" is an invalid header value.")
        }
        return value
    }

    private func append(_ name: String, _ value: String, to list: inout HeaderList) throws(JSFailure) {
        let name = try checkedName(name, "append")
        list.append(name, try checkedValue(value, "append"))
    }

    /// What `new Headers(init)` and the option `headers` take: a list of pairs, an object, or other headers.
    ///
    /// All are converted before the first is looked at.
    func headerPairs(_ initial: JSValue) throws(JSFailure) -> [(name: String, value: String)] {
        guard let object = initial.object else {
            if initial.isUndefined { return [] }
            throw typeError(
                "Headers constructor: Argument 1 could not be converted to one of: sequence<sequence<ByteString>>, "
                    + "record<ByteString, ByteString>.")
        }
        if let other = object as? JSHeaders {
            return other.list.fields.flatMap { field in
                field.key == "set-cookie" ? field.values.map { (field.name, $0) } : [(field.name, field.value)]
            }
        }
        var pairs: [(name: String, value: String)] = []
        if try isIterable(initial) {
            try iterate(initial) { (entry) throws(JSFailure) in
                guard entry.object != nil else {
                    throw typeError("Headers constructor: init[\(pairs.count)] (\(inspect(entry))) is not iterable.")
                }
                let pair = try collect(entry)
                guard pair.count == 2 else {
                    throw typeError(
                        "Headers constructor: expected name/value pair to be length 2, found \(pair.count).")
                }
                pairs.append((try toByteString(pair[0]), try toByteString(pair[1])))
                return true
            }
        } else {
            for key in try object.ownKeys(enumerableOnly: true, self) {
                pairs.append((try toByteString(string(key)), try toByteString(object.get(key, self))))
            }
        }
        return pairs
    }

    /// Checks headers, and makes a list of them.
    func headerList(_ pairs: [(name: String, value: String)]) throws(JSFailure) -> HeaderList {
        var list = HeaderList()
        for (name, value) in pairs { try append(name, value, to: &list) }
        return list
    }

    func installHeaders() {
        let prototype = hostPrototype("Headers")
        classConstructor("Headers", prototype) { realm, _, arguments throws(JSFailure) in
            let list = try realm.headerList(realm.headerPairs(arguments[0]))
            return .object(JSHeaders(list, prototype: prototype))
        }
        add(wellKnownSymbols.toStringTag.key, string("Headers"), .configurable, to: prototype)
        method(prototype, "append", length: 2) { realm, this, arguments throws(JSFailure) in
            let name = try realm.toByteString(arguments[0])
            let value = try realm.toByteString(arguments[1])
            try realm.append(name, value, to: &realm.mutableHeaders(this).list)
            return .undefined
        }
        method(prototype, "set", length: 2) { realm, this, arguments throws(JSFailure) in
            let (given, text) = (try realm.toByteString(arguments[0]), try realm.toByteString(arguments[1]))
            let name = try realm.checkedName(given, "set")
            try realm.mutableHeaders(this).list.set(name, realm.checkedValue(text, "set"))
            return .undefined
        }
        method(prototype, "delete", length: 1) { realm, this, arguments throws(JSFailure) in
            let key = try realm.headerKey(arguments[0], "delete")
            try realm.mutableHeaders(this).list.remove(key)
            return .undefined
        }
        method(prototype, "get", length: 1) { realm, this, arguments throws(JSFailure) in
            let key = try realm.headerKey(arguments[0], "get")
            return try realm.headers(this).list.value(key).map { realm.string($0) } ?? .null
        }
        method(prototype, "has", length: 1) { realm, this, arguments throws(JSFailure) in
            let key = try realm.headerKey(arguments[0], "has")
            return .boolean(try realm.headers(this).list.contains(key))
        }
        method(prototype, "getSetCookie") { realm, this, _ throws(JSFailure) in
            let cookies = try realm.headers(this).list.values("set-cookie")
            return .object(realm.makeArray(ContiguousArray(cookies.map { realm.string($0) })))
        }
        method(prototype, "forEach", length: 1) { realm, this, arguments throws(JSFailure) in
            let function = try realm.callable(arguments[0], "Headers.forEach")
            for (name, value) in try realm.headers(this).list.sortedEntries {
                _ = try realm.call(function, this: arguments[1], realm.string(value), realm.string(name), this)
            }
            return .undefined
        }
        func iteration(_ result: @escaping (JSRealm, (name: String, value: String)) -> JSValue) -> JSCode {
            { realm, this, _ throws(JSFailure) in
                let headers = try realm.headers(this)
                var entries = headers.list.sortedEntries
                return realm.makeIndexIterator(.headers) { (realm, index) throws(JSFailure) in
                    if index == 0 { entries = headers.list.sortedEntries }
                    return index < entries.count ? result(realm, entries[index]) : nil
                }
            }
        }
        let entries = iteration { .object($0.makeArray([$0.string($1.name), $0.string($1.value)])) }
        method(prototype, "entries", entries)
        alias(prototype, wellKnownSymbols.iterator, of: "entries")
        method(prototype, "keys", iteration { $0.string($1.name) })
        method(prototype, "values", iteration { $0.string($1.value) })
    }
}
