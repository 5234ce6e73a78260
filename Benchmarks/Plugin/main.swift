// Uses a plugin that was written in Go (Benchmarks/Programs/plugin) from Swift, and says what its calls cost.
//
// The calls in one line are those of a second program, Tests/GoProgramTests/Programs/calls, and those that wait of a third,
// Tests/GoProgramTests/Programs/awaits. Two further ones are started, from nothing and from a snapshot:
// Benchmarks/Programs/starts.
//
// usage: plugin-benchmark plugin.wasm calls.wasm awaits.wasm fib.wasm tables.wasm [calls]

import GoWasm
import LibC

/// The plugin with the types of Swift.
struct Plugin {
    let add: (Int32, Int32) throws -> Int32
    /// Calls the host function `multiply`, which calls the plugin.
    let square: (Int64) throws -> Int64
    private let checksum: (UInt32) throws -> UInt32
    private let upper: (UInt32) throws -> UInt32
    private let buffer: (UInt32) throws -> UInt32
    private let memory: Memory

    init(_ path: String) throws {
        var configuration = Program.Configuration()
        configuration.imports = { imports in
            // What //go:wasmimport asks for is a closure of the corresponding type.
            imports.define("host", "multiply") { (a: Int64, b: Int64) -> Int64 in a &* b }
        }
        let instance = try Program(contentsOf: path).start(configuration)
        add = try instance.function(named: "add", as: ((Int32, Int32) -> Int32).self)
        square = try instance.function(named: "square", as: ((Int64) -> Int64).self)
        checksum = try instance.function(named: "checksum", as: ((UInt32) -> UInt32).self)
        upper = try instance.function(named: "upper", as: ((UInt32) -> UInt32).self)
        buffer = try instance.function(named: "buffer", as: ((UInt32) -> UInt32).self)
        memory = try instance.memory(named: "memory")
    }

    /// Puts bytes where the plugin finds them.
    private func put(_ bytes: UnsafeRawBufferPointer) throws -> UInt32 {
        let count = UInt32(bytes.count)
        let address = try buffer(count)
        guard let target = memory.bytes(at: address, count: count) else { throw CallError.outOfMemory }
        target.copyMemory(from: bytes)
        return count
    }

    /// The CRC-32 of bytes.
    func checksum(_ bytes: [UInt8]) throws -> UInt32 { try checksum(bytes.withUnsafeBytes(put)) }

    /// The text in upper case.
    func uppercased(_ text: String) throws -> String {
        var text = text
        let count = try upper(try text.withUTF8 { try put(UnsafeRawBufferPointer($0)) })
        // The result may lie elsewhere: the plugin is asked again.
        guard let result = memory.bytes(at: try buffer(count), count: count) else { throw CallError.outOfMemory }
        return String(decoding: result, as: UTF8.self)
    }
}

/// The CPU time of this process, in nanoseconds.
func processTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Runs `body` so often and prints how long one took.
@discardableResult
func measure(_ name: String, _ calls: Int, _ body: (Int) throws -> Void) rethrows -> Double {
    let start = processTime()
    for index in 0..<calls { try body(index) }
    let time = processTime() - start
    printCost(name, calls, time)
    return time / Double(calls)
}

/// Measures a plugin's start with one call of an export, from nothing and from a snapshot; prints the ratio.
func measureStarts(_ path: String, _ export: String, _ argument: Int32, _ result: Int32, _ calls: Int) throws {
    let program = try Program(contentsOf: path)
    let first = try program.start()
    func check(_ instance: ProgramInstance) throws {
        let found = try instance.call(export, argument, as: Int32.self)
        precondition(found == result, "\(export)(\(argument)) is \(found)")
    }
    try check(first)
    let fromNothing = try measure("\(export)(\(argument)): start, then a call", max(5, calls / 20)) { _ in
        try check(program.start())
    }
    let snapshot = try first.snapshot()
    try check(snapshot.start())
    let fromSnapshot = try measure("\(export)(\(argument)): start from a snapshot, then a call", max(20, calls)) { _ in
        try check(snapshot.start())
    }
    let ratio = (fromNothing / fromSnapshot * 10).rounded() / 10
    print("    from a snapshot it takes 1/\(ratio) of the time; \(snapshot.memoryBytes >> 20) MiB of memory")
    var takes = 0
    try measure("\(export)(\(argument)): taking a snapshot", max(5, calls / 20)) { _ in
        takes += try first.snapshot().memoryBytes > 0 ? 1 : 0
    }
    precondition(takes > 0)
}

