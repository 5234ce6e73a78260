import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Where time goes: the functions that use it, under those that called them.
///
/// One profiler works at a time, so these tests do, too.
@Suite(
    "Profiles", .serialized,
    .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct CallProfilerTests {
    private static let text = """
        (module (import "host" "spin" (func $spin (param i32)))
          (func $hot (param $n i32) (result i32) (local $x i32)
            (loop (local.set $x (i32.xor (i32.mul (local.get $x) (i32.const 31)) (local.get $n)))
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $x))
          (func $caller (export "caller") (param $n i32) (result i32) (call $hot (local.get $n)))
          (func (export "host") (param $n i32) (call $spin (local.get $n))))
        """

    private func profile(_ name: String, _ way: Way, finished: (CallProfiler) -> Void = { _ in })
        throws -> CallProfile
    {
        let profiler = CallProfiler()
        var configuration = way.store().configuration
        configuration.profiler = profiler
        var imports = Imports()
        imports.define("host", "spin") { (count: UInt32) throws in
            var sum: UInt32 = 0
            for number in 0..<count { sum = sum &* 31 ^ number }
            // Something must depend on the sum, or the optimiser leaves the loop out.
            if sum == 1 { throw CancellationError() }
        }
        let instance = try Instance(
            WebAssemblyText.module(Self.text), imports: imports, store: Store(configuration: configuration))
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(400)
        let function = try instance.function(named: name)
        // By the clock: a debug build is slower by an order of magnitude.
        while clock.now < end { _ = try function.call([.i32(1_000_000)]) }
        let profile = try #require(profiler.finish())
        finished(profiler)
        return profile
    }

    /// The functions of a stack, the innermost first.
    private func names(_ stack: CallProfile.Stack, of profile: CallProfile) -> [String] {
        profile.functions(of: stack).map { profile.functions[$0].name }
    }

    private func share(_ name: String, of profile: CallProfile, leafOnly: Bool) -> Double {
        let total = profile.stacks.reduce(0) { $0 + $1.periods }
        let with = profile.stacks.filter { stack in
            let names = names(stack, of: profile)
            return leafOnly ? names[0] == name : names.contains(name)
        }
        return Double(with.reduce(0) { $0 + $1.periods }) / Double(max(1, total))
    }

    /// Only compilers that optimise keep the loop's state in registers, where the sampler finds it.
    private static var isOptimized: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    @Test(
        "name the function that is busy, below its caller",
        .enabled(if: isOptimized, "needs a release build: `make test` makes one"),
        arguments: Way.all)
    func guest(way: Way) throws {
        let profile = try profile("caller", way)
        #expect(share("hot", of: profile, leafOnly: true) > 0.8)
        #expect(share("caller", of: profile, leafOnly: false) > 0.8)
        for names in profile.stacks.map({ names($0, of: profile) }) where names[0] == "hot" {
            #expect(names.count >= 2 && names[1] == "caller")
        }
    }

    @Test("tell machine code from the interpreter, with the same names", arguments: Way.interpreted + [Way.compiled[0]])
    func native(way: Way) throws {
        var counts: SampleCounts?
        let profile = try profile("caller", way) { counts = $0.counts() }
        let found = try #require(counts)
        #expect(found.all == profile.stacks.reduce(0) { $0 + $1.periods })
        let native = profile.stacks.filter(\.isNative)
        #expect(found.native == native.reduce(0) { $0 + $1.periods })
        #if arch(x86_64)
            let isCompiled = way.compilation == .everything
        #else
            let isCompiled = false
        #endif
        guard isCompiled else {
            #expect(found.native == 0 && found.interpreted * 10 > found.all * 5)
            return
        }
        #expect(found.native * 10 > found.all * 8)
        for stack in native where names(stack, of: profile)[0] == "hot" {
            #expect(names(stack, of: profile) == ["hot", "caller"])
        }
        #expect(native.contains { names($0, of: profile)[0] == "hot" })
    }

    @Test("name host functions, below what called them", arguments: Way.all)
    func host(way: Way) throws {
        let profile = try profile("host", way)
        #expect(share("spin", of: profile, leafOnly: true) > 0.8)
        let stack = try #require(profile.stacks.max { $0.periods < $1.periods })
        let functions = profile.functions(of: stack).map { profile.functions[$0] }
        try #require(functions.count == 2)
        #expect(functions[0].isHost && !functions[1].isHost)
    }

    /// Two functions that do the same, one three times as long as the other.
    private static let shares = """
        (module
          (func $much (param $n i32) (result i32) (local $x i32)
            (loop (local.set $x (i32.xor (i32.mul (local.get $x) (i32.const 31)) (local.get $n)))
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $x))
          (func $little (param $n i32) (result i32) (local $x i32)
            (loop (local.set $x (i32.xor (i32.mul (local.get $x) (i32.const 31)) (local.get $n)))
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $x))
          (func $caller (export "caller") (param $n i32) (result i32)
            (i32.add (call $much (i32.mul (local.get $n) (i32.const 3))) (call $little (local.get $n)))))
        """

    /// How long each kind of code is sampled; `GOWASM_PROFILE_SECONDS` makes it longer, and from 20 on what is allowed
    /// less.
    private static let seconds = ProcessInfo.processInfo.environment["GOWASM_PROFILE_SECONDS"].flatMap { Int($0) } ?? 2

    @Test("say of machine code what they say of the interpreter", .enabled(if: Native.isThere, Native.missing))
    func native() throws {
        // Beside all other tests on two processors, two seconds were once 0.12 off.
        let tolerance = Self.seconds < 20 ? 0.15 : 0.02
        // An interpreter that is not optimised is not sampled.
        let policies = Self.isOptimized ? [Native.everything, Native.usual, nil] : [Native.everything, Native.usual]
        for policy in policies {
            let profiler = CallProfiler()
            var configuration = Native.store(policy).configuration
            configuration.profiler = profiler
            let module = try WebAssemblyText.module(Self.shares)
            let instance = try Instance(module, store: Store(configuration: configuration))
            let function = try instance.function(named: "caller")
            // Tenths of a second. As many periods of processor time as make chance small.
            func tenths() -> Int {
                var time = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                return time.tv_sec * 10 + time.tv_nsec / 100_000_000
            }
            let start = tenths()
            // Of all durations, so that none keeps step with the system's clock.
            var random = SplitMix(seed: 1)
            while tenths() < start + 10 * Self.seconds {
                _ = try function.call([.i32(1 + UInt32(random.next() % 200_000))])
            }
            let compilation = instance.code.compilation
            #expect((compilation.functions == 3 && compilation.entries > 0) == (policy != nil))
            let profile = try #require(profiler.finish())
            let (much, little) = (
                share("much", of: profile, leafOnly: true), share("little", of: profile, leafOnly: true)
            )
            print("profile of \(policy == nil ? "the loop" : "machine code"): \(much), \(little)")
            #expect(abs(much - 0.75) < tolerance)
            #expect(abs(little - 0.25) < tolerance)
            // In the few instructions of a call or a return of the loop, and where it is left for machine code, the
            // frame is one function's already and the place still the other's.
            var others = 0
            for stack in profile.stacks where ["much", "little"].contains(names(stack, of: profile)[0]) {
                guard names(stack, of: profile) != [names(stack, of: profile)[0], "caller"] else { continue }
                #expect(!stack.isNative, "\(names(stack, of: profile))")
                others += stack.periods
            }
            #expect(others * 100 < Self.seconds * 1000)
        }
    }

    /// An instance whose host function does nothing.
    private func instance(_ profiler: CallProfiler) throws -> Instance {
        var configuration = Store.Configuration()
        configuration.profiler = profiler
        var imports = Imports()
        imports.define("host", "spin") { (_: UInt32) throws in }
        return try Instance(
            WebAssemblyText.module(Self.text), imports: imports, store: Store(configuration: configuration))
    }

    @Test("stay the first profiler's until it has finished, also when its store is gone")
    func another() throws {
        func run(_ profiler: CallProfiler, _ function: String) throws {
            _ = try instance(profiler).function(named: function).call([.i32(10)])
        }
        let first = CallProfiler()
        try run(first, "host")
        let second = CallProfiler()
        try run(second, "caller")
        #expect(second.finish() == nil)
        #expect(first.finish() != nil)
        do {
            // One that never finishes gives way, too.
            let forgotten = CallProfiler()
            try run(forgotten, "host")
        }
        let third = CallProfiler()
        try run(third, "caller")
        #expect(third.finish() != nil)
    }

    @Test("can be only counted, which ends them as well")
    func counted() throws {
        let profiler = CallProfiler()
        #expect(profiler.counts() == nil)
        let instance = try instance(profiler)
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(100)
        while clock.now < end { _ = try instance.function(named: "caller").call([.i32(100_000)]) }
        let counts = try #require(profiler.counts())
        #expect(counts.all > 0 && profiler.counts() == counts)
        #expect(profiler.finish() == nil)
        let next = CallProfiler()
        _ = try self.instance(next)
        #expect(next.finish() != nil)
    }

    @Test("are given once, and nothing is sampled afterwards")
    func once() throws {
        let profiler = CallProfiler()
        #expect(profiler.finish() == nil)
        let instance = try instance(profiler)
        #expect(profiler.finish() != nil)
        #expect(profiler.finish() == nil)
        #expect(try instance.function(named: "caller").call([.i32(1000)]).count == 1)
    }
}
