public import HostSystem
public import WasmFrontend
public import WasmRuntime

internal import WASI

/// Why a program could not be loaded or started, or why it did not end by itself.
///
/// ``Program``, ``ProgramInstance`` and ``RunningProgram`` throw nothing else.
///
/// ``description`` says what went wrong, where, and what to do. With the library `GoWasmFoundation` this is a
/// `LocalizedError`, too, with the same texts.
public enum ProgramError: Error, Sendable {
    /// A limit of ``Program/Limits``.
    public enum Limit: Sendable, Hashable {
        /// The program ended because its memory was not allowed to grow.
        case memory
        /// The program was stopped because its time was over.
        case time
        /// The program was stopped because nothing was left of its budget.
        case budget
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
    /// An argument or an environment variable is none that a program could be given.
    case argumentInvalid(InvalidArgument)
    /// The program trapped; the trap has a stack trace.
    case trap(Trap)
    /// Host and guest misunderstood each other: the guest passed an address outside its memory, for example.
    case fault(String)
    /// A JavaScript exception that nobody caught.
    case exception(JavaScriptError)
    /// The program ended by itself while it was being called or started: it called `os.Exit`, or `main` returned.
    case exited(ExitStatus)
    /// The Go program panicked while it was being called or started; with what it said of that on standard error.
    case panicked(String)
    /// All goroutines of the Go program waited for each other while it was being called or started.
    case deadlocked
    /// Go's runtime ended the program while it was being called or started, as for two goroutines that write to one
    /// map; with what it said of that on standard error.
    case runtimeFailed(String)
    /// The program had ended already, for this reason: nothing was called.
    indirect case ended(ProgramError)
    /// The task was cancelled, or the run was stopped.
    case cancelled
    /// The program reached a limit.
    case limitReached(Limit)
    /// The program has no snapshot, or cannot begin with one.
    case snapshot(SnapshotProblem)
    /// An export could not be called.
    case uncallable(CallError)
    /// A function that was called with a text or bytes returned an error, whose text this is; the program goes on.
    case functionFailed(String)
    /// A function of the host's threw an error, or the closure that was given to ``RunningProgram/perform(_:)``.
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
        default: self = SnapshotProblem(error).map { .snapshot($0) } ?? .hostFunction(error)
        }
    }

    /// How the program ended, where it ended by itself: 2 where Go's runtime ended it.
    public var exitStatus: ExitStatus? {
        switch self {
        case .exited(let status): status
        case .panicked, .deadlocked, .runtimeFailed: ExitStatus.goFailure
        default: nil
        }
    }
}

extension ProgramError: CustomStringConvertible {
    /// What went wrong, where, and what to do.
    public var description: String {
        message + (place.map { " in \($0)" } ?? "") + (advice.map { "; \($0)" } ?? "")
    }

