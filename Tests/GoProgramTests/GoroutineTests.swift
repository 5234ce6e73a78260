import Foundation
import Testing
import _TestSupport

/// What is printed of the goroutines of programs that are ended, compared with what Go's runtime prints in the same
/// programs (`runtime.Stack`), and natively.
@Suite(
    "Goroutines of programs", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct GoroutineTests {
    private func run(_ arguments: [String]) throws -> Finished {
        try Command(executable: Tools.executable, arguments: arguments, environment: Tools.environment).run()
    }

    /// The modules of all versions, for both kinds of hosts.
    private static let modules = GoBuild.all.flatMap { build in
        [build.js("goroutines")] + (build.hasWASI ? [build.wasi("goroutines")] : [])
    }

    /// The goroutines of a text, by their headers' numbers: each a paragraph.
    private static func goroutines(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for paragraph in text.components(separatedBy: "\n\n") where paragraph.hasPrefix("goroutine ") {
            let text = paragraph.trimmingCharacters(in: .newlines)
            found[String(text.split(separator: " ")[1])] = text
        }
        return found
    }

    /// What Go printed in the program, without the one that printed it, and what was printed from outside.
    private func compare(_ finished: Finished, _ module: String) throws -> String {
        let what = Comment(rawValue: module)
        var inside = Self.goroutines(String(decoding: finished.output, as: UTF8.self))
        var outside = Self.goroutines(finished.errorText)
        #expect(inside.removeValue(forKey: "1") != nil, what)
        let main = outside.removeValue(forKey: "1")
        var compared = 0
        for (number, text) in inside {
            // What handles JavaScript's events goes on meanwhile; up to Go 1.20 the end of a long stack was left out, without
            // a word.
            let printed = outside[number] ?? ""
            let isCut = printed.contains(" frames elided...") && !text.contains(" frames elided...")
            if text.contains("runtime.handleEvent()") || isCut && module.contains("/1.19.") { continue }
            #expect(printed == text, what)
            compared += 1
        }
        #expect(compared >= 11, what)
        return try #require(main, what)
    }

    @Test("are printed as Go's runtime prints them when a program is stopped in a loop", arguments: modules)
    func loop(module: String) throws {
        let finished = try run(["--timeout", "2", module, "loop"])
        #expect(finished.end == .exited(124))
        let main = try compare(finished, module)
        let lines = main.split(separator: "\n")
        #expect(lines.first == "goroutine 1 [running]:")
        #expect(lines.dropFirst().first == "main.spin(0x3)", "\(main)")
        #expect(lines.contains("main.main()"), "\(main)")
    }

    @Test("are printed when a program waits", arguments: modules)
    func waiting(module: String) throws {
        let finished = try run(["--timeout", "2", module, "wait"])
        #expect(finished.end == .exited(124))
        let main = try compare(finished, module)
        #expect(main.hasPrefix("goroutine 1 [chan receive]:\nmain.main()\n\t"), "\(main)")
    }

    @Test("are printed when a program traps", arguments: modules)
    func trap(module: String) throws {
        let finished = try run([module, "trap"])
        #expect(finished.end == .exited(1))
        #expect(finished.errorText.contains("out of bounds memory access"))
        let main = try compare(finished, module)
        #expect(main.hasPrefix("goroutine 1 [running]:\nmain.main()\n\t"), "\(main)")
    }

    @Test("are printed wherever Go's runtime is when a program is stopped", arguments: modules)
    func collecting(module: String) throws {
        let finished = try run(["--timeout", "2", module, "collect"])
        #expect(finished.end == .exited(124))
        let main = try compare(finished, module)
        #expect(main.contains("main.main()"), "\(main)")
    }

    @Test("are printed with machine code, without it, and at SIGQUIT")
    func tiers() throws {
        let module = try #require(GoBuild.newest).js("goroutines")
        for options in [["--no-native"], ["--no-optimize"], ["--checked-memory"], []] {
            let finished = try Command(
                executable: "/usr/bin/timeout",
                arguments: ["--preserve-status", "-s", "QUIT", "2", Tools.executable] + options + [module, "loop"],
                environment: Tools.environment
            ).run()
            #expect(finished.end == .exited(2))
            let main = try compare(finished, "\(options)")
            #expect(main.hasPrefix("goroutine 1 [running]:\nmain.spin(0x3)\n"), "\(options): \(main)")
        }
    }

    @Test("are those that the native program has", arguments: GoBuild.all)
    func native(_ build: GoBuild) throws {
        let native = try Command(
            executable: build.native("goroutines"), arguments: ["panic"], environment: ["GOTRACEBACK": "all"]
        ).run()
        #expect(native.end == .exited(2))
        let finished = try run(["--timeout", "2", build.js("goroutines"), "wait"])
        /// Without numbers, arguments, which the native program has in registers, and paths of another system's files.
        func structure(_ text: String) -> [String] {
            let goroutines = Self.goroutines(text).filter { $0.key != "1" }.values.map { goroutine in
                goroutine.replacing(", locked to thread", with: "").replacing(/goroutine \d+/, with: "goroutine N")
                    .replacing(/\(.*\)\n/, with: "()\n")
                    .replacing(#/ \+0x[0-9a-f]+/#, with: "")
            }
            // There are no threads on wasm, and a long stack is cut off elsewhere.
            return goroutines.filter { $0.contains("created by main.") && $0.count(where: \.isNewline) < 60 }.sorted()
        }
        #expect(structure(finished.errorText).count == 11)
        #expect(structure(finished.errorText) == structure(native.errorText))
    }
}
