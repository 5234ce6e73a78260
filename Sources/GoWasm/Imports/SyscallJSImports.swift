internal import LibC

/// The imports of package syscall/js (syscall/js/js.go and its host script).
///
/// All arguments are read before JavaScript runs, and results are put where the stack is then: a function of Go's that it
/// calls may move the stack, and make the memory grow, which moves that, too, where it has no guard pages.
extension GoHost {
    /// Implements `func finalizeRef(v ref)`.
    func finalizeRef(_ stack: inout GoStack) { references.release(stack.reference()) }

    /// Implements `func stringVal(value string) ref`.
    func stringVal(_ stack: inout GoStack) throws {
        let string = try realm.decoded(UnsafeRawBufferPointer(try stack.string()))
        stack.beginResults()
        stack.put(reference: references.store(.string(string)))
    }

    /// Implements `func valueGet(v ref, p string) ref`.
    func valueGet(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let name = try stack.string()
        let object = try target(value, "get")
        var result = JSValue.undefined
        let entries = entryCount
        if let key = realm.existingKey(of: object, utf8: name) { result = try object.get(key, receiver: value, realm) }
        if case .undefined = result { noteMissing(name, of: object) }
        try followStack(&stack, since: entries)
        stack.beginResults()
        stack.put(reference: references.store(result))
    }

    /// Implements `func valueSet(v ref, p string, x ref)`.
    func valueSet(_ stack: inout GoStack) throws {
        let object = try target(references.load(stack.reference()), "set")
        let key = realm.key(utf8: try stack.string())
        try object.set(key, references.load(stack.reference()), realm)
    }

    /// Implements `func valueDelete(v ref, p string)`.
    func valueDelete(_ stack: inout GoStack) throws {
        let object = try target(references.load(stack.reference()), "deleteProperty")
        if let key = realm.existingKey(of: object, utf8: try stack.string()) { object.delete(key, realm) }
    }

    /// Implements `func valueIndex(v ref, i int) ref`.
    func valueIndex(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let index = stack.int64()
        let entries = entryCount
        let result = try target(value, "get").get(realm.key(element: index), receiver: value, realm)
        try followStack(&stack, since: entries)
        stack.beginResults()
        stack.put(reference: references.store(result))
    }

    /// Implements `func valueSetIndex(v ref, i int, x ref)`.
    func valueSetIndex(_ stack: inout GoStack) throws {
        let object = try target(references.load(stack.reference()), "set")
        let key = realm.key(element: stack.int64())
        try object.set(key, references.load(stack.reference()), realm)
    }

    /// Implements `func valueCall(v ref, m string, args []ref) (ref, bool)`.
    func valueCall(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let name = try stack.string()
        let list = try stack.references()
        try finish(&stack, with: list) { realm, arguments throws(JSFailure) in
            // A primitive has no properties that Reflect.get would read.
            let object = try self.target(value, "get")
            var method = JSValue.undefined
            if let key = realm.existingKey(of: object, utf8: name) {
                method = try object.get(key, receiver: value, realm)
            }
            if case .undefined = method, self.noteMissing(name, of: object) { self.realm.host.hintAtMissingGlobal() }
            return try realm.call(self.callee(method), this: value, arguments: arguments)
        }
    }

    /// Implements `func valueInvoke(v ref, args []ref) (ref, bool)`.
    func valueInvoke(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let list = try stack.references()
        try finish(&stack, with: list) { realm, arguments throws(JSFailure) in
            try realm.call(self.callee(value), this: .undefined, arguments: arguments)
        }
    }

    /// Implements `func valueNew(v ref, args []ref) (ref, bool)`.
    func valueNew(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let list = try stack.references()
        hintAtMissingGlobal(value)
        try finish(&stack, with: list) { realm, arguments throws(JSFailure) in try realm.construct(value, arguments) }
    }

    /// Implements `func valueLength(v ref) int`.
    func valueLength(_ stack: inout GoStack) throws {
        let entries = entryCount
        let length = try parsedLength(realm.get(references.load(stack.reference()), realm.keys.length))
        try followStack(&stack, since: entries)
        stack.beginResults()
        stack.put(int64: length)
    }

    /// Implements `func valuePrepareString(v ref) (ref, int)`.
    func valuePrepareString(_ stack: inout GoStack) throws {
        let entries = entryCount
        let string = try realm.describe(references.load(stack.reference()))
        let bytes = try realm.makeByteArray(count: string.byteCount)
        WTF8.encode(string, into: bytes.bytes)
        try followStack(&stack, since: entries)
        stack.beginResults()
        stack.put(reference: references.store(.object(bytes)))
        stack.put(int64: Int64(string.byteCount))
    }

    /// Implements `func valueLoadString(v ref, b []byte)`.
    func valueLoadString(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let target = try stack.bytes()
        guard let source = value.typedArray?.bytes, source.count <= target.count else {
            throw realm.rangeError("offset is out of bounds")
        }
        copy(source, to: target, count: source.count)
    }

