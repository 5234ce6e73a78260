import CSupport
import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// What tests of machine code share.
enum Native {
    /// Whether they are run: they need machine code, and modules written as text.
    static let isThere = gw_native_is_possible() && !WebAssemblyText.isMissing
    static let missing: Comment = "machine code is made for x86-64; and the tests need wat2wasm (Debian package wabt)."

    /// A store whose functions are compiled when they have been entered so often; nil for never.
    static func store(_ compilation: CompilationPolicy?, callStackSize: UInt64 = 4 << 20) -> Store {
        var configuration = Store.Configuration()
        configuration.compilation = compilation
        configuration.callStackSize = callStackSize
        return Store(configuration: configuration)
    }

    /// A threshold as the usual one, but from the first counter on.
    static let usual = CompilationPolicy(threshold: 300)
    /// Everything is compiled before it runs.
    static let everything = CompilationPolicy(threshold: 0)

    /// Of a module whose functions are all called by `run`: a coin that compiles so many of them.
    static func coin(
        compiling count: Int, of module: Module, run: (Instance) throws -> Bool
    ) throws -> CompilationPolicy {
        for seed in 1..<UInt32(200) {
            let policy = CompilationPolicy(threshold: 0, coin: seed)
            let instance = try Instance(module, store: store(policy))
            if try run(instance), instance.code.compilation.functions == count { return policy }
        }
        struct NoCoin: Error {}
        throw NoCoin()
    }
}

/// What an execution leaves behind.
struct Remains: Equatable, CustomStringConvertible {
    var trap: Trap.Code?
    var results: [UInt64] = []
    /// The functions of the stack trace with the offsets of their instructions, the innermost first.
    var trace: [String] = []
    var globals: [UInt64]
    var memory: [UInt8]

    /// Calls a function, and looks at everything.
    init(_ instance: Instance, _ name: String, _ arguments: [Value]) throws {
        do {
            results = try instance.function(named: name).call(arguments).map { value in
                switch value {
                case .i32(let bits), .f32(let bits): UInt64(bits)
                case .i64(let bits), .f64(let bits): bits
                default: 0
                }
            }
        } catch let error as ExecutionError {
            guard case .trap(let error) = error else { throw error }
            trap = error.code
            trace = error.backtrace.map { "\($0.name ?? "?")+\($0.offset ?? 0)" }
        }
        globals = Self.globals(instance)
        memory = try Self.memory(instance)
    }

    static func globals(_ instance: Instance) -> [UInt64] {
        instance.module.globalTypes.indices.map { instance.globalCell($0).pointee }
    }

    static func memory(_ instance: Instance) throws -> [UInt8] {
        guard case .memory(let memory) = instance.export(named: "memory") else { return [] }
        return Array(UnsafeRawBufferPointer(start: memory.baseAddress, count: memory.byteCount))
    }

    var description: String {
        let bytes = memory.indices.lazy.filter { memory[$0] != 0 }.prefix(64).map { "\($0): \(memory[$0])" }
        return "\(trap?.message ?? "no trap"), \(results), \(trace), globals \(globals), memory \(Array(bytes))"
    }
}

/// A part of this process's address space.
struct MemoryMapping {
    var addresses: Range<UInt>
    /// As `r-xp`.
    var permissions: String
    /// The file behind it; empty for none.
    var name: String

    var isExecutable: Bool { permissions.contains("x") }
    var isWritable: Bool { permissions.contains("w") }
    /// Whether it is of memory for machine code.
    var isNative: Bool { name.contains("memfd:gowasm-fast") }

    /// What the system says of this moment, in the order of addresses.
    static func all() throws -> [MemoryMapping] {
        try MemoryMaps.lines().compactMap { line in
            let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard words.count >= 5, ends.count == 2 else { return nil }
            return MemoryMapping(
                addresses: ends[0]..<ends[1], permissions: String(words[1]),
                name: words.count > 5 ? words[5].trimmingCharacters(in: .whitespaces) : "")
        }
    }
}
