/// The arguments and the environment as Go finds them in its memory at the start.
///
/// ```
/// 4096: strings, each UTF-8 with a zero byte, at multiples of 8
///       pointers of 8 bytes: arguments, 0, environment, 0   (from 1.14 on)
///                            arguments, number of environment strings, environment   (before)
/// ```
struct ArgumentBlock {
    /// What is written to memory from ``start`` on.
    private(set) var bytes: [UInt8] = []
    /// Where the pointers begin.
    let pointersAddress: UInt32
    let argumentCount: UInt32

    static let start: UInt64 = 4096

    /// - Throws: ``ArgumentOverflow`` where the block would reach the addresses that belong to the program.
    init(
        arguments: [String], environment: [(key: String, value: String)], _ abi: GoABI
    ) throws(ArgumentOverflow) {
        if let overflow = Self.overflow(arguments, environment, abi) { throw overflow }
        func place(_ texts: [String], into bytes: inout [UInt8]) -> [UInt64] {
            texts.map { text in
                let address = Self.start + UInt64(bytes.count)
                bytes += text.utf8
                bytes.append(0)
                bytes.append(contentsOf: repeatElement(0, count: (8 - bytes.count % 8) % 8))
                return address
            }
        }
        var bytes: [UInt8] = []
        let argumentPointers = place(arguments, into: &bytes)
        let environmentPointers = place(environment.map { "\($0.key)=\($0.value)" }, into: &bytes)
        pointersAddress = UInt32(Self.start) + UInt32(bytes.count)
        argumentCount = UInt32(arguments.count)
        let separator = abi.countsEnvironment ? UInt64(environment.count) : 0
        for word in argumentPointers + [separator] + environmentPointers + [0] {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        self.bytes = bytes
    }

    /// Says what does not fit, before anything is laid out; nil where everything does.
    private static func overflow(
        _ arguments: [String], _ environment: [(key: String, value: String)], _ abi: GoABI
    ) -> ArgumentOverflow? {
        let argumentLengths = arguments.map(\.utf8.count)
        let variableLengths = environment.map { $0.key.utf8.count + 1 + $0.value.utf8.count }
        let environmentBytes = ArgumentOverflow.size(of: variableLengths)
        // Two more words separate and end the pointers.
        let needed = ArgumentOverflow.size(of: argumentLengths) + environmentBytes + 16
        // The limit is where the module says that its data begins, which may be anywhere.
        let available = max(0, Int(clamping: abi.argumentLimit) - Int(clamping: start) - 1)
        guard needed > available else { return nil }
        let argument = argumentLengths.enumerated().max { $0.element < $1.element }
        let variable = variableLengths.enumerated().max { $0.element < $1.element }
        var (longest, length) = (ArgumentOverflow.Item.argument(argument?.offset ?? 0), argument?.element ?? 0)
        if let variable, variable.element > length {
            (longest, length) = (.variable(environment[variable.offset].key), variable.element)
        }
        return ArgumentOverflow(
            needed: needed, available: available, longest: longest, longestLength: length,
            argumentCount: arguments.count, variableCount: environment.count, environmentBytes: environmentBytes)
    }

    /// The environment in the order in which the host script passes it: by UTF-16 code units of the keys.
    static func sorted(_ environment: [String: String]) -> [(key: String, value: String)] {
        environment.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }.map {
            (key: $0.key, value: $0.value)
        }
    }
}