    /// Implements `func valueInstanceOf(v ref, t ref) bool`.
    func valueInstanceOf(_ stack: inout GoStack) throws {
        let value = references.load(stack.reference())
        let constructor = references.load(stack.reference())
        let entries = entryCount
        let isInstance = try realm.isInstance(value, of: constructor)
        try followStack(&stack, since: entries)
        stack.beginResults()
        stack.put(bool: isInstance)
    }

    /// Implements `func copyBytesToGo(dst []byte, src ref) (int, bool)`.
    func copyBytesToGo(_ stack: inout GoStack) throws {
        let target = try stack.bytes()
        let source = references.load(stack.reference()).typedArray
        finishCopy(&stack, from: source.flatMap { $0.isByteArray ? $0.bytes : nil }, to: target)
    }

    /// Implements `func copyBytesToJS(dst ref, src []byte) (int, bool)`.
    func copyBytesToJS(_ stack: inout GoStack) throws {
        let target = references.load(stack.reference()).typedArray
        let source = try stack.bytes()
        finishCopy(&stack, from: source, to: target.flatMap { $0.isByteArray ? $0.bytes : nil })
    }

    // MARK: Globals that are missing

    /// Notes that a property is not there, if it is one of the global object; returns whether it is.
    @inline(never)
    @discardableResult func noteMissing(_ name: UnsafeRawBufferPointer, of object: JSObject) -> Bool {
        guard object === realm.global else { return false }
        realm.host.noteMissingGlobal(name)
        return true
    }

    /// Tells the user of a global that is missing, if the value that the program uses is undefined.
    @inline(__always)
    func hintAtMissingGlobal(_ value: JSValue) {
        if case .undefined = value { realm.host.hintAtMissingGlobal() }
    }

    // MARK: Common parts

    /// The object that a function of `Reflect` works on.
    @inline(__always)
    func target(_ value: JSValue, _ function: StaticString) throws(JSFailure) -> JSObject {
        guard case .object(let object) = value else {
            hintAtMissingGlobal(value)
            throw realm.typeError("Reflect.\(function) called on non-object")
        }
        return object
    }

    /// The function that `Reflect.apply` calls.
    @inline(__always)
    func callee(_ function: JSValue) throws(JSFailure) -> JSFunction {
        guard let callee = function.function else {
            hintAtMissingGlobal(function)
            throw realm.typeError(
                "Function.prototype.apply was called on \(realm.inspect(function)), which is \(article(function)) and not a function"
            )
        }
        return callee
    }

    /// The type of a value with its article, as V8 puts it: "a string", "an object", "undefined".
    private func article(_ value: JSValue) -> String {
        switch value {
        case .undefined: "undefined"
        case .null, .object: "an object"
        default: "a \(value.typeName)"
        }
    }

    /// Reads a slice of arguments, runs an operation with them whose exceptions Go gets as a result, and stores that.
    @inline(__always)
    private func finish(
        _ stack: inout GoStack, with list: UnsafeMutableRawBufferPointer,
        _ body: (JSRealm, JSArguments) throws(JSFailure) -> JSValue
    ) throws {
        let entries = entryCount
        var result: JSValue
        var isSuccess = true
        do throws(JSFailure) {
            result = try realm.withArguments(
                count: list.count / 8,
                fill: { references.load(list.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) },
                { (arguments) throws(JSFailure) in try body(realm, arguments) })
        } catch {
            guard case .thrown(let exception) = error else { throw error }
            result = exception
            isSuccess = false
        }
        try followStack(&stack, since: entries)
        stack.beginResults()
        stack.put(reference: references.store(result))
        stack.put(bool: isSuccess)
    }

    /// Finds Go's stack again, if Go has run since there were so many entries: it may have moved the goroutine's stack.
    @inline(__always)
    private func followStack(_ stack: inout GoStack, since entries: Int) throws {
        guard entryCount != entries, let guest else { return }
        try stack.refresh(guest.stackPointer(), memory)
    }

    private func finishCopy(
        _ stack: inout GoStack, from source: UnsafeMutableRawBufferPointer?, to target: UnsafeMutableRawBufferPointer?
    ) {
        stack.beginResults()
        guard let source, let target else {
            stack.skip(.int64)
            stack.put(bool: false)
            return
        }
        let count = min(source.count, target.count)
        copy(source, to: target, count: count)
        stack.put(int64: Int64(count))
        stack.put(bool: true)
    }

    @inline(__always)
    func copy(_ source: UnsafeMutableRawBufferPointer, to target: UnsafeMutableRawBufferPointer, count: Int) {
        guard count > 0, let from = source.baseAddress, let to = target.baseAddress else { return }
        memmove(to, from, count)
    }

    /// `parseInt(v.length)`: the number that the text of the value begins with, 0 for none.
    private func parsedLength(_ value: JSValue) throws(JSFailure) -> Int64 {
        if case .number(let number) = value, number >= 0, number < 1e21, number == number.rounded(.towardZero) {
            return Int64(exactly: number) ?? .max
        }
        let number = NumberText.parseInt(try realm.describe(value))
        // As a double in two halves of 32 bits (setInt64 of the host script).
        let low = NumberText.uint32(number)
        let high = NumberText.uint32((number / 4_294_967_296).rounded(.down))
        return Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
    }
}
