import HostSystem
import LibC

/// Runs a program several times by this command, and by others that it is compared with, and says what that took.
struct Benchmark {
    var file: String
    var arguments: [String]
    /// Options for the runs of this command.
    var options: [String]
    var rivals: [RivalCommand]
    var runs: Int
    /// How many runs of each come before those that count; the first of them says what is printed.
    var warmUp: Int
    var timeout: Double?
    var comparesOutput: Bool

    /// A command that is measured.
    struct Subject: Equatable {
        var name: String
        var words: [String]
        /// Variables of its environment that this process has not, or not so.
        var variables: [String] = []
        /// What it says of its version; nil if it says nothing.
        var version: String?
        var isOwn = false
    }

    /// Why there is no result, and with which exit code the command ends.
    struct Problem: Error {
        var message: String
        var code = CommandExit.failure
    }

    /// Something that ends this process: its folder is removed before.
    private struct Interruption: Error { var signal: Int32 }

    /// Measures and prints; returns the exit code.
    func execute(asJSON: Bool) -> Int32 {
        // A signal that comes between two runs waits for the next one, which passes it on.
        let held = Self.holdSignals()
        var interruption: Int32?
        var code = CommandExit.success
        do {
            let report = try report()
            Descriptors.print(asJSON ? report.json + "\n" : report.table(Style.ofOutput))
        } catch let problem as Problem {
            Invocation.writeError(problem.message)
            code = problem.code
        } catch let error as Interruption {
            interruption = error.signal
        } catch {
            Invocation.writeError(Failure.line(file, "\(error)"))
            code = CommandExit.failure
        }
        var before = held
        pthread_sigmask(SIG_SETMASK, &before, nil)
        if let interruption {
            raise(interruption)
            return CommandExit.signal(interruption)
        }
        return code
    }

