import Foundation
import FoundationXML
import Testing

/// Profiles of real programs, as other tools read them.
@Suite(
    "Profiles of programs", .serialized, .tags(.go), .enabled(if: !GoBuild.all.isEmpty, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct ProfileTests {
    /// The go command that built the newest programs.
    private func go() throws -> String {
        let list = try String(
            contentsOf: Tools.root.appendingPathComponent(".build-tools/go-toolchains.tsv"), encoding: .utf8)
        let line = try #require(list.split(separator: "\n").first)
        return String(line.split(separator: "\t")[1])
    }

    private func top(_ profile: String) throws -> [Substring] {
        let finished = try Command(
            executable: go(), arguments: ["tool", "pprof", "-top", profile],
            environment: [
                "HOME": NSTemporaryDirectory(), "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
                "GOCACHE": Tools.root.appendingPathComponent(".build-tools/go-cache").path, "GOTOOLCHAIN": "local",
            ]
        ).run()
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        return String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
    }

    @Test("go tool pprof names the function that is busy", arguments: GoBuild.all)
    func pprof(_ build: GoBuild) throws {
        let folder = try TemporaryFolder()
        let file = folder.path("profile.gz")
        let finished = try Command(
            executable: Tools.executable, arguments: ["--cpuprofile", file, build.fib, "35"],
            environment: Tools.sanitizerOptions
        ).run()
        #expect(finished.end == .exited(0))
        #expect(String(decoding: finished.output, as: UTF8.self) == "fib(35) = 9227465\n")
        let lines = try top(file)
        let heading = try #require(lines.firstIndex { $0.contains("flat%") })
        #expect(lines[heading + 1].hasSuffix(" main.fib"), "\(lines)")
    }

    @Test("a flame graph is a picture with the functions in it, also of a program that is interrupted")
    func flameGraph() throws {
        let folder = try TemporaryFolder()
        let (profile, graph) = (folder.path("profile.gz"), folder.path("graph.svg"))
        let newest = try #require(GoBuild.newest)
        let finished = try Command(
            executable: "/usr/bin/timeout",
            arguments: [
                "--preserve-status", "-s", "INT", "2", Tools.executable, "--cpuprofile", profile, "--flamegraph", graph,
                newest.fib, "60",
            ],
            environment: Tools.sanitizerOptions
        ).run()
        #expect(finished.end == .exited(130))
        #expect(try top(profile).contains { $0.hasSuffix(" main.fib") })
        let svg = try Data(contentsOf: URL(fileURLWithPath: graph))
        #expect(XMLParser(data: svg).parse())
        #expect(String(decoding: svg, as: UTF8.self).contains("<text>main.fib</text>"))
    }

    @Test("a profile that cannot be written is an error, before or after the run")
    func unwritable() throws {
        let before = try Command(
            executable: Tools.executable, arguments: ["--cpuprofile", "/no/such/folder/x", Tools.mainModule, "5"],
            environment: Tools.sanitizerOptions
        ).run()
        #expect(before.end == .exited(1) && before.output.isEmpty)
        #expect(before.errorLines.count == 1 && before.errorText.contains("cannot write the profile"))
        let after = try Command(
            executable: Tools.executable, arguments: ["--flamegraph", "/dev/full", Tools.mainModule, "5"],
            environment: Tools.sanitizerOptions
        ).run()
        #expect(after.end == .exited(1) && !after.output.isEmpty)
        #expect(after.errorLines.count == 1 && after.errorText.contains("No space left on device"))
    }
}
