import Testing
import _TestSupport

@testable import GoWasm

@Suite("Imports")
struct ImportTests {
    private let sp = 1024

    @Test("frames are as large as Go's declarations say")
    func frames() {
        #expect(GoImport.wasmExit.frameSize == 12)
        #expect(GoImport.wasmWrite.frameSize == 28)
        #expect(GoImport.walltime.frameSize == 20)
        #expect(GoImport.scheduleTimeoutEvent.frameSize == 20)
        #expect(GoImport.valueGet.frameSize == 40)
        #expect(GoImport.valueSet.frameSize == 40)
        #expect(GoImport.valueIndex.frameSize == 32)
        #expect(GoImport.valueCall.frameSize == 65)
        #expect(GoImport.valueNew.frameSize == 49)
        #expect(GoImport.valuePrepareString.frameSize == 32)
        #expect(GoImport.valueInstanceOf.frameSize == 25)
        #expect(GoImport.copyBytesToGo.frameSize == 49)
        #expect(GoImport.copyBytesToJS.frameSize == 49)
    }

    @Test("properties are set, read, deleted; absent ones are undefined")
    func properties() throws {
        let guest = FakeGuest()
        let object = JSValue.object(guest.realm.makeObject())
        guest.put(object, at: sp + 8)
        guest.put("höhe", at: sp + 16)
        guest.put(.number(7.5), at: sp + 32)
        try guest.call(.valueSet)
        guest.put(UInt64.max, at: sp + 32)
        try guest.call(.valueGet)
        #expect(guest.value(at: sp + 32).isSame(as: .number(7.5)))
        try guest.call(.valueDelete)
        try guest.call(.valueGet)
        #expect(guest.get(UInt64.self, at: sp + 32) == 0)
        guest.put("never seen before", at: sp + 16)
        guest.put(UInt64.max, at: sp + 32)
        try guest.call(.valueGet)
        #expect(guest.get(UInt64.self, at: sp + 32) == 0)
    }

    @Test("elements and lengths")
    func elements() throws {
        let guest = FakeGuest()
        let array = JSValue.object(guest.realm.makeArray([]))
        guest.put(array, at: sp + 8)
        guest.put(Int64(2), at: sp + 16)
        guest.put(guest.string("third"), at: sp + 24)
        try guest.call(.valueSetIndex)
        try guest.call(.valueIndex)
        #expect(guest.value(at: sp + 24).isSame(as: guest.string("third")))
        guest.put(Int64(-1), at: sp + 16)
        try guest.call(.valueIndex)
        #expect(guest.value(at: sp + 24).isUndefined)
        try guest.call(.valueLength)
        #expect(guest.get(Int64.self, at: sp + 16) == 3)
        guest.put(guest.string("a😀"), at: sp + 8)
        try guest.call(.valueLength)
        #expect(guest.get(Int64.self, at: sp + 16) == 3)
        guest.put(.object(guest.realm.makeObject()), at: sp + 8)
        try guest.call(.valueLength)
        #expect(guest.get(Int64.self, at: sp + 16) == 0)
    }

    @Test("calls pass this and arguments")
    func calls() throws {
        let guest = FakeGuest()
        guest.put(try guest.global("Math"), at: sp + 8)
        guest.put("max", at: sp + 16)
        guest.put([.number(3.0), .number(9.0), guest.string("12")], at: sp + 32)
        try guest.call(.valueCall)
        #expect(guest.value(at: sp + 56).isSame(as: .number(12.0)))
        #expect(guest.get(UInt8.self, at: sp + 64) == 1)
        guest.put(try guest.global("Array"), at: sp + 8)
        guest.put([.number(4.0)], at: sp + 16)
        try guest.call(.valueNew)
        #expect(guest.value(at: sp + 40).array?.length == 4)
        #expect(guest.get(UInt8.self, at: sp + 48) == 1)
        try guest.call(.valueInvoke)
        #expect(guest.value(at: sp + 40).array?.length == 4)
    }

