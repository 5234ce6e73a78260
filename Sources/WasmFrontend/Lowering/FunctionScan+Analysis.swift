internal import CSupport

/// The proof that a local always equals the register global where it is read, and is therefore never needed.
///
/// Go's functions from 1.13 on begin with `global.get sp; local.set L`, change both together
/// (`local.tee L; global.set sp`) and read the global again behind every call. The scan accepts exactly that, and
/// anything else makes it say no: a wrong yes would read a stale stack pointer.
struct RegisterCopy {
    /// The register global; `UInt32.max` for none.
    var global = UInt32.max
    /// Parameters have their values before the first instruction, so they do not qualify.
    var parameterCount: UInt32 = 0
    /// The local in question; `UInt32.max` while there is none, and for good once it is refuted.
    private(set) var local = UInt32.max
    /// Whether there has been a local in question.
    private(set) var hasBegun = false
    /// Whether the local may differ from the global: after a call, until it is read again.
    var isStale = false
    /// How many times the local was written by `local.tee`, and how many times the global from that.
    var teeCount = 0
    var matchedTeeCount = 0

    /// Takes a local whose first write is a copy of the global.
    mutating func begin(_ local: UInt32) {
        if local >= parameterCount {
            self.local = local
            hasBegun = true
        }
        isStale = false
    }

    mutating func refute() { local = .max }

    /// At a place where paths part or meet: another path would come to read a stale copy.
    @inline(__always) mutating func joinPaths() { if isStale { refute() } }
}

extension FunctionScan {
    // MARK: - The copy of the register global

    /// The local that always equals the register global where it is read.
    var registerCopy: UInt32? {
        copy.local != .max && copy.teeCount == copy.matchedTeeCount ? copy.local : nil
    }

    /// Follows what an instruction, about to be appended, does with the copy.
    mutating func noteCopy(_ op: GWWasmOpcode, _ local: UInt32) {
        let isBehindGet: Bool
        if let last = instructions.last, last.op == .globalGet, last.a == copy.global {
            isBehindGet = true
        } else {
            isBehindGet = false
        }
        switch op {
        case .localSet where instructions.count == 1:
            if isBehindGet { copy.begin(local) }
        case .localSet:
            if isBehindGet { copy.isStale = false } else { copy.refute() }
        case .localTee:
            // The instruction behind it must be the write of the global.
            copy.teeCount += 1
        default:
            if copy.isStale { copy.refute() }
        }
    }

    /// Follows a write of the register global, about to be appended.
    mutating func noteRegisterSet() {
        if let last = instructions.last, last.op == .localTee, last.a == copy.local {
            copy.matchedTeeCount += 1
            copy.isStale = false
        } else {
            copy.refute()
        }
    }

    // MARK: - Locals that need their zero

    /// The largest number of locals for which ``readBeforeWritten(_:from:)`` looks.
    static let largestAnalysis = 64

    /// The locals that may be read before anything is written to them, a bit each, from the first instruction on.
    ///
    /// For execution from a construct's label on see ``Construct/liveAtLabel``. Marks the last uses, too.
    /// A backward pass over the structured code; where a branch leads back, it is repeated until nothing changes.
    /// - Returns: nil when that takes too long, or the liveness of a local has not been followed that turned out to be no
    ///   copy of the register global: then all locals may be.
    mutating func readBeforeWritten() -> UInt64? {
        if copy.hasBegun && registerCopy == nil { return nil }
        for _ in 0..<12 {
            var changed = false
            var live: UInt64 = 0
            for event in stride(from: events.count - 1, through: 0, by: -1) {
                let i = Int(events[event].instruction)
                guard events[event].kind == .control else {
                    // Without a branch: which of them it is, nothing predicts.
                    let bit: UInt64 = 1 << UInt64(events[event].local & 63)
                    let isRead = events[event].kind == .read
                    // What the last round finds holds: rounds only ever find more to be needed.
                    let isLastUse = isRead && live & bit == 0
                    let others = instructions[i].flags.rawValue & ~ScannedInstruction.Flags.lastUse.rawValue
                    instructions[i].flags.rawValue =
                        others | (isLastUse ? ScannedInstruction.Flags.lastUse.rawValue : 0)
                    live = live & ~bit | (isRead ? bit : 0)
                    continue
                }
                let instruction = instructions[i]
                if instruction.flags.contains(.skip) { continue }
                let a = Int(instruction.a)
                switch instruction.op {
                case .return, .unreachable: live = 0
                case .br: live = ask(a)
                case .brIf: live |= ask(a)
                case .brTable:
                    live = 0
                    for label in a..<a + Int(instruction.b) { live |= ask(Int(labels[label])) }
                case .end:
                    constructs[a].liveAtEnd = live
                    if constructs[a].kind != .loop && constructs[a].liveAtLabel != live {
                        constructs[a].liveAtLabel = live
                        // What has not been asked for yet in this round will be found right.
                        if constructs[a].wasAsked { changed = true }
                    }
                case .else:
                    constructs[a].liveAtElse = live
                    live = constructs[a].liveAtEnd
                case .if:
                    live |= constructs[a].hasElse ? constructs[a].liveAtElse : constructs[a].liveAtEnd
                case .loop:
                    if constructs[a].liveAtLabel != live {
                        constructs[a].liveAtLabel = live
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
        constructs[construct].wasAsked = true
        return constructs[construct].liveAtLabel
    }
}
