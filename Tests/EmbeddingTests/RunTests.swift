import Foundation
import GoWasm
import Synchronization
import Testing
import _TestSupport

extension LibraryTests {
    @Suite("A program", .enabled(if: Fixture.areThere, Fixture.missing))
    struct RunTests {
        @Test("reads, writes and exits through what it is given", arguments: Fixture.programs)
        func streams(_ fixture: Fixture) async throws {
            let output = Output()
            var configuration = output.configuration("upper", input: .text("one\ntwo\n"))
            configuration.environment = ["WHO": "me"]
            let status = try await fixture.program.run(configuration)
            #expect(status.code == 3)
            #expect(output.out.text == "ONE\nTWO\n")
            #expect(output.err.text == "done me\n")
        }

        @Test("calls closures for its streams", arguments: Fixture.programs)
        func closures(_ fixture: Fixture) async throws {
            let pieces = Mutex(["a\n", "b\n", "c\n"])
            let written = Mutex<[UInt8]>([])
            var configuration = Output().configuration("upper")
            configuration.standardInput = .closure { count in
                let piece = pieces.withLock { $0.isEmpty ? "" : $0.removeFirst() }
                #expect(piece.utf8.count <= count)
                return Array(piece.utf8)
            }
            configuration.standardOutput = .closure { bytes in written.withLock { $0.append(contentsOf: bytes) } }
            _ = try await fixture.program.run(configuration)
            #expect(String(decoding: written.withLock { $0 }, as: UTF8.self) == "A\nB\nC\n")
            #expect(pieces.withLock { $0.isEmpty })
        }

        @Test("hears of errors that closures throw", arguments: Fixture.programs)
        func failingClosures(_ fixture: Fixture) async throws {
            struct Full: Error {}
            let output = Output()
            var configuration = output.configuration("sum", "x")
            configuration.standardOutput = .closure { _ in throw Full() }
            #expect(try await fixture.program.run(configuration).code == 0)
            configuration = output.configuration("upper")
            configuration.standardInput = .closure { _ in throw Full() }
            #expect(try await fixture.program.run(configuration).code == 3)
            #expect(output.err.text.hasPrefix("done"))
        }

        @Test("uses descriptors of this process", arguments: Fixture.programs)
        func descriptors(_ fixture: Fixture) async throws {
            let (input, output) = (Pipe(), Pipe())
            try input.fileHandleForWriting.write(contentsOf: Data("pipe\n".utf8))
            try input.fileHandleForWriting.close()
            var configuration = Output().configuration("upper")
            configuration.standardInput = .descriptor(input.fileHandleForReading.fileDescriptor)
            configuration.standardOutput = .descriptor(output.fileHandleForWriting.fileDescriptor)
            #expect(try await fixture.program.run(configuration).code == 3)
            try output.fileHandleForWriting.close()
            #expect(try output.fileHandleForReading.readToEnd() == Data("PIPE\n".utf8))
        }

