internal import HostSystem
internal import WasmRuntime

/// The ways from the host into the guest.
struct GuestEntryPoints {
    /// Starts Go with the number of arguments and the address of the pointers to them; in 1.11 also resumes it.
    var run: (UInt32, UInt32) throws -> Void
    /// Delivers the pending event and lets Go run until all goroutines are idle.
    var resume: () throws -> Void
    /// Go's stack pointer.
    var stackPointer: () throws -> UInt32
    /// The memory.
    var memory: Memory
    /// Lets TinyGo's scheduler run, because a time that it waits for has come.
    var schedule: () throws -> Void = {}
    /// Calls another export.
    var export: (String, [Value]) throws -> [Value] = { name, _ in throw CallError.noSuchFunction(name) }
}

/// The host of one running Go program: what the class `Go` of wasm_exec.js is.
final class GoHost {
    let abi: GoABI
    let realm: JSRealm
    let references: ReferenceTable
    /// The object that Go knows as "jsGo".
    let instance: JSObject
    var guest: GuestEntryPoints? {
        didSet { linked.pointee = guest.map { Unmanaged.passUnretained($0.memory) } }
    }
    /// The memory of ``guest``, which each import looks at: a pointer costs no check of exclusive access.
    private let linked: UnsafeMutablePointer<Unmanaged<Memory>?>
    /// Called instead of unwinding when the program exits.
    var endProcess: ((Int32) -> Never)?
    /// Gets each call of an import.
    let trace: HostCallTrace?
    /// How often Go has been entered: where this has not changed, Go's stack has not moved.
    private(set) var entryCount = 0
    /// The timeout events that Go waits for.
    private var scheduledTimeouts: Set<Int32> = []
    private var nextTimeoutID: Int32 = 1
    /// The loop's timers behind the timeout events.
    private var timerIDs: [Int32: Int32] = [:]
    /// Whether the run loop of 1.11 has been woken already.
    private var isWakePending = false
    /// The loop's timer that TinyGo's scheduler waits for.
    private var wakeUp: (timer: Int32, deadline: Int64)?
    /// What TinyGo's programs get as `os.Args`, where they ask for it; those of Go have it in their memory.
    var arguments: [String] = []

    init(_ abi: GoABI, host: HostServices, trace: HostCallTrace? = nil) {
        self.abi = abi
        self.trace = trace
        if let trace, trace.level == .files { host.fileTrace = trace }
        linked = .allocate(capacity: 1)
        linked.initialize(to: nil)
        realm = JSRealm(host: host)
        instance = realm.makeObject()
        let memory = realm.makeObject()
        let guestBuffer = JSArrayBuffer(
            GuestStorage { [unowned host] in host.guestMemory() }, prototype: realm.prototypes.arrayBuffer)
        memory.define(realm.keys.buffer, .object(guestBuffer))
        references = ReferenceTable(abi, global: realm.global, memory: memory, goInstance: instance)
        installInstance()
    }

    deinit { linked.deallocate() }

    /// Lets go of everything: the objects of JavaScript refer to each other in circles, and the guest to its host.
    func dismantle() {
        guest = nil
        realm.dismantle()
    }

    /// The memory of the guest as it is now.
    @inline(__always)
    var memory: GuestMemory {
        guard let memory = linked.pointee else { return .empty }
        return memory._withUnsafeGuaranteedRef { GuestMemory(base: $0.baseAddress, count: UInt64($0.byteCount)) }
    }

    // MARK: The Go instance

    private func installInstance() {
        if abi.usesRunLoop {
            instance.define(realm.keys.callbackShutdown, .boolean(false))
            installCallbackHelpers()
        } else {
            instance.define(realm.keys.pendingEvent, .null)
            realm.method(instance, "_makeFuncWrapper") { [unowned self] realm, _, arguments throws(JSFailure) in
                .object(makeFunctionWrapper(arguments[0]))
            }
        }
        // Go's own tests look at the length of this.
        realm.getter(instance, "_values") { [unowned self] realm, _, _ throws(JSFailure) in
            .object(JSArray(length: Int(references.count), prototype: realm.prototypes.array))
        }
    }

    /// The function that `js.FuncOf` makes: hands the call to Go as an event, and returns what Go put into it.
    private func makeFunctionWrapper(_ id: JSValue) -> JSFunction {
        realm.makeFunction(construction: .ordinary) { [unowned self] realm, this, arguments throws(JSFailure) in
            let event = realm.makeObject()
            event.properties.reserve(4)
            event.properties.append(realm.keys.id, id, .assigned)
            event.properties.append(realm.keys.this, this, .assigned)
            event.properties.append(realm.keys.args, .object(realm.makeArray(arguments.values)), .assigned)
            try instance.set(realm.keys.pendingEvent, .object(event), realm)
            try resume()
            return try event.get(realm.keys.result, realm)
        }
    }

