public import HostSystem
public import WasmFrontend
public import WasmRuntime

internal import WASI

/// Why a program could not be loaded or started, or ended other than by itself.
public enum ProgramError: Error, Sendable {
    /// A limit of ``Program/Limits``.
    public enum Limit: Sendable, Hashable {
        /// The program ended because its memory was not allowed to grow.
        case memory
        /// The program was stopped because its time was over.
        case time
    }

    /// What this process needs of the system for each program that it runs.
    public enum Resource: String, Sendable, Hashable {
        /// A thread of its own.
        case thread
        /// A pipe, two descriptors, by which it is woken.
        case pipe
    }

    /// The file could not be read.
    case unreadable(path: String, problem: FileProblem)
    /// The bytes don't follow the binary format.
    case malformed(MalformedModule)
    /// The module breaks a rule of validation.
    case invalid(InvalidModule)
    /// The module exceeds a limit of this implementation, or uses what it doesn't implement.
    case unsupported(UnsupportedModule)
    /// Imports are missing or have other types.
    case unlinkable(LinkError)
    /// The module is no program of the kind that was asked for; the text says why.
    case notRunnable(String)
    /// A folder or an address that was to be granted cannot be used.
    case inaccessible(HostAccessError)
    /// The process has no descriptors or no threads left for the program; with the system's error number.
    case exhausted(Resource, errorNumber: Int32)
    /// Arguments and environment together are longer than Go's js/wasm allows, about 8 KB; WASI programs have no such
    /// limit.
    case argumentsTooLong(ArgumentOverflow)
    /// The program trapped; the trap has a stack trace.
    case trap(Trap)
    /// Host and guest misunderstood each other: the guest passed an address outside its memory, for example.
    case fault(String)
    /// A JavaScript exception that nobody caught.
    case exception(JavaScriptError)
    /// The program has ended by itself, so that nothing in it can be called.
    case exited(ExitStatus)
    /// The task was cancelled, or the run was stopped.
    case cancelled
    /// The program reached a limit.
    case limitReached(Limit)
    /// An export could not be called.
    case uncallable(CallError)
    /// A function of the host's threw an error.
    case hostFunction(any Error)

    /// The public face of what went wrong further inside.
    package init(_ error: any Error) {
        switch error {
        case let error as ProgramError: self = error
        case ModuleError.malformed(let error): self = .malformed(error)
        case ModuleError.invalid(let error): self = .invalid(error)
        case ModuleError.unsupported(let error): self = .unsupported(error)
        case let error as LinkError: self = .unlinkable(error)
        case let error as HostAccessError: self = .inaccessible(error)
        case let error as WASIProgramError: self = .notRunnable(error.description)
        case let exit as WASIExit: self = .exited(exit.status)
        case let trap as Trap: self = .trap(trap)
        case let error as CallError: self = .uncallable(error)
        case let error as ExecutionError: self.init(error.cause)
        case let error as InstantiationError: self.init(error.cause)
        case is CodeSpaceError: self = .uncallable(.outOfMemory)
        case let error as JavaScriptError: self = .exception(error)
        case is CancellationError: self = .cancelled
        default: self = .hostFunction(error)
        }
    }
}

extension ProgramError: CustomStringConvertible {
    /// What went wrong, in one sentence.
    public var description: String {
        switch self {
        case .unreadable(let path, let problem): "\(path): \(problem)"
        case .malformed(let error): ModuleError.malformed(error).description
        case .invalid(let error): ModuleError.invalid(error).description
        case .unsupported(let error): ModuleError.unsupported(error).description
        case .unlinkable(let error): error.description
        case .notRunnable(let reason): reason
        case .inaccessible(let error): error.description
        case .exhausted(let resource, let number): "no \(resource) for the program: \(ErrorCode(number).message)"
        case .argumentsTooLong(let overflow): overflow.description
        case .trap(let trap): "trap: \(trap)"
        case .fault(let reason): "trap: \(reason)"
        case .exception(let error): "uncaught exception: \(error)"
        case .exited(let status): "the program has ended (\(status)) and cannot be called"
        case .cancelled: "the program was cancelled"
        case .limitReached(.memory): "the program reached its limit of memory"
        case .limitReached(.time): "the program reached its limit of time"
        case .uncallable(let error): "\(error)"
        case .hostFunction(let error): "a function of the host failed: \(error)"
        }
    }
}

/// Why a file could not be read.
public enum FileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The system refused, with this error number.
    case system(Int32)
    /// It is a directory.
    case directory
    /// There is nothing in it.
    case empty

    /// The problem in words.
    public var description: String {
        switch self {
        case .system(let number): "cannot open the file: \(ErrorCode(number).message)"
        case .directory: "is a directory; name the .wasm file in it"
        case .empty: "the file is empty"
        }
    }
}
