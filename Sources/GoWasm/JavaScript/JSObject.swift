internal import CHostSystem

/// A JavaScript object.
///
/// Subclasses are told apart by ``kind``, so that a check is a comparison of bytes.
class JSObject {
    enum Kind: UInt8 {
        case ordinary, function, array, typedArray, arrayBuffer, date, error, promise, wrapper, accessor
        case iterator, map, set, dataView, host

        /// About how many bytes an object takes, without what it has of variable size.
        @inline(__always)
        var size: Int {
            switch self {
            case .ordinary, .error, .date, .accessor, .wrapper: 96
            // With a closure and what that has captured.
            case .function, .iterator, .host: 256
            case .array, .typedArray, .arrayBuffer, .promise, .map, .set, .dataView: 144
            }
        }
    }

    // No access of the properties below is checked to be the only one at its time, as each would call Swift's runtime:
    // what changes them runs no other code before it is done, and releases values at its end (``PropertyTable``).

    let kind: Kind
    /// Whether the object has properties outside its table: those that ``exoticGet(_:)`` and its siblings know.
    let isExotic: Bool
    @exclusivity(unchecked)
    private var flags = Flags.extensible
    /// The id under which Go holds this object, or 0.
    @exclusivity(unchecked)
    final var referenceID: UInt32 = 0
    @exclusivity(unchecked)
    final var prototype: JSObject?
    @exclusivity(unchecked)
    final var properties: PropertyTable

    private struct Flags: OptionSet {
        let rawValue: UInt8
        static let extensible = Flags(rawValue: 1)
        static let lazyProperties = Flags(rawValue: 2)
        /// The object is going, and its subclass has said so.
        static let ending = Flags(rawValue: 4)
    }

    init(kind: Kind = .ordinary, prototype: JSObject?, isExotic: Bool = false) {
        self.kind = kind
        self.prototype = prototype
        self.isExotic = isExotic
        properties = PropertyTable(ownerSize: kind.size)
    }

    deinit {
        let level = ObjectRelease.enter()
        for slot in 0..<Int(properties.count) {
            if case .object(let object) = properties[slot].value { level.keep(object) }
        }
        properties.close(ownerSize: kind.size)
        level.take(&prototype)
        ObjectRelease.leave()
        // A subclass has begun another one.
        if flags.contains(.ending) { ObjectRelease.leave() }
    }

    /// What the `deinit` of each subclass calls whose stored properties refer to objects, by whatever detours: `body`
    /// takes all of them.
    @inline(__always)
    final func ending(_ body: (ObjectRelease.Level) -> Void) {
        flags.insert(.ending)
        body(ObjectRelease.enter())
    }

    /// Whether properties may be added.
    final var isExtensible: Bool {
        get { flags.contains(.extensible) }
        set { if newValue { flags.insert(.extensible) } else { flags.remove(.extensible) } }
    }

    /// Whether properties come when one is missed (``JSRealm/completeProperties(of:missing:)``).
    final var hasLazyProperties: Bool {
        get { flags.contains(.lazyProperties) }
        set { if newValue { flags.insert(.lazyProperties) } else { flags.remove(.lazyProperties) } }
    }

    // MARK: Properties outside the table

