public import Foundation

/// The package as it lies on this machine, with what `make test` puts beside its sources.
public enum Checkout {
    /// The package's folder.
    public static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The example program.
    public static let mainModule = folder.appendingPathComponent("main.wasm")

    /// Where `make test-tools` leaves the Go test programs, in a folder for each version.
    public static let programs = folder.appendingPathComponent(".build-tools/programs")

    /// The versions of Go that the test programs were compiled by, the newest last; none where there are no programs.
    public static let goVersions: [String] = {
        let list = try? String(contentsOf: programs.appendingPathComponent("versions.txt"), encoding: .utf8)
        return (list ?? "").split(separator: "\n").map(String.init)
            .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    }()

    /// Where the programs are that the newest of these versions compiled.
    public static let newestPrograms = goVersions.last.map { programs.appendingPathComponent($0) }

    /// Whether a test that misses what it needs fails instead of being skipped, as in CI: `GOWASM_REQUIRE_SUITES=1`.
    public static let requiresEverything = ProcessInfo.processInfo.environment["GOWASM_REQUIRE_SUITES"] == "1"

    /// Whether to run tests that need something: where it is there, and where it has to be.
    public static func runs(ifThere isThere: Bool) -> Bool { isThere || requiresEverything }
}
