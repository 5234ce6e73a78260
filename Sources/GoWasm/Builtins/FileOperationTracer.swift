internal import HostSystem
internal import LibC

/// Takes down one operation of the object `fs` for a trace of files.
///
/// Go's programs for JavaScript use files by it: the imports that it takes to call it say less, and are many.
struct FileOperationTracer {
    /// The module of Node's that the operations are those of.
    static let module = "node"

    private let trace: HostCallTrace
    private let operation: String
    private var call: HostCall
    /// What a read fills.
    private var filled: (buffer: JSTypedArray, offset: Int)?

    /// Takes down what an operation is given; nil where files are not traced.
    init?(_ operation: StaticString, suffix: String = "", _ arguments: JSArguments, _ realm: JSRealm) {
        guard let trace = realm.host.fileTrace else { return nil }
        self.operation = "\(operation)"
        let name = "fs.\(operation)\(suffix)"
        guard trace.wants(Self.module, name) else { return nil }
        self.trace = trace
        call = HostCall(module: Self.module, name: name, arguments: [], start: trace.now)
        for (position, name) in Self.parameters(self.operation).enumerated() where position < arguments.count {
            // What is written is shown from there on.
            if name == "offset" { continue }
            let value = arguments[position]
            if name == "buffer", let buffer = value.typedArray {
                let (offset, length) = Self.range(arguments, in: buffer)
                if operation == "read" { filled = (buffer, offset) }
                call.arguments.append(
                    HostCall.Field(
                        name, operation == "read" ? Self.size(buffer) : Self.contents(buffer, offset, length)))
            } else {
                call.arguments.append(HostCall.Field(name, Self.value(value, name, realm)))
            }
        }
    }

    /// Reports what the operation has returned.
    func report(_ result: JSValue, _ realm: JSRealm) {
        var call = call
        call.duration = trace.now - call.start
        call.results = results(result, realm)
        trace.report(call)
    }

    /// Reports that the operation has failed.
    func report(failure: String) {
        var call = call
        call.duration = trace.now - call.start
        call.ending = .failed(failure)
        trace.report(call)
    }

    /// The callback of an operation that may end later, which reports that end first.
    func reporting(_ callback: JSFunction, _ realm: JSRealm) -> JSFunction {
        realm.makeFunction { realm, _, arguments throws(JSFailure) in
            if arguments[0].isNullish {
                report(arguments[1], realm)
            } else {
                var code = JSValue.undefined
                if case .object(let error) = arguments[0] { code = try error.get(realm.keys.code, realm) }
                if case .string(let text) = code { report(failure: text.text) } else { report(failure: "error") }
            }
            return try realm.call(callback, this: .undefined, arguments: arguments)
        }
    }

    // MARK: - What is shown

    /// The names of an operation's arguments, which are those of Node's documentation.
    private static func parameters(_ operation: String) -> [String] {
        switch operation {
        case "open": ["path", "flags", "mode"]
        case "read", "write": ["fd", "buffer", "offset", "length", "position"]
        case "ftruncate": ["fd", "len"]
        case "fchmod": ["fd", "mode"]
        case "fchown": ["fd", "uid", "gid"]
        case "mkdir", "chmod": ["path", "mode"]
        case "chown", "lchown": ["path", "uid", "gid"]
        case "truncate": ["path", "len"]
        case "utimes": ["path", "atime", "mtime"]
        case "rename": ["oldPath", "newPath"]
        case "link": ["existingPath", "newPath"]
        case "symlink": ["target", "path"]
        case "close", "fstat", "fsync": ["fd"]
        default: ["path"]
        }
    }

    private func results(_ result: JSValue, _ realm: JSRealm) -> [HostCall.Field] {
        switch operation {
        case "open": return [HostCall.Field("fd", Self.value(result, "fd", realm))]
        case "write": return [HostCall.Field("n", Self.value(result, "n", realm))]
        case "read":
            let count = HostCall.Field("n", Self.value(result, "n", realm))
            guard case .number(let number) = result, let (buffer, offset) = filled else { return [count] }
            return [count, HostCall.Field("buffer", Self.contents(buffer, offset, NumberText.integer(number)))]
        case "stat", "lstat", "fstat":
            return (["mode", "size"] as [StaticString]).compactMap { name in
                guard case .object(let stats) = result, let value = try? stats.get(realm.key(name), realm) else {
                    return nil
                }
                return HostCall.Field("\(name)", Self.value(value, "\(name)", realm))
            }
        case "readdir":
            let names = result.array?.denseElements ?? []
            let shown = names.prefix(HostCall.Value.shownValues).map { Self.value($0, "", realm) }
            return [HostCall.Field("names", .list(shown, count: names.count))]
        case "readlink": return [HostCall.Field("target", Self.value(result, "target", realm))]
        default: return []
        }
    }

    private static func value(_ value: JSValue, _ name: String, _ realm: JSRealm) -> HostCall.Value {
        switch value {
        case .string(let text): return text.withBytes { HostCall.Value(text: $0) }
        case .number(let number) where name == "flags": return .named(flags(NumberText.integer(number)))
        case .number(let number) where name == "mode":
            return .named("0" + String(NumberText.uint32(number), radix: 8))
        case .number: return .number(realm.inspect(value))
        default: return .named(realm.inspect(value))
        }
    }

    /// The flags of `open` by their names.
    private static func flags(_ flags: Int) -> String {
        let known: [(String, Int32)] = [
            ("O_CREAT", O_CREAT), ("O_EXCL", O_EXCL), ("O_TRUNC", O_TRUNC), ("O_APPEND", O_APPEND),
            ("O_SYNC", O_SYNC), ("O_DIRECTORY", O_DIRECTORY),
        ]
        guard let flags = Int32(exactly: flags) else { return "\(flags)" }
        let access = [O_WRONLY: "O_WRONLY", O_RDWR: "O_RDWR"][flags & O_ACCMODE] ?? "O_RDONLY"
        var names = [access]
        var rest = flags & ~O_ACCMODE
        for (name, flag) in known where flag != 0 && rest & flag == flag {
            names.append(name)
            rest &= ~flag
        }
        return (names + (rest == 0 ? [] : ["\(rest)"])).joined(separator: "|")
    }

    /// Which bytes of a buffer an operation is about.
    private static func range(_ arguments: JSArguments, in buffer: JSTypedArray) -> (offset: Int, length: Int) {
        func number(_ position: Int) -> Int? {
            if case .number(let number) = arguments[position] { max(0, NumberText.integer(number)) } else { nil }
        }
        let offset = min(number(2) ?? 0, buffer.bytes.count)
        return (offset, min(number(3) ?? .max, buffer.bytes.count - offset))
    }

    private static func size(_ buffer: JSTypedArray) -> HostCall.Value {
        .named("\(buffer.element.constructorName)(\(buffer.length))")
    }

    /// The contents of a buffer, which may have become shorter since the call.
    private static func contents(_ buffer: JSTypedArray, _ offset: Int, _ length: Int) -> HostCall.Value {
        let bytes = UnsafeRawBufferPointer(buffer.bytes)
        let start = min(offset, bytes.count)
        let end = start + min(max(0, length), bytes.count - start)
        return HostCall.Value(text: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))  // traps: bounds are clamped
    }
}
