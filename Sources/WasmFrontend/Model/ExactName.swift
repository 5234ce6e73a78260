/// A name as WebAssembly compares it: code point by code point.
///
/// Swift's strings are equal when they look the same: "é" written as one code point or as two. A module may export
/// both as different things, so that everything that looks up names by `==` or hashing uses this type.
public struct ExactName: Hashable, Sendable {
    /// The name.
    public let string: String

    /// Makes a name to compare.
    @inlinable
    public init(_ string: String) { self.string = string }

    /// Whether the code points are equal.
    @inlinable
    public static func == (left: ExactName, right: ExactName) -> Bool {
        left.string.utf8.count == right.string.utf8.count && left.string.utf8.elementsEqual(right.string.utf8)
    }

    /// Hashes the code points.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        var name = string
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}
