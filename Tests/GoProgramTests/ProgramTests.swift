import Foundation
import Testing
import _TestSupport

/// A run of one case with one version's build.
struct ProgramRun: Sendable, CustomTestStringConvertible {
    let build: GoBuild
    let testCase: ProgramCase

    /// Whether it is the build for WASI.
    var isWASI = false

    var testDescription: String {
        "\(build)\(isWASI ? " for WASI" : ""): \(String(testCase.description.prefix(60)))"
    }

    /// What the builds for WASI run: all that needs no JavaScript.
    private static let wasi: [ProgramRun] = GoBuild.all.filter { $0.hasWASI && !Engine.isNode }.flatMap { build in
        ProgramCase.all
            .filter { $0.minors.contains(build.minor) && (!$0.newestOnly || build == GoBuild.newest) }
            .filter { !$0.arguments[0].hasPrefix("js-") }
            .map { ProgramRun(build: build, testCase: $0, isWASI: true) }
    }

    static let all: [ProgramRun] =
        wasi
        + GoBuild.all.flatMap { build in
            ProgramCase.all
                .filter { $0.minors.contains(build.minor) && (!$0.newestOnly || build == GoBuild.newest) }
                .filter { !(Engine.isNode && $0.notOnNode != nil) }
                .map { ProgramRun(build: build, testCase: $0) }
        }
}

extension Tag {
    @Tag static var go: Self
}

/// Reasons to skip what needs a Go toolchain.
enum Missing {
    static let builds: Comment = "No Go test programs were built: run `make test`, which installs Go and builds them."
    static let executable: Comment = "There is no release build of gowasm-fast: run `make build`."
}

@Suite("What the Go program tests need")
struct Prerequisites {
    /// Tests with the builds as arguments would be none without builds, and pass: elsewhere than in CI that is meant.
    @Test("is there", .enabled(if: Checkout.requiresEverything, "GOWASM_REQUIRE_SUITES is not 1."))
    func everythingIsThere() {
        #expect(!GoBuild.all.isEmpty, Missing.builds)
        #expect(GoBuild.all.contains { $0.hasWASI }, Missing.builds)
        #expect(FileManager.default.isExecutableFile(atPath: Tools.executable) || Engine.isNode, Missing.executable)
    }
}

@Suite(
    "Go programs", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable || Engine.isNode, Missing.executable))
struct ProgramTests {
    @Test("agree with native builds of the same source", arguments: ProgramRun.all)
    func agrees(_ run: ProgramRun) throws {
        let testCase = run.testCase
        let folder = try TemporaryFolder()
        let command = try Self.feeding(
            testCase, in: folder,
            to: Engine.command(
                run.isWASI ? run.build.wasi("probe") : run.build.probe, version: run.build.version, testCase.arguments,
                environment: testCase.variables))
        let finished = try command.run()

        let output: Data
        let end: Finished.End
        var native: Finished?
        switch testCase.output {
        case .native:
            let command = Command(
                executable: run.build.nativeProbe, arguments: testCase.arguments, environment: testCase.variables)
            let result = try Self.feeding(testCase, in: folder, to: command).run()
            (output, end, native) = (result.output, result.end, result)
        case .expected(let name, let code):
            (output, end) = (try Tools.expected(name), .exited(code))
        case .empty(let code):
            (output, end) = (Data(), .exited(code))
        }

        #expect(finished.end == end, "\(finished.errorText.prefix(2000))")
        if finished.output != output {
            Issue.record(Comment(rawValue: Self.difference(finished.output, output)))
        }
        switch testCase.errors {
        case .none:
            #expect(finished.errorText == "")
        case .begins(let text):
            #expect(finished.errorText.hasPrefix(text))
        case .same:
            #expect(finished.errorText == native?.errorText)
        case .sameBeforeTrace:
            let lines = native.map(Self.linesBeforeTrace)
            #expect(Self.linesBeforeTrace(finished) == lines)
            #expect(lines?.isEmpty == false)
            #expect(finished.errorText.contains("\ngoroutine "), "There is no stack trace.")
        }
    }

    /// What comes before the first stack trace, without the lines that name addresses.
    private static func linesBeforeTrace(_ finished: Finished) -> [Substring] {
        finished.errorLines
            .prefix { !$0.hasPrefix("goroutine ") && !$0.hasPrefix("runtime stack:") }
            .filter { !$0.hasPrefix("[signal ") && !$0.hasPrefix("runtime: sp=") }
    }

