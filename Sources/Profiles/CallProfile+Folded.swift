public import WasmRuntime

extension CallProfile {
    /// The profile as folded stacks, which `flamegraph.pl`, `inferno-flamegraph` and speedscope read.
    ///
    /// A line is the names of a stack, the outermost first, with semicolons between them, a space, and the number of
    /// samples.
    public func foldedStacks() -> String {
        var counts: [String: Int] = [:]
        for stack in stacks {
            let names = functions(of: stack).reversed().map { Self.foldedName(functions[$0].name) }
            counts[names.joined(separator: ";"), default: 0] += stack.periods
        }
        return counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
    }

    /// A name without what ends a name or a line: Go's names of generic functions may have semicolons.
    private static func foldedName(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    switch scalar {
                    case ";": ","
                    case _ where scalar.value < 0x20 || scalar.value == 0x7F: "\u{FFFD}"
                    default: scalar
                    }
                }))
    }
}