    /// Blocks the signals that end a process; returns those that were blocked.
    private static func holdSignals() -> sigset_t {
        var (set, before) = (sigset_t(), sigset_t())
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, &before)
        return before
    }

    // MARK: - What is measured

    private func report() throws -> BenchmarkReport {
        guard let process = MeasuredProcess(), let cache = CacheFolder() else {
            throw Problem(message: Failure.line(file, "no temporary files can be made: \(ErrorCode.last.message)"))
        }
        defer { cache.remove() }
        let subjects = try subjects(process, cache.path)
        let samples = try measure(subjects, process)
        return BenchmarkReport(
            file: file, arguments: arguments, runs: runs, warmUp: warmUp,
            rows: zip(subjects, samples).map { BenchmarkReport.Row(subject: $0, samples: $1) })
    }

    private func subjects(_ process: MeasuredProcess, _ folder: String) throws -> [Subject] {
        guard let executable = executablePath else {
            throw Problem(message: "gowasm-fast: the system does not say which file this command is")
        }
        // What looks like a subcommand or an option is a file here.
        let isWord = Subcommand(rawValue: file) != nil || file.hasPrefix("-")
        let words = [executable] + options + [isWord ? "./" + file : file] + arguments
        var subjects = [
            Subject(
                name: "gowasm-fast (kept code)", words: words, variables: ["\(KeptCode.variable)=\(folder)"],
                version: GoWasmFast.version, isOwn: true),
            Subject(
                name: "gowasm-fast (cold)", words: words, variables: ["\(KeptCode.variable)=off"],
                version: GoWasmFast.version, isOwn: true),
        ]
        for rival in rivals {
            let program = rival.program.split(separator: "/").last.map(String.init) ?? rival.program
            let others = subjects.count { $0.name == program || $0.name.hasPrefix(program + " #") }
            subjects.append(
                Subject(
                    name: others == 0 ? program : "\(program) #\(others + 1)",
                    words: rival.words(module: file, arguments: arguments),
                    version: rival.runsModule ? try version(of: rival.program, process) : nil))
        }
        return subjects
    }

    /// How long a command may take to say which version it is, in seconds, and how much of that is shown.
    private static let versionTime = 10.0
    private static let longestVersion = 60

    /// The first line of what a command says of its version.
    private func version(of program: String, _ process: MeasuredProcess) throws -> String? {
        let ending = process.run([program, "--version"], environment: Self.environment(), timeout: Self.versionTime)
            .ending
        switch ending {
        case .exited(0):
            return MeasuredProcess.lines(process.output).first.map { String($0.prefix(Self.longestVersion)) }
        case .exited, .timedOut: return nil
        case .notStarted(let error): throw notStarted(program, error)
        case .interrupted(let signal): throw Interruption(signal: signal)
        }
    }

    /// The variables of this process, with those of a subject in place of its own.
    private static func environment(_ variables: [String] = []) -> [String] {
        var result = variables
        var entry = environ
        while let text = entry.pointee {
            let variable = String(cString: text)
            let name = variable.prefix { $0 != "=" } + "="
            if !variables.contains(where: { $0.hasPrefix(name) }) { result.append(variable) }
            entry += 1
        }
        return result
    }

    // MARK: - Measuring

    /// The samples of each subject.
    private func measure(_ subjects: [Subject], _ process: MeasuredProcess) throws -> [[MeasuredProcess.Sample]] {
        var samples = [[MeasuredProcess.Sample]](repeating: [], count: subjects.count)
        var expected: PrintedOutput?
        let progress = Progress(rounds: warmUp + runs)
        defer { progress.clear() }
        for round in 0..<warmUp + runs {
            // Every other round goes back: who comes after whom changes.
            let order = Array(subjects.indices)
            for index in round % 2 == 0 ? order : order.reversed() {
                let subject = subjects[index]
                progress.show(round, subject.name)
                let (sample, ending) = process.run(
                    subject.words, environment: Self.environment(subject.variables), timeout: timeout)
                try check(ending, of: subject, process)
                if comparesOutput { try compare(&expected, subject, subjects[0], process) }
                if round >= warmUp { samples[index].append(sample) }
            }
        }
        return samples
    }

    private func notStarted(_ program: String, _ error: ErrorCode) -> Problem {
        let reason = error.number == ENOENT ? "there is no such command" : error.message
        return Problem(message: Failure.line(program, reason))
    }

    /// Checks that a run ended well.
    private func check(_ ending: MeasuredProcess.Ending, of subject: Subject, _ process: MeasuredProcess) throws {
        switch ending {
        case .exited(0): return
        case .notStarted(let error): throw notStarted(subject.words[0], error)
        case .interrupted(let signal): throw Interruption(signal: signal)
        case .timedOut:
            throw Problem(
                message: Failure.line(file, "a run of \(subject.name) was stopped by --timeout"),
                code: CommandExit.limit)
        case .exited(let code):
            let lines = MeasuredProcess.lines(process.errors)
            // What this command itself says of a module is a whole line already.
            if subject.isOwn, let line = lines.first, line.hasPrefix("gowasm-fast: ") {
                throw Problem(message: line, code: code == CommandExit.usage ? code : CommandExit.failure)
            }
            let words = (subject.isOwn ? lines.first : lines.last).map { ": \($0)" } ?? ""
            throw Problem(message: Failure.line(file, "a run of \(subject.name) ended with exit code \(code)\(words)"))
        }
    }

    /// Checks that a run printed what the first one did.
    private func compare(
        _ expected: inout PrintedOutput?, _ subject: Subject, _ first: Subject, _ process: MeasuredProcess
    ) throws {
        guard let known = expected else {
            guard let copy = PrintedOutput(copying: process.output) else {
                throw Problem(message: Failure.line(file, "what it prints cannot be kept: \(ErrorCode.last.message)"))
            }
            expected = copy
            return
        }
        guard let line = known.firstDifference(process.output) else { return }
        let others = subject == first ? "an earlier run" : first.name
        let message =
            "\(subject.name) printed something else than \(others), from line \(line) on; "
            + "--ignore-output accepts that"
        throw Problem(message: Failure.line(file, message))
    }

    /// How far it is, on a terminal's standard error.
    private struct Progress {
        let rounds: Int
        private let isShown = isatty(STDERR_FILENO) != 0

        init(rounds: Int) { self.rounds = rounds }

        func show(_ round: Int, _ name: String) {
            if isShown { Descriptors.report("\r\u{1B}[Kround \(round + 1) of \(rounds): \(name)") }
        }

        func clear() { if isShown { Descriptors.report("\r\u{1B}[K") } }
    }

    /// The folder in which the runs keep their code: the user's stays as it is.
    private struct CacheFolder {
        let path: String

        init?() {
            let parent = ProcessSetup.variable("TMPDIR").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
            var path = Array("\(parent)/gowasm-fast-bench-XXXXXX".utf8CString)
            guard mkdtemp(&path) != nil else { return nil }
            self.path = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }

        /// Removes it with the files that are in it.
        func remove() {
            guard let stream = opendir(path) else { return }
            while let entry = readdir(stream) { unlinkat(dirfd(stream), &entry.pointee.d_name.0, 0) }
            closedir(stream)
            rmdir(path)
        }
    }
}
