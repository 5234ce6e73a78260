internal import HostSystem

/// What functions of WASI read and write: an access beyond the end is the guest's mistake, and the call fails with
/// EFAULT.
extension GuestMemory {
    /// `count` bytes from an address on.
    @inline(__always)
    func bytes(at address: UInt32, count length: UInt32) throws(ErrorCode) -> UnsafeMutableRawBufferPointer {
        guard UInt64(address) + UInt64(length) <= count else { throw ErrorCode.fault }
        return UnsafeMutableRawBufferPointer(start: base + Int(address), count: Int(length))
    }

    /// Reads a number.
    @inline(__always)
    func load<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self, at address: UInt32, offset: UInt32 = 0
    ) throws(ErrorCode) -> Number {
        let start = UInt64(address) + UInt64(offset)
        guard start + UInt64(MemoryLayout<Number>.size) <= count else { throw ErrorCode.fault }
        return (base + Int(start)).loadUnaligned(as: Number.self)
    }

    /// Writes a number.
    @inline(__always)
    func store(_ number: some FixedWidthInteger, at address: UInt32, offset: UInt32 = 0) throws(ErrorCode) {
        let start = UInt64(address) + UInt64(offset)
        guard start + UInt64(number.bitWidth / 8) <= count else { throw ErrorCode.fault }
        (base + Int(start)).storeBytes(of: number, as: type(of: number))
    }

    /// A path or other text.
    func path(at address: UInt32, count: UInt32) throws(ErrorCode) -> [UInt8] {
        Array(try bytes(at: address, count: count))
    }

    /// Calls `body` with the buffers that an array of addresses and lengths names (types `iovec_array` and
    /// `ciovec_array`), or with the first of them: together they have at most as many bytes as a guest can be told of.
    @inline(__always)
    func withVectors<Result>(
        at address: UInt32, count vectors: UInt32,
        _ body: (UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>) throws(ErrorCode) -> Result
    ) throws(ErrorCode) -> Result {
        if vectors == 1 {
            var single = try bytes(at: load(at: address), count: load(at: address, offset: 4))
            return try withUnsafeMutablePointer(to: &single) { single throws(ErrorCode) in
                try body(UnsafeMutableBufferPointer(start: single, count: 1))
            }
        }
        // As many as the system takes in one call; nothing obliges to more.
        let taken = min(vectors, 1024)
        _ = try bytes(at: address, count: taken * 8)
        var list = ContiguousArray<UnsafeMutableRawBufferPointer>()
        list.reserveCapacity(Int(taken))
        // They may all be the same bytes.
        var room = UInt32.max
        for index in 0..<taken where room > 0 {
            let length: UInt32 = min(room, try load(at: address, offset: index * 8 + 4))
            list.append(try bytes(at: load(at: address, offset: index * 8), count: length))
            room -= length
        }
        var result: Swift.Result<Result, ErrorCode>?
        list.withUnsafeMutableBufferPointer { buffers in
            do throws(ErrorCode) { result = .success(try body(buffers)) } catch { result = .failure(error) }
        }
        return try result!.get()
    }
}

extension ErrorCode {
    /// An address outside of the memory.
    static let fault = ErrorCode(14)
}
