import HostSystem
import Testing
import WasmRuntime
import _TestSupport

@testable import GoWasm

/// What the host does for a guest ends where the guest is stopped, however long it would take.
@Suite("Stopping the host")
struct StopTests {
    /// What would take minutes or for ever: code, `this` and arguments.
    private typealias Work = @Sendable (FakeGuest) throws -> (function: JSValue, this: JSValue, arguments: [JSValue])

    private static let longest = 4_294_967_295.0

    private static let work: [(String, Work)] = [
        (
            "new Set(new Array(2^32 - 1))",
            { guest in
                (try guest.global("Set"), .undefined, [try guest.new(guest.global("Array"), .number(longest))])
            }
        ),
        (
            "new Set(new Array(2^32 - 1).values())",
            { guest in
                let array = try guest.new(guest.global("Array"), .number(longest))
                return (try guest.global("Set"), .undefined, [try guest.call(array, "values")])
            }
        ),
        (
            "Promise.race of many",
            { guest in
                let array = try guest.call(guest.new(guest.global("Array"), .number(10_000.0)), "fill", .null)
                return (try guest.global("Promise", "race"), .undefined, [array])
            }
        ),
        (
            "Promise.any of many",
            { guest in
                let array = try guest.call(guest.new(guest.global("Array"), .number(10_000.0)), "fill", .null)
                return (try guest.global("Promise", "any"), .undefined, [array])
            }
        ),
        (
            "fill of a large typed array",
            { guest in
                let array = try guest.new(guest.global("Uint8Array"), .number(100_000.0))
                return (try guest.realm.get(array, guest.realm.key("fill")), array, [.number(1.0)])
            }
        ),
        (
            "slice of a large typed array",
            { guest in
                let array = try guest.new(guest.global("Uint8Array"), .number(100_000.0))
                return (try guest.realm.get(array, guest.realm.key("slice")), array, [])
            }
        ),
        (
            "set of a large typed array",
            { guest in
                let array = try guest.new(guest.global("Float64Array"), .number(100_000.0))
                return (try guest.realm.get(array, guest.realm.key("set")), array, [array])
            }
        ),
        (
            "indexOf of a large typed array",
            { guest in
                let array = try guest.new(guest.global("Uint8Array"), .number(100_000.0))
                return (try guest.realm.get(array, guest.realm.key("indexOf")), array, [.number(1.0)])
            }
        ),
        (
            "indexOf of an object that says that it is long",
            { guest in
                let object = guest.realm.makeObject()
                object.define(guest.realm.keys.length, .number(16_000_000.0))
                return (try guest.global("Array", "prototype", "indexOf"), .object(object), [.number(1.0)])
            }
        ),
        (
            "toSorted of many numbers",
            { guest in
                let array = try guest.call(guest.new(guest.global("Array"), .number(10_000.0)), "fill", .null)
                return (try guest.realm.get(array, guest.realm.key("toSorted")), array, [])
            }
        ),
        (
            "Object.keys of a large typed array",
            { guest in
                (
                    try guest.global("Object", "keys"), .undefined,
                    [try guest.new(guest.global("Uint8Array"), .number(100_000.0))]
                )
            }
        ),
    ]

    @Test("loops that call no function look whether they are to end", arguments: work.indices)
    func loops(number: Int) throws {
        let store = Store()
        try store.charging {
            let guest = FakeGuest()
            let (function, this, arguments) = try Self.work[number].1(guest)
            let called = try #require(function.function)
            store.interrupt()
            // Not by a call, which looks as well.
            let code: JSCode = if case .native(let code) = called.construction { code } else { called.code }
            #expect(throws: JSFailure.self, "\(Self.work[number].0)") {
                _ = try guest.realm.withArguments(count: arguments.count, fill: { arguments[$0] }) {
                    (arguments) throws(JSFailure) in
                    try code(guest.realm, this, arguments)
                }
            }
            store.allowExecution()
            #expect(try guest.text(guest.call(.number(7.0), "toString")) == "7")
        }
    }

    @Test("calls look as well, and what ends is the program, not an exception")
    func calls() throws {
        let store = Store()
        store.charging {
            let guest = FakeGuest()
            store.interrupt()
            #expect {
                try guest.call(.number(7.0), "toString")
            } throws: {
                ($0 as? JSFailure)?.isInterruption == true
            }
        }
    }

    @Test(
        "text is looked for in a time that is in proportion to its length",
        arguments: ["indexOf", "lastIndexOf", "includes"])
    func search(method: String) throws {
        let guest = FakeGuest()
        // Where each place is compared this takes 10^10 steps: minutes.
        let half = String(repeating: "a", count: 100_000)
        let text = guest.string(half + half)
        let name = guest.realm.key(JSString.make(method))
        let function = try guest.realm.callable(guest.realm.get(text, name), "method")
        for (wanted, first, last) in [(half + "b", -1.0, -1.0), ("b" + half, -1, -1), (half, 0, 100_000)] {
            let found = try guest.realm.call(function, this: text, guest.string(wanted))
            switch found {
            case .number(let place): #expect(place == (method == "indexOf" ? first : last))
            default: #expect(found.isTruthy == (first >= 0))
            }
        }
    }

    @Test("the search for text finds what comparing each place finds")
    func searchEverywhere() throws {
        let guest = FakeGuest()
        var random = SplitMix(seed: 7)
        for _ in 0..<2000 {
            let text = (0..<random.next() % 60).map { _ in UInt16(97 + random.next() % 2) }
            let count = Int(random.next() % 24)
            let start = Int(random.next() % 40)
            // Half of them are parts of the text.
            let wanted =
                random.next() & 1 == 0 && count + start <= text.count
                ? Array(text[start..<start + count]) : (0..<count).map { _ in UInt16(97 + random.next() % 2) }
            let places = (0...text.count).filter { text[$0...].starts(with: wanted) }
            let search = try TextSearch(wanted, guest.realm)
            let from = Int(random.next() % 50)
            #expect(search.first(in: text, from: from) == places.first { $0 >= from })
            #expect(search.last(in: text, from: from) == places.last { $0 <= from })
        }
    }
}
