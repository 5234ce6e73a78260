// The engine alone, without any of the hosts: a module in text is
//
//     (module
//       (import "host" "log" (func $log (param i32)))
//       (memory (export "memory") 1)
//       (global $calls (export "calls") (mut i32) (i32.const 0))
//       (func (export "sum") (param $address i32) (param $count i32) (result i64) (local $sum i64)
//         (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
//         (call $log (local.get $count))
//         (loop $next
//           (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $address))))
//           (local.set $address (i32.add (local.get $address) (i32.const 4)))
//           (local.set $count (i32.sub (local.get $count) (i32.const 1)))
//           (br_if $next (local.get $count)))
//         (local.get $sum)))
//
// whose bytes `wat2wasm` makes.

import GoWasm

let bytes: [UInt8] = [
    0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0B, 0x02, 0x60, 0x01, 0x7F, 0x00, 0x60, 0x02, 0x7F,
    0x7F, 0x01, 0x7E, 0x02, 0x0C, 0x01, 0x04, 0x68, 0x6F, 0x73, 0x74, 0x03, 0x6C, 0x6F, 0x67, 0x00, 0x00, 0x03,
    0x02, 0x01, 0x01, 0x05, 0x03, 0x01, 0x00, 0x01, 0x06, 0x06, 0x01, 0x7F, 0x01, 0x41, 0x00, 0x0B, 0x07, 0x18,
    0x03, 0x06, 0x6D, 0x65, 0x6D, 0x6F, 0x72, 0x79, 0x02, 0x00, 0x05, 0x63, 0x61, 0x6C, 0x6C, 0x73, 0x03, 0x00,
    0x03, 0x73, 0x75, 0x6D, 0x00, 0x01, 0x0A, 0x32, 0x01, 0x30, 0x01, 0x01, 0x7E, 0x23, 0x00, 0x41, 0x01, 0x6A,
    0x24, 0x00, 0x20, 0x01, 0x10, 0x00, 0x03, 0x40, 0x20, 0x02, 0x20, 0x00, 0x35, 0x02, 0x00, 0x7C, 0x21, 0x02,
    0x20, 0x00, 0x41, 0x04, 0x6A, 0x21, 0x00, 0x20, 0x01, 0x41, 0x01, 0x6B, 0x21, 0x01, 0x20, 0x01, 0x0D, 0x00,
    0x0B, 0x20, 0x02, 0x0B,
]

let module = try Module(bytes)
for wanted in module.imports { print("imports", wanted.module, wanted.name) }

var imports = Imports()
imports.define("host", "log") { (count: Int32) in print("summing up", count) }
var configuration = Store.Configuration()
configuration.memoryLimit = 1 << 20
let instance = try Instance(module, imports: imports, store: Store(configuration: configuration))

let memory = try instance.memory(named: "memory")
for (index, number) in [40, UInt32.max, 3].enumerated() {
    memory.bytes(at: 1000 + UInt32(index) * 4, count: 4)?.storeBytes(of: number.littleEndian, as: UInt32.self)
}
let sum = try instance.function(named: "sum", as: ((UInt32, UInt32) -> UInt64).self)
print("the sum is", try sum(1000, 3))
print("pages before and after growing:", memory.grow(pages: 2) ?? 0, memory.byteCount >> 16)
print("growing beyond the limit:", memory.grow(pages: 100) as Any)

// Behind the memory's end: a trap, and the instance can be used on.
do {
    _ = try sum(3 << 16, 1)
} catch let trap as Trap {
    print("trap:", trap.code, "in", trap.backtrace.map(\.function))
}
if case .global(let calls)? = instance.export(named: "calls") { print("calls:", calls.value) }

// An invalid module says where and why.
var invalid = bytes
invalid[invalid.count - 2] = 0x01
do {
    _ = try Module(invalid)
} catch {
    print(error)
}
