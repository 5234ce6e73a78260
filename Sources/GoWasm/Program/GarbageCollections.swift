internal import HostSystem

/// The garbage collections of a Go program, read from what its runtime reports with GODEBUG=gctrace=1.
///
/// The runtime writes a line for each to standard error, piece by piece (`gctrace` in package runtime's documentation).
/// Those lines are taken out; everything else passes.
package final class GarbageCollections {
    /// One collection.
    package struct Collection: Sendable, Equatable {
        /// Seconds since the program started.
        package var time: Double
        /// The milliseconds that the world stood still: before marking, and after it.
        package var pauses: [Double]
        /// The milliseconds of marking in between.
        package var marking: Double
        /// The megabytes of the heap when it began, when it ended, and what of that was alive.
        package var heap: [Int]
    }

    /// The collections, oldest first.
    package private(set) var collections: [Collection] = []
    /// The beginning of a line that may be the runtime's.
    private var held: [UInt8] = []
    private var isAtLineStart = true

    /// Starts without collections.
    package init() {}

    /// What has to be in the environment variable GODEBUG, with what the program was given.
    package static func setting(_ given: String?) -> String {
        given.map { $0.isEmpty ? "gctrace=1" : "\($0),gctrace=1" } ?? "gctrace=1"
    }

    /// Takes what the program writes to standard error, and returns what of it is to be written.
    package func pass(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var rest = (held + bytes)[...]
        held = []
        while isAtLineStart, rest.starts(with: Self.mark) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                guard rest.count <= Self.longestLine else { break }
                held = Array(rest)
                return []
            }
            guard let collection = Self.parse(String(decoding: rest[..<end], as: UTF8.self)) else { break }
            collections.append(collection)
            rest = rest[(end + 1)...]
        }
        if let last = rest.last { isAtLineStart = last == UInt8(ascii: "\n") }
        return Array(rest)
    }

    /// What was held back when the program ended.
    package func flush() -> [UInt8] {
        defer { held = [] }
        return held
    }

    private static let mark = Array("gc ".utf8)
    /// More bytes than any of the runtime's lines has.
    private static let longestLine = 4096
    /// The times, in seconds and milliseconds, that are believed: with what the program writes is reckoned.
    private static let times = 0...1e12

    /// Reads `gc 1 @0.012s 2%: 0.03+1.2+0.01 ms clock, … ms cpu, 4->4->1 MB, …`.
    static func parse(_ line: String) -> Collection? {
        let words = line.split(separator: " ")
        guard words.count > 8, words[2].first == "@", words[2].last == "s", words[3].last == ":", words[5] == "ms",
            words[6] == "clock,", let time = Double(words[2].dropFirst().dropLast()),
            times.contains(time)
        else { return nil }
        let clock = words[4].split(separator: "+").compactMap { Double($0) }.filter(times.contains)
        guard clock.count == 3, let unit = words.firstIndex(of: "MB,"), unit > 0 else { return nil }
        let heap = words[unit - 1].split { $0 == "-" || $0 == ">" }.compactMap { Int($0) }
        guard heap.count == 3 else { return nil }
        return Collection(time: time, pauses: [clock[0], clock[2]], marking: clock[1], heap: heap)
    }
}

extension StandardOutput {
    /// The same, without what Go's runtime says of its garbage collections, which goes to `collections`.
    func withoutReports(for collections: GarbageCollections) -> StandardOutput {
        // Used on the program's thread only, as all that is written there.
        nonisolated(unsafe) let collections = collections
        return .closure { bytes in
            try collections.pass(bytes).withUnsafeBytes { rest in
                if !rest.isEmpty { try write(rest) }
            }
        }
    }
}
