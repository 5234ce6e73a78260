import Foundation
import _TestSupport

/// The specification's test suite for WebAssembly 2.0, which is not part of this repository: it is looked for beside
/// the package, in `../shared/wasm-spec-2.0`, or where the environment variable `GOWASM_SPEC_SUITE` says.
struct SpecSuite {
    /// The number of commands in the suite at the tag wg-2.0; with fewer, something was not run.
    static let commandCount = 28_018 + 25_988
    /// The number of those commands that are about modules in the text format.
    static let textModuleCount = 581 + 510
    /// The number of files; of all three numbers, the second part is that of the folder for vector instructions.
    static let fileCount = 90 + 58

    /// The suite, or why it can't be run.
    static let result: Result<SpecSuite, Unavailable> = Result { () throws(Unavailable) in try SpecSuite() }

    /// Why the suite can't be run; nil if it can.
    static var unavailable: String? {
        if case .failure(let error) = result { error.reason } else { nil }
    }

    /// Whether it is a failure that the suite can't be run.
    ///
    /// It is where every test has to be, and there is the folder that CI has beside the clone.
    static let isRequired =
        Checkout.requiresEverything && FileManager.default.fileExists(atPath: Self.sharedFolder.path)

    private static let sharedFolder = Checkout.folder.deletingLastPathComponent().appendingPathComponent("shared")

    struct Unavailable: Error, CustomStringConvertible {
        var reason: String
        var description: String { reason }
    }

    struct ConversionFailure: Error, CustomStringConvertible {
        var description: String
    }

    /// The `.wast` files, by name.
    let files: [URL]
    private let converter: URL

    private init() throws(Unavailable) {
        let folder =
            ProcessInfo.processInfo.environment["GOWASM_SPEC_SUITE"].map { URL(fileURLWithPath: $0) }
            ?? Self.sharedFolder.appendingPathComponent("wasm-spec-2.0")
        let entries = [folder, folder.appendingPathComponent("simd")].flatMap { folder in
            (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        }
        files = entries.filter { $0.pathExtension == "wast" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        guard !files.isEmpty else {
            throw Unavailable(reason: "the specification's tests are not in \(folder.standardizedFileURL.path)")
        }
        converter = try Self.findConverter()
    }

    /// wast2json of wabt 1.0.33 or newer: older ones fail on seven files.
    private static func findConverter() throws(Unavailable) -> URL {
        let environment = ProcessInfo.processInfo.environment
        var candidates = [Checkout.folder.appendingPathComponent(".build-tools/wabt/bin/wast2json")]
        if let path = environment["GOWASM_WAST2JSON"] { candidates.insert(URL(fileURLWithPath: path), at: 0) }
        candidates += (environment["PATH"] ?? "").split(separator: ":").map {
            URL(fileURLWithPath: String($0)).appendingPathComponent("wast2json")
        }
        var tooOld: [String] = []
        for candidate in candidates where FileManager.default.isExecutableFile(atPath: candidate.path) {
            guard let run = try? Self.run(candidate, ["--version"]), run.status == 0 else { continue }
            let version = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
            if version.compare("1.0.33", options: .numeric) != .orderedAscending { return candidate }
            tooOld.append("\(candidate.path) (\(version))")
        }
        throw Unavailable(
            reason: "the specification's tests need wast2json of wabt 1.0.33 or newer, which "
                + "`make test-tools` installs"
                + (tooOld.isEmpty ? "" : "; too old: \(tooOld.joined(separator: ", "))"))
    }

    /// Runs a program; the output is that of both streams.
    private static func run(_ program: URL, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// Converts a file into modules and a script, in a folder that exists while `body` runs.
    func withScript<Result>(
        of file: URL, _ body: (_ script: SpecScript, _ folder: URL) throws -> Result
    ) throws -> Result {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let json = folder.path("script.json")
        let run = try Self.run(converter, [file.path, "-o", json])
        guard run.status == 0 else {
            throw ConversionFailure(description: "wast2json failed on \(file.lastPathComponent): \(run.output)")
        }
        let script = try JSONDecoder().decode(SpecScript.self, from: Data(contentsOf: URL(fileURLWithPath: json)))
        return try body(script, folder.url)
    }
}
