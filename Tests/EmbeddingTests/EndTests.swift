import Foundation
import GoWasm
import GoWasmFoundation
import Testing
import _TestSupport

extension LibraryTests {
    /// What calls of exports throw that do not return, and what calls after them throw.
    @Suite("An export that does not return ends its instance", .enabled(if: Fixture.areThere, Fixture.missing))
    struct EndTests {
        struct Refusal: Error {}

        private static let fixtures = [Fixture.ends, .endsJS]

        private func start(_ fixture: Fixture, _ limits: Program.Limits = .init()) throws -> ProgramInstance {
            var configuration = Output().configuration(limits: limits)
            configuration.imports = { imports in
                imports.define("host", "ask") { (number: Int32) throws -> Int32 in
                    if number < 0 { throw Refusal() }
                    return number
                }
            }
            return try fixture.program.start(configuration)
        }

        /// What a call throws, after which the instance has to have ended for that reason.
        private func end(
            _ fixture: Fixture, _ limits: Program.Limits = .init(),
            _ call: (ProgramInstance) throws(ProgramError) -> Void
        ) throws -> ProgramError {
            let plugin = try start(fixture, limits)
            let add = try plugin.function(named: "add", as: ((Int32, Int32) -> Int32).self)
            #expect(try add(2, 3) == 5 && plugin.ending == nil)
            let error = try #require(throws: ProgramError.self) { try call(plugin) }
            #expect(plugin.ending?.description == error.description)
            let later = try #require(throws: ProgramError.self) { try add(2, 3) }
            guard case .ended(let reason) = later else {
                Issue.record("another error: \(later)")
                return error
            }
            #expect(reason.description == error.description)
            #expect(throws: ProgramError.self) { try plugin.runReadyEvents() }
            return error
        }

        @Test("with the status that it gave to os.Exit", arguments: fixtures, [0, 2, 7] as [Int32])
        func exit(_ fixture: Fixture, _ code: Int32) throws {
            let error = try end(fixture) { plugin throws(ProgramError) in
                let leave = try plugin.function(named: "leave", as: ((Int32) -> Void).self)
                try leave(code)
            }
            guard case .exited(ExitStatus(code: code)) = error else {
                Issue.record("another error: \(error)")
                return
            }
            #expect(error.exitStatus?.code == code)
        }

        @Test("with what it panicked with", arguments: fixtures)
        func panic(_ fixture: Fixture) throws {
            let error = try end(fixture) { plugin throws(ProgramError) in
                try plugin.function(named: "fail", as: (() -> Void).self)()
            }
            guard case .panicked(let text) = error else {
                Issue.record("another error: \(error)")
                return
            }
            #expect(text.hasPrefix("no luck\n") && text.hasSuffix("today"))
            #expect(error.exitStatus?.code == 2)
            let other = try end(fixture) { plugin throws(ProgramError) in
                _ = try plugin.function(named: "dereference", as: (() -> Int32).self)()
            }
            guard case .panicked("runtime error: invalid memory address or nil pointer dereference") = other else {
                Issue.record("another error: \(other)")
                return
            }
        }

        @Test("with a deadlock")
        func deadlock() throws {
            let error = try end(.ends) { plugin throws(ProgramError) in
                try plugin.function(named: "wait", as: (() -> Void).self)()
            }
            guard case .deadlocked = error else {
                Issue.record("another error: \(error)")
                return
            }
        }

        @Test("with what Go's runtime ended it for", arguments: fixtures)
        func runtime(_ fixture: Fixture) throws {
            let error = try end(fixture) { plugin throws(ProgramError) in
                try plugin.function(named: "unlock", as: (() -> Void).self)()
            }
            guard case .runtimeFailed("sync: unlock of unlocked mutex") = error else {
                Issue.record("another error: \(error)")
                return
            }
        }

        @Test("with its limit of time", arguments: fixtures)
        func endlessExport(_ fixture: Fixture) throws {
            let error = try end(fixture, .init(time: .seconds(3))) { plugin throws(ProgramError) in
                try plugin.function(named: "spin", as: (() -> Void).self)()
            }
            guard case .limitReached(.time) = error else {
                Issue.record("another error: \(error)")
                return
            }
        }

        @Test("with what a function of the host's threw", arguments: fixtures)
        func host(_ fixture: Fixture) throws {
            let error = try end(fixture) { plugin throws(ProgramError) in
                let ask = try plugin.function(named: "ask", as: ((Int32) -> Int32).self)
                _ = try ask(-1)
            }
            guard case .hostFunction(is Refusal) = error else {
                Issue.record("another error: \(error)")
                return
            }
        }

