import CSupport
import Foundation
import Testing
import _TestSupport

/// The handlers of pairs against those of their two instructions, on code that is made of the rows of gw_opcodes.def: a
/// row that is added is tested without a word here.
@Suite("The handlers of pairs")
struct PairHandlerTests {
    private static let pairs: [GWPair] = {
        var count: Int32 = 0
        let rows = gw_pairs(&count)!
        return (0..<Int(count)).map { rows[$0] }
    }()

    private static func info(_ op: GWOp) -> GWOpInfo { gw_op_info()![Int(op.rawValue)] }
    private static func name(_ op: GWOp) -> String { String(cString: info(op).name) }
    private static func letters(_ op: GWOp) -> [Character] { Array(String(cString: info(op).operands)) }

    @Test("have the operands of the first instruction, and a second one that can take its result")
    func rows() {
        #expect(Self.pairs.count > 50)
        #expect(Set(Self.pairs.map(\.both)).count == Self.pairs.count)
        for pair in Self.pairs {
            let name = Self.name(pair.both)
            #expect(Self.letters(pair.both) == Self.letters(pair.first), "\(name)")
            #expect(pair.chained == 0 || Self.source(pair) != nil, "\(name)")
            #expect(pair.chained == 0 || Self.letters(pair.first).first == "d", "\(name)")
        }
    }

    /// Which operand of the second instruction is the first one's result.
    private static func source(_ pair: GWPair) -> Int? {
        let letters = letters(pair.second)
        let sources = letters.indices.filter { letters[$0] == "r" || letters[$0] == "h" }
        guard pair.chained > 0, sources.count >= Int(pair.chained) else { return nil }
        let source = sources[Int(pair.chained) - 1]
        return letters[source] == "r" ? source : nil
    }

    @Test("do what the two do, one after the other, traps in their middle included", arguments: 0..<pairs.count)
    func handlers(row: Int) throws {
        let pair = Self.pairs[row]
        let name = Self.name(pair.both)
        for checked in gw_memory_can_guard() ? [false, true] : [true] {
            let bench = try Bench(checked: checked)
            var random = SplitMix(seed: UInt64(row))
            var ends = Set<Outcome.End>()
            for _ in 0..<300 {
                let trial = bench.trial(pair, chained: Self.source(pair), &random)
                let (apart, together) = (bench.run(trial, joined: false), bench.run(trial, joined: true))
                #expect(apart == together, "\(name), checked: \(checked), \(trial)")
                ends.insert(apart.end)
            }
            let facts = Self.info(pair.both).facts
            // Each way of going on, and each trap, has been seen.
            let goesOn = !Self.info(pair.second).facts.contains(.neverGoesOn)
            #expect(ends.contains(.trap(.memoryOutOfBounds)) == facts.contains(.mayTrap), "\(name): \(ends)")
            #expect(ends.contains(.landing(1)) == goesOn, "\(name): \(ends)")
            #expect(ends.contains(.landing(2)) == Self.letters(pair.first).contains("j"), "\(name): \(ends)")
            #expect(ends.contains(.landing(3)) == Self.letters(pair.second).contains("j"), "\(name): \(ends)")
            #expect(ends.contains(.returned) == !goesOn, "\(name): \(ends)")
        }
    }

    @Test("are told from handlers that do something else")
    func rules() throws {
        // The two do not do what another pair with the same cells does.
        let add = try #require(Self.pairs.first { Self.name($0.both) == "i64Add_rr_i64Add_ci" })
        let other = try #require(Self.pairs.first { Self.name($0.both) == "i64Add_rr_i64ShrS_ci" })
        let bench = try Bench(checked: true)
        var random = SplitMix(seed: 1)
        let differences = (0..<20).count { _ in
            var trial = bench.trial(add, chained: Self.source(add), &random)
            let apart = bench.run(trial, joined: false)
            trial.pair.both = other.both
            return bench.run(trial, joined: true) != apart
        }
        #expect(differences > 10)
    }

