import Benchmark
import GoWasm

/// A module of two imports and a loop around each, beside a function for calls from the host.
///
/// ```wat
/// (import "host" "pointer" (func $pointer (param i32)))
/// (import "host" "sum" (func $sum (param i32 i32) (result i32)))
/// (func (export "pointers") (param $n i32)
///   (loop (call $pointer (local.get $n))
///     (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
/// (func (export "sums") (param $n i32)
///   (loop (drop (call $sum (local.get $n) (i32.const 2)))
///     (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
/// (func (export "calls") (param $n i32)
///   (loop (drop (call $add (local.get $n) (i32.const 2)))
///     (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
/// (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
/// ```
private func callModule() throws -> Module {
    func name(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    func section(_ id: UInt8, _ contents: [UInt8]) -> [UInt8] { [id, UInt8(contents.count)] + contents }
    func function(_ code: [UInt8]) -> [UInt8] { [UInt8(code.count + 1), 0] + code }
    let countdown: [UInt8] = [0x20, 0, 0x41, 1, 0x6B, 0x22, 0, 0x0D, 0, 0x0B, 0x0B]
    func loop(_ callee: UInt8) -> [UInt8] { function([0x03, 0x40, 0x20, 0, 0x41, 2, 0x10, callee, 0x1A] + countdown) }
    var bytes: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    bytes += section(1, [2, 0x60, 1, 0x7F, 0, 0x60, 2, 0x7F, 0x7F, 1, 0x7F])
    bytes += section(2, [2] + name("host") + name("pointer") + [0, 0] + name("host") + name("sum") + [0, 1])
    bytes += section(3, [4, 0, 0, 0, 1])
    bytes += section(
        7,
        [4] + name("pointers") + [0, 2] + name("sums") + [0, 3] + name("calls") + [0, 4] + name("add") + [0, 5])
    bytes += section(
        10,
        [4] + function([0x03, 0x40, 0x20, 0, 0x10, 0] + countdown) + loop(1) + loop(5)
            + function([0x20, 0, 0x20, 1, 0x6A, 0x0B]))
    return try Module(bytes)
}

/// What crossing between host and guest costs: a thousand times each.
func callBenchmarks() {
    func instance() -> Instance {
        do {
            var imports = Imports()
            imports.define("host", "pointer") { (value: UInt32) throws in blackHole(value) }
            imports.define("host", "sum") { (a: Int32, b: Int32) -> Int32 in a &+ b }
            return try Instance(callModule(), imports: imports, store: Store())
        } catch {
            fatalError("\(error)")
        }
    }
    let times: UInt32 = 1000
    for (export, what) in [
        ("calls", "call: guest to guest"), ("pointers", "call: guest to host, (i32) -> () as Go's imports"),
        ("sums", "call: guest to host, (i32, i32) -> i32 through libffi"),
    ] {
        Benchmark(what, configuration: .init(scalingFactor: .kilo)) { benchmark in
            let instance = instance()
            let function = try instance.function(named: export)
            benchmark.startMeasurement()
            blackHole(try function.call([.i32(times)]))
        }
    }
    Benchmark("call: host to guest", configuration: .init(scalingFactor: .kilo)) { benchmark in
        let instance = instance()
        let add = try instance.function(named: "add")
        benchmark.startMeasurement()
        for _ in 0..<times { blackHole(try add.call([.i32(1), .i32(2)])) }
    }
}
