import Foundation
import LibC
import Testing
import _TestSupport

/// The built command, and the program that comes with the project.
enum Built {
    private static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    static let executable = folder.appendingPathComponent("gowasm-fast").path
    static let program = Checkout.mainModule.path

    static let canRun = Checkout.runs(
        ifThere: [executable, program].allSatisfy { FileManager.default.isReadableFile(atPath: $0) })

    /// Starts the command in a shell, which sets up its descriptors.
    ///
    /// Returns its exit status as the shell sees it, and what came out. To the script, the command is `$1`, the program
    /// `$2`, and `$3` the first of further arguments.
    static func shell(_ script: String, _ arguments: String...) throws -> (
        status: Int32, output: String, errors: String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", executable, program] + arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let errorText = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: errorText, as: UTF8.self)
        )
    }
}

/// The built command as a process of its own, with the program that comes with the project.
@Suite("The process", .serialized, .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
struct ProcessTests {
    private func shell(_ script: String) throws -> (status: Int32, output: String, errors: String) {
        try Built.shell(script)
    }

    @Test("the result is on standard output, and nothing else anywhere")
    func plain() throws {
        let (status, output, errors) = try shell("\"$1\" \"$2\" 12")
        #expect(status == 0)
        #expect(output == "fib(12) = 144\n")
        #expect(errors == "")
    }

    @Test("as go_js_wasm_exec it takes what the go command passes")
    func goCommand() throws {
        let (status, output, errors) = try shell(
            "d=$(mktemp -d) && ln -s \"$1\" $d/go_js_wasm_exec && $d/go_js_wasm_exec \"$2\" 12; s=$?; rm -r $d; exit $s"
        )
        #expect(status == 0)
        #expect(output == "fib(12) = 144\n")
        #expect(errors == "")
    }

    @Test("a trace goes to standard error, a call a line")
    func trace() throws {
        let (status, output, errors) = try shell("\"$1\" --trace \"$2\" 12")
        #expect(status == 0)
        #expect(output == "fib(12) = 144\n")
        let lines = errors.split(separator: "\n")
        #expect(lines.count > 20)
        for line in lines {
            let shape = /\ +\d+\.\d{6} (runtime|syscall\/js)\.\w+\(.*\).* <[\d.]+ (ns|µs|ms)>/
            #expect(line.wholeMatch(of: shape) != nil, "\(line)")
        }
        let write = #/m="write", args=\[1, Uint8Array\(14\)#[0-9]+ "fib\(12\) = 144\\n", 0, 14, null, /#
        #expect(lines.contains { $0.contains(write) })
        #expect(lines.last?.contains("runtime.wasmExit(code=0) exits <") == true)
    }

    @Test("a trace can be of some imports, and of lines of JSON")
    func filteredTrace() throws {
        let (status, _, errors) = try shell("\"$1\" --trace-json --trace-filter 'value*,!valueGet' \"$2\" 12")
        #expect(status == 0)
        let names = try errors.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["duration"] is Int && object?["start"] is Int && object?["arguments"] is [String: Any])
            return object?["name"] as? String ?? ""
        }
        #expect(names.contains("syscall/js.valueCall") && !names.contains("syscall/js.valueGet"))
        #expect(names.allSatisfy { $0.hasPrefix("syscall/js.value") })
    }

    @Test("a trace can be of files only, whatever standard output is")
    func fileTrace() throws {
        for end in ["", "| cat", "> /dev/null"] {
            let (status, _, errors) = try shell("\"$1\" --trace-files \"$2\" 12 \(end)")
            #expect(status == 0)
            let lines = errors.split(separator: "\n")
            #expect(lines.count == 1, "\(errors)")
            #expect(
                lines.first?.contains(#"fs.write(fd=1, buffer="fib(12) = 144\n", length=14, position=null) = n=14 <"#)
                    == true, "\(errors)")
        }
        let filtered = try shell("\"$1\" --trace-files --trace-filter '!write,!runtime.*' \"$2\" 12")
        #expect(filtered.status == 0 && filtered.errors.isEmpty)
    }

    @Test("a trace goes to a file, whole or with an error")
    func traceFile() throws {
        let (status, output, errors) = try shell(
            """
            d=$(mktemp -d)
            "$1" --trace-file $d/t "$2" 12 && grep -c 'runtime.wasmExit(code=0) exits' $d/t
            "$1" --trace-json --trace-files --trace-file $d/t "$2" 12 && cat $d/t
            rm -r $d
            """)
        #expect(status == 0 && errors == "")
        let lines = output.split(separator: "\n")
        try #require(lines.count == 4, "\(output)")
        #expect(lines[1] == "1" && lines[3].contains(#""name": "fs.write""#))

        let full = try shell("\"$1\" --trace-file /dev/full \"$2\" 12")
        #expect(full.status == 1 && full.output == "fib(12) = 144\n")
        #expect(full.errors == "gowasm-fast: cannot write the trace \"/dev/full\": No space left on device\n")
        let missing = try shell("\"$1\" --trace-file /no/such/folder/t \"$2\" 12")
        #expect(missing.status == 1 && missing.output == "")
        #expect(missing.errors.split(separator: "\n").count == 1)
        let planted = try shell(
            """
            d=$(mktemp -d); ln -s /dev/null $d/t
            "$1" --dir $d --trace-file $d/t "$2" 12; s=$?; rm -r $d; exit $s
            """)
        #expect(planted.status == 1 && planted.output == "")
        #expect(planted.errors.contains("is a link in a folder that the program is given"))
    }

    @Test("a broken pipe ends the process by SIGPIPE, as it does native programs")
    func brokenPipe() throws {
        // The inner shell reports how the command ended once the reader is gone.
        let (_, _, errors) = try shell("{ sleep 0.3; \"$1\" \"$2\" 12; echo $? >&2; } | true")
        #expect(errors == "\(128 + SIGPIPE)\n")
    }

    @Test("closed or full standard output is the program's problem, not ours")
    func unwritable() throws {
        #expect(try shell("\"$1\" \"$2\" 12 >&-").status == 0)
        #if os(Linux)
            let (status, _, errors) = try shell("\"$1\" \"$2\" 12 >/dev/full")
            #expect(status == 0)
            #expect(errors == "")
        #endif
    }

    @Test("failures are one line on standard error")
    func failure() throws {
        let (status, output, errors) = try shell("\"$1\" /no/such/file.wasm --help")
        #expect(status == 1)
        #expect(output == "")
        #expect(errors == "gowasm-fast: /no/such/file.wasm: cannot open the file: No such file or directory\n")
    }

    @Test("little address space: the same result, with checked accesses")
    func littleAddressSpace() throws {
        let (status, output, _) = try shell("ulimit -v 4000000; \"$1\" \"$2\" 12")
        #expect(status == 0)
        #expect(output == "fib(12) = 144\n")
    }
}
