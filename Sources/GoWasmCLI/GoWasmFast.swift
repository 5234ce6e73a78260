public import ArgumentParser
import GoWasm
import HostSystem

/// The words that the command line may begin with; a file of such a name is run as `./run`.
enum Subcommand: String, CaseIterable {
    case run, inspect, bench
    /// The parser's own.
    case help
}

/// The command `gowasm-fast`: runs Go programs compiled to WebAssembly.
public struct GoWasmFast: ParsableCommand {
    /// How the command presents itself.
    public static let configuration = CommandConfiguration(
        commandName: "gowasm-fast", abstract: Overview.configuration.abstract, version: Overview.configuration.version,
        subcommands: [Run.self, Inspect.self, Bench.self], defaultSubcommand: Run.self)

    /// The version of this project.
    public static let version = "0.1.0"

    /// Makes a command; the parser finds the subcommand.
    public init() {}

    /// The command line's entry: runs the process to its end.
    ///
    /// Called `go_js_wasm_exec` or `go_wasip1_wasm_exec`, it stands for Go's script of that name; see ``GoLauncher``.
    public static func launch(_ arguments: [String] = CommandLine.arguments) -> Never {
        ProcessSetup.run()
        if let name = arguments.first?.split(separator: "/").last, let launcher = GoLauncher(rawValue: String(name)) {
            endProcess(launcher.run(Array(arguments.dropFirst())))
        }
        // Without options there is nothing to parse; looking at the options' declarations takes longer than a small
        // program.
        if arguments.count > 1, isFile(arguments[1]) {
            var invocation = Invocation(file: arguments[1], arguments: Array(arguments.dropFirst()))
            invocation.endProcess = endProcess
            _ = invocation.startWatch()
            endProcess(invocation.run())
        }
        let given = Array(arguments.dropFirst())
        let isAboutItself = Overview.isAsked(given)
        do {
            var command =
                try isAboutItself
                ? Overview.parseAsRoot(given) : parsed(given)
            if var command = command as? any ExitingCommand { endProcess(command.execute(given)) }
            try command.run()
            endProcess(CommandExit.success)
        } catch {
            if isAboutItself { Overview.exit(withError: error) }
            exit(withError: error)
        }
    }

    /// How many arguments the parser gets at first.
    static let firstPart = 64

    /// Reads the arguments.
    ///
    /// The parser needs the square of their number: it gets the first of them, and where those lead to the program's file
    /// all others are the program's.
    static func parsed(_ given: [String]) throws -> any ParsableCommand {
        var count = firstPart
        while count < given.count {
            if let command = try? parseAsRoot(OptionalValues.rewritten(Array(given.prefix(count)))),
                var command = command as? any PassthroughCommand
            {
                command.command += given.dropFirst(count)
                return command
            }
            count *= 4
        }
        return try parseAsRoot(OptionalValues.rewritten(given))
    }

    /// Whether a first argument is the name of a file.
    private static func isFile(_ argument: String) -> Bool {
        guard argument.hasPrefix("-") else { return !argument.isEmpty && Subcommand(rawValue: argument) == nil }
        return argument == "-"
    }
}

/// The command as help, completions and the manual show it: with the options of a run before the subcommands, as they may
/// be given without the word `run`.
///
/// No run is parsed by this: the parser would take options after the file for its own.
struct Overview: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gowasm-fast",
        abstract: "Runs programs that Go or TinyGo compiled to WebAssembly, without a JavaScript engine.",
        usage: """
            gowasm-fast [run] [options] FILE.wasm [arguments ...]
            gowasm-fast inspect [--json] FILE.wasm
            gowasm-fast bench [options] FILE.wasm [arguments ...]
            """,
        discussion: """
            What kind of module FILE is (GOOS=js of Go 1.11 to 1.27, -target=wasm of TinyGo 0.29 and newer, GOOS=wasip1), is found \
            out from the file. Everything after FILE goes to the program as it is. The program gets standard input, output \
            and error, the clock and randomness; environment variables, files and the network only as options say.

            A first word that is the name of a subcommand is the subcommand: a file of that name is run as ./run, ./inspect or ./bench.

            What a program's functions become is kept for its next run, in gowasm-fast in the folder of your caches, or in the one that \
            GOWASM_CACHE names; GOWASM_CACHE=off keeps nothing. GOWASM_NATIVE=off is --no-native where there is no \
            command line, as under 'go test'; a number is how often a function is entered until it is compiled.

            The exit status is the program's; 1 if the module is refused or traps, \(CommandExit.usage) for a wrong command \
            line, \(CommandExit.limit) after --timeout or --budget.
            """,
        version: "gowasm-fast \(GoWasmFast.version)", subcommands: [Run.self, Inspect.self, Bench.self])

    @OptionGroup var options: RunOptions
    @OptionGroup var modes: RunModes

    @Argument(
        help: ArgumentHelp("The program, and its arguments.", valueName: "FILE.wasm"),
        completion: .file(extensions: ["wasm", "wat"]))
    var command: [String] = []

    /// Whether arguments ask for what the command says of itself.
    static func isAsked(_ given: [String]) -> Bool {
        guard let first = given.first, given.count == 1 || first == completions else { return false }
        return ["--help", "-h", "--help-hidden", "--version", "help", "--experimental-dump-help"].contains(first)
            || first == completions || first.hasPrefix(completions + "=")
    }

    private static let completions = "--generate-completion-script"

    /// Shows the help where it is asked for as a subcommand.
    mutating func run() throws { throw CleanExit.helpRequest() }
}
