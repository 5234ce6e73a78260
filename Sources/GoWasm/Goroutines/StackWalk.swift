/// The frames of a goroutine's stack, from the innermost outwards (runtime.unwinder).
struct StackWalk {
    /// A function's part of the stack.
    struct Frame {
        /// Where in the function: for a call, what it pushed.
        var address: GoLineTable.CodeAddress
        /// Where the part begins.
        var stackPointer: UInt64
        /// Where it ends: behind the return address, where the arguments are; 0 until it is known.
        var end: UInt64 = 0
        /// Of what is being executed, without being in a call: the block of the last one before it.
        var previousBlock: Int?
        /// Whether the place is the one that trapped, and not one behind a call.
        var isExact = false
    }

    private let table: GoLineTable
    private let guest: GuestReader
    private let stack: Range<UInt64>
    private(set) var frames: [Frame] = []
    /// Whether there is more that was not, or could not be, read.
    var isTruncated = false

    init(_ table: GoLineTable, _ guest: GuestReader, _ stack: Range<UInt64>) {
        self.table = table
        self.guest = guest
        self.stack = stack
    }

    /// The block of an address that Go pushes.
    static func block(_ address: Int?) -> Int? { address.map { $0 & 0xFFFF } }

    /// An address behind another; nil where it would be none of a guest's.
    static func sum(_ address: UInt64, _ bytes: Int) -> UInt64? {
        let (sum, overflow) = address.addingReportingOverflow(UInt64(clamping: bytes))
        return overflow ? nil : sum
    }

    /// Follows the stack: each frame begins where the one before it ends, so that this comes to an end.
    mutating func walk(from innermost: Frame) {
        var frame = innermost
        // A function that has not begun, or is where it trapped, is at its place; in a call, before it.
        frame.isExact = frame.address.block == 0
        while true {
            if frame.end == 0 {
                guard let size = table.stackBytes(frame.address), let place = Self.sum(frame.stackPointer, size),
                    stack.contains(frame.stackPointer), stack.contains(place)
                else {
                    frames.append(frame)
                    isTruncated = true
                    return
                }
                frame.end = place &+ 8
            }
            frames.append(frame)
            if table.endsStack(frame.address.function) { return }
            guard frames.count < GoroutineDump.deepestStack, frame.end > frame.stackPointer, frame.end >= 8,
                stack.contains(frame.end &- 8), let pushed = guest.long(frame.end &- 8)
            else {
                isTruncated = true
                return
            }
            guard pushed != 0 else { return }
            guard let address = table.codeAddress(pushed) else {
                isTruncated = true
                return
            }
            // What panics after a fault is called at the faulting instruction itself.
            let isFault = table.name(ofFunction: frame.address.function) == "runtime.sigpanic"
            frame = Frame(address: address, stackPointer: frame.end, isExact: isFault || address.block == 0)
        }
    }
}
