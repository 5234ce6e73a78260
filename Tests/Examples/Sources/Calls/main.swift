// Calls functions of a Go program with numbers, texts, bytes and values, one by one and from many tasks. Its Go code:
// Tests/GoProgramTests/Programs/calls, with the package in Tests/Examples/Go/hostcall.
//
// usage: Calls calls.wasm

import GoWasmFoundation

struct Person: Codable, Sendable {
    var name: String
    var age: Int
}

let program = try Program(contentsOf: CommandLine.arguments[1])
// Go writes the stacks of its goroutines there when it panics.
var configuration = Program.Configuration(standardError: .discarded)
configuration.imports = { $0.define("host", "upper") { () -> Int32 in 0 } }
let plugin = try program.start(configuration)
print(try plugin.call("add", Int32(2), Int32(3), as: Int32.self))
print(try plugin.call("upper", "text"))
print(try plugin.call("twice", [1, 2, 3]))
print(try plugin.call("birthday", json: Person(name: "Ada", age: 36), as: Person.self).age)

// An error that Go returns is one of Swift's; a panic ends the instance.
for text in ["", "no luck"] {
    do throws(ProgramError) {
        print(try plugin.call(text.isEmpty ? "upper" : "fail", text))
    } catch {
        print(error.message)
    }
}

// Of a pool, as many instances work at the same time as it has.
let pool = ProgramPool(program, configuration, size: 2)
async let one = pool.perform { try $0.call("upper", "one") }
async let two = pool.perform { try $0.call("upper", "two") }
async let three = pool.perform { try $0.call("upper", "three") }
print(try await [one, two, three])
