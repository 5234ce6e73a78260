import Foundation
import WasmFrontend
@testable import WasmRuntime
import _TestSupport

/// Images of what neither tests of the specification nor random modules have: how executions end.
struct SpecialImages {
    private let folder: URL

    /// Writes the images of all cases.
    static func write(to folder: URL) throws {
        let images = SpecialImages(folder: folder)
        try images.traps()
        try images.invalidFunction()
        try images.depth()
        try images.exhaustion()
        try images.endlessCalls()
        try images.hostFunctions()
    }

    /// An instance of a module, and what notes its calls.
    private struct Case {
        let instance: Instance
        let recorder: Recorder

        func call(_ name: String, _ arguments: UInt64...) throws {
            try RandomImages.record(name, arguments, of: instance, recorder)
        }
    }

    /// Makes an instance of a module, and has `body` call it.
    private func with(
        _ module: Module, _ name: String, stackSize: UInt64 = 16 << 20, imports: Imports = Imports(),
        _ body: (Case) throws -> Void
    ) throws {
        for optimizes in [true, false] {
            var configuration = Store.Configuration()
            configuration.optimizes = optimizes
            configuration.compilation = nil
            configuration.callStackSize = stackSize
            let store = Store(configuration: configuration)
            let options = Snapshot.Options(optimizes: optimizes, hasCounters: optimizes)
            let recorder = Recorder(folder, "special-\(optimizes ? "" : "plain-")\(name)", options)
            let imports = recorder.watching(imports, of: module, store)
            try body(Case(instance: try Instance(module, imports: imports, store: store), recorder: recorder))
            try recorder.finish()
        }
    }

    // MARK: - Traps

    private static let trapText = """
        (module (import "host" "fails" (func $fails))
          (memory (export "memory") 1) (type $v (func)) (type $i (func (param i32) (result i32)))
          (table $t 4 funcref) (elem (i32.const 0) $nothing $same)
          (global $sp (mut i32) (i32.const 32768)) (global $other (mut i64) (i64.const 1))
          (data $passive "abc") (elem $functions func $same)
          (func $nothing (export "nothing"))
          (func $same (param i32) (result i32) (local.get 0))
          (func (export "setSP") (param i32) (global.set $sp (local.get 0)))
          (func (export "unreachable") unreachable)
          (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func (export "divide64") (param i64 i64) (result i64) (i64.div_s (local.get 0) (local.get 1)))
          (func (export "remainder") (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1)))
          (func (export "convert") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
          (func (export "convert64") (param f32) (result i64) (i64.trunc_f32_u (local.get 0)))
          (func (export "tableGet") (param i32) (drop (table.get $t (local.get 0))))
          (func (export "tableInit") (param i32) (table.init $t $functions (local.get 0) (i32.const 0) (i32.const 1)))
          (func (export "memoryInit") (param i32)
            (memory.init $passive (local.get 0) (i32.const 0) (i32.const 3)))
          (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
          (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
          (func (export "indirect") (param i32) (call_indirect $t (type $v) (local.get 0)))
          (func (export "fails") (call $fails))
          (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
          (func (export "loadFar") (param i32) (result i32) (i32.load8_u offset=4294967295 (local.get 0)))
          (func (export "store") (param i32 i64) (i64.store offset=1 (local.get 0) (local.get 1)))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "fused")
            (global.set $other (i64.const 2))
            (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
            (i64.store offset=8 (global.get $sp) (i64.add (i64.load (i32.const 65529)) (i64.const 1)))
            (global.set $other (i64.const 3)))
          (func $push (param i32) (result i32)
            (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
            (i64.store (global.get $sp) (i64.const 77)) (call $push2 (i32.const 0)))
          (func $push2 (param i32) (result i32) (i32.const 0))
          (func (export "outer") (param i32) (global.set $sp (local.get 0)) (drop (call $push (i32.const 1)))))
        """

