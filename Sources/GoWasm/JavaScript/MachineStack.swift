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
        #if canImport(Darwin)
            let top = UInt(bitPattern: pthread_get_stackaddr_np(pthread_self()))
            let bottom = top - UInt(pthread_get_stacksize_np(pthread_self()))
            let available = here > bottom ? here - bottom : 0
        #else
            // Where this thread's stack ends cannot be asked for from Swift. New threads, and the first one unless its
            // limit was changed, have the size that new attributes say; callers have not used more than a quarter of it
            // yet.
            var attributes = pthread_attr_t()
            var size = 0
            guard pthread_attr_init(&attributes) == 0 else { return here - reserve }
            defer { pthread_attr_destroy(&attributes) }
            guard pthread_attr_getstacksize(&attributes, &size) == 0 else { return here - reserve }
            let available = UInt(size) / 4 * 3
        #endif
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
