import HostSystem

/// A file about the run that cannot be written.
struct OutputProblem: Error, CustomStringConvertible {
    /// What was to be written: `profile` or `trace`.
    var subject: String
    var path: String
    var reason: OutputFile.Failure

    var description: String {
        let text =
            switch reason {
            case .system(let error): error.message
            case .planted(let name, let isLink):
                "\(name.debugDescription) is \(isLink ? "a link" : "no file") in a folder that the program is given, "
                    + "which it may have made; remove it, or name another file"
            }
        return "cannot write the \(subject) \(path.debugDescription): \(text)"
    }
}
