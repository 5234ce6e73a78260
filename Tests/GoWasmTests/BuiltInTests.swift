import HostSystem
import Testing

@testable import GoWasm

@Suite("Built-in objects")
struct BuiltInTests {
    private let guest = FakeGuest()

    @Test("functions called without the callback that they want say so")
    func missingCallback() throws {
        let guest = FakeGuest()
        let wanted = "TypeError: The \"cb\" argument must be of type function. Received undefined"
        let fs = try guest.global("fs")
        #expect(guest.exception { () throws(JSFailure) in try guest.call(fs, "read") } == wanted)
        // Before a call's arguments lie those of the call that it is made in.
        let outer = guest.realm.makeFunction { realm, _, _ throws(JSFailure) in
            let function = try realm.callable(realm.get(fs, realm.key("read")), "read")
            return try realm.call(function, this: fs)
        }
        let callback = guest.function { _ in .undefined }
        #expect(
            guest.exception { () throws(JSFailure) in
                try guest.realm.call(outer, this: .undefined, values: [callback])
            } == wanted)
    }

    @Test("arguments before the first and behind the last are undefined")
    func arguments() {
        var values: [JSValue] = [.null, .boolean(true), .null]
        values.withUnsafeMutableBufferPointer { values in
            let window = JSArguments(base: values.baseAddress! + 1, count: 1)
            for position in [-1, 1, Int.min, Int.max] { #expect(window[position].isSame(as: .undefined)) }
            #expect(window[0].isSame(as: .boolean(true)))
        }
    }

    @Test(
        "what Go's packages read when they are initialised is there",
        arguments: ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_EXCL", "O_DIRECTORY"])
    func constants(name: String) throws {
        let constants = try guest.global("fs", "constants")
        guard case .number = try guest.realm.get(constants, guest.realm.key(JSString.make(name))) else {
            Issue.record("fs.constants.\(name) is no number")
            return
        }
    }

    @Test(
        "globals that Go's packages use",
        arguments: [
            "Object", "Array", "Int8Array", "Int16Array", "Int32Array", "Uint8Array", "Uint16Array", "Uint32Array",
            "Float32Array", "Float64Array", "Uint8ClampedArray", "Date", "Promise", "Error", "TypeError", "Symbol",
            "Function", "Map", "Set", "WeakMap", "WeakRef", "DataView", "TextEncoder", "TextDecoder", "AbortController",
            "Headers", "AggregateError", "DOMException", "EvalError",
        ])
    func constructors(name: String) throws {
        let value = try guest.realm.global.get(guest.realm.key(JSString.make(name)), guest.realm)
        #expect(value.function != nil)
    }

    @Test(
        "what browsers have is absent", arguments: ["document", "window", "localStorage", "XMLHttpRequest", "eval"])
    func absent(name: String) throws {
        #expect(try guest.realm.global.get(guest.realm.key(JSString.make(name)), guest.realm).isUndefined)
    }

    @Test("arrays")
    func arrays() throws {
        let array = try guest.new(guest.global("Array"))
        try guest.call(array, "push", .number(3.0), .number(1.0), guest.string("b"), .number(10.0))
        #expect(try guest.text(guest.call(array, "join", guest.string("-"))) == "3-1-b-10")
        #expect(try guest.text(guest.call(array, "sort")) == "1,10,3,b")
        #expect(try guest.text(guest.call(array, "slice", .number(-2.0))) == "3,b")
        #expect(try guest.text(guest.call(array, "splice", .number(1.0), .number(2.0), .null)) == "10,3")
        #expect(try guest.text(array) == "1,,b")
        try array.object?.set(guest.realm.keys.length, .number(1.0), guest.realm)
        #expect(try guest.text(array) == "1")
        try array.object?.set(PropertyKey(index: 1_000_000_000), .number(7.0), guest.realm)
        #expect(array.array?.length == 1_000_000_001)
        #expect(array.array?[1_000_000_000].isSame(as: .number(7.0)) == true)
        #expect(
            guest.exception { () throws(JSFailure) in try guest.new(guest.global("Array"), .number(1.5)) }
                == "RangeError: Invalid array length")
    }

    @Test("map, filter, sort with functions")
    func arrayFunctions() throws {
        let array = JSValue.object(guest.realm.makeArray([.number(5.0), .number(1.0), .number(4.0)]))
        let double = guest.function { arguments in
            if case .number(let x) = arguments[0] { .number(x * 2) } else { .undefined }
        }
        #expect(try guest.text(guest.call(array, "map", double)) == "10,2,8")
        let descending = guest.function { arguments in
            guard case .number(let a) = arguments[0], case .number(let b) = arguments[1] else { return .undefined }
            return .number(b - a)
        }
        #expect(try guest.text(guest.call(array, "sort", descending)) == "5,4,1")
        let never = guest.function { _ in .number(.nan) }
        #expect(try guest.text(guest.call(array, "sort", never)) == "5,4,1")
    }

    @Test("functions can be called, applied and bound")
    func functions() throws {
        let concat = try guest.realm.get(.object(guest.realm.makeArray([])), guest.realm.key("concat"))
        let array = JSValue.object(guest.realm.makeArray([.number(1.0)]))
        let bound = try guest.call(concat, "bind", array, .number(2.0))
        #expect(try guest.text(guest.realm.call(bound.function!, this: .undefined, .number(3.0))) == "1,2,3")
        #expect(try guest.text(guest.call(concat, "call", array, .number(9.0))) == "1,9")
        #expect(
            try guest.text(guest.call(concat, "apply", array, .object(guest.realm.makeArray([.null, .number(8.0)]))))
                == "1,,8")
    }

    @Test("instanceof")
    func instances() throws {
        func isInstance(_ value: JSValue, _ name: StaticString) throws -> Bool {
            try guest.realm.isInstance(value, of: guest.global(name))
        }
        let error = try guest.new(guest.global("TypeError"), guest.string("x"))
        #expect(try isInstance(error, "TypeError"))
        #expect(try isInstance(error, "Error"))
        #expect(try !isInstance(error, "RangeError"))
        #expect(try isInstance(guest.global("Object"), "Function"))
        #expect(try isInstance(.object(guest.realm.makeArray([])), "Array"))
        #expect(try !isInstance(guest.string("x"), "String"))
        #expect(try guest.text(error) == "TypeError: x")
    }

    @Test("typed arrays share their buffer and convert as JavaScript does")
    func typedArrays() throws {
        let buffer = try guest.new(guest.global("ArrayBuffer"), .number(8.0))
        let bytes = try guest.new(guest.global("Uint8Array"), buffer)
        let words = try guest.new(guest.global("Int16Array"), buffer, .number(2.0), .number(2.0))
        try bytes.object?.set(PropertyKey(index: 2), .number(-1.0), guest.realm)
        try bytes.object?.set(PropertyKey(index: 3), .number(511.7), guest.realm)
        #expect(try guest.text(words) == "-1,0")
        let clamped = try guest.new(
            guest.global("Uint8ClampedArray"),
            .object(guest.realm.makeArray([.number(300.0), .number(-5.0), .number(1.5)])))
        #expect(try guest.text(clamped) == "255,0,2")
        #expect(
            guest.exception { () throws(JSFailure) in try guest.new(guest.global("Int16Array"), buffer, .number(1.0)) }
                == "RangeError: start offset of Int16Array should be a multiple of 2")
        #expect(
            guest.exception { () throws(JSFailure) in try guest.new(guest.global("Uint8Array"), .number(-1.0)) }
                == "RangeError: Invalid typed array length: -1")
        #expect(
            guest.exception { () throws(JSFailure) in
                try guest.new(guest.global("Uint8Array"), buffer, .number(4.0), .number(5.0))
            }
                == "RangeError: Invalid typed array length: 5")
    }

    @Test("views on the guest's memory, as Go 1.11 and 1.12 make them")
    func memoryViews() throws {
        let guest = FakeGuest(.go1_12)
        let memory = guest.host.references.load(0x7FF8_0000 << 32 | 6)
        let buffer = try guest.realm.get(memory, guest.realm.keys.buffer)
        let view = try guest.new(guest.global("Uint16Array"), buffer, .number(4096.0), .number(2.0))
        guest.put(UInt32(0x0003_0002), at: 4096)
        #expect(try guest.text(view) == "2,3")
        try view.object?.set(PropertyKey(index: 1), .number(258.0), guest.realm)
        #expect(guest.bytes(4098..<4100) == [2, 1])
        #expect(throws: JSFailure.self) {
            try guest.new(guest.global("Uint8Array"), buffer, .number(65536.0), .number(1.0))
        }
    }

    @Test("frozen objects stay as they are")
    func frozen() throws {
        let object = guest.realm.makeObject()
        let field = guest.realm.key("field")
        object.define(field, .number(5.0))
        try guest.call(guest.global("Object"), "freeze", .object(object))
        #expect(try !object.set(field, .number(6.0), guest.realm))
        #expect(try !object.set(guest.realm.key("other"), .number(6.0), guest.realm))
        #expect(!object.delete(field, guest.realm))
        #expect(try object.get(field, guest.realm).isSame(as: .number(5.0)))
    }

    @Test("keys come in the order of their creation, indices first")
    func keyOrder() throws {
        let object = guest.realm.makeObject()
        for name in ["b", "10", "a", "9", "01"] {
            try object.set(guest.realm.key(JSString.make(name)), .null, guest.realm)
        }
        #expect(try guest.text(guest.call(guest.global("Object"), "keys", .object(object))) == "9,10,b,a,01")
    }

    @Test("objects with many properties find, delete and keep them")
    func manyProperties() throws {
        let object = guest.realm.makeObject()
        func key(_ number: Int) -> PropertyKey { guest.realm.key(JSString.make("property \(number)")) }
        for number in 0..<300 { try object.set(key(number), .number(number), guest.realm) }
        for number in stride(from: 0, to: 300, by: 3) { object.delete(key(number), guest.realm) }
        for number in 0..<300 {
            let value = try object.get(key(number), guest.realm)
            #expect(number % 3 == 0 ? value.isUndefined : value.isSame(as: .number(number)))
        }
        #expect(object.properties.propertyCount == 200)
    }

    @Test("dates")
    func dates() throws {
        func iso(_ milliseconds: Double) throws -> String {
            try guest.text(guest.call(guest.new(guest.global("Date"), .number(milliseconds)), "toISOString"))
        }
        #expect(try iso(0) == "1970-01-01T00:00:00.000Z")
        #expect(try iso(-1) == "1969-12-31T23:59:59.999Z")
        #expect(try iso(951_782_400_000) == "2000-02-29T00:00:00.000Z")
        #expect(try iso(253_402_300_800_000) == "+010000-01-01T00:00:00.000Z")
        #expect(try iso(8.64e15) == "+275760-09-13T00:00:00.000Z")
        #expect(DateParser.parse(JSString.make("2006-01-02T15:04:05.678Z")) == 1_136_214_245_678)
        #expect(DateParser.parse(JSString.make("2006-01-02")) == 1_136_160_000_000)
        #expect(DateParser.parse(JSString.make("2006-01-02T15:04:05+01:30")) == 1_136_208_845_000)
        #expect(DateParser.parse(JSString.make("yesterday")).isNaN)
        #expect(
            try guest.realm.toNumber(
                guest.call(guest.global("Date"), "UTC", .number(2024.0), .number(1.0), .number(29.0)))
                == 1_709_164_800_000)
        #expect(
            guest.exception { () throws(JSFailure) in
                try guest.call(guest.new(guest.global("Date"), .number(.nan)), "toISOString")
            } == "RangeError: Invalid time value")
    }

    @Test(
        "console.log's line",
        arguments: [
            ("a", "a"), ("%d%%", "7%"), ("%s!", "7!"), ("100%", "100% 7"), ("%x", "%x 7"),
        ])
    func consoleFormat(format: String, line: String) throws {
        let values = format == "a" ? [guest.string(format)] : [guest.string(format), .number(7.0)]
        let text = try guest.realm.withArguments(count: values.count, fill: { values[$0] }) {
            (list) throws(JSFailure) in
            try guest.realm.consoleText(list)
        }
        #expect(text == line)
    }

    @Test("values as console.log shows them")
    func inspection() throws {
        let object = guest.realm.makeObject()
        object.define(guest.realm.key("a"), .number(1.0))
        object.define(
            guest.realm.key("b-c"), .object(guest.realm.makeArray([guest.string("it's"), .null, .undefined])))
        #expect(guest.realm.inspect(.object(object)) == "{ a: 1, 'b-c': [ \"it's\", null, undefined ] }")
        object.define(guest.realm.key("self"), .object(object))
        #expect(guest.realm.inspect(.object(object)).contains("[Object]"))
        #expect(guest.realm.inspect(try guest.global("setTimeout")) == "[Function: setTimeout]")
        #expect(
            guest.realm.inspect(try guest.new(guest.global("Uint8Array"), .number(2.0))) == "Uint8Array(2) [ 0, 0 ]")
    }

    @Test("endless recursion is a RangeError")
    func recursion() throws {
        let object = guest.realm.makeObject()
        var depth = 0
        func recurse(_ realm: JSRealm, _ this: JSValue, _ arguments: JSArguments) throws(JSFailure) -> JSValue {
            depth += 1
            return try realm.call(object.get(realm.keys.then, realm).function!, this: .undefined)
        }
        object.define(guest.realm.keys.then, .object(guest.realm.makeFunction(recurse)))
        // The stack of the thread that runs this test.
        guest.realm.adoptCurrentThread()
        let message = guest.exception { () throws(JSFailure) in try guest.call(.object(object), "then") }
        #expect(message == "RangeError: Maximum call stack size exceeded")
        #expect(depth > 100)
    }

    @Test("a list of a million objects goes without a million nested calls")
    func longChains() throws {
        let next = guest.realm.keys.then
        var last: JSObject? = guest.realm.makeObject()
        weak let first = last
        for index in 0..<1_000_000 {
            let holder = index % 2 == 0 ? guest.realm.makeObject() : guest.realm.makeArray([.object(last!)])
            if index % 2 == 0 { holder.define(next, .object(last!)) }
            if index % 1000 == 0 { holder.prototype = last }
            last = holder
        }
        #expect(first != nil)
        last = nil
        #expect(first == nil)
    }

    @Test("errors of the system have the code that Go looks up")
    func systemErrors() throws {
        let guest = FakeGuest(services: HostServices(files: FileSystem(allowsAllFiles: true)))
        func code(_ body: () throws(JSFailure) -> JSValue) -> String {
            do {
                _ = try body()
                return "none"
            } catch {
                return (try? guest.text(guest.realm.get(error.value, guest.realm.keys.code))) ?? "?"
            }
        }
        let fs = try guest.global("fs")
        #expect(
            code { () throws(JSFailure) in try guest.call(fs, "statSync", guest.string("/no/such/file")) } == "ENOENT")
        #expect(
            code { () throws(JSFailure) in try guest.call(fs, "readdirSync", guest.string("/dev/null")) } == "ENOTDIR")
        #expect(code { () throws(JSFailure) in try guest.call(fs, "closeSync", .number(4711.0)) } == "EBADF")
        #expect(
            code { () throws(JSFailure) in
                try guest.call(fs, "openSync", guest.string("a\0b"), .number(0.0), .number(0.0))
            } == "EINVAL")
        #expect(code { () throws(JSFailure) in try guest.call(fs, "statSync", guest.string("/")) } == "none")
        #expect(ErrorCode(9999).name == "EIO")
    }

    @Test("a file mode mask that a program sets is nobody else's")
    func fileModeMask() throws {
        let (guest, other) = (FakeGuest(), FakeGuest())
        func mask(_ guest: FakeGuest, _ new: JSValue) throws -> Double {
            try guest.realm.toNumber(guest.call(guest.global("process"), "umask", new))
        }
        let before = try mask(guest, .undefined)
        let another = Double(Int(before) ^ 0o7)
        #expect(try mask(guest, .number(another)) == before)
        #expect(try mask(guest, .undefined) == another)
        #expect(try mask(other, .undefined) == before)
    }
}
