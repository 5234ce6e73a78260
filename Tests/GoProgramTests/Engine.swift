import Foundation

/// What runs wasm modules: the program under test, or Node with Go's own script, against which the expectations of
/// the tests can be checked.
enum Engine {
    /// The path of a `node` command, from GOWASM_TEST_NODE, and a folder with one wasm_exec script a version, from
    /// GOWASM_TEST_NODE_SCRIPTS.
    private static let node: (command: String, scripts: String)? = {
        let environment = ProcessInfo.processInfo.environment
        guard let command = environment["GOWASM_TEST_NODE"], let scripts = environment["GOWASM_TEST_NODE_SCRIPTS"]
        else { return nil }
        return (command, scripts)
    }()

    static let isNode = node != nil

    /// The command that runs a module.
    static func command(
        _ module: String, version: String, _ arguments: [String], environment: [String: String] = [:],
        input: String = "/dev/null", timeout: Duration = .seconds(120)
    ) -> Command {
        if let node {
            return Command(
                executable: node.command,
                arguments: ["--stack-size=8192", "\(node.scripts)/\(version).js", module] + arguments,
                environment: environment, input: input, timeout: timeout)
        }
        let variables = environment.sorted { $0.key < $1.key }.flatMap { ["--env", "\($0.key)=\($0.value)"] }
        // The newest Go's programs have their bytecode kept, all of them in one file; the others have none.
        let cache = version == GoBuild.newest?.version ? ["GOWASM_CACHE": Tools.cacheFolder] : [:]
        return Command(
            executable: Tools.executable, arguments: variables + [module] + arguments,
            environment: Tools.environment.merging(cache) { $1 }, input: input, timeout: timeout)
    }
}
