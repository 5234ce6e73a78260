public import GoWasm

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension Program {
    /// Loads a module from a file that a URL names.
    ///
    /// - Throws: As `init(contentsOf:codeValidation:)` with a path; ``FileProblem/noFile`` where the URL leads elsewhere.
    public init(
        contentsOf url: URL, codeValidation: Module.CodeValidationTime = .onLoading
    ) throws(ProgramError) {
        guard url.isFileURL else { throw .unreadable(path: url.absoluteString, problem: .noFile) }
        try self.init(contentsOf: url.path, codeValidation: codeValidation)
    }
}

extension HostAccess.Mount {
    /// Makes a mount of the folder that a URL of a file names; nil for other URLs.
    public init?(host: URL, guest: String? = nil, isReadOnly: Bool = false) {
        guard host.isFileURL else { return nil }
        self.init(host: host.path, guest: guest, isReadOnly: isReadOnly)
    }
}

extension HostFolder {
    /// Opens the folder that a URL of a file names.
    ///
    /// - Throws: As `init(_:)` with a path; ``FileError/notFound`` for other URLs.
    public convenience init(_ url: URL) throws(FileError) {
        guard url.isFileURL else { throw .notFound }
        try self.init(url.path)
    }
}

extension StandardInput {
    /// Bytes, read from their start by each run.
    public static func data(_ data: Data) -> StandardInput { bytes(Array(data)) }
}

extension OutputBuffer {
    /// The bytes that were written so far.
    public var data: Data { Data(bytes) }
}
