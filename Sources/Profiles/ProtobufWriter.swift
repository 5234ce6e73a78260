/// Writes messages in the wire format of protocol buffers: the two kinds of field that profiles have.
///
/// swift-protobuf is not used because it brings Foundation, whose initialisation would delay every start of the
/// command.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func key(_ field: Int, wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

    /// An integer; 0 is what a reader takes for a field that is missing.
    mutating func integer(_ field: Int, _ value: Int) {
        guard value != 0 else { return }
        key(field, wireType: 0)
        varint(UInt64(bitPattern: Int64(value)))
    }

    /// Repeated integers, packed.
    mutating func integers(_ field: Int, _ values: [Int]) {
        var packed = ProtobufWriter()
        for value in values { packed.varint(UInt64(bitPattern: Int64(value))) }
        data(field, packed.bytes)
    }

    /// A string, or a message that is complete.
    mutating func data(_ field: Int, _ contents: [UInt8]) {
        key(field, wireType: 2)
        varint(UInt64(contents.count))
        bytes += contents
    }

    /// A message.
    mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        write(&inner)
        data(field, inner.bytes)
    }
}
