import Foundation
import GoWasm
import Testing
import _TestSupport

/// The Go programs that the tests run: Tests/GoProgramTests/Programs/embedded, which `make test-tools` builds with the
/// newest Go.
enum Fixture: String, CaseIterable, CustomTestStringConvertible {
    case js = "embedded.wasm"
    case wasi = "wasip1/embedded.wasm"
    case plugin = "wasip1/plugin.wasm"
    case ends = "wasip1/ends.wasm"
    case endsJS = "ends.wasm"
    case calls = "wasip1/calls.wasm"
    case callsJS = "calls.wasm"
    case awaits = "wasip1/awaits.wasm"
    case awaitsJS = "awaits.wasm"
    case awaitsCommand = "wasip1/awaits-command.wasm"

    /// Both kinds of the same program.
    static let programs = [js, wasi]

    /// Whether the programs were built, or have to be.
    static let areThere = Checkout.runs(ifThere: FileManager.default.fileExists(atPath: wasi.path))
    /// What to do where they were not.
    static let missing: Comment = "The programs are built by `make test-tools`."

    /// The module's file.
    var path: String { Checkout.newestPrograms?.appendingPathComponent(rawValue).path ?? rawValue }

    /// The program, loaded once for all tests, as applications do it.
    var program: Program {
        get throws {
            switch self {
            case .js: try Self.loadedJS.get()
            case .wasi: try Self.loadedWASI.get()
            case .plugin: try Program(contentsOf: path)
            case .ends: try Self.loadedEnds.get()
            case .endsJS: try Self.loadedEndsJS.get()
            case .calls: try Self.loadedCalls.get()
            case .callsJS: try Self.loadedCallsJS.get()
            case .awaits: try Self.loadedAwaits.get()
            case .awaitsJS: try Self.loadedAwaitsJS.get()
            case .awaitsCommand: try Self.loadedAwaitsCommand.get()
            }
        }
    }
    private static let loadedJS = load(.js)
    private static let loadedWASI = load(.wasi)
    private static let loadedEnds = load(.ends)
    private static let loadedEndsJS = load(.endsJS)
    private static let loadedCalls = load(.calls)
    private static let loadedCallsJS = load(.callsJS)
    private static let loadedAwaits = load(.awaits)
    private static let loadedAwaitsJS = load(.awaitsJS)
    private static let loadedAwaitsCommand = load(.awaitsCommand)
    private static func load(_ fixture: Fixture) -> Result<Program, ProgramError> {
        Result { () throws(ProgramError) in try Program(contentsOf: fixture.path) }
    }

    var testDescription: String { rawValue }
}

/// Whether a run or a call was stopped, as errors of tests of that have to say.
func isCancelled(_ error: any Error) -> Bool {
    if case ProgramError.cancelled = error { true } else { false }
}

/// Whether a program had been stopped before a call.
func wasCancelled(_ error: any Error) -> Bool {
    if case ProgramError.ended(.cancelled) = error { true } else { false }
}

/// Whether a call ended with this exception of JavaScript's.
func isException(_ error: any Error, _ exception: JavaScriptError) -> Bool {
    if case ProgramError.exception(exception) = error { true } else { false }
}

/// What a run has written.
struct Output {
    let out = OutputBuffer()
    let err = OutputBuffer()

    /// A configuration that writes here, for a program that reads `input`.
    func configuration(
        _ arguments: String..., input: StandardInput = .empty, limits: Program.Limits = Program.Limits()
    ) -> Program.Configuration {
        Program.Configuration(
            arguments: arguments, standardInput: input, standardOutput: .buffer(out), standardError: .buffer(err),
            limits: limits)
    }
}

/// One after another, as some of the tests look at what the process holds.
@Suite("The Swift library", .serialized)
enum LibraryTests {}
