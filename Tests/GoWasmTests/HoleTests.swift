import HostSystem
import Testing

@testable import GoWasm

/// Elements of arrays that are not there, as Node 24 treats them.
@Suite("Holes of arrays")
struct HoleTests {
    private let guest = FakeGuest()

    /// The array `[3, , 1, undefined, , 2, ,]`.
    private func sample() throws(JSFailure) -> JSValue {
        let array = guest.realm.makeArray([])
        for (index, value) in [(0, 3.0), (2, 1.0), (3, .nan), (5, 2.0)] {
            try array.store(value.isNaN ? .undefined : .number(value), at: index, guest.realm)
        }
        array.setLength(7)
        return .object(array)
    }

    /// A value as text: arrays in brackets, with a hyphen for a hole.
    private func show(_ value: JSValue) throws(JSFailure) -> String {
        guard let array = value.array else {
            guard let object = value.object, object.kind == .iterator else { return try guest.text(value) }
            return "iterator" + (try show(.object(guest.realm.makeArray(guest.realm.collect(value)))))
        }
        var shown: [String] = []
        for index in 0..<array.length {
            let key = PropertyKey(index: index)
            shown.append(try array.has(key, guest.realm) ? show(array.get(key, guest.realm)) : "-")
        }
        return "[\(shown.joined(separator: " "))]"
    }

    private static let untouched = "[3 - 1 undefined - 2 -]"

    /// Calls with numbers: the method, its arguments, the result, and the array behind it.
    private static let calls: [(String, [Double?], String, String)] = [
        ("concat", [9], "[3 - 1 undefined - 2 - 9]", untouched),
        ("copyWithin", [0, 3], "[undefined - 2 - - 2 -]", "[undefined - 2 - - 2 -]"),
        ("copyWithin", [2, 0, 3], "[3 - 3 - 1 2 -]", "[3 - 3 - 1 2 -]"),
        ("fill", [8], "[8 8 8 8 8 8 8]", "[8 8 8 8 8 8 8]"),
        ("fill", [8, 4, 5], "[3 - 1 undefined 8 2 -]", "[3 - 1 undefined 8 2 -]"),
        ("flat", [], "[3 1 undefined 2]", untouched),
        ("includes", [nil], "true", untouched),
        ("indexOf", [nil], "3", untouched),
        ("join", [], "3,,1,,,2,", untouched),
        ("lastIndexOf", [nil], "3", untouched),
        ("pop", [], "undefined", "[3 - 1 undefined - 2]"),
        ("push", [7], "8", "[3 - 1 undefined - 2 - 7]"),
        ("reverse", [], "[- 2 - undefined 1 - 3]", "[- 2 - undefined 1 - 3]"),
        ("shift", [], "3", "[- 1 undefined - 2 -]"),
        ("slice", [1, 5], "[- 1 undefined -]", untouched),
        ("slice", [-3], "[- 2 -]", untouched),
        ("sort", [], "[1 2 3 undefined - - -]", "[1 2 3 undefined - - -]"),
        ("splice", [1, 2], "[- 1]", "[3 undefined - 2 -]"),
        ("splice", [0, 0, 6, 7], "[]", "[6 7 3 - 1 undefined - 2 -]"),
        ("splice", [3, 1, 5, 5], "[undefined]", "[3 - 1 5 5 - 2 -]"),
        ("toReversed", [], "[undefined 2 undefined undefined 1 undefined 3]", untouched),
        ("toSorted", [], "[1 2 3 undefined undefined undefined undefined]", untouched),
        ("toSpliced", [1, 1], "[3 1 undefined undefined 2 undefined]", untouched),
        ("toString", [], "3,,1,,,2,", untouched),
        ("unshift", [9], "8", "[9 3 - 1 undefined - 2 -]"),
        ("with", [1, 4], "[3 4 1 undefined undefined 2 undefined]", untouched),
        ("at", [1], "undefined", untouched),
        ("keys", [], "iterator[0 1 2 3 4 5 6]", untouched),
        ("values", [], "iterator[3 undefined 1 undefined undefined 2 undefined]", untouched),
        (
            "entries", [], "iterator[[0 3] [1 undefined] [2 1] [3 undefined] [4 undefined] [5 2] [6 undefined]]",
            untouched
        ),
        ("hasOwnProperty", [1], "false", untouched),
        ("hasOwnProperty", [3], "true", untouched),
        ("propertyIsEnumerable", [4], "false", untouched),
    ]

    @Test("methods do with them what Node does", arguments: calls.indices)
    func methods(number: Int) throws {
        let (method, numbers, result, behind) = Self.calls[number]
        let array = try sample()
        let function = try guest.realm.callable(
            guest.realm.get(array, guest.realm.key(JSString.make(method))), "method")
        let arguments = ContiguousArray(numbers.map { $0.map { JSValue.number($0) } ?? .undefined })
        let answer = try guest.realm.call(function, this: array, values: arguments)
        #expect(try show(answer) == result, "\(method)")
        #expect(try show(array) == behind, "\(method)")
    }

