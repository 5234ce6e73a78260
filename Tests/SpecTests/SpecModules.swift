import Foundation
import WasmFrontend

/// Why a command failed.
struct SpecMismatch: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// The commands about modules that must be refused.
enum SpecModules {
    /// The module in a file.
    static func bytes(_ command: SpecScript.Command, in folder: URL) throws -> ModuleBytes {
        guard let filename = command.filename, filename.hasSuffix(".wasm") else {
            throw SpecMismatch("no binary module: \(command.filename ?? "none")")
        }
        return ModuleBytes(try Data(contentsOf: folder.appendingPathComponent(filename)))
    }

    /// `assert_malformed` and `assert_invalid` of a binary module: it is refused at the expected stage, with the
    /// expected words.
    static func expectRefusal(_ command: SpecScript.Command, of file: String, in folder: URL) throws {
        let bytes = try bytes(command, in: folder)
        let stage = command.kind == .assertMalformed ? "malformed" : "invalid"
        let expected = knownDifferences["\(file):\(command.line)"] ?? "\(stage) module: \(command.text ?? "")"
        do {
            _ = try Module(bytes)
        } catch {
            guard error.description.hasPrefix(expected) else {
                throw SpecMismatch("expected \(expected), got \(error)")
            }
            return
        }
        throw SpecMismatch("accepted, but expected \(expected)")
    }

    /// The refusals that differ from what the suite states, by file and line.
    ///
    /// The suite states the words of the reference interpreter, which reads a malformed module as a stream: it goes
    /// on reading behind the end of a section and complains about what it finds there, where this decoder says that
    /// the section ended.
    private static let knownDifferences: [String: String] = [
        "binary-leb128:348": "malformed module: unexpected end",
        "binary-leb128:405": "malformed module: malformed section id",
        "binary-leb128:462": "malformed module: malformed section id",
        "binary-leb128:731": "malformed module: malformed section id",
        "binary-leb128:751": "malformed module: malformed section id",
        "binary-leb128:846": "malformed module: malformed section id",
        "binary-leb128:866": "malformed module: malformed section id",
        // A type's form is a byte here and an integer there.
        "binary-leb128:1073": "malformed module: malformed function type",
        "binary:77": "malformed module: END opcode expected",
        "binary:93": "malformed module: END opcode expected",
        "binary:113": "malformed module: unexpected end",
        "binary:929": "malformed module: unexpected end",
        "binary:1114": "malformed module: END opcode expected",
        // wast2json writes no data count section for a module without data, which makes the module malformed
        // (section 5.5.16) before it is invalid.
        "memory_init:190": "malformed module: data count section required",
    ]
}
