import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Random modules must do the same however they are run: with guard pages or compared addresses, optimised or not.
///
/// The environment variable `GOWASM_DIFFERENTIAL` says how many modules are tried, for long runs, and
/// `GOWASM_DIFFERENTIAL_SEED` which seed is the first; the modules that fail are written to the folder
/// `GOWASM_DIFFERENTIAL_DUMP`, and `make fuzz FUZZ="--reduce FILE"` makes one smaller.
@Suite("Ways to run a module")
struct DifferentialTests {
    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
    }

    @Test("random modules do the same in all configurations")
    func randomModules() throws {
        let count = Self.number("GOWASM_DIFFERENTIAL") ?? 1500
        let first = Self.number("GOWASM_DIFFERENTIAL_SEED") ?? 1
        var tally = DifferentialRun.Tally()
        var failures = 0
        for seed in first..<first + count {
            do {
                try DifferentialRun(seed: seed).run(&tally)
            } catch {
                Issue.record("seed \(seed): \(error)")
                if let folder = ProcessInfo.processInfo.environment["GOWASM_DIFFERENTIAL_DUMP"] {
                    var generator = ModuleGenerator(seed: seed)
                    let file = URL(fileURLWithPath: folder).appendingPathComponent("\(seed).wasm")
                    try Data(generator.module()).write(to: file)
                }
                failures += 1
                // What follows would most likely say the same.
                if failures >= 10 { break }
            }
        }
        if count > 100 {
            // A generator that traps at once, or whose programs do nothing, would find nothing.
            #expect(tally.returns * 3 > tally.calls)
            #expect(tally.traps.count > 6)
        }
        print("differential: \(tally)")
    }
}

/// One module in all configurations.
struct DifferentialRun {
    /// What calls came to.
    struct Tally: CustomStringConvertible {
        var calls = 0
        var returns = 0
        var traps: [String: Int] = [:]
        var description: String {
            "\(calls) calls, \(returns) returned; "
                + traps.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
    }

    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    /// What a call has come to.
    private enum Outcome: Equatable, CustomStringConvertible {
        case results([Value])
        /// The reason, the functions, and whether there were more. (Return addresses are known of fused calls only.)
        case trap(String, [Int], Bool)

        var description: String {
            switch self {
            case .results(let values): "\(values)"
            case .trap(let message, let frames, _): "trap \(message) in \(frames)"
            }
        }
    }

    /// One way to run the module, with an instance of it.
    private final class Way {
        let name: String
        let instance: Instance
        let memory: Memory
        /// What the host function was called with, as a sum that depends on the order.
        private final class Trace { var sum: UInt64 = 0 }
        private let trace = Trace()
        var hostSum: UInt64 { trace.sum }

        init(_ module: Module, _ way: WasmRuntimeTests.Way) throws {
            name = "\(way)"
            let store = way.store()
            var imports = Imports()
            let trace = trace
            imports.define("env", "host") { (a: UInt32, b: UInt64) -> UInt64 in
                trace.sum = (trace.sum ^ UInt64(a) ^ b) &* 0x9E37_79B9_7F4A_7C15 &+ 1
                return b &+ UInt64(a)
            }
            imports.define("env", "fuel", .global(Global(GlobalType(value: .i32, isMutable: true), .i32(0), in: store)))
            imports.define("env", "wide", .global(Global(GlobalType(value: .i64, isMutable: true), .i64(9), in: store)))
            instance = try Instance(module, imports: imports, store: store)
            memory = try instance.memory(named: "memory")
        }

        func call(_ name: String, _ arguments: [UInt64]) throws -> Outcome {
            guard case .function(let function) = instance.export(named: name) else { return .results([]) }
            let values = zip(function.type.parameters, arguments).map { type, bits -> Value in
                switch type {
                case .i32: .i32(UInt32(truncatingIfNeeded: bits))
                case .i64: .i64(bits)
                case .f32: .f32(UInt32(truncatingIfNeeded: bits))
                default: .f64(bits)
                }
            }
            do throws(ExecutionError) {
                return .results(try function.call(values))
            } catch {
                guard case .trap(let trap) = error else { throw error }
                return .trap(trap.code.message, trap.backtrace.map(\.function), trap.isTruncated)
            }
        }

        func globals() throws -> [Value] {
            try ModuleGenerator.globalTypes.indices.flatMap { index -> [Value] in
                guard case .function(let function) = instance.export(named: "global\(index)") else { return [] }
                return try function.call([])
            }
        }
    }

