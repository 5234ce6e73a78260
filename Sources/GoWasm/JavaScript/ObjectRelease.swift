#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ends objects that refer to each other in long chains without a chain of calls as long.
///
/// An object that goes releases what it refers to, and so on: a list of a million elements would take a million
/// nested calls. From some depth on objects are kept until the outermost of these calls is done, and go then.
final class ObjectRelease {
    private var depth = 0
    private var postponed: [JSObject] = []

    /// How deep objects are released at once.
    private static let maximumDepth = 64

    /// Runs `body`, which releases what an object refers to: the values that `visit` names are kept where that would
    /// nest too deep.
    @inline(__always)
    static func release(visiting visit: ((JSObject) -> Void) -> Void, _ body: () -> Void) {
        let state = current
        state.depth += 1
        if state.depth > maximumDepth { visit { state.postponed.append($0) } }
        body()
        if state.depth == 1 {
            // Each may postpone others in turn.
            while !state.postponed.isEmpty { _ = state.postponed.removeLast() }
        }
        state.depth -= 1
    }

    // MARK: One for each thread

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        #if canImport(Darwin)
            pthread_key_create(&key) { Unmanaged<ObjectRelease>.fromOpaque($0).release() }
        #else
            pthread_key_create(&key) { if let state = $0 { Unmanaged<ObjectRelease>.fromOpaque(state).release() } }
        #endif
        return key
    }()

    private static var current: ObjectRelease {
        if let known = pthread_getspecific(key) {
            return Unmanaged<ObjectRelease>.fromOpaque(known).takeUnretainedValue()
        }
        let new = ObjectRelease()
        pthread_setspecific(key, Unmanaged.passRetained(new).toOpaque())
        return new
    }
}
