import Foundation
import WasmFrontend

/// Modules written as text, assembled by wabt's `wat2wasm`.
enum WebAssemblyText {
    /// The assembler; nil where it is not installed.
    static let assembler: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map { "\($0)/wat2wasm" } + ["/usr/bin/wat2wasm", "/usr/local/bin/wat2wasm"])
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static let isMissing = assembler == nil && ProcessInfo.processInfo.environment["GOWASM_REQUIRE_SUITES"] != "1"

    struct Failure: Error {
        var message: String
    }

    /// Assembles a module and returns its bytes; names of functions stay in it.
    static func assemble(_ text: String) throws -> [UInt8] {
        guard let assembler else { throw Failure(message: "wat2wasm is not installed (Debian package wabt)") }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gowasm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appendingPathComponent("module.wat")
        let target = folder.appendingPathComponent("module.wasm")
        try Data(text.utf8).write(to: source)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: assembler)
        process.arguments = ["--debug-names", source.path, "-o", target.path]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let message = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(message: String(decoding: message, as: UTF8.self)) }
        return Array(try Data(contentsOf: target))
    }

    static func module(_ text: String) throws -> Module { try Module(ModuleBytes(try assemble(text))) }
}