    @Test("exceptions are results")
    func exceptions() throws {
        let guest = FakeGuest()
        guest.put(try guest.global("Math"), at: sp + 8)
        guest.put("noSuchFunction", at: sp + 16)
        guest.put([], at: sp + 32)
        try guest.call(.valueCall)
        #expect(guest.get(UInt8.self, at: sp + 64) == 0)
        #expect(
            try guest.text(guest.value(at: sp + 56))
                == "TypeError: Function.prototype.apply was called on undefined, which is undefined and not a function")
        guest.put(try guest.global("Array"), at: sp + 8)
        guest.put([.number(-1.0)], at: sp + 16)
        try guest.call(.valueNew)
        #expect(guest.get(UInt8.self, at: sp + 48) == 0)
        #expect(try guest.text(guest.value(at: sp + 40)) == "RangeError: Invalid array length")
    }

    @Test("strings go to Go as bytes")
    func strings() throws {
        let guest = FakeGuest()
        guest.put("grüße", at: sp + 8)
        try guest.call(.stringVal)
        let text = guest.value(at: sp + 24)
        guest.put(text, at: sp + 8)
        try guest.call(.valuePrepareString)
        #expect(guest.get(Int64.self, at: sp + 24) == 7)
        guest.put(guest.value(at: sp + 16), at: sp + 8)
        guest.put(UInt64(4096), at: sp + 16)
        guest.put(UInt64(7), at: sp + 24)
        try guest.call(.valueLoadString)
        #expect(guest.bytes(4096..<4103) == Array("grüße".utf8))
        guest.put(.number(1e21), at: sp + 8)
        try guest.call(.valuePrepareString)
        #expect(guest.get(Int64.self, at: sp + 24) == 5)
    }

    @Test("bytes are copied to and from byte arrays only")
    func copyBytes() throws {
        let guest = FakeGuest()
        let bytes = try guest.new(guest.global("Uint8Array"), .number(4.0))
        guest.put(bytes, at: sp + 8)
        guest.put("abcdef", at: sp + 16)
        try guest.call(.copyBytesToJS)
        #expect(guest.get(Int64.self, at: sp + 40) == 4)
        #expect(guest.get(UInt8.self, at: sp + 48) == 1)
        guest.put(UInt64(5000), at: sp + 8)
        guest.put(UInt64(3), at: sp + 16)
        guest.put(bytes, at: sp + 32)
        try guest.call(.copyBytesToGo)
        #expect(guest.get(Int64.self, at: sp + 40) == 3)
        #expect(guest.bytes(5000..<5004) == Array("abc".utf8) + [0])
        guest.put(try guest.new(guest.global("Int16Array"), .number(4.0)), at: sp + 32)
        guest.put(Int64(77), at: sp + 40)
        try guest.call(.copyBytesToGo)
        #expect(guest.get(UInt8.self, at: sp + 48) == 0)
        #expect(guest.get(Int64.self, at: sp + 40) == 77)
    }

    @Test("results go where Go's stack is after a nested call")
    func movedStack() throws {
        let guest = FakeGuest()
        guest.onResume = { [unowned guest] in
            // What Go does: take the event, put the result in, and come back with another stack.
            let realm = guest.realm
            let event = try guest.host.instance.get(realm.keys.pendingEvent, realm)
            try guest.host.instance.set(realm.keys.pendingEvent, .null, realm)
            let argument = try realm.get(realm.get(event, realm.keys.args), PropertyKey(index: 0))
            try event.object?.set(realm.keys.result, .number(try realm.toNumber(argument) * 2), realm)
            guest.stackPointer = 2048
        }
        let wrapper = try guest.call(.object(guest.host.instance), "_makeFuncWrapper", .number(5.0))
        guest.put(wrapper, at: sp + 8)
        guest.put([.number(21.0)], at: sp + 16)
        guest.put(UInt64(0), at: sp + 40)
        try guest.call(.valueInvoke)
        #expect(guest.get(UInt64.self, at: sp + 40) == 0)
        #expect(guest.value(at: 2048 + 40).isSame(as: .number(42.0)))
        #expect(guest.get(UInt8.self, at: 2048 + 48) == 1)
    }

    @Test("an exit inside a nested call ends the outer one, too")
    func nestedExit() throws {
        let guest = FakeGuest()
        guest.onResume = { throw GuestExit(code: 3) }
        let wrapper = try guest.call(.object(guest.host.instance), "_makeFuncWrapper", .number(1.0))
        guest.put(wrapper, at: sp + 8)
        guest.put([], at: sp + 16)
        var code: Int32?
        do {
            try guest.call(.valueInvoke)
        } catch JSFailure.aborted(let cause) {
            code = (cause as? GuestExit)?.code
        }
        #expect(code == 3)
    }

    @Test("clocks")
    func clocks() throws {
        let guest = FakeGuest()
        try guest.call(.nanotime1)
        let first = guest.get(Int64.self, at: sp + 8)
        try guest.call(.nanotime1)
        #expect(guest.get(Int64.self, at: sp + 8) >= first)
        #expect(first > 1_600_000_000_000_000_000)
        try guest.call(.walltime)
        #expect(abs(guest.get(Int64.self, at: sp + 8) - first / 1_000_000_000) < 5)
        #expect((0..<1_000_000_000).contains(guest.get(Int32.self, at: sp + 16)))
    }

    @Test("no address, length or stack pointer of the guest reaches beyond its memory", arguments: GoImport.allCases)
    func hostileFrames(row: GoImport) {
        // Writing and leaving are the two that act on the outside.
        guard row != .wasmExit, row != .wasmWrite else { return }
        let guest = FakeGuest()
        let function = guest.host.function(for: row, of: "gojs")
        var random = SplitMix(seed: 7)
        let limits: [UInt64] = [
            0, 1, 7, 8, 65528, 65535, 65536, 65537, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 61, 1 << 63, .max - 7, .max,
        ]
        let stackPointers: [UInt32] = [0, 1, 1024, 65535, 65536, 65536 - 64, 65536 - 65, 1 << 31, .max, .max - 63]
        var faults = 0
        for round in 0..<400 {
            for offset in stride(from: 0, to: 72, by: 8) {
                let word = random.next() % 3 == 0 ? random.next() : limits[Int(random.next() % UInt64(limits.count))]
                guest.put(word, at: sp + offset)
            }
            do { try function(round % 2 == 0 ? UInt32(sp) : stackPointers[Int(random.next() % 10)]) } catch {
                faults += 1
            }
        }
        if row.frameSize > 8 { #expect(faults > 0) }
    }

    @Test("hostile writes and exits end the program, not the host")
    func hostileWrites() throws {
        let guest = FakeGuest()
        for (address, count) in [(UInt64.max, 8), (65530, 10), (0, -1), (1 << 40, 1)] as [(UInt64, Int32)] {
            guest.put(Int64(2), at: sp + 8)
            guest.put(address, at: sp + 16)
            guest.put(count, at: sp + 24)
            #expect(throws: GuestFault.self) { try guest.call(.wasmWrite) }
        }
        guest.put(Int32(-5), at: sp + 8)
        #expect(throws: GuestExit.self) { try guest.call(.wasmExit) }
        #expect(ExitStatus(code: -5).code == 251)
        #expect(ExitStatus(code: 261).code == 5)
    }

    @Test("a trace says what was read and returned, of the imports that are wanted")
    func trace() throws {
        nonisolated(unsafe) var calls: [HostCall] = []
        let guest = FakeGuest(
            trace: HostCallTrace(wants: { _, name in name != "runtime.walltime" }, report: { calls.append($0) }))
        guest.put(.object(guest.realm.global), at: sp + 8)
        guest.put("Array", at: sp + 16)
        try guest.call(.valueGet)
        #expect(calls.map(\.description) == ["syscall/js.valueGet(v=globalThis, p=\"Array\") = ref=function Array#7"])
        #expect(calls[0].module == "gojs" && calls[0].ending == .returned)
        #expect(calls[0].arguments[1].value == .text("Array", byteCount: 5))
        calls = []
        guest.put(Int64(250), at: sp + 8)
        try guest.call(.scheduleTimeoutEvent)
        try guest.call(.walltime)
        guest.put(Int32(3), at: sp + 8)
        #expect(throws: GuestExit.self) { try guest.call(.wasmExit) }
        #expect(
            calls.map(\.description) == [
                "runtime.scheduleTimeoutEvent(ms=250) = id=1", "runtime.wasmExit(code=3) exits",
            ])
        #expect(calls[1].start >= calls[0].start + calls[0].duration)
        calls = []
        guest.put(.undefined, at: sp + 8)
        guest.put("x", at: sp + 16)
        #expect(throws: (any Error).self) { try guest.call(.valueGet) }
        #expect(calls[0].description.hasPrefix("syscall/js.valueGet(v=undefined, p=\"x\") failed: "))
    }

    /// An import that may call Go's functions: where its arguments are put, and where its result is.
    private struct Calling: Sendable {
        let row: GoImport
        let result: Int
        let prepare: @Sendable (FakeGuest, _ run: JSValue) throws -> Void
    }

    /// Where the tests of ``moving(number:)`` put the arguments.
    private static let stack = 1024

    private static let calling: [Calling] = [
        Calling(row: .valueGet, result: 32) { guest, run in
            guest.put(try Self.object(guest, getting: "x", run), at: stack + 8)
            guest.put("x", at: stack + 16)
        },
        Calling(row: .valueIndex, result: 24) { guest, run in
            guest.put(try Self.object(guest, getting: "0", run), at: stack + 8)
            guest.put(Int64(0), at: stack + 16)
        },
        Calling(row: .valueCall, result: 56) { guest, run in
            let name = "x"
            let identity = guest.function { $0[0] }
            guest.put(try Self.object(guest, getting: name, run, identity), at: stack + 8)
            guest.put(name, at: stack + 16)
            guest.put([.number(7.0)], at: stack + 32)
        },
        Calling(row: .valueInvoke, result: 40) { guest, run in
            guest.put(run, at: stack + 8)
            guest.put([.number(7.0)], at: stack + 16)
        },
        Calling(row: .valueNew, result: 40) { guest, run in
            let function = guest.realm.makeFunction(construction: .native(try #require(run.function).code)) {
                _, _, _ throws(JSFailure) in .undefined
            }
            guest.put(.object(function), at: stack + 8)
            guest.put([.number(7.0)], at: stack + 16)
        },
        Calling(row: .valueLength, result: 16) { guest, run in
            guest.put(try Self.object(guest, getting: "length", run), at: stack + 8)
        },
        Calling(row: .valuePrepareString, result: 24) { guest, run in
            let object = guest.realm.makeObject()
            object.define(
                guest.realm.keys.toString,
                .object(
                    guest.realm.makeFunction { realm, _, _ throws(JSFailure) in
                        _ = try realm.call(realm.callable(run, "run"), this: .undefined)
                        return realm.string("seven..")
                    }))
            guest.put(.object(object), at: stack + 8)
        },
        Calling(row: .valueInstanceOf, result: 24) { guest, run in
            let object = guest.realm.makeObject()
            object.define(guest.realm.wellKnownSymbols.hasInstance.key, run)
            guest.put(.number(1.0), at: stack + 8)
            guest.put(.object(object), at: stack + 16)
        },
    ]

    /// An object with a property whose getter calls Go.
    private static func object(
        _ guest: FakeGuest, getting name: String, _ run: JSValue, _ result: JSValue? = nil
    ) throws -> JSValue {
        let object = guest.realm.makeObject()
        let getter = guest.realm.makeFunction { realm, _, _ throws(JSFailure) in
            let value = try realm.call(realm.callable(run, "run"), this: .undefined)
            return result ?? value
        }
        object.define(
            guest.realm.key(JSString.make(name)),
            .object(JSAccessor(getter: getter, setter: nil)), [.accessor, .configurable])
        return .object(object)
    }

    @Test("find Go's stack and memory again where Go has run meanwhile", arguments: calling.indices)
    func moving(number: Int) throws {
        let calling = Self.calling[number]
        let guest = FakeGuest(hasGuardPages: false)
        let behind = 70_000
        guest.onResume = {
            guest.growMemory()
            guest.stackPointer = UInt32(behind)
            // What was an argument is something else now.
            for address in stride(from: Self.stack + 8, to: Self.stack + 80, by: 8) {
                guest.put(UInt64.max, at: address)
            }
            guest.put(UInt64.max, at: 16384)
        }
        let run = JSValue.object(
            guest.realm.makeFunction { [unowned host = guest.host] _, _, _ throws(JSFailure) in
                try host.resume()
                return .number(7.0)
            })
        guest.stackPointer = UInt32(Self.stack)
        try calling.prepare(guest, run)
        try guest.call(calling.row)
        // As a number, as the first byte of a boolean, as the length behind a reference.
        let result = guest.value(at: behind + calling.result)
        let length = guest.get(Int64.self, at: behind + calling.result)
        switch calling.row {
        case .valueLength: #expect(length == 7)
        case .valuePrepareString: #expect(length == 7)
        case .valueInstanceOf: #expect(guest.get(UInt8.self, at: behind + calling.result) == 1)
        default: #expect(result.isSame(as: .number(7.0)))
        }
    }
}
