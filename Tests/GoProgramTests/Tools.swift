import Foundation
import _TestSupport

/// Where the tests find what `make test` builds for them.
enum Tools {
    static let root = Checkout.folder

    /// The program under test: the release build, because the loop of a debug build is too slow for these programs.
    static let executable =
        ProcessInfo.processInfo.environment["GOWASM_EXECUTABLE"]
        ?? root.appendingPathComponent(".build/release/gowasm-fast").path

    /// Whether tests that run the program are run.
    static let hasExecutable = Checkout.runs(ifThere: FileManager.default.isExecutableFile(atPath: executable))
    /// Whether tests that run Go programs are run.
    static let hasPrograms = Checkout.runs(ifThere: !GoBuild.all.isEmpty)

    /// The environment of the program under test: nothing, but what a build with sanitizers needs, and whether it is to
    /// compile its functions (`GOWASM_NATIVE=0 make test`).
    static let environment = ProcessInfo.processInfo.environment.filter {
        ["ASAN_OPTIONS", "GOWASM_NATIVE"].contains($0.key)
    }
    static let isSanitized = environment["ASAN_OPTIONS"] != nil
    /// Seconds in which a program is at work. (With sanitizers, and everything compiled, its start takes one half to one.)
    static let secondsAtWork = isSanitized ? "3" : "1"

    /// Where the bytecode of programs is kept.
    static let cacheFolder = root.appendingPathComponent(".build-tools/bytecode").path

    static let mainModule = Checkout.mainModule.path

    /// The text that a program must print, from the folder Expected.
    static func expected(_ name: String) throws -> Data {
        try Data(contentsOf: root.appendingPathComponent("Tests/GoProgramTests/Expected/\(name).txt"))
    }
}

/// The test programs as one Go version compiled them.
struct GoBuild: Sendable, Equatable, CustomStringConvertible {
    /// For example "1.27.3".
    let version: String

    private var folder: URL { Checkout.programs.appendingPathComponent(version) }
    var probe: String { folder.appendingPathComponent("probe.wasm").path }
    var nativeProbe: String { folder.appendingPathComponent("probe").path }
    var fib: String { folder.appendingPathComponent("fib.wasm").path }

    /// Programs for both kinds of hosts, or for WASI only; those that this version was not asked for are not there.
    func js(_ program: String) -> String { folder.appendingPathComponent("\(program).wasm").path }
    func wasi(_ program: String) -> String { folder.appendingPathComponent("wasip1/\(program).wasm").path }
    func native(_ program: String) -> String { folder.appendingPathComponent(program).path }
    /// Whether programs were built for WASI.
    var hasWASI: Bool { FileManager.default.fileExists(atPath: wasi("files")) }

    /// The second number of the version.
    var minor: Int { Int(version.split(separator: ".")[1]) ?? 0 }

    var description: String { "Go \(version)" }

    /// The versions that the set-up script listed; none where it did not run.
    ///
    /// With GOWASM_ONLY_NEWEST=1 it is the newest of them.
    static let all: [GoBuild] = {
        let builds = Checkout.goVersions.map { GoBuild(version: $0) }
        return ProcessInfo.processInfo.environment["GOWASM_ONLY_NEWEST"] == "1" ? Array(builds.suffix(1)) : builds
    }()

    /// The version whose modules the tests use that need only one.
    static var newest: GoBuild? { all.last }
}
