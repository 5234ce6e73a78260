import GoWasm
import HostSystem
import LibC
import Synchronization
import WasmFrontend
import WasmRuntime

/// Ends the process at once: nothing is buffered that would have to be written.
func endProcess(_ code: Int32) -> Never { _exit(code) }

/// What one call of the command line asks for.
struct Invocation {
    /// The path of the module.
    var file: String
    /// What the program gets as `os.Args`; the first is the path of the module.
    var arguments: [String]
    var environment: [String: String] = [:]
    /// Which variables of this process's environment the program gets: those that one of these names.
    var inheritedVariables: [NameFilter] = []
    /// What the program may use of the machine.
    var access = HostAccess.none
    /// Whether the program shall take this for Node.
    var standsForNode = false
    /// Which calls of imports are reported, and how; nil for none.
    var trace: TraceWriter?
    /// Where the trace goes; nil for standard error.
    var traceFile: TraceFile?
    /// When the module's code is validated.
    var codeValidation = Module.CodeValidationTime.onFirstCall
    /// How the engine runs the program.
    var engine = Store.Configuration()
    /// What else is limited.
    var limits = Program.Limits()
    /// Whether imports that nobody provides are functions that trap when they are called.
    var stubsImports = false
    /// What is said, a line each, of options that have no effect for the module.
    var notes: (Module) -> [String] = { _ in [] }
    /// Ends the process when the program exits; without it ``run()`` returns.
    var endProcess: (@Sendable (Int32) -> Never)?
    /// Writes a result to standard output.
    var printLine: (String) -> Void = { Descriptors.print($0 + "\n") }
    /// Where processor time goes, for files that say so; nil for nothing.
    var profiling: ProfileSession?
    /// What is written of the program's memory when it has ended; nil for nothing.
    var endSession: EndSession?
    /// What the run costs, for tables about it; nil for nothing.
    var statistics: StatisticsSession?
    /// What ends the run from outside; nil if there is none.
    var watch: RunWatch?
    /// The module, for what is said of a run afterwards.
    let loaded = Loaded()

    /// The module, once it is loaded, and its code, if it is to be kept.
    final class Loaded: Sendable {
        private struct State {
            var module: Module?
            var keepCode: (@Sendable () -> Void)?
            var goroutines: GoroutineDump?
        }
        private let state = Mutex(State())

        var module: Module? {
            get { state.withLock { $0.module } }
            set { state.withLock { $0.module = newValue } }
        }
        /// The goroutines of a run that ended other than by itself, where they could be read.
        var goroutines: GoroutineDump? {
            get { state.withLock { $0.goroutines } }
            set { state.withLock { $0.goroutines = newValue } }
        }
        /// Has the code kept that was made until now; nil if there is none.
        var keepCode: (@Sendable () -> Void)? {
            get { state.withLock { $0.keepCode } }
            set { state.withLock { $0.keepCode = newValue } }
        }
    }
    /// Writes a line about the run to standard error.
    var report: @Sendable (String) -> Void = Invocation.writeError

    init(file: String, arguments: [String]) {
        self.file = file
        self.arguments = arguments
        engine.compilation = NativeCode.policy
    }

    /// Loads and runs the program; returns the exit code.
    func run() -> Int32 {
        reporting {
            let program = try load()
            takeKeptCode(program.module)
            switch program.kind {
            case .wasiReactor, .tinyGoLibrary, .plain:
                throw InvocationError.nothingToRun(exports: Self.functions(program.module))
            case .goProgram, .tinyGoProgram, .wasiCommand: break
            }
            return try program.runSynchronously(configuration).code
        }
    }

    /// Runs `body`, which returns the exit code, and reports what it throws.
    private func reporting(_ body: () throws -> Int32) -> Int32 {
        let code = reportingErrors(body)
        return finish() || code != 0 ? code : CommandExit.failure
    }

