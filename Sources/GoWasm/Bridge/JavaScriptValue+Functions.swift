internal import HostSystem

/// Functions of Swift that the program calls.
extension JavaScriptValue {
    /// Puts a Swift function on the object, such as `globalThis`.
    ///
    /// ```swift
    /// configuration.javaScript = { globalThis in
    ///     try globalThis.define("add") { (a: Int, b: Int) in a &+ b }
    /// }
    /// ```
    ///
    /// In Go: `js.Global().Call("add", 2, 3).Int()`.
    ///
    /// The program chooses the arguments: `a + b` would end this process where the sum is too large.
    ///
    /// The program waits while it runs. An argument that is not of its type is a `TypeError` to the program, and an
    /// error that it throws an `Error` with that as the message: both panic in Go, as `js.Error`. The function may call
    /// the program again.
    public func define<each Parameter: JavaScriptConvertible, Result: JavaScriptConvertible>(
        _ name: String, _ body: @escaping (repeat each Parameter) throws -> Result
    ) throws {
        try defineFunction(name) { arguments in
            var arguments = arguments
            return try body(repeat try arguments.next((each Parameter).self)).javaScriptValue(for: self)
        }
    }

    /// Puts a Swift function without a result on the object; see the other one.
    public func define<each Parameter: JavaScriptConvertible>(
        _ name: String, _ body: @escaping (repeat each Parameter) throws -> Void
    ) throws {
        try defineFunction(name) { arguments in
            var arguments = arguments
            try body(repeat try arguments.next((each Parameter).self))
            return undefined
        }
    }

    /// Puts a Swift function on the object that gets all arguments as they come.
    public func defineVariadic(
        _ name: String, _ body: @escaping (_ arguments: [JavaScriptValue]) throws -> JavaScriptValue
    ) throws {
        try defineFunction(name) { arguments in try body(arguments.list) }
    }

    /// Puts an async Swift function on the object: it returns a promise to the program, which goes on meanwhile.
    ///
    /// The function runs in a task of its own, which is cancelled when the program goes. What it throws, the
    /// promise is rejected with.
    public func defineAsync<
        each Parameter: JavaScriptConvertible & Sendable, Result: JavaScriptConvertible & Sendable
    >(_ name: String, _ body: @escaping @Sendable (repeat each Parameter) async throws -> Result) throws {
        try defineFunction(name) { arguments in
            var arguments = arguments
            let values = (repeat try arguments.next((each Parameter).self))
            return try promise { try await body(repeat each values) }
        }
    }

    /// The arguments of a call.
    private struct Arguments {
        let values: JSArguments
        let realm: JSRealm

        private var position = 0

        init(values: JSArguments, realm: JSRealm) {
            self.values = values
            self.realm = realm
        }

        /// The next one, as a value of Swift's.
        mutating func next<T: JavaScriptConvertible>(_: T.Type) throws -> T {
            defer { position += 1 }
            return try T(javaScript: JavaScriptValue(values[position], realm))
        }
        var list: [JavaScriptValue] { values.values.map { JavaScriptValue($0, realm) } }
    }

    private func defineFunction(_ name: String, _ body: @escaping (Arguments) throws -> JavaScriptValue) throws {
        guard let realm, let object = value.object else { throw JavaScriptError.wrongType("an object", self) }
        let function = realm.makeFunction { realm, _, arguments throws(JSFailure) in
            do {
                return try body(Arguments(values: arguments, realm: realm)).value
            } catch {
                throw realm.failure(for: error)
            }
        }
        let text = JSString.make(name)
        function.define(realm.keys.name, .string(text), .configurable)
        object.define(realm.key(text), .object(function))
    }

    /// A promise of what a task returns.
    private func promise<Result: JavaScriptConvertible & Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> JavaScriptValue {
        guard let realm, let mailbox = realm.events.mailbox ?? realm.events.makeMailbox() else {
            throw JavaScriptError(message: "no descriptors left for the program")
        }
        let promise = realm.makePromise()
        // The task keeps nothing that belongs to the program's thread: it may be the last to let go.
        let home = ThreadBound(Home(realm: realm))
        mailbox.expect()
        let number = realm.events.nextSwiftTask()
        let task = _Concurrency.Task {
            let outcome: Swift.Result<Result, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            mailbox.post { () throws(JSFailure) in
                let realm = home.value.realm
                guard let promise = realm.events.swiftTasks.removeValue(forKey: number)?.promise else { return }
                switch outcome {
                case .success(let result):
                    let context = JavaScriptValue(.object(realm.global), realm)
                    promise.resolve(result.javaScriptValue(for: context).value, realm)
                case .failure(let error): promise.reject(realm.failure(for: error).value, realm)
                }
            }
            mailbox.stopExpecting()
        }
        realm.events.swiftTasks[number] = (task, promise)
        return JavaScriptValue(.object(promise), realm)
    }
}

/// The realm whose event loop runs a job: it outlives the job.
private struct Home {
    unowned let realm: JSRealm
}

extension JSRealm {
    /// What an error that Swift threw is to the program: an exception, or its end.
    fileprivate func failure(for error: any Error) -> JSFailure {
        switch error {
        case let failure as JSFailure: failure
        case let error as JavaScriptError:
            error.name == "TypeError"
                ? makeError(prototypes.typeError, error.message)
                : error.name == "RangeError"
                    ? makeError(prototypes.rangeError, error.message) : makeError(prototypes.error, error.message)
        default: makeError(prototypes.error, "\(error)")
        }
    }
}
