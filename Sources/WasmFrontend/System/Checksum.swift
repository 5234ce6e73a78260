/// A sum over words that tells what was written from what was not.
struct Checksum {
    private var lanes: SIMD4<UInt64> = [1, 2, 3, 4]
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var lanes = lanes
        let stride = MemoryLayout<SIMD4<UInt64>>.size
        var offset = 0
        while offset + stride <= bytes.count {
            let words = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
            lanes = (lanes ^ words) &* SIMD4(repeating: Self.factor)
            lanes ^= lanes &>> 29
            offset += stride
        }
        for index in offset..<bytes.count {
            lanes[0] = (lanes[0] ^ UInt64(bytes[index])) &* Self.factor
            lanes[0] ^= lanes[0] >> 29
        }
        // So that no byte counts for the neighbouring one of what is added next.
        lanes[1] = (lanes[1] ^ UInt64(bytes.count)) &* Self.factor
        self.lanes = lanes
    }

    var value: UInt64 {
        (0..<4).reduce(0) { sum, lane in
            let mixed = (sum ^ lanes[lane]) &* Self.factor
            return mixed ^ mixed >> 32
        }
    }
}
