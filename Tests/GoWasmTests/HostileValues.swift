import HostSystem
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// Values that a hostile program may pass to any function of the host, each with a name for reports.
struct HostileValues {
    /// Kinds of values that can be left out, to look for what lies behind a fault that is known.
    struct Kinds: OptionSet {
        let rawValue: Int
        /// Arrays that are long by name only.
        static let huge = Kinds(rawValue: 1)
        /// Texts of a mebibyte and arrays of many elements, with which calls take long.
        static let long = Kinds(rawValue: 2)
        static let all: Kinds = [.huge, .long]
    }

    /// The numbers, for every place where one may stand.
    static let numbers: [Double] = [
        0, -0.0, 1, -1, 0.5, -0.5, 2, 7, .nan, .infinity, -.infinity, 255, 256, 65535, 65536, 0x7FFF_FFFF, 0x8000_0000,
        -0x8000_0000, -0x8000_0001, 0xFFFF_FFFF, 0x1_0000_0000, -0x1_0000_0000, 9_007_199_254_740_991,
        9_007_199_254_740_992, -9_007_199_254_740_992, 0x1p63, -0x1p63, 1e19, -1e19, 1e21, 1e308, -1e308,
        .leastNonzeroMagnitude, 8.64e15, -8.64e15,
    ]

    private static let texts: [String] = [
        "", "a", "0", "-1", "1e19", "-1e308", "0x7fffffffffffffff", "NaN", "\u{1F600}é", "__proto__", "length",
        "constructor", "then", "valueOf", "/w", "/w/file", "/w/dir", "/w/dir/new", "/w/link", "../x", ".", "/", "r",
        "utf-8", "base64", "2006-01-02T15:04:05.999999999999999999999Z", "9999-99-99", "+275760-09-13T00:00:00.001Z",
        "%E4%", "%f0%9f%98%80", "[[[[{\"a\":1e999}]]]]", "{\"__proto__\":[]}", "GET", "http://127.0.0.1:1/", "$&$'$`$$",
        "a\0b", "0b2", "\\ud800",
    ]

    /// What the values are called in reports; of the same order.
    private(set) var names: [String] = []
    private(set) var values: [JSValue] = []
    private let guest: FakeGuest

    /// Makes the values in the realm of a guest.
    ///
    /// - Parameter addresses: Texts that name something outside, such as a server.
    init(_ guest: FakeGuest, kinds: Kinds = .all, addresses: [String] = []) throws {
        self.guest = guest
        for number in Self.numbers { add("\(number)", .number(number)) }
        for text in Self.texts + addresses { add(text.debugDescription, guest.string(text)) }
        add("a lone surrogate", .string(JSString.make(utf16: [0xD800, 0x61, 0xDC00])))
        add("undefined", .undefined)
        add("null", .null)
        add("true", .boolean(true))
        add("false", .boolean(false))
        if kinds.contains(.long) {
            add("a text of a mebibyte", guest.string(String(repeating: "x", count: 1 << 20)))
        }
        try addArrays(kinds)
        try addBuffers()
        try addCollections()
        try addFunctions()
        addObjects()
    }

    private mutating func add(_ name: String, _ value: JSValue) {
        names.append(name)
        values.append(value)
    }

    private var realm: JSRealm { guest.realm }

    private func array(_ elements: JSValue...) -> JSArray { realm.makeArray(ContiguousArray(elements)) }

    private func object(_ properties: KeyValuePairs<String, JSValue>) -> JSObject {
        let object = realm.makeObject()
        for (name, value) in properties { object.define(realm.key(JSString.make(name)), value) }
        return object
    }

