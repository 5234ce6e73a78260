import Testing
import WasmFrontend
import WasmRuntime

@testable import GoWasm

@Suite("TinyGo's imports")
struct TinyGoImportTests {
    /// Where structures of results lie.
    private let ret: UInt32 = 128
    private static let unset = UInt64.max

    @Test(
        "have the types of C functions",
        arguments: [
            (.ticks, "() -> (i64)"), (.sleepTicks, "(i64) -> ()"), (.getRandomData, "(i32, i32, i32) -> ()"),
            (.argvString, "(i32, i32) -> (i32)"), (.envString, "(i32, i32) -> (i32)"),
            (.finalizeRef, "(i64) -> ()"), (.stringVal, "(i32, i32) -> (i64)"),
            (.valueGet, "(i64, i32, i32) -> (i64)"), (.valueSet, "(i64, i32, i32, i64) -> ()"),
            (.valueDelete, "(i64, i32, i32) -> ()"), (.valueIndex, "(i64, i32) -> (i64)"),
            (.valueSetIndex, "(i64, i32, i64) -> ()"), (.valueCall, "(i32, i64, i32, i32, i32, i32, i32) -> ()"),
            (.valueInvoke, "(i32, i64, i32, i32, i32) -> ()"), (.valueNew, "(i32, i64, i32, i32, i32) -> ()"),
            (.valueLength, "(i64) -> (i32)"), (.valuePrepareString, "(i32, i64) -> ()"),
            (.valueLoadString, "(i64, i32, i32, i32) -> ()"), (.valueInstanceOf, "(i64, i64) -> (i32)"),
            (.copyBytesToGo, "(i32, i32, i32, i32, i64) -> ()"), (.copyBytesToJS, "(i32, i64, i32, i32, i32) -> ()"),
        ] as [(TinyGoImport, String)])
    func types(row: TinyGoImport, type: String) {
        #expect(row.type(.nanoseconds).text == type)
        let millisecondType = row.type(.milliseconds).text
        switch row {
        case .ticks: #expect(millisecondType == "() -> (f64)")
        case .sleepTicks: #expect(millisecondType == "(f64) -> ()")
        default: #expect(millisecondType == type)
        }
    }

    @Test("that return a structure have its fields where C has them")
    func layouts() {
        #expect(TinyGoImport.valueCall.resultOffsets == [0, 8, 9])
        #expect(TinyGoImport.valueInvoke.resultOffsets == [0, 8, 9])
        #expect(TinyGoImport.valueNew.resultOffsets == [0, 8, 9])
        #expect(TinyGoImport.valuePrepareString.resultOffsets == [0, 8, 12])
        #expect(TinyGoImport.copyBytesToGo.resultOffsets == [0, 4, 5])
        #expect(TinyGoImport.copyBytesToJS.resultOffsets == [0, 4, 5])
        #expect(TinyGoImport.allCases.filter(\.returnsStructure).count == 6)
    }

    @Test("are found in both modules, gojs and env", arguments: ["gojs", "env"])
    func modules(_ module: String) throws {
        let guest = try TinyGoGuest(.init(importModule: module))
        #expect(try guest.value(.stringVal, .i32(0), .i32(0)).isSame(as: guest.string("")))
    }

    // MARK: - References

