internal import CHostSystem

/// Ends objects that refer to each other in long chains without a chain of calls as long.
///
/// An object that goes releases what it refers to, and so on: a list of a million elements would take a million nested
/// calls. From some depth on what objects refer to is kept until the outermost of these calls is done, and goes then.
/// It does not matter what that is: a value, a list of them, or a closure with whatever it has captured.
///
/// Each class of objects says in its `deinit` what it refers to: Swift would release that without asking, and not
/// before the `deinit` of the superclass has returned.
enum ObjectRelease {
    /// How deep objects are released at once; also where stacks are small.
    private static let maximumDepth: UInt32 = 16

    /// What waits to be released.
    private final class Postponed {
        var values: [Any] = []
    }

    private struct Closure {
        let code: JSCode
    }

    /// One level of nested releases.
    struct Level {
        fileprivate let isTooDeep: Bool

        /// Empties a stored property of an object that goes: what it has is released now, or later.
        @inline(__always)
        func take<Value>(_ property: inout Value?) { take(&property, leaving: nil) }

        /// Empties a stored property of an object that goes, which has another value from now on.
        @inline(__always)
        func take<Value>(_ property: inout Value, leaving rest: Value) {
            if isTooDeep { postpone(property) }
            property = rest
        }

        /// The same for code.
        func take(code: inout JSCode) {
            if isTooDeep { postpone(Closure(code: code)) }
            code = { _, _, _ throws(JSFailure) in .undefined }
        }

        /// Keeps a value that is released in another way.
        @inline(__always)
        func keep(_ object: JSObject) {
            if isTooDeep { postpone(object) }
        }
    }

    /// Begins a level; ``leave()`` has to follow.
    @inline(__always)
    static func enter() -> Level {
        let state = gw_release()!
        state.pointee.depth += 1
        return Level(isTooDeep: state.pointee.depth > maximumDepth)
    }

    /// Ends one level; the outermost releases what has been postponed.
    @inline(__always)
    static func leave() {
        let state = gw_release()!
        if state.pointee.depth == 1, state.pointee.postponed != nil { releasePostponed() }
        state.pointee.depth -= 1
    }

    /// What waits on this thread.
    private static var postponed: Postponed {
        if let known = gw_release()!.pointee.postponed {
            return Unmanaged<Postponed>.fromOpaque(known).takeUnretainedValue()
        }
        let new = Postponed()
        gw_release()!.pointee.postponed = Unmanaged.passRetained(new).toOpaque()
        return new
    }

    @inline(never)
    private static func postpone<Value>(_ value: Value) { postponed.values.append(value) }

    @inline(never)
    private static func releasePostponed() {
        let list = postponed
        // Each may postpone others in turn. So they are released when nothing of the list is being changed: a release
        // within `removeLast`, where the optimiser puts it, would be a conflict of accesses, which ends the process.
        while !list.values.isEmpty {
            let values = list.values
            list.values = []
            withExtendedLifetime(values) {}
        }
        gw_release()!.pointee.postponed = nil
        Unmanaged.passUnretained(list).release()
    }
}
