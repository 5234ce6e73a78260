import Foundation
import Testing
import _TestSupport

@testable import GoWasm

/// The properties of objects by the objects' paths, as `Tests/Tools/list_javascript.mjs` lists them.
private struct NameList {
    /// What is behind a property's name, after the sign of its being enumerable: "+/2".
    var objects: [String: [String: String]] = [:]

    /// What Node 24 answered.
    static func recorded() throws -> NameList {
        let file = Checkout.folder.appendingPathComponent("Tests/GoProgramTests/Expected/javascript-names.txt")
        var list = NameList()
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            var members: [String: String] = [:]
            for word in words.dropFirst() {
                let (sign, text) = word.hasPrefix("+") ? ("+", word.dropFirst()) : ("", word)
                let end = text.lastIndex { $0 == "/" || $0 == ":" } ?? text.endIndex
                members[String(text[..<end])] = sign + text[end...]
            }
            list.objects[String(words[0].dropLast())] = members
        }
        return list
    }

    /// What is here.
    init(_ guest: FakeGuest) throws {
        let realm = guest.realm
        for (name, object) in try Self.roots(guest) { try add(name, object, name.hasSuffix("Prototype%"), realm) }
        try add("globalThis", realm.global, false, realm)
        for key in try realm.global.ownKeys(enumerableOnly: false, realm) {
            guard let object = try realm.global.get(key, realm).object, object !== realm.global else { continue }
            let name = realm.keyText(key)
            try add(name, object, false, realm)
            guard object.kind == .function, object.hasOwn(realm.keys.prototype, realm) else { continue }
            if let prototype = try object.get(realm.keys.prototype, realm).object {
                try add("\(name).prototype", prototype, true, realm)
            }
        }
        try add("fs.constants", #require(guest.global("fs", "constants").object), false, realm)
    }

    private init() {}

    /// Objects that no property leads to.
    private static func roots(_ guest: FakeGuest) throws -> [(String, JSObject)] {
        let realm = guest.realm
        let array = JSValue.object(realm.makeArray([]))
        let call = guest.function { _ in .undefined }
        func prototype(_ value: JSValue) throws -> JSObject { try #require(value.object?.prototype) }
        let iterator = realm.makeObject()
        iterator.define(realm.keys.next, call)
        let text = try #require(realm.prototypes.string.get(realm.wellKnownSymbols.iterator.key, realm).function)
        let byteArray = try #require(guest.global("Uint8Array").object)
        return [
            ("%TypedArray%", try #require(byteArray.prototype)),
            ("%TypedArrayPrototype%", realm.prototypes.anyTypedArray),
            ("%ArrayIteratorPrototype%", try prototype(guest.call(array, "values"))),
            ("%StringIteratorPrototype%", try prototype(realm.call(text, this: guest.string("")))),
            ("%MapIteratorPrototype%", try prototype(guest.call(guest.new(guest.global("Map")), "values"))),
            ("%SetIteratorPrototype%", try prototype(guest.call(guest.new(guest.global("Set")), "values"))),
            ("%IteratorHelperPrototype%", try prototype(guest.call(guest.call(array, "values"), "map", call))),
            (
                "%WrapForValidIteratorPrototype%",
                try prototype(guest.call(guest.global("Iterator"), "from", .object(iterator)))
            ),
            ("%HeadersIteratorPrototype%", try prototype(guest.call(guest.new(guest.global("Headers")), "values"))),
            ("%TimeoutPrototype%", try prototype(guest.call(.object(realm.global), "setTimeout", call))),
            ("%ImmediatePrototype%", try prototype(guest.call(.object(realm.global), "setImmediate", call))),
        ]
    }

    private mutating func add(_ name: String, _ object: JSObject, _ isPrototype: Bool, _ realm: JSRealm) throws {
        var members: [String: String] = [:]
        for key in try object.ownKeys(enumerableOnly: false, realm) + object.ownSymbols(realm) {
            let text = realm.symbol(key).map { "@@" + ($0.description?.text ?? "").dropFirst("Symbol.".count) }
            let member = text ?? realm.keyText(key)
            if object.kind == .function, ["length", "name", "prototype"].contains(member) { continue }
            let slot = object.properties.find(key)
            let attributes = slot < 0 ? [] : object.properties[slot].attributes
            let sign = attributes.contains(.enumerable) ? "+" : ""
            if isPrototype, attributes.contains(.accessor) {
                members[member] = "\(sign):get"
                continue
            }
            let value = try object.get(key, realm)
            if let function = value.function {
                members[member] = try "\(sign)/\(realm.toInteger(function.get(realm.keys.length, realm)))"
            } else {
                members[member] = "\(sign):\(value.typeName)"
            }
        }
        objects[name] = members
    }
}

@Suite("The names of JavaScript's built-in objects")
struct JavaScriptNameTests {
    /// What is here and not on Node, or is otherwise there, by the reason.
    private static let known: [String: Set<String>] = [
        "Node's signals inherit them from EventTarget, which is not here":
            ["AbortSignal.prototype.addEventListener", "AbortSignal.prototype.removeEventListener"],
        "On Node each error has a property of its own, which costs a trace when the error is made":
            ["Error.prototype.stack"],
        "Of functions the list has neither, and this prototype is an ordinary object here": [
            "Function.prototype.length", "Function.prototype.name",
        ],
        "Web IDL wants them to be enumerable, and Node forgets it": [
            "AbortSignal.abort", "AbortSignal.timeout", "AbortSignal.prototype.reason",
            "AbortSignal.prototype.throwIfAborted",
        ],
    ]

    private let here: NameList
    private let node: NameList

    init() throws {
        here = try NameList(FakeGuest())
        node = try NameList.recorded()
    }

    @Test("are Node's, as are the types, the lengths of functions, and what is enumerable")
    func same() {
        var differing: Set<String> = []
        for (name, members) in here.objects {
            guard let theirs = node.objects[name] else {
                differing.insert(name)
                continue
            }
            for (member, what) in members where theirs[member] != what {
                if differing.insert("\(name).\(member)").inserted, !Self.isKnown("\(name).\(member)") {
                    Issue.record("\(name).\(member) is \(what), on Node \(theirs[member] ?? "missing")")
                }
            }
        }
        for name in Self.known.values.joined() where !differing.contains(name) {
            Issue.record("\(name) is as on Node")
        }
        #expect(differing.filter { !Self.isKnown($0) } == [])
    }

    private static func isKnown(_ name: String) -> Bool { known.values.contains { $0.contains(name) } }

    @Test("are those that JavaScript.md lists")
    func documented() throws {
        let file = Checkout.folder.appendingPathComponent("Sources/GoWasm/GoWasm.docc/JavaScript.md")
        let lines = try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        let documented = lines.drop { !$0.hasPrefix(Self.heading) }.prefix { $0.hasPrefix("|") }
        let wanted = table
        #expect(
            documented.elementsEqual(wanted, by: ==),
            "the table in JavaScript.md has to be:\n\(wanted.joined(separator: "\n"))")
    }

    private static let heading = "| object | has | lacks, of what Node's has |"

    /// The table of JavaScript.md: objects that have and lack the same are in one row.
    private var table: [String] {
        var rows: [(names: [String], text: String)] = []
        for (name, members) in here.objects.sorted(by: { $0.key < $1.key }) {
            let hidden: Set = ["constructor", "@@toStringTag"]
            let mine = Set(members.keys).subtracting(hidden)
            let missing = Set((node.objects[name] ?? [:]).keys).subtracting(members.keys).subtracting(hidden)
            guard !mine.isEmpty || !missing.isEmpty else { continue }
            let limit = name == "globalThis" ? Int.max : 12
            let text = "\(Self.cell(mine, limit: .max)) | \(Self.cell(missing, limit: limit)) |"
            if let row = rows.firstIndex(where: { $0.text == text }) {
                rows[row].names.append(name)
            } else {
                rows.append(([name], text))
            }
        }
        return [Self.heading, "| --- | --- | --- |"]
            + rows.map { "| \($0.names.map { "`\($0)`" }.joined(separator: ", ")) | \($0.text)" }
    }

    /// Names, those beyond a limit as a number.
    private static func cell(_ names: Set<String>, limit: Int) -> String {
        guard !names.isEmpty else { return "" }
        let shown = names.sorted().prefix(limit)
        let rest = names.count - shown.count
        return "`\(shown.joined(separator: " "))`" + (rest == 0 ? "" : " and \(rest) more")
    }
}
