import CSupport
import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// The verifier of bytecode accepts what the lowering makes, and finds each kind of damage.
@Suite("The verifier of bytecode")
struct VerifierTests {
    /// Functions of the example, lowered: each `step`th.
    private static func code(step: Int, options: LoweredCode.Options = LoweredCode.Options()) throws -> LoweredCode {
        let module = try Module(ModuleBytes(Data(contentsOf: Checkout.mainModule)), codeValidation: .onFirstCall)
        let code = try LoweredCode(module, options: options)
        for function in stride(from: module.importedFunctionCount, to: module.functionTypes.count, by: step) {
            _ = try code.disassemble(function)
        }
        return code
    }

    /// An instruction as the rows describe it, read here by the letters alone.
    private struct Instruction {
        let cell: Int
        let op: GWOp
        let info: GWOpInfo
        let size: Int

        var letters: [Character] { Array(String(cString: info.operands)) }
        /// Where the operands lie: 16-bit ones as (cell, shift), others as (cell, nil).
        var places: [(letter: Character, cell: Int, shift: UInt32?)] {
            let isHalf = { (letter: Character) in "rdhvw".contains(letter) }
            var half = 2
            var word = 1 + (letters.count(where: isHalf) + 1) / 2
            return letters.map { letter in
                if isHalf(letter) {
                    defer { half += 1 }
                    return (letter, cell + half / 2, UInt32(half % 2 * 16))
                }
                defer { word += letter == "l" ? 2 : letter == "q" ? 4 : 1 }
                return (letter, cell + word, nil)
            }
        }
    }

    private static func instructions(_ code: LoweredCode) -> [Instruction] {
        let arena = code.code.pointee.arena!
        let rows = gw_op_info()!
        return code.loweredCells.flatMap { cells in
            var found: [Instruction] = []
            var cell = cells.lowerBound
            while cell < cells.upperBound {
                let op = gw_opcode(code.options.checksAddresses, arena[cell])
                let info = rows[Int(rows[Int(op.rawValue)].plain.rawValue)]
                let size = Int(gw_cell_count(info.plain, arena + cell))
                found.append(Instruction(cell: cell, op: op, info: info, size: size))
                cell += size
            }
            return found
        }
    }

    @Test(
        "accepts what becomes of the example, in each way to run it",
        arguments: [true, false].flatMap { checks in
            [true, false].map { LoweredCode.Options(checksAddresses: checks, optimizes: $0) }
        })
    func accepts(options: LoweredCode.Options) throws {
        let code = try Self.code(step: 1, options: options)
        #expect(code.loweredCells.count > 1_400)
        #expect(code.faults() == [])
    }

    /// A way to damage an instruction: the cell, what it becomes, and what the verifier must say.
    private struct Damage {
        var cell: Int
        var value: UInt32
        var reason: String
    }

    private static func damages(
        to instruction: Instruction, in arena: UnsafePointer<UInt32>, checked: Bool
    ) -> [Damage] {
        let handlers = gw_handlers(checked)!
        let cell = instruction.cell
        var all = [
            Damage(cell: cell, value: arena[cell] &+ 1, reason: "instruction"),
            Damage(cell: cell, value: UInt32(bitPattern: handlers[Int(GWOp.exit.rawValue)]), reason: "instruction"),
        ]
        for (letter, place, shift) in instruction.places {
            switch letter {
            case "r", "d", "v", "w":
                all.append(
                    Damage(cell: place, value: arena[place] | 0xFFFF << shift!, reason: "slot must lie in the frame"))
            case "j":
                // Into the middle of the instruction itself, and far away.
                all.append(Damage(cell: place, value: 1, reason: "jump must lead to an instruction"))
                all.append(Damage(cell: place, value: 1 << 30, reason: "jump must stay in its function"))
            case "C":
                all.append(
                    Damage(
                        cell: cell + Int(GW_CALL_BASE), value: UInt32(GW_FRAME_HEADER) - 1, reason: "callee's header"))
                all.append(Damage(cell: cell + Int(GW_CALL_BASE), value: 0xFFFF, reason: "callee's header"))
                all.append(Damage(cell: cell + Int(GW_CALL_ZERO), value: 1, reason: "jump must lead"))
                if instruction.info.family == .call {
                    all.append(Damage(cell: cell + Int(GW_CALL_FUNCTION), value: 1 << 24, reason: "function must be"))
                    all.append(Damage(cell: cell + Int(GW_CALL_TARGET), value: 2, reason: "call must lead to its"))
                } else {
                    all.append(Damage(cell: cell + Int(GW_CALL_TARGET), value: 1 << 30, reason: "type must be"))
                    all.append(Damage(cell: cell + Int(GW_CALL_FUNCTION), value: 9 << 16, reason: "table must be"))
                }
            case "u" where instruction.info.family == .global:
                all.append(Damage(cell: place, value: 1 << 20, reason: "global must be"))
            default: break
            }
        }
        if instruction.info.plain == .branchTable {
            all.append(Damage(cell: cell + 2, value: .max, reason: "instruction must be whole"))
            all.append(Damage(cell: cell + 3, value: 1, reason: "jump must lead to an instruction"))
        }
        return all
    }

