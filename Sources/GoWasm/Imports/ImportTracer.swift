/// The line that `--trace` prints for one import call.
///
/// The arguments are taken down before the call, the results behind it; calls that happen inside come first.
struct ImportTracer {
    private let row: GoImport
    private var head: String
    private var layout = FrameLayout()

    init(_ row: GoImport, _ stackPointer: UInt32, _ host: GoHost) {
        self.row = row
        head = "\(row.rawValue)(\(stackPointer))"
        for (name, slot) in row.signature.arguments {
            head += " \(name)=" + Self.describe(slot, at: UInt64(stackPointer) + layout.place(slot), host)
        }
    }

    /// The line for a call that returned.
    func line(for host: GoHost, stackPointer: UInt32) -> String {
        var line = head
        var layout = self.layout
        layout.beginResults()
        for (position, (name, slot)) in row.signature.results.enumerated() {
            line += position == 0 ? " -> " : ", "
            line += "\(name)=" + Self.describe(slot, at: UInt64(stackPointer) + layout.place(slot), host)
        }
        return line
    }

    /// The line for a call that ended the program.
    func line(endedBy error: any Error) -> String {
        if error is GuestExit { return head }
        return "\(head) -> failed: \(error)"
    }

    private static func describe(_ slot: GoImport.Slot, at address: UInt64, _ host: GoHost) -> String {
        let memory = host.memory
        guard let field = memory.slice(address, slot.size) else { return "(outside the memory)" }
        switch slot {
        case .bool: return field[0] == 0 ? "false" : "true"
        case .int32: return String(field.loadUnaligned(as: Int32.self))
        case .int64: return String(field.loadUnaligned(as: Int64.self))
        case .reference: return describe(reference: field.loadUnaligned(as: UInt64.self), host)
        case .string, .bytes, .references: break
        }
        let start = field.loadUnaligned(as: UInt64.self)
        let count = field.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let size: UInt64 = slot == .references ? 8 : 1
        guard count <= memory.count / size, let bytes = memory.slice(start, count * size) else {
            return "(outside the memory)"
        }
        switch slot {
        case .string: return text(UnsafeRawBufferPointer(bytes))
        case .references:
            let shown = (0..<min(Int(count), 16)).map {
                describe(reference: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self), host)
            }
            return "[" + shown.joined(separator: ", ") + (count > 16 ? ", …]" : "]")
        default: return "[\(count) bytes at \(start)]"
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        let shown = String(decoding: bytes.prefix(80), as: UTF8.self).debugDescription
        return bytes.count > 80 ? shown + "…" : shown
    }

    /// A value as the guest names it: numbers and short texts as such, objects by what they are and their id.
    private static func describe(reference: UInt64, _ host: GoHost) -> String {
        let value = host.references.load(reference)
        let id = UInt32(truncatingIfNeeded: reference)
        switch value {
        case .string(let string): return string.withBytes { text($0) }
        case .object(let object):
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
            case .error: return "\(host.realm.errorText(value))#\(id)"
            default: return "object#\(id)"
            }
        default: return host.realm.inspect(value)
        }
    }
}
