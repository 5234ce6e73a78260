import ArgumentParser
import GoWasm
import HostSystem

/// A subcommand, which ends with an exit code of its own.
protocol ExitingCommand: ParsableCommand {
    /// Does what the command is for, and returns the exit code.
    ///
    /// - Parameter given: The arguments of the process, without its name.
    mutating func execute(_ given: [String]) -> Int32
}

extension ExitingCommand {
    /// As the parser's own way of running a command asks for; ``GoWasmFast/launch(_:)`` does not come here.
    mutating func run() throws { throw ExitCode(execute([])) }
}

/// A subcommand whose last argument is a file with everything after it, which is a program's.
protocol PassthroughCommand: ParsableCommand {
    /// The options, without an argument that would take whatever the parser does not know.
    associatedtype OptionsAlone: ParsableArguments
    /// The file and what stands after it; before ``separateFile()`` also a separator, or an option that is not known.
    var command: [String] { get set }
}

extension PassthroughCommand {
    /// Checks that there is a file, and that what stands before it are options.
    mutating func separateFile() throws {
        // A separator before the file is ours; one after it belongs to the program.
        if command.first == "--" {
            command.removeFirst()
        } else if let first = command.first, first.hasPrefix("-"), first.utf8.count > 1 {
            // Capturing everything after the file also captures the options that the parser would add.
            switch first {
            case "--help", "-h": throw CleanExit.helpRequest()
            case "--version": throw CleanExit.message(GoWasmFast.configuration.version)
            default: throw ValidationError(Self.unknownOption(first))
            }
        }
        if command.isEmpty { throw ValidationError("Missing expected argument 'FILE.wasm'") }
    }

    /// What the parser says of an option that it does not know, which it does not get to see here: with the option that
    /// may have been meant.
    private static func unknownOption(_ option: String) -> String {
        let name = String(option.prefix { $0 != "=" })
        do {
            _ = try OptionsAlone.parse([name])
        } catch {
            let message = OptionsAlone.message(for: error)
            if message.hasPrefix("Unknown option") { return message }
        }
        return "Unknown option '\(option)'"
    }
}

/// What is done with a module instead of running it as a program.
struct RunModes: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Call this export with the arguments after FILE, and print its results, instead of running the program.",
            valueName: "NAME"))
    var invoke: String?

    @Flag(
        help: """
            Print the WebAssembly of the functions named after FILE, or of all, and beside it the bytecode that it becomes, \
            with the lines of the source, instead of running the program. The end of a name is enough: 'fib' for 'main.fib'.
            """)
    var disassemble = false

    @Flag(
        help: """
            With --disassemble, in a third column: the machine code that all of it would become. Instructions have names \
            if llvm-objdump or objdump is installed.
            """)
    var machineCode = false

    /// Checks that the options do not contradict each other.
    mutating func validate() throws {
        if machineCode, !disassemble { throw ValidationError("'--machine-code' goes with '--disassemble' only") }
        if disassemble, invoke != nil {
            throw ValidationError("'--disassemble' and '--invoke' contradict each other")
        }
    }
}

/// The command `gowasm-fast run`, which may be left out: runs a module.
struct Run: ExitingCommand, PassthroughCommand {
    static let configuration = CommandConfiguration(
        commandName: Subcommand.run.rawValue, abstract: "Runs a program. The word 'run' may be left out.",
        usage: "gowasm-fast [run] [options] FILE.wasm [arguments ...]",
        discussion: """
            Everything after FILE goes to the program as it is. The program gets standard input, output and error, the clock \
            and randomness; environment variables, files and the network only as options say.
            """)

    @OptionGroup var options: RunOptions

    @OptionGroup var modes: RunModes

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp(
            "The program ('-' reads it from standard input; text in the form of .wat is assembled by wat2wasm), and its "
                + "arguments.", valueName: "FILE.wasm"),
        completion: .file(extensions: ["wasm", "wat"]))
    var command: [String] = []

    /// The options, without an argument that would take whatever the parser does not know.
    struct OptionsAlone: ParsableArguments {
        @OptionGroup var options: RunOptions
        @OptionGroup var modes: RunModes
    }

    /// Checks what the parser cannot: that there is a file, that what stands before it are options, and that these do
    /// not contradict each other.
    mutating func validate() throws {
        try separateFile()
        if modes.machineCode, options.noNative {
            throw ValidationError("'--machine-code' and '--no-native' contradict each other")
        }
    }

    mutating func execute(_ given: [String]) -> Int32 {
        command = OptionalValues.restored(command, from: given)
        var invocation = Invocation(file: command[0], arguments: command)
        invocation.endProcess = endProcess
        options.apply(to: &invocation)
        if modes.disassemble {
            if !options.namesOfWatching.isEmpty {
                let names = options.namesOfWatching.joined(separator: ", ")
                invocation.report("gowasm-fast: no effect with --disassemble, which runs nothing: \(names)")
            }
            return invocation.disassemble(functions: Array(command.dropFirst()), withMachineCode: modes.machineCode)
        }
        guard options.watch(&invocation) else { return CommandExit.failure }
        if let invoke = modes.invoke { return invocation.invoke(invoke, arguments: Array(command.dropFirst())) }
        return invocation.run()
    }
}
