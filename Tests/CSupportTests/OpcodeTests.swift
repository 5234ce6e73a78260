import CSupport
import Testing

/// What the lowering takes for granted about the rows of gw_opcodes.def.
@Suite("Bytecode instructions")
struct OpcodeTests {
    private struct Row {
        var number: Int
        var name: String
        var operands: [Character]
    }

    private static let rows = (0..<Int(GWOp.count.rawValue)).map { number in
        let info = gw_op_info()![number]
        return Row(number: number, name: String(cString: info.name), operands: Array(String(cString: info.operands)))
    }
    /// The wasm instructions that exist, by opcode byte.
    private static let wasm = (0..<256).filter { gw_wasm_opcodes()![$0].text != nil }.compactMap {
        GWWasmOpcode(rawValue: UInt16($0))
    }

    @Test("have names of their own")
    func names() {
        #expect(Set(Self.rows.map(\.name)).count == Self.rows.count)
        #expect(Self.rows.count > 300)
        #expect(Self.rows[0].name == "invalid")
    }

    @Test("have known operands, and a destination at most first")
    func operands() {
        let known = Set("rdhvwiulstokajxqC")
        for row in Self.rows {
            #expect(known.isSuperset(of: row.operands), "\(row.name) \(row.operands)")
            #expect(!row.operands.dropFirst().contains { "dw".contains($0) }, "\(row.name) \(row.operands)")
            // A jump is found by its letter; there is never more than one.
            #expect(row.operands.filter { $0 == "j" }.count <= 1, "\(row.name)")
        }
    }

    private static func info(_ row: Row) -> GWOpInfo { gw_op_info()![row.number] }

    @Test("have the cells that their letters say, 16-bit operands first")
    func cells() {
        for row in Self.rows {
            let info = Self.info(row)
            let halves = row.operands.map { "rdhvw".contains($0) }
            let words = row.operands.reduce(0) { sum, letter in
                sum + ("rdhvw".contains(letter) ? 0 : letter == "l" ? 2 : letter == "q" ? 4 : letter == "C" ? 5 : 1)
            }
            #expect(Int(info.cells) == 1 + (halves.count { $0 } + 1) / 2 + words, "\(row.name)")
            #expect((0..<halves.count).allSatisfy { (info.halves >> UInt8($0) & 1 != 0) == halves[$0] }, "\(row.name)")
            // The handlers find an operand by the number of those before it (gw_operands.h).
            #expect(!row.operands.dropLast().contains { "lqC".contains($0) }, "\(row.name)")
        }
    }

    /// The letters of an instruction; a slot that it sets is a slot like others.
    private static func letters(_ op: GWOp) -> String {
        String(cString: gw_op_info()![Int(op.rawValue)].operands).replacing("d", with: "r")
    }

    @Test("become one as the rows of fusion say: with the operands of the two, in the cells of the two")
    func fusions() throws {
        var count: Int32 = 0
        let rows = try #require(gw_fusions(&count))
        var seen: Set<[UInt16]> = []
        for row in UnsafeBufferPointer(start: rows, count: Int(count)) {
            let (first, second, both) = (Self.letters(row.first), Self.letters(row.second), Self.letters(row.both))
            let info = [row.first, row.second, row.both].map { gw_op_info()![Int($0.rawValue)] }
            let name = "\(String(cString: info[0].name)), \(String(cString: info[1].name))"
            #expect(seen.insert([row.first.rawValue, row.second.rawValue]).inserted, "\(name)")
            #expect(info[2].cells <= info[0].cells + info[1].cells, "\(name)")
            switch row.how {
            case .join: #expect(both == first + second, "\(name)")
            case .branchOnZero:
                #expect(both == first + "j", "\(name)")
                #expect(String(cString: info[0].operands).hasPrefix("d"), "\(name)")
                #expect(["rj", "rij"].contains(second), "\(name)")
            case .sum: #expect(both == first && second == first && first.count == 1, "\(name)")
            case .returnZero: #expect(both == first && second == "i" && info[1].family == .return, "\(name)")
            case .push:
                #expect(first == "si" && info[1].family == info[2].family && info[2].facts.contains(.pushes), "\(name)")
                #expect(both == "C" && second == "C", "\(name)")
            case .atTarget:
                #expect(info[1].family == .load && info[1].mode != .x && second.count == 3, "\(name)")
                #expect(first.last == "j" && both.hasSuffix("oj") && info[0].cells == info[2].cells, "\(name)")
            }
        }
        #expect(seen.count == Int(count) && count > 10)
    }

    @Test("may trap where they use memory, divide, truncate, call or end an execution, and nowhere else")
    func traps() {
        for row in Self.rows where row.name != "invalid" {
            let info = Self.info(row)
            guard info.family != .pair else { continue }
            let name = String(cString: info.text)
            let usesMemory =
                row.operands.contains { "stoka".contains($0) } || name.hasPrefix("load") || name.hasPrefix("store")
            let divides = [".div_", ".rem_", ".trunc_f"].contains { name.contains($0) } && !name.hasPrefix("f")
            let isBulk = ["copy", "fill", "init"].contains { name.hasSuffix("." + $0) }
            let isTable = name == "table.get" || name == "table.set"
            let isCall = row.operands == ["C"]
            let endsExecutions = name == "unreachable" || name == "budget"
            let mayTrap = usesMemory || divides || isBulk || isTable || isCall || endsExecutions
            #expect(info.facts.contains(.mayTrap) == mayTrap, "\(row.name)")
        }
        #expect(gw_numeric_facts(.i32DivS).contains(.mayTrap))
        #expect(gw_numeric_facts(.i64TruncF64U).contains(.mayTrap))
        #expect(!gw_numeric_facts(.i32TruncSatF32S).contains(.mayTrap))
    }

