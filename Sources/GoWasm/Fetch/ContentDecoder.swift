internal import CHostSystem
internal import CZlib

/// Undoes the encodings of a body (`Content-Encoding`), piece by piece and no faster than somebody reads.
///
/// As in Node, gzip and deflate by zlib, brotli and zstd where their libraries are there; a body that ends early is what
/// came of it.
final class ContentDecoder {
    /// The encoding that was applied last comes first.
    private let stages: [Stage]

    /// More encodings than this are refused.
    private static let maximumStages = 5

    /// The encodings that are asked for.
    static func accepted(isSecure: Bool) -> String {
        isSecure && gw_encoding_is_available(.brotli) ? "br, gzip, deflate" : "gzip, deflate"
    }

    /// A decoder for the value of the header; nil where the body is to be delivered as it is.
    static func make(_ header: String) throws(FetchFailure) -> ContentDecoder? {
        let names = WebHost.asciiLowercased(header).split(separator: ",", omittingEmptySubsequences: false)
        guard names.count <= maximumStages else {
            throw FetchFailure(
                "too many content-encodings in response: \(names.count), maximum allowed is \(maximumStages)")
        }
        var stages: [Stage] = []
        for name in names.reversed() {
            guard let stage = Stage.make(HeaderList.trimmed(String(name))) else { return nil }
            stages.append(stage)
        }
        return stages.isEmpty ? nil : ContentDecoder(stages)
    }

    private init(_ stages: [Stage]) { self.stages = stages }

    /// Adds bytes as they came.
    func feed(_ bytes: [UInt8]) { stages[0].input += bytes[...] }

    /// The next decoded bytes, not many at once; nil where more have to come before.
    func next() throws(FetchFailure) -> [UInt8]? { try next(of: stages.count - 1) }

    private func next(of place: Int) throws(FetchFailure) -> [UInt8]? {
        let stage = stages[place]
        while true {
            let output = try stage.step()
            if !output.isEmpty { return output }
            guard place > 0 else { return nil }
            guard let more = try next(of: place - 1) else { return nil }
            stage.input += more[...]
        }
    }
}

/// One encoding.
private class Stage {
    var input: ArraySlice<UInt8> = []
    /// Whether the encoded data have ended; what is behind them is ignored.
    var isOver = false
    private static let pieceSize = 1 << 16

    static func make(_ name: String) -> Stage? {
        switch name {
        case "gzip", "x-gzip": ZlibStage(isGzip: true)
        case "deflate": ZlibStage(isGzip: false)
        case "br": LibraryStage(.brotli)
        case "zstd": LibraryStage(.zstd)
        default: nil
        }
    }

    /// Decodes what there is, up to the size of a piece.
    func step() throws(FetchFailure) -> [UInt8] {
        if isOver { input = [] }
        // Without input there may be output left from the last step.
        var failure: FetchFailure?
        let output = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { output, count in
            do throws(FetchFailure) {
                while !isOver, count < output.count {
                    let given = input.count
                    let rest = UnsafeMutableBufferPointer(rebasing: output[count...])
                    let (read, written) = try decode(rest)
                    input = input.dropFirst(read)
                    count += written
                    if read == 0 && written == 0 || given == 0 && written < rest.count { return }
                }
            } catch {
                failure = error
            }
        }
        if let failure, output.isEmpty { throw failure }
        return output
    }

    /// Decodes input into a buffer; returns how much was read and written.
    func decode(_ output: UnsafeMutableBufferPointer<UInt8>) throws(FetchFailure) -> (read: Int, written: Int) {
        (0, 0)
    }
}

private final class ZlibStage: Stage {
    // It must not move: zlib keeps its address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let isGzip: Bool
    private var hasBegun = false

    init(isGzip: Bool) {
        self.isGzip = isGzip
        stream.initialize(to: z_stream())
    }

    deinit {
        if hasBegun { inflateEnd(stream) }
        stream.deallocate()
    }

    /// Deflate is that of zlib's format or, as some servers send it, without its header.
    private func begin(_ first: UInt8) -> Bool {
        let bits: Int32 = isGzip ? 15 + 16 : first & 0xF == 8 ? 15 : -15
        hasBegun = inflateInit2_(stream, bits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        return hasBegun
    }

    override func decode(
        _ output: UnsafeMutableBufferPointer<UInt8>
    ) throws(FetchFailure) -> (read: Int, written: Int) {
        if !hasBegun {
            guard let first = input.first else { return (0, 0) }
            guard begin(first) else { throw FetchFailure("out of memory", code: "Z_MEM_ERROR") }
        }
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        let given = min(input.count, Int(UInt32.max))
        let result = input.withUnsafeBufferPointer { bytes in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(given)
            return inflate(stream, Z_SYNC_FLUSH)
        }
        let read = given - Int(stream.pointee.avail_in)
        let written = output.count - Int(stream.pointee.avail_out)
        switch result {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END:
            // A gzip file may have several members, and zeros behind them.
            if isGzip, input.dropFirst(read).first ?? 0 != 0 {
                inflateReset(stream)
            } else {
                isOver = true
            }
        default: throw FetchFailure(stream.pointee.msg.map { String(cString: $0) } ?? "zlib", code: "Z_DATA_ERROR")
        }
        return (read, written)
    }
}

private final class LibraryStage: Stage {
    private let encoding: GWEncoding
    private let decoder: UnsafeMutableRawPointer

    init?(_ encoding: GWEncoding) {
        guard let decoder = gw_encoding_new(encoding) else { return nil }
        self.encoding = encoding
        self.decoder = decoder
    }

    deinit { gw_encoding_free(encoding, decoder) }

    override func decode(
        _ output: UnsafeMutableBufferPointer<UInt8>
    ) throws(FetchFailure) -> (read: Int, written: Int) {
        var (read, written) = (input.count, output.count)
        let status = input.withUnsafeBufferPointer {
            gw_encoding_step(encoding, decoder, $0.baseAddress, &read, output.baseAddress, &written)
        }
        switch status {
        case .goesOn: break
        case .ended: isOver = true
        case .failed: throw FetchFailure("Decompression failed")
        @unknown default: break
        }
        return (read, written)
    }
}
