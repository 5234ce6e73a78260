/// `ArrayBuffer` and `SharedArrayBuffer` (ECMA-262, 25.1 and 25.2), but for the constructor of the first.
extension JSRealm {
    /// The buffer that a method was called on.
    private func buffer(_ value: JSValue, isShared: Bool, _ method: StaticString) throws(JSFailure) -> JSArrayBuffer {
        if let object = value.object, object.kind == .arrayBuffer {
            let buffer = unsafeDowncast(object, to: JSArrayBuffer.self)
            if buffer.isShared == isShared { return buffer }
        }
        throw typeError("Method \(method) called on incompatible receiver \(receiverText(value))")
    }

    /// The same, whose bytes may become more or fewer.
    private func resizable(
        _ value: JSValue, isShared: Bool, _ method: StaticString
    ) throws(JSFailure) -> (storage: OwnedStorage, maximum: Int) {
        let buffer = try buffer(value, isShared: isShared, method)
        guard let storage = buffer.owned, !storage.isDetached, let maximum = storage.maximumByteCount else {
            throw typeError("Method \(method) called on incompatible receiver \(receiverText(value))")
        }
        return (storage, maximum)
    }

    private func checkAttached(_ buffer: JSArrayBuffer, _ method: StaticString) throws(JSFailure) {
        if buffer.isDetached { throw typeError("Cannot perform \(method) on a detached ArrayBuffer") }
    }

    func completeArrayBufferConstructor(_ constructor: JSObject) {
        addSpecies(constructor)
        method(constructor, "isView", length: 1) { _, _, arguments throws(JSFailure) in
            let kind = arguments[0].object?.kind
            return .boolean(kind == .typedArray || kind == .dataView)
        }
    }

    func completeArrayBuffers() {
        let prototype = prototypes.arrayBuffer
        add(wellKnownSymbols.toStringTag.key, string("ArrayBuffer"), .configurable, to: prototype)
        method(prototype, "slice", length: 2) { realm, this, arguments throws(JSFailure) in
            let buffer = try realm.buffer(this, isShared: false, "ArrayBuffer.prototype.slice")
            try realm.checkAttached(buffer, "ArrayBuffer.prototype.slice")
            return .object(try realm.slice(buffer, arguments, prototype: realm.prototypes.arrayBuffer))
        }
        installBufferGetters(
            prototype, isShared: false,
            [
                ("byteLength", "get ArrayBuffer.prototype.byteLength", { .number($0.storage.bytes.count) }),
                (
                    "maxByteLength", "get ArrayBuffer.prototype.maxByteLength",
                    { .number($0.isDetached ? 0 : $0.owned?.maximumByteCount ?? $0.storage.bytes.count) }
                ),
                (
                    "resizable", "get ArrayBuffer.prototype.resizable",
                    { .boolean($0.owned?.maximumByteCount != nil && !$0.isDetached) }
                ),
                ("detached", "get ArrayBuffer.prototype.detached", { .boolean($0.isDetached) }),
            ])
        method(prototype, "resize", length: 1) { realm, this, arguments throws(JSFailure) in
            let (storage, maximum) = try realm.resizable(this, isShared: false, "ArrayBuffer.prototype.resize")
            let count = try realm.toInteger(arguments[0])
            guard count >= 0, count <= maximum else {
                throw realm.rangeError("ArrayBuffer.prototype.resize: Invalid length parameter")
            }
            // Reading the number may have given the bytes away.
            guard !storage.isDetached else {
                throw realm.typeError("Cannot perform ArrayBuffer.prototype.resize on a detached ArrayBuffer")
            }
            guard storage.resize(to: count) else {
                throw realm.rangeError("ArrayBuffer.prototype.resize: Out of memory")
            }
            return .undefined
        }
        for (name, method, keepsMaximum) in [
            ("transfer", "ArrayBuffer.prototype.transfer", true),
            ("transferToFixedLength", "ArrayBuffer.prototype.transferToFixedLength", false),
        ] as [(StaticString, StaticString, Bool)] {
            self.method(prototype, name) { realm, this, arguments throws(JSFailure) in
                let buffer = try realm.buffer(this, isShared: false, method)
                let wanted = try arguments[0].isUndefined ? nil : realm.toInteger(arguments[0])
                try realm.checkAttached(buffer, method)
                let maximum = keepsMaximum ? buffer.owned?.maximumByteCount : nil
                let count = wanted ?? buffer.storage.bytes.count
                guard count >= 0, count <= maximum ?? Self.maximumBufferSize else {
                    throw realm.rangeError("Invalid array buffer length")
                }
                return .object(try realm.transferred(buffer, count: count, maximum: maximum))
            }
        }
    }