/// Prints how long one of so many calls took, which took so many nanoseconds together.
func printCost(_ name: String, _ calls: Int, _ nanoseconds: Double) {
    let column = name + String(repeating: " ", count: max(1, 48 - name.utf8.count))
    print(column + "\(Int((nanoseconds / Double(calls)).rounded())) ns (\(calls) calls)")
}

guard CommandLine.arguments.count > 5 else {
    print("usage: plugin-benchmark plugin.wasm calls.wasm awaits.wasm fib.wasm tables.wasm [calls]")
    exit(64)
}
let calls = CommandLine.arguments.count > 6 ? Int(CommandLine.arguments[6]) ?? 1_000_000 : 1_000_000
let plugin = try Plugin(CommandLine.arguments[1])
let kilobyte = [UInt8](repeating: 7, count: 1024)
let isRight = [
    try plugin.add(2, -3) == -1, try plugin.square(-12) == 144, try plugin.uppercased("grün") == "GRÜN",
    try plugin.checksum(Array("123456789".utf8)) == 0xCBF4_3926,
]
precondition(isRight == [true, true, true, true], "the plugin computes something else: \(isRight)")

print("CPU time of one call")
var sum: Int32 = 0
try measure("add(a, b): numbers", calls) { sum &+= try plugin.add(sum, Int32(truncatingIfNeeded: $0)) }
try measure("square(a): calls back into Swift", calls) { _ = try plugin.square(Int64($0)) }
try measure("checksum(bytes): 16 bytes in", calls) { _ in _ = try plugin.checksum(Array(kilobyte.prefix(16))) }
try measure("checksum(bytes): 1,024 bytes in", calls / 10) { _ in _ = try plugin.checksum(kilobyte) }
try measure("uppercased(text): 11 bytes in and out", calls) { _ in _ = try plugin.uppercased("hello, Göp") }

var configuration = Program.Configuration()
configuration.imports = { $0.define("host", "upper") { () -> Int32 in 0 } }
let program = try Program(contentsOf: CommandLine.arguments[2])
let oneLine = try program.start(configuration)
let isRightInOneLine = [
    try oneLine.call("add", Int32(2), Int32(-3), as: Int32.self) == -1, try oneLine.call("upper", "grün") == "GRÜN",
    try oneLine.call("twice", [1, 2]) == [1, 2, 1, 2],
]
precondition(isRightInOneLine == [true, true, true], "the program computes something else: \(isRightInOneLine)")
try measure("call(\"add\", a, b): numbers", calls) {
    sum &+= try oneLine.call("add", sum, Int32(truncatingIfNeeded: $0))
}
try measure("call(\"upper\", text): 11 bytes in and out", calls) { _ in
    let _: String = try oneLine.call("upper", "hello, Göp")
}
try measure("call(\"twice\", bytes): 1,024 in, 2,048 out", calls / 10) { _ in
    let _: [UInt8] = try oneLine.call("twice", kilobyte)
}

try measureStarts(CommandLine.arguments[4], "fib", 10, 55, calls / 1000)
try measureStarts(CommandLine.arguments[5], "lookup", 77_777, 77_777, calls / 1000)

/// Awaits `body` so often and prints how long one took.
func measureAwaited(_ name: String, _ calls: Int, _ body: () async throws -> Void) async rethrows {
    let start = processTime()
    for _ in 0..<calls { try await body() }
    printCost(name, calls, processTime() - start)
}

let pool = ProgramPool(program, configuration, size: 1)
try await measureAwaited("the same in a pool of one, with its start", calls / 100) {
    _ = try await pool.call("upper", "hello, Göp")
}

var awaiting = Program.Configuration()
awaiting.imports = { imports in
    imports.defineAsync("host", "lookup") { (name: String) async throws -> String in name }
    // Of other exports.
    for name in ["double", "find"] {
        imports.defineAsync("host", name) { (bytes: [UInt8]) async throws -> [UInt8] in bytes }
    }
}
let waiting = try await Program(contentsOf: CommandLine.arguments[3]).startInBackground(awaiting)
let fetched = try await waiting.call("fetch", "grün", as: String.self)
precondition(fetched == "grün", "the program computes something else: \(fetched)")
try await measureAwaited("await call(\"fetch\", text): Go awaits Swift", calls / 100) {
    _ = try await waiting.call("fetch", "hello, Göp", as: String.self)
}
let running = try await program.startInBackground(configuration)
try await measureAwaited("await call(\"upper\", text): an awaited export", calls / 100) {
    _ = try await running.call("upper", "hello, Göp", as: String.self)
}
