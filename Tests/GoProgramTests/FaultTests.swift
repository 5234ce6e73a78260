import Foundation
import Testing
import _TestSupport

/// What happens around a program that goes on: full disks, signals, refusals, and much of the same.
@Suite(
    "Programs in trouble", .tags(.go), .enabled(if: Tools.hasPrograms, Missing.builds),
    .enabled(if: Tools.hasExecutable, Missing.executable))
struct FaultTests {
    /// Runs a script of bash, with the program under test as `$0` and its arguments as `$@`.
    private func bash(_ script: String, _ arguments: [String], input: String = "/dev/null") throws -> Finished {
        try Command(
            executable: "/bin/bash", arguments: ["-c", script, Tools.executable] + arguments,
            environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }, input: input
        ).run()
    }

    /// Runs a script of bash in a folder, `$0`, with copies of the program under test and of a module, and with a
    /// command in `$as` that runs others as a user who is not root, whom nothing is forbidden to and no limit holds for.
    private func runAsAnyUser(_ folder: TemporaryFolder, _ module: String, _ script: String) throws -> Finished {
        // The shell makes the copies: what this process has open to write, children that other tests start have, too,
        // and a busy program is not started.
        let preparation = """
            as=; [ $(id -u) = 0 ] && as="setpriv --reuid=65534 --regid=65534 --clear-groups"
            cd "$0" && chmod 755 . && cp "$1" program && cp "$2" main.wasm && chmod 755 program main.wasm && 
            """
        return try Command(
            executable: "/bin/bash",
            arguments: ["-c", preparation + script, folder.url.path, Tools.executable, module],
            environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
        ).run()
    }

    /// The lines that the program writes.
    private static func lines(_ count: Int) -> Data {
        var text = Data(capacity: count * 9)
        for number in 0..<count {
            let digits = String(number)
            text.append(
                contentsOf: Array(String(repeating: "0", count: 8 - digits.count).utf8) + Array(digits.utf8) + [10])
        }
        return text
    }

    @Test("a full disk: what was written is there, once, and the rest is an error", arguments: FileProgram.all)
    func fullDisk(_ program: FileProgram) throws {
        let folder = try TemporaryFolder()
        // A limit of 100 blocks of a kilobyte ends in the middle of the fourth write.
        let finished = try bash(
            "ulimit -f 100; exec \"$0\" \"$@\"",
            ["--dir", "\(folder.url.path):/g", program.module, "fill", "/g/file"])
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        let said = String(decoding: finished.output, as: UTF8.self)
        #expect(said == "102400 write /g/file: File too large\n")
        let written = try Data(contentsOf: URL(fileURLWithPath: folder.path("file")))
        #expect(written == Self.lines(12_000).prefix(102_400))
        // No room at all.
        #if os(Linux)
            let full = try bash("exec \"$0\" \"$@\"", ["--dir", "/dev:/g", program.module, "fill", "/g/full"])
            #expect(full.end == .exited(0), "\(full.errorText)")
            #expect(String(decoding: full.output, as: UTF8.self) == "0 write /g/full: No space left on device\n")
        #endif
    }

    #if os(Linux)
        /// Whether users may have namespaces of their own, in which they may mount file systems.
        static let hasNamespaces =
            (try? Command(
                executable: "/usr/bin/env", arguments: ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
                environment: ["PATH": "/usr/bin:/bin"]
            ).run())?.end == .exited(0)

        @Test(
            "a disk of 64 KiB is filled to the last byte, and has room again where something is removed",
            .enabled(if: hasNamespaces, "The kernel gives this user no namespaces."), arguments: FileProgram.all)
        func smallDisk(_ program: FileProgram) throws {
            let folder = try TemporaryFolder()
            // The file system is the namespace's own, and ends with the shell. The program's writes have 27,000 bytes.
            let script = """
                mount -t tmpfs -o size=64k none "$DISK" && cd "$DISK" && echo >ballast &&
                "$0" "$@" fill /g/file && rm ballast && "$0" "$@" fill /g/more && cat file more
                """
            let finished = try Command(
                executable: "/usr/bin/env",
                arguments: ["unshare", "-rm", "bash", "-c", script, Tools.executable]
                    + ["--dir", "\(folder.url.path):/g", program.module],
                environment: Tools.environment.merging(
                    ["PATH": "/usr/bin:/bin", "DISK": folder.url.path]) { $1 }
            ).run()
            #expect(finished.end == .exited(0), "\(finished.errorText)")
            let full = "write /g/file: No space left on device\n"
            let said = "61440 \(full)4096 \(full.replacing("file", with: "more"))"
            let written = Self.lines(10_000)
            #expect(finished.output == Data(said.utf8) + written.prefix(61_440) + written.prefix(4096))
        }
    #endif

    @Test(
        "a folder that the user may not write to: the error is the system's",
        arguments: FileProgram.all)
    func noPermission(_ program: FileProgram) throws {
        let folder = try TemporaryFolder()
        let finished = try runAsAnyUser(
            folder, program.module,
            "mkdir shut && chmod 555 shut && exec $as ./program --dir \"$0/shut:/g\" main.wasm fill /g/file")
        #expect(finished.end == .exited(1), "\(finished.errorText)")
        let said = String(decoding: finished.output, as: UTF8.self)
        #expect(said == "failed: open /g/file: Permission denied\n")
        #expect(!FileManager.default.fileExists(atPath: folder.path("shut/file")))
        // So that the folder can be removed.
        chmod(folder.path("shut"), 0o755)
    }

    @Test(
        "stops, and signals of the profiler while the host works, lose and double nothing", arguments: FileProgram.all)
    func signals(_ program: FileProgram) throws {
        let folder = try TemporaryFolder()
        let text = Self.lines(40_000)
        let input = try folder.write(text, to: "input")
        // Stopped processes get EINTR from some calls. The reader is slow at first, so that the pipe is full.
        let script = """
            cat "$IN" | { "$0" --cpuprofile "$IN.pprof" "$@" & p=$!
            for i in 1 2 3 4 5 6 7 8 9 10; do kill -STOP $p; sleep 0.01; kill -CONT $p; sleep 0.02; done 2>/dev/null
            wait $p; echo "code $?" >&2; } | { sleep 0.3; cat; }
            """
        for arguments in [["pour", "40000"], ["copy"]] {
            let finished = try bash("IN='\(input)'\n" + script, [program.module] + arguments)
            #expect(finished.output == text, "\(arguments): \(finished.output.count) bytes")
            #expect(finished.errorLines.last == "code 0", "\(finished.errorText)")
        }
    }

    @Test(
        "memory that is refused is Go's own error",
        .enabled(if: !Tools.isSanitized, "AddressSanitizer needs the addresses."),
        arguments: FileProgram.all)
    func memoryRefused(_ program: FileProgram) throws {
        let finished = try bash("ulimit -v 1000000; exec \"$0\" \"$@\"", [program.module, "allocate"])
        #expect(finished.end == .exited(2), "\(finished.errorText.prefix(500))")
        #expect(finished.errorText.contains("out of memory"), "\(finished.errorText.prefix(500))")
        #expect(finished.output.isEmpty)
    }

    @Test("--max-memory ends what takes more", arguments: FileProgram.all)
    func memoryLimit(_ program: FileProgram) throws {
        let folder = try TemporaryFolder()
        let script = Tools.root.appendingPathComponent("Tests/Tools/measured.py").path
        let finished = try bash(
            "python3 '\(script)' '\(folder.path("usage"))' \"$0\" --max-memory 64M \"$@\"",
            [program.module, "allocate"])
        #expect(finished.end == .exited(2), "\(finished.errorText.prefix(500))")
        #expect(finished.errorText.contains("out of memory"), "\(finished.errorText.prefix(500))")
        // Without the option it is some gigabytes.
        let usage = try String(contentsOfFile: folder.path("usage"), encoding: .utf8).split(separator: " ")
        let peak = try #require(Int(usage[1].dropLast()))
        if !Tools.isSanitized { #expect(peak < 256 << 10, "\(peak) KiB") }
    }

    /// What a program for js has the host keep: an array of many objects, and one buffer that is too large.
    @Test("--max-memory counts what the host keeps", arguments: [("hold", 64), ("hold", 300), ("large", 64)])
    func keptMemory(mode: String, mebibytes: Int) throws {
        let module = try #require(Checkout.newestPrograms).appendingPathComponent("embedded.wasm").path
        let folder = try TemporaryFolder()
        let script = Tools.root.appendingPathComponent("Tests/Tools/measured.py").path
        let finished = try bash(
            "python3 '\(script)' '\(folder.path("usage"))' \"$0\" --max-memory \(mebibytes)M \"$@\"", [module, mode])
        if mode == "large" {
            #expect(finished.end == .exited(0), "\(finished.errorText.prefix(500))")
            #expect(
                String(decoding: finished.output, as: UTF8.self)
                    == "recovered: JavaScript error: Array buffer allocation failed\n")
        } else {
            #expect(Self.isOutOfMemory(finished), "\(finished.end) \(finished.errorText.prefix(500))")
        }
        let usage = try String(contentsOfFile: folder.path("usage"), encoding: .utf8).split(separator: " ")
        let peak = try #require(Int(usage[1].dropLast()))
        // What allocators add to small values is not counted.
        if !Tools.isSanitized { #expect(peak < (mebibytes * 2 + 128) << 10, "\(peak) KiB") }
    }

    /// Whether a run ended as one does that gets no more memory: not by a signal, and with words that say so.
    private static func isOutOfMemory(_ finished: Finished) -> Bool {
        guard case .exited(let code) = finished.end, code == 1 || code == 2 else { return false }
        return ["limit of memory", "out of memory", "cannot allocate memory", "Invalid array length"].contains {
            finished.errorText.contains($0)
        }
    }

    /// Many small values under a limit of address space: there is an end before there is none for the host itself.
    @Test(
        "where address space is limited many small values are an end with words",
        .enabled(if: !Tools.isSanitized, "AddressSanitizer needs the addresses."),
        arguments: [700_000])
    func scarceMemory(kibibytes: Int) throws {
        let module = try #require(Checkout.newestPrograms).appendingPathComponent("embedded.wasm").path
        for mode in ["hold", "chain", "names", "promises", "timers"] {
            let finished = try bash("ulimit -v \(kibibytes); exec \"$0\" \"$@\"", [module, mode])
            #expect(Self.isOutOfMemory(finished), "\(mode): \(finished.end) \(finished.errorText.prefix(500))")
        }
    }

    /// What the tests of values say of debug builds holds for the optimised program, too.
    @Test("a long chain of values is let go")
    func chain() throws {
        let module = try #require(Checkout.newestPrograms).appendingPathComponent("embedded.wasm").path
        let finished = try bash("exec \"$0\" \"$@\"", [module, "release"])
        #expect(finished.end == .exited(0), "\(finished.errorText.prefix(500))")
        #expect(String(decoding: finished.output, as: UTF8.self) == "released\n")
    }

    @Test("no threads are needed", .enabled(if: !Tools.isSanitized, "AddressSanitizer needs some."))
    func noThreads() throws {
        let finished = try runAsAnyUser(
            TemporaryFolder(), Tools.mainModule,
            "exec $as bash -c 'ulimit -u 1; exec ./program --validate main.wasm 12'")
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        #expect(String(decoding: finished.output, as: UTF8.self) == "fib(12) = 144\n")
    }

    /// Many rounds take no more memory than some, and never more than a few handles.
    ///
    /// `GOWASM_SOAK_ROUNDS` makes it longer.
    @Test("round after round memory and handles stay as they are", arguments: FileProgram.all)
    func soak(_ program: FileProgram) throws {
        let rounds = ProcessInfo.processInfo.environment["GOWASM_SOAK_ROUNDS"].flatMap { Int($0) } ?? 60
        func peak(_ rounds: Int) throws -> Int {
            let folder = try TemporaryFolder()
            let work = folder.path("work")
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            let script = Tools.root.appendingPathComponent("Tests/Tools/measured.py").path
            // Each round opens 20 files: one that is not closed, if only by the collector, would soon be one too many.
            let finished = try bash(
                "python3 '\(script)' '\(folder.path("usage"))' bash -c 'ulimit -n 64; exec \"$0\" \"$@\"' \"$0\" \"$@\"",
                ["--dir", "\(work):/g", program.module, "soak", "/g", "\(rounds)"])
            #expect(finished.end == .exited(0), "\(finished.errorText.prefix(1000))")
            #expect(String(decoding: finished.output, as: UTF8.self) == "rounds \(rounds)\n")
            let usage = try String(contentsOfFile: folder.path("usage"), encoding: .utf8).split(separator: " ")
            print("soak: \(program.testDescription), \(rounds) rounds: \(usage[0]) s, \(usage[1].dropLast()) KiB")
            return try #require(Int(usage[1].dropLast()))
        }
        let (few, many) = (try peak(rounds / 4), try peak(rounds))
        // AddressSanitizer keeps freed memory for a while.
        if !Tools.isSanitized {
            #expect(many < few + few / 4 + 4096, "\(few) KiB after \(rounds / 4) rounds, \(many) KiB after \(rounds)")
        }
    }
}
