internal import WasmFrontend

/// Calls with Swift's types: the module's type is looked at once, when the function is asked for.
extension Instance {
    /// The function that is exported under a name, as a Swift function with a result.
    ///
    /// ```swift
    /// let add = try instance.function(
    ///     named: "add", as: ((Int32, Int32) -> Int32).self)
    /// print(try add(2, 3))
    /// ```
    ///
    /// It may be called again from host functions that the guest calls while it runs. It throws ``Trap``, and what host
    /// functions throw, as they are.
    ///
    /// - Throws: ``CallError/noSuchFunction(_:)``; ``CallError/mismatchedType(wanted:found:)``.
    public func function<each Parameter: WasmValue, Result: WasmValue>(
        named name: String, as _: ((repeat each Parameter) -> Result).Type
    ) throws(CallError) -> (repeat each Parameter) throws -> Result {
        let function = try typedFunction(
            name, WasmTypes.list(repeat (each Parameter).self), results: [Result.valueType])
        return { (arguments: repeat each Parameter) throws -> Result in
            let slots = function.argumentSlots
            var index = 0
            repeat WasmTypes.put(each arguments, in: slots, &index)
            try function.callPrepared()
            return Result.load(from: UnsafeRawPointer(slots))
        }
    }

    /// The function that is exported under a name, as a Swift function without a result.
    ///
    /// - Throws: As the other one.
    public func function<each Parameter: WasmValue>(
        named name: String, as _: ((repeat each Parameter) -> Void).Type
    ) throws(CallError) -> (repeat each Parameter) throws -> Void {
        let function = try typedFunction(name, WasmTypes.list(repeat (each Parameter).self), results: [])
        return { (arguments: repeat each Parameter) throws -> Void in
            let slots = function.argumentSlots
            var index = 0
            repeat WasmTypes.put(each arguments, in: slots, &index)
            try function.callPrepared()
        }
    }

    private func typedFunction(
        _ name: String, _ parameters: [ValueType], results: [ValueType]
    ) throws(CallError) -> Function {
        let function = try function(named: name)
        let wanted = FunctionType(parameters, results)
        guard function.type == wanted else { throw CallError.mismatchedType(wanted: wanted, found: function.type) }
        return function
    }
}

extension Memory {
    /// `count` bytes from an address on; nil where they do not all lie in the memory.
    ///
    /// Valid until the guest runs again, which may make the memory grow.
    public func bytes(at address: UInt32, count: UInt32) -> UnsafeMutableRawBufferPointer? {
        guard UInt64(address) + UInt64(count) <= UInt64(byteCount) else { return nil }
        return UnsafeMutableRawBufferPointer(start: baseAddress + Int(address), count: Int(count))
    }
}

/// What packs of types and values become.
enum WasmTypes {
    static func list<each T: WasmValue>(_ types: repeat (each T).Type) -> [ValueType] {
        var result: [ValueType] = []
        for type in repeat each types { result.append(type.valueType) }
        return result
    }

    @inline(__always)
    static func put(_ value: some WasmValue, in slots: UnsafeMutablePointer<UInt64>, _ index: inout Int) {
        slots[index] = 0
        value.store(to: UnsafeMutableRawPointer(slots + index))
        index += 1
    }
}
