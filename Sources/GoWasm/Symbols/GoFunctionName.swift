/// Names of functions as Go's linker writes them.
public enum GoFunctionName {
    /// The package of a function: what comes before the first dot behind the last slash of the path; nil for names
    /// without one, which assembly and the linker's own functions have.
    ///
    /// Type arguments and receivers may have slashes and dots of their own.
    public static func package(of name: String) -> String? {
        let path = name.prefix { $0 != "[" && $0 != "(" }
        let last = path.lastIndex(of: "/") ?? path.startIndex
        return path[last...].firstIndex(of: ".").map { String(path[..<$0]) }
    }
}
