internal import LibC

/// How much of the machine's stack is left: calls between Go and JavaScript nest on it.
enum MachineStack {
    /// What must remain for the host's own work.
    private static let reserve: UInt = 256 << 10
    /// A program never uses more than this, even on an unlimited stack.
    private static let maximum: UInt = 64 << 20

    /// The lowest address that the current thread may still use for nested calls.
    static func limitOfCurrentThread() -> UInt {
        let here = position()
        guard let available = remainingStack(below: here) else { return here - reserve }
        // Of a very small stack a quarter must do.
        return here - min(available > 2 * reserve ? available - reserve : available / 4, maximum)
    }

    /// About where the stack ends now.
    @inline(__always)
    static func position() -> UInt {
        var marker: UInt8 = 0
        return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
    }
}
