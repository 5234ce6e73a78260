internal import WasmRuntime

/// A place in a function that is being executed.
struct CallPlace: Sendable {
    /// The index of the function in the module.
    var function: Int
    /// What Go pushed for the call that the function is in, if it is in one.
    var returnAddress: Int?
    /// What it pushes for the last call before the place, and for the first one behind it.
    var previous: Int?
    /// See ``previous``.
    var next: Int?
}

extension CallPlace {
    init(_ frame: Trap.Frame) {
        let around = frame.neighbouringAddresses
        self.init(
            function: frame.function, returnAddress: frame.returnAddress, previous: around.previous, next: around.next)
    }
}
