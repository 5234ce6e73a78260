import Foundation
import GoWasm
import LibC
import Testing
import _TestSupport

extension LibraryTests {
    /// Without what is tested they would wait for ever: the limit of time only says so.
    @Suite(
        "A program that waits for nothing of its own", .enabled(if: Fixture.areThere, Fixture.missing),
        .timeLimit(.minutes(2)))
    struct IdleProgramTests {
        /// A program that has put its functions where Swift finds them, or a plugin that is not called.
        private func start(_ fixture: Fixture, _ limits: Program.Limits = .init()) async throws -> RunningProgram {
            var configuration = fixture == .js ? Output().configuration("serve") : Fixture.pluginConfiguration
            configuration.limits = limits
            if fixture == .js {
                configuration.javaScript = { globalThis in
                    try globalThis.set("version", "1.2")
                    try globalThis.define("add") { (a: Int, b: Int) in a &+ b }
                    try globalThis.define("fail") { () throws -> Void in throw JavaScriptError(message: "no") }
                    try globalThis.define("ignore") { (_: JavaScriptValue, _: JavaScriptValue) in }
                    try globalThis.defineVariadic("never") { _ in
                        try globalThis.get("Promise").new(globalThis.get("ignore"))
                    }
                }
            }
            return try await fixture.program.startInBackground(configuration)
        }

        @Test("ends where the task is cancelled that waits for it", arguments: [Fixture.js, .plugin])
        func cancellation(_ fixture: Fixture) async throws {
            let running = try await start(fixture)
            let task = Task { try await running.waitUntilExit() }
            // So that mostly it is waiting already; it ends in the same way if not.
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
        }

        @Test("ends when it is stopped", arguments: [Fixture.js, .plugin])
        func stop(_ fixture: Fixture) async throws {
            let running = try await start(fixture)
            let task = Task { try await running.waitUntilExit() }
            try await Task.sleep(for: .milliseconds(50))
            running.stop()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
        }

        @Test("ends when its time is over", arguments: [Fixture.js, .plugin])
        func time(_ fixture: Fixture) async throws {
            await #expect {
                // On a busy machine the start may be what takes too long.
                try await start(fixture, .init(time: .milliseconds(500))).waitUntilExit()
            } throws: {
                if case ProgramError.limitReached(.time) = $0 { true } else { false }
            }
        }

        @Test("ends a call for whose promise nobody cares")
        func promise() async throws {
            let running = try await start(.js)
            let task = Task { try await running.call("never") }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
        }
    }

    @Suite(
        "What calls of a program throw",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    struct CallErrorTests {
        struct Refusal: Error {}

        private func start(_ limits: Program.Limits = .init()) async throws -> RunningProgram {
            let module = try WebAssemblyText.module(
                """
                (module
                  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                  (memory (export "memory") 1)
                  (func (export "grow") (result i32) (memory.grow (i32.const 10)))
                  (func (export "trap") unreachable)
                  (func (export "leave") (call $exit (i32.const 3)))
                  (func (export "_initialize")))
                """)
            return try await Program(module).startInBackground(Output().configuration(limits: limits))
        }

        @Test("what the caller's closure throws, and the program goes on")
        func callers() async throws {
            let running = try await start()
            func thrown(_ error: any Error & Sendable) async -> ProgramError? {
                await #expect(throws: ProgramError.self) { try await running.perform { _ in throw error } }
            }
            func isRight(_ error: ProgramError?, _ test: (ProgramError) -> Bool) {
                #expect(error.map(test) == true, "\(String(describing: error))")
            }
            isRight(await thrown(Refusal())) { if case .hostFunction(is Refusal) = $0 { true } else { false } }
            isRight(await thrown(JavaScriptError(message: "x"))) { isException($0, JavaScriptError(message: "x")) }
            isRight(await thrown(CallError.otherStore)) {
                if case .uncallable(.otherStore) = $0 { true } else { false }
            }
            isRight(await thrown(ProgramError.cancelled), isCancelled)
            try await running.perform { #expect($0.ending == nil) }
        }

        @Test("memory that was refused before has nothing to do with what the caller's closure throws")
        func memory() async throws {
            let running = try await start(.init(memory: 65_536))
            await #expect {
                try await running.perform { program in
                    let grow = try program.function(named: "grow", as: (() -> Int32).self)
                    #expect(try grow() == -1)
                    throw Refusal()
                }
            } throws: {
                if case ProgramError.hostFunction(is Refusal) = $0 { true } else { false }
            }
        }

        @Test("traps and exits are the program's end")
        func ends() async throws {
            let running = try await start()
            await #expect {
                try await running.perform { try $0.function(named: "trap", as: (() -> Void).self)() }
            } throws: {
                if case ProgramError.trap(let trap) = $0 { trap.code == .unreachable } else { false }
            }
            await #expect {
                try await running.perform { try $0.function(named: "leave", as: (() -> Void).self)() }
            } throws: {
                if case ProgramError.ended(.trap) = $0 { true } else { false }
            }
            let other = try await start()
            await #expect {
                try await other.perform { try $0.function(named: "leave", as: (() -> Void).self)() }
            } throws: {
                if case ProgramError.exited(ExitStatus(code: 3)) = $0 { true } else { false }
            }
        }
    }

    @Suite("Limits of time", .enabled(if: Fixture.areThere, Fixture.missing))
    struct TimerTests {
        @Test("are kept where programs keep all threads of Swift's tasks busy")
        func busyPool() async {
            await #expect(processExitsWith: .success) {
                // Ends this process, of which otherwise nothing might be left that could.
                alarm(120)
                let program = try Fixture.wasi.program
                let count = ProcessInfo.processInfo.activeProcessorCount * 2
                let stopped = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<count {
                        group.addTask {
                            let configuration = Output().configuration(
                                "spin", limits: .init(time: .milliseconds(300)))
                            do {
                                _ = try program.runSynchronously(configuration)
                                return false
                            } catch ProgramError.limitReached(.time) {
                                return true
                            } catch {
                                return false
                            }
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(stopped == count)
            }
        }
    }
}