    /// The value of an own property outside the table; nil when the key names none.
    func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? { nil }
    /// Assigns to an own property outside the table; nil when the key names none, else whether it could be assigned.
    func exoticSet(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool? { nil }
    /// Deletes an own property outside the table; nil when the key names none, else whether it could be deleted.
    func exoticDelete(_ key: PropertyKey, _ realm: JSRealm) -> Bool? { nil }
    /// Whether the object itself has a property outside the table.
    func hasOwnExotic(_ key: PropertyKey, _ realm: JSRealm) -> Bool { exoticGet(key, realm) != nil }
    /// The keys of the enumerable own properties outside the table.
    func exoticKeys(_ realm: JSRealm) -> [PropertyKey] { [] }

    // MARK: Access

    /// The internal method [[Get]] (ECMA-262, 10.1.8).
    func get(_ key: PropertyKey, receiver: JSValue, _ realm: JSRealm) throws(JSFailure) -> JSValue {
        var holder = self
        while true {
            if holder.isExotic, let value = holder.exoticGet(key, realm) { return value }
            let slot = holder.properties.find(key)
            if slot >= 0 {
                if holder.properties[slot].attributes.contains(.accessor) {
                    return try realm.callGetter(holder.properties[slot].value, receiver)
                }
                return holder.properties[slot].value
            }
            if holder.hasLazyProperties, realm.completeProperties(of: holder, missing: key) { continue }
            guard let next = holder.prototype else { return .undefined }
            holder = next
        }
    }

    func get(_ key: PropertyKey, _ realm: JSRealm) throws(JSFailure) -> JSValue {
        try get(key, receiver: .object(self), realm)
    }

    /// The internal method [[Set]] with the object itself as receiver (ECMA-262, 10.1.9); whether it succeeded.
    @discardableResult
    func set(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool {
        if isExotic, let done = try exoticSet(key, value, realm) { return done }
        let slot = properties.find(key)
        if slot >= 0 {
            let attributes = properties[slot].attributes
            if attributes.contains(.accessor) {
                return try realm.callSetter(properties[slot].value, .object(self), value)
            }
            guard attributes.contains(.writable) else { return false }
            properties[slot].value = value
            return true
        }
        if hasLazyProperties, kind == .function, realm.completeProperties(of: self, missing: key) {
            return try set(key, value, realm)
        }
        var ancestor = prototype
        while let holder = ancestor {
            let slot = holder.properties.find(key)
            if slot >= 0 {
                let attributes = holder.properties[slot].attributes
                if attributes.contains(.accessor) {
                    return try realm.callSetter(holder.properties[slot].value, .object(self), value)
                }
                guard attributes.contains(.writable) else { return false }
                break
            }
            ancestor = holder.prototype
        }
        guard isExtensible else { return false }
        try realm.makeRoom(in: self)
        properties.append(key, value, .assigned)
        return true
    }

    /// The internal method [[Delete]]; whether the property is gone.
    @discardableResult
    func delete(_ key: PropertyKey, _ realm: JSRealm) -> Bool {
        if hasLazyProperties { _ = realm.completeProperties(of: self, missing: key) }
        if isExotic, let done = exoticDelete(key, realm) { return done }
        let slot = properties.find(key)
        guard slot >= 0 else { return true }
        guard properties[slot].attributes.contains(.configurable) else { return false }
        properties.remove(at: slot)
        return true
    }

    /// Whether the object itself has a property.
    func hasOwn(_ key: PropertyKey, _ realm: JSRealm) -> Bool {
        if isExotic, hasOwnExotic(key, realm) { return true }
        if properties.find(key) >= 0 { return true }
        return hasLazyProperties && realm.completeProperties(of: self, missing: key) && properties.find(key) >= 0
    }

    /// Whether the object or an ancestor has a property.
    func has(_ key: PropertyKey, _ realm: JSRealm) -> Bool {
        var holder: JSObject? = self
        while let object = holder {
            if object.hasOwn(key, realm) { return true }
            holder = object.prototype
        }
        return false
    }

    /// Creates or replaces an own property without asking anybody.
    func define(_ key: PropertyKey, _ value: JSValue, _ attributes: PropertyAttributes = .assigned) {
        let slot = properties.find(key)
        if slot >= 0 {
            properties[slot].value = value
            properties[slot].attributes = attributes
        } else {
            properties.append(key, value, attributes)
        }
    }

    /// Of typed arrays with more elements no keys are listed.
    private static let maximumKeyCount = 1 << 24

    /// The own keys that are strings, in JavaScript's order: indices ascending, then the rest as created.
    func ownKeys(enumerableOnly: Bool, _ realm: JSRealm) throws(JSFailure) -> [PropertyKey] {
        if hasLazyProperties { realm.completeAllProperties(of: self) }
        if kind == .typedArray, unsafeDowncast(self, to: JSTypedArray.self).length > Self.maximumKeyCount {
            throw realm.rangeError("Too many properties to enumerate")
        }
        let elements =
            (JSValue.object(self).typedArray?.length ?? 0) + (JSValue.object(self).array?.denseCount ?? 0)
        // The keys, in lists that are sorted and joined.
        try realm.grant(
            (elements + Int(properties.count)) * 4 * MemoryLayout<PropertyKey>.stride,
            "Too many properties to enumerate")
        if kind == .function, !enumerableOnly { unsafeDowncast(self, to: JSFunction.self).addOwnProperties(realm) }
        var indices = isExotic ? exoticKeys(realm) : []
        var names: [PropertyKey] = []
        names.reserveCapacity(properties.propertyCount)
        for slot in 0..<Int(properties.count) {
            let key = properties[slot].key
            if key.isSymbol || (enumerableOnly && !properties[slot].attributes.contains(.enumerable)) { continue }
            if realm.strings.arrayIndex(key) != nil { indices.append(key) } else { names.append(key) }
        }
        if indices.isEmpty { return names }
        indices.sort { (realm.strings.arrayIndex($0) ?? .max) < (realm.strings.arrayIndex($1) ?? .max) }
        return indices + names
    }

    /// The own keys that are symbols.
    func ownSymbols(_ realm: JSRealm) -> [PropertyKey] {
        if hasLazyProperties { realm.completeAllProperties(of: self) }
        return (0..<Int(properties.count)).map { properties[$0].key }.filter { $0.isSymbol && $0 != .vacant }
    }

    /// Makes all own properties unchangeable and the object inextensible.
    func freeze() {
        isExtensible = false
        for slot in 0..<Int(properties.count) {
            properties[slot].attributes.subtract([.configurable, .writable])
        }
    }

    /// Whether `prototype` is among the object's ancestors.
    func inherits(from prototype: JSObject) -> Bool {
        var ancestor = self.prototype
        while let object = ancestor {
            if object === prototype { return true }
            ancestor = object.prototype
        }
        return false
    }
}

/// The getter and setter of an accessor property.
final class JSAccessor: JSObject {
    private(set) var getter: JSFunction?
    private(set) var setter: JSFunction?

    init(getter: JSFunction?, setter: JSFunction?) {
        self.getter = getter
        self.setter = setter
        super.init(kind: .accessor, prototype: nil)
    }

    deinit {
        ending {
            $0.take(&getter)
            $0.take(&setter)
        }
    }
}

/// An object around a primitive value: what `new Number(0)` makes.
final class JSWrapper: JSObject {
    private(set) var value: JSValue

    init(_ value: JSValue, prototype: JSObject?) {
        self.value = value
        super.init(kind: .wrapper, prototype: prototype, isExotic: true)
    }

    deinit { ending { $0.take(&value, leaving: .undefined) } }

    override func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? {
        guard case .string(let string) = value else { return nil }
        if key == realm.keys.length { return .number(string.utf16Count) }
        if let index = key.index { return realm.codeUnit(of: string, at: index) }
        return nil
    }
}
