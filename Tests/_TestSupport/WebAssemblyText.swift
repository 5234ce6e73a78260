import Foundation
public import WasmFrontend

/// Modules written as text, assembled by wabt's `wat2wasm`.
public enum WebAssemblyText {
    /// The assembler; nil where it is not installed.
    public static let assembler: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map { "\($0)/wat2wasm" } + ["/usr/bin/wat2wasm", "/usr/local/bin/wat2wasm"])
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Whether tests that need it are skipped.
    public static let isMissing = !Checkout.runs(ifThere: assembler != nil)
    /// Why they are skipped, or fail.
    public static let missing = "wat2wasm is not installed (Debian package wabt)."

    /// Why a text could not be assembled.
    public struct Failure: Error {
        /// What the assembler said.
        public var message: String
    }

    /// Assembles a module and returns its bytes; names of functions stay in it.
    public static func assemble(_ text: String) throws -> [UInt8] {
        guard let assembler else { throw Failure(message: missing) }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let source = try folder.write(Data(text.utf8), to: "module.wat")
        let target = folder.path("module.wasm")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: assembler)
        process.arguments = ["--debug-names", source, "-o", target]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let message = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(message: String(decoding: message, as: UTF8.self)) }
        return Array(try Data(contentsOf: URL(fileURLWithPath: target)))
    }

    /// Assembles, decodes and validates a module.
    public static func module(_ text: String) throws -> Module { try Module(ModuleBytes(try assemble(text))) }
}
