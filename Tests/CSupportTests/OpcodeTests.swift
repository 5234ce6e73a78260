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
