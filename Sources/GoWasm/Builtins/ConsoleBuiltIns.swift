internal import HostSystem
internal import LibC

extension JSRealm {
    func installConsole() {
        let console = makeObject()
        add(key("console"), .object(console), .builtIn, to: global)
        let methods: [(StaticString, Int32)] = [
            ("log", STDOUT_FILENO), ("info", STDOUT_FILENO), ("debug", STDOUT_FILENO),
            ("error", STDERR_FILENO), ("warn", STDERR_FILENO), ("trace", STDERR_FILENO),
        ]
        for (name, descriptor) in methods {
            method(console, name) { realm, _, arguments throws(JSFailure) in
                realm.host.files.report(try realm.consoleText(arguments) + "\n", to: Int(descriptor))
                return .undefined
            }
        }
    }

    /// The line that `console.log` prints: the arguments separated by spaces, placeholders of the first one filled.
    func consoleText(_ arguments: JSArguments) throws(JSFailure) -> String {
        var text = ""
        var next = 0
        /// Makes sure that there is memory for more text, its copies included.
        func makeRoom(for more: Int) throws(JSFailure) {
            let count = text.utf8.count + more
            guard count <= JSString.maximumLength else { throw invalidStringLength }
            try grant(count * 4, "Invalid string length")
        }
        if case .string(let format) = arguments[0], arguments.count > 1 {
            next = 1
            var pending = false
            try makeRoom(for: format.byteCount)
            for character in format.text.unicodeScalars {
                guard pending else {
                    if character == "%" { pending = true } else { text.unicodeScalars.append(character) }
                    continue
                }
                pending = false
                switch character {
                case "%": text += "%"
                case "c" where next < arguments.count: next += 1
                case "s" where next < arguments.count, "d" where next < arguments.count,
                    "i" where next < arguments.count,
                    "f" where next < arguments.count, "o" where next < arguments.count,
                    "O" where next < arguments.count,
                    "j" where next < arguments.count:
                    let shown = try placeholder(character, arguments[next])
                    try makeRoom(for: shown.utf8.count)
                    text += shown
                    next += 1
                default:
                    text += "%"
                    text.unicodeScalars.append(character)
                }
            }
            if pending { text += "%" }
        }
        for position in next..<max(next, arguments.count) {
            if position > 0 { text += " " }
            try checkEnd(position)
            if case .string(let string) = arguments[position] {
                try makeRoom(for: string.byteCount)
                text += string.text
            } else {
                let shown = inspect(arguments[position])
                try makeRoom(for: shown.utf8.count)
                text += shown
            }
        }
        return text
    }

    private func placeholder(_ kind: Unicode.Scalar, _ value: JSValue) throws(JSFailure) -> String {
        switch kind {
        case "s":
            if case .string = value { return try text(value) }
            return inspect(value)
        case "d": return value.object == nil ? NumberText.format(try toNumber(value)) : "NaN"
        case "i": return NumberText.format(NumberText.parseInt(try describe(value)))
        case "f": return NumberText.format(NumberText.parseFloat(try describe(value)))
        default: return inspect(value)
        }
    }

