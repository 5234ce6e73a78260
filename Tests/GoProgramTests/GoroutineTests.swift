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

    @Test("are in a core dump, which 'inspect' shows with the module beside it, and which others may not read")
    func dump() throws {
        for (module, kind, code) in Self.modules.suffix(2).map({ ($0, "wait", Int32(124)) })
            + [(try #require(GoBuild.newest).js("goroutines"), "trap", 1)]
        {
            let folder = try TemporaryFolder()
            let program = try folder.write(Data(contentsOf: URL(fileURLWithPath: module)), to: "program.wasm")
            let dump = folder.path("dump")
            let finished = try run(["--timeout", "2", "--dump", dump, program, kind])
            #expect(finished.end == .exited(code))
            #expect(finished.errorText.contains("the program's memory is in"))
            let mode = try FileManager.default.attributesOfItem(atPath: dump)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let inspected = try run(["inspect", dump])
            #expect(inspected.end == .exited(0), "\(inspected.errorText)")
            let text = String(decoding: inspected.output, as: UTF8.self)
            #expect(text.contains("core dump") && text.contains(program))
            #expect(kind == "trap" ? text.contains("out of bounds memory") : text.contains("stopped after 2 s"))
            let printed = Self.goroutines(finished.errorText)
            let shown = Self.goroutines(text.replacing("goroutines\ngoroutine ", with: "\n\ngoroutine "))
            #expect(printed == shown && shown.count > 10)
            // Without the module there are no names; another module is none.
            try FileManager.default.createDirectory(atPath: folder.path("other"), withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: dump, toPath: folder.path("other/dump"))
            let alone = try run(["inspect", "--json", folder.path("other/dump")])
            #expect(String(decoding: alone.output, as: UTF8.self).contains("\"module\": null"))
            let wrong = try run(["inspect", "--module", Tools.mainModule, folder.path("other/dump")])
            #expect(String(decoding: wrong.output, as: UTF8.self).contains("is another one"))
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
