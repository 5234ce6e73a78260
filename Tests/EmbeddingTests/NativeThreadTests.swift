import Foundation
import GoWasm
import Testing
import _TestSupport

extension LibraryTests {
    /// Machine code that is made while others run it. (ThreadSanitizer looks at this.)
    @Suite("Machine code on several threads")
    struct NativeThreadTests {
        private static let count: UInt32 = 30

        /// Functions that call each other, and one that calls the last of them in a loop.
        private static func module() throws -> Module {
            var builder = ModuleBuilder()
            builder.memories = [[0x00, 0x01]]
            let type = FunctionType([.i32], [.i32])
            for number in 0..<count {
                // The argument * (2 number + 3) + number, stored and loaded again; then the function before it.
                var code: [UInt8] = [0x41] + signed(8 * number) + [0x20, 0x00, 0x41] + signed(2 * number + 3)
                code += [0x6C, 0x41] + signed(number) + [0x6A, 0x36, 0x02, 0x00]
                code += [0x41] + signed(8 * number) + [0x28, 0x02, 0x00]
                if number > 0 { code += [0x10] + unsigned(number - 1) }
                builder.addFunction(type, code: code)
            }
            // loop { x = last(x + n); n -= 1; br_if n }; x
            builder.addFunction(
                type, locals: [(1, .i32)],
                code: [0x03, 0x40, 0x20, 0x01, 0x20, 0x00, 0x6A, 0x10] + unsigned(count - 1) + [0x21, 0x01, 0x20, 0x00]
                    + [0x41, 0x01, 0x6B, 0x22, 0x00, 0x0D, 0x00, 0x0B, 0x20, 0x01])
            builder.addExport("run", .function, count)
            return try Module(ModuleBytes(builder.bytes))
        }

        private static func expected(_ turns: UInt32) -> UInt32 {
            (1...turns).reversed().reduce(0) { x, n in
                (0..<count).reversed().reduce(x &+ n) { $0 &* (2 * $1 + 3) &+ $1 }
            }
        }

        private static func store(threshold: UInt32) -> Store {
            var configuration = Store.Configuration()
            configuration.callStackSize = 4 << 20
            configuration.compilation = CompilationPolicy(threshold: threshold)
            return Store(configuration: configuration)
        }

        @Test("instances of one module run while its functions are compiled", .enabled(if: isPossible))
        func together() throws {
            for round in 0..<4 {
                let module = try Self.module()
                let threshold = UInt32(20 + round)
                let lock = NSLock()
                nonisolated(unsafe) var failures: [String] = []
                DispatchQueue.concurrentPerform(iterations: 4) { thread in
                    do {
                        for number in 0..<6 {
                            let instance = try Instance(module, store: Self.store(threshold: threshold))
                            let run = try instance.function(named: "run", as: ((UInt32) -> UInt32).self)
                            let turns = UInt32(1 + (thread + number) % 12)
                            let result = try run(turns)
                            if result == Self.expected(turns) { continue }
                            lock.withLock { failures.append("\(turns): \(result)") }
                        }
                    } catch {
                        lock.withLock { failures.append("\(error)") }
                    }
                }
                #expect(failures.isEmpty, "\(failures)")
                let compilation = try Instance(module, store: Self.store(threshold: threshold)).code.compilation
                #expect(compilation.functions == Self.count + 1 && compilation.refusedFunctions == 0)
                #expect(compilation.entries > 0)
            }
        }

        private static var isPossible: Bool {
            #if arch(x86_64)
                true
            #else
                false
            #endif
        }
    }
}