    @Test("end a block where control may go elsewhere, and only there")
    func blocks() {
        for row in Self.rows where row.name != "invalid" {
            let info = Self.info(row)
            guard info.family != .pair else { continue }
            let leaves = ["unreachable", "exit"].contains(row.name) || row.name.hasPrefix("return")
            let jumps = row.operands.contains("j") || row.operands == ["C"] || row.name == "branchTable"
            #expect(info.facts.contains(.endsBlock) == (leaves || jumps), "\(row.name)")
            let isLast = leaves || ["jump", "constU32Jump", "branchTable"].contains(row.name)
            #expect(info.facts.contains(.neverGoesOn) == isLast, "\(row.name)")
        }
    }

    @Test("commute where exchanged operands give the same number, and have a low half that is the same operation")
    func algebra() {
        let commuting = Set(["add", "mul", "and", "or", "xor", "eq", "ne"].flatMap { ["i32." + $0, "i64." + $0] })
        for op in Self.wasm where gw_wasm_opcodes()![Int(op.rawValue)].operand_count == 2 {
            let text = String(cString: gw_wasm_opcodes()![Int(op.rawValue)].text)
            guard gw_select_binary(op, .r, .r, .r) != .invalid else { continue }
            #expect(gw_numeric_facts(op).contains(.commutes) == commuting.contains(text), "\(text)")
            let low = gw_low_half(op)
            guard low != .nop else { continue }
            #expect(String(cString: gw_wasm_opcodes()![Int(low.rawValue)].text) == "i32" + text.dropFirst(3))
        }
        // An immediate and a slot lie in different places, and cannot change them.
        for row in Self.rows where Self.info(row).facts.contains(.commutes) && Self.info(row).family != .pair {
            #expect(Self.info(row).first == Self.info(row).second, "\(row.name)")
        }
        #expect(gw_low_half(.i64Add) == .i32Add)
        #expect(gw_low_half(.i64ShrU) == .nop)
    }

    @Test("are read back from their handlers, also what stands for another instruction")
    func decoding() {
        for checked in [false, true] {
            let handlers = gw_handlers(checked)!
            for row in Self.rows {
                let op = gw_opcode(checked, UInt32(bitPattern: handlers[row.number]))
                // Handlers whose machine code is the same are one: those read the same cells.
                #expect(handlers[Int(op.rawValue)] == handlers[row.number])
                #expect(Self.info(Self.rows[Int(op.rawValue)]).cells == Self.info(row).cells, "\(row.name)")
            }
            #expect(gw_opcode(checked, UInt32(bitPattern: handlers[1]) &+ 1) == .invalid)
            #expect(gw_opcode(checked, 0x7FFF_0000) == .invalid)
        }
        for row in Self.rows {
            let info = Self.info(row)
            let plain = gw_op_info()![Int(info.plain.rawValue)]
            #expect(plain.plain == info.plain)
            #expect(String(cString: plain.operands) == String(row.operands), "\(row.name)")
            #expect((info.family == .pair) == (info.next != .invalid), "\(row.name)")
        }
        #expect(Self.info(Self.rows[Int(GWOp.callPushFreshChecked.rawValue)]).plain == .callPushFresh)
    }

    @Test("negations and mirror images of comparisons lead back")
    func relations() {
        var comparisons = 0
        for op in Self.wasm {
            #expect(gw_negated(gw_negated(op)) == op)
            #expect(gw_swapped(gw_swapped(op)) == op)
            if gw_negated(op) == op { continue }
            comparisons += 1
            // Negation and reflection do not depend on their order.
            #expect(gw_negated(gw_swapped(op)) == gw_swapped(gw_negated(op)))
            // Every comparison has the forms that the others are made to fit.
            for second in [GWKind.r, .i] {
                #expect(gw_select_branch(op, .r, second) != .invalid, "\(op)")
                #expect(gw_select_binary(op, .r, .r, second) != .invalid, "\(op)")
            }
        }
        #expect(comparisons == 20)
    }

    @Test("every numeric wasm instruction has a form from slots to a slot")
    func plainForms() {
        for op in Self.wasm {
            let row = gw_wasm_opcodes()![Int(op.rawValue)]
            guard row.immediate == .none, row.result_count == 1, row.operand_count == 1 || row.operand_count == 2 else {
                continue
            }
            if row.operand_count == 2 {
                #expect(gw_select_binary(op, .r, .r, .r) != .invalid, "\(String(cString: row.text))")
            } else if ![
                .i32Eqz, .i64Eqz, .i32WrapI64, .i32ReinterpretF32, .i64ReinterpretF64, .f32ReinterpretI32,
                .f64ReinterpretI64,
            ].contains(op) {
                #expect(gw_select_unary(op) != .invalid, "\(String(cString: row.text))")
            }
        }
    }

    @Test("handlers of both loops lie apart")
    func handlers() {
        for checked in [false, true] {
            let handlers = gw_handlers(checked)!
            let offsets = Set((0..<Int(GWOp.count.rawValue)).map { handlers[$0] })
            // Identical handlers may be one; most are not identical.
            #expect(offsets.count > Self.rows.count * 8 / 10)
        }
    }
}
