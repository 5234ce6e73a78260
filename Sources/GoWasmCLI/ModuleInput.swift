import GoWasm
import HostSystem
import LibC
import WasmFrontend

/// Where a module comes from: a file, standard input, or text that is assembled.
enum ModuleInput {
    /// The name that stands for standard input.
    static let standardInput = "-"

    /// The bytes of a module: of a file, or of standard input to its end, where the program then finds it.
    ///
    /// - Throws: ``ProgramError/unreadable(path:problem:)``; ``ForeignFile``; ``ValueProblem`` if standard input is a
    ///   terminal.
    static func module(_ file: String) throws -> ModuleBytes {
        let bytes = try contents(file)
        return FileKind.isModule(bytes.buffer) ? bytes : try converted(bytes)
    }

    private static func contents(_ file: String) throws -> ModuleBytes {
        guard file == standardInput else {
            do throws(FileProblem) {
                return try ModuleFile.contents(file)
            } catch {
                throw ProgramError.unreadable(path: file, problem: error)
            }
        }
        guard isatty(STDIN_FILENO) == 0 else {
            throw ValueProblem("standard input is a terminal; give it the module, as with < main.wasm")
        }
        do throws(FileProblem) {
            return try ModuleFile.contents(of: STDIN_FILENO)
        } catch {
            throw ProgramError.unreadable(path: file, problem: error)
        }
    }

    /// The module that is made of bytes which begin as none: of text.
    ///
    /// - Throws: ``ForeignFile``.
    private static func converted(_ bytes: ModuleBytes) throws -> ModuleBytes {
        let kind = FileKind(bytes.buffer)
        guard kind == .text else { throw ForeignFile(kind: kind) }
        switch assemble(bytes.buffer) {
        case .missing:
            throw ForeignFile(
                kind: kind, problem: "to run it, install wabt, whose program \(assembler) assembles it")
        case .failed(let message): throw ForeignFile(kind: kind, problem: "it cannot be assembled: \(message)")
        case .output(let module): return ModuleBytes(module)
        }
    }

    /// The program of wabt that turns text into a module; looked for in PATH.
    private static let assembler = "wat2wasm"

    private static func assemble(_ text: UnsafeRawBufferPointer) -> HelperProgram.Outcome {
        guard let file = HelperProgram.temporaryFile(text) else { return .failed("no temporary file can be made") }
        defer { close(file) }
        // What goes beyond what is run here is refused later, by the name of the proposal.
        let outcome = HelperProgram.run([assembler, "--enable-all", "--debug-names", "--output=-", "-"], input: file)
        guard case .failed(let errors) = outcome else { return outcome }
        // The first line is "-:LINE:COLUMN: error: …": the file is the assembler's standard input.
        let first = errors.split(separator: "\n").first.map(String.init) ?? "\(assembler) failed"
        return .failed(first.hasPrefix("-:") ? "line " + first.dropFirst(2) : first)
    }
}
