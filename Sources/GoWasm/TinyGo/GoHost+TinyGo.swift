internal import HostSystem

/// The program has exited and is called nevertheless.
struct ProgramHasExited: Error {}

/// What stands behind the imports of TinyGo's programs: the values, functions, promises and timers are those of Go's.
extension GoHost {
    /// What the engine calls for an import of a module.
    func function(
        for row: TinyGoImport, of module: String, _ ticks: TinyGoImport.Ticks
    ) -> (UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?) throws -> Void {
        let implementation = implementation(of: row, ticks)
        let count = row.type(ticks).parameters.count
        let fields = row.returnsStructure ? row.resultOffsets : nil
        guard let trace, trace.wantsImport(module, row.rawValue) else {
            return { [self] values, result in
                var call = try TinyGoCall(values, count: count, result, fields: fields, memory)
                try implementation(self, &call)
                try realm.checkEnd()
            }
        }
        return { [self] values, result in
            var tracer = TinyGoTracer(row, module, ticks, values, self, start: trace.now)
            do {
                var call = try TinyGoCall(values, count: count, result, fields: fields, memory)
                try implementation(self, &call)
                try realm.checkEnd()
                tracer.call.duration = trace.now - tracer.call.start
                tracer.addResults(result, self)
                trace.report(tracer.call)
            } catch {
                tracer.call.duration = trace.now - tracer.call.start
                tracer.call.ending = error is GuestExit ? .exited : .aborted("\(error)")
                trace.report(tracer.call)
                throw error
            }
        }
    }

    private typealias Implementation = (GoHost, inout TinyGoCall) throws -> Void

    /// One implementation for each import: a new row of ``TinyGoImport`` does not compile until it has one here.
    private func implementation(of row: TinyGoImport, _ ticks: TinyGoImport.Ticks) -> Implementation {
        switch row {
        case .ticks: { $0.ticks(&$1, ticks) }
        case .sleepTicks: { $0.sleepTicks(&$1, ticks) }
        case .getRandomData: { $0.realm.host.random.fill(try $1.bytes()) }
        case .argvString: { try $0.list($0.arguments, &$1) }
        case .envString:
            { host, call in
                try host.list(host.realm.host.environment.map { "\($0.key)=\($0.value)" }, &call)
            }
        case .finalizeRef: { $0.references.release($1.reference()) }
        case .stringVal: { $1.putResult($0.references.store(.string(try $0.realm.decoded($1.string())))) }
        case .valueGet: { try $0.valueGet(&$1) }
        case .valueSet: { try $0.valueSet(&$1) }
        case .valueDelete: { try $0.valueDelete(&$1) }
        case .valueIndex: { try $0.valueIndex(&$1) }
        case .valueSetIndex: { try $0.valueSetIndex(&$1) }
        case .valueCall: { try $0.valueCall(&$1) }
        case .valueInvoke: { try $0.valueInvoke(&$1) }
        case .valueNew: { try $0.valueNew(&$1) }
        case .valueLength: { try $0.valueLength(&$1) }
        case .valuePrepareString: { try $0.valuePrepareString(&$1) }
        case .valueLoadString: { try $0.valueLoadString(&$1) }
        case .valueInstanceOf: { try $0.valueInstanceOf(&$1) }
        case .copyBytesToGo: { try $0.copyBytesToGo(&$1) }
        case .copyBytesToJS: { try $0.copyBytesToJS(&$1) }
        }
    }

    // MARK: Package runtime

    private static let nanosecondsPerMillisecond = 1e6

    /// Implements `func ticks() int64`, up to 0.37 `func ticks() float64`: the wall clock at the start and the time
    /// since then, so that it never goes back.
    private func ticks(_ call: inout TinyGoCall, _ ticks: TinyGoImport.Ticks) {
        let now = realm.host.clock.nanotime
        switch ticks {
        case .milliseconds: call.putResult(Double(now) / Self.nanosecondsPerMillisecond)
        case .nanoseconds: call.putResult(now)
        }
    }

    /// Implements `func sleepTicks(time int64)`, up to 0.37 `func sleepTicks(time float64)`: does not wait, but has the
    /// scheduler run when the time is over.
    private func sleepTicks(_ call: inout TinyGoCall, _ ticks: TinyGoImport.Ticks) {
        switch ticks {
        case .milliseconds:
            let time = (call.double() * Self.nanosecondsPerMillisecond).rounded(.up)
            scheduleWakeUp(after: time.isNaN ? 0 : Int64(exactly: time) ?? (time < 0 ? 0 : .max))
        case .nanoseconds: scheduleWakeUp(after: call.int64())
        }
    }

    /// Implements `func argvString(buf unsafe.Pointer, n uint32) uint32` and its like: texts with zero bytes between
    /// them, if there is room for them; and how many bytes that takes.
    private func list(_ texts: [String], _ call: inout TinyGoCall) throws {
        let buffer = try call.buffer()
        let bytes = Array(texts.joined(separator: "\0").utf8)
        if bytes.count <= buffer.count { buffer.copyBytes(from: bytes) }
        call.putResult(UInt32(clamping: bytes.count))
    }

    // MARK: Package syscall/js

    /// Implements `func valueGet(v ref, p string) ref`.
    private func valueGet(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        let name = try call.string()
        let object = try target(value, "get")
        var result = JSValue.undefined
        if let key = realm.existingKey(of: object, utf8: name) { result = try object.get(key, receiver: value, realm) }
        if case .undefined = result { noteMissing(name, of: object) }
        call.putResult(references.store(result))
    }

