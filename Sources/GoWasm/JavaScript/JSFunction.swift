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

    let code: JSCode
    let construction: Construction
    /// The function that this one was bound from, by `bind`.
    var boundTarget: JSFunction?

    init(prototype: JSObject?, construction: Construction = .none, code: @escaping JSCode) {
        self.code = code
        self.construction = construction
        var hasPrototype = false
        if case .ordinary = construction { hasPrototype = true }
        super.init(kind: .function, prototype: prototype, isExotic: hasPrototype)
    }

    /// Functions that stand for ones written in JavaScript get their property `prototype` when somebody asks for it.
    override func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? {
        if key == realm.keys.prototype, properties.find(key) < 0 {
            let object = realm.makeObject()
            object.define(realm.keys.constructor, .object(self), .builtIn)
            define(key, .object(object), .writable)
        }
        return nil
    }
}
