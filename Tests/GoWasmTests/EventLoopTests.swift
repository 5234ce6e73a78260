import HostSystem
import LibC
import Testing
import _TestSupport

@testable import GoWasm

@Suite("The event loop")
struct EventLoopTests {
    @Test("microtasks run before the next task, timers by deadline and then in order of creation")
    func order() throws {
        let guest = FakeGuest()
        var log: [String] = []
        let global = JSValue.object(guest.realm.global)
        func note(_ text: String, then: @escaping () -> Void = {}) -> JSValue {
            guest.function { _ in
                log.append(text)
                then()
                return .undefined
            }
        }
        try guest.call(global, "setTimeout", note("t10"), .number(10.0))
        try guest.call(
            global, "setTimeout", note("t0a") { _ = try? guest.call(global, "queueMicrotask", note("micro in t0a")) },
            .number(0.0))
        try guest.call(global, "setTimeout", note("t0b"), .number(1.0))
        let executor = guest.function { arguments in
            log.append("executor")
            _ = try? guest.realm.call(arguments[0].function!, this: .undefined, .number(5.0))
            return .undefined
        }
        let promise = try guest.new(guest.global("Promise"), executor)
        let second = try guest.call(
            promise, "then",
            guest.function { arguments in
                log.append("p\(NumberText.format((try? guest.realm.toNumber(arguments[0])) ?? .nan))")
                return .number(6.0)
            })
        try guest.call(second, "then", note("p6"))
        try guest.call(global, "queueMicrotask", note("micro"))
        let rejected = try guest.call(guest.global("Promise"), "reject", guest.string("no"))
        try guest.call(rejected, "catch", note("caught"))
        log.append("sync")
        try guest.host.runEventLoop()
        #expect(log == ["executor", "sync", "p5", "micro", "caught", "p6", "t0a", "micro in t0a", "t0b", "t10"])
    }

    @Test("arguments of setTimeout, clearTimeout, setInterval")
    func timers() throws {
        let guest = FakeGuest()
        let global = JSValue.object(guest.realm.global)
        var seen: [Double] = []
        let note = guest.function { arguments in
            if case .number(let number) = arguments[0] { seen.append(number) }
            return .undefined
        }
        try guest.call(global, "setTimeout", note, .number(2.0), .number(42.0))
        let cleared = try guest.call(global, "setTimeout", note, .number(1.0), .number(1.0))
        try guest.call(global, "clearTimeout", cleared)
        var interval = JSValue.undefined
        var ticks = 0
        interval = try guest.call(
            global, "setInterval",
            guest.function { _ in
                ticks += 1
                if ticks == 3 { _ = try? guest.call(global, "clearInterval", interval) }
                return .undefined
            }, .number(1.0))
        try guest.host.runEventLoop()
        #expect(seen == [42])
        #expect(ticks == 3)
    }

    @Test("timers that are armed when a simulated clock has reached its end wait for the next round, too")
    func timersAtTheEnd() throws {
        let guest = FakeGuest(services: HostServices(clock: Clock(simulatedFrom: 0)))
        guest.realm.host.clock.skip(.max)
        let global = JSValue.object(guest.realm.global)
        var log: [String] = []
        var interval = JSValue.undefined
        interval = try guest.call(
            global, "setInterval",
            guest.function { _ in
                log.append("interval")
                if log.count > 4 { _ = try? guest.call(global, "clearInterval", interval) }
                return .undefined
            }, .number(1.0))
        let immediate = guest.function { _ in
            log.append("immediate")
            return .undefined
        }
        try guest.call(global, "setImmediate", immediate)
        try guest.host.runEventLoop()
        #expect(log == ["interval", "immediate", "interval", "interval", "interval"])
    }

    @Test("a rejection that nobody hears of ends the program")
    func unhandledRejection() throws {
        let guest = FakeGuest()
        let error = try guest.new(guest.global("Error"), guest.string("lost"))
        try guest.call(guest.global("Promise"), "reject", error)
        #expect(throws: JSFailure.self) { try guest.host.runEventLoop() }
    }

    @Test("a thenable is adopted in one more microtask; Promise.all waits for all")
    func thenables() throws {
        let guest = FakeGuest()
        let thenable = guest.realm.makeObject()
        thenable.define(
            guest.realm.keys.then,
            guest.function { arguments in
                _ = try? guest.realm.call(arguments[0].function!, this: .undefined, .number(3.0))
                return .undefined
            })
        var result = ""
        let all = try guest.call(
            guest.global("Promise"), "all", .object(guest.realm.makeArray([.object(thenable), .number(4.0)])))
        try guest.call(
            all, "then",
            guest.function { arguments in
                result = guest.realm.inspect(arguments[0])
                return .undefined
            })
        try guest.host.runEventLoop()
        #expect(result == "[ 3, 4 ]")
    }

