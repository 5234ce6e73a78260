import HostSystem
import Testing
import WasmRuntime

@testable import GoWasm

/// What is large by name only, or would be too large: Node's answers, and no memory for what is not there.
@Suite("Large values")
struct LargeValueTests {
    private let guest = FakeGuest()

    private func array(_ length: Double) throws(JSFailure) -> JSValue {
        try guest.new(guest.global("Array"), .number(length))
    }

    private func length(_ value: JSValue) throws(JSFailure) -> Double {
        try guest.realm.toNumber(guest.realm.get(value, guest.realm.keys.length))
    }

    /// What Node 24 says of `new Array(4294967295)`.
    @Test("methods of arrays work by what is there")
    func sparse() throws {
        let guest = self.guest
        let longest = 4_294_967_295.0
        #expect(try length(guest.call(array(longest), "concat")) == longest)
        #expect(try length(guest.call(guest.call(array(0), "concat"), "concat", array(longest))) == longest)
        #expect(try length(guest.call(array(longest), "slice")) == longest)
        #expect(try length(guest.call(array(longest), "slice", .number(-3.0))) == 3)
        #expect(try guest.call(array(longest), "at", .number(-1.0)).isUndefined)
        #expect(try guest.text(guest.call(array(longest), "indexOf", .undefined)) == "-1")
        #expect(try guest.text(guest.call(array(longest), "lastIndexOf", .null)) == "-1")
        #expect(try guest.call(array(longest), "includes", .undefined).isTruthy)
        #expect(try guest.text(guest.call(guest.global("Object"), "keys", array(longest))) == "")
        var calls = 0
        let count = guest.function { _ in
            calls += 1
            return .number(calls)
        }
        let mapped = try guest.call(array(longest), "map", count)
        #expect(try calls == 0 && length(mapped) == longest)
        #expect(try length(guest.call(array(longest), "filter", count)) == 0)
        try guest.call(array(longest), "forEach", count)
        #expect(calls == 0)
        #expect(try length(guest.call(array(longest), "sort")) == longest)
        let sparse = try array(longest)
        for index in [3, 1_000_000_000, 7] {
            try sparse.object?.set(PropertyKey(index: index), .number(index), guest.realm)
        }
        #expect(try guest.text(guest.call(sparse, "indexOf", .number(1e9))) == "1000000000")
        #expect(try guest.text(guest.call(sparse, "lastIndexOf", .number(1e9))) == "1000000000")
        #expect(
            try guest.text(guest.call(guest.call(sparse, "slice", .number(1e9)), "at", .number(0.0))) == "1000000000")
        #expect(try length(guest.call(sparse, "slice", .number(1e9))) == 3_294_967_295)
        #expect(
            try guest.text(guest.call(guest.call(sparse, "sort"), "slice", .number(0.0), .number(4.0)))
                == "1000000000,3,7,")
        for index in [1_000_000_000, 7] {
            try sparse.object?.set(PropertyKey(index: index), .number(index), guest.realm)
        }
        #expect(
            try guest.text(guest.call(guest.call(sparse, "filter", guest.function { $0[0] }), "join")).hasSuffix(
                "1000000000"))
    }

    @Test(
        "what cannot be is a RangeError: Invalid array length",
        arguments: [
            "push", "unshift", "shift", "toSorted", "toReversed", "with", "toSpliced", "splice", "reverse",
            "fill",
            "copyWithin",
        ])
    func invalidArray(method: String) throws {
        let guest = self.guest
        let name = guest.realm.key(JSString.make(method))
        let message = guest.exception { () throws(JSFailure) in
            let array = try guest.new(guest.global("Array"), .number(4_294_967_295.0))
            let function = try guest.realm.callable(guest.realm.get(array, name), "method")
            return try guest.realm.call(function, this: array, .number(0.0), .number(1.0))
        }
        #expect(message == "RangeError: Invalid array length")
        // Where the last argument is one more element.
        let concat = guest.exception { () throws(JSFailure) in
            try guest.call(guest.new(guest.global("Array"), .number(4_294_967_295.0)), "concat", .null)
        }
        #expect(concat == "RangeError: Invalid array length")
    }

    @Test(
        "lists that are long by name only are refused where they are arguments",
        arguments: [1_000_000.0, 4_294_967_295.0, 1e10])
    func longLists(length: Double) throws {
        let guest = self.guest
        let list = guest.realm.makeObject()
        list.define(guest.realm.keys.length, .number(length))
        for (object, method) in [("Reflect", "apply"), ("Reflect", "construct")] as [(StaticString, StaticString)] {
            let message = guest.exception { () throws(JSFailure) in
                method == "apply"
                    ? try guest.call(guest.global(object), method, guest.global("Object", "is"), .null, .object(list))
                    : try guest.call(guest.global(object), method, guest.global("Array"), .object(list))
            }
            #expect(
                message
                    == (length < 1e9
                        ? "RangeError: Maximum call stack size exceeded" : "RangeError: Invalid array length"))
        }
        guard length > 1e9 else { return }
        let message = guest.exception { () throws(JSFailure) in
            try guest.call(guest.global("Array"), "from", .object(list))
        }
        #expect(message == "RangeError: Invalid array length")
    }

    /// Expressions that would make a string longer than 2^29 - 24 code units.
    private static let strings: [(String, @Sendable (FakeGuest) throws(JSFailure) -> JSValue)] = [
        ("repeat", { (guest) throws(JSFailure) in try guest.call(guest.string("ab"), "repeat", 1 << 28) }),
        ("repeat 2^53", { (guest) throws(JSFailure) in try guest.call(guest.string("ab"), "repeat", 1 << 53) }),
        ("padStart", { (guest) throws(JSFailure) in try guest.call(guest.string("a"), "padStart", 1 << 29) }),
        ("padEnd", { (guest) throws(JSFailure) in try guest.call(guest.string("a"), "padEnd", 1 << 53) }),
        (
            "join",
            { (guest) throws(JSFailure) in try guest.call(guest.array(4_294_967_295), "join", guest.string(",")) }
        ),
        (
            "join of 2^29",
            { (guest) throws(JSFailure) in try guest.call(guest.array(1 << 29), "join", guest.string("aa")) }
        ),
        ("toString", { (guest) throws(JSFailure) in try guest.call(guest.array(4_294_967_295), "toString") }),
        (
            "JSON.stringify",
            { (guest) throws(JSFailure) in
                try guest.call(guest.global("JSON"), "stringify", guest.array(4_294_967_295))
            }
        ),
        (
            "concat",
            { (guest) throws(JSFailure) in
                var text = guest.string("a")
                while true { text = try guest.call(text, "concat", text) }
            }
        ),
        (
            "replaceAll",
            { (guest) throws(JSFailure) in
                try guest.call(
                    guest.call(guest.string("a"), "repeat", 1 << 12), "replaceAll", guest.string("a"),
                    guest.call(guest.string("b"), "repeat", 1 << 18))
            }
        ),
        (
            "replacement with what is before",
            { (guest) throws(JSFailure) in
                try guest.call(
                    guest.call(guest.string("a"), "repeat", 1 << 16), "replace", guest.string(""),
                    guest.call(guest.string("$'"), "repeat", 1 << 14))
            }
        ),
    ]

    @Test("strings have V8's limit", arguments: strings.map(\.0))
    func longStrings(name: String) throws {
        let guest = self.guest
        let expression = try #require(Self.strings.first { $0.0 == name }).1
        #expect(
            guest.exception { () throws(JSFailure) in try expression(guest) } == "RangeError: Invalid string length")
    }

    @Test("the longest string is one")
    func longestString() throws {
        let longest = try guest.call(guest.string("ab"), "repeat", (1 << 28) - 12)
        #expect(try length(longest) == 536_870_888)
        let guest = self.guest
        let message = guest.exception { () throws(JSFailure) in try guest.call(longest, "concat", guest.string("a")) }
        #expect(message == "RangeError: Invalid string length")
        #expect(try guest.text(guest.call(guest.string(""), "repeat", 1 << 53)) == "")
        #expect(try guest.text(guest.call(guest.string("a"), "padEnd", .number(1e15), guest.string(""))) == "a")
    }

    @Test("names of functions that are bound again and again do not add up")
    func boundNames() throws {
        let account = try #require(gwAccount(limit: .max))
        try account.charging {
            let guest = FakeGuest()
            var function = try guest.global("setTimeout")
            for _ in 0..<5000 { function = try guest.call(function, "bind", .null) }
            // A name of each would take 75 MB.
            #expect(account.kept < 5000 * 2000)
            #expect(try guest.text(guest.realm.get(function, guest.realm.keys.name)).utf8.count == 5000 * 6 + 10)
            function = .undefined
        }
        #expect(account.kept == 0)
    }

    @Test("buffers that cannot be are a RangeError")
    func buffers() throws {
        let guest = self.guest
        for (length, message) in [
            (1e12, "Array buffer allocation failed"), (-1, "Invalid typed array length: -1"),
        ] {
            #expect(
                guest.exception { () throws(JSFailure) in try guest.new(guest.global("Uint8Array"), .number(length)) }
                    == "RangeError: \(message)")
        }
        let huge = try guest.new(guest.global("Uint8Array"), .number(8_589_934_592.0))
        #expect(
            guest.exception { () throws(JSFailure) in try guest.call(guest.global("Object"), "keys", huge) }
                == "RangeError: Too many properties to enumerate")
        #expect(try guest.text(guest.call(huge, "at", .number(-1.0))) == "0")
    }

    @Test("what is kept is charged, and given back")
    func account() throws {
        let account = try #require(gwAccount(limit: .max))
        try account.charging {
            let guest = FakeGuest()
            let before = account.kept
            func expect(atLeast bytes: UInt64, _ body: () throws -> JSValue) throws {
                let before = account.kept
                let value = try body()
                withExtendedLifetime(value) { #expect(account.kept - before >= bytes) }
            }
            try expect(atLeast: 100_000) { try guest.new(guest.global("Uint8Array"), .number(100_000.0)) }
            try expect(atLeast: 100_000) { try guest.call(guest.string("a"), "repeat", 100_000) }
            try expect(atLeast: 160_000) {
                try guest.call(guest.global("Array"), "from", guest.call(guest.string("a"), "repeat", 10_000))
            }
            try expect(atLeast: 50_000) {
                let map = try guest.new(guest.global("Map"))
                for number in 0..<1000 { try guest.call(map, "set", .number(number), .null) }
                return map
            }
            try expect(atLeast: 32_000) {
                let object = guest.realm.makeObject()
                for number in 0..<1000 { try object.set(PropertyKey(index: number), .null, guest.realm) }
                return .object(object)
            }
            // But for what is kept for ever: names.
            #expect(account.kept - before < 200_000)
        }
        #expect(account.kept == 0)
    }

    @Test("timers, jobs and listeners are charged")
    func pending() throws {
        let account = try #require(gwAccount(limit: .max))
        try account.charging {
            let guest = FakeGuest()
            let before = account.kept
            let function = guest.function { _ in .undefined }
            for _ in 0..<1000 {
                try guest.call(
                    .object(guest.realm.global), "setTimeout", function, .number(1e6), guest.string("argument"))
            }
            #expect(account.kept - before > 1000 * 200)
            let withTimers = account.kept
            for _ in 0..<1000 { try guest.call(.object(guest.realm.global), "queueMicrotask", function) }
            #expect(account.kept - withTimers > 1000 * 20)
        }
        #expect(account.kept == 0)
    }

    @Test("beyond the limit large values are a RangeError, and many small ones the end")
    func limit() throws {
        let account = try #require(gwAccount(limit: 16 << 20))
        try account.charging {
            let guest = FakeGuest()
            #expect(
                guest.exception { () throws(JSFailure) in
                    try guest.new(guest.global("Uint8Array"), .number(17_000_000.0))
                } == "RangeError: Array buffer allocation failed")
            #expect(
                guest.exception { () throws(JSFailure) in try guest.call(guest.string("a"), "repeat", 17_000_000) }
                    == "RangeError: Invalid string length")
            var chain = JSValue.null
            #expect {
                while true {
                    let object = guest.realm.makeObject()
                    try object.set(guest.realm.keys.next, chain, guest.realm)
                    chain = try guest.call(.object(object), "valueOf")
                }
            } throws: {
                if case JSFailure.aborted(is MemoryLimitReached) = $0 { true } else { false }
            }
        }
    }
}

/// The account that tests charge to.
struct TestAccount {
    let store: Store
    var kept: UInt64 { store.keptBytes }
    func charging(_ body: () throws -> Void) throws { try store.charging { () throws in try body() } }
}

func gwAccount(limit: UInt64) -> TestAccount? {
    var configuration = Store.Configuration()
    configuration.memoryLimit = limit
    return TestAccount(store: Store(configuration: configuration))
}

extension FakeGuest {
    fileprivate func call(_ value: JSValue, _ method: StaticString, _ number: Int) throws(JSFailure) -> JSValue {
        try call(value, method, .number(Double(number)))
    }
    fileprivate func array(_ length: Int) throws(JSFailure) -> JSValue {
        try new(global("Array"), .number(Double(length)))
    }
}
