internal import WasmRuntime

/// A value of the JavaScript that a Go program sees through `syscall/js`.
///
/// Sixteen bytes, and never boxed: numbers and booleans lie in the value, the rest are references to final or
/// closed class hierarchies, so that copying costs at most one reference count.
enum JSValue {
    case undefined
    case null
    case boolean(Bool)
    case number(Double)
    case string(JSString)
    case symbol(JSSymbol)
    case object(JSObject)

    /// The number that an integer becomes.
    static func number(_ value: Int) -> JSValue { .number(Double(value)) }

    /// What the operator `typeof` says.
    var typeName: StaticString {
        switch self {
        case .undefined: "undefined"
        case .null: "object"
        case .boolean: "boolean"
        case .number: "number"
        case .string: "string"
        case .symbol: "symbol"
        case .object(let object): object.kind == .function ? "function" : "object"
        }
    }

    /// ToBoolean (ECMA-262, 7.1.2).
    var isTruthy: Bool {
        switch self {
        case .undefined, .null: false
        case .boolean(let value): value
        case .number(let value): !(value == 0 || value.isNaN)
        case .string(let value): value.byteCount != 0
        case .symbol, .object: true
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// Whether this is `undefined` or `null`.
    var isNullish: Bool {
        switch self {
        case .undefined, .null: true
        default: false
        }
    }

    var object: JSObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The function that this value is, if it can be called.
    var function: JSFunction? {
        if case .object(let object) = self, object.kind == .function {
            return unsafeDowncast(object, to: JSFunction.self)
        }
        return nil
    }

    /// The array that this value is, if it is one.
    var array: JSArray? {
        if case .object(let object) = self, object.kind == .array {
            return unsafeDowncast(object, to: JSArray.self)
        }
        return nil
    }

    /// The typed array that this value is, if it is one.
    var typedArray: JSTypedArray? {
        if case .object(let object) = self, object.kind == .typedArray {
            return unsafeDowncast(object, to: JSTypedArray.self)
        }
        return nil
    }

    /// The operator `===` (IsStrictlyEqual).
    func isStrictlyEqual(to other: JSValue) -> Bool {
        switch (self, other) {
        case (.number(let a), .number(let b)): a == b
        default: isSame(as: other)
        }
    }

    /// SameValueZero (ECMA-262, 7.2.11): what maps and Go's reference table compare with.
    func isSame(as other: JSValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.number(let a), .number(let b)): a == b || (a.isNaN && b.isNaN)
        case (.string(let a), .string(let b)): a == b
        case (.symbol(let a), .symbol(let b)): a === b
        case (.object(let a), .object(let b)): a === b
        default: false
        }
    }
}

/// What a JavaScript operation ends with when it does not end well.
enum JSFailure: Error, @unchecked Sendable {
    // Sendable: a failure never leaves the thread that its program runs on.

    /// A JavaScript exception, which `syscall/js.valueCall` and its siblings hand to Go.
    case thrown(JSValue)
    /// The end of the program: a trap, an exit, an error of the host. Nothing in JavaScript catches it.
    case aborted(any Error)
}

extension JSFailure: HostFailure {
    var isInterruption: Bool {
        guard case .aborted(let cause as Trap) = self else { return false }
        return cause.code == .interrupted && cause.backtrace.isEmpty
    }
}

/// A symbol: equal only to itself.
final class JSSymbol {
    /// The text that `Symbol()` was given.
    let description: JSString?
    /// The property key that stands for this symbol.
    let key: PropertyKey
    /// The id under which Go holds this symbol, or 0.
    var referenceID: UInt32 = 0

    init(description: JSString?, key: PropertyKey) {
        self.description = description
        self.key = key
    }
}
