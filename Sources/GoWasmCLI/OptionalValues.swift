/// Options that may be given with a value or without, `--NAME` and `--NAME=VALUE`: the parser knows only one of both.
///
/// The second form is given to the parser as a hidden option of another name.
enum OptionalValues {
    private static let names = ["allow-net", "inherit-env"]

    /// What stands for an empty value: a list without elements.
    static let nothing = ","

    /// The name of the option that gets the values.
    static func hiddenName(of name: String) -> String { name + "-value" }

    private static let prefixes = names.map { (given: "--\($0)=", hidden: "--\(hiddenName(of: $0))=") }

    /// The arguments as the parser gets them.
    static func rewritten(_ arguments: [String]) -> [String] {
        arguments.map { argument in
            guard let prefix = prefixes.first(where: { argument.hasPrefix($0.given) }) else { return argument }
            let value = argument.dropFirst(prefix.given.count)
            // For an empty value the parser would take the next argument.
            return prefix.hidden + (value.isEmpty ? nothing : String(value))
        }
    }

    /// What the program gets of the arguments, which are the last: as they were given.
    static func restored(_ command: [String], from arguments: [String]) -> [String] {
        Array(arguments.suffix(command.count))
    }
}