    @Test("name numbers by themselves, and other values by id and type flag")
    func references() throws {
        let guest = try TinyGoGuest()
        func bits(_ value: JSValue) throws -> UInt64 {
            try guest.set(guest.globalValue, "x", value)
            guard case .i64(let bits)? = try guest.call("syscall/js.valueGet", [TinyGoGuest.global] + guest.text("x"))
            else { return 1 }
            return bits
        }
        #expect(try bits(.undefined) == 0)
        #expect(try bits(.number(1.5)) == 1.5.bitPattern)
        #expect(try bits(.number(.nan)) == 0x7FF8_0000_0000_0000)
        #expect(try bits(.number(0.0)) == 0x7FF8_0000_0000_0001)
        #expect(try bits(.null) == 0x7FF8_0000_0000_0002)
        #expect(try bits(.boolean(true)) == 0x7FF8_0000_0000_0003)
        #expect(try bits(.boolean(false)) == 0x7FF8_0000_0000_0004)
        #expect(try bits(guest.globalValue) == 0x7FF8_0001_0000_0005)
        #expect(try bits(.object(guest.host.instance)) == 0x7FF8_0001_0000_0006)
        #expect(try bits(.object(guest.realm.makeObject())) >> 32 == 0x7FF8_0001)
        #expect(try bits(guest.string("text")) >> 32 == 0x7FF8_0002)
        #expect(try bits(guest.get(guest.get(guest.globalValue, "Symbol"), "iterator")) >> 32 == 0x7FF8_0003)
        #expect(try bits(guest.get(guest.globalValue, "Array")) >> 32 == 0x7FF8_0004)
        // Equal strings have one id; so have equal objects.
        #expect(try bits(guest.string("same")) == bits(guest.string("same")))
        // Minus zero is undefined, as its bits are no NaN.
        #expect(guest.host.references.load((-0.0).bitPattern).isUndefined)
    }

    @Test("finalizeRef gives up one reference, silently, and the last one frees the id")
    func finalizeRef() throws {
        let guest = try TinyGoGuest()
        let held = guest.host.references.liveCount
        let object = guest.reference(.object(guest.realm.makeObject()))
        #expect(guest.host.references.liveCount == held + 1)
        try guest.call(.finalizeRef, object)
        #expect(guest.host.references.liveCount == held)
        for bits in [object, TinyGoGuest.global, .i64(0), .i64(.max), TinyGoGuest.predefined(99_999, 1)] {
            try guest.call(.finalizeRef, bits)
        }
        #expect(guest.host.references.liveCount == held)
        #expect(guest.err.text == "")
    }

    // MARK: - Values

    @Test("stringVal makes a string of UTF-8, with U+FFFD for what is none")
    func stringVal() throws {
        let guest = try TinyGoGuest()
        guest.put([0x68, 0xC3, 0xB6, 0xFF, 0x21], at: 300)
        #expect(try guest.value(.stringVal, .i32(300), .i32(5)).isSame(as: guest.string("hö\u{FFFD}!")))
    }

    @Test("valueGet, valueSet and valueDelete are Reflect.get, .set and .deleteProperty")
    func properties() throws {
        let guest = try TinyGoGuest()
        let object = JSValue.object(guest.realm.makeObject())
        #expect(try guest.get(object, "höhe").isUndefined)
        try guest.set(object, "höhe", .number(7.5))
        #expect(try guest.get(object, "höhe").isSame(as: .number(7.5)))
        try guest.call("syscall/js.valueDelete", [guest.reference(object)] + guest.text("höhe"))
        #expect(try guest.get(object, "höhe").isUndefined)
    }

    @Test("valueIndex and valueSetIndex take an int of 32 bits")
    func elements() throws {
        let guest = try TinyGoGuest()
        let array = guest.reference(.object(guest.realm.makeArray([])))
        try guest.call(.valueSetIndex, array, .i32(2), guest.reference(guest.string("third")))
        #expect(try guest.value(.valueIndex, array, .i32(2)).isSame(as: guest.string("third")))
        #expect(try guest.value(.valueIndex, array, .i32(0)).isUndefined)
        try guest.call(.valueSetIndex, array, .i32(.max), guest.reference(.number(4.0)))
        #expect(try guest.get(guest.host.references.load(bits(array)), "-1").isSame(as: .number(4.0)))
        #expect(try guest.call(.valueLength, array) == .i32(3))
    }

    private func bits(_ value: Value) -> UInt64 {
        guard case .i64(let bits) = value else { return 0 }
        return bits
    }