    /// Two instructions with operands, and what they find.
    private struct Trial: CustomStringConvertible {
        var pair: GWPair
        var cells: [UInt32]
        var slots: [UInt64]
        var globals: [UInt64]
        var description: String { "cells \(cells), slots \(slots.map { String($0, radix: 16) }), sp \(globals[0])" }
    }

    /// What they leave.
    private struct Outcome: Equatable {
        enum End: Hashable {
            /// Behind the two, or where the first or the second jumps to.
            case landing(UInt64)
            case returned
            case trap(GWTrap)
        }
        var end: End
        var slots: [UInt64]
        var globals: [UInt64]
        var memory: Data
    }

    /// A machine with a memory, and room for some instructions.
    private final class Bench {
        /// Slots that instructions name, and one more for where they have gone on.
        static let slotCount = 6
        static let memory = memoryContents()
        let machine: UnsafeMutablePointer<GWMachine>
        let memory = UnsafeMutablePointer<GWMemory>.allocate(capacity: 1)
        let arena = UnsafeMutablePointer<UInt32>.allocate(capacity: 64)
        let entry = UnsafeMutablePointer<GWCodeEntry>.allocate(capacity: 1)
        let code = UnsafeMutablePointer<GWCode>.allocate(capacity: 1)
        let globals = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
        let instance = UnsafeMutablePointer<GWInstance>.allocate(capacity: 1)
        let function = UnsafeMutablePointer<GWFunction>.allocate(capacity: 1)
        let handlers: UnsafePointer<Int32>

        init(checked: Bool) throws {
            handlers = gw_handlers(checked)
            machine = try #require(gw_machine_create(4 << 20))
            try #require(gw_memory_create(memory, 1, 1, !checked))
            arena.initialize(repeating: 0, count: 64)
            let start = UInt32(GW_EXIT_CELLS)
            entry.initialize(to: GWCodeEntry(general: start, fresh: start))
            code.initialize(to: GWCode())
            code.pointee.checked = checked
            code.pointee.arena = arena
            code.pointee.capacity = 64
            code.pointee.entries = entry
            gw_write_exit(code)
            globals.initialize(repeating: 0, count: 2)
            instance.initialize(to: GWInstance())
            instance.pointee.memory = memory
            instance.pointee.globals = globals
            instance.pointee.code = code
            instance.pointee.machine = machine
            function.initialize(to: GWFunction())
            function.pointee.entry = UnsafePointer(entry)
            function.pointee.instance = instance
            function.pointee.slots = UInt32(Self.slotCount + 1)
        }

        deinit {
            gw_memory_destroy(memory)
            gw_machine_destroy(machine)
            memory.deallocate()
            arena.deallocate()
            entry.deallocate()
            code.deallocate()
            globals.deallocate()
            instance.deallocate()
            function.deallocate()
        }

        /// Words that are addresses of each other, numbers at edges, and many zeros.
        private static func memoryContents() -> Data {
            var random = SplitMix(seed: 7)
            var data = Data()
            for _ in 0..<65536 / 8 {
                let value = Bool.random(using: &random) ? 0 : number(&random)
                withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
            }
            return data
        }

        private static func number(_ random: inout SplitMix) -> UInt64 {
            let edges: [UInt64] = [
                0, 1, 2, 3, 7, 8, 24, 40, 0xFFFF_FFFF, 1 << 32 | 8, 65528, 65529, 1 << 63, UInt64(bitPattern: -9),
                0x0123_4567_89AB_CDEF, 1.5.bitPattern, (-2.5).bitPattern, 1e300.bitPattern, Double.nan.bitPattern,
            ]
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return UInt64.random(in: 0..<8192, using: &random) * 8
            case 1: return random.next()
            default: return edges.randomElement(using: &random)!
            }
        }