    /// The static functions of the class `Go` that `js.NewCallback` of 1.11 uses.
    private func installCallbackHelpers() {
        let go = realm.makeObject()
        realm.global.define(realm.key("Go"), .object(go), .builtIn)
        realm.method(go, "_makeCallbackHelper") { [unowned self] realm, _, arguments throws(JSFailure) in
            let (id, queue) = (arguments[0], arguments[1])
            return .object(
                realm.makeFunction { [unowned self] realm, _, arguments throws(JSFailure) in
                    let call = realm.makeObject()
                    call.define(realm.keys.id, id)
                    call.define(realm.keys.args, .object(realm.makeArray(arguments.values)))
                    try queue.array?.append(.object(call), realm)
                    wake()
                    return .undefined
                })
        }
        realm.method(go, "_makeEventCallbackHelper") { realm, _, arguments throws(JSFailure) in
            let names: [StaticString] = ["preventDefault", "stopPropagation", "stopImmediatePropagation"]
            var chosen: [PropertyKey] = []
            for (position, name) in names.enumerated() where arguments[position].isTruthy {
                chosen.append(realm.key(name))
            }
            let function = try realm.callable(arguments[3], "_makeEventCallbackHelper")
            return .object(
                realm.makeFunction { realm, _, arguments throws(JSFailure) in
                    for key in chosen {
                        guard let method = try realm.get(arguments[0], key).function else {
                            throw realm.typeError("event.\(realm.keyText(key)) is not a function")
                        }
                        _ = try realm.call(method, this: arguments[0])
                    }
                    return try realm.call(function, this: .undefined, arguments[0])
                })
        }
    }

    // MARK: Entering Go

    /// Lets Go handle the pending event.
    ///
    /// May be called while Go is running, inside an import.
    func resume() throws(JSFailure) {
        try realm.checkStack()
        entryCount &+= 1
        do {
            try guest?.resume()
        } catch {
            throw end(error)
        }
    }

    /// Starts Go; or resumes that of 1.11.
    func run(_ argumentCount: UInt32, _ argumentPointers: UInt32) throws(JSFailure) {
        entryCount &+= 1
        do {
            try guest?.run(argumentCount, argumentPointers)
        } catch {
            throw end(error)
        }
    }

    /// The failure that ends the program; the event loop throws it, too, should it get lost on the way there.
    private func end(_ error: any Error) -> JSFailure {
        if error is ProgramHasExited { return realm.makeError(realm.prototypes.error, "Go program has already exited") }
        let failure = JSFailure.aborted(error)
        realm.events.pendingAbort = failure
        return failure
    }

    /// Takes note that an export of the program is called without this object.
    func noteEntry() { entryCount &+= 1 }

    /// Calls a function that the program exports by `go:wasmexport`.
    func callExport(_ name: String, _ arguments: [Value]) throws -> [Value] {
        entryCount &+= 1
        return try guest?.export(name, arguments) ?? []
    }

    // MARK: Timeout events

    /// Arms a one-shot timer that lets Go run, and returns the id by which Go may clear it.
    func scheduleTimeout(milliseconds: Int64) -> Int32 {
        let id = nextTimeoutID
        nextTimeoutID &+= 1
        scheduledTimeouts.insert(id)
        // Limited to 290 years, so that no product overflows.
        let delay = min(max(0, milliseconds), 1 << 43) + abi.addedDelay
        let deadline = Clock.moment(delay * 1_000_000, after: realm.host.clock.elapsed)
        timerIDs[id] = realm.events.addTimer(deadline: deadline, .go(id: id))
        return id
    }

    func clearTimeout(_ id: Int32) {
        scheduledTimeouts.remove(id)
        if let timer = timerIDs.removeValue(forKey: id) { realm.events.removeTimer(timer) }
    }

    /// A timeout event's time has come.
    func fireTimeout(_ id: Int32) throws(JSFailure) {
        timerIDs[id] = nil
        if abi.usesRunLoop {
            wake()
            return
        }
        try resume()
        guard abi.repeatsMissedTimeouts else { return }
        while scheduledTimeouts.contains(id) {
            // Go has not taken note of the event (golang.org/issue/28975): log it and try again, as wasm_exec.js does.
            Descriptors.report("scheduleTimeoutEvent: missed timeout event\n")
            try resume()
        }
    }

    /// Has TinyGo's scheduler run after so many nanoseconds, unless it does so before: then it looks by itself how long
    /// it has to wait.
    func scheduleWakeUp(after nanoseconds: Int64) {
        let deadline = Clock.moment(nanoseconds, after: realm.host.clock.elapsed)
        if let wakeUp {
            guard deadline < wakeUp.deadline else { return }
            realm.events.removeTimer(wakeUp.timer)
        }
        wakeUp = (realm.events.addTimer(deadline: deadline, .schedule), deadline)
    }

