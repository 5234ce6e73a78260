/// The arguments of a call: a window on memory that the caller owns, valid during the call.
struct JSArguments {
    let base: UnsafeMutablePointer<JSValue>?
    let count: Int

    /// An argument; `undefined` behind the last one.
    @inline(__always)
    subscript(position: Int) -> JSValue {
        // A negative position lies behind all others.
        guard let base, UInt(bitPattern: position) < UInt(bitPattern: count) else { return .undefined }
        return base[position]
    }

    /// The arguments from `start` on.
    func dropFirst(_ start: Int) -> JSArguments {
        let dropped = min(start, count)
        return JSArguments(base: base.map { $0 + dropped }, count: count - dropped)
    }

    /// The arguments, copied.
    var values: ContiguousArray<JSValue> { ContiguousArray(UnsafeBufferPointer(start: base, count: count)) }
}

/// The code of a function: gets the realm, `this` and the arguments.
typealias JSCode = (JSRealm, JSValue, JSArguments) throws(JSFailure) -> JSValue

/// A function object.
final class JSFunction: JSObject {
    /// What the properties `length` and `name` of a built-in function say (ECMA-262, 17): they are made when somebody asks.
    struct Signature {
        /// The function's name, or the property's whose accessor it is; nil for a function without a name.
        var key: PropertyKey?
        /// What is put before the name: "get" of a getter.
        var prefix: StaticString?
        /// How many arguments the function wants.
        var length = 0

        /// A function without a name that wants nothing.
        static let none = Signature()
    }

    /// What `new` does with the function.
    enum Construction {
        /// There is no `new`: built-in functions that are no constructors.
        case none
        /// The constructor's own code; `this` is the function.
        case native(JSCode)
        /// As for functions written in JavaScript: a new object, whose prototype is the property `prototype`, is
        /// `this`.
        case ordinary
    }

    private(set) var code: JSCode
    let signature: Signature
    private(set) var construction: Construction
    /// The function that this one was bound from, by `bind`.
    private(set) var boundTarget: JSFunction?
    /// Whether the property `name`, which is long, has not been made yet; of bound functions.
    var hasLazyName = false

    /// Names of bound functions that are longer, in bytes, are made when somebody asks for them.
    static let longestEagerName = 256

    init(
        prototype: JSObject?, signature: Signature = .none, construction: Construction = .none,
        boundTarget: JSFunction? = nil, code: @escaping JSCode
    ) {
        self.code = code
        self.signature = signature
        self.construction = construction
        self.boundTarget = boundTarget
        super.init(
            kind: .function, prototype: prototype,
            isExotic: boundTarget != nil || Self.hasLazyPrototype(construction))
        // `bind` says by itself what its functions are called.
        hasLazyProperties = boundTarget == nil
    }

    private static func hasLazyPrototype(_ construction: Construction) -> Bool {
        if case .ordinary = construction { true } else { false }
    }

    deinit {
        ending {
            // What the closures have captured goes with them.
            $0.take(code: &code)
            $0.take(&construction, leaving: .none)
            $0.take(&boundTarget)
        }
    }

    /// Whether the function can be called with `new`.
    var isConstructor: Bool {
        if case .none = construction { false } else { true }
    }

    /// Makes the properties `length` and `name`, which come before all others.
    func addSignature(_ realm: JSRealm) {
        var name = signature.key.map { realm.functionName($0) } ?? realm.emptyString
        if let prefix = signature.prefix { name = JSString.make("\(prefix) \(name.excerpt)") }
        properties.prepend([
            PropertyTable.Slot(key: realm.keys.length, attributes: .configurable, value: .number(signature.length)),
            PropertyTable.Slot(key: realm.keys.name, attributes: .configurable, value: .string(name)),
        ])
    }

    /// Makes those properties that other objects have from the beginning, before all are listed.
    func addOwnProperties(_ realm: JSRealm) {
        makeName(realm)
        if Self.hasLazyPrototype(construction) { _ = exoticGet(realm.keys.prototype, realm) }
    }

    /// Functions that stand for ones written in JavaScript get their property `prototype` when somebody asks for it.
    override func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? {
        if key == realm.keys.prototype, Self.hasLazyPrototype(construction), properties.find(key) < 0 {
            let object = realm.makeObject()
            object.define(realm.keys.constructor, .object(self), .builtIn)
            define(key, .object(object), .writable)
        } else if key == realm.keys.name {
            makeName(realm)
        }
        return nil
    }

    override func exoticSet(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool? {
        if key == realm.keys.name { makeName(realm) }
        return nil
    }

    override func exoticDelete(_ key: PropertyKey, _ realm: JSRealm) -> Bool? {
        if key == realm.keys.name { hasLazyName = false }
        return nil
    }

    /// Makes the property `name` of a bound function: that of the function at the end of the chain, with "bound " for
    /// each link; as much of it as a string can have.
    func makeName(_ realm: JSRealm) {
        guard hasLazyName else { return }
        hasLazyName = false
        var (count, target) = (1, boundTarget)
        while let next = target, next.hasLazyName {
            count += 1
            target = next.boundTarget
        }
        let name = WTF8.Builder()
        name.append(JSString.make("bound "), times: min(count, JSString.maximumLength / 8))
        if let target { name.append(realm.nameText(target)) }
        guard let text = try? realm.string(name) else {
            return define(realm.keys.name, realm.string("bound "), .configurable)
        }
        define(realm.keys.name, .string(text), .configurable)
    }
}
