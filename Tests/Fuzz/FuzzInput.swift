import Foundation

/// A way to try the host with bytes.
///
/// An input is a case: the same bytes do the same again.
protocol FuzzTarget {
    /// Inputs to begin with.
    static func seeds() throws -> [[UInt8]]
    /// Does what an input says. Whatever is thrown is what a hostile guest may well get; everything else is a fault.
    mutating func run(_ input: UnsafeRawBufferPointer) throws
    init() throws
}

/// How many calls of the host the targets have made.
enum FuzzCount {
    nonisolated(unsafe) static var calls = 0
}

enum Descriptor {
    /// Leads a standard file nowhere.
    static func silence(_ number: Int32) {
        let null = open("/dev/null", O_RDWR)
        dup2(null, number)
        close(null)
    }
}

/// An input as a list of numbers; when it is over, zeros follow.
struct FuzzInput {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isOver: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard !isOver else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
        (0..<Number.bitWidth / 8).reduce(0) { sum, index in sum | Number(truncatingIfNeeded: byte()) << (index * 8) }
    }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[Int(byte()) % list.count] }

    /// A few bytes: their number comes first.
    mutating func text() -> UnsafeRawBufferPointer {
        let count = min(Int(byte()) % 64, max(0, bytes.count - position))
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A number that means something, or any.
    mutating func hostileNumber() -> UInt64 {
        let head = byte()
        switch head {
        case 0..<128: return UInt64(head)
        case 128..<192: return UInt64(number(UInt16.self))
        case 192..<255:
            let edges: [UInt64] = [
                .max, .max - 7, 1 << 63, 1 << 32, 1 << 32 - 1, 1 << 31, 1 << 31 - 1, 65535, 65536, 65528, 1 << 61,
                1 << 53,
            ]
            // The edge, one less or one more.
            return edges[Int(head - 192) % edges.count] &+ UInt64(head / 12 % 3) &- 1
        default: return number(UInt64.self)
        }
    }
}
