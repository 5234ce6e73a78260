internal import HostSystem

/// Takes down one call of an import of TinyGo's for a trace.
///
/// The arguments are taken down before the call, the results behind it.
struct TinyGoTracer {
    private let row: TinyGoImport
    private let ticks: TinyGoImport.Ticks
    /// The address of the structure of results.
    private var structure: UInt64 = 0
    var call: HostCall

    init(
        _ row: TinyGoImport, _ module: String, _ ticks: TinyGoImport.Ticks,
        _ values: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ host: GoHost, start: UInt64
    ) {
        self.row = row
        self.ticks = ticks
        call = HostCall(module: module, name: row.rawValue, arguments: [], start: start)
        var index = 0
        if row.returnsStructure {
            structure = UInt64(values[0].unsafelyUnwrapped.load(as: UInt32.self))
            index = 1
        }
        for (name, slot) in row.signature.arguments {
            let first = UnsafeRawPointer(values[index].unsafelyUnwrapped)
            let types = slot.types(ticks)
            let value: HostCall.Value
            if types.count == 1 {
                value = scalar(slot, at: first, host)
            } else {
                let count = values[index + 1].unsafelyUnwrapped.load(as: UInt32.self)
                value = Self.span(
                    slot, first.load(as: UInt32.self), count, host,
                    showsContents: row == .copyBytesToJS
                        || row == .valueCall && ImportTracer.writes(call.arguments))
            }
            call.arguments.append(HostCall.Field("\(name)", value))
            index += types.count
        }
    }

    /// Takes down what a call that has returned gave back.
    mutating func addResults(_ result: UnsafeMutableRawPointer?, _ host: GoHost) {
        let offsets = row.resultOffsets
        for (position, (name, slot)) in row.signature.results.enumerated() {
            var place = result.map { UnsafeRawPointer($0) }
            if row.returnsStructure {
                place = host.memory.slice(structure + offsets[position], slot.size)
                    .flatMap { $0.baseAddress.map { UnsafeRawPointer($0) } }
            }
            let value = place.map { scalar(slot, at: $0, host) } ?? .outsideMemory
            call.results.append(HostCall.Field("\(name)", value))
        }
    }

    /// A value that is where a C value of its type is.
    private func scalar(_ slot: TinyGoImport.Slot, at place: UnsafeRawPointer, _ host: GoHost) -> HostCall.Value {
        switch slot {
        case .bool: .boolean(place.load(as: UInt8.self) != 0)
        case .int32: .integer(Int64(place.loadUnaligned(as: Int32.self)))
        case .ticks where ticks == .milliseconds: .number("\(place.loadUnaligned(as: Double.self))")
        case .ticks: .integer(place.loadUnaligned(as: Int64.self))
        default: ImportTracer.value(reference: place.loadUnaligned(as: UInt64.self), host)
        }
    }

    /// What an address and a length name.
    private static func span(
        _ slot: TinyGoImport.Slot, _ address: UInt32, _ count: UInt32, _ host: GoHost, showsContents: Bool
    ) -> HostCall.Value {
        let size: UInt64 = slot == .references ? 8 : 1
        guard let bytes = host.memory.slice(UInt64(address), UInt64(count) * size) else { return .outsideMemory }
        switch slot {
        case .string: return HostCall.Value(text: UnsafeRawBufferPointer(bytes))
        case .references: return ImportTracer.list(references: bytes, host, showsContents: showsContents)
        default:
            return showsContents
                ? HostCall.Value(text: UnsafeRawBufferPointer(bytes))
                : .bytes(count: Int(count), address: UInt64(address))
        }
    }
}
