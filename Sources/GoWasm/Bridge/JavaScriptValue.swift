/// A value of the JavaScript that a Go program for js/wasm sees: what `js.Value` is in Go.
///
/// It belongs to one run of a program, and is used on that run's thread: in ``Program/Configuration/javaScript``, in
/// functions that the program calls, in ``RunningProgram/perform(_:)``, or beside a ``ProgramInstance``.
///
/// What throws, throws ``JavaScriptError`` for exceptions of JavaScript. Other errors, such as a trap in a function of
/// Go's, end the program: they have to be passed on.
public struct JavaScriptValue {
    let value: JSValue
    /// The realm of the program; nil for the `undefined` of no program.
    let realm: JSRealm?

    init(_ value: JSValue, _ realm: JSRealm?) {
        self.value = value
        self.realm = realm
    }

    /// The `undefined` of no program.
    static var none: JavaScriptValue { JavaScriptValue(.undefined, nil) }

    /// The types that the operator `typeof` tells apart, and `null`.
    public enum Kind: Sendable {
        /// The value of what has none.
        case undefined
        /// The value that stands for no object.
        case null
        /// True or false.
        case boolean
        /// A floating-point number of 64 bits.
        case number
        /// Text.
        case string
        /// A symbol.
        case symbol
        /// An object that cannot be called.
        case object
        /// A function or a class.
        case function
    }

    /// The type.
    public var kind: Kind {
        switch value {
        case .undefined: .undefined
        case .null: .null
        case .boolean: .boolean
        case .number: .number
        case .string: .string
        case .symbol: .symbol
        case .object(let object): object.kind == .function ? .function : .object
        }
    }

    /// Whether the value is `undefined` or `null`.
    public var isNullish: Bool { value.isNullish }
    /// Whether JavaScript takes the value for true.
    public var isTruthy: Bool { value.isTruthy }

    /// The value as a type of Swift.
    ///
    /// - Throws: ``JavaScriptError``, where it is something else; the end of the program.
    public func convert<Result: JavaScriptConvertible>(
        to type: Result.Type = Result.self
    ) throws -> Result {
        try Result(javaScript: self)
    }

    // MARK: - Properties

    /// A property; `undefined` where there is none.
    public func get(_ name: String) throws -> JavaScriptValue {
        let realm = try checkedRealm()
        return try leaving { () throws(JSFailure) in
            JavaScriptValue(try realm.get(value, realm.key(JSString.make(name))), realm)
        }
    }

    /// Assigns to a property.
    public func set(_ name: String, _ new: some JavaScriptConvertible) throws {
        let realm = try checkedRealm()
        guard let object = value.object else { throw JavaScriptError.wrongType("an object", self) }
        let converted = new.javaScriptValue(for: self).value
        _ = try leaving { () throws(JSFailure) in try object.set(realm.key(JSString.make(name)), converted, realm) }
    }

    /// Removes a property.
    public func delete(_ name: String) throws {
        let realm = try checkedRealm()
        guard let object = value.object else { throw JavaScriptError.wrongType("an object", self) }
        object.delete(realm.key(JSString.make(name)), realm)
    }

    /// An element; `undefined` where there is none.
    public func get(at index: Int) throws -> JavaScriptValue {
        let realm = try checkedRealm()
        return try leaving { () throws(JSFailure) in
            JavaScriptValue(try realm.get(value, realm.key(element: Int64(index))), realm)
        }
    }

    /// Assigns to an element.
    public func set(at index: Int, _ new: some JavaScriptConvertible) throws {
        let realm = try checkedRealm()
        guard let object = value.object else { throw JavaScriptError.wrongType("an object", self) }
        let converted = new.javaScriptValue(for: self).value
        _ = try leaving { () throws(JSFailure) in try object.set(realm.key(element: Int64(index)), converted, realm) }
    }

    /// The property `length` as a number; 0 where it is none.
    public var count: Int {
        get throws {
            guard case .number(let length) = try get("length").value else { return 0 }
            return Int(exactly: length) ?? 0
        }
    }

    /// The names of the object's own properties, in JavaScript's order.
    public var propertyNames: [String] {
        guard let realm, let object = value.object else { return [] }
        // Of typed arrays that are very long there is no list.
        return ((try? object.ownKeys(enumerableOnly: true, realm)) ?? []).map(realm.keyText)
    }

    // MARK: - Calls

    /// Calls the function.
    @discardableResult
    public func callAsFunction(_ arguments: any JavaScriptConvertible...) throws -> JavaScriptValue {
        try call(this: undefined, arguments)
    }

    /// Calls a method.
    @discardableResult
    public func call(_ method: String, _ arguments: any JavaScriptConvertible...) throws -> JavaScriptValue {
        try get(method).call(this: self, arguments)
    }

    /// Makes an object with the constructor.
    public func new(_ arguments: any JavaScriptConvertible...) throws -> JavaScriptValue {
        let realm = try checkedRealm()
        let values = arguments.map { $0.javaScriptValue(for: self).value }
        return try leaving { () throws(JSFailure) in
            let object = try realm.withArguments(count: values.count, fill: { values[$0] }) { list throws(JSFailure) in
                try realm.construct(value, list)
            }
            return JavaScriptValue(object, realm)
        }
    }

