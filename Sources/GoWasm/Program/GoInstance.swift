internal import HostSystem
public import WasmRuntime

/// A Go program for js/wasm that has been started and whose exports (`go:wasmexport`, from Go 1.24 on) can be called.
///
/// Its `main` must not return: a program that has ended cannot be called.
///
/// ```swift
/// let program = try GoProgram(module).start()
/// let add = try program.instance.function(named: "add", as: ((Int32, Int32) -> Int32).self)
/// print(try add(2, 3))
/// ```
///
/// An export that waits for an event, such as the end of an output of package fmt, returns early with a meaningless result:
/// so Go has made it. Goroutines that exports start run when ``runReadyEvents()`` is called.
public final class GoInstance {
    /// The module's instance.
    public let instance: Instance
    private let host: GoHost

    init(_ instance: Instance, _ host: GoHost) {
        self.instance = instance
        self.host = host
    }

    deinit { host.dismantle() }

    /// Runs what is to be done now: completed file operations, timers that are due, goroutines that they wake.
    ///
    /// - Returns: how the program ended, if it has.
    /// - Throws: ``Trap``, ``GoProgramError``.
    @discardableResult
    public func runReadyEvents() throws -> ExitStatus? {
        try GoProgram.ending(host) { () throws(JSFailure) in try host.runEventLoop(onlyReady: true) }
    }
}

extension GoProgram {
    /// Starts the program and lets it run until it waits for something.
    ///
    /// - Throws: As ``run(_:)``; ``GoProgramError/ended(_:)`` when the program has ended.
    public func start(_ options: Options = Options()) throws -> GoInstance {
        let (instance, host, block) = try prepare(options)
        let program = GoInstance(instance, host)
        let status = try Self.ending(host) { () throws(JSFailure) in
            try host.run(block.argumentCount, block.pointersAddress)
            try host.runEventLoop(onlyReady: true)
        }
        if let status { throw GoProgramError.ended(status) }
        return program
    }

    /// Runs `body`; returns how the program ended if it did, and throws what callers get to see.
    static func ending(_ host: GoHost, _ body: () throws(JSFailure) -> Void) throws -> ExitStatus? {
        do {
            try body()
            return nil
        } catch {
            return try outcome(of: error, host)
        }
    }
}
