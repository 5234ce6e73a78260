import Testing
import _TestSupport

@testable import GoWasm

@Suite("JSON")
struct JSONTests {
    private let guest = FakeGuest()

    /// What `JSON.stringify(JSON.parse(text))` is.
    @Test(
        "read and written",
        arguments: [
            (
                #"{"b": [1, 2.50, -0, 1e21], "a": {"x": null}, "1": true}"#,
                #"{"1":true,"b":[1,2.5,0,1e+21],"a":{"x":null}}"#
            ),
            (#""gr\u00fc\n\ud83d\ude00\ud83d \"\u0001\/""#, #""grü\n😀\ud83d \"\u0001/""#),
            (" [ ] ", "[]"), ("{}", "{}"), ("false", "false"),
        ])
    func roundTrip(text: String, result: String) throws {
        let json = try guest.global("JSON")
        let value = try guest.call(json, "parse", guest.string(text))
        #expect(try guest.text(guest.call(json, "stringify", value)) == result)
    }

    /// Texts that are no JSON, and what Node 24 says of them.
    private static let refusals: [(String, String)] = [
        ("", "Unexpected end of JSON input"),
        ("{", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("[", "Unexpected end of JSON input"),
        ("[1", "Expected ',' or ']' after array element in JSON at position 2 (line 1 column 3)"),
        ("[1,", "Unexpected end of JSON input"),
        ("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
        ("[1 2]", "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)"),
        ("[1}", "Expected ',' or ']' after array element in JSON at position 2 (line 1 column 3)"),
        ("{\"a\"", "Expected ':' after property name in JSON at position 4 (line 1 column 5)"),
        ("{\"a\":", "Unexpected end of JSON input"),
        ("{\"a\":1", "Expected ',' or '}' after property value in JSON at position 6 (line 1 column 7)"),
        ("{\"a\":1,", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
        ("{\"a\":1,}", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
        ("{\"a\" 1}", "Expected ':' after property name in JSON at position 5 (line 1 column 6)"),
        ("{\"a\":1 2}", "Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"),
        ("{a:1}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("{1:1}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("{,}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("01", "Unexpected number in JSON at position 1 (line 1 column 2)"),
        ("-", "No number after minus sign in JSON at position 1 (line 1 column 2)"),
        ("-a", "No number after minus sign in JSON at position 1 (line 1 column 2)"),
        ("1.", "Unterminated fractional number in JSON at position 2 (line 1 column 3)"),
        ("1.a", "Unterminated fractional number in JSON at position 2 (line 1 column 3)"),
        ("1e", "Exponent part is missing a number in JSON at position 2 (line 1 column 3)"),
        ("1e+", "Exponent part is missing a number in JSON at position 3 (line 1 column 4)"),
        ("1ea", "Exponent part is missing a number in JSON at position 2 (line 1 column 3)"),
        ("+1", "Unexpected token '+', \"+1\" is not valid JSON"),
        (".5", "Unexpected token '.', \".5\" is not valid JSON"),
        ("'a'", "Unexpected token ''', \"'a'\" is not valid JSON"),
        ("nul", "Unexpected end of JSON input"),
        ("nulx", "Unexpected token 'x', \"nulx\" is not valid JSON"),
        ("truE", "Unexpected token 'E', \"truE\" is not valid JSON"),
        ("tru", "Unexpected end of JSON input"),
        ("falsy", "Unexpected token 'y', \"falsy\" is not valid JSON"),
        ("1 2", "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)"),
        ("1 x", "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)"),
        ("[] []", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
        ("\"a", "Unterminated string in JSON at position 2 (line 1 column 3)"),
        ("\"a\n\"", "Bad control character in string literal in JSON at position 2 (line 1 column 3)"),
        ("\"\u{1}\"", "Bad control character in string literal in JSON at position 1 (line 1 column 2)"),
        ("\"\\x\"", "Bad escaped character in JSON at position 2 (line 1 column 3)"),
        ("\"\\u12\"", "Bad Unicode escape in JSON at position 5 (line 1 column 6)"),
        ("\"\\u12g4\"", "Bad Unicode escape in JSON at position 5 (line 1 column 6)"),
        ("\"\\", "Unexpected end of JSON input"),
        ("\"\\u", "Bad Unicode escape in JSON at position 3 (line 1 column 4)"),
        ("undefined", "\"undefined\" is not valid JSON"),
        ("[object Object]", "\"[object Object]\" is not valid JSON"),
        ("NaN", "\"NaN\" is not valid JSON"),
        ("Infinity", "\"Infinity\" is not valid JSON"),
        ("{\"a\":undefined}", "Unexpected token 'u', \"{\"a\":undefined}\" is not valid JSON"),
        ("[undefined]", "Unexpected token 'u', \"[undefined]\" is not valid JSON"),
        ("ä", "Unexpected token 'ä', \"ä\" is not valid JSON"),
        ("{\"aaaaaaaaaaaaaaaaaaaaaaaa\":x}", "Unexpected token 'x', ...\"aaaaaaaa\":x}\" is not valid JSON"),
        (
            "xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "Unexpected token 'x', \"xaaaaaaaaa\"... is not valid JSON"
        ),
        ("[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,x]", "Unexpected token 'x', ...\"1,2,3,4,5,x]\" is not valid JSON"),
        (
            "[1,2,3,4,5,6,7,8,9,0,x,2,3,4,5,6,7,8,9,0,1]",
            "Unexpected token 'x', ...\"6,7,8,9,0,x,2,3,4,5,\"... is not valid JSON"
        ),
        ("[1,2,3\n,4\n,]", "Unexpected token ']', \"[1,2,3\n,4\n,]\" is not valid JSON"),
        ("{\n\"a\": 1,\n b: 2}", "Expected double-quoted property name in JSON at position 11 (line 3 column 2)"),
        ("{\"a\":1,,}", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
        ("[,1]", "Unexpected token ',', \"[,1]\" is not valid JSON"),
        ("[1,,2]", "Unexpected token ',', \"[1,,2]\" is not valid JSON"),
        ("]", "Unexpected token ']', \"]\" is not valid JSON"),
        ("}", "Unexpected token '}', \"}\" is not valid JSON"),
        (":", "Unexpected token ':', \":\" is not valid JSON"),
        (",", "Unexpected token ',', \",\" is not valid JSON"),
        ("\"a\" \"b\"", "Unexpected non-whitespace character after JSON at position 4 (line 1 column 5)"),
        ("1\"a\"", "Unexpected non-whitespace character after JSON at position 1 (line 1 column 2)"),
        ("[\"a\" \"b\"]", "Expected ',' or ']' after array element in JSON at position 5 (line 1 column 6)"),
        ("[\"a\":1]", "Expected ',' or ']' after array element in JSON at position 4 (line 1 column 5)"),
        ("{\"a\"}", "Expected ':' after property name in JSON at position 4 (line 1 column 5)"),
        ("{\"a\",1}", "Expected ':' after property name in JSON at position 4 (line 1 column 5)"),
        ("{\"a\":}", "Unexpected token '}', \"{\"a\":}\" is not valid JSON"),
        ("{\"a\":]", "Unexpected token ']', \"{\"a\":]\" is not valid JSON"),
        ("  ", "Unexpected end of JSON input"),
        ("\t\n", "Unexpected end of JSON input"),
        ("null null", "Unexpected non-whitespace character after JSON at position 5 (line 1 column 6)"),
        ("--1", "No number after minus sign in JSON at position 1 (line 1 column 2)"),
        ("1..2", "Unterminated fractional number in JSON at position 2 (line 1 column 3)"),
        ("1.5.2", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
        ("1e5e5", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
        ("00", "Unexpected number in JSON at position 1 (line 1 column 2)"),
        ("-01", "Unexpected number in JSON at position 2 (line 1 column 3)"),
        ("-00", "Unexpected number in JSON at position 2 (line 1 column 3)"),
        ("0x10", "Unexpected non-whitespace character after JSON at position 1 (line 1 column 2)"),
        ("😀", "Unexpected token '\u{FFFD}', \"😀\" is not valid JSON"),
        ("[😀]", "Unexpected token '\u{FFFD}', \"[😀]\" is not valid JSON"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa😀", "Unexpected token 'a', \"aaaaaaaaaa\"... is not valid JSON"),
        ("tr\nue", "Unexpected token '\n', \"tr\nue\" is not valid JSON"),
        ("<html>", "Unexpected token '<', \"<html>\" is not valid JSON"),
        ("<!DOCTYPE html><html><body></body></html>", "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON"),
    ]

    @Test("what is no JSON is refused in Node's words", arguments: refusals)
    func refused(text: String, message: String) throws {
        let found = guest.exception { () throws(JSFailure) in
            try guest.call(guest.global("JSON"), "parse", guest.string(text))
        }
        #expect(found == "SyntaxError: \(message)")
    }

    @Test("a circle is shown by the way that leads around it, as Node shows it")
    func circles() throws {
        let realm = guest.realm
        func property(_ object: JSObject, _ name: String, _ value: JSObject) throws {
            try object.set(realm.key(JSString.make(name)), .object(value), realm)
        }
        func message(_ object: JSObject) -> String {
            guest.exception { () throws(JSFailure) in
                try guest.call(guest.global("JSON"), "stringify", .object(object))
            }
        }
        let start = "TypeError: Converting circular structure to JSON\n    --> starting at object with constructor "
        let own = realm.makeObject()
        try property(own, "self", own)
        #expect(message(own) == start + "'Object'\n    --- property 'self' closes the circle")
        let outer = realm.makeObject()
        let inner = realm.makeObject()
        try property(outer, "a", inner)
        try property(inner, "b", realm.makeArray([.object(outer)]))
        #expect(
            message(outer) == start + "'Object'\n    |     property 'a' -> object with constructor 'Object'\n"
                + "    |     property 'b' -> object with constructor 'Array'\n    --- index 0 closes the circle")
        let long = realm.makeObject()
        var last = long
        for number in 0..<10 {
            let next = realm.makeObject()
            try property(last, "k\(number)", next)
            last = next
        }
        try property(last, "end", long)
        #expect(
            message(long) == start + "'Object'\n    |     property 'k0' -> object with constructor 'Object'\n"
                + "    |     property 'k1' -> object with constructor 'Object'\n    |     ...\n"
                + "    |     property 'k9' -> object with constructor 'Object'\n    --- property 'end' closes the circle"
        )
        // Not what leads to it.
        let before = realm.makeObject()
        try property(before, "x", own)
        #expect(message(before) == start + "'Object'\n    --- property 'self' closes the circle")
    }

    @Test("a list of names says which are written, and in which order")
    func listed() throws {
        let json = try guest.global("JSON")
        let value = try guest.call(
            json, "parse", guest.string(#"{"b": 1, "a": {"a": 1, "c": 2, "b": 3}, "1": [{"b": 4, "d": 5}]}"#))
        let list = guest.realm.makeArray([guest.string("b"), guest.string("a"), .number(1), guest.string("b"), .null])
        #expect(
            try guest.text(guest.call(json, "stringify", value, .object(list)))
                == #"{"b":1,"a":{"b":3,"a":1},"1":[{"b":4}]}"#)
    }

    @Test("numbers are the nearest to what is written, and are written with the fewest digits")
    func numbers() throws {
        let json = try guest.global("JSON")
        var random = SplitMix(seed: 11)
        func digits(_ count: UInt64) -> String {
            (0..<random.next() % count + 1).map { _ in "\(random.next() % 10)" }.joined()
        }
        func significant(_ number: String) -> Substring {
            var digits = Substring(number.prefix { $0 != "e" }.filter(\.isNumber)).drop { $0 == "0" }
            while digits.last == "0" { digits.removeLast() }
            return digits
        }
        for _ in 0..<5000 {
            let whole = digits(18).drop { $0 == "0" }
            var text = (random.next() & 1 == 0 ? "-" : "") + (whole.isEmpty ? "0" : whole)
            if random.next() & 1 == 0 { text += "." + digits(18) }
            if random.next() & 3 == 0 { text += "e\(Int(random.next() % 60) - 30)" }
            let value = try guest.call(json, "parse", guest.string(text))
            guard case .number(let number) = value, let expected = Double(text) else {
                Issue.record("\(text) is no number")
                continue
            }
            #expect(number.bitPattern == expected.bitPattern, "\(text)")
            let written = try guest.text(guest.call(json, "stringify", value))
            #expect(Double(written) == expected && significant(written) == significant("\(expected)"), "\(written)")
        }
    }

    @Test("left out, replaced and indented")
    func values() throws {
        let json = try guest.global("JSON")
        let object = guest.realm.makeObject()
        object.define(guest.realm.key("f"), try guest.global("setTimeout"))
        object.define(guest.realm.key("u"), .undefined)
        object.define(guest.realm.key("n"), .number(.nan))
        object.define(guest.realm.key("d"), try guest.new(guest.global("Date"), .number(0.0)))
        object.define(guest.realm.key("l"), .object(guest.realm.makeArray([.undefined, .number(1.0)])))
        let text = try guest.text(guest.call(json, "stringify", .object(object)))
        #expect(text == #"{"n":null,"d":"1970-01-01T00:00:00.000Z","l":[null,1]}"#)
        #expect(try guest.call(json, "stringify", .undefined).isUndefined)
        let names = JSValue.object(guest.realm.makeArray([guest.string("l")]))
        let indented = try guest.text(guest.call(json, "stringify", .object(object), names, .number(1.0)))
        #expect(indented == "{\n \"l\": [\n  null,\n  1\n ]\n}")
        let reviver = guest.function { arguments in
            if case .number(let number) = arguments[1] { .number(number * 2) } else { arguments[1] }
        }
        let revived = try guest.call(json, "parse", guest.string("[1,{\"a\":2}]"), reviver)
        #expect(try guest.text(guest.call(json, "stringify", revived)) == #"[2,{"a":4}]"#)
    }

    @Test("circles and endless nesting are exceptions")
    func limits() throws {
        let json = try guest.global("JSON")
        let object = guest.realm.makeObject()
        object.define(guest.realm.key("self"), .object(object))
        let circle = guest.exception { () throws(JSFailure) in try guest.call(json, "stringify", .object(object)) }
        #expect(circle.hasPrefix("TypeError: Converting circular structure to JSON\n"))
        guest.realm.adoptCurrentThread()
        let deep = guest.string(String(repeating: "[", count: 2_000_000))
        let error = guest.exception { () throws(JSFailure) in try guest.call(json, "parse", deep) }
        #expect(error == "RangeError: Maximum call stack size exceeded")
    }
}