    /// What went wrong, without a place and advice.
    public var message: String {
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
        case .argumentInvalid(let error): error.description
        case .trap(let trap): "trap: \(trap)"
        case .fault(let reason): "trap: \(reason)"
        case .exception(let error): "uncaught exception: \(error)"
        case .exited(let status): "the program has ended (\(status)) and cannot be called"
        case .panicked(let text): text.isEmpty ? "the program panicked" : "the program panicked: \(text)"
        case .deadlocked: "the program is deadlocked: all of its goroutines are asleep"
        case .runtimeFailed(let text):
            text.isEmpty ? "Go's runtime ended the program" : "Go's runtime ended the program: \(text)"
        case .ended(let reason): "the program had ended before this call: \(reason.message)"
        case .cancelled: "the program was cancelled"
        case .limitReached(.memory): "the program reached its limit of memory"
        case .limitReached(.time): "the program reached its limit of time"
        case .snapshot(let problem): problem.description
        case .limitReached(.budget): "the program reached its limit of calls and turns of loops"
        case .uncallable(let error): "\(error)"
        case .functionFailed(let text): "the function returned an error: \(text)"
        case .hostFunction(let error): "a function of the host failed: \(error)"
        }
    }

    /// The functions that the program was in, by their names in the module, the innermost first; nil where that is not
    /// known or not of interest.
    public var place: String? {
        guard case .trap(let trap) = self, !trap.backtrace.isEmpty else { return nil }
        let shown = trap.backtrace.prefix(3).map { $0.name ?? "function \($0.function)" }
        return shown.joined(separator: ", called by ") + (trap.backtrace.count > shown.count ? ", …" : "")
    }

    /// What to do about it in Swift; nil where that depends on the program alone.
    public var advice: String? {
        switch self {
        case .unreadable(_, .system): "check the path, which is relative to the working directory"
        case .unreadable, .cancelled, .exception, .fault, .functionFailed: nil
        case .malformed, .invalid:
            "build the module again, with GOOS=wasip1 GOARCH=wasm or GOOS=js GOARCH=wasm where it is Go"
        case .unsupported: "build the module for WebAssembly 2.0, without what is named"
        case .unlinkable: "add what is missing in Program.Configuration.imports"
        case .notRunnable: "a module whose exports are to be called is started by Program.start(_:)"
        case .inaccessible: "change Program.Configuration.access"
        case .exhausted: "run fewer programs at the same time, or raise the limits of the process"
        case .argumentsTooLong: "pass long texts by standard input or in a file"
        case .argumentInvalid: "change Program.Configuration.arguments, programName or environment"
        case .trap, .hostFunction: "an instance that this happens to has ended: start another one"
        case .exited, .ended: "start another instance"
        case .panicked: "recover in the Go function, and start another instance"
        case .deadlocked: "an exported function has to return without waiting for later calls; start another instance"
        case .runtimeFailed: "start another instance; the program's standard error says more"
        case .limitReached(.memory): "raise Program.Limits.memory"
        case .limitReached(.time): "raise Program.Limits.time"
        case .limitReached(.budget): "raise Program.Limits.budget"
        case .snapshot(let problem): problem.advice
        case .uncallable(.noSuchFunction(PassingConvention.bufferName)):
            "calls with texts and bytes need the Go package hostcall (Tests/Examples/Go) in the program"
        case .uncallable(.noSuchFunction):
            "Go exports functions with //go:wasmexport; ProgramInstance.instance.module.exports lists all"
        case .uncallable(.mismatchedType), .uncallable(.mismatchedArguments):
            "ask for the function with the type that it has"
        case .uncallable(.noSuchMemory): "Go exports its memory as mem for js, and as memory for WASI"
        case .uncallable(.memoryLimit): "raise Program.Limits.memory"
        case .uncallable(.otherStore), .uncallable(.outOfMemory): nil
        }
    }
}

/// Why an argument or an environment variable cannot be given to a program.
public struct InvalidArgument: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with it.
    public enum Problem: Sendable, Hashable {
        /// It contains a zero byte, at which programs take it to end.
        case zeroByte
        /// The name of the variable is empty.
        case emptyName
        /// The name of the variable contains an equals sign, at which programs take it to end.
        case equalsSign
    }

    /// Which one it is.
    public var item: ArgumentOverflow.Item
    /// What is wrong with it.
    public var problem: Problem

    /// Makes the error about one of them.
    public init(item: ArgumentOverflow.Item, problem: Problem) {
        self.item = item
        self.problem = problem
    }

    /// What is wrong with which one, in one sentence.
    public var description: String {
        switch problem {
        case .zeroByte: "\(item.text) contains a zero byte"
        case .emptyName: "an environment variable has an empty name"
        case .equalsSign: "the name of \(item.text) contains an equals sign"
        }
    }
}

extension Program.Configuration {
    /// Finds what no program could be given.
    ///
    /// - Throws: ``ProgramError/argumentInvalid(_:)``.
    func check() throws(ProgramError) {
        for (number, argument) in allArguments.enumerated() where argument.utf8.contains(0) {
            throw .argumentInvalid(InvalidArgument(item: .argument(number), problem: .zeroByte))
        }
        for (name, value) in environment {
            let problem: InvalidArgument.Problem
            if name.isEmpty {
                problem = .emptyName
            } else if name.utf8.contains(0) || value.utf8.contains(0) {
                problem = .zeroByte
            } else if name.utf8.contains(UInt8(ascii: "=")) {
                problem = .equalsSign
            } else {
                continue
            }
            throw .argumentInvalid(InvalidArgument(item: .variable(name), problem: problem))
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
    /// A URL that leads to no file of this machine.
    case noFile

    /// The problem in words.
    public var description: String {
        switch self {
        case .system(let number): "cannot open the file: \(ErrorCode(number).message)"
        case .directory: "is a directory; name the .wasm file in it"
        case .empty: "the file is empty"
        case .noFile: "only URLs of files are read"
        }
    }
}
