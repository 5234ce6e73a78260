import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Machine code that several executions share, that calls the host, and that is kept.
@Suite("Sharing machine code", .enabled(if: Native.isThere, Native.missing))
struct NativeSharingTests {
    // MARK: - Threads

    private static let chainLength = 40
    /// Functions that call each other, each with a loop, so that each becomes hot.
    private static func chain() throws -> Module {
        let functions = (0..<chainLength).map { number in
            """
            (func $f\(number) (param $x i32) (result i32) (local $i i32)
              (local.set $i (i32.const 3))
              (loop
                (local.set $x (i32.add (i32.mul (local.get $x) (i32.const \(2 * number + 3))) (local.get $i)))
                (i32.store offset=\(8 * number) (i32.const 0) (local.get $x))
                (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
              \(number == 0 ? "(local.get $x)" : "(call $f\(number - 1) (i32.load offset=\(8 * number) (i32.const 0)))"))
            """
        }
        return try WebAssemblyText.module(
            """
            (module (memory (export "memory") 1) \(functions.joined(separator: "\n"))
              (func (export "run") (param i32) (result i32) (call $f\(chainLength - 1) (local.get 0))))
            """)
    }
    private static func expected(_ argument: UInt32) -> UInt32 {
        (0..<UInt32(chainLength)).reversed().reduce(argument) { x, number in
            [3, 2, 1].reduce(x) { $0 &* (2 * number + 3) &+ $1 }
        }
    }

