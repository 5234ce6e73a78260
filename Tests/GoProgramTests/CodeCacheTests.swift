import Foundation
import Testing
import _TestSupport

/// Programs whose bytecode is kept from one run to the next.
@Suite("Kept bytecode", .enabled(if: Tools.hasExecutable, Missing.executable))
struct CodeCacheTests {
    private let folder: TemporaryFolder
    private var cache: String { folder.path("cache") }

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String], cache: String? = nil) throws -> Finished {
        try Command(
            executable: Tools.executable, arguments: arguments,
            environment: Tools.environment.merging(["GOWASM_CACHE": cache ?? self.cache]) { $1 }
        ).run()
    }

    private func expectFib(_ options: [String] = [], cache: String? = nil) throws {
        let finished = try run(options + [Tools.mainModule, "20"], cache: cache)
        #expect(finished.end == .exited(0))
        #expect(String(decoding: finished.output, as: UTF8.self) == "fib(20) = 6765\n")
        #expect(finished.errors.isEmpty, "\(finished.errorText)")
    }

    /// The files of the cache, by name.
    private func files(_ cache: String? = nil) throws -> [String: Data] {
        let url = URL(fileURLWithPath: cache ?? self.cache)
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path)
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: url.appendingPathComponent($0))) })
    }

    private func write(_ files: [String: Data]) throws {
        for (name, data) in files { try data.write(to: URL(fileURLWithPath: cache).appendingPathComponent(name)) }
    }

    @Test("is written once, and used by the runs that follow, in each way to run apart")
    func use() throws {
        try expectFib()
        let first = try files()
        #expect(first.count == 1 && first.values.allSatisfy { $0.count > 100_000 })
        let place = URL(fileURLWithPath: cache).appendingPathComponent(first.keys.first!)
        let written = try FileManager.default.attributesOfItem(atPath: place.path)
        #expect(written[.posixPermissions] as? Int == 0o600)
        try expectFib()
        #expect(try files() == first)
        let again = try FileManager.default.attributesOfItem(atPath: place.path)
        #expect(again[.systemFileNumber] as? Int == written[.systemFileNumber] as? Int, "It was written again.")
        for options in [["--no-optimize"], ["--checked-memory"], ["--checked-memory", "--no-optimize"]] {
            try expectFib(options)
            try expectFib(options)
        }
        #expect(try files().count == 4)
    }

    @Test("is not used when it is off, not asked for when costs are counted, and not made of what go runs")
    func off() throws {
        let link = folder.path("go_js_wasm_exec")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Tools.executable)
        let byGo = try Command(
            executable: link, arguments: [Tools.mainModule, "20"],
            environment: Tools.environment.merging(["GOWASM_CACHE": cache]) { $1 }
        ).run()
        #expect(String(decoding: byGo.output, as: UTF8.self) == "fib(20) = 6765\n")
        try expectFib(cache: "off")
        #expect(!FileManager.default.fileExists(atPath: cache) && !FileManager.default.fileExists(atPath: "off"))
        try expectFib()
        let kept = try run(["--stats", Tools.mainModule, "20"])
        #expect(kept.errorText.contains("functions that were called"))
        let lowered = kept.errorLines.first { $0.contains("functions that were called") }
        #expect(lowered.map { !$0.contains(" 0 functions") } == true, "\(kept.errorText)")
    }

    @Test(
        "leads to the same stack traces", .enabled(if: Tools.hasPrograms, Missing.builds),
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func stackTraces() throws {
        let newest = try #require(GoBuild.newest)
        // A goroutine that runs for ever, which is somewhere else each time: its functions are the same.
        let runs = try (0..<3).map { _ in try run(["--timeout", Tools.secondsAtWork, newest.fib, "60"]) }
        for finished in runs {
            #expect(finished.end == .exited(124))
            let calls = finished.errorLines.filter { $0.contains("main.fib") && $0.contains("main.go:") }
            #expect(!calls.isEmpty, "\(finished.errorText)")
        }
        #expect(try files().count == 1)
        // A trap, at an address that the bytecode's neighbour in the module is found by.
        let text = """
            (module (memory 1)
            \(CodeCacheTests.bulk)
            (func $fails (param i32) (result i32)
              (i32.div_u (i32.load (i32.const 16)) (local.get 0)))
            (func (export "run") (param i32) (result i32) (drop (call $bulk (i32.const 1))) (call $fails (local.get 0))))
            """
        let module = try folder.write(Data(WebAssemblyText.assemble(text)), to: "trap.wasm")
        let traps = try (0..<3).map { _ in try run(["--invoke", "run", module, "0"]) }
        #expect(traps[0].end == .exited(1) && traps[0].errorText.contains("integer divide by zero"))
        #expect(traps[1].errors == traps[0].errors && traps[2].errors == traps[0].errors)
        #expect(try files().count == 2)
    }

    /// A function of much bytecode, with what it adds at its end.
    private static func bulk(adding number: Int) -> String {
        let step = "(local.set 0 (i32.xor (i32.mul (local.get 0) (i32.const 1000003)) (local.get 1)))\n"
        return "(func $bulk (param i32) (result i32) (local i32) \(String(repeating: step, count: 8000)) "
            + "(i32.add (i32.const \(number)) (i32.and (local.get 0) (i32.const 0))))"
    }
    private static let bulk = bulk(adding: 0)

    @Test(
        "of one module is never another's, whatever file it is in",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func otherModules() throws {
        func module(_ number: Int, _ imported: String) throws -> String {
            let text = """
                (module (memory (export "\(imported)") 1)
                \(Self.bulk(adding: number))
                (func (export "run") (result i32) (call $bulk (i32.const 7))))
                """
            return try folder.write(Data(WebAssemblyText.assemble(text)), to: "\(number)\(imported).wasm")
        }
        // They begin in the same way and are of the same size: so do the names of their files.
        let modules = try [(1111, "a"), (2222, "a"), (1111, "b")].map { (try module($0, $1), $0) }
        for round in 0..<2 {
            for (module, number) in modules {
                let finished = try run(["--invoke", "run", module])
                #expect(finished.end == .exited(0) && String(decoding: finished.output, as: UTF8.self) == "\(number)\n")
                #expect(finished.errors.isEmpty, "\(finished.errorText)")
            }
            if round == 0 { #expect(try files().count >= 1) }
        }
        // One's code under the other's name.
        try FileManager.default.removeItem(atPath: cache)
        _ = try run(["--invoke", "run", modules[0].0])
        let first = try files()
        try FileManager.default.removeItem(atPath: cache)
        _ = try run(["--invoke", "run", modules[2].0])
        let second = try files()
        try write(Dictionary(uniqueKeysWithValues: zip(second.keys, first.values)))
        let finished = try run(["--invoke", "run", modules[2].0])
        #expect(String(decoding: finished.output, as: UTF8.self) == "1111\n")
        #expect(try files() == second, "What was not its own is replaced.")
    }

    #if os(Linux)
        @Test("is for the build of gowasm-fast that has made it, wherever that lies")
        func builds() throws {
            func run(_ executable: Data, _ name: String) throws {
                let path = try folder.write(executable, to: name)
                // The shell closes what other tests may just have open to write: a busy program is not started.
                let finished = try Command(
                    executable: "/bin/bash",
                    arguments: [
                        "-c", "cp $0 $0.copy && chmod 755 $0.copy && $0.copy \"$@\"", path, Tools.mainModule, "20",
                    ],
                    environment: Tools.environment.merging(["GOWASM_CACHE": cache, "PATH": "/bin:/usr/bin"]) { $1 }
                ).run()
                #expect(String(decoding: finished.output, as: UTF8.self) == "fib(20) = 6765\n", "\(finished.errorText)")
            }
            try expectFib()
            let first = try files()
            var executable = try Data(contentsOf: URL(fileURLWithPath: Tools.executable))
            try run(executable, "same")
            #expect(try files() == first)
            // A note of the type 3 with 20 bytes, of the owner "GNU".
            let note = Data([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0] + Array("GNU\0".utf8))
            let place = try #require(executable.range(of: note))
            executable[place.upperBound] ^= 1
            try run(executable, "other")
            #expect(try files().count == 2)
        }
    #endif

    @Test("that is damaged or cut off is made anew")
    func damage() throws {
        try expectFib()
        let (name, data) = try #require(try files().first)
        var random = SplitMix(seed: 1)
        for round in 0..<120 {
            var damaged = data
            // The header and the functions are a small part, and most is what is compared: all get their share.
            let end = [88, 4000, data.count][round % 3]
            let place = Int(random.next() % UInt64(end))
            if round % 10 == 9 {
                damaged = damaged.prefix(place)
            } else {
                damaged[place] ^= 1 << UInt8(random.next() % 8)
            }
            try write([name: damaged])
            try expectFib()
            // Another run may have lowered in another order: what it has written is not the same to the byte.
            let after = try files()
            #expect(after.count == 1 && after[name] != damaged, "Byte \(place) in round \(round)")
            if round % 20 == 0 {
                try expectFib()
                #expect(try files() == after, "What was made anew is not used.")
            }
        }
    }

    @Test("is used only where nobody else can write it, and missed by nobody")
    func places() throws {
        func attribute(_ mode: Int, _ path: String) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        try expectFib()
        let (name, data) = try #require(try files().first)
        let file = cache + "/" + name
        // Others may write the file: it is not believed, but replaced. What it says is noticed by what it is.
        try attribute(0o666, file)
        try expectFib()
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        // A link, a pipe that nobody writes to, a folder of that name.
        try FileManager.default.moveItem(atPath: file, toPath: folder.path("elsewhere"))
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: folder.path("elsewhere"))
        try expectFib()
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType == .typeRegular)
        try FileManager.default.removeItem(atPath: file)
        #expect(mkfifo(file, 0o600) == 0)
        try expectFib()
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)).count > data.count / 2)
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
        try expectFib()
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache) == [name], "A file is left over.")
        // Others may write to the folder; it is a file; it cannot be made.
        try FileManager.default.removeItem(atPath: file)
        try attribute(0o777, cache)
        try expectFib()
        #expect(try files().isEmpty)
        try expectFib(cache: try folder.write(Data("x".utf8), to: "file"))
        try expectFib(cache: folder.path("file") + "/below")
        try expectFib(cache: folder.path("not/there/at/all"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("not")))
    }

    @Test("does not grow beyond what the folder may hold, and leaves alone what is not its own")
    func limit() throws {
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: false)
        try Self.allowOnlyOwner(cache)
        let ages = ["1.bytecode": 3, "2.bytecode": 2, "3.bytecode": 1, "9.bytecode.77": 9, "notes": 99]
        for (name, days) in ages {
            let path = cache + "/" + name
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            // They have no blocks on the disk.
            #expect(truncate(path, 100 << 20) == 0)
            let day = Date(timeIntervalSinceNow: -86_400 * Double(days))
            try FileManager.default.setAttributes([.modificationDate: day], ofItemAtPath: path)
        }
        try expectFib()
        let left = Set(try FileManager.default.contentsOfDirectory(atPath: cache))
        #expect(left.isSuperset(of: ["2.bytecode", "3.bytecode", "notes"]) && left.count == 4, "\(left)")
    }

    private static func allowOnlyOwner(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    }

    @Test("is where the user's caches are, unless something else is said")
    func standardPlaces() throws {
        func run(_ variables: [String: String]) throws {
            let finished = try Command(
                executable: Tools.executable, arguments: [Tools.mainModule, "20"],
                environment: Tools.environment.merging(variables) { $1 }
            ).run()
            #expect(finished.end == .exited(0) && finished.errors.isEmpty)
        }
        let home = folder.path("home")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
        try run([:])
        try run(["HOME": home])
        #if os(macOS)
            #expect(try files(home + "/Library/Caches/gowasm-fast").count == 1)
        #else
            #expect(try files(home + "/.cache/gowasm-fast").count == 1)
        #endif
        try run(["HOME": home, "XDG_CACHE_HOME": folder.path("caches")])
        #expect(try files(folder.path("caches") + "/gowasm-fast").count == 1)
        // The XDG base directory specification: all paths must be absolute, and others are ignored.
        let other = folder.path("other")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
        try run(["HOME": other, "XDG_CACHE_HOME": "caches"])
        #expect(try files(other + "/.cache/gowasm-fast").count == 1)
        #expect(!FileManager.default.fileExists(atPath: "caches"))
        try run(["HOME": "relative"])
        #expect(!FileManager.default.fileExists(atPath: "relative"))
        try run(["HOME": folder.path("none"), "GOWASM_CACHE": folder.path("own")])
        #expect(try files(folder.path("own")).count == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.path("none")))
    }

    @Test(
        "is neither made nor used in a home that belongs to somebody else",
        .enabled(if: geteuid() == 0, "Only root can make such a home."))
    func otherHome() throws {
        func run(_ home: String) throws {
            let finished = try Command(
                executable: Tools.executable, arguments: [Tools.mainModule, "20"],
                environment: Tools.environment.merging(["HOME": home]) { $1 }
            ).run()
            #expect(finished.end == .exited(0) && finished.errors.isEmpty)
        }
        for makesCaches in [false, true] {
            let home = folder.path("home\(makesCaches)")
            try FileManager.default.createDirectory(
                atPath: home + (makesCaches ? "/.cache" : ""), withIntermediateDirectories: true)
            #expect(chown(home, 12345, 12345) == 0)
            if makesCaches { #expect(chown(home + "/.cache", 12345, 12345) == 0) }
            try run(home)
            #expect(!FileManager.default.fileExists(atPath: home + "/.cache/gowasm-fast"))
            #expect(FileManager.default.fileExists(atPath: home + "/.cache") == makesCaches)
        }
    }

    @Test("is not read from a folder that others may write to, or that belongs to somebody else")
    func folders() throws {
        try expectFib()
        let (name, data) = try #require(try files().first)
        // Whether it is read shows in a file of another time, which says so when it is used.
        func isRead() throws -> Bool {
            let file = cache + "/" + name
            let old = Date(timeIntervalSinceNow: -86_400)
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file)
            try expectFib()
            let date = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == data)
            return try #require(date).timeIntervalSince(old) > 3600
        }
        #expect(try isRead())
        #expect(chmod(cache, 0o770) == 0)
        #expect(try !isRead())
        #expect(chmod(cache, 0o700) == 0)
        #expect(try isRead())
        guard geteuid() == 0 else { return }
        #expect(chown(cache, 12345, 12345) == 0)
        #expect(try !isRead())
    }

    @Test("leaves nothing for ever of what could not be completed, and looks at no more files than it may have")
    func leftOvers() throws {
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: false)
        try Self.allowOnlyOwner(cache)
        for (name, hours) in [("1.bytecode.abc", 2), ("2.bytecode.def", 0)] {
            let path = try folder.write(Data("x".utf8), to: "cache/" + name)
            let date = Date(timeIntervalSinceNow: -3600 * Double(hours) - 60)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        }
        try expectFib()
        let left = try FileManager.default.contentsOfDirectory(atPath: cache)
        #expect(left.count == 2 && left.contains("2.bytecode.def"), "\(left)")
        // More files than there can be: some are removed, and not all are looked at.
        for number in 0..<20_000 {
            #expect(close(open("\(cache)/n\(number).bytecode", O_CREAT | O_WRONLY, 0o600)) == 0)
        }
        try expectFib(["--no-optimize"])
        let rest = try FileManager.default.contentsOfDirectory(atPath: cache).count
        #expect(rest < 19_000 && rest > 10_000, "\(rest)")
    }

    @Test("is the same for programs that start and end at the same time")
    func together() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<12 { group.addTask { for _ in 0..<4 { try expectFib() } } }
            try await group.waitForAll()
        }
        #expect(try files().count == 1)
    }
}
