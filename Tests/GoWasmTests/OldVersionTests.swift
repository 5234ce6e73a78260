import Testing
import _TestSupport
import WasmFrontend
import WasmRuntime

@testable import GoWasm

/// Hand-written programs that speak as those of old Go versions do: each checks what it is given and exits with the
/// number of the first check that fails, or with 42.
@Suite(
    "Programs of old Go versions", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct OldVersionTests {
    /// Go's stack pointer while an import is called; arguments start eight bytes above it.
    private static let common = """
        (data (i32.const 32768) "Object")
        (data (i32.const 32784) "_callbackShutdown")
        (data (i32.const 32816) "_pendingEvent")
        (data (i32.const 32832) "nothing of this name")
        (data (i32.const 32864) "id")
        (data (i32.const 32880) "args")
        (data (i32.const 32896) "result")
        (data (i32.const 32912) "_makeFuncWrapper")
        (global $step (mut i32) (i32.const 0))
        (global $start (mut i64) (i64.const 0))
        (global $wrapper (mut i64) (i64.const 0))
        (func $fail (param $number i32)
          (i32.store (i32.const 1008) (local.get $number))
          (call $exit (i32.const 1000)))
        (func $check (param $condition i32) (param $number i32)
          (if (i32.eqz (local.get $condition)) (then (call $fail (local.get $number)))))
        (func $now (result i64)
          (call $nanotime (i32.const 1000))
          (i64.load (i32.const 1008)))
        (func $get (param $ref i64) (param $name i32) (param $length i32) (result i64)
          (i64.store (i32.const 1008) (local.get $ref))
          (i64.store (i32.const 1016) (i64.extend_i32_u (local.get $name)))
          (i64.store (i32.const 1024) (i64.extend_i32_u (local.get $length)))
          (call $valueGet (i32.const 1000))
          (i64.load (i32.const 1032)))
        (func $set (param $ref i64) (param $name i32) (param $length i32) (param $value i64)
          (i64.store (i32.const 1008) (local.get $ref))
          (i64.store (i32.const 1016) (i64.extend_i32_u (local.get $name)))
          (i64.store (i32.const 1024) (i64.extend_i32_u (local.get $length)))
          (i64.store (i32.const 1032) (local.get $value))
          (call $valueSet (i32.const 1000)))
        ;; Arguments "js" and "grün", environment "K=V": strings at 4096, 4104, 4112, pointers behind.
        (func $checkArguments (param $argc i32) (param $argv i32) (param $separator i64)
          (call $check (i32.eq (local.get $argc) (i32.const 2)) (i32.const 1))
          (call $check (i32.eq (local.get $argv) (i32.const 4120)) (i32.const 2))
          (call $check (i64.eq (i64.load (i32.const 4120)) (i64.const 4096)) (i32.const 3))
          (call $check (i64.eq (i64.load (i32.const 4128)) (i64.const 4104)) (i32.const 4))
          (call $check (i64.eq (i64.load (i32.const 4136)) (local.get $separator)) (i32.const 5))
          (call $check (i64.eq (i64.load (i32.const 4144)) (i64.const 4112)) (i32.const 6))
          (call $check (i64.eqz (i64.load (i32.const 4152))) (i32.const 7))
          (call $check (i64.eq (i64.load (i32.const 4104)) (i64.const 0x6ebcc37267)) (i32.const 8))
          (call $check (i64.eq (i64.load (i32.const 4112)) (i64.const 0x563d4b)) (i32.const 9)))
        """

    private static func imports(_ schedule: String, _ nanotime: String, _ more: String = "") -> String {
        """
        (import "go" "debug" (func $debug (param i32)))
        (import "go" "runtime.wasmExit" (func $exit (param i32)))
        (import "go" "\(nanotime)" (func $nanotime (param i32)))
        (import "go" "\(schedule)" (func $schedule (param i32)))
        (import "go" "syscall/js.valueGet" (func $valueGet (param i32)))
        (import "go" "syscall/js.valueSet" (func $valueSet (param i32)))
        \(more)
        """
    }

    private func run(_ text: String) throws -> (GoABI.Generation, Int32) {
        let program = try GoProgram(WebAssemblyText.module("(module \(text))"))
        let status = try program.run(arguments: ["js", "grün"], environment: ["K": "V"])
        return (program.abi.generation, status.code)
    }

    @Test("1.11: run resumes, a timer wakes, the deadlock is announced by _callbackShutdown")
    func go1_11() throws {
        let text = """
            \(Self.imports("runtime.scheduleCallback", "runtime.nanotime"))
            (memory (export "mem") 16384)
            \(Self.common)
            (func (export "run") (param $argc i32) (param $argv i32)
              (global.set $step (i32.add (global.get $step) (i32.const 1)))
              (if (i32.eq (global.get $step) (i32.const 1)) (then
                (call $checkArguments (local.get $argc) (local.get $argv) (i64.const 1))
                ;; An object is flag 0, a function 3; undefined is id 1 and the number 0 itself.
                (call $check (i64.eq (call $get (i64.const 0x7ff8000000000005) (i32.const 32768) (i32.const 6)) (i64.const 0x7ff8000300000008)) (i32.const 11))
                (call $check (i64.eq (call $get (i64.const 0x7ff8000000000005) (i32.const 32832) (i32.const 20)) (i64.const 0x7ff8000000000001)) (i32.const 12))
                (call $set (i64.const 0x7ff8000000000007) (i32.const 32864) (i32.const 2) (i64.const 0))
                (call $check (i64.eqz (call $get (i64.const 0x7ff8000000000007) (i32.const 32864) (i32.const 2))) (i32.const 13))
                (call $check (i64.eq (call $get (i64.const 0x7ff8000000000007) (i32.const 32784) (i32.const 17)) (i64.const 0x7ff8000000000004)) (i32.const 14))
                (global.set $start (call $now))
                (i64.store (i32.const 1008) (i64.const 5))
                (call $schedule (i32.const 1000))
                (call $check (i32.eq (i32.load (i32.const 1016)) (i32.const 1)) (i32.const 15))
                (return)))
              (if (i32.eq (global.get $step) (i32.const 2)) (then
                (call $check (i64.ge_s (i64.sub (call $now) (global.get $start)) (i64.const 5000000)) (i32.const 16))
                (return)))
              ;; Nothing is left to come.
              (call $check (i64.eq (call $get (i64.const 0x7ff8000000000007) (i32.const 32784) (i32.const 17)) (i64.const 0x7ff8000000000003)) (i32.const 17))
              (call $fail (i32.const 42)))
            """
        let (generation, code) = try run(text)
        #expect(generation == .go1_11)
        #expect(code == 42)
    }

    @Test("1.12: resume delivers events, zero bits mean undefined")
    func go1_12() throws {
        let text = """
            \(Self.imports("runtime.scheduleTimeoutEvent", "runtime.nanotime"))
            (memory (export "mem") 16384)
            \(Self.common)
            (func (export "getsp") (result i32) (i32.const 1000))
            (func (export "run") (param $argc i32) (param $argv i32)
              (call $checkArguments (local.get $argc) (local.get $argv) (i64.const 1))
              (call $check (i64.eq (call $get (i64.const 0x7ff8000000000005) (i32.const 32768) (i32.const 6)) (i64.const 0x7ff8000300000008)) (i32.const 11))
              (call $check (i64.eqz (call $get (i64.const 0x7ff8000000000005) (i32.const 32832) (i32.const 20))) (i32.const 12))
              (call $set (i64.const 0x7ff8000000000007) (i32.const 32864) (i32.const 2) (i64.const 0x7ff8000000000001))
              (call $check (i64.eq (call $get (i64.const 0x7ff8000000000007) (i32.const 32864) (i32.const 2)) (i64.const 0x7ff8000000000001)) (i32.const 13))
              (i64.store (i32.const 1008) (i64.const 5))
              (global.set $start (call $now))
              (i64.store (i32.const 1008) (i64.const 5))
              (call $schedule (i32.const 1000)))
            (func (export "resume") (local $event i64)
              (global.set $step (i32.add (global.get $step) (i32.const 1)))
              (local.set $event (call $get (i64.const 0x7ff8000000000007) (i32.const 32816) (i32.const 13)))
              (if (i32.eq (global.get $step) (i32.const 1)) (then
                ;; A timeout event: nothing is pending.
                (call $check (i64.eq (local.get $event) (i64.const 0x7ff8000000000002)) (i32.const 14))
                (call $check (i64.ge_s (i64.sub (call $now) (global.get $start)) (i64.const 5000000)) (i32.const 15))
                (return)))
              ;; The event with id 0: deadlock.
              (call $check (i64.eq (call $get (local.get $event) (i32.const 32864) (i32.const 2)) (i64.const 0x7ff8000000000001)) (i32.const 16))
              (call $fail (i32.const 42)))
            """
        let (generation, code) = try run(text)
        #expect(generation == .go1_12)
        #expect(code == 42)
    }

    @Test("1.14: type flags start at 1, ids are counted and reused, calls nest and move the stack")
    func go1_14() throws {
        let more = """
            (import "go" "runtime.walltime1" (func $walltime (param i32)))
            (import "go" "runtime.resetMemoryDataView" (func $reset (param i32)))
            (import "go" "syscall/js.finalizeRef" (func $finalize (param i32)))
            (import "go" "syscall/js.valueCall" (func $valueCall (param i32)))
            (import "go" "syscall/js.valueInvoke" (func $valueInvoke (param i32)))
            (import "go" "syscall/js.valueIndex" (func $valueIndex (param i32)))
            """
        let text = """
            \(Self.imports("runtime.scheduleTimeoutEvent", "runtime.nanotime1", more))
            (memory (export "mem") 20)
            \(Self.common)
            (global $sp (mut i32) (i32.const 1000))
            (func (export "getsp") (result i32) (global.get $sp))
            (func (export "run") (param $argc i32) (param $argv i32) (local $object i64)
              (call $checkArguments (local.get $argc) (local.get $argv) (i64.const 0))
              (call $walltime (i32.const 1000))
              (call $check (i64.gt_s (i64.load (i32.const 1008)) (i64.const 1600000000)) (i32.const 10))
              (call $reset (i32.const 1000))
              (local.set $object (call $get (i64.const 0x7ff8000100000005) (i32.const 32768) (i32.const 6)))
              (call $check (i64.eq (local.get $object) (i64.const 0x7ff8000400000007)) (i32.const 11))
              ;; Held twice; the second release frees the id for the next value.
              (drop (call $get (i64.const 0x7ff8000100000005) (i32.const 32768) (i32.const 6)))
              (i64.store (i32.const 1008) (local.get $object))
              (call $finalize (i32.const 1000))
              (call $check (i64.eq (call $get (i64.const 0x7ff8000100000005) (i32.const 32768) (i32.const 6)) (local.get $object)) (i32.const 12))
              (i64.store (i32.const 1008) (local.get $object))
              (call $finalize (i32.const 1000))
              (call $finalize (i32.const 1000))
              ;; jsGo._makeFuncWrapper(5) takes the freed id.
              (f64.store (i32.const 2000) (f64.const 5))
              (i64.store (i32.const 1008) (i64.const 0x7ff8000100000006))
              (i64.store (i32.const 1016) (i64.const 32912))
              (i64.store (i32.const 1024) (i64.const 16))
              (i64.store (i32.const 1032) (i64.const 2000))
              (i64.store (i32.const 1040) (i64.const 1))
              (i64.store (i32.const 1048) (i64.const 1))
              (call $valueCall (i32.const 1000))
              (call $check (i32.load8_u (i32.const 1064)) (i32.const 13))
              (global.set $wrapper (i64.load (i32.const 1056)))
              (call $check (i64.eq (global.get $wrapper) (i64.const 0x7ff8000400000007)) (i32.const 14))
              ;; wrapper(21): resume runs inside, and the result goes to where the stack is then.
              (f64.store (i32.const 2000) (f64.const 21))
              (i64.store (i32.const 1008) (global.get $wrapper))
              (i64.store (i32.const 1016) (i64.const 2000))
              (i64.store (i32.const 1024) (i64.const 1))
              (i64.store (i32.const 1032) (i64.const 1))
              (call $valueInvoke (i32.const 1000))
              (call $check (i32.eq (global.get $step) (i32.const 1)) (i32.const 15))
              (call $check (f64.eq (f64.load (i32.const 3040)) (f64.const 42)) (i32.const 16))
              (call $check (i32.eq (i32.load8_u (i32.const 3048)) (i32.const 1)) (i32.const 17))
              (call $fail (i32.const 42)))
            (func (export "resume") (local $event i64)
              (global.set $step (i32.add (global.get $step) (i32.const 1)))
              (local.set $event (call $get (i64.const 0x7ff8000100000006) (i32.const 32816) (i32.const 13)))
              (call $check (f64.eq (f64.reinterpret_i64 (call $get (local.get $event) (i32.const 32864) (i32.const 2))) (f64.const 5)) (i32.const 20))
              (i64.store (i32.const 1008) (call $get (local.get $event) (i32.const 32880) (i32.const 4)))
              (i64.store (i32.const 1016) (i64.const 0))
              (call $valueIndex (i32.const 1000))
              (call $check (f64.eq (f64.load (i32.const 1024)) (f64.const 21)) (i32.const 21))
              (call $set (local.get $event) (i32.const 32896) (i32.const 6)
                (i64.reinterpret_f64 (f64.mul (f64.load (i32.const 1024)) (f64.const 2))))
              (global.set $sp (i32.const 3000)))
            """
        let (generation, code) = try run(text)
        #expect(generation == .go1_15)
        #expect(code == 42)
    }

    @Test("a trap inside a nested call comes out of the run, with the functions' names")
    func trap() throws {
        let text = """
            \(Self.imports("runtime.scheduleTimeoutEvent", "runtime.nanotime1"))
            (memory (export "mem") 1)
            (func $main.inner (unreachable))
            (func $main.main (call $main.inner))
            (func (export "getsp") (result i32) (i32.const 1000))
            (func (export "resume"))
            (func (export "run") (param i32 i32) (call $main.main))
            """
        let program = try GoProgram(WebAssemblyText.module("(module \(text))"))
        let trap = #expect(throws: Trap.self) { try program.run() }
        #expect(trap?.code == .unreachable)
        #expect(trap?.backtrace.map(\.name) == ["main.inner", "main.main", "run"])
    }

    @Test("an address outside the memory is an error, not a crash")
    func fault() throws {
        let text = """
            \(Self.imports("runtime.scheduleTimeoutEvent", "runtime.nanotime1"))
            (memory (export "mem") 1)
            (func (export "getsp") (result i32) (i32.const 1000))
            (func (export "resume"))
            (func (export "run") (param i32 i32) (call $nanotime (i32.const -8)))
            """
        let program = try GoProgram(WebAssemblyText.module("(module \(text))"))
        let error = #expect(throws: ProgramError.self) { try program.run() }
        #expect(error?.description == "trap: out of bounds memory access: stack pointer 0xfffffff8")
    }

    @Test("missing imports are named, all of them")
    func missingImports() throws {
        let text = """
            (import "go" "runtime.wasmExit" (func (param i32)))
            (import "go" "runtime.ticks" (func (param i32)))
            (import "env" "other" (func (result i64)))
            (memory (export "mem") 1)
            (func (export "getsp") (result i32) (i32.const 1000))
            (func (export "resume"))
            (func (export "run") (param i32 i32))
            """
        let program = try GoProgram(WebAssemblyText.module("(module \(text))"))
        let error = #expect(throws: LinkError.self) { try program.run() }
        #expect(error?.problems.map { "\($0.module).\($0.name)" } == ["go.runtime.ticks", "env.other"])
    }

    @Test("exports of other types are refused")
    func wrongExports() throws {
        let program = try GoProgram(
            WebAssemblyText.module("(module (memory (export \"mem\") 1) (func (export \"run\") (param i64)))"))
        let error = #expect(throws: ProgramError.self) { try program.run() }
        #expect(
            error?.message
                == "not a Go program for js/wasm: its export run has the type (i64) -> (), not (i32, i32) -> ()")
    }
}
