// Calls a plugin for WASI (-buildmode=c-shared) with Swift's types. Its Go code: Benchmarks/Programs/plugin.
//
// usage: Plugin plugin.wasm

import GoWasm

var configuration = Program.Configuration()
configuration.imports = { $0.define("host", "multiply") { (a: Int64, b: Int64) in a &* b } }
let plugin = try Program(contentsOf: CommandLine.arguments[1]).start(configuration)

let add = try plugin.function(named: "add", as: ((Int32, Int32) -> Int32).self)
let square = try plugin.function(named: "square", as: ((Int64) -> Int64).self)
print(try add(2, 3), try square(-12))

// Bytes lie in the plugin's memory: it says where.
let buffer = try plugin.function(named: "buffer", as: ((UInt32) -> UInt32).self)
let checksum = try plugin.function(named: "checksum", as: ((UInt32) -> UInt32).self)
let text = Array("123456789".utf8)
let address = try buffer(UInt32(text.count))
try plugin.memory(named: "memory").bytes(at: address, count: UInt32(text.count))?.copyBytes(from: text)
print(String(try checksum(UInt32(text.count)), radix: 16))