    /// Calls with a function that says `isTrue` of each element: the method, the result, the indices that it was given.
    private static let visits: [(String, Bool, String, [Int])] = [
        ("every", true, "true", [0, 2, 3, 5]),
        ("filter", true, "[3 1 undefined 2]", [0, 2, 3, 5]),
        ("find", false, "undefined", [0, 1, 2, 3, 4, 5, 6]),
        ("findIndex", false, "-1", [0, 1, 2, 3, 4, 5, 6]),
        ("findLast", false, "undefined", [6, 5, 4, 3, 2, 1, 0]),
        ("findLastIndex", false, "-1", [6, 5, 4, 3, 2, 1, 0]),
        ("flatMap", true, "[true true true true]", [0, 2, 3, 5]),
        ("forEach", true, "undefined", [0, 2, 3, 5]),
        ("map", true, "[true - true true - true -]", [0, 2, 3, 5]),
        ("some", false, "false", [0, 2, 3, 5]),
        // These are given the element in the second place, and its index in the third.
        ("reduce", true, "true", [2, 3, 5]),
        ("reduceRight", true, "true", [3, 2, 0]),
    ]

    @Test("functions are called for those that Node calls them for", arguments: visits.indices)
    func callbacks(number: Int) throws {
        let (method, isTrue, result, indices) = Self.visits[number]
        var seen: [Int] = []
        let isReducing = method.hasPrefix("reduce")
        let function = guest.function { arguments in
            if case .number(let index) = arguments[isReducing ? 2 : 1] { seen.append(Int(index)) }
            return .boolean(isTrue)
        }
        let array = try sample()
        let called = try guest.realm.callable(guest.realm.get(array, guest.realm.key(JSString.make(method))), "method")
        let answer = try guest.realm.call(called, this: array, function)
        #expect(try show(answer) == result, "\(method)")
        #expect(seen == indices, "\(method)")
        #expect(try show(array) == Self.untouched)
    }

    @Test("functions of Object and of others pass over them as Node's do")
    func functions() throws {
        func global(_ object: StaticString, _ name: StaticString) throws -> String {
            try show(guest.call(guest.global(object), name, sample()))
        }
        #expect(try global("Object", "keys") == "[0 2 3 5]")
        #expect(try global("Object", "values") == "[3 1 undefined 2]")
        #expect(try global("Object", "entries") == "[[0 3] [2 1] [3 undefined] [5 2]]")
        #expect(try global("Array", "from") == "[3 undefined 1 undefined undefined 2 undefined]")
        #expect(try global("JSON", "stringify") == "[3,null,1,null,null,2,null]")
        #expect(
            try show(guest.call(.object(guest.realm.global), "structuredClone", sample())) == "[3 - 1 undefined - 2 -]")
        let sevens = JSValue.object(guest.realm.makeArray([.number(7.0), .number(7.0), .number(7.0)]))
        #expect(try show(guest.call(guest.global("Object"), "assign", sevens, sample())) == "[3 7 1 undefined - 2]")
        #expect(
            guest.realm.inspect(try sample())
                == "[ 3, <1 empty item>, 1, undefined, <1 empty item>, 2, <1 empty item> ]")
        #expect(
            guest.realm.inspect(try guest.new(guest.global("Array"), .number(4_294_967_295.0)))
                == "[ <4294967295 empty items> ]")
    }

    @Test("they come where elements are deleted, arrays made longer, and elements assigned far behind")
    func making() throws {
        let realm = guest.realm
        let array = realm.makeArray([.number(1.0), .number(2.0), .number(3.0)])
        array.delete(PropertyKey(index: 1), realm)
        array.delete(PropertyKey(index: 2), realm)
        #expect(try show(.object(array)) == "[1 - -]")
        try array.set(PropertyKey(index: 1), .undefined, realm)
        #expect(try show(.object(array)) == "[1 undefined -]")
        try array.set(realm.keys.length, .number(1.0), realm)
        try array.set(PropertyKey(index: 3), .number(4.0), realm)
        try array.append(.number(5.0), realm)
        #expect(try show(.object(array)) == "[1 - - 4 5]")
        try array.set(realm.keys.length, .number(2.0), realm)
        try array.set(PropertyKey(index: 2), .number(0.0), realm)
        #expect(try show(.object(array)) == "[1 - 0]")
        // One that another array has as its prototype's is seen through a hole.
        realm.prototypes.array.define(PropertyKey(index: 1), .number(8.0))
        #expect(try guest.text(guest.call(.object(array), "at", .number(1.0))) == "8")
    }
}
