import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

@Suite("Reactors", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct ReactorTests {
    static let text = """
        (module
          (import "host" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
          (import "host" "note" (func $note (param i64)))
          (memory (export "memory") 1)
          (global $started (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $started (i32.add (global.get $started) (i32.const 1))))
          (func (export "started") (result i32) (global.get $started))
          (func (export "mix") (param i32 i64 f32 f64) (result f64)
            (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
          (func $fac (export "fac") (param i64) (result i64)
            (call $note (local.get 0))
            (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 1))
              (else (i64.mul (local.get 0) (call $fac (i64.sub (local.get 0) (i64.const 1)))))))
          (func (export "negate") (param f32) (result f32) (f32.neg (local.get 0)))
          (func (export "nothing"))
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))
        """

    /// Host functions that note what they get.
    final class Host {
        var notes: [Int64] = []
        var reenter: ((Int64) throws -> Int64)?
    }

    private func start(_ host: Host) throws -> Instance {
        var options = WASIProgram.Options()
        options.imports.define("host", "mix") { (a: Int32, b: Int64, c: Float, d: Double) -> Double in
            Double(a) + Double(b) + Double(c) + d
        }
        options.imports.define("host", "note") { [unowned host] (value: Int64) in
            host.notes.append(value)
            if value == 3, let reenter = host.reenter {
                host.reenter = nil
                host.notes.append(-(try reenter(2)))
            }
        }
        return try WASIProgram(WebAssemblyText.module(Self.text)).start(options)
    }

    @Test("start once, and are called with the types of Swift")
    func types() throws {
        let instance = try start(Host())
        #expect(try instance.function(named: "started", as: (() -> Int32).self)() == 1)
        let mix = try instance.function(named: "mix", as: ((Int32, Int64, Float, Double) -> Double).self)
        #expect(try mix(-1, 1 << 40, 0.5, 0.25) == Double(1 << 40) - 0.25)
        let negate = try instance.function(named: "negate", as: ((Float) -> Float).self)
        #expect(try negate(1.5) == -1.5)
        // Slots are 64 bits wide: what was in them before must not be seen.
        let load = try instance.function(named: "load", as: ((UInt32) -> UInt32).self)
        #expect(try load(5) == 0)
        try instance.function(named: "nothing", as: (() -> Void).self)()
    }

    @Test("call the host, which calls them again meanwhile")
    func reentrance() throws {
        let host = Host()
        let instance = try start(host)
        let factorial = try instance.function(named: "fac", as: ((Int64) -> Int64).self)
        host.reenter = factorial
        #expect(try factorial(5) == 120)
        #expect(host.notes == [5, 4, 3, 2, 1, 0, -2, 2, 1, 0])
    }

    @Test("refuse types that are not theirs, and names that they do not have")
    func mismatches() throws {
        let instance = try start(Host())
        #expect(
            throws: CallError.mismatchedType(
                wanted: FunctionType([.i32], [.i32]), found: FunctionType([.i64], [.i64]))
        ) { try instance.function(named: "fac", as: ((Int32) -> Int32).self) }
        #expect(throws: CallError.noSuchFunction("none")) {
            try instance.function(named: "none", as: (() -> Void).self)
        }
    }

    @Test("name the first import that is missing, with its type, and how many more there are")
    func missing() throws {
        do {
            _ = try WASIProgram(WebAssemblyText.module(Self.text)).start()
            Issue.record("They were found.")
        } catch let error as LinkError {
            #expect(
                error.description
                    == "unknown import: host.mix, a function (i32, i64, f32, f64) -> (f64), and 1 more")
            #expect(error.problems.map(\.name) == ["mix", "note"])
        }
    }
}

/// The plugin of Benchmarks/Programs, as `make test` builds it.
private enum Plugin {
    /// The plugin as the newest Go compiled it.
    static let path = Checkout.newestPrograms.map { $0.appendingPathComponent("wasip1/plugin.wasm").path }
        .flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }

    static let isPossible = Checkout.runs(ifThere: path != nil)
}

@Suite("A plugin written in Go", .enabled(if: Plugin.isPossible, "Run `make test`, which builds the plugin."))
struct PluginTests {
    @Test("exchanges numbers, texts and bytes with Swift, calls back, and runs goroutines between calls")
    func plugin() throws {
        let path = try #require(Plugin.path)
        var options = WASIProgram.Options(arguments: ["plugin"])
        final class Box { var add: ((Int32, Int32) throws -> Int32)? }
        let box = Box()
        options.imports.define("host", "multiply") { [unowned box] (a: Int64, b: Int64) -> Int64 in
            // The plugin is called while it waits for this function.
            Int64(try box.add?(0, Int32(a)) ?? 0) * b
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let instance = try WASIProgram(Module(ModuleBytes(bytes))).start(options)
        let memory = try instance.memory(named: "memory")
        let add = try instance.function(named: "add", as: ((Int32, Int32) -> Int32).self)
        box.add = add
        defer { box.add = nil }
        #expect(try add(.max, 1) == .min)
        let square = try instance.function(named: "square", as: ((Int64) -> Int64).self)
        #expect(try square(-12) == 144)

        let buffer = try instance.function(named: "buffer", as: ((UInt32) -> UInt32).self)
        let upper = try instance.function(named: "upper", as: ((UInt32) -> UInt32).self)
        let text = Array("grün, 日本 ŉ".utf8)
        try #require(memory.bytes(at: buffer(UInt32(text.count)), count: UInt32(text.count))).copyBytes(from: text)
        let length = try upper(UInt32(text.count))
        let result = try #require(memory.bytes(at: buffer(length), count: length))
        #expect(String(decoding: result, as: UTF8.self) == "GRÜN, 日本 ŉ")
        let repeated = try instance.function(named: "repeat", as: ((UInt32, UInt32) -> UInt32).self)
        #expect(try repeated(length, 100_000) == length * 100_000)
        #expect(memory.bytes(at: .max, count: 2) == nil)

        try instance.function(named: "start", as: (() -> Void).self)()
        let wait = try instance.function(named: "wait", as: ((Int32) -> Int64).self)
        let ticks = try wait(20)
        #expect(ticks > 0)
        #expect(try wait(20) > ticks)
    }
}