    @Test("instances on several threads run while their functions are compiled, each once")
    func threads() throws {
        for round in 0..<6 {
            let module = try Self.chain()
            let lock = NSLock()
            nonisolated(unsafe) var failures: [String] = []
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                do {
                    for number in 0..<10 {
                        let policy = CompilationPolicy(threshold: UInt32(10 + round))
                        let instance = try Instance(module, store: Native.store(policy))
                        for call in 0..<4 {
                            let argument = UInt32(thread * 1000 + number * 10 + call)
                            let result = try instance.bits("run", .i32(argument))
                            guard result != [UInt64(Self.expected(argument))] else { continue }
                            lock.withLock { failures.append("\(argument): \(result)") }
                        }
                    }
                } catch {
                    lock.withLock { failures.append("\(error)") }
                }
            }
            #expect(failures.isEmpty, "\(failures.prefix(3))")
            let policy = CompilationPolicy(threshold: UInt32(10 + round))
            let compilation = try Instance(module, store: Native.store(policy)).code.compilation
            #expect(compilation.functions == Self.chainLength + 1 && compilation.refusedFunctions == 0)
            #expect(compilation.entries > 0)
        }
    }

    // MARK: - The host

    private static let reentering = Result {
        try WebAssemblyText.module(
            """
            (module (import "env" "host" (func $host (param i32) (result i32)))
              (memory (export "memory") 1 200) (table (export "table") 2 funcref) (elem (i32.const 0) $double)
              (global $depth (export "depth") (mut i32) (i32.const 0)) (global $sp (mut i32) (i32.const 32768))
              (func $double (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
              (func $fails (export "fails") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 0)))
              ;; What is in the frame, the stack pointer and the memory is looked at behind the host's call.
              (func $down (export "down") (param $n i32) (result i32) (local $x i32)
                (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                (i32.store (global.get $sp) (local.get $n))
                (local.set $x (i32.add (call $host (i32.sub (local.get $n) (i32.const 1)))
                  (call_indirect (param i32) (result i32) (local.get $n) (i32.const 0))))
                (if (i32.ne (i32.load (global.get $sp)) (local.get $n)) (then (unreachable)))
                (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
                (local.get $x))
              (func (export "sp") (result i32) (global.get $sp))
              ;; Writes to each page that it gets, and to the last word of all.
              (func (export "grow") (param $n i32) (result i32)
                (loop
                  (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (return (i32.const -1))))
                  (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (memory.size))
                  (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i32.load (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4))))
              (func (export "hostGrows") (param $n i32) (result i32)
                (loop
                  (drop (call $host (i32.const 0)))
                  (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (local.get $n))
                  (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (memory.size)))
            """)
    }

    private func instance(
        _ policy: CompilationPolicy?, _ body: @escaping (Instance, UInt32) throws -> UInt32
    ) throws -> Instance {
        var imports = Imports()
        weak var made: Instance?
        imports.define("env", "host") { (number: UInt32) throws -> UInt32 in try body(made!, number) }
        let instance = try Instance(Self.reentering.get(), imports: imports, store: Native.store(policy))
        made = instance
        return instance
    }

    private static let policies = [nil, Native.everything, Native.usual, CompilationPolicy(threshold: 0, coin: 3)]

    @Test("the host calls back into what called it, and traps within leave it as it was", arguments: policies)
    func reentry(policy: CompilationPolicy?) throws {
        let instance = try instance(policy) { instance, number in
            // Something that fails within, as well.
            #expect(try instance.trap("fails", .i32(number))?.code == .integerDivideByZero)
            return UInt32(try instance.bits("down", .i32(number))[0])
        }
        for _ in 0..<20 { #expect(try instance.bits("down", .i32(40)) == [40 * 41]) }
        #expect(try instance.bits("sp") == [32768])
        let compilation = instance.code.compilation
        #expect((compilation.functions > 0 && compilation.entries > 0) == (policy != nil))
    }

    @Test("an error of the host ends everything that is native around it", arguments: policies)
    func errors(policy: CompilationPolicy?) throws {
        struct Failure: Error {}
        let instance = try instance(policy) { instance, number in
            if number == 3 { throw Failure() }
            return UInt32(try instance.bits("down", .i32(number))[0])
        }
        for _ in 0..<40 {
            #expect {
                try instance.bits("down", .i32(20))
            } throws: {
                ($0 as? ExecutionError)?.cause is Failure
            }
            #expect(try instance.bits("down", .i32(3)) == [12])
        }
        #expect((instance.code.compilation.entries > 0) == (policy != nil))
    }

    @Test("memory grows in machine code, and by the host while that runs", arguments: policies)
    func growth(policy: CompilationPolicy?) throws {
        let instance = try instance(policy) { instance, _ in
            try instance.memory(named: "memory").grow(pages: 2) ?? .max
        }
        #expect(try instance.bits("grow", .i32(60)) == [61])
        #expect(try instance.bits("hostGrows", .i32(60)) == [181])
        // Beyond the maximum of 200 it is refused.
        #expect(try instance.bits("grow", .i32(40)) == [0xFFFF_FFFF])
        let memory = try instance.memory(named: "memory")
        #expect(memory.byteCount == 200 << 16)
        func last(ofPage page: Int) -> UInt32 {
            memory.baseAddress.load(fromByteOffset: (page << 16) - 4, as: UInt32.self)
        }
        #expect((2...61).allSatisfy { last(ofPage: $0) == $0 })
        #expect((1...60).allSatisfy { last(ofPage: 61 + 2 * $0) == 61 - $0 })
        #expect((182...200).allSatisfy { last(ofPage: $0) == $0 })
        // (No loop is begun anew as often as the usual threshold says, here.)
        if policy == Native.everything { #expect(instance.code.compilation.functions >= 2) }
    }

    @Test("an interruption ends an endless loop in machine code, under the host, too")
    func interruption() throws {
        let module = try WebAssemblyText.module(
            """
            (module (import "env" "host" (func $host))
              (func (export "endless") (local i64) (loop (local.set 0 (i64.add (local.get 0) (i64.const 1))) (br 0)))
              (func (export "outer") (call $host)))
            """)
        for policy in [Native.everything, Native.usual] {
            var imports = Imports()
            weak var made: Instance?
            imports.define("env", "host", type: FunctionType([])) { _ in
                _ = try made!.function(named: "endless").call([])
                return []
            }
            let store = Native.store(policy)
            let instance = try Instance(module, imports: imports, store: store)
            made = instance
            nonisolated(unsafe) let shared = store
            for name in ["endless", "outer"] {
                // Not before the loop is native; what calls the host may be, too.
                let code = instance.code
                let isOuterNative = name == "outer" && policy == Native.everything
                let entries = code.compilation.entries + (isOuterNative ? 1 : 0)
                Thread.detachNewThread {
                    while code.compilation.entries <= entries { usleep(200) }
                    shared.interrupt()
                }
                let trap = try #require(try instance.trap(name))
                #expect(trap.code == .interrupted)
                #expect(trap.backtrace.map(\.name) == ["endless"])
                store.allowExecution()
            }
            #expect(instance.code.compilation.functions >= 1)
        }
    }

    // MARK: - Kept code

    private func file(_ code: LoweredCode, _ engine: CodeImage.Engine) throws -> Data {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = try folder.write(Data(), to: "image")
        let handle = try #require(FileHandle(forWritingAtPath: path))
        #expect(code.writeImage(to: handle.fileDescriptor, engine))
        try handle.close()
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    /// The cells at the end of a file.
    private func cells(_ code: LoweredCode, _ file: Data) -> [UInt32] {
        Data(file.suffix(code.bytecodeSize)).withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
    }

    @Test("kept code has the cells of an interpreted run but for the counters, and is compiled at the first call")
    func keptCode() throws {
        let engine = CodeImage.Engine(imagined: 9)
        let module = try Self.chain()
        let native = try Instance(module, store: Native.store(Native.usual))
        let never = CompilationPolicy(threshold: .max)
        let interpreted = try Instance(Self.chain(), store: Native.store(never))
        for instance in [native, interpreted] {
            for number in 0..<400 {
                #expect(try instance.bits("run", .i32(UInt32(number))) == [UInt64(Self.expected(UInt32(number)))])
            }
        }
        #expect(native.code.compilation.functions == Self.chainLength + 1)
        #expect(interpreted.code.compilation.functions == 0)
        let kept = try file(native.code, engine)
        let (one, other) = (cells(native.code, kept), cells(interpreted.code, try file(interpreted.code, engine)))
        #expect(one.count == other.count)
        var counters = 0
        for (hot, cold) in zip(one, other) where hot != cold {
            // All functions are hot.
            #expect(hot == 1 && cold == never.threshold)
            counters += 1
        }
        // Each has one at its beginning, and all but one have a loop.
        #expect(counters == 2 * Self.chainLength + 1)

        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let handle = try #require(FileHandle(forReadingAtPath: try folder.write(kept, to: "image")))
        let again = try Self.chain()
        let taken = try again.loweredCode(native.code.options)
        #expect(taken.readImage(from: handle.fileDescriptor, engine))
        #expect(taken.compilation.functions == 0)
        let instance = try Instance(again, store: Native.store(Native.usual))
        #expect(instance.code === taken)
        #expect(try instance.bits("run", .i32(7)) == [UInt64(Self.expected(7))])
        #expect(taken.compilation.functions == Self.chainLength + 1 && taken.compilation.entries > 0)
        // What is written again is the same.
        #expect(try file(taken, engine) == kept)
    }

    @Test("the code of functions that were not hot counts from the beginning in the next run")
    func coldCode() throws {
        let engine = CodeImage.Engine(imagined: 9)
        let module = try Self.chain()
        let first = try Instance(module, store: Native.store(Native.usual))
        for number in 0..<UInt32(50) { _ = try first.bits("run", .i32(number)) }
        #expect(first.code.compilation.functions == 0)
        let kept = try file(first.code, engine)
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let handle = try #require(FileHandle(forReadingAtPath: try folder.write(kept, to: "image")))
        let again = try Self.chain()
        let taken = try again.loweredCode(first.code.options)
        #expect(taken.readImage(from: handle.fileDescriptor, engine))
        let second = try Instance(again, store: Native.store(Native.usual))
        for number in 0..<UInt32(50) { _ = try second.bits("run", .i32(number)) }
        #expect(taken.compilation.functions == 0)
        for number in 0..<UInt32(300) { _ = try second.bits("run", .i32(number)) }
        #expect(taken.compilation.functions == Self.chainLength + 1)
    }
}
