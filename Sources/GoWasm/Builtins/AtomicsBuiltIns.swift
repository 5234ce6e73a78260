internal import CHostSystem
internal import HostSystem
internal import LibC

/// `Atomics` (ECMA-262, 25.4): one thread runs the program, so that each operation is one by itself.
extension JSRealm {
    /// The array and the index that a function of `Atomics` was given (ValidateIntegerTypedArray and
    /// ValidateAtomicAccess).
    ///
    /// - Parameter isWaiting: Whether the elements have to be such that something can wait for them.
    private func atomicPlace(
        _ arguments: JSArguments, _ name: StaticString, isWaiting: Bool = false
    ) throws(JSFailure) -> (array: JSTypedArray, index: Int) {
        guard let array = arguments[0].typedArray, array.element.isInteger, !isWaiting || array.element == .int32 else {
            let tag = try arguments[0].object == nil ? receiverText(arguments[0]) : classText(arguments[0])
            throw typeError(
                isWaiting
                    ? "\(tag) is not an int32 or BigInt64 typed array." : "\(tag) is not an integer typed array.")
        }
        try check(array, "Atomics.\(name)")
        let index = try toInteger(arguments[1])
        guard index >= 0, index < array.length else { throw rangeError("Invalid atomic access index") }
        return (array, index)
    }

    /// "[object Array]".
    private func classText(_ value: JSValue) throws(JSFailure) -> String {
        guard let method = try prototypes.object.get(keys.toString, self).function else { return inspect(value) }
        return try text(call(method, this: value))
    }

    func installAtomics() {
        let atomics = makeObject()
        add(key("Atomics"), .object(atomics), .builtIn, to: global)
        add(wellKnownSymbols.toStringTag.key, string("Atomics"), .configurable, to: atomics)
        let changes: [(StaticString, @Sendable (UInt32, UInt32) -> UInt32)] = [
            ("add", { $0 &+ $1 }), ("and", { $0 & $1 }), ("exchange", { $1 }), ("or", { $0 | $1 }),
            ("sub", { $0 &- $1 }), ("xor", { $0 ^ $1 }),
        ]
        for (name, change) in changes {
            method(atomics, name, length: 3) { realm, _, arguments throws(JSFailure) in
                let (array, index) = try realm.atomicPlace(arguments, name)
                let operand = NumberText.uint32(try realm.toNumber(arguments[2]))
                // Reading the operand may have taken the elements away.
                try realm.check(array, "Atomics.\(name)")
                let old = array[index]
                array[index] = Double(change(NumberText.uint32(old), operand))
                return .number(old)
            }
        }
        method(atomics, "load", length: 2) { realm, _, arguments throws(JSFailure) in
            let (array, index) = try realm.atomicPlace(arguments, "load")
            return .number(array[index])
        }
        method(atomics, "store", length: 3) { realm, _, arguments throws(JSFailure) in
            let (array, index) = try realm.atomicPlace(arguments, "store")
            let number = try realm.toNumber(arguments[2])
            // -0 becomes 0.
            let value = number.isNaN ? 0 : number.rounded(.towardZero) + 0
            try realm.check(array, "Atomics.store")
            array[index] = value
            return .number(value)
        }
        method(atomics, "compareExchange", length: 4) { realm, _, arguments throws(JSFailure) in
            let (array, index) = try realm.atomicPlace(arguments, "compareExchange")
            let expected = NumberText.uint32(try realm.toNumber(arguments[2]))
            let replacement = NumberText.uint32(try realm.toNumber(arguments[3]))
            try realm.check(array, "Atomics.compareExchange")
            let old = array[index]
            // What the element would have, were that stored.
            let mask = array.element.size == 4 ? UInt32.max : (1 << UInt32(array.element.size * 8)) - 1
            if NumberText.uint32(old) & mask == expected & mask { array[index] = Double(replacement) }
            return .number(old)
        }
        method(atomics, "isLockFree", length: 1) { realm, _, arguments throws(JSFailure) in
            .boolean([1, 2, 4, 8].contains(try realm.toInteger(arguments[0])))
        }
        method(atomics, "pause") { realm, _, arguments throws(JSFailure) in
            if arguments[0].isUndefined { return .undefined }
            guard case .number(let number) = arguments[0], number == number.rounded(.towardZero), number.isFinite else {
                throw realm.typeError("Atomics.pause argument must be undefined or an integer")
            }
            return .undefined
        }
        installWaiting(atomics)
    }

