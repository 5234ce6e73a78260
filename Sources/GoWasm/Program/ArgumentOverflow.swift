/// How much longer arguments and environment are than what Go's start code for js/wasm has room for.
///
/// The program finds them in its memory between the addresses 4096 and 12288 (`wasmMinDataAddr` of Go's linker): each
/// text with a zero byte and up to the next multiple of 8, and a pointer of 8 bytes to each.
public struct ArgumentOverflow: Error, Sendable, Hashable {
    /// One of the texts.
    public enum Item: Sendable, Hashable {
        /// An argument by its number; 0 is the program's name.
        case argument(Int)
        /// An environment variable by its name.
        case variable(String)
    }

    /// The bytes that all would take.
    public var needed: Int
    /// The bytes that there are.
    public var available: Int
    /// The longest of all.
    public var longest: Item
    /// Its length in bytes; that of a variable with its name.
    public var longestLength: Int
    /// The number of arguments, the program's name included.
    public var argumentCount: Int
    /// The number of environment variables.
    public var variableCount: Int
    /// How much of ``needed`` is that of the environment.
    public var environmentBytes: Int

    /// The room that texts of these lengths take, with their pointers.
    static func size(of lengths: some Sequence<Int>) -> Int { lengths.reduce(0) { $0 + ($1 + 8) / 8 * 8 + 8 } }
}

extension ArgumentOverflow: CustomStringConvertible {
    /// What is too long, in one sentence.
    public var description: String {
        "\(argumentCount) arguments and \(variableCount) environment variables take \(needed) bytes, "
            + "but Go's start code for js has room for \(available); the longest is \(longest.text) with \(longestLength) bytes"
    }
}

extension ArgumentOverflow.Item {
    /// Which text it is, in words; a name may contain anything, and be long.
    var text: String {
        switch self {
        case .argument(let number): "argument \(number)"
        case .variable(let name): "the variable \(String(name.prefix(60)).debugDescription)"
        }
    }
}