    @Test("finds each operand that is damaged, of every kind of instruction that the example has")
    func finds() throws {
        let code = try Self.code(step: 7)
        let arena = code.code.pointee.arena!
        var tried: [UInt16: Int] = [:]
        var count = 0
        for instruction in Self.instructions(code) {
            // A few of each instruction are enough; what an unknown operand may be, all its rows say.
            guard tried[instruction.op.rawValue, default: 0] < 3 else { continue }
            tried[instruction.op.rawValue, default: 0] += 1
            for damage in Self.damages(to: instruction, in: arena, checked: false) {
                let right = arena[damage.cell]
                arena[damage.cell] = damage.value
                let faults = code.faults()
                arena[damage.cell] = right
                count += 1
                let name = String(cString: instruction.info.name)
                // The instruction may be the second one of a pair, which is looked at before it is.
                #expect(
                    faults.count == 1 && (faults[0].contains(damage.reason) || faults[0].contains("a pair must be")),
                    "\(name), cell \(damage.cell - instruction.cell) as \(damage.value): \(faults)")
            }
        }
        #expect(tried.count > 150)
        #expect(count > 2_000)
        #expect(code.faults() == [])
    }

    @Test("finds pairs and checked calls whose second half is not there")
    func pairs() throws {
        let code = try Self.code(step: 3)
        let arena = code.code.pointee.arena!
        let rows = gw_op_info()!
        let handler = { (op: GWOp) in UInt32(bitPattern: gw_handlers(false)![Int(op.rawValue)]) }
        let all = Self.instructions(code)
        var broken = 0
        for (instruction, next) in zip(all, all.dropFirst())
        where rows[Int(instruction.op.rawValue)].next != .invalid && broken < 200 {
            let right = arena[next.cell]
            arena[next.cell] = handler(next.info.plain == .move ? .move32 : .move)
            #expect(code.faults().contains { $0.contains("pair must be whole") || $0.contains("must") })
            arena[next.cell] = right
            broken += 1
        }
        #expect(broken == 200)
        // A call that says that its callee begins with a check, and has no callee yet.
        let call = try #require(all.first { $0.op == .callPushFresh })
        arena[call.cell] = handler(.callPushFreshChecked)
        #expect(code.faults().contains { $0.contains("checked call") })
        arena[call.cell] = handler(.callPushFresh)
        #expect(code.faults() == [])
    }

    @Test("finds code that ends without an end, and entries that lead nowhere")
    func ends() throws {
        let code = try Self.code(step: 50)
        let arena = code.code.pointee.arena!
        let cells = try #require(code.loweredCells.first)
        let last = try #require(Self.instructions(code).last { cells.contains($0.cell) })
        let right = arena[last.cell]
        // As many cells, and control goes on.
        let replacement: [Int: GWOp] = [1: .move, 2: .move, 3: .constU32, 4: .const64]
        if let op = replacement[last.size], last.size > 1 {
            arena[last.cell] = UInt32(bitPattern: gw_handlers(false)![Int(op.rawValue)])
            #expect(code.faults().count == 1)
            arena[last.cell] = right
        }
        let function = try #require(code.function(at: cells.lowerBound))
        let entry = code.code.pointee.entries[function]
        code.code.pointee.entries[function].fresh = UInt32(cells.lowerBound + 1)
        #expect(code.faults().contains { $0.contains("entry must lead") })
        code.code.pointee.entries[function] = entry
        #expect(code.faults() == [])
    }
}
