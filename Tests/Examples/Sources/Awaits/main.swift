// Awaits functions of a Go program, which await Swift's. Its Go code: Tests/GoProgramTests/Programs/awaits, with the package
// in Tests/Examples/Go/hostcall.
//
// usage: Awaits awaits.wasm

import GoWasmFoundation

struct Query: Codable, Sendable {
    var name: String
    var limit: Int
}

struct NoAddress: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) has no address" }
}

/// A function of an application, on no actor.
@concurrent func fetchAll(_ names: [String], from pool: ProgramPool) async throws(ProgramError) -> String {
    try await pool.call("fetchAll", names.joined(separator: ","))
}

let program = try Program(contentsOf: CommandLine.arguments[1])
var configuration = Program.Configuration()
configuration.imports = { imports in
    // Three of them take as long as one.
    imports.defineAsync("host", "lookup") { (name: String) async throws -> String in
        try await Task.sleep(for: .milliseconds(10))
        if name == "nobody" { throw NoAddress(name: name) }
        return "address of \(name)"
    }
    imports.defineAsync("host", "double") { (bytes: [UInt8]) async throws -> [UInt8] in bytes + bytes }
    imports.defineAsync("host", "find", json: Query.self) { query in (1...query.limit).map { "\(query.name) \($0)" } }
}

// One plugin, whose calls wait for each other.
let plugin = try await program.startInBackground(configuration)
print(try await plugin.call("fetchAll", "a,b,c", as: String.self))
print(try await plugin.call("twice", [1, 2, 3] as [UInt8], as: [UInt8].self))
print(try await plugin.call("search", json: Query(name: "Ada", limit: 2), as: [String].self))
do throws(ProgramError) {
    print(try await plugin.call("fetch", "nobody", as: String.self))
} catch {
    print(error.message)
}

// Some, which wait at the same time.
let pool = ProgramPool(program, configuration, size: 2)
async let one = fetchAll(["d", "e"], from: pool)
async let two = fetchAll(["f"], from: pool)
print(try await [one, two])

// A task that is cancelled takes its plugin with it, and what that waits for.
let long = Task { try await pool.call("pause", "1h") }
long.cancel()
do {
    print(try await long.value)
} catch ProgramError.cancelled {
    print("cancelled")
}
print(try await pool.call("pause", "1ms"))
