import Foundation
import Synchronization
import Testing
import _TestSupport

@testable import HostSystem

/// Random nestings of granted folders, and everything that changes files tried in them.
///
/// `GOWASM_GRANT_COMBINATIONS=100000` does so many operations, each a combination of grants, a path and what is done to
/// it; `GOWASM_GRANT_SEED` is where the random numbers begin.
@Suite("Combinations of grants")
struct GrantCombinationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let combinations = Int(environment["GOWASM_GRANT_COMBINATIONS"] ?? "") ?? 8000
    private static let seed = UInt64(environment["GOWASM_GRANT_SEED"] ?? "") ?? 1
    /// How many operations there are in one world.
    private static let steps = 40

    private struct Outcome {
        var worlds = 0
        var refused = 0
        var combinations = 0
        var allowed = 0
        var denied = 0
        var violations: [String] = []
    }

    private static func run(seed: UInt64, combinations: Int, isProtected: Bool = true) throws -> Outcome {
        var outcome = Outcome()
        var world: UInt64 = 0
        while outcome.combinations < combinations {
            world += 1
            try attack(seed: seed &* 1_000_003 &+ world, isProtected, &outcome)
            if outcome.violations.count > 3 { break }
        }
        return outcome
    }

    private static func attack(seed: UInt64, _ isProtected: Bool, _ outcome: inout Outcome) throws {
        let folder = try TemporaryFolder()
        var random = SplitMix(seed: seed)
        let world = try GrantWorld(in: folder.url.path, random: &random)
        outcome.worlds += 1
        // Some worlds have two guests at once.
        let guests = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
        var attackers: [GrantAttacker] = []
        for _ in 0..<guests {
            do {
                let files = try world.makeFiles(usesSystemLookup: Bool.random(using: &random))
                if !isProtected { files.protection = Protection() }
                attackers.append(GrantAttacker(world, files, seed: random.next()))
            } catch HostAccessError.readOnly(_, let reason) {
                outcome.refused += 1
                outcome.combinations += 1
                if !world.isContradictory { outcome.violations.append("world \(seed): refused: \(reason)") }
                return
            }
        }
        if world.isContradictory { outcome.violations.append("world \(seed): not refused: \(world.access)") }
        if guests == 1 {
            attackers[0].attack(steps)
        } else {
            nonisolated(unsafe) let attackers = attackers
            DispatchQueue.concurrentPerform(iterations: guests) { attackers[$0].attack(steps) }
        }
        let found = world.violations() + attackers.flatMap(\.violations)
        if !found.isEmpty {
            let logs = attackers.map { $0.log.joined(separator: "\n") }.joined(separator: "\nthe other guest:\n")
            outcome.violations.append(
                "world \(seed), code in \(world.keptCode):\n\(world.access)\n\(found.joined(separator: "\n"))\n\(logs)")
        }
        outcome.combinations += guests * steps
        outcome.allowed += attackers.reduce(0) { $0 + $1.allowed }
        outcome.denied += attackers.reduce(0) { $0 + $1.denied }
    }

    @Test("change nothing that was granted to be read only, that was not granted, or that is kept code")
    func combinations() throws {
        let outcome = try Self.run(seed: Self.seed, combinations: Self.combinations)
        print(
            "grants: \(outcome.combinations) combinations in \(outcome.worlds) worlds from seed \(Self.seed): "
                + "\(outcome.allowed) operations done, \(outcome.denied) failed, \(outcome.refused) grants refused, "
                + "\(outcome.violations.count) violations")
        for violation in outcome.violations.prefix(3) { Issue.record(Comment(rawValue: violation)) }
        // Not everything is refused.
        #expect(outcome.allowed > outcome.combinations / 20 && outcome.refused > 0)
    }

    @Test("would show changes if nothing was protected")
    func power() throws {
        let outcome = try Self.run(seed: Self.seed, combinations: 8000, isProtected: false)
        #expect(outcome.violations.count > 3)
    }
}