    /// A new buffer that has the bytes of another one from now on, which is left without any.
    ///
    /// - Throws: A TypeError for the guest's memory, which stays where it is.
    func transferred(_ buffer: JSArrayBuffer, count: Int, maximum: Int?) throws(JSFailure) -> JSArrayBuffer {
        guard let storage = buffer.owned else { throw typeError("Cannot perform transfer on WebAssembly memory") }
        guard count == storage.bytes.count || storage.resize(to: count) else {
            throw rangeError("Array buffer allocation failed")
        }
        let new = OwnedStorage(adopting: storage.detach(), maximum: maximum)
        return JSArrayBuffer(new, prototype: prototypes.arrayBuffer)
    }

    private func slice(
        _ buffer: JSArrayBuffer, _ arguments: JSArguments, prototype: JSObject?
    ) throws(JSFailure) -> JSArrayBuffer {
        let source = buffer.storage
        let range = try range(arguments, count: source.bytes.count)
        guard let storage = OwnedStorage(byteCount: range.count, isShared: buffer.isShared) else {
            throw rangeError("Array buffer allocation failed")
        }
        // Looked for last: what the arguments call may have moved the bytes, or taken some away.
        let bytes = source.bytes
        storage.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)]))
        return JSArrayBuffer(storage, prototype: prototype)
    }

    private func installBufferGetters(
        _ prototype: JSObject, isShared: Bool, _ getters: [(StaticString, StaticString, (JSArrayBuffer) -> JSValue)]
    ) {
        for (name, method, value) in getters {
            getter(prototype, name) { realm, this, _ throws(JSFailure) in
                value(try realm.buffer(this, isShared: isShared, method))
            }
        }
    }

    /// The prototype of `SharedArrayBuffer`.
    var sharedBufferPrototype: JSObject { hostPrototype("SharedArrayBuffer") }

    func installSharedArrayBuffer() {
        let prototype = sharedBufferPrototype
        let function = constructor("SharedArrayBuffer", prototype, length: 1) { realm, _, arguments throws(JSFailure) in
            .object(JSArrayBuffer(try realm.makeStorage(arguments, isShared: true), prototype: prototype))
        }
        addSpecies(function)
        add(wellKnownSymbols.toStringTag.key, string("SharedArrayBuffer"), .configurable, to: prototype)
        method(prototype, "slice", length: 2) { realm, this, arguments throws(JSFailure) in
            let buffer = try realm.buffer(this, isShared: true, "SharedArrayBuffer.prototype.slice")
            return .object(try realm.slice(buffer, arguments, prototype: prototype))
        }
        installBufferGetters(
            prototype, isShared: true,
            [
                ("byteLength", "get SharedArrayBuffer.prototype.byteLength", { .number($0.storage.bytes.count) }),
                (
                    "maxByteLength", "get SharedArrayBuffer.prototype.maxByteLength",
                    { .number($0.owned?.maximumByteCount ?? $0.storage.bytes.count) }
                ),
                (
                    "growable", "get SharedArrayBuffer.prototype.growable",
                    { .boolean($0.owned?.maximumByteCount != nil) }
                ),
            ])
        method(prototype, "grow", length: 1) { realm, this, arguments throws(JSFailure) in
            let (storage, maximum) = try realm.resizable(this, isShared: true, "SharedArrayBuffer.prototype.grow")
            let count = try realm.toInteger(arguments[0])
            guard count >= storage.bytes.count, count <= maximum else {
                throw realm.rangeError("SharedArrayBuffer.prototype.grow: Invalid length parameter")
            }
            guard storage.resize(to: count) else {
                throw realm.rangeError("SharedArrayBuffer.prototype.grow: Out of memory")
            }
            return .undefined
        }
    }
}
