import CSupport
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Pairs of instructions that are done with one dispatch: each is there, and does what the two do, one after the other.
@Suite(
    "Pairs of instructions",
    .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct PairTests {
    private static let pairs: [GWPair] = {
        var count: Int32 = 0
        let rows = gw_pairs(&count)!
        return (0..<Int(count)).map { rows[$0] }
    }()

    private static func name(_ op: GWOp) -> String { String(cString: gw_op_info()![Int(op.rawValue)].name) }
    private static func text(_ op: GWOp) -> String { String(cString: gw_op_info()![Int(op.rawValue)].text) }
    private static func operands(_ op: GWOp) -> String { String(cString: gw_op_info()![Int(op.rawValue)].operands) }

    @Test("have the operands of their first instruction, and a second one that can take its result")
    func rows() {
        #expect(Self.pairs.count > 20)
        #expect(Set(Self.pairs.map(\.both)).count == Self.pairs.count)
        for pair in Self.pairs {
            #expect(Self.operands(pair.both) == Self.operands(pair.first), "\(Self.name(pair.both))")
            guard pair.chained > 0 else { continue }
            #expect(Self.operands(pair.first).hasPrefix("d"), "\(Self.name(pair.both))")
            let sources = Self.operands(pair.second).drop { $0 == "d" }.filter { "rh".contains($0) }
            #expect(sources.dropFirst(Int(pair.chained) - 1).first == "r", "\(Self.name(pair.both))")
        }
    }

    /// What has pairs of each kind: functions of two i64 and an f64, with an i64 as result.
    ///
    /// Memory holds pointers (to 8, 24, 40 and 0), numbers and lists from 8 on.
    private static func body(_ pair: GWPair) -> String? {
        let first = text(pair.first)
        let isFloat = first.hasPrefix("f64")
        switch name(pair.both) {
        case let name where name.hasSuffix("_cr") || name.hasSuffix("_ci") || name.hasSuffix("_rc"):
            let operand = { (number: Int) in
                isFloat ? "(f64.reinterpret_i64 (local.get \(number)))" : "(local.get \(number))"
            }
            // A shift that is not part of an element's address.
            let amount = first.contains("shl") ? 40 : 13
            let isShort = first.hasPrefix("i32")
            var result = isShort ? "(i32.wrap_i64 \(operand(0)))" : operand(0)
            let constant = "(\(isShort ? "i32" : "i64").const \(amount))"
            let other = operands(pair.first).hasSuffix("i") ? constant : operand(1)
            result = "(\(first) \(result) \(other))"
            if isShort { result = "(i64.extend_i32_u \(result))" }
            let second = text(pair.second)
            if name.hasSuffix("ci") {
                result = "(\(second) \(result) (i64.const 21))"
            } else if name.hasSuffix("cr") {
                result = "(\(second) \(result) \(operand(2)))"
            } else {
                result = "(\(second) \(operand(2)) \(result))"
            }
            return isFloat ? "(i64.reinterpret_f64 \(result))" : result
        case "i64Mul_rrr_i64Mul_rrr":
            return "(i64.sub (i64.mul (local.get 0) (local.get 1)) (i64.mul (local.get 1) (local.get 2)))"
        case "i64Add_rri_i64LtS_branch_rr":
            return """
                (local.set 1 (i64.and (local.get 1) (i64.const 31)))
                (loop $again
                  (local.set 3 (i64.add (i64.mul (local.get 3) (i64.const 3)) (local.get 0)))
                  (local.set 0 (i64.add (local.get 0) (i64.const 2)))
                  (local.set 2 (i64.add (local.get 2) (i64.const 1)))
                  (local.set 4 (i64.and (local.get 2) (i64.const 31)))
                  (local.set 4 (i64.add (local.get 4) (i64.const 1)))
                  (br_if $again (i64.lt_s (local.get 4) (local.get 1))))
                (i64.add (local.get 4) (local.get 3))
                """
        case "i64Add_rri_i64GeS_branch_rr":
            return """
                (local.set 1 (i64.and (local.get 1) (i64.const 31)))
                (block $out (loop $again
                  (local.set 3 (i64.add (local.get 3) (i64.const 1)))
                  (br_if $out (i64.ge_s (local.get 3) (local.get 1)))
                  (local.set 2 (i64.mul (local.get 2) (local.get 0)))
                  (br $again)))
                (i64.add (local.get 2) (local.get 3))
                """
        case "i64Add_rri_i64Add_rri":
            // The second one needs the first one's result.
            return """
                (local.set 3 (i64.add (local.get 0) (i64.const -5)))
                (local.set 4 (i64.add (local.get 3) (i64.const 7)))
                (i64.xor (i64.mul (local.get 3) (local.get 4)) (local.get 3))
                """
        case "f64ConvertI64S_f64Div_rrr":
            return "(i64.reinterpret_f64 (f64.div (f64.const 3) (f64.convert_i64_s (local.get 0))))"
        case "f64Mul_rmr_f64Mul_rrr":
            return """
                (i64.reinterpret_f64 (f64.mul
                  (f64.mul (f64.load offset=64 (i32.wrap_i64 (local.get 0))) (f64.reinterpret_i64 (local.get 1)))
                  (f64.reinterpret_i64 (local.get 2))))
                """
        case "f64Mul_rmr_f64Add_rrr":
            return """
                (i64.reinterpret_f64 (f64.add (f64.reinterpret_i64 (local.get 2))
                  (f64.mul (f64.load offset=64 (i32.wrap_i64 (local.get 0))) (f64.reinterpret_i64 (local.get 1)))))
                """
        case "f64Add_rrm_store64_rr":
            return """
                (f64.store offset=1024 (i32.wrap_i64 (local.get 1))
                  (f64.add (f64.reinterpret_i64 (local.get 2)) (f64.load offset=64 (i32.wrap_i64 (local.get 0)))))
                (i64.load offset=1024 (i32.wrap_i64 (local.get 1)))
                """
        case "f64Sub_rmr_store64_rr":
            return """
                (f64.store offset=1024 (i32.wrap_i64 (local.get 1))
                  (f64.sub (f64.load offset=64 (i32.wrap_i64 (local.get 0))) (f64.reinterpret_i64 (local.get 2))))
                (i64.load offset=1024 (i32.wrap_i64 (local.get 1)))
                """
        case "i64Shl_rri_load32U_k":
            return """
                (i64.load32_u (i32.wrap_i64 (i64.add (i64.shl (local.get 0) (i64.const 2)) (i64.const 8))))
                """
        case "load64_r_i64GeU_branch_rr", "load64_r_i64LtU_branch_rr":
            let isLess = name(pair.second).contains("LtU")
            return """
                (local.set 3 (i64.load (i32.wrap_i64 (local.get 0))))
                (block $out
                  (br_if $out (\(isLess ? "i64.lt_u" : "i64.ge_u") (local.get 1) (local.get 3)))
                  (local.set 2 (i64.const 77)))
                (i64.add (local.get 2) (local.get 3))
                """
        case "constU32_i64And_rrr": return "(i64.and (local.get 0) (i64.const 0xFFFFFFF3))"
        case "globalGet_load64_r":
            return """
                (global.set $pointer (local.get 0))
                (i64.add (i64.load offset=8 (i32.wrap_i64 (global.get $pointer))) (local.get 1))
                """
        case "i64Eq_rri_i64Ne_branch_ri":
            return """
                (local.set 3 (i64.extend_i32_u (i64.eq (local.get 0) (i64.const 8))))
                (if (i64.eqz (local.get 3)) (then (local.set 1 (i64.const 99))))
                (i64.add (local.get 3) (local.get 1))
                """
        case "load64_r_load64_r":
            // The second address is what the first load found.
            return """
                (local.set 3 (i64.load (i32.wrap_i64 (local.get 0))))
                (local.set 4 (i64.load offset=8 (i32.wrap_i64 (local.get 3))))
                (i64.mul (local.get 3) (i64.add (local.get 4) (local.get 3)))
                """
        case "store64_ts_store64_ts":
            return """
                (i64.store offset=8 (global.get $sp) (local.get 0))
                (i64.store offset=24 (global.get $sp) (local.get 1))
                (i64.store (i32.add (global.get $sp) (i32.const -32)) (i64.load offset=8 (global.get $sp)))
                (i64.store (i32.add (global.get $sp) (i32.const -16)) (i64.load offset=24 (global.get $sp)))
                (local.set 3 (i64.load (i32.add (global.get $sp) (i32.const -32))))
                (i64.sub (local.get 3) (i64.load (i32.add (global.get $sp) (i32.const -16))))
                """
        case "spAdd_store64_si":
            // The address wraps where the argument says so.
            return """
                (global.set $sp (i32.wrap_i64 (local.get 0)))
                (local.set 3 (i64.load (i32.wrap_i64 (local.get 1))))
                (global.set $sp (i32.add (global.get $sp) (i32.const -8)))
                (i64.store (global.get $sp) (i64.const -123456))
                (i64.add (local.get 3) (i64.extend_i32_u (global.get $sp)))
                """
        case "i64ShrU_rri_move32":
            return """
                (local.set 6 (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 16))))
                (i64.extend_i32_u (i32.add (local.get 6) (local.get 6)))
                """
        case "i64Shl_rsi_i64Add_rrr":
            return """
                (i64.store offset=8 (global.get $sp) (local.get 0))
                (i64.add (local.get 1) (i64.shl (i64.load offset=8 (global.get $sp)) (i64.const 3)))
                """
        case "load8S32_r_load8S32_r":
            return """
                (local.set 6 (i32.load8_s (i32.wrap_i64 (local.get 0))))
                (local.set 7 (i32.load8_s offset=16 (i32.wrap_i64 (local.get 1))))
                (i64.extend_i32_u (i32.sub (i32.mul (local.get 6) (local.get 6)) (local.get 7)))
                """
        case "i32Add_rri_i32Add_rri":
            return """
                (local.set 6 (i32.wrap_i64 (local.get 0)))
                (local.set 6 (i32.add (local.get 6) (i32.const -5)))
                (local.set 7 (i32.add (local.get 6) (i32.const 9)))
                (i64.extend_i32_u (i32.mul (local.get 6) (local.get 7)))
                """
        case "move32_move32":
            return """
                (local.set 6 (i32.wrap_i64 (local.get 0)))
                (local.set 7 (i32.wrap_i64 (local.get 1)))
                (i64.extend_i32_u (i32.sub (i32.mul (local.get 6) (local.get 6)) (local.get 7)))
                """
        case "load64_s_store64_ri":
            return """
                (i64.store offset=8 (global.get $sp) (local.get 0))
                (local.set 3 (i64.load offset=8 (global.get $sp)))
                (i64.store offset=16 (i32.wrap_i64 (local.get 3)) (i64.const -77))
                (i64.mul (local.get 3) (local.get 3))
                """
        case "load64_s_store64_rr":
            return """
                (i64.store offset=8 (global.get $sp) (local.get 0))
                (local.set 3 (i64.load offset=8 (global.get $sp)))
                (i64.store offset=16 (i32.wrap_i64 (local.get 1)) (local.get 3))
                (i64.mul (local.get 3) (local.get 3))
                """
        case "load64_s2_load64_s", "load64_s2_load64_s2", "load64_t_load64_t":
            let adds = name(pair.first).hasSuffix("t")
            let address = { (offset: Int) in
                adds ? "(i32.add (global.get $sp) (i32.const \(offset)))" : "offset=\(offset) (global.get $sp)"
            }
            return """
                (i64.store offset=8 (global.get $sp) (local.get 0))
                (i64.store offset=16 (global.get $sp) (local.get 1))
                (i64.store offset=32 (global.get $sp) (local.get 2))
                (local.set 3 (i64.load \(address(8))))
                (local.set 4 (i64.load \(address(16))))
                (local.set 5 (i64.load \(address(32))))
                (local.set 0 (i64.load \(name(pair.second).hasSuffix("2") ? address(65528) : "(i32.const 8)")))
                (i64.xor (i64.mul (i64.mul (local.get 3) (local.get 3)) (i64.mul (local.get 4) (local.get 4)))
                  (i64.mul (i64.mul (local.get 5) (local.get 5)) (i64.add (local.get 0) (local.get 0))))
                """
        case "globalGet_i64Ne_branch_ri":
            return """
                (global.set $pointer (local.get 0))
                (if (i64.eqz (global.get $pointer)) (then (local.set 1 (i64.const 12))))
                (i64.add (local.get 1) (global.get $pointer))
                """
        case "i64Eq_rri_i64Eq_branch_ri":
            return """
                (local.set 3 (i64.extend_i32_u (i64.eq (local.get 0) (i64.const 8))))
                (if (i64.ne (local.get 3) (i64.const 0)) (then (local.set 1 (i64.const 99))))
                (i64.add (local.get 3) (local.get 1))
                """
        case "i64And_rri_i64Ne_branch_ri":
            return """
                (if (i64.eqz (i64.and (local.get 0) (i64.const 6))) (then (local.set 1 (i64.const 12))))
                (local.get 1)
                """
        case "load32U_a_i64Eq_branch_ri":
            return """
                (i64.store (i32.const 128) (local.get 0))
                (if (i64.ne (i64.load32_u (i32.const 128)) (i64.const 7)) (then (local.set 1 (i64.const 12))))
                (local.get 1)
                """
        case "move_load64_branch_zero", "load64_r_i64Eq_branch_zero", "i64LtU_branch_rr_i32Eq_branch_ri":
            // Where a key belongs in a sorted list (runtime.specialFindSplicePoint): 0 points to the last node, and 1 is
            // the key, 2 the kind, of which each node has one.
            return """
                (block $out
                  (block $found
                    (block $again
                      (loop $loop
                        (block $first
                          (br_if $first (i64.eqz (local.get 3)))
                          (local.set 0 (local.get 3)))
                        (block $next
                          (block $before
                            (block $kinds
                              (local.set 3 (i64.load (i32.wrap_i64 (local.get 0))))
                              (br_if $out (i64.eqz (local.get 3)))
                              (local.set 4 (i64.load offset=8 (i32.wrap_i64 (local.get 3))))
                              (local.set 5 (i64.extend_i32_u (i64.eq (local.get 1) (local.get 4))))
                              (if (i32.wrap_i64 (local.get 5)) (then
                                (br_if $found
                                  (i64.eq (local.get 2) (i64.load8_u offset=16 (i32.wrap_i64 (local.get 3))))))))
                            (br_if $before (i64.lt_u (local.get 1) (local.get 4)))
                            (br_if $next (i32.eqz (i32.wrap_i64 (local.get 5))))
                            (br_if $next (i64.ge_u (local.get 2)
                              (i64.load8_u offset=16 (i32.wrap_i64 (local.get 3))))))
                          (br $again))
                        (br $loop)))
                    (local.set 0 (i64.add (local.get 0) (i64.const 1000)))
                    (br $out))
                  (local.set 0 (i64.add (local.get 0) (i64.const 2000))))
                (i64.add (i64.mul (local.get 4) (i64.const 10000)) (i64.add (local.get 0) (local.get 3)))
                """
        default: return nil
        }
    }

    /// Functions of Go's shape, whose result is on Go's stack: `f` stores it and takes its frame of 32 bytes away.
    private static func epilogue(_ pair: GWPair) -> String? {
        switch name(pair.both) {
        case "store64_ts_returnZeroPop":
            "(i64.store (i32.add (global.get $sp) (i32.const 48)) (i64.load offset=8 (global.get $sp)))"
        case "store64_tr_returnZeroPop": "(i64.store (i32.add (global.get $sp) (i32.const 48)) (local.get 1))"
        default: nil
        }
    }

    private static func module(_ pair: GWPair) throws -> Module {
        let function: String
        if let epilogue = epilogue(pair) {
            function = """
                (func $f (param i32 i64) (result i32)
                  (i64.store offset=8 (global.get $sp) (local.get 1))
                  \(epilogue)
                  (global.set $sp (i32.add (global.get $sp) (i32.const 32)))
                  (i32.const 0))
                (func (export "f") (param i64 i64 i64) (result i64) (local i32)
                  (global.set $sp (i32.sub (global.get $sp) (i32.const 32)))
                  (if (call $f (i32.const 1) (local.get 0)) (then unreachable))
                  (global.set $sp (i32.sub (global.get $sp) (i32.const 32)))
                  (local.set 3 (call $f (i32.const 1) (local.get 1)))
                  (i64.add (i64.load offset=16 (global.get $sp)) (i64.extend_i32_u (local.get 3))))
                """
        } else {
            let code = try #require(Self.body(pair), "no function for \(Self.name(pair.both))")
            function = """
                (func (export "f") (param i64 i64 i64) (result i64) (local i64 i64 i64 i32 i32)
                  \(code))
                """
        }
        return try WebAssemblyText.module(
            """
            (module (memory 1)
              (data (i32.const 8) "\\18\\00\\00\\00\\00\\00\\00\\00\\05\\00\\00\\00\\00\\00\\00\\00\\01")
              (data (i32.const 24) "\\28\\00\\00\\00\\00\\00\\00\\00\\07\\00\\00\\00\\00\\00\\00\\00\\02")
              (data (i32.const 40) "\\00\\00\\00\\00\\00\\00\\00\\00\\09\\00\\00\\00\\00\\00\\00\\00\\03")
              (data (i32.const 72) "\\00\\00\\00\\00\\00\\00\\f8\\3f\\00\\00\\00\\00\\00\\00\\04\\c0")
              (global $sp (mut i32) (i32.const 4096)) (global $pointer (mut i64) (i64.const 8))
              \(function)
              (func (export "move") (global.set $sp (i32.const 4096)) (global.set $sp (i32.const 4096)))
              (func (export "sp") (result i32) (global.get $sp))
              (func (export "memory") (result i64) (local i32 i64)
                (loop $again
                  (local.set 1 (i64.add (i64.mul (local.get 1) (i64.const 31)) (i64.load (local.get 0))))
                  (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 8))) (i32.const 8192))))
                (local.get 1)))
            """)
    }

    /// What a call leaves: its result or its trap, the register global and the memory.
    private func outcome(_ instance: Instance, _ arguments: [UInt64]) throws -> [String] {
        var outcome: [UInt64] = []
        var trap = "none"
        do {
            outcome = try instance.bits("f", .i64(arguments[0]), .i64(arguments[1]), .i64(arguments[2]))
        } catch let caught as Trap {
            trap = "\(caught.code)"
        }
        outcome += try instance.bits("sp") + instance.bits("memory")
        return [trap] + outcome.map { String($0, radix: 16) }
    }

    @Test("do what the two do, traps in their middle included", arguments: 0..<pairs.count)
    func pair(row: Int) throws {
        let pair = Self.pairs[row]
        let module = try Self.module(pair)
        let values: [UInt64] = [
            0, 1, 2, 3, 5, 6, 7, 8, 9, 40, 0xFFFF_FFFF, 1 << 32 | 8, 65528, 1 << 63, UInt64(bitPattern: -9),
            0x0123_4567_89AB_CDEF, 1.5.bitPattern, (-2.5).bitPattern, 1e300.bitPattern,
        ]
        let instances = try Way.all.map { ($0, try Instance(module, store: $0.store())) }
        var checked = 0
        for (i, a) in values.enumerated() {
            for (j, b) in values.enumerated() {
                // A third value of all, and each with each of the others.
                let arguments = [a, b, values[(i * 7 + j * 3) % values.count]]
                let outcomes = try instances.map { try outcome($0.1, arguments) }
                for (way, other) in zip(Way.all, outcomes) where other != outcomes[0] {
                    Issue.record("\(Self.name(pair.both)) of \(arguments), \(way)")
                }
                checked += 1
            }
        }
        #expect(checked == values.count * values.count)
        for (way, instance) in instances {
            let isThere = try (0..<2).contains {
                try instance.code.disassemble($0).contains(" \(Self.name(pair.both)) ")
            }
            let listing = try instance.code.disassemble(0)
            #expect(isThere == way.optimizes, "\(Self.name(pair.both)), \(way): \(listing)")
        }
    }

    @Test("an immediate that is the number of the first one's slot is no use of its result", arguments: Way.all)
    func immediateLikeSlot(way: Way) throws {
        // The first result lies in slot 2, the second instruction adds 2 to another one.
        let module = try WebAssemblyText.module(
            """
            (module (func (export "f") (param i64 i64 i64 i64) (result i64)
              (local.set 2 (i64.add (local.get 2) (local.get 3)))
              (local.set 1 (i64.add (local.get 1) (i64.const 2)))
              (i64.sub (i64.mul (local.get 1) (i64.const 1000)) (local.get 2))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f", .i64(0), .i64(5), .i64(20), .i64(3)) == [7 * 1000 - 23])
    }
}
