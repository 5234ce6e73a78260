public import HostSystem
public import WasmFrontend
internal import WasmRuntime

/// A program compiled to WebAssembly: it is loaded once, and can run many times, also at the same time.
///
/// ```swift
/// let program = try Program(contentsOf: "main.wasm")
/// let output = OutputBuffer()
/// let configuration = Program.Configuration(
///     arguments: ["30"], standardOutput: .buffer(output))
/// let status = try await program.run(configuration)
/// print(status.code, output.text)
/// ```
///
/// What kind of program it is, is found out from the module: Go's js/wasm (of Go 1.11 on), TinyGo's for JavaScript (of
/// TinyGo 0.29 on), or WASI preview 1. What runs share is the module and its bytecode, which is made when a function is
/// called first by any of them.
public struct Program: Sendable {
    /// The module.
    public let module: Module
    /// What kind of program the module is.
    public let kind: ModuleKind
    private let goProgram: GoProgram?

    /// Loads a module in the binary format from a file.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - codeValidation: When functions' bodies are validated; the rest of the module is validated here.
    /// - Throws: ``ProgramError/unreadable(path:problem:)``; as ``init(_:codeValidation:)``.
    public init(
        contentsOf path: String, codeValidation: Module.CodeValidationTime = .onLoading
    ) throws(ProgramError) {
        let bytes: ModuleBytes
        do throws(FileProblem) {
            bytes = try ModuleFile.contents(path)
        } catch {
            throw .unreadable(path: path, problem: error)
        }
        try self.init(bytes, codeValidation: codeValidation)
    }

    /// Loads a module in the binary format from bytes, which are copied.
    ///
    /// - Throws: ``ProgramError/malformed(_:)``, ``ProgramError/invalid(_:)``, ``ProgramError/unsupported(_:)``.
    public init(
        _ bytes: some Collection<UInt8>, codeValidation: Module.CodeValidationTime = .onLoading
    ) throws(ProgramError) {
        try self.init(ModuleBytes(bytes), codeValidation: codeValidation)
    }

    /// Loads a module from bytes that are in memory of their own already.
    ///
    /// - Throws: As ``init(_:codeValidation:)``.
    package init(_ bytes: ModuleBytes, codeValidation: Module.CodeValidationTime) throws(ProgramError) {
        do throws(ModuleError) {
            self.init(try Module(bytes, codeValidation: codeValidation))
        } catch {
            throw ProgramError(error)
        }
    }

    /// Takes a module that is loaded already.
    public init(_ module: Module) {
        self.module = module
        kind = ModuleKind(module)
        goProgram = kind == .goProgram ? try? GoProgram(module) : nil
    }

    /// The version of Go that built the program; nil where the module does not say.
    public var goVersion: GoVersion? { GoVersion(of: module) }

    // MARK: - Running

    /// Runs the program to its end, on a thread of its own.
    ///
    /// Each call runs an instance of its own, and any number of them may run at the same time. Where the calling task
    /// is cancelled, the program is stopped, whatever it does, within milliseconds.
    ///
    /// - Returns: How the program ended: 0 where `main` returned, what it gave to `os.Exit`, 2 after a panic or a
    ///   deadlock.
    /// - Throws: ``ProgramError``, in particular ``ProgramError/cancelled``, ``ProgramError/limitReached(_:)``,
    ///   ``ProgramError/trap(_:)`` and ``ProgramError/unlinkable(_:)``.
    public func run(_ configuration: Configuration = Configuration()) async throws(ProgramError) -> ExitStatus {
        defer { configuration.endUnusedStreams() }
        let control = try RunControl(configuration.limits)
        do {
            return try await withTaskCancellationHandler {
                try await ProgramThread.perform { () throws(ProgramError) in
                    try runToEnd(configuration, control)
                }
            } onCancel: {
                control.stop(.cancelled)
            }
        } catch {
            throw ProgramError(error)
        }
    }

    /// Runs the program to its end, on the calling thread, which it keeps busy.
    ///
    /// - Returns: As ``run(_:)``.
    /// - Throws: As ``run(_:)``, but that it cannot be cancelled.
    public func runSynchronously(
        _ configuration: Configuration = Configuration()
    ) throws(ProgramError) -> ExitStatus {
        defer { configuration.endUnusedStreams() }
        do {
            return try runToEnd(configuration, configuration.runControl())
        } catch {
            throw ProgramError(error)
        }
    }

    /// Starts the program on the calling thread, so that its exports can be called there: until it waits for something,
    /// if it is Go's js/wasm or TinyGo's for JavaScript; otherwise by calling `_initialize`, if it exports that.
    ///
    /// A program of TinyGo's whose `main` has returned can still be called, as in JavaScript.
    ///
    /// - Throws: As ``run(_:)``; ``ProgramError/exited(_:)`` when the program has ended already.
    public func start(_ configuration: Configuration = Configuration()) throws(ProgramError) -> ProgramInstance {
        defer { configuration.endUnusedStreams() }
        return try Origin.module(self).start(configuration)
    }

    /// Starts the program on a thread of its own, where it goes on, and can be called from any task.
    ///
    /// - Throws: As ``start(_:)``.
    public func startInBackground(
        _ configuration: Configuration = Configuration()
    ) async throws(ProgramError) -> RunningProgram {
        defer { configuration.endUnusedStreams() }
        return try await RunningProgram(.module(self), configuration)
    }

    private func runToEnd(_ configuration: Configuration, _ control: RunControl?) throws(ProgramError) -> ExitStatus {
        if kind == .wasiReactor || kind == .tinyGoLibrary {
            throw .notRunnable("it has functions to be called, but none to begin with")
        }
        do {
            // Says why it is none.
            if kind == .plain { _ = try makeGoProgram() }
            return try ProgramInstance(self, configuration, control).runToEnd()
        } catch {
            throw ProgramError(error)
        }
    }

    /// Finds functions by their names in Go; nil where the module is not one of Go's for WASI of a version that is known.
    var findGoFunctions: (([String]) -> [Int]?)? {
        guard kind == .wasiCommand || kind == .wasiReactor, let version = goVersion, (21...27).contains(version.minor)
        else { return nil }
        return { [module] names in GoLineTable(module)?.functions(named: names) }
    }

    /// What Go's js/wasm is made of.
    func makeGoProgram() throws(ProgramError) -> GoProgram {
        if let goProgram { return goProgram }
        return try GoProgram(module)
    }
}
