import Foundation
import Testing
import _TestSupport

/// What `inspect` says of modules of every Go version.
@Suite(
    "Inspection", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct InspectTests {
    private struct Report: Decodable {
        struct Size: Decodable {
            var name: String
            var bytes: Int
        }
        struct Name: Decodable {
            var name: String
            var type: String
        }
        var bytes: Int
        var kind: String
        var goVersion: String?
        var buildInfo: [String]
        var functions: Int
        var features: [String]
        var sections: [Size]
        var packages: [Size]
        var imports: [Name]
        var exports: [Name]
    }

    private func inspect(_ arguments: String...) throws -> Finished {
        try Command(
            executable: Tools.executable, arguments: ["inspect"] + arguments, environment: Tools.environment
        ).run()
    }

    private func report(_ file: String) throws -> Report {
        let finished = try inspect("--json", file)
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        return try JSONDecoder().decode(Report.self, from: finished.output)
    }

    @Test("tells the version, the build and the packages", arguments: GoBuild.all)
    func programs(_ build: GoBuild) throws {
        let report = try report(build.fib)
        #expect(report.kind == "Go program for GOOS=js")
        #expect(report.goVersion == "go\(build.version)")
        #expect(report.buildInfo.contains("build\tGOOS=js"))
        #expect(report.exports.map(\.name).contains("resume"))
        #expect(report.imports.contains { $0.name == "runtime.wasmWrite" && $0.type == "(i32) -> ()" })
        #expect(report.packages.first?.name == "runtime")
        #expect(report.packages.contains { $0.name == "main" && $0.bytes > 100 && $0.bytes < 10_000 })
        let code = try #require(report.sections.first { $0.name == "code" })
        #expect(report.packages.reduce(0) { $0 + $1.bytes } < code.bytes)
        #expect(report.packages.reduce(0) { $0 + $1.bytes } > code.bytes * 95 / 100)
        // Go relies on more of WebAssembly by and by.
        #expect(report.features.contains("bulk memory operations") == (build.minor >= 21))
        #expect(report.features.contains("sign extension") == (build.minor >= 26))
        #expect(!report.features.contains("vector instructions"))
    }

    @Test("tells programs for WASI from others", arguments: GoBuild.all.filter(\.hasWASI))
    func wasi(_ build: GoBuild) throws {
        let report = try report(build.wasi("files"))
        #expect(report.kind == "Go program for GOOS=wasip1")
        #expect(report.goVersion == "go\(build.version)")
        #expect(report.packages.contains { $0.name == "main" })
    }

    @Test("shows a table of at most 80 columns, without colours where it is no terminal")
    func table() throws {
        let text = String(decoding: try inspect(Tools.mainModule).output, as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("Go ") && $0.hasSuffix("go1.27.3") })
        #expect(!text.contains("\u{1B}"))
        // The path of the file is as long as it is.
        for line in lines.dropFirst() { #expect(line.count <= 80, "\(line)") }
    }

    @Test("needs no Go, and refuses what is no module")
    func others() throws {
        let folder = try TemporaryFolder()
        let empty = try folder.write(Data([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]), to: "empty.wasm")
        let report = try report(empty)
        #expect(report.kind == "library of functions that need no system")
        #expect(report.goVersion == nil && report.functions == 0)
        let broken = try folder.write(Data("no module".utf8), to: "broken.wasm")
        let finished = try inspect(broken)
        #expect(finished.end == .exited(1) && finished.output.isEmpty && finished.errorLines.count == 1)
    }
}
