// How a guest of the js hosts ends before its `main` returns: thrown through everything that is running.

/// The program called `process.exit` or `runtime.wasmExit`.
struct GuestExit: Error {
    let code: Int32
}

/// A violation of the protocol between guest and host that no Go program commits: the end of the program, as a trap is.
struct GuestFault: Error, CustomStringConvertible {
    let description: String
}
