/// A Swift type whose values cross between Swift and the JavaScript of a Go program.
///
/// `Bool`, `Int`, `Double`, `String`, arrays, dictionaries with `String` keys, optionals (`nil` is `undefined`; `null`
/// comes as `nil`, too) and ``JavaScriptValue`` are such types. `[UInt8]` is a `Uint8Array`, whose bytes are copied
/// once; see ``JavaScriptValue/withBytes(_:)`` for not at all.
public protocol JavaScriptConvertible {
    /// Makes a value from JavaScript's.
    ///
    /// - Throws: ``JavaScriptError``, where that is something else. Other errors, of functions of JavaScript's that run
    ///   on the way, are the end of the program: they have to be passed on.
    init(javaScript value: JavaScriptValue) throws
    /// The value for the program that `context`, any of its values, belongs to.
    func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue
}

extension JavaScriptValue: JavaScriptConvertible {
    /// The value itself.
    public init(javaScript value: JavaScriptValue) { self = value }
    /// The value itself.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue { self }
}

extension Bool: JavaScriptConvertible {
    /// Takes a boolean.
    public init(javaScript value: JavaScriptValue) throws(JavaScriptError) {
        guard case .boolean(let flag) = value.value else { throw .wrongType("a boolean", value) }
        self = flag
    }
    /// A boolean.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        JavaScriptValue(.boolean(self), context.realm)
    }
}

extension Double: JavaScriptConvertible {
    /// Takes a number.
    public init(javaScript value: JavaScriptValue) throws(JavaScriptError) {
        guard case .number(let number) = value.value else { throw .wrongType("a number", value) }
        self = number
    }
    /// A number.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        JavaScriptValue(.number(self), context.realm)
    }
}

extension JavaScriptValue {
    /// The number that the value is, where the type has it; `wanted` says what that is called.
    fileprivate func integer<Integer: FixedWidthInteger>(_ wanted: String) throws(JavaScriptError) -> Integer {
        guard case .number(let number) = value, let integer = Integer(exactly: number) else {
            throw .wrongType(wanted, self)
        }
        return integer
    }
}

extension Int: JavaScriptConvertible {
    /// Takes a number without fraction.
    public init(javaScript value: JavaScriptValue) throws(JavaScriptError) {
        self = try value.integer("an integer")
    }
    /// A number, which is exact up to 2^53.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        JavaScriptValue(.number(Double(self)), context.realm)
    }
}

extension UInt8: JavaScriptConvertible {
    /// Takes a number from 0 to 255.
    public init(javaScript value: JavaScriptValue) throws(JavaScriptError) {
        self = try value.integer("a byte")
    }
    /// A number.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        JavaScriptValue(.number(Double(self)), context.realm)
    }
}

extension String: JavaScriptConvertible {
    /// Takes a string; halves of surrogate pairs that stand alone are replaced by U+FFFD.
    public init(javaScript value: JavaScriptValue) throws(JavaScriptError) {
        guard case .string(let string) = value.value else { throw .wrongType("a string", value) }
        self = string.text
    }
    /// A string.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        JavaScriptValue(.string(JSString.make(self)), context.realm)
    }
}

extension Optional: JavaScriptConvertible where Wrapped: JavaScriptConvertible {
    /// Takes `undefined` and `null` for nil.
    public init(javaScript value: JavaScriptValue) throws {
        self = value.isNullish ? nil : try Wrapped(javaScript: value)
    }
    /// The value, or `undefined`.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        map { $0.javaScriptValue(for: context) } ?? context.undefined
    }
}

extension Array: JavaScriptConvertible where Element: JavaScriptConvertible {
    /// Takes an array; bytes also from a typed array.
    public init(javaScript value: JavaScriptValue) throws {
        if Element.self == UInt8.self, let bytes = value.value.typedArray?.bytes,
            let array = [UInt8](bytes) as? [Element]
        {
            self = array
            return
        }
        guard let array = value.value.array else { throw JavaScriptError.wrongType("an array", value) }
        var elements: [Element] = []
        elements.reserveCapacity(array.denseCount)
        guard let realm = value.realm else { throw JavaScriptError.wrongType("an array", value) }
        let all = try value.leaving { () throws(JSFailure) in try array.allElements(realm) }
        for element in all {
            elements.append(try Element(javaScript: JavaScriptValue(element, value.realm)))
        }
        self = elements
    }
    /// An array; a `Uint8Array` for bytes.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        guard let realm = context.realm else { return context.undefined }
        // An empty array of anything could be cast.
        if Element.self == UInt8.self, let bytes = self as? [UInt8],
            let array = try? realm.makeByteArray(count: bytes.count)
        {
            array.bytes.copyBytes(from: bytes)
            return JavaScriptValue(.object(array), realm)
        }
        let elements = ContiguousArray(map { $0.javaScriptValue(for: context).value })
        return JavaScriptValue(.object(realm.makeArray(elements)), realm)
    }
}

extension Dictionary: JavaScriptConvertible where Key == String, Value: JavaScriptConvertible {
    /// Takes an object with its own properties that can be enumerated.
    public init(javaScript value: JavaScriptValue) throws {
        guard let realm = value.realm, let object = value.value.object else {
            throw JavaScriptError.wrongType("an object", value)
        }
        self.init()
        let keys = try value.leaving { () throws(JSFailure) in try object.ownKeys(enumerableOnly: true, realm) }
        for key in keys {
            let property = try value.leaving { () throws(JSFailure) in try object.get(key, realm) }
            self[realm.keyText(key)] = try Value(javaScript: JavaScriptValue(property, realm))
        }
    }
    /// An object; its properties are in the order of their names.
    public func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        guard let realm = context.realm else { return context.undefined }
        let object = realm.makeObject()
        for (name, value) in sorted(by: { $0.key < $1.key }) {
            object.define(realm.key(JSString.make(name)), value.javaScriptValue(for: context).value)
        }
        return JavaScriptValue(.object(object), realm)
    }
}
