import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// What a run costs.
@Suite("Statistics", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct RunStatisticsTests {
    private static let text = """
        (module
          (import "host" "plain" (func $plain (param i32)))
          (import "host" "pair" (func $pair (param i64) (result i64)))
          (import "host" "plain" (func $again (param i32)))
          (memory 1)
          (func $deep (param $n i32) (result i32)
            (if (result i32) (local.get $n)
              (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
              (else (i32.const 0))))
          (func (export "inner") (call $plain (i32.const 0)))
          (func (export "run") (param $n i32) (result i32)
            (call $plain (i32.const 1)) (call $again (i32.const 0))
            (drop (call $pair (i64.const 5)))
            (drop (memory.grow (i32.const 2))) (drop (memory.grow (i32.const 0x20000)))
            (call $deep (local.get $n)))
          (func $never (export "never")))
        """

    @Test("count calls, growths, lowered functions and frames", arguments: Way.all)
    func counts(way: Way) throws {
        let statistics = RunStatistics()
        var configuration = way.store().configuration
        configuration.statistics = statistics
        configuration.callStackSize = 64 << 20
        statistics.referenceCount = { 42 }
        var imports = Imports()
        var nested: Function?
        imports.define("host", "plain") { (wanted: UInt32) throws in if wanted == 1 { _ = try nested?.call([]) } }
        imports.define("host", "pair") { (number: UInt64) -> UInt64 in number + 1 }
        do {
            let instance = try Instance(
                WebAssemblyText.module(Self.text), imports: imports, store: Store(configuration: configuration))
            nested = try instance.function(named: "inner")
            #expect(try instance.function(named: "run").call([.i32(10_000)]) == [.i32(10_000)])
            nested = nil
        }
        #expect(statistics.hostFunctions.map(\.name) == ["plain", "pair"])
        // Of the two imports with one name, and of the call within the call.
        #expect(statistics.hostFunctions.map(\.calls) == [3, 1])
        #expect(statistics.growthCount == 1)
        #expect(statistics.growths.map(\.from) == [65536] && statistics.growths.map(\.to) == [3 * 65536])
        #expect(statistics.samples.last?.memoryBytes == 3 * 65536)
        #expect(statistics.samples.allSatisfy { $0.references == 42 })
        #expect(zip(statistics.samples, statistics.samples.dropFirst()).allSatisfy { $0.time <= $1.time })
        #expect(statistics.lowering.functions == 3 && statistics.lowering.bytecodeBytes > 0)
        // 10,000 frames of three words of header and one of a parameter at least.
        #expect(statistics.mostFrameBytes > 10_000 * 32 && statistics.mostFrameBytes < 64 << 20)
    }

    @Test("are told only of what their own stores do, also where a module's code is shared", arguments: Way.all)
    func sharedCode(way: Way) throws {
        let module = try WebAssemblyText.module(Self.text)
        var imports = Imports()
        imports.define("host", "plain") { (_: UInt32) in }
        imports.define("host", "pair") { (number: UInt64) -> UInt64 in number }
        do {
            let statistics = RunStatistics()
            var configuration = way.store().configuration
            configuration.statistics = statistics
            let watched = try Instance(module, imports: imports, store: Store(configuration: configuration))
            let other = try Instance(module, imports: imports, store: way.store())
            _ = try other.function(named: "inner").call([])
            #expect(statistics.lowering.functions == 0)
            _ = try watched.function(named: "inner").call([])
            #expect(statistics.lowering.functions == 0)
            _ = try watched.function(named: "never").call([])
            #expect(statistics.lowering.functions == 1)
        }
        // The statistics are gone; the code is lowered on.
        let later = try Instance(module, imports: imports, store: way.store())
        #expect(try later.function(named: "run").call([.i32(3)]) == [.i32(3)])
    }

    /// What a run in some way says of machine code: while it lasts, and when it is over.
    private func compilation(_ configuration: Store.Configuration) throws -> [CompilationStatistics?] {
        let statistics = RunStatistics()
        var configuration = configuration
        configuration.statistics = statistics
        #expect(statistics.compilation == nil)
        var imports = Imports()
        imports.define("host", "plain") { (_: UInt32) in }
        imports.define("host", "pair") { (number: UInt64) -> UInt64 in number }
        var during: CompilationStatistics?
        do {
            let instance = try Instance(
                WebAssemblyText.module(Self.text), imports: imports, store: Store(configuration: configuration))
            #expect(try instance.function(named: "run").call([.i32(100)]) == [.i32(100)])
            during = statistics.compilation
        }
        return [during, statistics.compilation]
    }

    #if arch(x86_64)
        @Test("say what was compiled, and what that has cost")
        func compiled() throws {
            var configuration = Way.compiled[0].store().configuration
            for result in try compilation(configuration) {
                let result = try #require(result)
                #expect(result.functions == 2 && result.refusedFunctions == 0 && result.obstacle == nil)
                #expect(result.bytes > result.instructions && result.instructions > 10 && result.nanoseconds > 0)
                #expect(result.entries > 0)
            }
            // A hundred calls of one function, and one of the other.
            configuration.compilation = CompilationPolicy(threshold: 50)
            #expect(try compilation(configuration).allSatisfy { $0?.functions == 1 && $0?.obstacle == nil })
        }
    #endif

    @Test("say why nothing was compiled")
    func interpreted() throws {
        var configuration = Way.interpreted[0].store().configuration
        #expect(try compilation(configuration).allSatisfy { $0?.obstacle == .unwanted && $0?.functions == 0 })
        configuration.compilation = CompilationPolicy(threshold: 0)
        configuration.usesGuardPages = false
        let compared = try compilation(configuration)
        #expect(compared.allSatisfy { $0?.obstacle == .comparedAddresses && $0?.entries == 0 })
    }

    @Test("keep few samples of many calls, from the first to the last")
    func samples() throws {
        let statistics = RunStatistics()
        var configuration = Store.Configuration()
        configuration.statistics = statistics
        var imports = Imports()
        imports.define("host", "plain") { (_: UInt32) throws in }
        imports.define("host", "pair") { (number: UInt64) -> UInt64 in number }
        let instance = try Instance(
            WebAssemblyText.module(Self.text), imports: imports, store: Store(configuration: configuration))
        let inner = try instance.function(named: "inner")
        // Until half of the samples have been left out once: a tenth of a millisecond lies between two.
        var counts = [0]
        while counts.last! >= counts.max()! {
            _ = try inner.call([])
            counts.append(statistics.samples.count)
        }
        #expect(counts.max()! <= 256 && counts.last! > 100)
        let (before, early) = (statistics.samples.last!.time, statistics.samples[0].time)
        statistics.finish()
        let last = try #require(statistics.samples.last)
        #expect(last.time > before && statistics.samples[0].time == early)
    }
}
