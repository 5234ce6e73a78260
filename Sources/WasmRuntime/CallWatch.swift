internal import CSupport
internal import Synchronization

/// Tells somebody of the next calls from one function of a store's modules to another, before the callee begins.
///
/// Until it is asked for, that costs nothing: calls compare their frame with the stack's limit, which is 0 while the
/// next of them is to be told of.
package final class CallWatch: Sendable {
    private struct Target: @unchecked Sendable {
        var machine: UnsafeMutablePointer<GWMachine>?
    }
    private let target: Mutex<Target>
    private let body: ThreadUse

    /// What only the thread of the store uses.
    private struct ThreadUse: @unchecked Sendable {
        let call: (Int) throws -> Bool
        unowned let store: Store
    }

    /// Watches the calls in a store; nothing is told before ``request()``.
    ///
    /// - Parameter body: Gets the index of the function in its module, on the thread of the store, and may call
    ///   functions of the store's instances. Returns whether it wants to be told of the next call, too. What it throws
    ///   ends the execution.
    package init(_ store: Store, _ body: @escaping (_ function: Int) throws -> Bool) {
        target = Mutex(Target(machine: store.machine))
        self.body = ThreadUse(call: body, store: store)
        store.callWatch = self
        store.machine.pointee.watcher_context = Unmanaged.passUnretained(self).toOpaque()
        store.machine.pointee.watcher = { context, function in
            Unmanaged<CallWatch>.fromOpaque(context!).takeUnretainedValue().told(of: Int(function))
        }
    }

    /// Has the next call told of; may be called from any thread.
    package func request() {
        target.withLock { if let machine = $0.machine { gw_machine_watch(machine) } }
    }

    /// Ends all that is asked for: the store goes.
    func detach() { target.withLock { $0.machine = nil } }

    private func told(of function: Int) -> GWWatching {
        do {
            return try body.call(function) ? GWWatching_goesOn : GWWatching_ends
        } catch {
            body.store.pendingError = error
            return GWWatching_failed
        }
    }
}
