import ArgumentParser

/// The command `gowasm-fast inspect`: says what a file is.
struct Inspect: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: Subcommand.inspect.rawValue, abstract: "Says what a file is, without running it.",
        usage: "gowasm-fast inspect [--json] [--module FILE.wasm] FILE",
        discussion: """
            Of a module: its kind, Go version, build, imports, exports, the features of WebAssembly that it uses, and its size \
            by section and, for Go and TinyGo, by package. Of a core dump (see 'run --dump'): what ended the program, its memory, \
            the functions that were being executed, and the goroutines of a Go program. Of other files: what they are.
            """)

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Of a core dump: the module that ran. Otherwise it is looked for beside the dump.", valueName: "FILE.wasm"),
        completion: .file(extensions: ["wasm"]))
    var module: String?

    @Argument(
        help: ArgumentHelp("The file; '-' reads standard input.", valueName: "FILE.wasm"),
        completion: .file(extensions: ["wasm", "wat"]))
    var file: String

    mutating func execute(_ given: [String]) -> Int32 { Inspection.run(file, asJSON: json, module: module) }
}
