internal import HostSystem

/// Takes down one call of an import for a trace.
///
/// The arguments are taken down before the call, the results behind it.
struct ImportTracer {
    private let row: GoImport
    private var layout = FrameLayout()
    var call: HostCall

    init(_ row: GoImport, _ module: String, _ stackPointer: UInt32, _ host: GoHost, start: UInt64) {
        self.row = row
        call = HostCall(module: module, name: row.rawValue, arguments: [], start: start)
        for (name, slot) in row.signature.arguments {
            let value = Self.value(
                slot, at: UInt64(stackPointer) + layout.place(slot), host,
                showsContents: row == .copyBytesToJS || row == .valueCall && Self.writes(call.arguments))
            call.arguments.append(HostCall.Field("\(name)", value))
        }
    }

    /// Takes down what a call that has returned gave back.
    mutating func addResults(stackPointer: UInt32, _ host: GoHost) {
        layout.beginResults()
        for (name, slot) in row.signature.results {
            let value = Self.value(slot, at: UInt64(stackPointer) + layout.place(slot), host)
            call.results.append(HostCall.Field("\(name)", value))
        }
        if row == .copyBytesToGo { addCopiedBytes(host) }
    }

    /// Adds the bytes that the program has got.
    private mutating func addCopiedBytes(_ host: GoHost) {
        guard case .bytes(let count, let address)? = call.arguments.first?.value,
            case .integer(let copied)? = call.results.first?.value,
            let bytes = host.memory.slice(address, min(UInt64(clamping: count), UInt64(clamping: copied)))
        else { return }
        call.results.append(HostCall.Field("dst", HostCall.Value(text: UnsafeRawBufferPointer(bytes))))
    }

    /// Whether a method writes the arrays that it is given, going by its name, which comes before them.
    ///
    /// Other methods fill arrays, or are given large ones for other reasons.
    static func writes(_ arguments: [HostCall.Field]) -> Bool {
        guard case .text(let method, _)? = arguments.first(where: { $0.name == "m" })?.value else { return false }
        return method == "write" || method == "writeSync"
    }

    private static func value(
        _ slot: GoImport.Slot, at address: UInt64, _ host: GoHost, showsContents: Bool = false
    ) -> HostCall.Value {
        let memory = host.memory
        guard let field = memory.slice(address, slot.size) else { return .outsideMemory }
        switch slot {
        case .bool: return .boolean(field[0] != 0)
        case .int32: return .integer(Int64(field.loadUnaligned(as: Int32.self)))
        case .int64: return .integer(field.loadUnaligned(as: Int64.self))
        case .reference: return value(reference: field.loadUnaligned(as: UInt64.self), host)
        case .string, .bytes, .references, .buffer: break
        }
        let start = field.loadUnaligned(as: UInt64.self)
        let count =
            slot == .buffer
            ? UInt64(field.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            : field.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let size: UInt64 = slot == .references ? 8 : 1
        guard count <= memory.count / size, let bytes = memory.slice(start, count * size) else {
            return .outsideMemory
        }
        switch slot {
        case .string, .buffer: return HostCall.Value(text: UnsafeRawBufferPointer(bytes))
        case .references: return list(references: bytes, host, showsContents: showsContents)
        default:
            return showsContents
                ? HostCall.Value(text: UnsafeRawBufferPointer(bytes)) : .bytes(count: Int(count), address: start)
        }
    }

    /// The values that a slice of references names, with the contents of arrays of bytes if these are to be shown.
    static func list(
        references bytes: UnsafeMutableRawBufferPointer, _ host: GoHost, showsContents: Bool = false
    ) -> HostCall.Value {
        let count = bytes.count / 8
        let shown = (0..<min(count, HostCall.Value.shownValues)).map {
            value(
                reference: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self), host,
                showsContents: showsContents)
        }
        return .list(shown, count: count)
    }

    /// A value as the guest names it: numbers and short texts as such, objects by what they are and their id.
    static func value(reference: UInt64, _ host: GoHost, showsContents: Bool = false) -> HostCall.Value {
        let value = host.references.load(reference)
        switch value {
        case .string(let string): return string.withBytes { .init(text: $0) }
        case .boolean(let flag): return .boolean(flag)
        case .number: return .number(host.realm.inspect(value))
        case .object(let object):
            let name = name(object, id: UInt32(truncatingIfNeeded: reference), host)
            guard showsContents, let array = value.typedArray else { return .named(name) }
            return .array(name, contents: HostCall.Value(text: UnsafeRawBufferPointer(array.bytes)))
        default: return .named(host.realm.inspect(value))
        }
    }

    private static func name(_ object: JSObject, id: UInt32, _ host: GoHost) -> String {
        if object === host.realm.global { return "globalThis" }
        if object === host.instance { return "jsGo" }
        switch object.kind {
        case .function:
            if case .string(let name) = (try? object.get(host.realm.keys.name, host.realm)) ?? .undefined {
                return "function \(name.text)#\(id)"
            }
            return "function#\(id)"
        case .array: return "array#\(id)"
        case .typedArray:
            let array = unsafeDowncast(object, to: JSTypedArray.self)
            return "\(array.element.constructorName)(\(array.length))#\(id)"
        case .error: return "\(host.realm.errorText(.object(object)))#\(id)"
        default: return "object#\(id)"
        }
    }
}
