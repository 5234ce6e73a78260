import Foundation
import LibC
import Testing
import _TestSupport

@Suite("Bad input", .enabled(if: Tools.hasExecutable, Missing.executable))
struct BadInputTests {
    /// Runs the program under test on a file.
    private static func run(_ arguments: [String], timeout: Duration = .seconds(30)) throws -> Finished {
        try Command(
            executable: Tools.executable, arguments: arguments, environment: Tools.environment, timeout: timeout
        ).run()
    }

    /// Expects one line that names the file, nothing on standard output, and the exit code 1.
    private static func expectRefusal(
        _ arguments: [String], mentioning words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        expectRefusal(try run(arguments), mentioning: words, sourceLocation: sourceLocation)
    }

    private static func expectRefusal(
        _ finished: Finished, mentioning words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(finished.end == .exited(1), "\(finished.errorText.prefix(500))", sourceLocation: sourceLocation)
        #expect(finished.output.isEmpty, sourceLocation: sourceLocation)
        #expect(isOneLine(finished), "\(finished.errorText.prefix(500))", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                finished.errorText.contains(word), "\(finished.errorText.prefix(500))", sourceLocation: sourceLocation)
        }
    }

    private static func isOneLine(_ finished: Finished) -> Bool {
        finished.errorLines.count == 1 && finished.errorText.hasSuffix("\n") && finished.errorText.utf8.count < 1000
            && finished.errorText.hasPrefix("gowasm-fast: ")
    }

    @Test("that is no module is refused in one line")
    func notModules() throws {
        let folder = try TemporaryFolder()
        let contents: [(String, Data)] = [
            ("text.wasm", Data("hello, this is no module\n".utf8)),
            ("elf.wasm", Data([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0])),
            ("version.wasm", Data([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0])),
            ("component.wasm", Data([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])),
            ("zeros.wasm", Data(count: 100_000)),
            ("random.wasm", Data.arbitrary(count: 100_000, seed: 3)),
            ("nothing.wasm", Data([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
            ("empty.wasm", Data()),
            ("new\nline.wasm", Data("x".utf8)),
        ]
        for (name, content) in contents {
            try Self.expectRefusal([folder.write(content, to: name)], mentioning: String(name.suffix(9)))
        }
        try Self.expectRefusal([folder.path("missing.wasm")], mentioning: "missing.wasm", "No such file")
        try Self.expectRefusal([folder.url.path], mentioning: "directory")
        try Self.expectRefusal([folder.path("empty.wasm") + "/x"], mentioning: "Not a directory")
        try Self.expectRefusal([folder.path(String(repeating: "x", count: 300))], mentioning: "too long")
    }

    @Test("that is larger than the memory is refused in one line")
    func largerThanMemory() throws {
        let folder = try TemporaryFolder()
        // Beyond the header nothing is stored: as long as the file system lets a file be, which is many terabytes.
        let path = try folder.write(Data([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), to: "large.wasm")
        var size = off_t.max
        while truncate(path, size) != 0 { size /= 2 }
        try #require(size >= 1 << 40, "the file system has only files of less than a terabyte")
        try Self.expectRefusal([path], mentioning: "large.wasm", "allocate memory")
    }

    @Test("is refused where it may not be read")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Data([0]), to: "secret.wasm")
        chmod(path, 0)
        var command = Command(
            executable: Tools.executable, arguments: [path], environment: Tools.environment, timeout: .seconds(30))
        if geteuid() == 0 {
            // Root may read everything by two capabilities, which the command is started without.
            command.arguments = ["--bounding-set=-dac_override,-dac_read_search", command.executable, path]
            command.executable = "/usr/bin/setpriv"
        }
        Self.expectRefusal(try command.run(), mentioning: ["secret.wasm", "Permission denied"])
    }

    @Test("in the form of wrong options ends with the code 64 and the usage")
    func wrongOptions() throws {
        for arguments in [
            [], ["--no-such-option", Tools.mainModule], ["--timeout", "soon", Tools.mainModule], ["--env"],
        ] {
            let finished = try Self.run(arguments)
            #expect(finished.end == .exited(64), "\(arguments)")
            #expect(finished.errorText.contains("Usage: gowasm-fast"), "\(arguments)")
            #expect(finished.output.isEmpty)
        }
    }

    @Test("of more arguments or variables than Go takes is refused, and no less")
    func tooManyArguments() throws {
        // The names and values, each with a zero byte, and 8 bytes for each of them and two more zeros come before
        // address 12288; the first is at 4096. The path of the module is one of the arguments.
        let room = 8192 - Tools.mainModule.utf8.count - 1
        let long = String(repeating: "9", count: room)
        try Self.expectRefusal([Tools.mainModule, long], mentioning: "the longest is argument 1 with \(room) bytes")
        try Self.expectRefusal(
            [Tools.mainModule] + Array(repeating: "1", count: 900), mentioning: "901 arguments and 0 environment")
        try Self.expectRefusal(
            ["--env", "LONG=\(long)", Tools.mainModule, "1"], mentioning: "the longest is the variable \"LONG\" with")
        let fitting = String(repeating: "9", count: room - 100)
        let finished = try Self.run([Tools.mainModule, fitting])
        #expect(finished.errorText == "usage: fib [n], where n is a whole number, 0 or more\n")
    }

    // MARK: Modules made by hand

    /// A module with the exports of a Go program, whose functions do nothing.
    ///
    /// - Parameters:
    ///   - imports: The body of the import section: a count and the imports.
    ///   - functions: How many of the imports are functions.
    private static func goModule(imports: [UInt8], functions count: UInt8) -> Data {
        func section(_ id: UInt8, _ body: [UInt8]) -> [UInt8] { [id, UInt8(body.count)] + body }
        func name(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        return Data(
            [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
                // Types: (i32) -> (), (i32, i32) -> (), () -> (), () -> i32, (i64) -> ().
                + section(
                    1,
                    [5, 0x60, 1, 0x7f, 0, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 0, 0, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7e, 0])
                + section(2, imports)
                + section(3, [3, 1, 2, 3])
                + section(5, [1, 0, 1])
                + section(
                    7,
                    [4] + name("run") + [0, count] + name("resume") + [0, count + 1] + name("getsp") + [0, count + 2]
                        + name("mem") + [2, 0])
                + section(10, [3, 2, 0, 0x0b, 2, 0, 0x0b, 4, 0, 0x41, 0, 0x0b]))
    }

    private static func functionImport(_ module: String, _ name: String, type: UInt8) -> [UInt8] {
        [UInt8(module.utf8.count)] + Array(module.utf8) + [UInt8(name.utf8.count)] + Array(name.utf8) + [0, type]
    }

    @Test("in the form of unknown and mistyped imports is refused by name")
    func wrongImports() throws {
        let folder = try TemporaryFolder()
        let known = Self.functionImport("gojs", "runtime.wasmExit", type: 0)
        let cases: [(file: String, imports: [UInt8], words: [String])] = [
            ("unknown.wasm", [2] + known + Self.functionImport("gojs", "runtime.noSuch", type: 0), ["runtime.noSuch"]),
            ("module.wasm", [2] + known + Self.functionImport("other", "thing", type: 0), ["other", "thing"]),
            ("type.wasm", [1] + Self.functionImport("gojs", "runtime.wasmExit", type: 4), ["runtime.wasmExit"]),
            (
                "result.wasm", [2] + known + Self.functionImport("gojs", "runtime.nanotime1", type: 3),
                ["runtime.nanotime1"]
            ),
            (
                "global.wasm", [2] + known + [4] + Array("gojs".utf8) + [5] + Array("thing".utf8) + [3, 0x7f, 0],
                ["thing"]
            ),
        ]
        for (file, imports, words) in cases {
            let path = try folder.write(
                Self.goModule(imports: imports, functions: file == "global.wasm" ? 1 : imports[0]), to: file)
            let finished = try Self.run([path])
            #expect(finished.end == .exited(1), "\(file): \(finished.errorText.prefix(500))")
            #expect(Self.isOneLine(finished), "\(file): \(finished.errorText.prefix(500))")
            for word in words {
                #expect(finished.errorText.contains(word), "\(file): \(finished.errorText.prefix(500))")
            }
        }
    }

    @Test("in the form of a module that ends early is refused at every length")
    func truncated() throws {
        let folder = try TemporaryFolder()
        let whole = Self.goModule(
            imports: [1] + Self.functionImport("gojs", "runtime.wasmExit", type: 0), functions: 1)
        // Cut between two sections it may be a module, but then it lacks what Go's have.
        for length in 0..<whole.count {
            let path = try folder.write(whole.prefix(length), to: "cut.wasm")
            let finished = try Self.run([path])
            #expect(finished.end == .exited(1), "\(length) bytes: \(finished.errorText.prefix(500))")
            #expect(Self.isOneLine(finished), "\(length) bytes: \(finished.errorText.prefix(500))")
        }
    }

    @Test("in the form of main.wasm cut off anywhere is refused")
    func truncatedProgram() throws {
        let folder = try TemporaryFolder()
        let whole = try Data(contentsOf: URL(fileURLWithPath: Tools.mainModule))
        var random = SplitMix(seed: 11)
        // The last bytes are the names of functions: a program can do without them.
        let end = try #require(whole.range(of: Data("\u{4}name".utf8), options: .backwards)).lowerBound - 10
        for _ in 0..<200 {
            let length = Int.random(in: 0..<end, using: &random)
            try Self.expectRefusal([folder.write(whole.prefix(length), to: "cut.wasm"), "1"], mentioning: "cut.wasm")
        }
    }

    // MARK: Damaged programs

    /// How many damaged variants of main.wasm are tried, in so many groups that run side by side.
    private static let (groups, variants) = (
        8, (ProcessInfo.processInfo.environment["GOWASM_BIT_FLIPS"].flatMap(Int.init) ?? 3200) / 8
    )

    /// Flips a few bits of main.wasm, in the sections' heads, in code and in data, and runs what comes out.
    ///
    /// Whatever the variant does, it must end as a program does: by a code of its own or of Go's, by a trap, or by one
    /// line of refusal; never by a signal. One that loops for ever is killed.
    @Test("in the form of flipped bits never crashes", arguments: 0..<groups)
    func flippedBits(group: Int) throws {
        let folder = try TemporaryFolder()
        let whole = try Data(contentsOf: URL(fileURLWithPath: Tools.mainModule))
        var random = SplitMix(seed: UInt64(group) + 100)
        var refused = 0
        var endless = 0
        for variant in 0..<Self.variants {
            var damaged = whole
            let limit = variant % 4 == 0 ? 4000 : whole.count
            var flips: [String] = []
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let (position, bit) = (Int.random(in: 0..<limit, using: &random), Int.random(in: 0..<8, using: &random))
                damaged[position] ^= 1 << UInt8(bit)
                flips.append("\(position).\(bit)")
            }
            let path = try folder.write(damaged, to: "damaged.wasm")
            let finished = try Self.run([path, "5"], timeout: .seconds(5))
            let comment = Comment(rawValue: "flipped byte.bit \(flips): \(finished.errorText.prefix(300))")
            switch finished.end {
            case .killed(let signal):
                Issue.record("ended by signal \(signal), \(comment.rawValue)")
            case .timedOut:
                endless += 1
            case .exited(let code):
                // 3 to 5 are those of Go's runtime where it fails while it reports a failure ("self deadlock").
                #expect(code <= 5 || finished.errorText.isEmpty, comment)
                #expect(code == 0 || !finished.errorText.isEmpty, comment)
                if finished.errorText.contains("cannot be loaded") {
                    refused += 1
                    #expect(Self.isOneLine(finished), comment)
                    #expect(code == 1, comment)
                }
            }
        }
        // Most of the file is code and data in which a flipped bit still makes a valid module.
        #expect(refused > Self.variants / 10 && refused < Self.variants, "\(refused) of \(Self.variants) were refused.")
        // How many need longer depends on the machine.
        print("flipped bits, group \(group): \(endless) of \(Self.variants) were stopped")
    }
}
