/// Reads numbers and names as custom sections have them (sections 5.2.2 and 5.2.4 of the specification); each step says nil
/// where there is none.
struct LEBReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// Reads bytes, which must stay there.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many bytes there are in all: no more than that of anything.
    var count: Int { bytes.count }

    mutating func byte() -> UInt8? {
        guard place < bytes.count else { return nil }
        defer { place += 1 }
        return bytes[place]
    }

    /// An unsigned number.
    mutating func unsigned() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = byte() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    /// So many bytes.
    mutating func bytes(_ wanted: UInt64) -> UnsafeRawBufferPointer? {
        guard wanted <= UInt64(bytes.count - place) else { return nil }
        let start = place
        place += Int(wanted)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<place])
    }

    /// The bytes of a name.
    mutating func name() -> UnsafeRawBufferPointer? {
        guard let count = unsigned() else { return nil }
        return bytes(count)
    }

    /// A name as text.
    mutating func text() -> String? { name().map { String(decoding: $0, as: UTF8.self) } }
}
