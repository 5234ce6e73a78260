internal import CHostSystem

/// A value as a key of a `Map` or an element of a `Set`: compared by SameValueZero.
private struct CollectionKey: Hashable {
    let value: JSValue

    static func == (a: CollectionKey, b: CollectionKey) -> Bool { a.value.isSame(as: b.value) }

    func hash(into hasher: inout Hasher) {
        switch value {
        case .undefined: hasher.combine(0)
        case .null: hasher.combine(1)
        case .boolean(let flag): hasher.combine(flag)
        // -0 and 0 are the same key, and all NaNs are.
        case .number(let number): hasher.combine(number.isNaN ? .nan : number == 0 ? 0 : number)
        case .string(let string): hasher.combine(string.contentHash)
        case .symbol(let symbol): hasher.combine(ObjectIdentifier(symbol))
        case .object(let object): hasher.combine(ObjectIdentifier(object))
        }
    }
}

/// A `Map` or a `Set` (ECMA-262, 24.1 and 24.2): entries in the order in which they came.
///
/// What is deleted leaves a gap, until there are more gaps than entries. What goes through the entries keeps its place
/// in a ``Cursor``.
final class JSCollection: JSObject {
    private var places: [CollectionKey: Int] = [:]
    private var entries: ContiguousArray<(key: JSValue, value: JSValue)?> = []
    /// The place of the first entry: there may be gaps before it.
    private var first = 0
    /// How many places there are at least before gaps are removed.
    private static let leastGaps = 16

    /// Where something is that goes through the entries.
    final class Cursor {
        fileprivate(set) var place = 0
    }
    struct WeakCursor {
        fileprivate weak var cursor: Cursor?
    }
    private var cursors: [WeakCursor] = []

    /// Whether this is a `WeakMap` or a `WeakSet`.
    let isWeak: Bool

    init(_ kind: Kind, isWeak: Bool = false, prototype: JSObject?) {
        self.isWeak = isWeak
        super.init(kind: kind, prototype: prototype)
    }

    deinit {
        gw_account_change(properties.account, -Int64(places.count * Self.entrySize))
        ending {
            $0.take(&entries, leaving: [])
            $0.take(&places, leaving: [:])
        }
    }

    /// About how many bytes an entry takes.
    private static let entrySize = 112

    var count: Int { places.count }

    func find(_ key: JSValue) -> JSValue? { places[CollectionKey(value: key)].flatMap { entries[$0]?.value } }

    func contains(_ key: JSValue) -> Bool { places[CollectionKey(value: key)] != nil }

    func put(_ key: JSValue, _ value: JSValue) {
        // -0 becomes 0.
        let key: JSValue = if case .number(let number) = key, number == 0 { .number(0.0) } else { key }
        if let place = places[CollectionKey(value: key)] {
            entries[place]?.value = value
        } else {
            places[CollectionKey(value: key)] = entries.count
            entries.append((key, value))
            gw_account_resize(properties.account, Int64(Self.entrySize), UInt64(entries.count * Self.entrySize))
        }
    }

    func remove(_ key: JSValue) -> Bool {
        guard let place = places.removeValue(forKey: CollectionKey(value: key)) else { return false }
        entries[place] = nil
        while first < entries.count, entries[first] == nil { first += 1 }
        gw_account_change(properties.account, -Int64(Self.entrySize))
        if entries.count > Self.leastGaps, places.count < entries.count / 2 { closeUp() }
        return true
    }

    /// Removes the gaps, when there are more of them than entries.
    private func closeUp() {
        cursors.removeAll { $0.cursor == nil }
        // Each cursor is as many places further back as there were gaps before it.
        let waiting = cursors.compactMap(\.cursor).sorted { $0.place < $1.place }
        var next = 0
        var kept: ContiguousArray<(key: JSValue, value: JSValue)?> = []
        kept.reserveCapacity(places.count)
        for (place, entry) in entries.enumerated() {
            while next < waiting.count, waiting[next].place <= place {
                waiting[next].place = kept.count
                next += 1
            }
            guard let entry else { continue }
            places[CollectionKey(value: entry.key)] = kept.count
            kept.append(entry)
        }
        for cursor in waiting[next...] { cursor.place = kept.count }
        (entries, first) = (kept, 0)
    }

    func removeAll() {
        gw_account_change(properties.account, -Int64(places.count * Self.entrySize))
        places = [:]
        (entries, first) = ([], 0)
        // They go on with what comes later.
        for reference in cursors { reference.cursor?.place = 0 }
    }

    /// The entry that a cursor has come to, which goes on behind it.
    func next(_ cursor: Cursor) -> (key: JSValue, value: JSValue)? {
        cursor.place = max(cursor.place, first)
        while cursor.place < entries.count {
            cursor.place += 1
            if let entry = entries[cursor.place - 1] { return entry }
        }
        return nil
    }

    /// A cursor before the first entry, which keeps its place while it lives.
    func makeCursor() -> Cursor {
        let cursor = Cursor()
        if cursors.count == cursors.capacity { cursors.removeAll { $0.cursor == nil } }
        cursors.append(WeakCursor(cursor: cursor))
        return cursor
    }
}