    @Test("valueLength is v.length as an int of 32 bits")
    func lengths() throws {
        let guest = try TinyGoGuest()
        #expect(try guest.call(.valueLength, guest.reference(guest.string("a😀"))) == .i32(3))
        let object = JSValue.object(guest.realm.makeObject())
        #expect(try guest.call(.valueLength, guest.reference(object)) == .i32(0))
        try guest.set(object, "length", .number(4_294_967_298.9))
        #expect(try guest.call(.valueLength, guest.reference(object)) == .i32(2))
        try guest.set(object, "length", guest.string("-1"))
        #expect(try guest.call(.valueLength, guest.reference(object)) == .i32(.max))
    }

    @Test("valueInstanceOf returns 0 or 1")
    func instanceOf() throws {
        let guest = try TinyGoGuest()
        let array = guest.reference(.object(guest.realm.makeArray([])))
        let constructor = guest.reference(try guest.get(guest.globalValue, "Array"))
        #expect(try guest.call(.valueInstanceOf, array, constructor) == .i32(1))
        #expect(try guest.call(.valueInstanceOf, TinyGoGuest.global, constructor) == .i32(0))
        #expect(throws: JSFailure.self) { try guest.call(.valueInstanceOf, array, array) }
    }

    @Test("valueCall calls a method: the result at 0, and 1 behind it")
    func calls() throws {
        let guest = try TinyGoGuest()
        let math = guest.reference(try guest.get(guest.globalValue, "Math"))
        guest.store(Self.unset, at: ret + 8)
        let arguments = guest.text("max") + guest.list([.number(3.0), .number(9.0), guest.string("12")])
        try guest.call("syscall/js.valueCall", [.i32(ret), math] + arguments)
        #expect(guest.value(at: ret).isSame(as: .number(12.0)))
        // One byte of it is the guest's bool; the others stay as they are.
        #expect(guest.load(UInt64.self, at: ret + 8) == Self.unset - 0xFE)
    }

    @Test("valueCall returns what was thrown, and 0 behind it: by the method, and where there is none")
    func exceptions() throws {
        let guest = try TinyGoGuest()
        let json = guest.reference(try guest.get(guest.globalValue, "JSON"))
        for (receiver, method, message) in [
            (json, "parse", "SyntaxError"), (json, "absent", "TypeError"), (.i64(1.5.bitPattern), "x", "TypeError"),
        ] {
            guest.store(Self.unset, at: ret + 8)
            let arguments = guest.text(method) + guest.list([guest.string("{")])
            try guest.call("syscall/js.valueCall", [.i32(ret), receiver] + arguments)
            #expect(guest.load(UInt8.self, at: ret + 8) == 0)
            #expect(guest.realm.errorText(guest.value(at: ret)).hasPrefix(message))
        }
    }

    @Test("valueInvoke calls a function with no receiver")
    func invoke() throws {
        let guest = try TinyGoGuest()
        let function = guest.reference(try guest.get(guest.globalValue, "parseInt"))
        let arguments = guest.list([guest.string("101"), .number(2.0)])
        try guest.call("syscall/js.valueInvoke", [.i32(ret), function] + arguments)
        #expect(guest.value(at: ret).isSame(as: .number(5.0)) && guest.load(UInt8.self, at: ret + 8) == 1)
        try guest.call("syscall/js.valueInvoke", [.i32(ret), TinyGoGuest.global] + arguments)
        #expect(guest.load(UInt8.self, at: ret + 8) == 0)
    }

    @Test("valueNew constructs")
    func new() throws {
        let guest = try TinyGoGuest()
        let constructor = guest.reference(try guest.get(guest.globalValue, "Uint8Array"))
        try guest.call("syscall/js.valueNew", [.i32(ret), constructor] + guest.list([.number(4.0)]))
        #expect(guest.value(at: ret).typedArray?.length == 4 && guest.load(UInt8.self, at: ret + 8) == 1)
        try guest.call("syscall/js.valueNew", [.i32(ret), .i64(0)] + guest.list([]))
        #expect(guest.load(UInt8.self, at: ret + 8) == 0)
    }