    /// Says and writes what is to be known of the run, once; returns whether that worked.
    private func finish() -> Bool {
        let isWhole = endSession?.finish() ?? true
        return Self.finish(watch, profiling, statistics, traceFile, loaded) && isWhole
    }

    private static func finish(
        _ watch: RunWatch?, _ profiling: ProfileSession?, _ statistics: StatisticsSession?, _ traceFile: TraceFile?,
        _ loaded: Loaded
    ) -> Bool {
        loaded.keepCode?()
        watch?.beginReport()
        let isProfiled = profiling?.finish() ?? true
        statistics?.finish()
        return isProfiled && traceFile?.isWhole ?? true
    }

    private func reportingErrors(_ body: () throws -> Int32) -> Int32 {
        do {
            return try body()
        } catch ProgramError.trap(let trap) {
            for line in Failure.report(file, Failure.describe(trap), trap, loaded.module) { report(line) }
            reportGoroutines()
        } catch ProgramError.cancelled {
            // Nobody else stops it.
            guard let watch, let reason = watch.beginReport() else { return CommandExit.failure }
            guard let message = reason.message else { return reason.exitCode }
            let trap = watch.control.trap
            let note = trap?.backtrace.isEmpty == false ? "" : "; no function was running"
            for line in Failure.report(file, message + note, trap, loaded.module) { report(line) }
            reportGoroutines()
            return reason.exitCode
        } catch ProgramError.limitReached(.budget) {
            let message = "stopped after \(engine.budget ?? 0) calls and turns of loops (--budget)"
            for line in Failure.report(file, message, watch?.control.trap, loaded.module) { report(line) }
            reportGoroutines()
            return CommandExit.limit
        } catch let error as InvocationError {
            report(Failure.line(file, Failure.describe(error)))
            return error.exitCode
        } catch let error as ProgramError where error.exitStatus?.isSuccess == false {
            // What there is to say the program itself has said.
            return error.exitStatus?.code ?? CommandExit.failure
        } catch ProgramError.argumentsTooLong(let overflow) {
            report(Failure.line(file, "\(overflow); \(advice(overflow))"))
        } catch {
            report(Failure.line(file, Failure.describe(error, loaded.module)))
        }
        return CommandExit.failure
    }

    /// Prints the goroutines of a program that was ended, as Go does.
    private func reportGoroutines() {
        guard let goroutines = loaded.goroutines, !goroutines.goroutines.isEmpty else { return }
        report("\n\(goroutines)")
    }

    /// What to do about arguments and variables that are too long, the larger part of which comes first.
    private func advice(_ overflow: ArgumentOverflow) -> String {
        let fewer: String
        if overflow.environmentBytes * 2 < overflow.needed {
            fewer = "pass less in arguments, for example a file's name or standard input"
        } else if standsForNode {
            fewer = "run it with fewer variables, as with env -u NAME"
        } else {
            fewer = "pass fewer variables, as with --inherit-env=NAME,PREFIX* or --inherit-env='!NAME'"
        }
        return fewer + ", or build it with GOOS=wasip1, which has no such limit"
    }

    private var configuration: Program.Configuration {
        var configuration = Program.Configuration(
            arguments: Array(arguments.dropFirst()), environment: wholeEnvironment, access: access)
        configuration.programName = arguments.first ?? file
        configuration.addsTemporaryDirectory = inheritedVariables.contains { $0.wants("TMPDIR") }
        configuration.engine = engine
        configuration.limits = limits
        if stubsImports, let module = loaded.module { configuration.imports = { $0.defineStubs(for: module) } }
        configuration.endProcess = endProcessAfterFinishing
        configuration.standsForNode = standsForNode
        configuration.control = watch?.control
        if let statistics, loaded.module.map({ GoVersion(of: $0) != nil }) == true {
            configuration.collections = statistics.collections
        }
        configuration.trace = trace?.trace(traceFile.map { $0.write } ?? report)
        configuration.goroutines = { [loaded] in loaded.goroutines = $0 }
        if let endSession {
            configuration.profilesAllocations = endSession.wantsProfile
            configuration.endReport = { [watch] program, reason in
                endSession.write(program, reason.map { watch?.reason?.message ?? $0 })
            }
        }
        return configuration
    }