    func call(this: JavaScriptValue, _ arguments: [any JavaScriptConvertible]) throws -> JavaScriptValue {
        let realm = try checkedRealm()
        guard let function = value.function else { throw JavaScriptError.wrongType("a function", self) }
        let values = ContiguousArray(arguments.map { $0.javaScriptValue(for: self).value })
        return try leaving { () throws(JSFailure) in
            JavaScriptValue(try realm.call(function, this: this.value, values: values), realm)
        }
    }

    /// Calls the function that names with dots between lead to from here.
    func callFunction(at path: String, _ arguments: [any JavaScriptConvertible]) throws -> JavaScriptValue {
        var holder = self
        let names = path.split(separator: ".")
        for name in names.dropLast() { holder = try holder.get(String(name)) }
        let function = try holder.get(String(names.last ?? ""))
        guard function.kind == .function else {
            throw JavaScriptError(name: "TypeError", message: "\(path) is not a function")
        }
        return try function.call(this: holder, arguments)
    }

    /// Gives `completion` the value, or what becomes of it where it is a promise.
    ///
    /// What `completion` throws is the end of the program.
    func settle(
        _ completion: @escaping (Result<JavaScriptValue, JavaScriptError>) throws(JSFailure) -> Void
    ) throws(JSFailure) {
        guard let realm, let object = value.object, object.kind == .promise else {
            return try completion(.success(self))
        }
        let promise = unsafeDowncast(object, to: JSPromise.self)
        promise.then(
            realm.makeFunction { realm, _, arguments throws(JSFailure) in
                try completion(.success(JavaScriptValue(arguments[0], realm)))
                return .undefined
            },
            realm.makeFunction { realm, _, arguments throws(JSFailure) in
                try completion(.failure(JavaScriptError(JavaScriptValue(arguments[0], realm))))
                return .undefined
            }, realm, derived: nil)
    }

    // MARK: - Making values

    /// The value `undefined`.
    public var undefined: JavaScriptValue { JavaScriptValue(.undefined, realm) }
    /// The value `null`.
    public var null: JavaScriptValue { JavaScriptValue(.null, realm) }

    /// A new object without properties.
    public func makeObject() throws -> JavaScriptValue {
        let realm = try checkedRealm()
        return JavaScriptValue(.object(realm.makeObject()), realm)
    }

    /// A new `Uint8Array`, whose bytes `initialize` writes where they are to stay; they are zero at first.
    public func makeBytes(
        count: Int, initializingWith initialize: (UnsafeMutableRawBufferPointer) throws -> Void = { _ in }
    ) throws -> JavaScriptValue {
        let realm = try checkedRealm()
        let array = try leaving { () throws(JSFailure) in try realm.makeByteArray(count: count) }
        try initialize(array.bytes)
        return JavaScriptValue(.object(array), realm)
    }

    /// Gives `body` the bytes of a typed array where they are: nothing is copied.
    ///
    /// They are valid during the call, in which the program must not run.
    ///
    /// - Throws: ``JavaScriptError``, where this is no typed array; what `body` throws.
    public func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) throws -> Result {
        guard let array = value.typedArray else { throw JavaScriptError.wrongType("a typed array", self) }
        defer { withExtendedLifetime(array) {} }
        return try body(array.bytes)
    }

    // MARK: - Errors

    private func checkedRealm() throws(JavaScriptError) -> JSRealm {
        guard let realm else { throw JavaScriptError(name: "TypeError", message: "the program has no JavaScript") }
        return realm
    }

    /// Runs what JavaScript does, and throws to Swift what comes out of it.
    func leaving<Result>(_ body: () throws(JSFailure) -> Result) throws -> Result {
        do throws(JSFailure) {
            return try body()
        } catch {
            switch error {
            case .thrown(let value): throw JavaScriptError(JavaScriptValue(value, realm))
            case .aborted: throw error
            }
        }
    }
}

extension JavaScriptValue: CustomStringConvertible {
    /// The value as `console.log` shows it.
    public var description: String {
        if case .string(let text) = value { return text.text }
        return realm?.errorText(value) ?? "undefined"
    }
}

/// An exception of JavaScript.
public struct JavaScriptError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error, such as `TypeError`.
    public var name: String
    /// What went wrong.
    public var message: String

    /// Makes an exception.
    public init(name: String = "Error", message: String) {
        self.name = name
        self.message = message
    }

    init(_ thrown: JavaScriptValue) {
        guard let realm = thrown.realm, let object = thrown.value.object, object.kind == .error else {
            self.init(message: thrown.description)
            return
        }
        func text(_ key: PropertyKey) -> String? {
            guard let value = try? object.get(key, realm), case .string(let text) = value else { return nil }
            return text.text
        }
        self.init(name: text(realm.keys.name) ?? "Error", message: text(realm.keys.message) ?? "")
    }

    static func wrongType(_ wanted: String, _ value: JavaScriptValue) -> JavaScriptError {
        JavaScriptError(name: "TypeError", message: "expected \(wanted), and got \(value)")
    }

    /// Such as `TypeError: not a function`.
    public var description: String { name == "Error" ? message : "\(name): \(message)" }
}
