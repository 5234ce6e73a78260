internal import HostSystem

/// Reads numbers and texts of a guest's memory, which may say anything: what lies outside is nil.
struct GuestReader {
    let memory: GuestMemory

    func long(_ address: UInt64) -> UInt64? {
        memory.slice(address, 8).map { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    func word(_ address: UInt64) -> UInt32? {
        memory.slice(address, 4).map { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }
    }

    func byte(_ address: UInt64) -> UInt8? { memory.slice(address, 1)?.first }

    /// A number of 1, 2, 4 or 8 bytes, or of another size up to 8.
    func number(_ address: UInt64, size: UInt8) -> UInt64? {
        guard size <= 8, let bytes = memory.slice(address, UInt64(size)) else { return nil }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