    private mutating func addArrays(_ kinds: Kinds) throws {
        add("[]", .object(array()))
        add("[1, 2, 3]", .object(array(.number(1.0), .number(2.0), .number(3.0))))
        add("[-1e19, 1e19]", .object(array(.number(-1e19), .number(1e19))))
        add("[NaN, 2^53]", .object(array(.number(.nan), .number(9_007_199_254_740_992))))
        add("[[], [[]]]", .object(array(.object(array()), .object(array(.object(array()))))))
        let cyclic = array(.number(1.0))
        try cyclic.append(.object(cyclic), realm)
        add("an array in itself", .object(cyclic))
        if kinds.contains(.long) {
            let holes = array(.string(JSString.make("x")))
            try holes.set(PropertyKey(index: 100_000), .number(1.0), realm)
            add("an array with holes", .object(holes))
            // Whatever copies its elements takes gigabytes.
            let text = guest.string(String(repeating: "long", count: 1 << 18))
            add("an array of long texts", .object(realm.makeArray(ContiguousArray(repeating: text, count: 5000))))
        }
        let frozen = array(.number(1.0), .number(2.0))
        frozen.freeze()
        add("a frozen array", .object(frozen))
        if kinds.contains(.huge) {
            let longest = JSArray(length: JSArray.maximumLength, prototype: realm.prototypes.array)
            add("new Array(2^32 - 1)", .object(longest))
        }
    }

    private mutating func addBuffers() throws {
        let buffer = try guest.new(guest.global("ArrayBuffer"), .number(24.0))
        add("an ArrayBuffer", buffer)
        add("an empty ArrayBuffer", try guest.new(guest.global("ArrayBuffer"), .number(0.0)))
        for element in JSTypedArray.Element.allCases {
            let constructor = try realm.get(.object(realm.global), realm.key(element.constructorName))
            add("\(element.constructorName)", try guest.new(constructor, buffer, .number(8.0), .number(1.0)))
        }
        add("an empty Uint8Array", try guest.new(guest.global("Uint8Array"), .number(0.0)))
        add(
            "a Uint8Array on the guest's memory",
            .object(
                JSTypedArray(
                    .uint8, storage: GuestStorage(realm.host.guestMemory), byteOffset: 65_000, length: 1000,
                    prototype: realm.prototypes.typedArray(.uint8))))
        add("a DataView", try guest.new(guest.global("DataView"), buffer, .number(3.0)))
    }

    private mutating func addCollections() throws {
        let map = try guest.new(guest.global("Map"))
        try guest.call(map, "set", map, map)
        add("a map of itself", map)
        let set = try guest.new(guest.global("Set"))
        try guest.call(set, "add", set)
        add("a set of itself", set)
        for name in ["WeakMap", "WeakSet"] as [StaticString] { add("\(name)", try guest.new(guest.global(name))) }
        add("a date", try guest.new(guest.global("Date"), .number(0.0)))
        add("an invalid date", try guest.new(guest.global("Date"), .number(.nan)))
        add("a promise", try guest.call(guest.global("Promise"), "resolve", .number(1.0)))
        add("a symbol", try guest.global("Symbol", "iterator"))
        add("an error", try guest.new(guest.global("RangeError"), guest.string("x")))
        for name in ["TextEncoder", "TextDecoder", "Headers", "AbortController", "Response"] as [StaticString] {
            if let value = try? guest.new(guest.global(name)) { add("a \(name)", value) }
        }
        for value in [JSValue.number(1e19), guest.string("wrapped"), .boolean(true)] {
            add("a wrapper of \(value.typeName)", .object(try realm.toObject(value)))
        }
    }

