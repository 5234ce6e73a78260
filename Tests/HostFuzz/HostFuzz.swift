import Foundation
import HostSystem
import WasmRuntime
import _TestSupport

/// Calls the host with hostile arguments, sequence after sequence, as `Tests/Tools/fuzz_host.py` asks for it: in processes
/// with small stacks and little memory, of which that sees how they end.
///
/// What is called is written into a file first, which is there when the process is not any more.
struct HostFuzz {
    /// Kinds of sequences.
    private enum Kind: String, CaseIterable {
        /// Any functions of JavaScript's side, in any order.
        case js
        /// One of them with each value in each position.
        case sweep
        /// Go's imports.
        case imports
        /// WASI's functions.
        case wasi
    }

    private static let usage = """
        usage: gowasm-fuzz-host FOLDER JOURNAL SEED SEQUENCES KINDS [ADDRESS...]

        KINDS are some of js, sweep, imports, wasi, and of the values huge and long, separated by commas.

        """

    private let folder: String
    private let journal: Journal
    private let watch = CallWatch()
    private let kinds: [Kind]
    private let values: HostileValues.Kinds
    private let addresses: [String]
    private var wasiTarget: WASITarget
    private var goTarget = GoHostTarget()
    private var calls: [Kind: Int] = [:]

    private init(_ arguments: [String]) throws {
        folder = arguments[1]
        journal = try Journal(arguments[2])
        let chosen = Set(arguments[5].split(separator: ",").map(String.init))
        kinds = Kind.allCases.filter { chosen.contains($0.rawValue) }
        var values: HostileValues.Kinds = []
        if chosen.contains("huge") { values.insert(.huge) }
        if chosen.contains("long") { values.insert(.long) }
        self.values = values
        addresses = Array(arguments[6...])
        setenv("TMPDIR", folder, 1)
        // From here on files are refused beyond a mebibyte.
        wasiTarget = try WASITarget()
    }

    /// The main function; returns the exit code.
    static func main(_ arguments: [String]) throws -> Int32 {
        guard arguments.count >= 6, let first = UInt64(arguments[3]), let count = UInt64(arguments[4]) else {
            Descriptors.report(usage)
            return 2
        }
        var fuzz = try HostFuzz(arguments)
        guard !fuzz.kinds.isEmpty else {
            Descriptors.report(usage)
            return 2
        }
        for number in 0..<count {
            let seed = first &+ number
            let kind = fuzz.kinds[Int(seed % UInt64(fuzz.kinds.count))]
            fuzz.journal.begin("\(kind.rawValue) \(seed)")
            fuzz.calls[kind, default: 0] += try fuzz.run(kind, seed: seed)
            fuzz.journal.done(fuzz.calls.values.reduce(0, +))
        }
        return 0
    }

    /// Makes the folder that the guests of one sequence have, with a file, a folder and a link.
    private func makeFolder() throws -> HostAccess {
        let path = folder + "/w"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path + "/dir", withIntermediateDirectories: true)
        try Data("text".utf8).write(to: URL(fileURLWithPath: path + "/file"))
        symlink("file", path + "/link")
        return HostAccess(mounts: [.init(host: path, guest: "/w")], network: addresses.isEmpty ? .none : .all)
    }

    /// Runs a sequence; returns how many calls that were.
    private mutating func run(_ kind: Kind, seed: UInt64) throws -> Int {
        switch kind {
        case .js, .sweep:
            return try watch.store.charging { () throws in
                let report = { [watch, journal] (text: () -> String) in
                    watch.begin()
                    journal.note(text)
                }
                watch.begin()
                var sequence = try HostileCalls(
                    seed: seed, access: makeFolder(), kinds: values, addresses: addresses, report: report)
                if kind == .js {
                    sequence.run(calls: 400)
                } else {
                    sequence.sweep(Int(seed / UInt64(kinds.count) % UInt64(sequence.functionCount)))
                }
                watch.end()
                sequence.end()
                return sequence.count
            }
        case .wasi:
            // Without a network: a socket that waits for a connection waits for ever. The target has some that do not.
            let access = HostAccess(mounts: try makeFolder().mounts)
            var sequence = try HostileWASICalls(seed: seed, access: access, report: journal.note)
            try sequence.run(calls: 400)
            return sequence.count + Self.runTarget(&wasiTarget, seed, journal)
        case .imports: return Self.runTarget(&goTarget, seed, journal)
        }
    }

    /// Gives a fuzzer's target bytes.
    private static func runTarget(_ target: inout some FuzzTarget, _ seed: UInt64, _ journal: Journal) -> Int {
        journal.note { "bytes of the target" }
        var random = SplitMix(seed: seed)
        let bytes = (0..<2000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let before = FuzzCount.calls
        // What a target throws is what a hostile guest may well get.
        bytes.withUnsafeBytes { _ = try? target.run($0) }
        return FuzzCount.calls - before
    }
}
