import ArgumentParser
import HostSystem

/// The names under which the go command looks for a program that runs modules: links to this one.
///
/// All arguments are the program's, which has the whole environment, all files, the network, and the working directory
/// of the process. Options come from the environment, as `go run` and `go test` have no place for them.
enum GoLauncher: String {
    case js = "go_js_wasm_exec"
    case wasip1 = "go_wasip1_wasm_exec"

    /// The variable that holds options.
    static let optionsVariable = "GOWASM_OPTIONS"
    /// The variable in which Go's own script of this name finds options.
    private static let goOptionsVariable = "GOWASIRUNTIMEARGS"

    /// The variables that hold options, the first of which wins.
    private var variables: [String] {
        switch self {
        case .js: [Self.optionsVariable]
        case .wasip1: [Self.goOptionsVariable, Self.optionsVariable]
        }
    }

    /// Runs a module as the go command asks for; returns the exit code.
    func run(_ arguments: [String]) -> Int32 {
        guard let file = arguments.first, !file.hasPrefix("-") || file == "-" else {
            let isAsked = ["--help", "-h"].contains(arguments.first)
            Descriptors.print(help, to: isAsked ? 1 : 2)
            return isAsked ? CommandExit.success : CommandExit.usage
        }
        var invocation = Invocation(file: file, arguments: arguments)
        invocation.endProcess = endProcess
        var options: RunOptions?
        do {
            options = try givenOptions()
        } catch {
            invocation.report("gowasm-fast: \(error)")
            return CommandExit.usage
        }
        options?.apply(to: &invocation)
        if invocation.inheritedVariables.isEmpty { invocation.inheritedVariables = [NameFilter("*")] }
        invocation.access.allowsAllFiles = true
        invocation.access.network = .all
        invocation.standsForNode = true
        if let options {
            guard options.watch(&invocation) else { return CommandExit.failure }
        } else {
            _ = invocation.startWatch()
        }
        return invocation.run()
    }

    /// The options that the environment gives; nil if there are none, so that nothing is parsed.
    private func givenOptions() throws -> RunOptions? {
        var words: [String] = []
        var named: [String] = []
        for variable in variables {
            guard let text = ProcessSetup.variable(variable), !text.isEmpty else { continue }
            guard let found = ShellWords.split(text) else {
                throw ValueProblem("\(variable): a quotation mark is not closed in \(text.debugDescription)")
            }
            words += found
            named.append(variable)
        }
        guard !words.isEmpty else { return nil }
        do throws(ValueProblem) {
            return try RunOptions.alone(words)
        } catch {
            throw ValueProblem(
                "\(named.joined(separator: " and ")): \(error); it takes options of 'gowasm-fast run', and nothing else"
            )
        }
    }

    /// What the link is, for those who call it by hand.
    private var help: String {
        let system = self == .js ? "js" : "wasip1"
        let more = self == .js ? "" : ",\nand before them from Go's own \(Self.goOptionsVariable)"
        return """
            \(rawValue): gowasm-fast under the name that the go command looks for.

            With it in PATH, 'GOOS=\(system) GOARCH=wasm go run .' and 'go test ./...' run programs by gowasm-fast;
            these have the whole environment, all files and the network.

            usage: \(rawValue) FILE.wasm [arguments ...]

            Options of 'gowasm-fast run' come from the variable \(Self.optionsVariable), as in
            \(Self.optionsVariable)='--timeout 30s --stats'\(more). Words are separated as a shell does it: spaces,
            'quotation marks', "others", and backslashes. 'gowasm-fast run --help' lists the options.

            """
    }
}

extension RunOptions {
    /// Reads words that are options of a run, and nothing else.
    static func alone(_ words: [String]) throws(ValueProblem) -> RunOptions {
        do {
            return try parse(OptionalValues.rewritten(words))
        } catch {
            // Of --help it would be the whole help.
            throw ValueProblem(message(for: error).split(separator: "\n").first.map(String.init) ?? "")
        }
    }
}
