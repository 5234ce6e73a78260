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
        if case .string(let format) = arguments[0], arguments.count > 1 {
            next = 1
            var pending = false
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
                    text += try placeholder(character, arguments[next])
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
            if case .string(let string) = arguments[position] {
                text += string.text
            } else {
                text += inspect(arguments[position])
            }
        }
        return text
    }

    private func placeholder(_ kind: Unicode.Scalar, _ value: JSValue) throws(JSFailure) -> String {
        switch kind {
        case "s":
            if case .string(let string) = value { return string.text }
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
        case .string(let string): return quoted(string.text)
        case .symbol(let symbol): return "Symbol(\(symbol.description?.text ?? ""))"
        case .object(let object): return inspect(object, depth: depth)
        }
    }

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

    private func inspect(_ object: JSObject, depth: Int) -> String {
        // Whatever nests deeper most likely contains itself.
        if depth > 5 { return "[Circular]" }
        var fields: [String] = []
        var head = ""
        var brackets = ("{", "}")
        var listed = 0
        switch object.kind {
        case .function:
            let name = ((try? object.get(keys.name, self)) ?? .undefined)
            if case .string(let text) = name, text.byteCount > 0 {
                head = "[Function: \(text.text)]"
            } else {
                head = "[Function (anonymous)]"
            }
        case .error:
            head = (try? describe(.object(object)).text) ?? "Error"
        case .date:
            head = CalendarTime(unsafeDowncast(object, to: JSDate.self).time)?.isoText ?? "Invalid Date"
        case .array:
            let array = unsafeDowncast(object, to: JSArray.self)
            if depth > 2 { return "[Array]" }
            brackets = ("[", "]")
            listed = min(array.length, 100)
            fields = (0..<listed).map { inspect(array[$0], depth: depth + 1) }
            if array.length > listed { fields.append("... \(array.length - listed) more items") }
        case .typedArray:
            let array = unsafeDowncast(object, to: JSTypedArray.self)
            brackets = ("\(array.element.constructorName)(\(array.length)) [", "]")
            listed = min(array.length, 100)
            fields = (0..<listed).map { NumberText.format(array[$0]) }
            if array.length > listed { fields.append("... \(array.length - listed) more items") }
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
            var place = 0
            while let (key, value, next) = collection.entry(from: place), fields.count < 100 {
                let shown = inspect(key, depth: depth + 1)
                fields.append(object.kind == .map ? "\(shown) => \(inspect(value, depth: depth + 1))" : shown)
                place = next
            }
        case .iterator, .dataView, .host:
            head = (try? describe(.object(object)).text).map { "Object \($0)" } ?? "[object Object]"
        case .wrapper: head = "[\(inspect(unsafeDowncast(object, to: JSWrapper.self).value))]"
        case .ordinary, .accessor:
            if depth > 2 { return "[Object]" }
            if object.prototype == nil { brackets.0 = "[Object: null prototype] {" }
        }
        for slot in 0..<Int(object.properties.count) {
            let property = object.properties[slot]
            guard property.attributes.contains(.enumerable), !property.key.isSymbol else { continue }
            let name = keyText(property.key)
            let isIdentifier =
                name.utf8.allSatisfy {
                    $0 == 0x5F || $0 == 0x24 || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
                } && !(name.utf8.first.map { $0 < 0x3A && $0 != 0x24 } ?? true)
            let shown =
                property.attributes.contains(.accessor) ? "[Getter/Setter]" : inspect(property.value, depth: depth + 1)
            fields.append("\(isIdentifier ? name : quoted(name)): \(shown)")
        }
        if !head.isEmpty { return fields.isEmpty ? head : "\(head) { \(fields.joined(separator: ", ")) }" }
        return fields.isEmpty
            ? brackets.0 + brackets.1 : "\(brackets.0) \(fields.joined(separator: ", ")) \(brackets.1)"
    }
}