        @Test("runs the same each time, if that is wanted", arguments: Fixture.programs)
        func determinism(_ fixture: Fixture) async throws {
            func run(seed: UInt64) async throws -> String {
                let output = Output()
                var configuration = output.configuration("chance")
                configuration.makeDeterministic(seed: seed)
                #expect(try await fixture.program.run(configuration).isSuccess)
                return output.out.text
            }
            let first = try await run(seed: 1)
            #expect(first.hasPrefix("2009-11-10 23:00:00 1h30m0s "))
            for _ in 0..<3 { #expect(try await run(seed: 1) == first) }
            #expect(try await run(seed: 2) != first)
        }

        @Test("runs the same compiled and interpreted", arguments: Fixture.programs)
        func compilation(_ fixture: Fixture) async throws {
            func run(_ policy: CompilationPolicy?) async throws -> (String, CompilationStatistics) {
                let output = Output()
                let statistics = RunStatistics()
                var configuration = output.configuration("sum", "s")
                configuration.engine.compilation = policy
                configuration.engine.statistics = statistics
                #expect(try await fixture.program.run(configuration).isSuccess)
                return (output.out.text, try #require(statistics.compilation))
            }
            let (expected, usual) = try await run(CompilationPolicy())
            #expect(expected == "s 100 19140\n")
            let (interpreted, off) = try await run(nil)
            #expect(interpreted == expected && off.functions == 0 && off.obstacle == .unwanted)
            let (compiled, on) = try await run(CompilationPolicy(threshold: 0))
            #expect(compiled == expected)
            #if arch(x86_64)
                #expect(on.obstacle == nil && on.functions > 100 && on.functions > usual.functions && on.bytes > 0)
                #if os(Linux)
                    // The machine code is there, at one address to be written, at another to be run.
                    let code = try MemoryMaps.lines().filter { $0.contains("/memfd:gowasm-fast") }
                    #expect(code.contains { $0.contains(" r-xs ") } && code.contains { $0.contains(" rw-s ") })
                    #expect(code.allSatisfy { !$0.contains(" rwx") })
                #endif
            #endif
        }

        @Test("runs on the calling thread, too")
        func synchronously() throws {
            let output = Output()
            #expect(try Fixture.wasi.program.runSynchronously(output.configuration("sum", "s")).isSuccess)
            #expect(output.out.text == "s 100 19140\n")
        }
    }

    @Suite(
        "Errors are typed: a program",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    struct ErrorTests {
        private func failure(_ text: String, _ limits: Program.Limits = Program.Limits()) async -> ProgramError? {
            await #expect(throws: ProgramError.self) {
                try await Program(WebAssemblyText.module(text)).run(Output().configuration(limits: limits))
            }
        }

        @Test("that is no module, or an invalid one, or one that cannot be read")
        func loading() throws {
            #expect {
                try Program([0, 1, 2])
            } throws: {
                if case ProgramError.malformed = $0 { true } else { false }
            }
            var bytes = try WebAssemblyText.assemble("(module (func (result i32) i32.const 1))")
            bytes[bytes.lastIndex(of: 0x41)!] = 0x42
            #expect {
                try Program(bytes)
            } throws: {
                if case ProgramError.invalid = $0 { true } else { false }
            }
            #expect {
                try Program(contentsOf: "/nowhere/main.wasm")
            } throws: {
                if case ProgramError.unreadable("/nowhere/main.wasm", .system) = $0 { true } else { false }
            }
        }

        @Test("whose imports are missing")
        func unlinkable() async {
            let error = await failure(#"(module (import "a" "b" (func)) (func (export "_start")))"#)
            guard case .unlinkable(let error) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect(error.problems.map(\.name) == ["b"])
        }

        @Test("that traps, with a stack trace")
        func trap() async {
            let text = #"(module (func $inner unreachable) (func $outer (export "_start") (call $inner)))"#
            let error = await failure(text)
            guard case .trap(let trap) = error else {
                Issue.record("no trap: \(String(describing: error))")
                return
            }
            #expect(trap.code == .unreachable)
            #expect(trap.backtrace.map(\.name) == ["inner", "outer"])
        }

        @Test("that is none")
        func notRunnable() async {
            let error = await failure("(module)")
            guard case .notRunnable = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
        }

        @Test("that begins with more memory than it may have")
        func initialMemory() async {
            let text = #"(module (memory 2) (func (export "_start")))"#
            let error = await failure(text, .init(memory: 65_536))
            guard case .limitReached(.memory) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
        }

        @Test("whose imported function throws")
        func hostFunction() async throws {
            struct Refusal: Error {}
            let module = try WebAssemblyText.module(
                #"(module (import "host" "ask" (func $ask (param i32))) (func (export "_start") (call $ask (i32.const 7))))"#
            )
            var configuration = Output().configuration()
            configuration.imports = { $0.define("host", "ask") { (_: Int32) in throw Refusal() } }
            let error = await #expect(throws: ProgramError.self) { try await Program(module).run(configuration) }
            guard case .hostFunction(let inner) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect(inner is Refusal)
        }
    }
}
