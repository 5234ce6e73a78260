import ArgumentParser

/// The command `gowasm-fast bench`: says how long a program takes, and how much memory.
struct Bench: ExitingCommand, PassthroughCommand {
    static let configuration = CommandConfiguration(
        commandName: Subcommand.bench.rawValue,
        abstract: "Runs a program several times, and says how long it took and how much memory.",
        usage: "gowasm-fast bench [options] FILE.wasm [arguments ...]",
        discussion: """
            Each run is a process of its own, started as a shell would start it. Wall time is from its start to its \
            end, user time what processors spent in it, peak memory the most that it had resident. Printed are \
            medians, the smallest and the largest figure.

            "Kept code" is a run that finds the bytecode of an earlier one, as all runs but the first do; "cold" is \
            a run that finds none. What is kept here is in a folder of its own, and deleted at the end. Commands \
            take turns, so that whatever else the machine does meanwhile is the same for all.

            All runs must end with exit code 0, and print the same to standard output. Standard input is empty. \
            Everything after FILE goes to the program as it is.
            """)

    @Option(
        help: ArgumentHelp("How many runs of each command count; 10 if this is left out.", valueName: "COUNT"),
        transform: OptionValue.count)
    var runs = 10

    @Option(
        help: ArgumentHelp(
            "How many runs of each command come before those, and do not count; 1 if this is left out.",
            valueName: "COUNT"),
        transform: OptionValue.count)
    var warmUp = 1

    @Option(
        help: ArgumentHelp(
            "Compare with this command. May be repeated.",
            discussion: """
                {wasm} becomes FILE, {args} the arguments after it, at the end if it is left out; a command without \
                {wasm}, such as './native {args}', is a program of its own. Words are separated as a shell does it, \
                by spaces, 'quotation marks', "others", and backslashes.
                """, valueName: "COMMAND {wasm} {args}"),
        transform: RivalCommand.init(parsing:))
    var against: [RivalCommand] = []

    @Option(
        // What it takes begins with an option.
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give each run of gowasm-fast these options of 'gowasm-fast run', such as '--dir . --no-native'.",
            valueName: "OPTIONS"),
        transform: OptionValue.runOptions)
    var options: [String] = []

    @Option(
        help: ArgumentHelp("End a run, and with it everything, after this time.", valueName: "TIME"),
        transform: OptionValue.seconds)
    var timeout: Double?

    @Flag(help: "Do not compare what the runs print, as of a program that prints the time.")
    var ignoreOutput = false

    @Flag(help: "Print JSON instead of a table: seconds, bytes, and the figures of each run.")
    var json = false

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The program, and its arguments.", valueName: "FILE.wasm"),
        completion: .file(extensions: ["wasm"]))
    var command: [String] = []

    /// The options, without an argument that would take whatever the parser does not know.
    struct OptionsAlone: ParsableArguments {
        @Option var runs = ""
        @Option var warmUp = ""
        @Option var against = ""
        @Option var options = ""
        @Option var timeout = ""
        @Flag var ignoreOutput = false
        @Flag var json = false
    }

    mutating func validate() throws {
        try separateFile()
        if command.first == ModuleInput.standardInput {
            throw ValidationError("'-' cannot be FILE here: each run reads the file anew")
        }
    }

    mutating func execute(_ given: [String]) -> Int32 {
        command = OptionalValues.restored(command, from: given)
        let benchmark = Benchmark(
            file: command[0], arguments: Array(command.dropFirst()), options: options, rivals: against, runs: runs,
            warmUp: warmUp, timeout: timeout, comparesOutput: !ignoreOutput)
        return benchmark.execute(asJSON: json)
    }
}

/// A command to compare with, as words with places for the module and the arguments.
struct RivalCommand: Equatable {
    private static let module = "{wasm}"
    private static let arguments = "{args}"

    private let words: [String]

    /// Whether it runs the module; it is a program of its own otherwise.
    var runsModule: Bool { words.contains { $0.contains(Self.module) } }

    /// The program's name or path.
    var program: String { words[0] }

    /// Reads a command.
    ///
    /// - Throws: ``ValueProblem``.
    init(parsing text: String) throws {
        guard let words = ShellWords.split(text) else {
            throw ValueProblem("a quotation mark is not closed, or nothing follows the last backslash")
        }
        guard let first = words.first, !first.isEmpty, first != Self.module, first != Self.arguments,
            words.contains(where: { $0.contains(Self.module) || $0 == Self.arguments })
        else {
            throw ValueProblem(
                "it must be a command such as 'wasmtime {wasm} {args}', or 'native {args}' for a program of its own")
        }
        self.words = words
    }

    /// The words of a run.
    func words(module: String, arguments: [String]) -> [String] {
        let all = words.contains(Self.arguments) ? words : words + [Self.arguments]
        return all.flatMap { $0 == Self.arguments ? arguments : [$0.replacing(Self.module, with: module)] }
    }
}

extension OptionValue {
    /// The most runs that are asked for.
    private static let mostRuns = 100_000

    /// Reads a number of runs.
    ///
    /// - Throws: ``ValueProblem``.
    static func count(_ text: String) throws -> Int {
        guard let count = Int(text), (1...mostRuns).contains(count) else {
            throw ValueProblem("it must be a whole number from 1 to \(mostRuns)")
        }
        return count
    }

    /// Reads options of a run, as the words of a shell.
    ///
    /// - Throws: ``ValueProblem``.
    static func runOptions(_ text: String) throws -> [String] {
        guard let words = ShellWords.split(text) else {
            throw ValueProblem("a quotation mark is not closed, or nothing follows the last backslash")
        }
        do throws(ValueProblem) {
            _ = try RunOptions.alone(words)
        } catch {
            throw ValueProblem("\(error); it must be options of 'gowasm-fast run', and nothing else")
        }
        return words
    }
}
