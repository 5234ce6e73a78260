internal import WasmFrontend
internal import WasmRuntime

/// Why Go's runtime ended a program: found from its functions that the program was in when it ended.
///
/// A program exits then, and a library (`-buildmode=c-shared`) executes `unreachable`.
enum GoCrash {
    /// Functions of package runtime that only lead to an exit, by what they stand for: the first that is found counts.
    /// (A deadlock is found in `checkdead`, and then ends in `fatalthrow` as other failures do.)
    private static let ends: [(name: String, error: @Sendable (String) -> ProgramError)] = [
        ("runtime.checkdead", { _ in .deadlocked }),
        ("runtime.fatalpanic", { .panicked($0) }),
        ("runtime.fatalthrow", { .runtimeFailed($0) }),
    ]

    /// Why the runtime ended a program; nil where it did not.
    ///
    /// - Parameters:
    ///   - calls: The functions that it was in, the innermost first.
    ///   - report: What the runtime has said.
    static func error(_ calls: [Trap.Frame], _ module: Module, _ report: String) -> ProgramError? {
        var names = calls.compactMap(\.name)
        // Linked without names (-ldflags=-s).
        if names.isEmpty, !calls.isEmpty, let table = GoLineTable(module) {
            names = calls.compactMap { table.name(ofFunction: $0.function) }
        }
        let end = ends.first { end in names.contains { $0 == end.name || $0.hasPrefix(end.name + ".func") } }
        return end?.error(report)
    }
}
