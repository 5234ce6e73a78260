import HostSystem
import JSONOutput

/// What `--trace` prints: which calls of imports, and as what.
struct TraceWriter {
    private let filter: NameFilter
    private let level: HostCallTrace.Level
    private let isJSON: Bool

    /// Takes names of imports.
    init(filter: NameFilter, level: HostCallTrace.Level = .imports, isJSON: Bool) {
        self.filter = filter
        self.level = level
        self.isJSON = isJSON
    }

    /// A trace whose lines go to `print`.
    func trace(_ print: @escaping @Sendable (String) -> Void) -> HostCallTrace {
        let line = isJSON ? Self.json : Self.text
        return HostCallTrace(level: level, wants: wants, report: { print(line($0)) })
    }

    /// Whether a filter names an import: by its second name, by what is behind the package, or with the module before
    /// it.
    func wants(_ module: String, _ name: String) -> Bool { filter.wants(Self.names(module, name)) }

    /// The names that a filter may give an import.
    static func names(_ module: String, _ name: String) -> [String] {
        let last = name.split(separator: ".").last.map(String.init) ?? name
        return [name, last, "\(module).\(name)"]
    }

    /// Seconds since the start, the call, and how long it took.
    private static func text(_ call: HostCall) -> String {
        let microseconds = call.start / 1000
        let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        let column = String(repeating: " ", count: max(0, 3 - "\(microseconds / 1_000_000)".count))
        return "\(column)\(microseconds / 1_000_000).\(fraction) \(call) <\(Quantity.time(call.duration))>"
    }

    private static func json(_ call: HostCall) -> String {
        func object(_ fields: [HostCall.Field]) -> String {
            JSONText.object(fields.map { ($0.name, json($0.value)) })
        }
        var members = [
            ("start", "\(call.start)"), ("duration", "\(call.duration)"), ("module", JSONText.string(call.module)),
            ("name", JSONText.string(call.name)), ("arguments", object(call.arguments)),
        ]
        switch call.ending {
        case .returned: members.append(("results", object(call.results)))
        case .failed(let name): members.append(("error", JSONText.string(name)))
        case .exited: members.append(("exits", "true"))
        case .aborted(let reason): members.append(("aborted", JSONText.string(reason)))
        }
        return JSONText.object(members)
    }

    private static func json(_ value: HostCall.Value) -> String {
        switch value {
        case .integer(let number): return "\(number)"
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let text):
            // JSON has no NaN and no infinities.
            return Double(text)?.isFinite == true ? text : JSONText.string(text)
        case .text(let text, let count):
            return count <= HostCall.Value.shownBytes
                ? JSONText.string(text)
                : JSONText.object([("text", JSONText.string(text)), ("byteCount", "\(count)")])
        case .bytes(let count, let address):
            return JSONText.object([("address", "\(address)"), ("byteCount", "\(count)")])
        case .list(let values, let count):
            return count == values.count
                ? JSONText.list(values.map(json))
                : JSONText.object([("values", JSONText.list(values.map(json))), ("count", "\(count)")])
        case .array(let name, let contents):
            return JSONText.object([("name", JSONText.string(name)), ("contents", json(contents))])
        case .named(let text): return JSONText.string(text)
        case .outsideMemory: return "null"
        }
    }
}