    private func traps() throws {
        var imports = Imports()
        imports.define("host", "fails", type: FunctionType([])) { _ in throw CocoaError(.featureUnsupported) }
        try with(try WebAssemblyText.module(Self.trapText), "traps", imports: imports) { it in
            try it.call("nothing")
            try it.call("unreachable")
            for (a, b) in [(7, 2), (7, 0), (1 << 31, 0xFFFF_FFFF), (0xFFFF_FFF9, 2)] as [(UInt64, UInt64)] {
                try it.call("divide", a, b)
                try it.call("divide64", a, b)
                try it.call("remainder", a, b)
            }
            try it.call("divide64", 1 << 63, .max)
            for number in [1.5, -0.9, 1e10, -1e30, .nan, .infinity, 2_147_483_647.5, 2_147_483_648] as [Double] {
                try it.call("convert", number.bitPattern)
                try it.call("convert64", UInt64(Float(number).bitPattern))
            }
            for index in [0, 1, 2, 3, 4, 5, 1 << 31, 0xFFFF_FFFF] as [UInt64] {
                try it.call("indirect", index)
                try it.call("tableGet", index)
                try it.call("tableInit", index)
            }
            for address in [0, 65528, 65529, 65535, 65536, 1 << 31, 0xFFFF_FFFF] as [UInt64] {
                try it.call("load", address)
                try it.call("loadFar", address)
                try it.call("store", address, 0x0102_0304_0506_0708)
                try it.call("memoryInit", address)
                try it.call("fill", address, 9)
                try it.call("copy", address, 65530, 6)
                try it.call("setSP", address)
                try it.call("fused")
                try it.call("outer", address)
            }
            try it.call("fails")
            try it.call("grow", 1)
            for address in [65529, 131064, 131065] as [UInt64] { try it.call("load", address) }
            try it.call("grow", 70000)
            try it.call("nothing")
        }
    }

    /// A function whose code is invalid, which is found when it is called.
    private func invalidFunction() throws {
        var builder = ModuleBuilder()
        for (name, code) in [("invalid", [0x6A, 0x1A]), ("valid", [])] as [(String, [UInt8])] {
            let function = builder.addFunction(FunctionType([]), code: code)
            builder.addExport(name, .function, function)
        }
        try with(try Module(builder.bytes, codeValidation: .onFirstCall), "invalid") { it in
            for name in ["valid", "invalid", "valid"] { try it.call(name) }
        }
    }

    // MARK: - The stack

    /// Ten million nested calls.
    private func depth() throws {
        let module = try WebAssemblyText.module(
            """
            (module
              (func $deep (export "deep") (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
                  (else (i32.const 0)))))
            """)
        try with(module, "deep", stackSize: 4 << 30) { it in
            for depth in [0, 1, 10_000_000, 3] as [UInt64] { try it.call("deep", depth) }
        }
    }

