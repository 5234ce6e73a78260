internal import LibC

/// A program's randomness: the system's, or numbers that follow from a seed.
package final class RandomSource {
    /// What the next numbers follow from; nil for the system's randomness.
    private var state: UInt64?

    /// Makes a source; with a seed it gives the same bytes each time.
    package init(seed: UInt64? = nil) { state = seed }

    /// Fills bytes; they may lie in the memory of the guest.
    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        guard var state else { return Self.fillFromSystem(bytes) }
        var offset = 0
        while offset < bytes.count {
            // SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            word = (word ^ (word >> 31)).littleEndian
            withUnsafeBytes(of: word) { word in
                let count = min(8, bytes.count - offset)
                UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
                offset += count
            }
        }
        self.state = state
    }

    private static func fillFromSystem(_ bytes: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset < bytes.count {
            let piece = min(bytes.count - offset, 256)
            guard fillRandomly(bytes.baseAddress! + offset, piece) else {
                fatalError("getentropy: \(ErrorCode.last.message)")
            }
            offset += piece
        }
    }
}
