import CSupport
import Foundation
import LibC
import Testing
import WasmFrontend
import WasmRuntime
import _NativeTestSupport
import _TestSupport

/// Memory for machine code: what it is mapped as, and what happens where there is none, little of it, or a fork.
///
/// The tests run in processes of their own, which have no other machine code and may be refused what they like.
@Suite("Memory of machine code", .enabled(if: Native.isThere, Native.missing))
struct NativeMemoryTests {
    /// Loops and calls; each module has other constants and so other code.
    private static func module(_ number: Int = 0) throws -> Module {
        try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1)
              (func $step (param i64 i32) (result i64)
                (i64.store offset=8 (i32.and (local.get 1) (i32.const 0xFFF8)) (local.get 0))
                (i64.add (i64.mul (local.get 0) (i64.const \(1_000_003 + number))) (i64.extend_i32_u (local.get 1))))
              (func (export "run") (param $n i32) (result i64) (local $x i64)
                (loop
                  (local.set $x (call $step (local.get $x) (local.get $n)))
                  (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $x)))
            """)
    }

    private static func expected(_ count: UInt32, number: Int = 0) -> UInt64 {
        stride(from: UInt64(count), to: 0, by: -1).reduce(0) { $0 &* UInt64(1_000_003 + number) &+ $1 }
    }

    /// Runs the module; whether the result is right is looked at here.
    @discardableResult
    private static func run(
        _ module: Module, _ policy: CompilationPolicy?, number: Int = 0
    ) throws -> CompilationStatistics {
        let instance = try Instance(module, store: Native.store(policy))
        #expect(try instance.bits("run", .i32(2000)) == [expected(2000, number: number)])
        return instance.code.compilation
    }

    // MARK: - Writable or executable

    /// What was seen of this process's mappings.
    private final class Sightings: @unchecked Sendable {
        private let lock = NSLock()
        private var isOver = false
        private(set) var count = 0
        private(set) var bad: [String] = []
        private(set) var executable = 0
        private(set) var writable = 0

        /// Looks once.
        func look() throws {
            let mappings = try MemoryMapping.all()
            lock.withLock {
                count += 1
                bad += mappings.filter { $0.isExecutable && $0.isWritable }.map { "\($0)" }
                if mappings.contains(where: { $0.isNative && $0.isExecutable }) { executable += 1 }
                if mappings.contains(where: { $0.isNative && $0.isWritable }) { writable += 1 }
            }
        }

        /// Looks again and again until it is to stop.
        func watch() {
            while !lock.withLock({ isOver }) { try? look() }
        }
        func stop() { lock.withLock { isOver = true } }
    }

    @Test("nothing is ever writable and executable")
    func separation() async {
        await #expect(processExitsWith: .success) {
            let sightings = Sightings()
            let thread = Thread { sightings.watch() }
            thread.start()
            // Compiled before it runs, and in the middle of it, again and again.
            for number in 0..<40 {
                let policy = CompilationPolicy(threshold: number % 2 == 0 ? 0 : 20)
                let module = try NativeMemoryTests.module(number)
                #expect(try NativeMemoryTests.run(module, policy, number: number).functions == 2)
                try sightings.look()
            }
            sightings.stop()
            #expect(sightings.bad.isEmpty, "\(sightings.bad.first ?? "")")
            #expect(sightings.count >= 40 && sightings.executable >= 40 && sightings.writable >= 40)
        }
    }

    @Test("nothing is executable that the system knows to have been writable")
    func denial() async {
        await #expect(processExitsWith: .success) {
            let module = try NativeMemoryTests.module()
            // (The system learnt that with Linux 6.3.)
            guard native_refuse(NativeRefusal_writeAndExecute) else { return }
            // It is in force.
            let protection = PROT_READ | PROT_WRITE | PROT_EXEC
            #expect(mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            let compilation = try NativeMemoryTests.run(module, Native.usual)
            #expect(compilation.functions == 2 && compilation.entries > 0)
        }
    }

    @Test("there is none where nothing is compiled")
    func nothing() async {
        await #expect(processExitsWith: .success) {
            let module = try NativeMemoryTests.module()
            // (Libraries are loaded when they are needed.)
            func executable() throws -> Int {
                try MemoryMapping.all().filter { $0.isExecutable && $0.name.isEmpty }.count
            }
            let before = try executable()
            #expect(try NativeMemoryTests.run(module, nil).functions == 0)
            // Nor before something is hot.
            let short = try Instance(module, store: Native.store(Native.usual))
            #expect(try short.bits("run", .i32(10)) == [NativeMemoryTests.expected(10)])
            #expect(try executable() == before)
            #expect(try !MemoryMapping.all().contains(where: \.isNative))
            // It would be found.
            #expect(try NativeMemoryTests.run(module, Native.everything).functions == 2)
            #expect(try MemoryMapping.all().filter { $0.isNative && $0.isExecutable }.count == 1)
        }
    }

    @Test("is given back with the module")
    func release() async {
        await #expect(processExitsWith: .success) {
            for number in 0..<20 {
                let compilation = try NativeMemoryTests.run(
                    NativeMemoryTests.module(number), Native.everything, number: number)
                #expect(compilation.functions == 2)
            }
            #expect(try !MemoryMapping.all().contains(where: \.isNative))
        }
    }

    // MARK: - None to be had

    /// Runs where machine code is refused: everything goes on in the interpreter, and says so.
    private static func expectInterpreted(_ module: Module) throws {
        for policy in [Native.usual, Native.everything] {
            let compilation = try run(module, policy)
            #expect(compilation.functions == 0 && compilation.entries == 0 && !compilation.isPossible)
        }
        #expect(try !MemoryMapping.all().contains { $0.isNative && $0.isExecutable })
    }

    @Test("where files must be small, the interpreter goes on")
    func fileSize() async {
        await #expect(processExitsWith: .success) {
            let module = try NativeMemoryTests.module()
            // Beyond it the process would get a signal.
            var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            try NativeMemoryTests.expectInterpreted(module)
        }
    }

    @Test("where the system makes no memory objects, the interpreter goes on")
    func memoryObjects() async {
        await #expect(processExitsWith: .success) {
            let module = try NativeMemoryTests.module()
            try #require(native_refuse(NativeRefusal_memoryObjects))
            try NativeMemoryTests.expectInterpreted(module)
        }
    }

    @Test("where nothing may become executable, the interpreter goes on")
    func executableMappings() async {
        await #expect(processExitsWith: .success) {
            let module = try NativeMemoryTests.module()
            try #require(native_refuse(NativeRefusal_executableMappings))
            try NativeMemoryTests.expectInterpreted(module)
        }
    }

    @Test("where there is no more address space, the interpreter goes on, with guard pages and without")
    func addressSpace() async {
        await #expect(processExitsWith: .success) {
            let module = try WebAssemblyText.module(
                """
                (module (import "env" "memory" (memory 1))
                  (func (export "run") (param $n i32) (result i32) (local $x i32)
                    (loop (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 3)) (i32.load (local.get $n))))
                      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (i32.add (local.get $x) (i32.const 7))))
                """)
            for guards in [true, false] {
                var configuration = Store.Configuration()
                configuration.callStackSize = 4 << 20
                configuration.usesGuardPages = guards
                let store = Store(configuration: configuration)
                let memory = try Memory(MemoryType(limits: Limits(minimum: 1, maximum: 1)), in: store)
                #expect(memory.hasGuardPages == guards)
                var imports = Imports()
                imports.define("env", "memory", .memory(memory))
                // A little less than machine code takes.
                let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
                let size = status.split(separator: "\n").first { $0.hasPrefix("VmSize:") }
                let bytes = try #require(size?.split(whereSeparator: { !$0.isNumber }).first.flatMap { UInt($0) }) << 10
                var usual = rlimit()
                let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
                try #require(getrlimit(resource, &usual) == 0)
                var limit = rlimit(rlim_cur: bytes + 48 << 20, rlim_max: usual.rlim_max)
                try #require(setrlimit(resource, &limit) == 0)
                defer { setrlimit(resource, &usual) }
                let instance = try Instance(module, imports: imports, store: store)
                #expect(try instance.bits("run", .i32(2000)) == [7])
                #expect(instance.code.compilation.functions == 0 && !instance.code.compilation.isPossible)
            }
        }
    }

    // MARK: - Little of it

    @Test("where it is full, the functions that found no room are interpreted")
    func capacity() throws {
        // Each calls the one before it and has much code.
        let count = 120
        let functions = (0..<count).map { number in
            let steps = (0..<40).map { step in
                "(local.set 0 (i64.xor (i64.mul (local.get 0) (i64.const \(step * 77 + number * 3 + 1))) (i64.const \(step))))"
            }
            let call = number == 0 ? "" : "(local.set 0 (call $f\(number - 1) (local.get 0)))"
            return "(func $f\(number) (param i64) (result i64) \(steps.joined()) \(call) (local.get 0))"
        }
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) \(functions.joined(separator: "\n"))
              (func (export "run") (param i64) (result i64) (call $f\(count - 1) (local.get 0))))
            """)
        func run(_ policy: CompilationPolicy?) throws -> ([UInt64], CompilationStatistics) {
            let instance = try Instance(module, store: Native.store(policy))
            var results: [UInt64] = []
            for number in 0..<50 { results += try instance.bits("run", .i64(UInt64(number))) }
            return (results, instance.code.compilation)
        }
        let interpreted = try run(nil).0
        for threshold in [UInt32(0), 10] {
            let (results, all) = try run(CompilationPolicy(threshold: threshold))
            #expect(results == interpreted && all.functions == count + 1 && all.refusedFunctions == 0)
            let (same, some) = try run(CompilationPolicy(threshold: threshold, coin: 0, capacity: 1 << 16))
            #expect(same == interpreted)
            #expect(some.functions > 10 && some.functions < count && some.refusedFunctions > 0)
            #expect(some.bytes <= 1 << 16 && some.bytes > 1 << 15 && some.isPossible)
            // What is native calls what is not, and is called by it.
            #expect(some.entries > 0)
        }
    }

    // MARK: - Forks

    @Test("a fork's child goes on, and changes nothing of its parent")
    func forks() async {
        await #expect(processExitsWith: .success) {
            let module = try WebAssemblyText.module(
                """
                (module (memory 1)
                  (func (export "one") (param i64) (result i64) (i64.add (i64.mul (local.get 0) (i64.const 5)) (i64.const 1)))
                  (func (export "two") (param i64) (result i64) (i64.add (i64.mul (local.get 0) (i64.const 7)) (i64.const 2)))
                  (func (export "three") (param i64) (result i64)
                    (i64.add (i64.mul (local.get 0) (i64.const 9)) (i64.const 3))))
                """)
            let instance = try Instance(module, store: Native.store(Native.everything))
            #expect(try instance.bits("one", .i64(10)) == [51])
            var size: UInt64 = 0
            let code = instance.code
            func bytes(_ function: UInt32) -> [UInt8]? {
                gw_native_code(code.code, function, &size).map {
                    Array(UnsafeBufferPointer(start: $0, count: Int(size)))
                }
            }
            let before = try #require(bytes(0))

            let child = native_fork()
            if child == 0 {
                // What is compiled already runs; nothing more is; what the child loads itself is its own.
                let entries = code.compilation.entries
                var isRight = (try? instance.bits("one", .i64(20))) == [101] && code.compilation.entries > entries
                isRight = isRight && (try? instance.bits("two", .i64(20))) == [142]
                isRight = isRight && code.compilation.functions == 1 && bytes(1) == nil
                let own = try? Module(ModuleBytes(Array(module.bytes.buffer)))
                let other = own.flatMap { try? Instance($0, store: Native.store(Native.everything)) }
                isRight = isRight && (try? other?.bits("three", .i64(20))) == [183]
                isRight = isRight && other?.code.compilation.functions == 1
                _exit(isRight ? 0 : 1)
            }
            var status: Int32 = 0
            try #require(child > 0 && waitpid(child, &status, 0) == child)
            #expect(status == 0)
            #expect(bytes(0) == before && bytes(1) == nil)
            #expect(try instance.bits("two", .i64(10)) == [72] && instance.bits("three", .i64(10)) == [93])
            #expect(code.compilation.functions == 3 && bytes(0) == before)
            #expect(try instance.bits("one", .i64(30)) == [151])
        }
    }
}