    @Test("valuePrepareString and valueLoadString bring a text as bytes: reference at 0, length at 8")
    func strings() throws {
        let guest = try TinyGoGuest()
        for (value, text) in [
            (guest.string("grüße"), "grüße"), (.number(1.5), "1.5"), (.null, "null"), (.undefined, "undefined"),
        ] {
            guest.store(Self.unset, at: ret + 8)
            try guest.call(.valuePrepareString, .i32(ret), guest.reference(value))
            let count = UInt32(text.utf8.count)
            #expect(guest.load(UInt64.self, at: ret + 8) == UInt64(UInt32.max) << 32 | UInt64(count))
            let bytes = Value.i64(guest.load(UInt64.self, at: ret))
            try guest.call(.valueLoadString, bytes, .i32(3000), .i32(count), .i32(count))
            #expect(guest.bytes(at: 3000, count: Int(count)) == Array(text.utf8))
            // What is too short for it gets nothing, as in JavaScript.
            #expect(throws: JSFailure.self) {
                try guest.call(.valueLoadString, bytes, .i32(3000), .i32(count - 1), .i32(count))
            }
        }
    }

    @Test("copyBytesToGo copies what fits: count at 0, 1 at 4; of what holds no bytes only 0 at 4")
    func copyToGo() throws {
        let guest = try TinyGoGuest()
        let bytes = try guest.realm.makeByteArray(count: 4)
        bytes.bytes.copyBytes(from: [1, 2, 3, 4])
        for (room, count) in [(2, 2), (4, 4), (6, 4)] as [(UInt32, UInt32)] {
            guest.put([9, 9, 9, 9, 9, 9], at: 3000)
            guest.store(Self.unset, at: ret)
            try guest.call(
                .copyBytesToGo, .i32(ret), .i32(3000), .i32(room), .i32(room), guest.reference(.object(bytes)))
            #expect(guest.load(UInt64.self, at: ret) == 0xFFFF_FF01_0000_0000 | UInt64(count))
            #expect(
                guest.bytes(at: 3000, count: 6) == Array([1, 2, 3, 4][..<Int(count)])
                    + Array(repeating: 9, count: 6 - Int(count)))
        }
        guest.store(Self.unset, at: ret)
        try guest.call(.copyBytesToGo, .i32(ret), .i32(3000), .i32(4), .i32(4), TinyGoGuest.global)
        #expect(guest.load(UInt64.self, at: ret) == 0xFFFF_FF00_FFFF_FFFF)
    }

    @Test("copyBytesToJS is the other direction")
    func copyToJS() throws {
        let guest = try TinyGoGuest()
        let bytes = try guest.realm.makeByteArray(count: 4)
        guest.put([5, 6, 7, 8, 9], at: 3000)
        guest.store(Self.unset, at: ret)
        try guest.call(.copyBytesToJS, .i32(ret), guest.reference(.object(bytes)), .i32(3000), .i32(5), .i32(5))
        #expect(guest.load(UInt64.self, at: ret) == 0xFFFF_FF01_0000_0004)
        #expect(Array(bytes.bytes) == [5, 6, 7, 8])
        guest.store(Self.unset, at: ret)
        try guest.call(.copyBytesToJS, .i32(ret), guest.reference(guest.string("x")), .i32(3000), .i32(5), .i32(5))
        #expect(guest.load(UInt64.self, at: ret) == 0xFFFF_FF00_FFFF_FFFF)
    }

    @Test("exceptions of operations without a result for them end the program")
    func uncaught() throws {
        let guest = try TinyGoGuest()
        let number = Value.i64(1.5.bitPattern)
        #expect(throws: JSFailure.self) { try guest.call("syscall/js.valueGet", [number] + guest.text("x")) }
        #expect(throws: JSFailure.self) { try guest.call("syscall/js.valueSet", [number] + guest.text("x") + [number]) }
        #expect(throws: JSFailure.self) { try guest.call("syscall/js.valueDelete", [number] + guest.text("x")) }
        #expect(throws: JSFailure.self) { try guest.call(.valueIndex, number, .i32(0)) }
        #expect(throws: JSFailure.self) { try guest.call(.valueSetIndex, number, .i32(0), number) }
        #expect(throws: JSFailure.self) { try guest.call(.valueLength, .i64(0)) }
        guest.code.start = { try guest.call("syscall/js.valueGet", [number] + guest.text("x")) }
        let error = #expect(throws: ProgramError.self) { try guest.program.runToEnd() }
        #expect(error?.description == "uncaught exception: TypeError: Reflect.get called on non-object")
    }

    // MARK: - Package runtime

    @Test("ticks are the wall clock, in milliseconds or nanoseconds by the import's type")
    func ticks() throws {
        let new = try TinyGoGuest(.init(ticks: .nanoseconds))
        guard case .i64(let nanoseconds)? = try new.call(.ticks) else { preconditionFailure("no time") }
        #expect(nanoseconds == UInt64(new.realm.host.clock.origin))
        let old = try TinyGoGuest(.init(ticks: .milliseconds))
        guard case .f64(let milliseconds)? = try old.call(.ticks) else { preconditionFailure("no time") }
        #expect(Double(bitPattern: milliseconds) == Double(old.realm.host.clock.origin) / 1e6)
        #expect(try old.call(.ticks) == .f64((Double(old.realm.host.clock.origin + 1000) / 1e6).bitPattern))
    }

    @Test("getRandomData fills a slice, and no byte beside it")
    func random() throws {
        let guest = try TinyGoGuest()
        try guest.call(.getRandomData, .i32(3000), .i32(64), .i32(64))
        #expect(Set(guest.bytes(at: 3000, count: 64)).count > 16)
        #expect(guest.load(UInt64.self, at: 2992) == 0 && guest.load(UInt64.self, at: 3064) == 0)
    }

    @Test("argvString and envString copy their texts where there is room, and say how much it takes")
    func arguments() throws {
        let guest = try TinyGoGuest(arguments: ["a", "höhe"], environment: ["B": "2", "A": "1"])
        #expect(try guest.call(.argvString, .i32(0), .i32(0)) == .i32(12))
        #expect(try guest.call(.argvString, .i32(3000), .i32(11)) == .i32(12))
        #expect(guest.load(UInt64.self, at: 3000) == 0)
        try guest.call(.argvString, .i32(3000), .i32(12))
        #expect(guest.bytes(at: 3000, count: 13) == Array("main\0a\0höhe".utf8) + [0])
        #expect(try guest.call(.envString, .i32(3000), .i32(64)) == .i32(7))
        #expect(guest.bytes(at: 3000, count: 7) == Array("A=1\0B=2".utf8))
    }

    // MARK: - Hostile calls

    /// Address and length pairs that lead out of a memory of 65,536 bytes.
    private static let outside: [(UInt32, UInt32)] = [
        (65_536, 1), (65_535, 2), (0, .max), (.max, 1), (.max, .max), (1 << 31, 1 << 31), (65_530, 7),
    ]

    @Test("addresses and lengths that lead out of the memory end the program, also as signed numbers")
    func outOfBounds() throws {
        let guest = try TinyGoGuest()
        func refused(_ row: TinyGoImport, _ arguments: [Value], _ comment: Comment) {
            let fault = #expect(throws: GuestFault.self, comment) { try guest.call(row.rawValue, arguments) }
            #expect(fault?.description.hasPrefix("out of bounds memory access") == true, comment)
        }
        for (address, count) in Self.outside {
            let span = [Value.i32(address), .i32(count)]
            let slice = span + [.i32(count)]
            let comment = Comment(rawValue: "\(address), \(count)")
            refused(.getRandomData, slice, comment)
            refused(.argvString, span, comment)
            refused(.envString, span, comment)
            refused(.stringVal, span, comment)
            refused(.valueGet, [TinyGoGuest.global] + span, comment)
            refused(.valueSet, [TinyGoGuest.global] + span + [.i64(0)], comment)
            refused(.valueDelete, [TinyGoGuest.global] + span, comment)
            refused(.valueCall, [.i32(ret), TinyGoGuest.global] + span + guest.list([]), comment)
            refused(.valueCall, [.i32(ret), TinyGoGuest.global] + guest.text("x") + slice, comment)
            refused(.valueInvoke, [.i32(ret), TinyGoGuest.global] + slice, comment)
            refused(.valueNew, [.i32(ret), TinyGoGuest.global] + slice, comment)
            refused(.valueLoadString, [TinyGoGuest.global] + slice, comment)
            refused(.copyBytesToGo, [.i32(ret)] + slice + [TinyGoGuest.global], comment)
            refused(.copyBytesToJS, [.i32(ret), TinyGoGuest.global] + slice, comment)
        }
        // A slice of values whose length times eight has no room in 32 bits.
        refused(.valueInvoke, [.i32(ret), TinyGoGuest.global, .i32(0), .i32(0x2000_0001), .i32(0)], "times eight")
        for place in [65_536 - 4, 65_536, .max, 1 << 31] as [UInt32] {
            let comment = Comment(rawValue: "results at \(place)")
            refused(.valueCall, [.i32(place), TinyGoGuest.global] + guest.text("x") + guest.list([]), comment)
            refused(.valueInvoke, [.i32(place), TinyGoGuest.global] + guest.list([]), comment)
            refused(.valueNew, [.i32(place), TinyGoGuest.global] + guest.list([]), comment)
            refused(.valuePrepareString, [.i32(place), TinyGoGuest.global], comment)
            refused(.copyBytesToGo, [.i32(place), .i32(0), .i32(0), .i32(0), .i64(0)], comment)
            refused(.copyBytesToJS, [.i32(place), .i64(0), .i32(0), .i32(0), .i32(0)], comment)
        }
        // What ends with the memory is inside.
        #expect(try guest.value(.stringVal, .i32(65_536), .i32(0)).isSame(as: guest.string("")))
        #expect(throws: Never.self) { try guest.call(.getRandomData, .i32(65_528), .i32(8), .i32(8)) }
    }

    @Test(
        "results go where the memory is when the call ends: a callback may have made it grow", arguments: [true, false])
    func growth(usesGuardPages: Bool) throws {
        let guest = try TinyGoGuest(usesGuardPages: usesGuardPages)
        guest.code.resume = {
            _ = try guest.takeEvent()
            for _ in 0..<40 { #expect(guest.memory.grow(pages: 16) != nil) }
        }
        let function = try guest.makeFunction(id: 1)
        // An accessor runs before the arguments are used.
        let object = JSValue.object(guest.realm.makeObject())
        let descriptor = JSValue.object(guest.realm.makeObject())
        try guest.set(descriptor, "get", .object(function))
        let reflect = guest.reference(try guest.get(guest.globalValue, "Reflect"))
        try guest.call(
            "syscall/js.valueCall",
            [.i32(ret), reflect] + guest.text("defineProperty") + guest.list([object, guest.string("x"), descriptor]))
        try guest.call(
            "syscall/js.valueCall", [.i32(ret), guest.reference(object)] + guest.text("x") + guest.list([.number(1.0)]))
        #expect(guest.load(UInt8.self, at: ret + 8) == 0)
        #expect(guest.realm.errorText(guest.value(at: ret)).contains("not a function"))
    }

    @Test("that make small values end the program where it has more memory than it may")
    func memoryLimit() throws {
        let guest = try TinyGoGuest(memoryLimit: 4 << 20)
        _ = guest.program.instance.store.charging {
            #expect {
                for number in 0..<100_000 {
                    let text = guest.text("a text of some length, number \(number)")
                    try guest.call(.stringVal, text[0], text[1])
                }
            } throws: {
                if case JSFailure.aborted(is MemoryLimitReached) = $0 { true } else { false }
            }
        }
    }
}
