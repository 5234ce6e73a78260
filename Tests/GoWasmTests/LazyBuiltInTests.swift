import Testing

@testable import GoWasm

/// Built-in properties that are made when one is missed.
@Suite("Built-in objects that are installed lazily")
struct LazyBuiltInTests {
    private let guest = FakeGuest(.go1_14)

    private func get(_ object: JSObject, _ name: String) throws -> JSValue {
        try object.get(guest.realm.key(JSString.make(name)), guest.realm)
    }

    @Test("are not there before, and the same ever after")
    func once() throws {
        let global = guest.realm.global
        #expect(global.properties.find(guest.realm.key("Map")) < 0)
        let first = try get(global, "Map")
        #expect(first.function != nil)
        #expect(try get(global, "Map").isSame(as: first))
    }

    @Test("do not replace what a program has put in their place, and come once")
    func replaced() throws {
        let (realm, global) = (guest.realm, guest.realm.global)
        try global.set(realm.key("Set"), .number(5), realm)
        #expect(try get(global, "Set").isSame(as: .number(5)))
        try global.set(realm.key("Headers"), .number(6), realm)
        #expect(try get(global, "fetch").function != nil)
        #expect(try get(global, "Headers").isSame(as: .number(6)))
        _ = try get(global, "JSON")
        global.delete(realm.key("JSON"), realm)
        #expect(try get(global, "JSON").isUndefined)
    }

    @Test("stay deleted where they were deleted first")
    func deleted() throws {
        guest.realm.global.delete(guest.realm.key("Math"), guest.realm)
        #expect(try get(guest.realm.global, "Math").isUndefined)
    }

    @Test("are listed with the others")
    func listed() throws {
        let realm = guest.realm
        let names = Set(try realm.global.ownKeys(enumerableOnly: false, realm).map { realm.keyText($0) })
        #expect(names.isSuperset(of: ["Map", "Set", "Math", "JSON", "fetch", "Object", "console"]))
    }

    @Test("are found by names that no one has used before")
    func newNames() throws {
        let bytes = Array("toReversed".utf8)
        let array = guest.realm.makeArray([.number(1), .number(2)])
        let key = bytes.withUnsafeBytes { guest.realm.existingKey(of: array, utf8: $0) }
        #expect(try array.get(#require(key), guest.realm).function != nil)
    }
}
