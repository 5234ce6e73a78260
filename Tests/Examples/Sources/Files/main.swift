// A Go program has its files in memory, and then changes a folder that stays as it is. Its Go code:
// Tests/GoProgramTests/Programs/store.
//
// usage: Files store.wasm

import GoWasm

let program = try Program(contentsOf: CommandLine.arguments[1])

/// Runs the program with a file system as its folder /data, and prints what it says.
func run(_ files: any VirtualFileSystem, _ arguments: String...) async throws {
    let output = OutputBuffer()
    var configuration = Program.Configuration(
        arguments: ["/data/store"] + arguments, standardOutput: .buffer(output))
    configuration.access.mount(files, at: "/data")
    let status = try await program.run(configuration)
    let lines: [Substring] = output.text.split(separator: "\n")
    print(arguments[0], "ended with", status.code, "and", lines.last ?? "nothing")
}

let files = MemoryFileSystem()
try files.makeFolder("store")
try await run(files, "write", "60")
for entry in try files.entries(in: "store") {
    print(entry.name, try files.status(of: "store/\(entry.name)").size)
}
try await run(files, "check")

// What it changes now is kept above these files. (With `HostFolder("/srv/data")` above a folder of this machine.)
let overlay = try OverlayFileSystem(files)
try await run(overlay, "write", "50")
for change in try overlay.changes { print(change.kind, change.path) }
try await run(overlay, "check")
try await run(files, "check")