    private func exhaustion() throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) $throughTable) (type $v (func))
              (global $sp (mut i32) (i32.const 65536)) (global $depth (export "depth") (mut i32) (i32.const 0))
              (func $direct (export "direct")
                (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $direct))
              (func $throughTable (export "throughTable") (call_indirect (type $v) (i32.const 0)))
              (func $even (export "even") (param i64 f64) (result i64) (call $odd (local.get 1) (local.get 0)))
              (func $odd (param f64 i64) (result i64)
                (local v128 v128 v128 v128) (call $even (local.get 1) (local.get 0)))
              (func $pushing (export "pushing") (param i32) (result i32)
                (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                (i64.store (global.get $sp) (i64.const 77)) (drop (call $pushing (i32.const 0)))
                (global.set $sp (i32.add (global.get $sp) (i32.const 8))) (i32.const 0))
              (func (export "fine") (result i32) (i32.const 1)))
            """)
        try with(module, "exhausted") { it in
            for name in ["direct", "fine", "throughTable", "fine", "pushing", "fine"] { try it.call(name, 0) }
            try it.call("even", 1, 2)
            try it.call("fine")
        }
    }

    // MARK: - Interruption

    /// Loops that end only when they are interrupted, each in an image of its own.
    private func endlessCalls() throws {
        let loops = [
            ("empty", "(loop (br 0))"),
            ("counting", "(local i64) (loop (local.set 0 (i64.add (local.get 0) (i64.const 1))) (br 0))"),
            (
                "storing",
                """
                (loop (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.load (i32.const 16))))
                  (i32.store8 (i32.const 65535) (i32.load8_u (i32.const 9))) (br 0))
                """
            ),
            ("calling", "(loop (drop (call $add (i32.const 1) (i32.const 2))) (br 0))"),
            (
                "callingThroughTable",
                "(loop (drop (call_indirect (param i32 i32) (result i32) (i32.const 1) (i32.const 2) (i32.const 0))) (br 0))"
            ),
            (
                "recursive",
                "(loop (drop (call $descend (i32.const 1000))) (br 0))"
            ),
            ("filling", "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0))"),
            ("hosting", "(loop (call $host (i32.const 5)) (br 0))"),
            (
                "vectors",
                """
                (local v128) (loop (local.set 0 (i32x4.add (local.get 0) (i32x4.splat (i32.const 3))))
                  (local.set 0 (i8x16.swizzle (local.get 0) (v128.load (i32.const 32))))
                  (v128.store (i32.const 32) (f32x4.mul (local.get 0) (local.get 0))) (br 0))
                """
            ),
            (
                "floats",
                """
                (local f64) (loop (local.set 0 (f64.sqrt (f64.add (local.get 0) (f64.const 1.5))))
                  (f64.store (i32.const 24) (f64.div (local.get 0) (f64.load (i32.const 24)))) (br 0))
                """
            ),
            (
                "stack",
                """
                (loop (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                  (i64.store offset=8 (global.get $sp) (i64.const 5)) (drop (i64.load offset=8 (global.get $sp)))
                  (global.set $sp (i32.add (global.get $sp) (i32.const 16))) (br 0))
                """
            ),
        ]
        var imports = Imports()
        imports.define("host", "host") { (_: UInt32) in }
        for (name, body) in loops {
            let module = try WebAssemblyText.module(
                """
                (module (import "host" "host" (func $host (param i32)))
                  (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) $add)
                  (global $sp (mut i32) (i32.const 32768))
                  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
                  (func $descend (param i32) (result i32)
                    (if (result i32) (local.get 0)
                      (then (i32.add (call $descend (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
                      (else (i32.const 0))))
                  (func (export "endless") \(body)))
                """)
            try with(module, "endless-\(name)", imports: imports) { it in
                try it.call("add", 40, 2)
                try it.recorder.noteEndlessCall(
                    try it.instance.function(named: "endless"), "endless", of: it.instance)
            }
        }
    }

    // MARK: - The host

    /// Host functions with many parameters, vectors, several results, and parameters beyond the registers.
    private func hostFunctions() throws {
        let types: [FunctionType] = [
            FunctionType([.i32]), FunctionType([], [.i64]), FunctionType([.f32, .f64], [.f32]),
            FunctionType([.i32, .i64, .f32, .f64, .v128], [.f64]), FunctionType([.v128, .v128], [.v128]),
            FunctionType(Array(repeating: .i64, count: 11), [.i32]),
            FunctionType(Array(repeating: .f64, count: 12) + [.f32, .i32], [.i64]),
            FunctionType([.i32, .f64], [.i32, .f32, .v128, .i64]), FunctionType([.externref], [.externref]),
            FunctionType(Array(repeating: .v128, count: 9) + [.i32], [.v128, .f64]),
        ]
        var builder = ModuleBuilder()
        var imports = Imports()
        builder.imports = types.enumerated().map { index, type in
            name("host") + name("h\(index)") + [0x00] + unsigned(builder.addType(type))
        }
        for (index, type) in types.enumerated() {
            imports.define("host", "h\(index)", type: type) { values in
                let sum = values.flatMap(\.slots).reduce(UInt64(index)) { ($0 ^ $1) &* 0x9E37_79B9_7F4A_7C15 }
                return type.results.enumerated().map { Value($1, bits: $1.isNumber ? sum >> 3 &+ UInt64($0) : 0) }
            }
            let code = type.parameters.indices.flatMap { [0x20, UInt8($0)] } + [0x10] + unsigned(index)
            let function = builder.addFunction(type, code: code)
            builder.addExport("f\(index)", .function, UInt32(types.count) + function)
        }
        try with(try Module(builder.bytes), "host", imports: imports) { it in
            var random = SplitMix(seed: 5)
            for round in 0..<20 {
                for (index, type) in types.enumerated() {
                    guard case .function(let function)? = it.instance.export(named: "f\(index)") else { continue }
                    let arguments = type.parameters.map { Value($0, bits: round == 0 ? 0 : random.next()) }
                    _ = try it.recorder.call(function, "f\(index)", of: it.instance, arguments)
                }
            }
        }
    }
}

extension SpecialImages {
    /// Writes images that each have another part wrong: so it is seen that the runner compares all of them.
    static func writeWrong(to folder: URL) throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "host" "host" (func $host (param i32) (result i32)))
              (memory (export "memory") 1) (table $t 2 funcref) (elem declare func $all) (global $g (mut i32) (i32.const 0))
              (func $all (export "all") (param i32) (result i32)
                (i32.store (i32.const 100) (i32.const 7))
                (table.set $t (i32.const 1) (ref.func $all))
                (global.set $g (i32.const 9))
                (i32.add (local.get 0) (call $host (i32.const 3)))))
            """)
        var imports = Imports()
        imports.define("host", "host") { (number: UInt32) -> UInt32 in number * 2 }
        for part in Snapshot.Part.allCases {
            let images = SpecialImages(folder: folder)
            try images.with(module, "wrong-\(part)", imports: imports) { it in
                try it.call("all", 5)
                it.recorder.spoil(part)
            }
        }
    }
}

extension ValueType {
    /// Whether values are numbers or vectors.
    fileprivate var isNumber: Bool { !isReference }
}
