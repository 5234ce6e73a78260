public import WasmRuntime

/// Async functions of Swift's for programs for WASI, such as Go's plugins.
extension Imports {
    /// Defines an async function that takes and returns a text or bytes; where Go awaits it, only the goroutine waits.
    ///
    /// ```swift
    /// configuration.imports = { imports in
    ///     imports.defineAsync("host", "lookup") { (name: String) async throws -> String in
    ///         try await directory.address(of: name)
    ///     }
    /// }
    /// ```
    ///
    /// In Go, with the package `hostcall`, which is a folder to be copied from this package's
    /// `Tests/Examples/Go`:
    ///
    /// ```go
    /// //go:wasmimport host lookup
    /// func lookup(in uint64) uint32
    ///
    /// address, err := hostcall.AwaitText(lookup, "example.org")
    /// ```
    ///
    /// The function runs in a task of its own, on the global executor, and not on the program's thread. Any number of
    /// them may run at the same time. What it throws is an error in Go, with its description as the text. Its task is
    /// cancelled when the program ends, in whatever way, and has the priority of the task that called the program.
    ///
    /// Programs for js/wasm find async functions on `globalThis`: see ``JavaScriptValue/defineAsync(_:_:)``.
    ///
    /// - Note: A program that is called on a thread of Swift's tasks keeps that thread while Go waits, where there is
    ///   nothing else to do: use ``Program/startInBackground(_:)`` or ``ProgramPool``, which have threads of their own.
    public mutating func defineAsync<Argument: PassedBytes & Sendable, Result: PassedBytes & Sendable>(
        _ module: String, _ name: String, _ body: @escaping @Sendable (Argument) async throws -> Result
    ) {
        define(
            AsyncFunction(module: module, name: name) { bytes in
                let argument = bytes.withUnsafeBytes { Argument(passedBytes: $0) }
                return try await body(argument).withPassedBytes { (bytes) throws(ProgramError) in [UInt8](bytes) }
            })
    }
}
