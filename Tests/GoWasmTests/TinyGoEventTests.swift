import HostSystem
import Testing
import WasmFrontend
import WasmRuntime

@testable import GoWasm

@Suite("TinyGo's events and timers")
struct TinyGoEventTests {
    // MARK: - js.FuncOf

    @Test("_pendingEvent is null at the start")
    func noEvent() throws {
        let guest = try TinyGoGuest()
        #expect(try guest.get(.object(guest.host.instance), "_pendingEvent").isSame(as: .null))
    }

    @Test("a function of _makeFuncWrapper hands id, this and args to resume, and returns the event's result")
    func events() throws {
        let guest = try TinyGoGuest()
        var seen: [String] = []
        guest.code.resume = {
            let event = JSValue.object(try #require(try guest.takeEvent()))
            let args = try guest.get(event, "args")
            for value in [
                try guest.get(event, "id"), try guest.get(guest.get(event, "this"), "name"),
                try guest.get(args, "length"), try guest.get(args, "0"), try guest.get(args, "1"),
            ] { seen.append(guest.realm.inspect(value)) }
            try guest.set(event, "result", .number(42.0))
        }
        let function = try guest.makeFunction(id: 7)
        let receiver = JSValue.object(guest.realm.makeObject())
        try guest.set(receiver, "name", guest.string("me"))
        try guest.set(receiver, "f", .object(function))
        let arguments = guest.text("f") + guest.list([guest.string("a"), .number(2.0)])
        try guest.call("syscall/js.valueCall", [.i32(256), guest.reference(receiver)] + arguments)
        #expect(seen == ["7", "'me'", "2", "'a'", "2"] || seen == ["7", "me", "2", "a", "2"], "\(seen)")
        #expect(guest.value(at: 256).isSame(as: .number(42.0)) && guest.load(UInt8.self, at: 264) == 1)
    }

    @Test("a callback that blocks has returned undefined, without an error")
    func blocking() throws {
        let guest = try TinyGoGuest()
        var pending: JSObject?
        guest.code.resume = { pending = try guest.takeEvent() }
        let function = guest.reference(.object(try guest.makeFunction(id: 1)))
        try guest.call("syscall/js.valueInvoke", [.i32(256), function] + guest.list([]))
        #expect(guest.value(at: 256).isUndefined && guest.load(UInt8.self, at: 264) == 1)
        #expect(pending != nil)
    }

    @Test("callbacks nest: resume is called while Go runs, inside of valueCall, valueInvoke and valueNew")
    func nesting() throws {
        let guest = try TinyGoGuest()
        let function = try guest.makeFunction(id: 1)
        var depth = 0
        guest.code.resume = {
            let event = JSValue.object(try #require(try guest.takeEvent()))
            let level = try guest.realm.toNumber(guest.get(guest.get(event, "args"), "0"))
            depth = max(depth, Int(level))
            if level < 30 {
                let next = guest.list([.number(level + 1)], at: 8192 + UInt32(level) * 64)
                let place = 4096 + UInt32(level) * 16
                let row: TinyGoImport = Int(level) % 2 == 0 ? .valueInvoke : .valueNew
                try guest.call(row.rawValue, [.i32(place), guest.reference(.object(function))] + next)
            }
            try guest.set(event, "result", .number(level))
        }
        // JavaScript calls it for each element.
        let array = guest.reference(.object(guest.realm.makeArray([.number(0.0), .number(29.0)])))
        let arguments = guest.text("map") + guest.list([.object(function)])
        try guest.call("syscall/js.valueCall", [.i32(256), array] + arguments)
        #expect(depth == 30)
        #expect(guest.realm.inspect(guest.value(at: 256)).contains("29"))
        #expect(guest.load(UInt8.self, at: 264) == 1)
    }

    @Test("without an end, they end the program's calls with an exception and not the process")
    func recursion() throws {
        let guest = try TinyGoGuest()
        let function = guest.reference(.object(try guest.makeFunction(id: 1)))
        var calls = 0
        guest.code.resume = {
            calls += 1
            _ = try guest.takeEvent()
            try guest.call("syscall/js.valueInvoke", [.i32(256), function] + guest.list([]))
        }
        try guest.call("syscall/js.valueInvoke", [.i32(256), function] + guest.list([]))
        #expect(calls > 10)
    }

    @Test("a scheduler is what events and timers need: without one they end the program, with a reason")
    func noScheduler() throws {
        let guest = try TinyGoGuest(.init(hasScheduler: false))
        let function = guest.reference(.object(try guest.makeFunction(id: 1)))
        guest.code.start = { try guest.call("syscall/js.valueInvoke", [.i32(256), function] + guest.list([])) }
        let event = #expect(throws: ProgramError.self) { try guest.program.runToEnd() }
        #expect(event?.description == "trap: the program has no export resume")
        let other = try TinyGoGuest(.init(hasScheduler: false))
        other.code.start = { try other.call(.sleepTicks, .i64(1)) }
        let timer = #expect(throws: ProgramError.self) { try other.program.runToEnd() }
        #expect(timer?.description == "trap: the program has no export go_scheduler")
    }

    // MARK: - Timers

    @Test(
        "sleepTicks returns at once, and go_scheduler is called when the time is over",
        arguments: TinyGoImport.Ticks.allCases)
    func timers(ticks: TinyGoImport.Ticks) throws {
        let guest = try TinyGoGuest(.init(ticks: ticks, version: ticks == .milliseconds ? "0.33.0" : nil))
        let clock = guest.realm.host.clock
        var wakeUps: [Int64] = []
        func sleep(_ milliseconds: Double) throws {
            let time = ticks == .nanoseconds ? Value.i64(UInt64(milliseconds * 1e6)) : .f64(milliseconds.bitPattern)
            try guest.call(.sleepTicks, time)
        }
        guest.code.start = { try sleep(20.5) }
        guest.code.schedule = {
            wakeUps.append(clock.nanotime - clock.origin)
            if wakeUps.count < 3 { try sleep(10) }
        }
        #expect(try guest.program.runToEnd().code == (ticks == .nanoseconds ? 2 : 0))
        try #require(wakeUps.count == 3)
        for (time, due) in zip(wakeUps, [20_500_000, 30_500_000, 40_500_000] as [Int64]) {
            #expect(time >= due && time < due + 1_000_000)
        }
    }

    @Test("of several times only the earliest is waited for: the scheduler asks again for the others")
    func earliest() throws {
        let guest = try TinyGoGuest()
        let clock = guest.realm.host.clock
        var wakeUps: [Int64] = []
        guest.code.start = {
            for milliseconds in [300, 100, 200, 100] as [UInt64] {
                try guest.call(.sleepTicks, .i64(milliseconds * 1_000_000))
            }
        }
        guest.code.schedule = { wakeUps.append((clock.nanotime - clock.origin) / 1_000_000) }
        _ = try guest.program.runToEnd()
        #expect(wakeUps == [100])
    }

    @Test("times that are none, or negative, are over at once")
    func strangeTimes() throws {
        for bits in [Double.nan, -1, -.infinity, 0, -0.0].map(\.bitPattern) {
            let guest = try TinyGoGuest(.init(ticks: .milliseconds, version: "0.33.0"))
            var wakeUps = 0
            guest.code.start = { try guest.call(.sleepTicks, .f64(bits)) }
            guest.code.schedule = { wakeUps += 1 }
            #expect(try guest.program.runToEnd().code == 0)
            #expect(wakeUps == 1)
        }
        for time in [Value.i64(UInt64(bitPattern: -1)), .i64(1 << 63)] {
            let guest = try TinyGoGuest()
            var wakeUps = 0
            guest.code.start = { try guest.call(.sleepTicks, time) }
            guest.code.schedule = { wakeUps += 1 }
            _ = try guest.program.runToEnd()
            #expect(wakeUps == 1)
        }
        // Those without an end can be waited for, and something else happen meanwhile.
        for ticks in TinyGoImport.Ticks.allCases {
            let guest = try TinyGoGuest(.init(ticks: ticks))
            let endless = ticks == .nanoseconds ? Value.i64(UInt64(Int64.max)) : .f64(Double.infinity.bitPattern)
            let soon = ticks == .nanoseconds ? Value.i64(1000) : .f64(0.001.bitPattern)
            guest.code.start = {
                try guest.call(.sleepTicks, endless)
                try guest.call(.sleepTicks, soon)
            }
            guest.code.schedule = { try guest.call("proc_exit", [.i32(5)]) }
            #expect(try guest.program.runToEnd().code == 5)
        }
    }

    @Test("a simulated clock reaches the last time that there is, and programs go on there")
    func endOfTime() throws {
        let guest = try TinyGoGuest()
        var wakeUps = 0
        guest.code.start = { try guest.call(.sleepTicks, .i64(UInt64(Int64.max))) }
        guest.code.schedule = {
            wakeUps += 1
            if wakeUps < 3 { try guest.call(.sleepTicks, .i64(1000)) }
        }
        #expect(try guest.program.runToEnd().code == 2)
        #expect(wakeUps == 3)
        #expect(guest.realm.host.clock.nanotime == .max)
    }

    @Test("JavaScript's timers and promises go on beside Go's, and call Go")
    func javaScript() throws {
        let guest = try TinyGoGuest()
        var order: [String] = []
        guest.code.resume = {
            let event = JSValue.object(try #require(try guest.takeEvent()))
            order.append("event \(guest.realm.inspect(try guest.get(event, "id")))")
        }
        guest.code.schedule = { order.append("scheduler") }
        guest.code.start = {
            let timer = JSValue.object(try guest.makeFunction(id: 1))
            let job = JSValue.object(try guest.makeFunction(id: 2))
            for (method, list) in [("setTimeout", [timer, .number(5.0)]), ("queueMicrotask", [job])] {
                try guest.call(
                    "syscall/js.valueCall", [.i32(256), TinyGoGuest.global] + guest.text(method) + guest.list(list))
            }
            try guest.call(.sleepTicks, .i64(1_000_000))
        }
        _ = try guest.program.runToEnd()
        #expect(order == ["event 2", "scheduler", "event 1"])
    }
}