    @Test("a look at what is ready sees timers that are due, files and other threads, and waits for nothing")
    func readyEvents() throws {
        let guest = FakeGuest()
        let global = JSValue.object(guest.realm.global)
        var seen: Set<String> = []
        func note(_ text: String) -> JSValue {
            guest.function { _ in
                seen.insert(text)
                return .undefined
            }
        }
        try guest.call(global, "setTimeout", note("due"), .number(1.0))
        try guest.call(global, "setTimeout", note("in an hour"), .number(3_600_000.0))
        let mailbox = try #require(guest.realm.events.makeMailbox())
        let function = ThreadBound(note("posted").function!)
        let realm = ThreadBound(guest.realm)
        mailbox.post { () throws(JSFailure) in _ = try realm.value.call(function.value, this: .undefined) }
        usleep(2000)
        try guest.host.runEventLoop(onlyReady: true)
        #expect(seen == ["due", "posted"])
    }

    @Test("the end of the program is not lost in a getter that it comes from")
    func lostEnd() throws {
        struct End: Error {}
        let guest = FakeGuest()
        guest.onResume = { throw End() }
        let accessor = JSAccessor(
            getter: guest.realm.makeFunction { [unowned host = guest.host] _, _, _ throws(JSFailure) in
                try host.resume()
                return .undefined
            }, setter: nil)
        let error = try #require(guest.realm.makeError(guest.realm.prototypes.error, "x").value.object)
        error.define(guest.realm.keys.message, .object(accessor), [.enumerable, .accessor])
        let value = JavaScriptValue(.object(error), guest.realm)
        // No exception, which a program's host might go on after.
        #expect(throws: JSFailure.self) { try value.convert(to: [String: Int].self) }
        // What describes an exception cannot throw: the loop does.
        #expect(JavaScriptError(value).message == "")
        let thrown = #expect(throws: JSFailure.self) { try guest.host.runEventLoop() }
        guard case .aborted(is End) = thrown else {
            Issue.record("another error: \(String(describing: thrown))")
            return
        }
    }

    @Test("timeout events resume Go, missed ones again, cleared ones never", arguments: GoABI.Generation.allCases)
    func timeoutEvents(generation: GoABI.Generation) throws {
        let guest = FakeGuest(generation)
        var count = 0
        var id: Int32 = 0
        let enter = {
            count += 1
            // From 1.13 on an event that Go has not taken note of comes again.
            if generation >= .go1_13, count == 2 { guest.host.clearTimeout(id) }
        }
        guest.onResume = enter
        guest.onRun = enter
        let start = guest.realm.host.clock.elapsed
        id = guest.host.scheduleTimeout(milliseconds: 1)
        let cleared = guest.host.scheduleTimeout(milliseconds: 1)
        guest.host.clearTimeout(cleared)
        guest.host.clearTimeout(cleared)
        guest.host.clearTimeout(99)
        #expect((id, cleared) == (1, 2))
        try guest.host.runEventLoop()
        #expect(count == (generation >= .go1_13 ? 2 : 1))
        #expect(guest.realm.host.clock.elapsed - start >= (generation < .go1_21 ? 2_000_000 : 1_000_000))
    }

    @Test("long delays are waited for, not fired at once")
    func longDelay() throws {
        let guest = FakeGuest(.go1_11)
        for delay in [Int64.max, 1 << 31, 1_000_000_000, -5] { _ = guest.host.scheduleTimeout(milliseconds: delay) }
        let events = guest.realm.events
        Thread.sleep(milliseconds: 3)
        let now = guest.realm.host.clock.elapsed
        #expect(events.takeTimer(dueAt: now) != nil)
        #expect(events.takeTimer(dueAt: now) == nil)
        #expect(events.isAlive)
    }

