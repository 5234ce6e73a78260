/// How a program ended that ended by itself.
public struct ExitStatus: Equatable, Sendable, CustomStringConvertible {
    /// The status as the operating system sees it, 0 to 255: the low eight bits of what the program passed to
    /// `os.Exit`.
    public let code: Int32

    /// Makes the status for a number passed to `os.Exit`.
    public init(code: Int32) { self.code = code & 0xFF }

    /// What Go's runtime gives when it ends a program: after a panic, a deadlock, SIGQUIT or a failure of its own.
    package static let goFailure = ExitStatus(code: 2)

    /// Whether the program says that all went well.
    public var isSuccess: Bool { code == 0 }

    /// Such as "exit status 2".
    public var description: String { "exit status \(code)" }
}
