/// What a reader of machine code has to know of an instruction.
protocol MachineInstruction {
    /// The registers, or parts of them, that it reads and that it overwrites, a bit for each.
    var readBits: UInt64 { get }
    var writtenBits: UInt64 { get }
    /// The target of a direct jump.
    var target: UInt? { get }
    /// Whether the instruction after it may be next; whether a computed goto may.
    var continues: Bool { get }
    var isComputed: Bool { get }

    /// Nil for an instruction that is not known: a guess could hide what is live.
    init?(_ text: Substring)

    /// The names of the registers of which any part is among the bits.
    static func names(of bits: UInt64) -> Set<String>
}

/// Which registers hold what is read later, before each instruction of a piece of machine code.
struct RegisterLiveness<Instruction: MachineInstruction> {
    /// The names of the registers that are live on entry of the places.
    private(set) var live: [UInt: Set<String>] = [:]
    /// The texts that are no known instructions, of those that something leads to.
    private(set) var unknown: [Substring] = []

    /// - Parameters:
    ///   - instructions: What a disassembler says, in the order of the addresses; the first one is entered, too.
    ///   - entries: Where computed gotos may lead to, each of them from everywhere.
    init(_ instructions: [(address: UInt, text: Substring)], entries: Set<UInt>) {
        let known = instructions.map { Instruction($0.text) }
        let indices = Dictionary(uniqueKeysWithValues: instructions.enumerated().map { ($1.address, $0) })
        unknown = Self.reached(known, indices, entries).filter { known[$0] == nil }.map { instructions[$0].text }
        var before = [UInt64](repeating: 0, count: instructions.count)
        var atEntries: UInt64 = 0
        var changed = true
        while changed {
            changed = false
            for index in instructions.indices.reversed() {
                guard let effect = known[index] else { continue }
                var after: UInt64 = effect.isComputed ? atEntries : 0
                if effect.continues && index + 1 < before.count { after |= before[index + 1] }
                if let target = effect.target.flatMap({ indices[$0] }) { after |= before[target] }
                let now = effect.readBits | after & ~effect.writtenBits
                if now != before[index] {
                    before[index] = now
                    changed = true
                }
                if entries.contains(instructions[index].address) { atEntries |= now }
            }
        }
        for entry in entries { if let index = indices[entry] { live[entry] = Instruction.names(of: before[index]) } }
    }

    /// The indices of the instructions that the first one and the entries lead to: between code there may be data.
    private static func reached(_ known: [Instruction?], _ indices: [UInt: Int], _ entries: Set<UInt>) -> [Int] {
        var isReached = [Bool](repeating: false, count: known.count)
        var pending = [0] + entries.compactMap { indices[$0] }
        while let index = pending.popLast() {
            guard index < known.count, !isReached[index] else { continue }
            isReached[index] = true
            guard let effect = known[index] else { continue }
            if effect.continues { pending.append(index + 1) }
            if let target = effect.target.flatMap({ indices[$0] }) { pending.append(target) }
        }
        return known.indices.filter { isReached[$0] }
    }
}
