import GoWasm
import HostSystem
import WasmFrontend

/// What is said of options that have no effect for the module that is run, a line each.
struct OptionNotes {
    private let options: RunOptions
    private let module: Module
    private let kind: ModuleKind

    init(_ options: RunOptions, _ module: Module) {
        self.options = options
        self.module = module
        kind = ModuleKind(module)
    }

    /// What a program can do with what an option gives it.
    private enum Use { case folders, variables, connections, listeners }

    /// The imports of WASI, and of its extension for connections, without which a program for it cannot use something.
    private static func imports(_ use: Use) -> [String] {
        switch use {
        case .folders: ["fd_prestat_get", "path_open"]
        case .variables: ["environ_get"]
        case .connections: ["sock_open", "sock_connect", "sock_getaddrinfo"]
        case .listeners: ["sock_accept", "sock_accept_v2"]
        }
    }

    /// Whether the module can make use of something.
    private func canUse(_ use: Use) -> Bool {
        switch kind {
        case .goProgram: use != .listeners
        // What it asks WASI for beside JavaScript is its own affair.
        case .tinyGoProgram, .tinyGoLibrary: use != .listeners
        case .wasiCommand, .wasiReactor: module.imports.contains { Self.imports(use).contains($0.name) }
        case .plain: false
        }
    }

    /// The lines, without the file's name.
    var lines: [String] {
        var lines: [String] = []
        func note(_ isGiven: Bool, _ option: String, _ use: Use, _ reason: @autoclosure () -> String) {
            if isGiven, !canUse(use) { lines.append("\(option) has no effect: \(reason())") }
        }
        note(!options.folders.isEmpty, "--dir", .folders, "the module imports nothing that opens files")
        note(
            options.inheritEnv || !options.inheritedNames.isEmpty, "--inherit-env", .variables,
            "the module does not ask for environment variables")
        note(!options.environment.isEmpty, "--env", .variables, "the module does not ask for environment variables")
        note(options.allowNet || !options.allowedHosts.isEmpty, "--allow-net", .connections, connectionReason)
        note(!options.listeners.isEmpty, "--tcp-listen", .listeners, listenerReason)
        for variable in options.environment where variable.value == nil && ProcessSetup.variable(variable.name) == nil {
            lines.append("--env \(variable.name) has no effect: this process has no such variable")
        }
        // Names of operations on files are those of no import.
        let filter = options.traceFiles ? nil : options.traceFilter
        let idle = filter?.idlePatterns(among: module.imports.map { TraceWriter.names($0.module, $0.name) }) ?? []
        if !idle.isEmpty {
            let names = idle.map { "'\($0)'" }.joined(separator: ", ")
            lines.append("--trace-filter: \(names) \(idle.count == 1 ? "names" : "name") no import of the module")
        }
        return lines
    }

    private var connectionReason: String {
        let reason = "the module imports nothing that opens connections"
        guard kind == .wasiCommand || kind == .wasiReactor, GoVersion(of: module) != nil else { return reason }
        return reason + "; Go's package net connects to nothing with GOOS=wasip1, unless a package for sockets of "
            + "WasmEdge is used; with GOOS=js net/http connects"
    }

    private var listenerReason: String {
        kind == .goProgram || kind == .tinyGoProgram || kind == .tinyGoLibrary
            ? "a program for JavaScript cannot listen; build it with GOOS=wasip1"
            : "the module imports nothing that accepts connections"
    }
}