        @Test("also where the function of the host's that called it catches that")
        func nested() throws {
            /// What the function of the host's calls.
            final class Inner: @unchecked Sendable {
                var fail: (() throws(ProgramError) -> Void)?
                var error: ProgramError?
            }
            let inner = Inner()
            var configuration = Output().configuration()
            configuration.imports = { imports in
                imports.define("host", "ask") { (number: Int32) -> Int32 in
                    do throws(ProgramError) { try inner.fail?() } catch { inner.error = error }
                    return number
                }
            }
            let plugin = try Fixture.ends.program.start(configuration)
            inner.fail = try plugin.function(named: "fail", as: (() -> Void).self)
            defer { inner.fail = nil }
            let ask = try plugin.function(named: "ask", as: ((Int32) -> Int32).self)
            for error in [#expect(throws: ProgramError.self) { try ask(1) }, inner.error] {
                guard case .panicked = error else {
                    Issue.record("another error: \(String(describing: error))")
                    continue
                }
            }
        }

        @Test("and a start that panics says so")
        func start() throws {
            var configuration = Output().configuration("no start")
            configuration.imports = { $0.define("host", "ask") { (number: Int32) -> Int32 in number } }
            let error = #expect(throws: ProgramError.self) { try Fixture.endsJS.program.start(configuration) }
            guard case .panicked("no start") = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            // A run ends with a status, as everywhere.
            #expect(try Fixture.endsJS.program.runSynchronously(configuration).code == 2)
        }

        @Test("in the background, too")
        func background() async throws {
            var configuration = Output().configuration()
            configuration.imports = { $0.define("host", "ask") { (number: Int32) -> Int32 in number } }
            let running = try await Fixture.ends.program.startInBackground(configuration)
            let first = await #expect(throws: ProgramError.self) {
                try await running.perform { try $0.function(named: "fail", as: (() -> Void).self)() }
            }
            guard case .panicked = first else {
                Issue.record("another error: \(String(describing: first))")
                return
            }
            let second = await #expect(throws: ProgramError.self) { try await running.perform { _ in } }
            guard case .ended(.panicked) = second else {
                Issue.record("another error: \(String(describing: second))")
                return
            }
            #expect(try await running.waitUntilExit().code == 2)
        }
    }

    @Suite("Errors of programs")
    struct ErrorTextTests {
        @Test("say what, where and what to do, also as errors of Foundation's")
        func texts() throws {
            let error = try #require(throws: ProgramError.self) { try Program(contentsOf: "/nowhere/main.wasm") }
            #expect(
                error.description == "/nowhere/main.wasm: cannot open the file: No such file or directory; "
                    + "check the path, which is relative to the working directory")
            #expect(error.localizedDescription == error.description)
            let localized = error as any LocalizedError
            #expect(localized.failureReason == "/nowhere/main.wasm: cannot open the file: No such file or directory")
            #expect(localized.recoverySuggestion == "check the path, which is relative to the working directory")
        }

        @Test(
            "say where a trap was",
            .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
        func place() throws {
            let module = try WebAssemblyText.module(
                "(module (func $inner unreachable) (func $outer (export \"f\") (call $inner)))")
            let plugin = try Program(module).start(Output().configuration())
            let error = try #require(throws: ProgramError.self) {
                try plugin.function(named: "f", as: (() -> Void).self)()
            }
            #expect(error.description.hasPrefix("trap: unreachable in inner, called by outer; "))
        }

        @Test(
            "refuse arguments and variables that no program can be given",
            .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
        func arguments() throws {
            let program = try Program(WebAssemblyText.module("(module (func (export \"_start\")))"))
            func problem(_ change: (inout Program.Configuration) -> Void) throws -> InvalidArgument? {
                var configuration = Output().configuration("a", "b")
                change(&configuration)
                let error = #expect(throws: ProgramError.self) { try program.runSynchronously(configuration) }
                guard case .argumentInvalid(let problem) = error else { return nil }
                return problem
            }
            #expect(try program.runSynchronously(Output().configuration("a=b", "")).isSuccess)
            #expect(try problem { $0.arguments[1] = "x\0y" } == .init(item: .argument(2), problem: .zeroByte))
            #expect(try problem { $0.programName = "\0" } == .init(item: .argument(0), problem: .zeroByte))
            #expect(try problem { $0.environment = ["": "x"] } == .init(item: .variable(""), problem: .emptyName))
            #expect(
                try problem { $0.environment = ["A=B": "x"] } == .init(item: .variable("A=B"), problem: .equalsSign))
            #expect(try problem { $0.environment = ["A": "\0"] } == .init(item: .variable("A"), problem: .zeroByte))
            #expect(try problem { $0.environment = ["A\0": ""] } == .init(item: .variable("A\0"), problem: .zeroByte))
        }
    }
}
