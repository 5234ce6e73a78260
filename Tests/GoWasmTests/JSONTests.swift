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

    @Test(
        "refused",
        arguments: [
            "", "{", "[1,]", "01", "1.", "\"\u{1}\"", "'a'", "{a:1}", "nul", "1 2", #""\x""#, "+1", #""a"#, #""\u12"#,
        ])
    func refused(text: String) throws {
        let message = guest.exception { () throws(JSFailure) in
            try guest.call(guest.global("JSON"), "parse", guest.string(text))
        }
        #expect(message.hasPrefix("SyntaxError: Unexpected "))
    }

    @Test("numbers are the nearest to what is written, and are written with the fewest digits")
    func numbers() throws {
        let json = try guest.global("JSON")
        var random = SplitMix(seed: 11)
        func digits(_ count: UInt64) -> String {
            (0..<random.next() % count + 1).map { _ in "\(random.next() % 10)" }.joined()
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
            #expect(Double(written) == expected && written.count <= max(3, "\(expected)".count), "\(written)")
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
        #expect(circle == "TypeError: Converting circular structure to JSON")
        guest.realm.adoptCurrentThread()
        let deep = guest.string(String(repeating: "[", count: 2_000_000))
        let error = guest.exception { () throws(JSFailure) in try guest.call(json, "parse", deep) }
        #expect(error == "RangeError: Maximum call stack size exceeded")
    }
}
