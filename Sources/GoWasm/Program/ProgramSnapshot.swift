internal import WASI
internal import WasmRuntime

/// A program between two calls, with which others begin: they need no start.
///
/// ```swift
/// // Go's start-up, package variables, init functions:
/// let plugin = try Program(contentsOf: "plugin.wasm").start()
/// try plugin.call("load", "tables.json")
/// let snapshot = try plugin.snapshot()
/// // From here on an instance takes microseconds.
/// let text = try snapshot.start().call("upper", "text")
/// ```
///
/// It is for programs whose exports are called: plugins of Go's for WASI (`-buildmode=c-shared`) and other reactors, and
/// modules that need nothing of a system. A program that runs once, from its arguments to its end, has no moment to
/// take it at: Go reads the arguments at the start, and goes on to `main` at once. Nor have programs for JavaScript,
/// much of whose state is values of JavaScript.
///
/// What a program that begins with it has, comes from two sides:
///
/// - From the snapshot: memory, globals, tables, and with that all variables, goroutines and timers; arguments and
///   environment, which Go reads once; a simulated clock goes on where it was.
/// - From the ``Program/Configuration`` that it is given: standard input and output, folders, network, imports, limits,
///   the system's clock, randomness that it asks the system for. The folders must have the same paths for the program,
///   in the same order, and there must be as many addresses to listen at, as it knows these by their numbers. The clock
///   must be of the same kind. Descriptors that the program has closed are closed.
///
/// Memory is shared, page by page, until a program writes to it (Linux; elsewhere, and without guard pages, it is
/// copied). It counts as that of any other program: ``Program/Limits/memory`` is compared with its whole size.
///
/// > Important: What Go has drawn of randomness is the same in all programs that begin with one snapshot: the state of
/// > the functions of `math/rand` and `math/rand/v2` that have no seed of their own, the order in which maps are gone
/// > through, the keys of their hash functions. Whoever knows one of the programs may be able to predict these of
/// > another. `crypto/rand` asks the system each time, and gives other bytes in each. Secrets that the program has made
/// > before the snapshot are in each, too.
public struct ProgramSnapshot: Sendable {
    /// The program that it is a snapshot of, whose bytecode and machine code all share.
    public let program: Program
    let state: WASISnapshot

    /// The size of the memory that each program begins with, in bytes.
    public var memoryBytes: UInt64 { state.instance.memoryBytes }

    /// Makes a program that goes on where the snapshot was taken, on the calling thread, where it can be called.
    ///
    /// Nothing of it runs before.
    ///
    /// - Parameter configuration: What the program is given; arguments, their name and environment are not looked at.
    /// - Throws: ``ProgramError``, in particular ``ProgramError/snapshot(_:)`` where the configuration grants something
    ///   else than the program knows, ``ProgramError/unlinkable(_:)`` where it has other imports, and
    ///   ``ProgramError/limitReached(_:)`` where the memory is larger than it may be.
    public func start(
        _ configuration: Program.Configuration = Program.Configuration()
    ) throws(ProgramError) -> ProgramInstance {
        defer { configuration.endUnusedStreams() }
        return try Program.Origin.snapshot(self).start(configuration)
    }

    /// Makes a program that goes on where the snapshot was taken, on a thread of its own, and can be called from any
    /// task.
    ///
    /// - Throws: As ``start(_:)``.
    public func startInBackground(
        _ configuration: Program.Configuration = Program.Configuration()
    ) async throws(ProgramError) -> RunningProgram {
        defer { configuration.endUnusedStreams() }
        return try await RunningProgram(.snapshot(self), configuration)
    }
}

/// Why a program has no snapshot, or why no program can begin with one.
public enum SnapshotProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The program is for JavaScript, and much of its state is values of JavaScript.
    case javaScript
    /// A function of the program is being executed: it has called the host.
    case running
    /// The program has opened a file, folder or connection, by this number, or moved another one there.
    case openDescriptor(Int)
    /// The program imports a memory, table or global, which others may change.
    case importedState(module: String, name: String)
    /// A table or global of the program holds a reference to something of the host's, or to a function of another
    /// module that the program does not import.
    case foreignReference
    /// The system has no memory for it.
    case outOfMemory
    /// The folders and listening addresses that the configuration grants are not those that the program knows.
    case otherDescriptors
    /// The configuration's clock is simulated, and the program's is the system's, or the other way round.
    case otherClock

    /// The problem in one sentence.
    public var description: String {
        switch self {
        case .javaScript: "a program for JavaScript has no snapshot, as much of its state is values of JavaScript"
        case .running: "a snapshot is taken between calls, and a function of the program is being executed"
        case .openDescriptor(let number):
            "a snapshot has no open files, and the program has opened descriptor \(number)"
        case .importedState(let module, let name):
            "a snapshot has no state of others, and the program imports \(module).\(name)"
        case .foreignReference:
            "a snapshot has no state of others, and the program holds a reference to something of theirs"
        case .outOfMemory: "the system has no memory for a snapshot"
        case .otherDescriptors:
            "the program knows other folders and listening addresses from the time before the snapshot"
        case .otherClock: "the program knows another clock from the time before the snapshot"
        }
    }

    /// What to do about it in Swift; nil where that depends on the program alone.
    var advice: String? {
        switch self {
        case .javaScript: "build the program for WASI: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared"
        case .running: "take it when the call has returned"
        case .openDescriptor: "take it before the program opens files, or have it close them"
        case .importedState, .foreignReference, .outOfMemory: nil
        case .otherDescriptors: "grant the same in Program.Configuration.access as to the program it was taken of"
        case .otherClock: "set Program.Configuration.clock as for the program it was taken of"
        }
    }

    /// The public face of what went wrong further inside.
    init?(_ error: any Error) {
        switch error {
        case SnapshotFailure.isRunning: self = .running
        case SnapshotFailure.importsState(let module, let name): self = .importedState(module: module, name: name)
        case SnapshotFailure.holdsHostReference, SnapshotFailure.holdsForeignFunction: self = .foreignReference
        case SnapshotFailure.outOfMemory: self = .outOfMemory
        case WASISnapshotProblem.openDescriptor(let number): self = .openDescriptor(number)
        case WASISnapshotProblem.otherDescriptors: self = .otherDescriptors
        case WASISnapshotProblem.otherClock: self = .otherClock
        default: return nil
        }
    }
}

extension Program {
    /// What an instance begins with.
    enum Origin: Sendable {
        case module(Program)
        case snapshot(ProgramSnapshot)

        /// Starts an instance on the calling thread.
        func start(_ configuration: Configuration) throws(ProgramError) -> ProgramInstance {
            try start(configuration, configuration.runControl())
        }

        /// Starts an instance that can be stopped.
        func start(_ configuration: Configuration, _ control: RunControl?) throws(ProgramError) -> ProgramInstance {
            do {
                switch self {
                case .module(let program):
                    let instance = try ProgramInstance(program, configuration, control)
                    try instance.start()
                    return instance
                case .snapshot(let snapshot):
                    return try ProgramInstance(snapshot.program, configuration, control, snapshot.state)
                }
            } catch {
                throw ProgramError(error)
            }
        }
    }
}