extension JSRealm {
    func collection(
        _ value: JSValue, _ kind: JSObject.Kind, _ method: StaticString, isWeak: Bool = false
    ) throws(JSFailure) -> JSCollection {
        guard let object = value.object, object.kind == kind,
            unsafeDowncast(object, to: JSCollection.self).isWeak == isWeak
        else {
            let name = (isWeak ? "Weak" : "") + (kind == .map ? "Map" : "Set")
            throw typeError("Method \(name).prototype.\(method) called on incompatible receiver \(receiverText(value))")
        }
        return unsafeDowncast(object, to: JSCollection.self)
    }

    func installMap() {
        let prototype = prototypes.map
        let map = constructor("Map", prototype) { realm, _, arguments throws(JSFailure) in
            let map = JSCollection(.map, prototype: prototype)
            guard !arguments[0].isNullish else { return .object(map) }
            try realm.iterate(arguments[0]) { (entry) throws(JSFailure) in
                guard let pair = entry.object else {
                    throw realm.typeError("Iterator value \(realm.inspect(entry)) is not an entry object")
                }
                map.put(try pair.get(PropertyKey(index: 0), realm), try pair.get(PropertyKey(index: 1), realm))
                return true
            }
            return .object(map)
        }
        addSpecies(map)
        method(map, "groupBy", length: 2) { realm, _, arguments throws(JSFailure) in
            let map = JSCollection(.map, prototype: prototype)
            for (key, values) in try realm.grouped(arguments[0], by: arguments[1], name: { $0 }) {
                map.put(key, .object(realm.makeArray(values)))
            }
            return .object(map)
        }
        method(prototype, "get", length: 1) { realm, this, arguments throws(JSFailure) in
            try realm.collection(this, .map, "get").find(arguments[0]) ?? .undefined
        }
        method(prototype, "set", length: 2) { realm, this, arguments throws(JSFailure) in
            try realm.collection(this, .map, "set").put(arguments[0], arguments[1])
            return this
        }
        installCollection(prototype, .map, "Map")
        let entries: JSCode = { realm, this, _ throws(JSFailure) in
            try realm.collectionIterator(this, .map, "entries") { realm, key, value in
                .object(realm.makeArray([key, value]))
            }
        }
        method(prototype, "entries", entries)
        alias(prototype, wellKnownSymbols.iterator, of: "entries")
        method(prototype, "keys") { realm, this, _ throws(JSFailure) in
            try realm.collectionIterator(this, .map, "keys") { _, key, _ in key }
        }
        method(prototype, "values") { realm, this, _ throws(JSFailure) in
            try realm.collectionIterator(this, .map, "values") { _, _, value in value }
        }
    }

    func installSet() {
        let prototype = prototypes.set
        let set = constructor("Set", prototype) { realm, _, arguments throws(JSFailure) in
            let set = JSCollection(.set, prototype: prototype)
            guard !arguments[0].isNullish else { return .object(set) }
            try realm.iterate(arguments[0]) { (element) throws(JSFailure) in
                set.put(element, element)
                return true
            }
            return .object(set)
        }
        method(prototype, "add", length: 1) { realm, this, arguments throws(JSFailure) in
            try realm.collection(this, .set, "add").put(arguments[0], arguments[0])
            return this
        }
        installCollection(prototype, .set, "Set")
        installSetComparisons(prototype)
        addSpecies(set)
        let values: JSCode = { realm, this, _ throws(JSFailure) in
            try realm.collectionIterator(this, .set, "values") { _, key, _ in key }
        }
        method(prototype, "values", values)
        alias(prototype, "keys", of: "values")
        alias(prototype, wellKnownSymbols.iterator, of: "values")
        method(prototype, "entries") { realm, this, _ throws(JSFailure) in
            try realm.collectionIterator(this, .set, "entries") { realm, key, value in
                .object(realm.makeArray([key, value]))
            }
        }
    }

    /// What maps and sets share.
    private func installCollection(_ prototype: JSObject, _ kind: JSObject.Kind, _ name: String) {
        add(wellKnownSymbols.toStringTag.key, string(name), .configurable, to: prototype)
        getter(prototype, "size") { realm, this, _ throws(JSFailure) in
            .number(try realm.collection(this, kind, "size").count)
        }
        method(prototype, "has", length: 1) { realm, this, arguments throws(JSFailure) in
            .boolean(try realm.collection(this, kind, "has").contains(arguments[0]))
        }
        method(prototype, "delete", length: 1) { realm, this, arguments throws(JSFailure) in
            .boolean(try realm.collection(this, kind, "delete").remove(arguments[0]))
        }
        method(prototype, "clear") { realm, this, _ throws(JSFailure) in
            try realm.collection(this, kind, "clear").removeAll()
            return .undefined
        }
        method(prototype, "forEach", length: 1) { realm, this, arguments throws(JSFailure) in
            let collection = try realm.collection(this, kind, "forEach")
            guard let function = arguments[0].function else {
                throw realm.typeError("\(realm.inspect(arguments[0])) is not a function")
            }
            let cursor = collection.makeCursor()
            while let (key, value) = collection.next(cursor) {
                _ = try realm.call(function, this: arguments[1], value, key, this)
            }
            return .undefined
        }
    }