    /// The time has come that TinyGo's scheduler waits for.
    private func runScheduler() throws(JSFailure) {
        wakeUp = nil
        entryCount &+= 1
        do {
            try guest?.schedule()
        } catch {
            throw end(error)
        }
    }

    /// Lets the program's exports be called, and nothing else, after it has exited.
    func endEvents() {
        guest?.resume = { throw ProgramHasExited() }
        realm.events.pendingAbort = nil
    }

    /// Makes the run loop of 1.11 go round once more, in a task of its own.
    private func wake() {
        guard !isWakePending else { return }
        isWakePending = true
        realm.events.tasks.append(.wake)
    }

    // MARK: The event loop

    /// Runs tasks until none is left or can come any more; or, if so asked, until the next has to be waited for, or
    /// while something is so.
    func runEventLoop(onlyReady: Bool = false, while isWanted: () -> Bool = { true }) throws(JSFailure) {
        let events = realm.events
        // One round looks at everything: timers that are due, files that have become ready, what has come from other
        // threads.
        var isFirstRound = true
        while true {
            try runMicrotasks()
            guard events.isAlive, !onlyReady || isFirstRound || !events.tasks.isEmpty else { return }
            isFirstRound = false
            // Timers that are armed meanwhile wait for the next round, also those that are due at once (as all are when
            // a simulated clock has reached its end).
            events.beginRound(realm.host.clock)
            for _ in 0..<events.timerCount {
                guard let timer = events.takeTimer(dueAt: events.roundTime) else { break }
                try run(timer)
                try runMicrotasks()
            }
            for _ in 0..<events.tasks.count {
                guard let task = events.tasks.popFirst() else { break }
                try run(task)
                try runMicrotasks()
            }
            events.wait(realm.host.clock, onlyLooking: onlyReady)
            guard let mailbox = events.mailbox else { continue }
            if mailbox.waker.isInterrupted { throw .aborted(Trap.interruption) }
            for job in mailbox.take() {
                try job()
                try runMicrotasks()
            }
            guard isWanted() else { return }
        }
    }

    private func run(_ timer: EventLoop.Timer) throws(JSFailure) {
        switch timer.action {
        case .go(let id): try fireTimeout(id)
        case .schedule: try runScheduler()
        case .call(let object):
            if object.repeats { object.start(in: realm.events) }
            guard let function = object.function else { return }
            _ = try realm.call(function, this: .object(object), values: object.arguments?.denseElements ?? [])
        }
    }

    private func run(_ task: EventLoop.Task) throws(JSFailure) {
        switch task {
        case .completion(let callback, let error, let result):
            _ = try realm.withArguments(count: 2, fill: { $0 == 0 ? error : result }) { (arguments) throws(JSFailure) in
                try realm.call(callback, this: .undefined, arguments: arguments)
            }
        case .call(let function, let arguments):
            _ = try realm.call(function, this: .undefined, values: arguments?.denseElements ?? [])
        case .wake:
            isWakePending = false
            try run(0, 0)
        }
    }

    private func runMicrotasks() throws(JSFailure) {
        let events = realm.events
        repeat {
            // Node starts Go's program in a microtask: what follows in the queue goes before its ticks.
            let isFirst = events.isFirstTurn
            events.isFirstTurn = false
            while !isFirst, let tick = events.ticks.popFirst() { _ = try realm.call(tick, this: .undefined) }
            while let job = events.microtasks.popFirst() {
                switch job {
                case .call(let function): _ = try realm.call(function, this: .undefined)
                case .react(let reaction, let outcome): try JSPromise.run(reaction, outcome, realm)
                case .adopt(let promise, let thenable, let then): try promise.adopt(thenable, then: then, realm)
                }
            }
        } while !events.ticks.isEmpty
        if let abort = events.pendingAbort { throw abort }
        guard !events.unhandledRejections.isEmpty else { return }
        let rejections = events.unhandledRejections
        events.unhandledRejections = []
        for promise in rejections where !promise.isHandled {
            if case .rejected(let reason) = promise.state { throw .thrown(reason) }
        }
    }

    /// Tells Go that nothing can happen any more: it reports the deadlock and exits.
    func reportDeadlock() throws(JSFailure) {
        if abi.usesRunLoop {
            try instance.set(realm.keys.callbackShutdown, .boolean(true), realm)
            try run(0, 0)
        } else {
            let event = realm.makeObject()
            event.define(realm.keys.id, .number(0.0))
            try instance.set(realm.keys.pendingEvent, .object(event), realm)
            try resume()
        }
    }
}