    var seed: UInt64

    func run(_ tally: inout Tally) throws {
        var generator = ModuleGenerator(seed: seed)
        let bytes = generator.module()
        let module = try Module(bytes)
        let ways = try Self.ways(module)
        var outcomes: [Outcome?] = []
        for (index, call) in generator.calls.enumerated() {
            outcomes.append(nil)
            guard module.export(named: call.name) != nil else { continue }
            var expected: Outcome?
            var globals: [Value] = []
            defer { outcomes[index] = expected }
            for way in ways {
                _ = try way.call("refuel", [60])
                if index % 2 == 1 { _ = try way.call("reset", []) }
                let outcome = try way.call(call.name, call.arguments)
                let place = "call \(index), \(call.name)\(call.arguments), \(way.name)"
                guard let first = expected else {
                    expected = outcome
                    globals = try way.globals()
                    tally.calls += 1
                    if case .trap(let message, _, _) = outcome {
                        tally.traps[message, default: 0] += 1
                    } else {
                        tally.returns += 1
                    }
                    continue
                }
                guard outcome == first else {
                    throw Difference(description: "\(place): \(outcome) rather than \(first)")
                }
                let found = try way.globals()
                guard found == globals else {
                    throw Difference(description: "\(place): globals \(found) rather than \(globals)")
                }
                guard way.hostSum == ways[0].hostSum else {
                    throw Difference(description: "\(place): other host calls")
                }
                try compareMemory(way.memory, ways[0].memory, place)
            }
        }
        // That says the same of all modules, and takes as long as the rest.
        if seed % 5 == 0 { try repeatWithKeptCode(bytes, generator.calls, ways, outcomes) }
    }

    private static func ways(_ module: Module) throws -> [Way] {
        // The first is what the others are compared with: that for which the least is done.
        try (WasmRuntimeTests.Way.interpreted.reversed() + WasmRuntimeTests.Way.compiled).map { try Way(module, $0) }
    }

    /// Makes all calls once more, in a module that has its code from files that the code of these was written to.
    private func repeatWithKeptCode(
        _ bytes: [UInt8], _ calls: [(name: String, arguments: [UInt64])], _ ways: [Way], _ outcomes: [Outcome?]
    ) throws {
        let module = try Module(bytes)
        let engine = CodeImage.Engine(imagined: 7)
        for way in ways {
            let made = way.instance.code
            let file = try #require(tmpfile())
            defer { fclose(file) }
            #expect(made.writeImage(to: fileno(file), engine))
            lseek(fileno(file), 0, SEEK_SET)
            let taken = try module.loweredCode(made.options)
            #expect(taken.readImage(from: fileno(file), engine))
            #expect(taken.bytecodeSize == made.bytecodeSize)
        }
        for (way, before) in zip(try Self.ways(module), ways) {
            let size = way.instance.code.bytecodeSize
            for (index, call) in calls.enumerated() {
                guard let expected = outcomes[index] else { continue }
                _ = try way.call("refuel", [60])
                if index % 2 == 1 { _ = try way.call("reset", []) }
                let outcome = try way.call(call.name, call.arguments)
                guard outcome == expected else {
                    throw Difference(
                        description: "call \(index), \(call.name)\(call.arguments), \(way.name) with kept code: "
                            + "\(outcome) rather than \(expected)")
                }
            }
            #expect(try way.globals() == before.globals())
            #expect(way.hostSum == before.hostSum)
            #expect(way.instance.code.bytecodeSize == size, "nothing had to be lowered")
            try compareMemory(way.memory, before.memory, "the end, \(way.name) with kept code")
        }
    }

    private func compareMemory(_ a: Memory, _ b: Memory, _ place: String) throws {
        guard a.byteCount == b.byteCount else {
            throw Difference(description: "\(place): memory of \(a.byteCount) rather than \(b.byteCount)")
        }
        guard memcmp(a.baseAddress, b.baseAddress, a.byteCount) != 0 else { return }
        let at = (0..<a.byteCount).first {
            a.baseAddress.load(fromByteOffset: $0, as: UInt8.self)
                != b.baseAddress.load(fromByteOffset: $0, as: UInt8.self)
        }!
        throw Difference(description: "\(place): memory differs from byte \(at) on")
    }
}
