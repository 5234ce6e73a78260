import LibC

/// Names separated by commas, with the wildcards of a shell; those after `!` are left out.
struct NameFilter {
    private let wanted: [String]
    private let unwanted: [String]

    init(_ text: String) {
        let patterns = text.split(separator: ",")
        wanted = patterns.filter { !$0.hasPrefix("!") }.map(String.init)
        unwanted = patterns.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }
    }

    /// Whether one of the names of a thing is wanted, and none is not; where none is said to be wanted, all are.
    func wants(_ names: [String]) -> Bool {
        (wanted.isEmpty || wanted.contains { Self.matches($0, names) })
            && !unwanted.contains { Self.matches($0, names) }
    }

    /// As the other one, for a thing with one name.
    func wants(_ name: String) -> Bool { wants([name]) }

    /// The patterns, `!` before them included, that are about none of some things, each of which has several names.
    func idlePatterns(among things: [[String]]) -> [String] {
        func isIdle(_ pattern: String) -> Bool { !things.contains { Self.matches(pattern, $0) } }
        return wanted.filter(isIdle) + unwanted.filter(isIdle).map { "!" + $0 }
    }

    private static func matches(_ pattern: String, _ names: [String]) -> Bool {
        names.contains { fnmatch(pattern, $0, 0) == 0 }
    }
}