    @Test("when nothing is left to come, Go hears of it", arguments: GoABI.Generation.allCases)
    func deadlock(generation: GoABI.Generation) throws {
        let guest = FakeGuest(generation)
        var wasTold = false
        guest.onResume = {
            let event = try guest.host.instance.get(guest.realm.keys.pendingEvent, guest.realm)
            wasTold = try guest.realm.get(event, guest.realm.keys.id).isSame(as: .number(0.0))
            throw GuestExit(code: 2)
        }
        var runs = 0
        guest.onRun = {
            runs += 1
            let flag = try guest.host.instance.get(guest.realm.keys.callbackShutdown, guest.realm)
            if flag.isTruthy {
                wasTold = true
                throw GuestExit(code: 2)
            }
        }
        let abi = GoABI(generation: generation)
        let block = try ArgumentBlock(arguments: ["js"], environment: [], abi)
        #expect(try GoProgram.execute(guest.host, block).code == 2)
        #expect(wasTold)
        #expect(runs == (generation == .go1_11 ? 2 : 1))
    }

    @Test("callbacks of 1.11 wait in a queue and wake the run loop once")
    func callbackQueue() throws {
        let guest = FakeGuest(.go1_11)
        let queue = try guest.new(guest.global("Array"))
        let callback = try guest.call(
            guest.global("Go"), "_makeCallbackHelper", .number(4.0), queue, .object(guest.host.instance))
        var runs = 0
        guest.onRun = { runs += 1 }
        #expect(try guest.realm.call(callback.function!, this: .undefined, .number(1.0), .number(2.0)).isUndefined)
        _ = try guest.realm.call(callback.function!, this: .undefined)
        #expect(runs == 0)
        try guest.host.runEventLoop()
        #expect(runs == 1)
        let call = try guest.call(queue, "shift")
        #expect(try guest.realm.get(call, guest.realm.keys.id).isSame(as: .number(4.0)))
        #expect(try guest.text(guest.realm.get(call, guest.realm.keys.args)) == "1,2")
        #expect(try guest.realm.get(guest.call(queue, "shift"), guest.realm.keys.id).isSame(as: .number(4.0)))
        #expect(try guest.call(queue, "shift").isUndefined)
    }

    @Test("event callbacks of 1.11 call the chosen methods at once")
    func eventCallbacks() throws {
        let guest = FakeGuest(.go1_11)
        var log: [String] = []
        func note(_ text: String) -> JSValue {
            guest.function { _ in
                log.append(text)
                return .undefined
            }
        }
        let event = guest.realm.makeObject()
        for name in ["preventDefault", "stopPropagation", "stopImmediatePropagation"] {
            event.define(guest.realm.key(JSString.make(name)), note(name))
        }
        let helper = try guest.call(
            guest.global("Go"), "_makeEventCallbackHelper", .boolean(true), .boolean(false), .boolean(true),
            note("callback"))
        _ = try guest.realm.call(helper.function!, this: .undefined, .object(event))
        #expect(log == ["preventDefault", "stopImmediatePropagation", "callback"])
    }