    /// Implements `func valueSet(v ref, p string, x ref)`.
    private func valueSet(_ call: inout TinyGoCall) throws {
        let object = try target(references.load(call.reference()), "set")
        let key = realm.key(utf8: try call.string())
        try object.set(key, references.load(call.reference()), realm)
    }

    /// Implements `func valueDelete(v ref, p string)`.
    private func valueDelete(_ call: inout TinyGoCall) throws {
        let object = try target(references.load(call.reference()), "deleteProperty")
        if let key = realm.existingKey(of: object, utf8: try call.string()) { object.delete(key, realm) }
    }

    /// The index of an element, which is an `int` of 32 bits.
    private func elementKey(_ call: inout TinyGoCall) -> PropertyKey {
        realm.key(element: Int64(Int32(bitPattern: call.uint32())))
    }

    /// Implements `func valueIndex(v ref, i int) ref`.
    private func valueIndex(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        let result = try target(value, "get").get(elementKey(&call), receiver: value, realm)
        call.putResult(references.store(result))
    }

    /// Implements `func valueSetIndex(v ref, i int, x ref)`.
    private func valueSetIndex(_ call: inout TinyGoCall) throws {
        let object = try target(references.load(call.reference()), "set")
        let key = elementKey(&call)
        try object.set(key, references.load(call.reference()), realm)
    }

    /// Implements `func valueCall(v ref, m string, args []ref) (ref, bool)`.
    private func valueCall(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        let name = try call.string()
        try finish(&call) { realm, arguments throws(JSFailure) in
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
    private func valueInvoke(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        try finish(&call) { realm, arguments throws(JSFailure) in
            try realm.call(self.callee(value), this: .undefined, arguments: arguments)
        }
    }

    /// Implements `func valueNew(v ref, args []ref) (ref, bool)`.
    private func valueNew(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        hintAtMissingGlobal(value)
        try finish(&call) { realm, arguments throws(JSFailure) in try realm.construct(value, arguments) }
    }

    /// Implements `func valueLength(v ref) int`.
    private func valueLength(_ call: inout TinyGoCall) throws {
        let length = try realm.get(references.load(call.reference()), realm.keys.length)
        call.putResult(NumberText.uint32(try realm.toNumber(length)))
    }

    /// Implements `func valuePrepareString(v ref) (ref, int)`.
    private func valuePrepareString(_ call: inout TinyGoCall) throws {
        let string = try realm.describe(references.load(call.reference()))
        let bytes = try realm.makeByteArray(count: string.byteCount)
        WTF8.encode(string, into: bytes.bytes)
        let memory = memory
        try call.put(references.store(.object(bytes)), field: 0, memory)
        try call.put(UInt32(truncatingIfNeeded: string.byteCount), field: 1, memory)
    }

    /// Implements `func valueLoadString(v ref, b []byte)`.
    private func valueLoadString(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        let target = try call.bytes()
        guard let source = value.typedArray?.bytes, source.count <= target.count else {
            throw realm.rangeError("offset is out of bounds")
        }
        copy(source, to: target, count: source.count)
    }

    /// Implements `func valueInstanceOf(v ref, t ref) bool`.
    private func valueInstanceOf(_ call: inout TinyGoCall) throws {
        let value = references.load(call.reference())
        let constructor = references.load(call.reference())
        call.putResult(UInt32(try realm.isInstance(value, of: constructor) ? 1 : 0))
    }

    /// Implements `func copyBytesToGo(dst []byte, src ref) (int, bool)`.
    private func copyBytesToGo(_ call: inout TinyGoCall) throws {
        let target = try call.bytes()
        let source = references.load(call.reference()).typedArray
        try finishCopy(&call, from: source.flatMap { $0.isByteArray ? $0.bytes : nil }, to: target)
    }

    /// Implements `func copyBytesToJS(dst ref, src []byte) (int, bool)`.
    private func copyBytesToJS(_ call: inout TinyGoCall) throws {
        let target = references.load(call.reference()).typedArray
        let source = try call.bytes()
        try finishCopy(&call, from: source, to: target.flatMap { $0.isByteArray ? $0.bytes : nil })
    }

    // MARK: Common parts

    /// Reads a slice of arguments, and runs an operation with them whose exceptions the guest gets as a result.
    private func finish(
        _ call: inout TinyGoCall, _ body: (JSRealm, JSArguments) throws(JSFailure) -> JSValue
    ) throws {
        let list = try call.references()
        var result: JSValue
        var isSuccess = true
        do throws(JSFailure) {
            // All are read before JavaScript runs: the guest, which it may call, may make its memory grow.
            result = try realm.withArguments(
                count: list.count / 8,
                fill: { references.load(list.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) },
                { (arguments) throws(JSFailure) in try body(realm, arguments) })
        } catch {
            guard case .thrown(let exception) = error else { throw error }
            result = exception
            isSuccess = false
        }
        let memory = memory
        try call.put(references.store(result), field: 0, memory)
        try call.put(UInt8(isSuccess ? 1 : 0), field: 1, memory)
    }

    /// Copies bytes, as many as both have; without one of them only says so.
    private func finishCopy(
        _ call: inout TinyGoCall, from source: UnsafeMutableRawBufferPointer?, to target: UnsafeMutableRawBufferPointer?
    ) throws {
        let memory = memory
        guard let source, let target else { return try call.put(0 as UInt8, field: 1, memory) }
        let count = min(source.count, target.count)
        copy(source, to: target, count: count)
        try call.put(UInt32(truncatingIfNeeded: count), field: 0, memory)
        try call.put(1 as UInt8, field: 1, memory)
    }
}
