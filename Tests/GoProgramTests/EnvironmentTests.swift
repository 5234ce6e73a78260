import Foundation
import Testing
import _TestSupport

@Suite(
    "Arguments and environment", .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable), .enabled(if: !Engine.isNode, "Node has no such options."))
struct EnvironmentTests {
    /// The newest build for both kinds of hosts.
    private static let targets: [(name: String, program: String)] = GoBuild.all.filter(\.hasWASI).suffix(1).flatMap {
        [("js", $0.probe), ("wasip1", $0.wasi("probe"))]
    }
    private static let programs = targets.map(\.program)

    private func run(
        _ arguments: [String], _ variables: [String: String], executable: String = Tools.executable
    ) throws -> Finished {
        try Command(
            executable: executable, arguments: arguments,
            environment: variables.merging(Tools.environment) { given, _ in given }
        ).run()
    }

    private func names(_ finished: Finished) -> Set<String> {
        Set(
            String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
                .compactMap { $0.split(separator: "=").first.map(String.init) })
    }

    @Test("--inherit-env passes all variables, or those that are named", arguments: programs)
    func inheritance(_ program: String) throws {
        let variables = ["HOME": "/h", "MYX": "1", "MYSECRET": "2", "OTHER": "3", "TMPDIR": "/t"]
        func passed(_ options: String...) throws -> Set<String> {
            let finished = try run(options + [program, "environ"], variables)
            #expect(finished.end == .exited(0), "\(finished.errorText)")
            return names(finished)
        }
        #expect(try passed("--inherit-env").isSuperset(of: variables.keys))
        #expect(try passed("--inherit-env=HOME,MY*") == ["HOME", "MYX", "MYSECRET"])
        #expect(try passed("--inherit-env=HOME,MY*,!MYSECRET", "--inherit-env=OTHER") == ["HOME", "MYX", "OTHER"])
        #expect(try passed("--inherit-env=!MY*").isDisjoint(with: ["MYX", "MYSECRET"]))
        #expect(try passed("--env", "A=1") == ["A"])
        #expect(try passed() == [])
    }

    @Test("what is behind the file belongs to the program as it is", arguments: programs)
    func behindFile(_ program: String) throws {
        let finished = try run(["--inherit-env=A", program, "args", "--inherit-env=B"], [:])
        #expect(String(decoding: finished.output, as: UTF8.self).contains("--inherit-env=B"), "\(finished.errorText)")
    }

    @Test("what does not fit is named in one line for js, and fits for WASI", arguments: targets.map(\.name))
    func tooLong(_ target: String) throws {
        let program = try #require(Self.targets.first { $0.name == target }?.program)
        let long = String(repeating: "x", count: 20_000)
        func check(_ arguments: [String], _ variables: [String: String], _ parts: [String]) throws {
            let finished = try run(arguments, variables)
            if target == "js" {
                #expect(finished.end == .exited(1))
                #expect(finished.errorLines.count == 1)
                for part in parts { #expect(finished.errorText.contains(part), "\(finished.errorText)") }
                #expect(finished.errorText.contains("GOOS=wasip1, which has no such limit"))
            } else {
                #expect(finished.end == .exited(0), "\(finished.errorText)")
            }
        }
        try check(
            [program, "environ", long], [:], ["the longest is argument 2 with 20000 bytes; pass less in arguments"])
        try check(
            ["--env", "LONG=\(long)", program, "environ"], [:],
            [
                "the longest is the variable \"LONG\" with 20005 bytes; pass fewer variables",
                "--inherit-env=NAME,PREFIX*",
            ])
        try check(
            ["--inherit-env", program, "environ"], ["LONG": long, "SHORT": "1"],
            ["the variable \"LONG\" with 20005 bytes", "--inherit-env='!NAME'"])
        let left = try run(["--inherit-env=*,!LONG", program, "environ"], ["LONG": long, "SHORT": "1"])
        #expect(left.end == .exited(0) && names(left).contains("SHORT"), "\(left.errorText)")
    }

    @Test("so it is as go_js_wasm_exec and go_wasip1_wasm_exec, which pass everything", arguments: targets.map(\.name))
    func asScript(_ target: String) throws {
        let program = try #require(Self.targets.first { $0.name == target }?.program)
        let folder = try TemporaryFolder()
        let link = folder.path("go_\(target)_wasm_exec")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Tools.executable)
        let long = String(repeating: "x", count: 20_000)
        let finished = try run([program, "environ"], ["LONG": long], executable: link)
        if target == "js" {
            #expect(finished.end == .exited(1) && finished.errorLines.count == 1)
            #expect(
                finished.errorText.contains(
                    "the variable \"LONG\" with 20005 bytes; run it with fewer variables, as with env -u NAME"),
                "\(finished.errorText)")
        } else {
            #expect(finished.end == .exited(0) && names(finished).contains("LONG"), "\(finished.errorText)")
        }
    }
}
