internal import HostSystem
internal import WasmRuntime

// How a guest of the js hosts ends before its `main` returns: thrown through everything that is running.

/// The program called `process.exit` or `runtime.wasmExit`.
struct GuestExit: GuestEnding {
    let code: Int32
    /// The functions that it was in, where it may be Go's runtime that ended it.
    private(set) var calls: [Trap.Frame] = []

    init(code: Int32) { self.code = code }

    mutating func note(_ calls: () -> [Trap.Frame]) {
        if code == ExitStatus.goFailure.code, self.calls.isEmpty { self.calls = calls() }
    }
}

/// A violation of the protocol between guest and host that no Go program commits: the end of the program, as a trap is.
struct GuestFault: Error, CustomStringConvertible {
    let description: String
}