    private mutating func addFunctions() throws {
        let identity = guest.realm.makeFunction(construction: .ordinary) { _, _, arguments throws(JSFailure) in
            arguments[0]
        }
        add("x => x", .object(identity))
        add(
            "() => { throw 1e19 }",
            .object(realm.makeFunction { _, _, _ throws(JSFailure) in throw .thrown(.number(1e19)) }))
        add("x => x, bound", try guest.call(.object(identity), "bind", .null, .number(-1e19)))
        // Whoever calls back has its arrays and maps changed meanwhile.
        var found: [JSValue] = []
        for (name, value) in zip(names, values) where !name.hasPrefix("new Array") {
            if value.array != nil || value.object?.kind == .map || value.object?.kind == .set { found.append(value) }
        }
        let targets = found
        var turn = 0
        func meddle(_ realm: JSRealm) throws(JSFailure) -> JSValue {
            turn &+= 1
            for target in targets {
                if let array = target.array {
                    let length = [0.0, 1, 4, 30][turn & 3]
                    try array.set(realm.keys.length, .number(length), realm)
                } else if let object = target.object {
                    let name: StaticString = turn & 1 == 0 ? "clear" : "values"
                    if let clear = try object.get(realm.key(name), realm).function {
                        _ = try realm.call(clear, this: target)
                    }
                }
            }
            return .number(HostileValues.numbers[turn % HostileValues.numbers.count])
        }
        let meddler = realm.makeFunction { realm, _, _ throws(JSFailure) in try meddle(realm) }
        add("a function that changes the others", .object(meddler))
        add("an object whose valueOf changes the others", .object(object(["valueOf": .object(meddler)])))
        add("an object whose toString changes the others", .object(object(["toString": .object(meddler)])))
        add(
            "an object whose length changes the others",
            .object(object(["length": .object(object(["valueOf": .object(meddler)])), "0": .number(1.0)])))
        addIterables(meddler)
    }

    private mutating func addIterables(_ meddler: JSFunction) {
        var rest = 3
        let next = realm.makeFunction { realm, _, _ throws(JSFailure) in
            rest -= 1
            let result = realm.makeObject()
            result.define(realm.keys.done, .boolean(rest < 0))
            result.define(realm.keys.value, .number(1e19))
            if rest < 0 { rest = 3 }
            return .object(result)
        }
        let iterator = object(["next": .object(next), "return": .object(meddler)])
        let iterable = realm.makeObject()
        iterable.define(
            realm.wellKnownSymbols.iterator.key,
            .object(realm.makeFunction { _, _, _ throws(JSFailure) in .object(iterator) }))
        add("an iterable", .object(iterable))
        add("an iterator", .object(iterator))
    }

    private mutating func addObjects() {
        for number in [-1e19, 1e19, .nan, 4_294_967_296, -1, 3] as [Double] {
            let value = realm.makeFunction { _, _, _ throws(JSFailure) in .number(number) }
            add("an object with valueOf \(number)", .object(object(["valueOf": .object(value)])))
            if number != 1e19, number != 4_294_967_296 {
                add("an object of length \(number)", .object(object(["length": .number(number), "0": .null])))
            }
        }
        let throwing = realm.makeFunction { realm, _, _ throws(JSFailure) in throw realm.typeError("x") }
        add("an object whose valueOf throws", .object(object(["valueOf": .object(throwing)])))
        let cyclic = object(["a": .number(1.0)])
        cyclic.define(realm.key("self"), .object(cyclic))
        cyclic.define(realm.keys.toString, .object(cyclic))
        add("an object in itself", .object(cyclic))
        // More often than this it would be waited for for ever, here as in Node.
        var adoptions = 0
        let adopt = realm.makeFunction { realm, this, arguments throws(JSFailure) in
            adoptions += 1
            let result = adoptions % 4 == 0 ? JSValue.null : this
            if let resolve = arguments[0].function { _ = try realm.call(resolve, this: .undefined, result) }
            return .undefined
        }
        add("a thenable of itself", .object(object(["then": .object(adopt)])))
        add(
            "options with numbers",
            .object(
                object([
                    "recursive": .boolean(true), "method": guest.string("POST"), "body": guest.string("x"),
                    "headers": .object(object(["a": .number(1e19)])), "fatal": .boolean(true), "get": .null,
                    "value": .number(1e308), "writable": .boolean(true), "configurable": .number(0.0),
                    "maxByteLength": .number(1e19), "cause": .object(cyclic), "flag": .number(-1e19),
                ])))
        add("an object without a prototype", .object(JSObject(prototype: nil)))
        add("the global object", .object(realm.global))
    }
}