    /// A command with the case's standard input.
    private static func feeding(_ testCase: ProgramCase, in folder: TemporaryFolder, to command: Command) throws
        -> Command
    {
        guard testCase.input != .nothing else { return command }
        var command = command
        command.input = try folder.write(testCase.inputData, to: "stdin")
        if case .late = testCase.input {
            let words = [command.executable] + command.arguments
            command.executable = "/bin/sh"
            command.arguments = ["-c", "(sleep 0.8; exec cat) <\"$0\" | \"$@\"", command.input] + words
            command.input = "/dev/null"
        }
        return command
    }

    /// Where two outputs begin to differ, in words.
    private static func difference(_ actual: Data, _ expected: Data) -> String {
        let length = zip(actual, expected).prefix { $0 == $1 }.count
        let start = max(0, length - 60)
        func excerpt(_ data: Data) -> String {
            String(decoding: data.dropFirst(start).prefix(160), as: UTF8.self).debugDescription
        }
        return """
            The outputs differ at byte \(length) (\(actual.count) bytes, expected \(expected.count)):
            \(excerpt(actual))
            expected:
            \(excerpt(expected))
            """
    }

    @Test("have the sub-programs that the tests run, and no other", arguments: GoBuild.all)
    func everyProgramIsTested(_ build: GoBuild) throws {
        let finished = try Engine.command(build.probe, version: build.version, ["list"]).run()
        let listed = Set(String(decoding: finished.output, as: UTF8.self).split(separator: "\n").map(String.init))
        let known = Set(ProgramCase.all.map { $0.arguments[0] })
        let tested = Set(ProgramCase.all.filter { $0.minors.contains(build.minor) }.map { $0.arguments[0] })
        #expect(listed.subtracting(known).subtracting(ProgramCase.elsewhere) == [])
        #expect(tested.subtracting(listed) == [])
    }

    @Test("compute Fibonacci numbers", arguments: GoBuild.all)
    func fibonacci(_ build: GoBuild) throws {
        for (arguments, line) in [
            (["10"], "fib(10) = 55\n"), (["30"], "fib(30) = 832040\n"), ([], "fib(30) = 832040\n"),
            (["0"], "fib(0) = 0\n"),
        ] {
            let finished = try Engine.command(build.fib, version: build.version, arguments).run()
            #expect(finished.end == .exited(0), "\(finished.errorText.prefix(2000))")
            #expect(String(decoding: finished.output, as: UTF8.self) == line)
            #expect(finished.errorText == "")
        }
        let refused = try Engine.command(build.fib, version: build.version, ["x"]).run()
        #expect(refused.end == .exited(1))
        #expect(refused.errorText == "usage: fib [n], where n is a whole number, 0 or more\n")
    }

    /// Where no 8 GiB of addresses can be reserved there are no guard pages: the program must do without.
    @Test(
        "run where addresses are scarce", .enabled(if: !Engine.isNode, "Node needs more."),
        .enabled(if: !Tools.isSanitized, "AddressSanitizer needs more."),
        arguments: [["gc"], ["channels"], ["maps"], ["deep", "100000"], ["panic", "nil-pointer"]])
    func scarceAddresses(arguments: [String]) throws {
        let build = try #require(GoBuild.newest)
        let command = Engine.command(build.probe, version: build.version, arguments)
        var limited = command
        limited.executable = "/bin/bash"
        limited.arguments = ["-c", "ulimit -v 2000000 && exec \"$0\" \"$@\"", command.executable] + command.arguments
        let (plain, scarce) = (try command.run(), try limited.run())
        #expect(scarce.end == plain.end, "\(scarce.errorText.prefix(500))")
        #expect(scarce.output == plain.output)
    }

    @Test(
        "end as native ones do when nobody reads their output",
        .enabled(if: !Engine.isNode, "Node makes an error of it."), arguments: GoBuild.all)
    func brokenPipe(_ build: GoBuild) throws {
        func endings(_ command: Command) throws -> String {
            let script = """
                { "$0" "$@"; echo "pipe $?" >&2; } | head -c 5 >/dev/null
                "$0" "$@" >/dev/full; echo "full $?" >&2
                """
            var shell = command
            shell.executable = "/bin/bash"
            shell.arguments = ["-c", script, command.executable] + command.arguments
            return try shell.run().errorText
        }
        let native = try endings(Command(executable: build.nativeProbe, arguments: ["output"]))
        #expect(native.contains("pipe 141") && native.contains("full 0"))
        #expect(try endings(Engine.command(build.probe, version: build.version, ["output"])) == native)
    }
}