    /// A value as Node's `util.inspect` shows it, on one line.
    func inspect(_ value: JSValue, depth: Int = 0) -> String {
        switch value {
        case .undefined: return "undefined"
        case .null: return "null"
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let number): return number == 0 && number.sign == .minus ? "-0" : NumberText.format(number)
        case .string(let string):
            guard depth > 0, string.byteCount > Self.longestShown else { return quoted(string.excerpt) }
            let units = string.excerpt.utf16.prefix(Self.longestShown)
            let more = string.utf16Count - units.count
            return quoted(String(decoding: units, as: UTF16.self)) + "... \(more) more character\(more == 1 ? "" : "s")"
        case .symbol(let symbol): return "Symbol(\(symbol.description?.excerpt ?? ""))"
        case .object(let object):
            guard depth == 0 else { return inspect(object, depth: depth) }
            let outer = inspectionRoom
            defer { inspectionRoom = outer }
            inspectionRoom = Charge.grants(Self.largestInspection * 4) ? Self.largestInspection : Self.longestShown
            return inspect(object, depth: 0)
        }
    }

    /// Longer strings within objects are cut off, as Node does.
    private static let longestShown = 10_000
    /// What is shown of an object takes no more memory: what lies behind is left out.
    private static let largestInspection = 16 << 20

    private func quoted(_ text: String) -> String {
        let quote: Character = !text.contains("'") ? "'" : !text.contains("\"") ? "\"" : !text.contains("`") ? "`" : "'"
        var result = String(quote)
        for character in text.unicodeScalars {
            switch character {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\\": result += "\\\\"
            case "'" where quote == "'": result += "\\'"
            default: result.unicodeScalars.append(character)
            }
        }
        return result + String(quote)
    }

    /// Takes note of what has been shown last; whether there is room for more.
    private func hasRoom(_ shown: String?) -> Bool {
        inspectionRoom -= (shown?.utf8.count ?? 0) + 16
        return inspectionRoom > 0
    }

    private func inspect(_ object: JSObject, depth: Int) -> String {
        // Whatever nests deeper most likely contains itself.
        if depth > 5 { return "[Circular]" }
        var fields: [String] = []
        var head = ""
        var brackets = ("{", "}")
        switch object.kind {
        case .function:
            let name = ((try? object.get(keys.name, self)) ?? .undefined)
            if case .string(let text) = name, text.byteCount > 0 {
                head = "[Function: \(text.excerpt)]"
            } else {
                head = "[Function (anonymous)]"
            }
        case .error:
            head = (try? describe(.object(object)).excerpt) ?? "Error"
        case .date:
            head = CalendarTime(unsafeDowncast(object, to: JSDate.self).time)?.isoText ?? "Invalid Date"
        case .array:
            let array = unsafeDowncast(object, to: JSArray.self)
            if depth > 2 { return "[Array]" }
            brackets = ("[", "]")
            fields = inspectElements(array, depth: depth)
        case .typedArray:
            let array = unsafeDowncast(object, to: JSTypedArray.self)
            brackets = ("\(array.element.constructorName)(\(array.length)) [", "]")
            let listed = min(array.length, 100)
            fields = (0..<listed).map { NumberText.format(array[$0]) }
            if array.length > listed {
                fields.append("... \(array.length - listed) more item\(array.length - listed == 1 ? "" : "s")")
            }
        case .arrayBuffer: head = "ArrayBuffer"
        case .promise:
            switch unsafeDowncast(object, to: JSPromise.self).state {
            case .pending: return "Promise { <pending> }"
            case .fulfilled(let value): return "Promise { \(inspect(value, depth: depth + 1)) }"
            case .rejected(let value): return "Promise { <rejected> \(inspect(value, depth: depth + 1)) }"
            }
        case .map, .set:
            let collection = unsafeDowncast(object, to: JSCollection.self)
            if depth > 2 { return object.kind == .map ? "[Map]" : "[Set]" }
            brackets = ("\(object.kind == .map ? "Map" : "Set")(\(collection.count)) {", "}")
            let cursor = collection.makeCursor()
            while fields.count < 100, hasRoom(fields.last), let (key, value) = collection.next(cursor) {
                let shown = inspect(key, depth: depth + 1)
                fields.append(object.kind == .map ? "\(shown) => \(inspect(value, depth: depth + 1))" : shown)
            }
        case .iterator, .dataView, .host:
            head = (try? describe(.object(object)).excerpt).map { "Object \($0)" } ?? "[object Object]"
        case .wrapper: head = "[\(inspect(unsafeDowncast(object, to: JSWrapper.self).value))]"
        case .ordinary, .accessor:
            if depth > 2 { return "[Object]" }
            if object.prototype == nil { brackets.0 = "[Object: null prototype] {" }
        }
        inspectProperties(object, depth: depth, into: &fields)
        if !head.isEmpty { return fields.isEmpty ? head : "\(head) { \(fields.joined(separator: ", ")) }" }
        return fields.isEmpty
            ? brackets.0 + brackets.1 : "\(brackets.0) \(fields.joined(separator: ", ")) \(brackets.1)"
    }

    /// The elements of an array; gaps, and what there is no room for, by their number.
    private func inspectElements(_ array: JSArray, depth: Int) -> [String] {
        var fields: [String] = []
        let listed = min(array.length, 100)
        var (index, isHole) = (0, false)
        while index < array.length, fields.count < listed, hasRoom(fields.last) {
            let start = index
            isHole = !array.isThere(index)
            while isHole, index < array.length, !array.isThere(index) {
                // Of what lies far behind, the next that is there.
                index =
                    index < array.denseCount
                    ? index + 1 : array.sparseIndices(in: index..<array.length).first ?? array.length
            }
            if isHole {
                fields.append("<\(index - start) empty item\(index - start == 1 ? "" : "s")>")
            } else {
                fields.append(inspect(array[index], depth: depth + 1))
                index += 1
            }
        }
        if array.length > index {
            fields.append("... \(array.length - index) more item\(array.length - index == 1 ? "" : "s")")
        }
        return fields
    }

    /// Appends the properties of an object that are no elements.
    private func inspectProperties(_ object: JSObject, depth: Int, into fields: inout [String]) {
        for slot in 0..<Int(object.properties.count) {
            let property = object.properties[slot]
            guard property.attributes.contains(.enumerable), !property.key.isSymbol else { continue }
            // Those of an array that lie far behind have been shown.
            if object.kind == .array, property.key.index != nil { continue }
            guard hasRoom(fields.last) else {
                fields.append("...")
                break
            }
            let name = keyText(property.key)
            let isIdentifier =
                name.utf8.allSatisfy {
                    $0 == 0x5F || $0 == 0x24 || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
                } && !(name.utf8.first.map { $0 < 0x3A && $0 != 0x24 } ?? true)
            let shown =
                property.attributes.contains(.accessor) ? "[Getter/Setter]" : inspect(property.value, depth: depth + 1)
            fields.append("\(isIdentifier ? name : quoted(name)): \(shown)")
        }
    }
}