    /// As ``endProcess``, after everything is said and written.
    private var endProcessAfterFinishing: (@Sendable (Int32) -> Never)? {
        // What is written of the program's memory has to be written before.
        guard endSession == nil else { return nil }
        guard let endProcess,
            profiling != nil || statistics != nil || traceFile != nil || loaded.keepCode != nil
        else { return endProcess }
        return { [watch, profiling, statistics, traceFile, loaded] code in
            let isWhole = Self.finish(watch, profiling, statistics, traceFile, loaded)
            endProcess(isWhole || code != 0 ? code : CommandExit.failure)
        }
    }

    /// Takes the code that an earlier run has made of the module, if it is kept, and has this run's kept.
    ///
    /// Not where it is counted what making it costs, and not for `go run` and `go test`: what they run is new each time.
    private func takeKeptCode(_ module: Module) {
        guard statistics == nil, !standsForNode, let cache = CodeCache() else { return }
        let options = engine.codeOptions(checksAddresses: !engine.usesGuardPages)
        guard let session = cache.begin(module, options) else { return }
        loaded.keepCode = { cache.end(session) }
    }

    private var wholeEnvironment: [String: String] {
        guard !inheritedVariables.isEmpty else { return environment }
        return Self.processEnvironment().filter { variable in inheritedVariables.contains { $0.wants(variable.key) } }
            .merging(environment) { _, given in given }
    }

    // MARK: - Calling an export

    /// Calls an exported function with arguments given as text, and prints its results, one a line.
    func invoke(_ name: String, arguments given: [String]) -> Int32 {
        reporting {
            let program = try load()
            takeKeptCode(program.module)
            var invocation = self
            invocation.arguments = [file]
            // A program that has ended is one that cannot be called: that has to be said.
            invocation.endProcess = nil
            let instance = try program.start(invocation.configuration)
            do {
                try instance.perform { try call(name, given, in: instance.instance) }
                return try instance.runReadyEvents()?.code ?? 0
            } catch let error as ProgramError {
                guard let status = error.exitStatus else { throw error }
                return status.code
            }
        }
    }

    private func call(_ name: String, _ given: [String], in instance: Instance) throws {
        guard case .function(let function) = instance.export(named: name) else {
            throw InvocationError.noSuchExport(name, exports: Self.functions(instance.module))
        }
        let types = function.type.parameters
        guard given.count == types.count else {
            throw InvocationError.argumentCount(name, function.type, given: given.count)
        }
        let values = try zip(given, types).map { text, type in
            guard let value = Value(parsing: text, as: type) else { throw InvocationError.argument(text, type) }
            return value
        }
        for result in try function.call(values) { printLine(result.text) }
    }

    /// The exported functions with their types, for messages.
    private static func functions(_ module: Module) -> [String] {
        module.exports.filter { $0.kind == .function }.map {
            $0.name + module.types[Int(module.functionTypes[Int($0.index)])].text
        }
    }

    /// Reads the file and decodes it.
    func load() throws -> Program {
        let begin = Clock()
        let program = try Program(ModuleInput.module(file), codeValidation: codeValidation)
        loaded.module = program.module
        statistics?.noteLoading(nanoseconds: UInt64(begin.elapsed))
        for note in notes(program.module) { report(Failure.line(file, note)) }
        return program
    }

    private static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let setting = String(cString: text)
            if let equals = setting.utf8.firstIndex(of: UInt8(ascii: "=")), equals != setting.startIndex {
                variables[String(setting[..<equals])] = String(setting[setting.utf8.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }

    /// Writes a line to standard error.
    static func writeError(_ line: String) { Descriptors.print(line + "\n", to: STDERR_FILENO) }
}
