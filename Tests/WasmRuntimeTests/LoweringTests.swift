import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Code that was once lowered wrongly, each made small.
@Suite("Lowered code", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct LoweringTests {
    @Test("a constant too large for an immediate, left of an operand in its own slot", arguments: Way.all)
    func largeConstant(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module
              (global $sp (mut i32) (i32.const 32768))
              (func (export "f") (result i32)
                (i64.ne (i64.const 2147483648)
                  (i64.extend_i32_u (i32.wrap_i64 (i64.add (i64.extend_i32_u (global.get $sp)) (i64.const -8))))))
              (func (export "g") (param i64) (result i64)
                (i64.add (i64.const 0x123456789abcdef) (i64.div_u (local.get 0) (i64.const 2))))
              (func (export "move") (global.set $sp (i32.const 8))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f") == [1])
        #expect(try instance.bits("g", .i64(10)) == [0x1234_5678_9abc_df4])
    }

    @Test("a stack check inside the branch of another", arguments: Way.all)
    func nestedChecks(way: Way) throws {
        let check = "(i32.le_u (global.get $sp) (i32.load offset=16 (i32.wrap_i64 (global.get $g))))"
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (data (i32.const 16) "\\00\\10")
              (global $sp (mut i32) (i32.const 32768)) (global $g i64 (i64.const 0))
              (func (export "f") (param i32) (result i32) (local i32)
                (global.set $sp (local.get 0))
                (if \(check) (then
                  (if \(check) (then (local.set 1 (i32.const 1))))
                  (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
                  (local.set 1 (i32.add (local.get 1) (i32.const 2)))))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                (i32.add (i32.mul (local.get 1) (i32.const 100000)) (global.get $sp))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f", .i32(32768)) == [32752])
        #expect(try instance.bits("f", .i32(4096)) == [304072])
    }

    @Test("more delayed values than fit, below a call whose result is branched on", arguments: Way.all)
    func delayedValues(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module
              (func $zero (param i32) (result i32) (i32.const 0))
              (func (export "f") (result i32)
                (block $out
                  \((1...60).map { "(i32.const \($0))" }.joined(separator: " "))
                  (br_if $out (call $zero (i32.const 0)))
                  \(String(repeating: "i32.add ", count: 59))
                  return)
                (i32.const -1)))
            """)
        #expect(try Instance(module, store: way.store()).bits("f") == [1830])
    }

    @Test("the index of an indirect call, where arguments go", arguments: Way.all)
    func indirectIndex(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (type $t (func (param i32 i32 i32 i32) (result i32))) (table funcref (elem $a $b))
              (func $a (type $t) (i32.const 1))
              (func $b (type $t) (i32.sub (i32.add (local.get 0) (local.get 3)) (i32.mul (local.get 1) (local.get 2))))
              (func (export "f") (param i32) (result i32)
                (call_indirect (type $t) (local.get 0) (i32.const 2) (i32.const 3) (i32.const 40)
                  (i32.sub (local.get 0) (i32.const 6)))))
            """)
        #expect(try Instance(module, store: way.store()).bits("f", .i32(7)) == [41])
    }

    @Test("locals without a value behind the entry for the constant 0, however deep the loops", arguments: Way.all)
    func deepLoops(way: Way) throws {
        // The value of local 1 is needed in the innermost loop only after as many rounds of the analysis as there are
        // loops.
        let depth = 20
        let module = try WebAssemblyText.module(
            """
            (module
              (func $f (param i32) (result i32) (local i32 i32)
                (loop $dispatch (block $a (block $b (br_table $b $a (local.get 0))))
                  \((0..<depth).map { "(loop $l\($0)" }.joined(separator: " "))
                  (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                  (br_if $l0 (i32.eq (local.get 2) (i32.const 5)))
                  \((0..<depth).map { "(br_if $l\(depth - 1 - $0) (i32.eq (local.get 2) (i32.const \($0 + 1)))) )" }.joined(separator: " ")))
                (i32.add (local.get 1) (local.get 2)))
              (func $dirty (param i32 i32 i32 i32 i32 i32) (result i32)
                (local.set 0 (i32.const 77)) (local.set 1 (i32.const 88)) (local.set 2 (i32.const 99)) (i32.const 1))
              (func (export "g") (result i32)
                (drop (call $dirty (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)))
                (call $f (i32.const 0))))
            """)
        let plain = try Instance(module, store: Way(guards: false, optimizes: false).store()).bits("g")
        #expect(try Instance(module, store: way.store()).bits("g") == plain)
        #expect(plain == [UInt64(depth + 1)])
    }

    @Test("what only dispatches on its argument is entered behind that, also without a loop", arguments: Way.all)
    func dispatchWithoutLoop(way: Way) throws {
        // A local that nobody has set is read behind each label; the argument behind the second.
        let pieces = """
                (local.set 1 (i32.add (local.get 1) (i32.const 10)))
                (br_if $out (i32.eq (global.get $stops) (i32.const 1))))
              (local.set 1 (i32.add (local.get 1) (i32.add (local.get 0) (i32.const 100)))))
            (i32.add (local.get 1) (global.get $sp))
            """
        let module = try WebAssemblyText.module(
            """
            (module (global $sp (mut i32) (i32.const 4000)) (global $stops (mut i32) (i32.const 0))
              (func $f (param i32) (result i32) (local i32)
                (block $out (block $b (block $a (br_table $a $b $out (local.get 0)))
                \(pieces))
              (func $copies (param i32) (result i32) (local i32 i32)
                (local.set 2 (global.get $sp))
                (block $out (block $b (block $a (br_table $a $b $out (local.get 0)))
                \(pieces))
              ;; Its argument is something else before.
              (func $changes (param i32) (result i32) (local i32)
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (block $out (block $b (block $a (br_table $a $b $out (local.get 0)))
                \(pieces))
              ;; A label leads out of the function.
              (func $leaves (param i32) (result i32) (local i32)
                (i32.const 7) (drop)
                (block $out (block $b (block $a (br_table $a $b $out (local.get 0)))
                \(pieces))
              (func $dirty (param i32 i32 i32 i32 i32 i32) (result i32)
                (local.set 0 (i32.const 77)) (local.set 1 (i32.const 88)) (local.set 2 (i32.const 99)) (i32.const 1))
              \(["f", "copies", "changes", "leaves"].map { name in
                  """
                  (func (export "\(name)") (param i32 i32) (result i32)
                    (global.set $stops (local.get 1))
                    (drop (call $dirty (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)))
                    (if (result i32) (local.get 0) (then (call $\(name) (local.get 0))) (else (call $\(name) (i32.const 0)))))
                  """ }.joined(separator: "\n"))
              (func (export "move")
                \(String(repeating: "(global.set $sp (i32.const 4000)) ", count: 5))))
            """)
        let instance = try Instance(module, store: way.store())
        for (name, expected) in [
            ("f", [4110, 4010, 4101, 4000]), ("copies", [4110, 4010, 4101, 4000]),
            ("changes", [4101, 4101, 4000, 4000]), ("leaves", [4110, 4010, 4101, 4000]),
        ] as [(String, [UInt64])] {
            let results = try [(0, 0), (0, 1), (1, 0), (2, 0)].flatMap { first, second in
                try instance.bits(name, .i32(UInt32(first)), .i32(UInt32(second)))
            }
            #expect(results == expected, "\(name)")
        }
        for (function, isDirect) in [(0, true), (1, true), (2, false)] {
            let lines = try instance.code.disassemble(function).split(separator: "\n")
            let table = try #require(lines.firstIndex { $0.contains("branch_table") })
            let entry = lines.firstIndex { $0.contains("entry with 0:") }
            // Otherwise its code lies behind the function, and jumps to the table.
            let isBehind = entry.map { lines[$0...].contains { $0.contains("jump") } } ?? true
            #expect(entry.map { $0 > table && !isBehind } ?? false == (isDirect && way.optimizes), "\(lines)")
        }
    }
}
