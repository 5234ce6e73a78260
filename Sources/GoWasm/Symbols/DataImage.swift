internal import WasmFrontend

/// The module's data as one run of bytes: Go's linker leaves out runs of zeros.
struct DataImage: Sendable {
    /// The address of the first byte.
    let start: Int
    let bytes: [UInt8]

    init?(_ module: Module) {
        var pieces: [(address: Int, range: Range<Int>)] = []
        for segment in module.data {
            guard case .active(_, offset: .value(let slot)) = segment.mode else { continue }
            pieces.append((Int(UInt32(truncatingIfNeeded: slot)), segment.bytes))
        }
        guard let low = pieces.map(\.address).min(), let high = pieces.map({ $0.address + $0.range.count }).max(),
            // No program is as large; a module that claims it has no table for us.
            high - low < 1 << 28
        else { return nil }
        start = low
        bytes = [UInt8](unsafeUninitializedCapacity: high - low) { buffer, count in
            buffer.initialize(repeating: 0)
            for piece in pieces {
                let target = UnsafeMutableRawBufferPointer(buffer)[(piece.address - low)...]
                UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: module.bytes.buffer[piece.range]))
            }
            count = high - low
        }
    }

    func word(_ place: Int) -> UInt32? {
        guard place >= 0, place + 4 <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
    }

    func long(_ place: Int) -> UInt64? {
        guard place >= 0, place + 8 <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
    }

    func varint(_ place: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard place >= 0, place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    /// The text up to the next zero, of at most 4096 bytes.
    func string(at place: Int) -> String? {
        guard place >= 0, place < bytes.count else { return nil }
        let end = bytes[place..<min(bytes.count, place + 4096)].firstIndex(of: 0)
        return end.map { String(decoding: bytes[place..<$0], as: UTF8.self) }
    }

    /// The place of the first of these bytes at or behind a place.
    func firstIndex(of pattern: [UInt8], from place: Int) -> Int? {
        (place..<max(place, bytes.count - pattern.count)).first { place in
            bytes[place] == pattern[0] && bytes[place..<place + pattern.count].elementsEqual(pattern)
        }
    }
}
