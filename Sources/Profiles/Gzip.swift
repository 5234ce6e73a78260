internal import CZlib

/// Compresses bytes as a gzip file (RFC 1952).
public func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    // 15 bits of window, and 16 for gzip's header instead of zlib's.
    let size = Int32(MemoryLayout<z_stream>.size)
    guard
        deflateInit2_(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
            == Z_OK
    else { fatalError("zlib does not start") }
    defer { deflateEnd(&stream) }
    var input = bytes
    return [UInt8](unsafeUninitializedCapacity: Int(deflateBound(&stream, UInt(bytes.count))) + 18) { output, count in
        input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            let result = deflate(&stream, Z_FINISH)
            precondition(result == Z_STREAM_END, "the bound was large enough")
        }
        count = Int(stream.total_out)
    }
}
