import Foundation
import GoWasm
import Testing
import _TestSupport

extension LibraryTests {
    /// Programs as TinyGo builds them, written by hand: they put a function on `globalThis` and call one of Swift's.
    @Suite(
        "TinyGo's programs from Swift",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    struct TinyGoTests {
        /// What `js.FuncOf` and `js.Value` do: `double` returns the sum of its argument and itself by calling Swift's
        /// `add`; `twice` is a plain export.
        private static func text(atEnd: String) -> String {
            """
            (module
              (import "gojs" "syscall/js.valueGet" (func $get (param i64 i32 i32) (result i64)))
              (import "gojs" "syscall/js.valueSet" (func $set (param i64 i32 i32 i64)))
              (import "gojs" "syscall/js.valueIndex" (func $index (param i64 i32) (result i64)))
              (import "gojs" "syscall/js.valueCall" (func $call (param i32 i64 i32 i32 i32 i32 i32)))
              (import "gojs" "runtime.sleepTicks" (func $sleep (param i64)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 100) "_makeFuncWrapper")
              (data (i32.const 120) "_pendingEvent")
              (data (i32.const 140) "double")
              (data (i32.const 150) "args")
              (data (i32.const 160) "result")
              (data (i32.const 170) "add")
              (data (i32.const 180) "name")
              (data (i32.const 200) "\\d0\\00\\00\\00\\05\\00\\00\\00")
              (data (i32.const 208) "hello")
              (global $jsGo i64 (i64.const 0x7FF8000100000006))
              (global $global i64 (i64.const 0x7FF8000100000005))
              (global $null i64 (i64.const 0x7FF8000000000002))
              (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 220)))
                (f64.store (i32.const 1024) (f64.const 1))
                (call $call (i32.const 1040) (global.get $jsGo) (i32.const 100) (i32.const 16)
                  (i32.const 1024) (i32.const 1) (i32.const 1))
                (call $set (global.get $global) (i32.const 140) (i32.const 6) (i64.load (i32.const 1040)))
                \(atEnd))
              (func (export "resume") (local $event i64) (local $x i64)
                (local.set $event (call $get (global.get $jsGo) (i32.const 120) (i32.const 13)))
                (call $set (global.get $jsGo) (i32.const 120) (i32.const 13) (global.get $null))
                (local.set $x
                  (call $index (call $get (local.get $event) (i32.const 150) (i32.const 4)) (i32.const 0)))
                (i64.store (i32.const 1056) (local.get $x))
                (i64.store (i32.const 1064) (local.get $x))
                (call $call (i32.const 1080) (global.get $global) (i32.const 170) (i32.const 3)
                  (i32.const 1056) (i32.const 2) (i32.const 2))
                (call $set (local.get $event) (i32.const 160) (i32.const 6) (i64.load (i32.const 1080))))
              (func (export "go_scheduler") (call $exit (i32.const 5)))
              (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
            """
        }

        private static func program(atEnd: String = "") throws -> Program {
            try Program(WebAssemblyText.assemble(text(atEnd: atEnd)))
        }

        private func configuration(_ output: Output) -> Program.Configuration {
            var configuration = output.configuration()
            configuration.javaScript = { globalThis in
                try globalThis.define("add") { (a: Int, b: Int) in a &+ b }
            }
            return configuration
        }

        @Test("write, call Swift's functions and are called, as Go's do and are")
        func bothDirections() async throws {
            let output = Output()
            let running = try await Self.program().startInBackground(configuration(output))
            #expect(output.out.text == "hello")
            #expect(try await running.call("double", 21, as: Int.self) == 42)
            let number: Int = try await running.perform { program in
                try program.globalThis.get("double")(4).convert()
            }
            #expect(number == 8)
            let twice = try await running.perform { program in
                let twice = try program.function(named: "twice", as: ((Int32) -> Int32).self)
                return try twice(6)
            }
            #expect(twice == 12)
            running.stop()
        }

        @Test("go on in the background, until a timer of theirs ends them")
        func timer() async throws {
            let program = try Self.program(atEnd: "(call $sleep (i64.const 2000000))")
            #expect(program.kind == .tinyGoProgram)
            let running = try await program.startInBackground(configuration(Output()))
            #expect(try await running.waitUntilExit().code == 5)
        }

        @Test("whose main has returned have ended, and their exports can be called")
        func ended() async throws {
            let program = try Self.program(atEnd: "(call $exit (i32.const 0))")
            let running = try await program.startInBackground(configuration(Output()))
            #expect(try await running.waitUntilExit().code == 0)
            let doubled = try await running.perform { program in
                let twice = try program.function(named: "twice", as: ((Int32) -> Int32).self)
                return try twice(21)
            }
            #expect(doubled == 42)
            await #expect {
                try await running.call("double", 1)
            } throws: {
                isException($0, JavaScriptError(name: "Error", message: "Go program has already exited"))
            }
            #expect(try await program.run(configuration(Output())).code == 0)
        }

        @Test("are bounded by limits, as all programs are")
        func endlessTinyGo() async throws {
            let endless = try Self.program(atEnd: "(loop $again (br $again))")
            let output = Output()
            var configuration = configuration(output)
            configuration.limits = .init(time: .milliseconds(50))
            await #expect {
                try await endless.run(configuration)
            } throws: { error in
                if case ProgramError.limitReached(.time) = error { true } else { false }
            }
        }
    }
}