    @Test("a read that has to wait does not hold up timers")
    func pendingRead() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { _ = close($0) } }
        let guest = FakeGuest()
        var log: [String] = []
        let bytes = try #require(try guest.new(guest.global("Uint8Array"), .number(8.0)).typedArray)
        let callback = guest.function { arguments in
            log.append("read \(guest.realm.inspect(arguments[0])) \(guest.realm.inspect(arguments[1]))")
            return .undefined
        }
        guest.realm.events.start(
            PendingTransfer(
                direction: .read, file: OpenFile(borrowing: ends[0]), buffer: bytes, range: 2..<8,
                callback: callback.function!))
        let writer = guest.function { _ in
            log.append("timer")
            _ = write(ends[1], "abc", 3)
            return .undefined
        }
        try guest.call(.object(guest.realm.global), "setTimeout", writer, .number(5.0))
        try guest.host.runEventLoop()
        #expect(log == ["timer", "read null 3"])
        #expect(Array(bytes.bytes) == [0, 0] + Array("abc".utf8) + [0, 0, 0])
    }

    @Test("writes that have to wait keep their order and do not hold up timers")
    func pendingWrites() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { _ = close($0) } }
        let guest = FakeGuest()
        var log: [String] = []
        let file = OpenFile(borrowing: ends[1])
        // More than any pipe takes, and then a little that has to come behind it.
        let count = 3 << 20
        for (value, size) in [(UInt8(1), count), (2, 1)] {
            let bytes = try #require(
                try guest.new(guest.global("Uint8Array"), .number(Double(size))).typedArray)
            bytes.bytes.initializeMemory(as: UInt8.self, repeating: value)
            let callback = guest.function { arguments in
                log.append("written \(guest.realm.inspect(arguments[1]))")
                return .undefined
            }
            guest.realm.events.start(
                PendingTransfer(
                    direction: .write, file: file, buffer: bytes, range: 0..<size, callback: callback.function!))
        }
        var received: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { piece.deallocate() }
        var reader = JSValue.undefined
        reader = guest.function { _ in
            if received.isEmpty { log.append("timer") }
            while received.count <= count, Descriptors.isReadable(ends[0]) {
                received += piece.prefix(read(ends[0], piece.baseAddress, piece.count))
            }
            if received.count <= count {
                _ = try? guest.call(.object(guest.realm.global), "setTimeout", reader, .number(1.0))
            }
            return .undefined
        }
        try guest.call(.object(guest.realm.global), "setTimeout", reader, .number(2.0))
        try guest.host.runEventLoop()
        #expect(log == ["timer", "written \(count)", "written 1"])
        #expect(received.count == count + 1)
        #expect(received.prefix(count).allSatisfy { $0 == 1 } && received.last == 2)
    }

    @Test("timers come by deadline and then by id, whatever was added and removed before")
    func timerHeap() {
        var random = SplitMix(seed: 1)
        var heap = TimerHeap()
        var expected: [(deadline: Int64, id: Int32)] = []
        // Those that the program does not wait for.
        var unreferenced: Set<Int32> = []
        var largest = 0
        for round: Int32 in 1...20_000 {
            switch random.next() % 8 {
            case 0..<4:
                let deadline = Int64(random.next() % 500)
                // Some are set to another time.
                let known = random.next() % 5 == 0 ? expected.randomElement(using: &random)?.id : nil
                let id = known ?? round
                let isReferenced = random.next() & 1 == 0
                heap.insert(
                    EventLoop.Timer(deadline: deadline, id: id, action: .go(id: -id), isReferenced: isReferenced))
                expected.removeAll { $0.id == id }
                expected.append((deadline, id))
                if isReferenced { unreferenced.remove(id) } else { unreferenced.insert(id) }
            case 4, 5:
                // Of every other number there is no timer, or none any more.
                let id = Int32(random.next() % UInt64(round)) + 1
                if random.next() & 1 == 0, expected.contains(where: { $0.id == id }) {
                    let isReferenced = random.next() & 1 == 0
                    heap.setReferenced(id, isReferenced)
                    if isReferenced { unreferenced.remove(id) } else { unreferenced.insert(id) }
                    continue
                }
                heap.remove(id)
                expected.removeAll { $0.id == id }
            default:
                let now = Int64(random.next() % 500)
                let first = expected.filter { $0.deadline <= now }.min { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
                let timer = heap.takeFirst(dueAt: now)
                #expect(timer?.id == first?.id && timer?.deadline == first?.deadline)
                if let timer, case .go(let id) = timer.action { #expect(id == -timer.id) }
                expected.removeAll { $0.id == first?.id }
            }
            #expect(heap.isEmpty == expected.isEmpty)
            #expect(heap.areAwaited == !expected.allSatisfy { unreferenced.contains($0.id) })
            largest = max(largest, expected.count)
            if round % 2000 == 0 {
                while let timer = heap.takeFirst(dueAt: .max) {
                    let first = expected.min { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
                    #expect(timer.id == first?.id)
                    expected.removeAll { $0.id == timer.id }
                }
                // What was removed takes no memory any more.
                #expect(expected.isEmpty && heap.count == 0)
            }
        }
        #expect(largest > 100)
    }

    @Test("file operations call back in a task of their own")
    func completions() throws {
        let guest = FakeGuest()
        var log: [String] = []
        let bytes = try guest.new(guest.global("Uint8Array"), .number(0.0))
        try guest.call(
            guest.global("fs"), "write", .number(1.0), bytes, .number(0.0), .number(0.0), .null,
            guest.function { arguments in
                log.append("written \(guest.realm.inspect(arguments[0])) \(guest.realm.inspect(arguments[1]))")
                return .undefined
            })
        try guest.call(
            guest.global("fs"), "open", guest.string(#filePath), .number(0.0), .number(0.0),
            guest.function { arguments in
                log.append((try? guest.text(guest.realm.get(arguments[0], guest.realm.keys.code))) ?? "?")
                return .undefined
            })
        log.append("sync")
        try guest.host.runEventLoop()
        #expect(log == ["sync", "written null 0", "EACCES"])
    }
}

/// Sleeping, without Foundation.
private enum Thread {
    static func sleep(milliseconds: Int) {
        var time = timespec(tv_sec: 0, tv_nsec: milliseconds * 1_000_000)
        nanosleep(&time, nil)
    }
}
