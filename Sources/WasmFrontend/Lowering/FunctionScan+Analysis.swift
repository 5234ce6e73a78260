internal import CSupport

extension FunctionScan {
    // MARK: - The copy of the register global

    /// The local that always equals the register global where it is read, and is therefore never needed.
    ///
    /// Go's functions from 1.13 on begin with `global.get sp; local.set L`, change both together
    /// (`local.tee L; global.set sp`) and read the global again behind every call. The scan accepts exactly that, and
    /// anything else makes it say no: a wrong yes would read a stale stack pointer.
    ///
    /// - Parameter parameterCount: Parameters have their values before the first instruction, so they do not qualify.
    func registerCopy(of global: UInt32, parameterCount: Int) -> UInt32? {
        guard instructions.count > 1, instructions[0].op == .globalGet, instructions[0].a == global,
            instructions[1].op == .localSet, Int(instructions[1].a) >= parameterCount
        else { return nil }
        let local = instructions[1].a
        // Whether the local may differ from the global: after a call, until it is read again.
        var isStale = false
        var i = 2
        while i < instructions.count {
            let instruction = instructions[i]
            switch instruction.op {
            case .localGet where instruction.a == local:
                if isStale { return nil }
            case .localTee where instruction.a == local:
                guard i + 1 < instructions.count, instructions[i + 1].op == .globalSet, instructions[i + 1].a == global
                else {
                    return nil
                }
                isStale = false
                i += 1
            case .localSet where instruction.a == local:
                return nil
            case .globalSet where instruction.a == global:
                return nil
            case .globalGet where instruction.a == global:
                if i + 1 < instructions.count, instructions[i + 1].op == .localSet, instructions[i + 1].a == local {
                    isStale = false
                    i += 1
                }
            case .call, .callIndirect:
                isStale = true
            case .return, .unreachable:
                // Nothing follows that could read it.
                isStale = false
            case .block, .loop, .if, .else, .end, .br, .brIf, .brTable:
                // Another path would come to read it here, or go on elsewhere to do so.
                if isStale && !(instruction.op == .end && instruction.a == 0) { return nil }
            default: break
            }
            i += 1
        }
        return local
    }

    // MARK: - Locals that need their zero

    /// The largest number of locals for which ``readBeforeWritten(_:from:)`` looks.
    static let largestAnalysis = 64

    /// The locals that may be read before anything is written to them, a bit each, from the first instruction on.
    ///
    /// For execution from a construct's label on see ``Construct/liveAtLabel``. Marks the last uses, too.
    /// A backward pass over the structured code; where a branch leads back, it is repeated until nothing changes.
    /// - Returns: nil when that takes too long: then all locals may be.
    mutating func readBeforeWritten() -> UInt64? {
        for _ in 0..<12 {
            var changed = false
            var live: UInt64 = 0
            for i in stride(from: instructions.count - 1, through: 0, by: -1) {
                let instruction = instructions[i]
                if instruction.flags.contains(.skip) { continue }
                let a = Int(instruction.a)
                switch instruction.op {
                case .localGet:
                    let bit: UInt64 = 1 << UInt64(a)
                    // What the last round finds holds: rounds only ever find more to be needed.
                    if live & bit == 0 {
                        instructions.base[i].flags.insert(.lastUse)
                    } else {
                        instructions.base[i].flags.remove(.lastUse)
                    }
                    live |= bit
                case .localSet, .localTee: live &= ~(1 << UInt64(a))
                case .return, .unreachable: live = 0
                case .br: live = ask(a)
                case .brIf: live |= ask(a)
                case .brTable:
                    live = 0
                    for label in a..<a + Int(instruction.b) { live |= ask(Int(labels[label])) }
                case .end:
                    constructs.base[a].liveAtEnd = live
                    if constructs[a].kind != .loop && constructs[a].liveAtLabel != live {
                        constructs.base[a].liveAtLabel = live
                        // What has not been asked for yet in this round will be found right.
                        if constructs[a].wasAsked { changed = true }
                    }
                case .else:
                    constructs.base[a].liveAtElse = live
                    live = constructs[a].liveAtEnd
                case .if:
                    live |= constructs[a].hasElse ? constructs[a].liveAtElse : constructs[a].liveAtEnd
                case .loop:
                    if constructs[a].liveAtLabel != live {
                        constructs.base[a].liveAtLabel = live
                        // What has not been asked for yet in this round will be found right.
                        if constructs[a].wasAsked { changed = true }
                    }
                default: break
                }
            }
            if !changed { return live }
        }
        return nil
    }

    /// The locals that may be read after a branch to a construct, as far as known.
    @inline(__always) private func ask(_ construct: Int) -> UInt64 {
        constructs.base[construct].wasAsked = true
        return constructs[construct].liveAtLabel
    }
}