    /// What waits for others: nobody else can wake a program that waits itself, but for what it does later.
    private func installWaiting(_ atomics: JSObject) {
        let waiters = AtomicWaiters()
        /// The place, whether it has the value, and how long to wait for another one, in milliseconds.
        func wanted(
            _ realm: JSRealm, _ arguments: JSArguments, _ name: StaticString
        ) throws(JSFailure) -> (place: AtomicWaiters.Place, hasValue: Bool, milliseconds: Double) {
            if let array = arguments[0].typedArray, array.element == .int32,
                (array.storage as? OwnedStorage)?.isShared != true
            {
                throw realm.typeError("\(try realm.classText(arguments[0])) is not a shared typed array.")
            }
            let (array, index) = try realm.atomicPlace(arguments, name, isWaiting: true)
            let value = Int32(bitPattern: NumberText.uint32(try realm.toNumber(arguments[2])))
            let time = try realm.toNumber(arguments[3])
            return (
                AtomicWaiters.Place(storage: array.storage, offset: array.byteOffset + index * array.element.size),
                array[index] == Double(value), time.isNaN ? .infinity : max(0, time)
            )
        }
        method(atomics, "wait", length: 4) { realm, _, arguments throws(JSFailure) in
            let (_, hasValue, milliseconds) = try wanted(realm, arguments, "wait")
            guard hasValue else { return realm.string("not-equal") }
            try realm.pause(milliseconds: milliseconds)
            return realm.string("timed-out")
        }
        method(atomics, "waitAsync", length: 4) { realm, _, arguments throws(JSFailure) in
            let (place, hasValue, milliseconds) = try wanted(realm, arguments, "waitAsync")
            let result = realm.makeObject()
            let isWaiting = hasValue && milliseconds > 0
            result.define(realm.key("async"), .boolean(isWaiting))
            guard isWaiting else {
                result.define(realm.keys.value, realm.string(hasValue ? "timed-out" : "not-equal"))
                return .object(result)
            }
            let promise = realm.makePromise()
            result.define(realm.keys.value, .object(promise))
            waiters.add(promise, at: place)
            if milliseconds < .infinity { realm.expire(promise, milliseconds, of: waiters) }
            return .object(result)
        }
        method(atomics, "notify", length: 3) { realm, _, arguments throws(JSFailure) in
            let (array, index) = try realm.atomicPlace(arguments, "notify", isWaiting: true)
            let count = try arguments[2].isUndefined ? Int.max : max(0, realm.toInteger(arguments[2]))
            guard let storage = array.storage as? OwnedStorage, storage.isShared else { return .number(0.0) }
            let place = AtomicWaiters.Place(storage: storage, offset: array.byteOffset + index * array.element.size)
            let woken = waiters.take(count, at: place)
            for promise in woken { promise.resolve(realm.string("ok"), realm) }
            return .number(woken.count)
        }
    }

    /// Ends the wait of a promise after some time; the program does not wait for that.
    private func expire(_ promise: JSPromise, _ milliseconds: Double, of waiters: AtomicWaiters) {
        let function = makeFunction { realm, _, _ throws(JSFailure) in
            waiters.remove(promise)
            promise.resolve(realm.string("timed-out"), realm)
            return .undefined
        }
        let delay = Int64(min(milliseconds, 2_147_483_647) * 1_000_000)
        let timer = JSTimer(
            function, nil, delay: delay, repeats: false, id: events.makeTimerID(), prototype: prototypes.object)
        timer.isReferenced = false
        timer.start(in: events)
    }

    /// Does nothing for some time, or until the program is stopped.
    private func pause(milliseconds: Double) throws(JSFailure) {
        let end = Clock.moment(
            milliseconds < 1e12 ? Int64(milliseconds * 1_000_000) : .max, after: host.clock.elapsed)
        while true {
            try checkEnd()
            if events.mailbox?.waker.isInterrupted == true { throw .aborted(Trap.interruption) }
            let rest = end - host.clock.elapsed
            if rest <= 0 { return }
            // Short, so that the program can be stopped.
            let slice = min(rest, 10_000_000)
            if host.clock.isSimulated { host.clock.skip(slice) } else { _ = gw_poll(nil, 0, slice) }
        }
    }
}

/// The promises of `Atomics.waitAsync`.
private final class AtomicWaiters {
    /// A byte in a buffer.
    struct Place: Equatable {
        let storage: ByteStorage
        let offset: Int

        static func == (a: Place, b: Place) -> Bool { a.storage === b.storage && a.offset == b.offset }
    }

    private var waiting: [(place: Place, promise: JSPromise)] = []
    private var charge = Charge()

    deinit { charge.close() }

    func add(_ promise: JSPromise, at place: Place) {
        waiting.append((place, promise))
        charge.resize(to: waiting.capacity * 32)
    }

    func remove(_ promise: JSPromise) { waiting.removeAll { $0.promise === promise } }

    /// The promises that wait for a place, in their order: so many at most, which do not wait any more.
    func take(_ count: Int, at place: Place) -> [JSPromise] {
        var woken: [JSPromise] = []
        waiting.removeAll { waiter in
            guard waiter.place == place, woken.count < count else { return false }
            woken.append(waiter.promise)
            return true
        }
        return woken
    }
}

extension JSTypedArray.Element {
    /// Whether the elements are integers, which `Atomics` takes.
    var isInteger: Bool {
        switch self {
        case .int8, .uint8, .int16, .uint16, .int32, .uint32: true
        case .uint8Clamped, .float32, .float64: false
        }
    }
}
