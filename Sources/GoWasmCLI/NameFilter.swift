import LibC

/// Names separated by commas, with the wildcards of a shell; those behind `!` are left out.
struct NameFilter {
    private let wanted: [String]
    private let unwanted: [String]

    init(_ text: String) {
        let patterns = text.split(separator: ",")
        wanted = patterns.filter { !$0.hasPrefix("!") }.map(String.init)
        unwanted = patterns.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }
    }

    /// Whether one of the names of a thing is wanted, and none is not; where none is said to be wanted, all are.
    func wants(_ names: String...) -> Bool {
        func matches(_ pattern: String) -> Bool { names.contains { fnmatch(pattern, $0, 0) == 0 } }
        return (wanted.isEmpty || wanted.contains { matches($0) }) && !unwanted.contains { matches($0) }
    }
}