        /// The two instructions with operands that fit their letters, chained where the pair wants that.
        func trial(_ pair: GWPair, chained source: Int?, _ random: inout SplitMix) -> Trial {
            var first = operands(pair.first, &random)
            var second = operands(pair.second, &random)
            if let source { second[source] = first[0] }
            let (info1, info2) = (PairHandlerTests.info(pair.first), PairHandlerTests.info(pair.second))
            // Behind the two: where they go on, and where the first and the second jump to. See `run`.
            let (cells1, cells2) = (Int(info1.cells), Int(info2.cells))
            let landings = cells1 + cells2
            if let jump = PairHandlerTests.letters(pair.first).firstIndex(of: "j") {
                first[jump] = UInt32(landings + 4)
            }
            if let jump = PairHandlerTests.letters(pair.second).firstIndex(of: "j") {
                second[jump] = UInt32(landings + 8 - cells1)
            }
            let slots = (0..<Self.slotCount).map { _ in Self.number(&random) } + [0]
            let sp = UInt64([4096, 16, 65528, 0xFFFF_FFF0].randomElement(using: &random)! as UInt32)
            return Trial(
                pair: pair, cells: Self.encode(info1, first) + Self.encode(info2, second), slots: slots,
                globals: [sp, Self.number(&random)])
        }

        private func operands(_ op: GWOp, _ random: inout SplitMix) -> [UInt32] {
            PairHandlerTests.letters(op).map { letter in
                switch letter {
                case "r", "d": return UInt32.random(in: 0..<UInt32(Self.slotCount), using: &random)
                case "h": return UInt32.random(in: 0..<64, using: &random)
                // A global's number, or any other.
                case "u" where op == .globalGet: return UInt32.random(in: 0..<2, using: &random)
                default:
                    let distances: [UInt32] = [0, 8, 16, 24, 40, 4096, 65520, 65536, 1 << 31, 0xFFFF_FFF8, 0xFFFF_FFFF]
                    return distances.randomElement(using: &random)!
                }
            }
        }

        /// An instruction's cells behind the handler's, and a place for that.
        private static func encode(_ info: GWOpInfo, _ operands: [UInt32]) -> [UInt32] {
            var halves: [UInt32] = []
            var words: [UInt32] = []
            for (index, operand) in operands.enumerated() {
                if info.halves >> UInt8(index) & 1 != 0 { halves.append(operand) } else { words.append(operand) }
            }
            if halves.count % 2 != 0 { halves.append(0) }
            return [0] + stride(from: 0, to: halves.count, by: 2).map { halves[$0] | halves[$0 + 1] << 16 } + words
        }

        /// Runs the two instructions, with two dispatches or with the pair's one.
        func run(_ trial: Trial, joined: Bool) -> Outcome {
            let pair = trial.pair
            var cells = trial.cells
            cells[0] = handler(joined ? pair.both : pair.first)
            cells[Int(PairHandlerTests.info(pair.first).cells)] = handler(pair.second)
            for landing in 1...3 {
                cells += [handler(.constU32), UInt32(Self.slotCount), UInt32(landing), handler(.exit)]
            }
            for (index, cell) in cells.enumerated() { arena[Int(GW_EXIT_CELLS) + index] = cell }
            Self.memory.copyBytes(to: memory.pointee.base, count: 65536)
            let slots = machine.pointee.top!
            for (index, value) in trial.slots.enumerated() { slots[index] = value }
            for (index, value) in trial.globals.enumerated() { globals[index] = value }
            let trap = gw_call(machine, function)
            let landing = slots[Self.slotCount]
            return Outcome(
                end: trap != .none ? .trap(trap) : landing == 0 ? .returned : .landing(landing),
                slots: (0...Self.slotCount).map { slots[$0] }, globals: [globals[0], globals[1]],
                memory: Data(bytes: memory.pointee.base, count: 65536))
        }

        private func handler(_ op: GWOp) -> UInt32 { UInt32(bitPattern: handlers[Int(op.rawValue)]) }
    }
}
