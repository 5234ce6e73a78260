import Foundation
import FoundationXML
import Testing
import _TestSupport

/// Profiles of real programs, as other tools read them.
@Suite(
    "Profiles of programs", .serialized, .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct ProfileTests {
    /// Runs the go command that built the newest programs, for which a folder is home.
    private func go(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Finished {
        let home = try TemporaryFolder()
        let own = [
            "HOME": home.url.path, "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "GOCACHE": Tools.root.appendingPathComponent(".build-tools/go-cache").path, "GOTOOLCHAIN": "local",
            "GO111MODULE": "off", "CGO_ENABLED": "0",
        ]
        let finished = try Command(
            executable: #require(GoCommand.path), arguments: arguments, environment: own.merging(environment) { $1 }
        ).run()
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        return finished
    }

    private func top(_ profile: String, _ options: String...) throws -> [Substring] {
        let finished = try go(["tool", "pprof", "-top"] + options + [profile])
        return String(decoding: finished.output, as: UTF8.self).split(separator: "\n")
    }

    @Test("go tool pprof names the function that is busy", arguments: GoBuild.all)
    func pprof(_ build: GoBuild) throws {
        let folder = try TemporaryFolder()
        let file = folder.path("profile.gz")
        let finished = try Command(
            executable: Tools.executable, arguments: ["--cpuprofile", file, build.fib, "35"],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(0))
        #expect(String(decoding: finished.output, as: UTF8.self) == "fib(35) = 9227465\n")
        let lines = try top(file)
        let heading = try #require(lines.firstIndex { $0.contains("flat%") })
        #expect(lines[heading + 1].hasSuffix(" main.fib"), "\(lines)")
    }

    /// The share of a program's time that a function and what it calls took, by function, without Go's runtime and the
    /// function that only the native program has.
    private func shares(_ profile: String) throws -> [(name: String, share: Double)] {
        try top(profile, "-cum", "-nodecount=1000").compactMap { line in
            // flat, flat%, sum%, cum, cum%, name, the latter behind two blanks; inlined functions have a note behind it.
            let words = line.split(separator: " ", maxSplits: 5)
            guard words.count == 6, let share = Double(words[4].dropLast()), words[4].last == "%" else { return nil }
            let name = words[5].drop { $0 == " " }
                .replacing(" (inline)", with: "").replacing(" (partial-inline)", with: "")
            let isCounted = !name.hasPrefix("runtime.") && name.contains(".") && name != "main.run"
            return isCounted ? (String(name), share) : nil
        }
    }

    @Test("functions rank as in the native program's own profile", arguments: [("json", "60000"), ("regexp", "30000")])
    func ranking(program: String, nativeSize: String) throws {
        let folder = try TemporaryFolder()
        let source = try String(
            contentsOf: Tools.root.appendingPathComponent("Benchmarks/Programs/\(program)/main.go"), encoding: .utf8)
        _ = try folder.write(Data(source.utf8), to: "main.go")
        func build(_ output: String, _ files: [String], _ environment: [String: String]) throws {
            _ = try go(["build", "-trimpath", "-o", folder.path(output)] + files.map(folder.path), environment)
        }
        try build("main.wasm", ["main.go"], ["GOOS": "js", "GOARCH": "wasm"])
        _ = try folder.write(
            Data(source.replacing("\nfunc main() {", with: "\nfunc run() {").utf8), to: "native.go")
        _ = try folder.write(
            Data(
                """
                package main

                import (
                	"os"
                	"runtime/pprof"
                )

                func main() {
                	file, err := os.Create(os.Args[2])
                	if err != nil {
                		panic(err)
                	}
                	pprof.StartCPUProfile(file)
                	run()
                	pprof.StopCPUProfile()
                }

                """.utf8), to: "profile.go")
        try build("native", ["native.go", "profile.go"], [:])
        let (ours, native) = (folder.path("wasm.gz"), folder.path("native.gz"))
        let finished = try Command(
            executable: Tools.executable, arguments: ["--cpuprofile", ours, folder.path("main.wasm"), "3000"],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(0))
        #expect(
            try Command(executable: folder.path("native"), arguments: [nativeSize, native]).run().end == .exited(0))
        // What takes a fifth of the time natively takes a tenth at least here, and the other way round: compilers
        // inline differently, and vector instructions make some functions faster.
        let (wasmShares, nativeShares) = (try shares(ours), try shares(native))
        for (first, second) in [(nativeShares, wasmShares), (wasmShares, nativeShares)] {
            let large = first.filter { $0.share >= 20 }
            #expect(large.count >= 5, "\(first.prefix(20))")
            let found = large.filter { function in second.contains { $0.name == function.name && $0.share >= 10 } }
            #expect(found.count * 10 >= large.count * 8, "\(large) of \(second.prefix(30))")
        }
    }

    /// A program whose goroutines wait, work and allocate, for one of the systems.
    private func waitingProgram(_ folder: TemporaryFolder, _ system: String) throws -> String {
        let source = Tools.root.appendingPathComponent("Tests/GoProgramTests/Programs/waiters/main.go")
        _ = try folder.write(Data(contentsOf: source), to: "main.go")
        let program = folder.path("\(system).wasm")
        _ = try go(["build", "-o", program, folder.path("main.go")], ["GOOS": system, "GOARCH": "wasm"])
        return program
    }

    @Test(
        "a goroutine that has waited keeps its callers, and what was inlined counts for itself",
        arguments: ["js", "wasip1"], [[], ["--no-native"]])
    func waiters(system: String, options: [String]) throws {
        let folder = try TemporaryFolder()
        let (program, profile) = (try waitingProgram(folder, system), folder.path("profile.folded"))
        let finished = try Command(
            executable: Tools.executable, arguments: options + ["--flamegraph", profile, program],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        let lines = try String(contentsOfFile: profile, encoding: .utf8).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return (stack: words.dropLast().joined(separator: " "), periods: words.last.flatMap { Int($0) } ?? 0)
        }
        func periods(_ isWanted: (String) -> Bool) -> Int {
            lines.filter { isWanted($0.stack) }.reduce(0) { $0 + $1.periods }
        }
        // Without the wait this would be all that there is to see.
        let busy = periods { $0.hasSuffix("main.busy") }
        let whole = periods { $0.hasSuffix("main.outer;main.beneath;main.busy") && !$0.contains("wasm_pc_f_loop") }
        #expect(busy > 20 && whole * 10 >= busy * 9, "\(whole) of \(busy)")
        let leaf = periods { $0.hasSuffix("runtime.main;main.main;main.inliner;main.leaf") }
        let around = periods { $0.hasSuffix("main.inliner") }
        #expect(leaf > 20 && leaf > 9 * around, "\(leaf), \(around)")
        let all = periods { $0.contains("main.allocate") }
        let known = periods { $0.contains("main.sleeper;main.allocate") }
        #expect(all > 5 && known * 10 >= all * 6, "\(known) of \(all)")
    }

    @Test("a profile of allocations names the functions and their bytes", arguments: ["js", "wasip1"])
    func allocations(system: String) throws {
        let folder = try TemporaryFolder()
        let (program, profile) = (try waitingProgram(folder, system), folder.path("memory.gz"))
        let finished = try Command(
            executable: Tools.executable,
            arguments: ["--env", "GODEBUG=memprofilerate=8192", "--memprofile", profile, program],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(0) && finished.errorText.isEmpty, "\(finished.errorText)")
        let lines = try top(profile, "-unit=B")
        let heading = try #require(lines.firstIndex { $0.contains("flat%") })
        let first = lines[heading + 1]
        #expect(first.hasSuffix(" main.allocate"), "\(lines)")
        // 3,000,000 nodes of 88 bytes, for each of which Go takes 96.
        let bytes = Double(first.split(separator: " ")[0].dropLast()) ?? 0
        #expect(abs(bytes - 283_000_000) < 17_000_000, "\(first)")
    }

    @Test("a program for which there is no profile of allocations is said to have none")
    func noAllocations() throws {
        let folder = try TemporaryFolder()
        let module = try folder.write(Data([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]), to: "empty.wasm")
        let finished = try Command(
            executable: Tools.executable, arguments: ["--memprofile", folder.path("profile"), module],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(1) && finished.errorText.contains("no profile of allocations was made"))
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
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(130))
        #expect(try top(profile).contains { $0.hasSuffix(" main.fib") })
        let svg = try Data(contentsOf: URL(fileURLWithPath: graph))
        #expect(XMLParser(data: svg).parse())
        #expect(String(decoding: svg, as: UTF8.self).contains(">main.fib</text>"))
    }

    @Test("a profile that cannot be written is an error, before or after the run")
    func unwritable() throws {
        let before = try Command(
            executable: Tools.executable, arguments: ["--cpuprofile", "/no/such/folder/x", Tools.mainModule, "5"],
            environment: Tools.environment
        ).run()
        #expect(before.end == .exited(1) && before.output.isEmpty)
        #expect(before.errorLines.count == 1 && before.errorText.contains("cannot write the profile"))
        let after = try Command(
            executable: Tools.executable, arguments: ["--flamegraph", "/dev/full", Tools.mainModule, "5"],
            environment: Tools.environment
        ).run()
        #expect(after.end == .exited(1) && !after.output.isEmpty)
        #expect(after.errorLines.count == 1 && after.errorText.contains("No space left on device"))
    }

    @Test("no link in a folder that the program is given is followed to a profile's file")
    func links() throws {
        let folder = try TemporaryFolder()
        for name in ["in/sub", "out"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        let secret = try folder.write(Data("secret".utf8), to: "out/file")
        for (name, target) in [
            ("in/link", "../out/file"), ("in/up", "../out"), ("in/new", "../out/new"), ("in/inside", "sub"),
            ("out/users", folder.path("in/sub/real")), ("out/fine", "mine"),
        ] { try FileManager.default.createSymbolicLink(atPath: folder.path(name), withDestinationPath: target) }
        #expect(mkfifo(folder.path("in/fifo"), 0o600) == 0)
        func run(_ file: String, _ options: [String]) throws -> Finished {
            try Command(
                executable: Tools.executable, arguments: options + ["--cpuprofile", file, Tools.mainModule, "20"],
                environment: Tools.environment
            ).run()
        }
        for granted in ["in", "in:/g:ro"] {
            for name in ["in/link", "in/up/file", "in/new", "in/inside/x", "in/fifo"] {
                let finished = try run(folder.path(name), ["--dir", folder.path(granted)])
                #expect(finished.end == .exited(1) && finished.output.isEmpty, "\(name)")
                #expect(
                    finished.errorLines.count == 1 && finished.errorText.contains("in a folder that the program is"))
            }
        }
        #expect(try String(contentsOfFile: secret, encoding: .utf8) == "secret")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted() == [
                "file", "fine", "users",
            ])
        // A file in the folder, the user's own links elsewhere, and those of the system.
        for name in ["in/real", "out/users", "out/fine"] {
            let finished = try run(folder.path(name), ["--dir", folder.path("in")])
            #expect(finished.end == .exited(0), "\(finished.errorText)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path(name))).count > 100)
        }
        #expect(try run(folder.path("in/new"), []).end == .exited(0))
        #expect(FileManager.default.fileExists(atPath: folder.path("out/new")))
        for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            let finished = try run(name, ["--dir", folder.path("in")])
            #expect(finished.end == .exited(0) && finished.output.count > 100, "\(finished.errorText)")
        }
    }
}
