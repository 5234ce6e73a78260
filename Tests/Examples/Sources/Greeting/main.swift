// A Go program for js/wasm and Swift call each other. Its Go code: Tests/GoProgramTests/Programs/embedded.
//
// usage: Greeting embedded.wasm

import GoWasm

let program = try Program(contentsOf: CommandLine.arguments[1])
var configuration = Program.Configuration(arguments: ["serve"])
configuration.javaScript = { globalThis in
    try globalThis.set("version", "1.2")
    try globalThis.define("add") { (a: Int, b: Int) in a &+ b }
    try globalThis.define("fail") { () throws -> Void in throw JavaScriptError(message: "not today") }
    try globalThis.defineAsync("fetchUser") { (id: Int) async throws -> String in
        try await Task.sleep(for: .milliseconds(1))
        return "Swift's number \(id)"
    }
}
let running = try await program.startInBackground(configuration)
print(try await running.call("greet", "World", as: String.self))
print(try await running.call("describe", 7, as: String.self))