    private func collectionIterator(
        _ this: JSValue, _ kind: JSObject.Kind, _ method: StaticString,
        _ result: @escaping (JSRealm, JSValue, JSValue) -> JSValue
    ) throws(JSFailure) -> JSValue {
        let collection = try collection(this, kind, method)
        let cursor = collection.makeCursor()
        return makeIterator(kind == .map ? .map : .set) { realm throws(JSFailure) in
            guard let (key, value) = collection.next(cursor) else { return nil }
            return result(realm, key, value)
        }
    }

    /// The values of something iterable in groups, by what a function says of each.
    func grouped(
        _ values: JSValue, by function: JSValue, name: (JSValue) throws(JSFailure) -> JSValue
    ) throws(JSFailure) -> [(JSValue, ContiguousArray<JSValue>)] {
        guard let function = function.function else { throw typeError("\(inspect(function)) is not a function") }
        var groups: [(JSValue, ContiguousArray<JSValue>)] = []
        var places: [CollectionKey: Int] = [:]
        var index = 0
        try iterate(values) { (value) throws(JSFailure) in
            let key = try name(call(function, this: .undefined, value, .number(index)))
            index += 1
            if let place = places[CollectionKey(value: key)] {
                groups[place].1.append(value)
            } else {
                places[CollectionKey(value: key)] = groups.count
                groups.append((key, [value]))
            }
            return true
        }
        return groups
    }

    /// The collections that do not keep what they hold alive, as far as a program can tell: here they do, and nothing
    /// is ever reported as collected, which the language allows.
    func installWeakCollections() {
        for (name, kind) in [("WeakMap", JSObject.Kind.map), ("WeakSet", .set)] as [(StaticString, JSObject.Kind)] {
            let prototype = makeObject()
            constructor(name, prototype) { realm, _, arguments throws(JSFailure) in
                let collection = JSCollection(kind, isWeak: true, prototype: prototype)
                guard !arguments[0].isNullish else { return .object(collection) }
                try realm.iterate(arguments[0]) { (entry) throws(JSFailure) in
                    if kind == .map, let pair = entry.object {
                        let key = try realm.weakKey(pair.get(PropertyKey(index: 0), realm), name)
                        collection.put(key, try pair.get(PropertyKey(index: 1), realm))
                    } else {
                        collection.put(try realm.weakKey(entry, name), entry)
                    }
                    return true
                }
                return .object(collection)
            }
            add(wellKnownSymbols.toStringTag.key, string(name), .configurable, to: prototype)
            method(prototype, "has", length: 1) { realm, this, arguments throws(JSFailure) in
                .boolean(try realm.collection(this, kind, "has", isWeak: true).contains(arguments[0]))
            }
            method(prototype, "delete", length: 1) { realm, this, arguments throws(JSFailure) in
                .boolean(try realm.collection(this, kind, "delete", isWeak: true).remove(arguments[0]))
            }
            if kind == .map {
                method(prototype, "get", length: 1) { realm, this, arguments throws(JSFailure) in
                    try realm.collection(this, kind, "get", isWeak: true).find(arguments[0]) ?? .undefined
                }
                method(prototype, "set", length: 2) { realm, this, arguments throws(JSFailure) in
                    try realm.collection(this, kind, "set", isWeak: true)
                        .put(realm.weakKey(arguments[0], name), arguments[1])
                    return this
                }
            } else {
                method(prototype, "add", length: 1) { realm, this, arguments throws(JSFailure) in
                    try realm.collection(this, kind, "add", isWeak: true)
                        .put(realm.weakKey(arguments[0], name), arguments[0])
                    return this
                }
            }
        }
        let reference = makeObject()
        let target = makeSymbol(nil).key
        constructor("WeakRef", reference, length: 1) { realm, _, arguments throws(JSFailure) in
            let object = JSObject(prototype: reference)
            object.define(target, try realm.weakKey(arguments[0], "WeakRef"), [])
            return .object(object)
        }
        method(reference, "deref") { realm, this, _ throws(JSFailure) in try realm.get(this, target) }
        let registry = makeObject()
        constructor("FinalizationRegistry", registry, length: 1) { realm, _, arguments throws(JSFailure) in
            _ = try realm.callable(arguments[0], "FinalizationRegistry")
            return .object(JSObject(prototype: registry))
        }
        for (name, length) in [("register", 2), ("unregister", 1)] as [(StaticString, Int)] {
            method(registry, name, length: length) { _, _, _ throws(JSFailure) in .undefined }
        }
    }

    private func weakKey(_ value: JSValue, _ name: StaticString) throws(JSFailure) -> JSValue {
        switch value {
        case .object, .symbol: return value
        default: throw typeError("Invalid value used \(name == "WeakMap" ? "as weak map key" : "in weak set")")
        }
    }
}
