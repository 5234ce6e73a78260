import Foundation
import GoWasm
import HostSystem
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasmCLI

@Suite("What --stats prints")
struct RunReportTests {
    private func lines(
        _ statistics: RunStatistics, _ collections: GarbageCollections = GarbageCollections(),
        samples: SampleCounts? = nil
    ) -> [String] {
        let report = RunReport(
            statistics: statistics, collections: collections, samples: samples, module: nil, loading: 0, whole: 1)
        return report.lines(Style.ofErrors)
    }

    @Test("times that a program has made up have room in its tables")
    func largeTimes() {
        let collections = GarbageCollections()
        let line = "gc 1 @0.1s 2%: 1e12+1e12+1e12 ms clock, 0+0 ms cpu, 4->5->1 MB, 4 MB goal, 1 P\n"
        for _ in 0..<100 { #expect(collections.pass(Array(line.utf8)).isEmpty) }
        #expect(lines(RunStatistics(), collections).contains { $0.contains("100 collections") })
    }

    @Test("a table has the same figures for people and for programs")
    func table() {
        let table = FigureTable(
            name: "t", heading: "heading: \("whole", .count(1234))", labelWidth: 10,
            columns: [.init(name: "a", heading: "first", width: 12), .init(name: "b", width: 12, prefix: "to ")],
            rows: [
                .init(
                    name: "r", label: "row", cells: [.time(2_500_000), nil],
                    note: "\("part", .share(1, of: 3)) of it" + .unseen("q", .text("\""))),
                .init(label: "\("n", .text("long name"), most: 4)", cells: [.memory(2048), .fileSize(3000)]),
                .init(label: "\("mb", .megabytes(.max)) at most", note: ""),
            ])
        #expect(
            table.lines(Style(isPlain: true)) == [
                "heading: 1,234       first", "  row            2.50 ms               33.3 % of it",
                "  long          2.00 KiB     to 3 kB", "  9223372036854775807 MB at most",
            ])
        let members = Dictionary(uniqueKeysWithValues: table.members)
        #expect(members["whole"] == "1234")
        #expect(
            members["t"]
                == #"{"r": {"a": 2500000, "part": 0.3333, "q": "\""}, "n": "long name", "a": 2048, "b": 3000, "#
                + #""mb": 9223372036854775807}"#)
        var list = table
        list.isList = true
        list.selection = .first(1)
        #expect(list.lines(Style(isPlain: true)).dropFirst(2) == ["  and 2 more"])
        #expect(list.members.last?.1.hasPrefix(#"[{"a": 2500000, "#) == true)
        list.selection = .spread(2)
        #expect(list.lines(Style(isPlain: true)).last == "  9223372036854775807 MB at most")
        #expect(Figure.share(1, of: 0).json == "null")
    }

    /// What is said of machine code when a function has been called.
    private func machineCode(
        _ samples: SampleCounts? = nil, _ configure: (inout Store.Configuration) -> Void
    ) throws -> [String] {
        let statistics = RunStatistics()
        var configuration = Store.Configuration()
        configuration.statistics = statistics
        configure(&configuration)
        let module = try WebAssemblyText.module(
            "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))")
        let instance = try Instance(module, store: Store(configuration: configuration))
        #expect(try instance.function(named: "add").call([.i32(2), .i32(3)]) == [.i32(5)])
        let lines = lines(statistics, samples: samples)
        #expect(lines.allSatisfy { $0.count <= 80 })
        let start = try #require(lines.firstIndex(of: "machine code"))
        return lines[start...].dropFirst().prefix { !$0.isEmpty }.map { String($0) }
    }

    @Test(
        "why there is no machine code",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func noMachineCode() throws {
        let samples = SampleCounts()
        #expect(
            try machineCode(samples) { $0.compilation = nil } == [
                "  none        asked for by --no-native or GOWASM_NATIVE"
            ])
        #expect(
            try machineCode(samples) { $0.usesGuardPages = false } == [
                "  none        memories without guard pages are interpreted"
            ])
        #expect(lines(RunStatistics()).allSatisfy { $0 != "machine code" })
        for obstacle in [CompilationStatistics.Obstacle.processor, .refused] {
            #expect("  none        \(Failure.describe(obstacle))".count <= 80)
        }
    }

    #if arch(x86_64)
        @Test(
            "what was compiled, and where time went",
            .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
        func compiled() throws {
            let none = try machineCode { _ in }
            #expect(none.count == 3 && none[0] == "  functions   0 compiled")
            #expect(none[1] == "  size        0 B, of 0 instructions of bytecode")
            #expect(none[2] == "  entries     0 from the interpreter")
            let samples = SampleCounts(native: 6000, interpreted: 1500, other: 500)
            let some = try machineCode(samples) { $0.compilation = CompilationPolicy(threshold: 0) }
            #expect(some.count == 5 && some[0] == "  functions   1 compiled")
            #expect(some[2] == "  entries     1 from the interpreter")
            #expect(some[1].contains(/size +\d+ B, of \d instructions of bytecode/))
            #expect(some[3] == "  processor   75.0 % in machine code, 18.8 % in the interpreter")
            #expect(some[4] == "              (of 8,000 samples; the others are the host's and the engine's)")
        }
    #endif
}

/// Machine code in what the command prints and writes.
@Suite("The command says what is native", .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
struct NativeReportTests {
    @Test("in profiles: as a label for pprof, and as a share in a flame graph")
    func profiles() throws {
        let (status, output, errors) = try Built.shell(
            """
            export GOWASM_CACHE=off
            for way in "0 33" "off 22"; do
                d=$(mktemp -d)
                GOWASM_NATIVE=${way% *} "$1" --cpuprofile $d/p --flamegraph $d/f "$2" ${way#* } || exit 9
                gzip -dc <$d/p | grep -ac native
                grep -c 'main.fib.* of it in machine code)' $d/f
                grep -c 'of processor time, [0-9.]* % of it in machine code\\.</text>' $d/f
                rm -r $d
            done
            """)
        #expect(status == 0 && errors.isEmpty, "\(errors)")
        let lines = output.split(separator: "\n").map(String.init)
        try #require(lines.count == 8 && lines[0] == "fib(33) = 3524578" && lines[4] == "fib(22) = 17711", "\(output)")
        #if arch(x86_64)
            #expect(lines[1...3].allSatisfy { $0 != "0" }, "\(lines)")
        #endif
        #expect(lines[5...7].allSatisfy { $0 == "0" }, "\(lines)")
    }

    @Test("--stats-json prints the figures of --stats as one line")
    func jsonStatistics() throws {
        struct Report: Decodable {
            struct Time: Decodable {
                var time: UInt64
                var share: Double
                var bytes, functions, calls: Int?
            }
            struct Call: Decodable {
                var module, name: String
                var calls: Int
                var time, each: UInt64
            }
            struct Extent: Decodable { var atFirst, atEnd, most: UInt64? }
            struct Moment: Decodable { var time, linearMemory, frameStack: UInt64 }
            var time: [String: Time]
            var memory: [String: Extent]
            var memoryOverTime: [Moment]
            var hostCalls: [Call]
        }
        let (status, output, errors) = try Built.shell(#""$1" --stats-json "$2" 15"#)
        #expect(status == 0 && output == "fib(15) = 610\n")
        #expect(errors.split(separator: "\n").count == 1)
        let report = try JSONDecoder().decode(Report.self, from: Data(errors.utf8))
        #expect(
            Set(report.time.keys) == ["load", "validate", "lower", "compile", "hostCalls", "guest", "whole"])
        #expect(report.time["load"]?.bytes ?? 0 > 1_000_000 && report.time["whole"]?.share == 1)
        #expect(report.time["hostCalls"]?.calls == report.hostCalls.reduce(0) { $0 + $1.calls })
        #expect(report.hostCalls.contains { $0.name.hasSuffix("wasmExit") && $0.calls == 1 })
        #expect(report.memory["linearMemory"]?.most ?? 0 > 65_536 && report.memory["frameStack"]?.atEnd == nil)
        #expect(report.memoryOverTime.map(\.time) == report.memoryOverTime.map(\.time).sorted())
        // The tables are the same.
        let text = try Built.shell(#""$1" --stats "$2" 15"#).errors
        for heading in ["time", "machine code", "memory", "over time", "host calls"] {
            #expect(text.contains(heading))
        }
        for name in ["time", "machineCode", "memory", "memoryOverTime", "hostCalls"] {
            #expect(errors.contains("\"\(name)\": "))
        }
    }

    @Test("in statistics: what was compiled, or that nothing was")
    func statistics() throws {
        let (status, _, errors) = try Built.shell(
            """
            GOWASM_NATIVE=1 "$1" --stats "$2" 15
            "$1" --stats --no-native "$2" 15
            "$1" --stats --checked-memory "$2" 15
            (ulimit -f 1; exec "$1" --stats "$2" 22)
            """)
        #expect(status == 0)
        let lines = errors.split(separator: "\n").map(String.init)
        #if arch(x86_64)
            let functions = lines.compactMap { line in
                line.firstMatch(of: /^\ \ functions +(\d+) compiled/).flatMap { Int($0.1) }
            }
            #expect(functions.count == 1 && functions[0] > 10, "\(errors)")
            #expect(lines.contains("  none        the system gives no memory for it"), "\(errors)")
        #endif
        #expect(lines.contains("  none        asked for by --no-native or GOWASM_NATIVE"), "\(errors)")
        #expect(lines.contains("  none        memories without guard pages are interpreted"), "\(errors)")
    }

    #if arch(x86_64)
        @Test("in listings, with names of instructions where a disassembler is installed")
        func listings() throws {
            let script = #""$1" --disassemble --machine-code "$2" main.fib"#
            let look = MachineCodeReader.programs.map { "command -v \($0)" }.joined(separator: " || ")
            let hasNames = try Built.shell(look)
            let named = try Built.shell(script)
            #expect(named.status == 0 && named.errors.isEmpty)
            let bytes = try Built.shell("PATH=/nowhere " + script)
            #expect(bytes.status == 0 && bytes.errors.isEmpty)
            #expect(bytes.output.contains(/\ {3}([0-9a-f]{2} ){3}/) && !bytes.output.contains("%r12"))
            if hasNames.status == 0 { #expect(named.output.contains("(%r12)")) }
            let refused = try Built.shell(#""$1" --disassemble --machine-code --checked-memory "$2" main.fib"#)
            #expect(refused.status == 1 && refused.output.isEmpty)
            #expect(
                refused.errors.hasSuffix(
                    "no machine code is made: memories without guard pages are interpreted\n"))
        }

        @Test(
            "each disassembler says the same lengths, and all bytes are there",
            .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
        func reader() throws {
            let module = try WebAssemblyText.module(
                """
                (module (memory 1) (func (param i32 i64) (result i64)
                  (block (br_if 0 (local.get 0)) (return (i64.div_u (local.get 1) (i64.const 77))))
                  (i64.popcnt (i64.load offset=8 (local.get 0)))))
                """)
            let code = try LoweredCode(
                module, options: LoweredCode.Options(compilation: CompilationPolicy(threshold: 0)))
            var starts: [[Int]] = []
            for program in MachineCodeReader.programs + ["no-such-disassembler"] {
                let reader = MachineCodeReader(programs: [program])
                _ = try code.listing(0, name: { _ in nil }) { machineCode in
                    let lines = reader.lines(machineCode)
                    var position = 0
                    var found: [Int] = []
                    for (piece, lines) in zip(machineCode.pieces, lines) {
                        #expect(position == piece.bytes.lowerBound)
                        for line in lines {
                            let bytes = line.prefix { $0.isHexDigit || $0 == " " }.split(separator: " ")
                                .prefix { $0.count == 2 }.compactMap { UInt8($0, radix: 16) }
                            #expect(machineCode.bytes[position...].starts(with: bytes), "\(line)")
                            if line.contains("%") || line.contains("$") { found.append(position) }
                            position += bytes.count
                        }
                    }
                    #expect(position == machineCode.bytes.count, "\(lines)")
                    if !found.isEmpty { starts.append(found) }
                    if program == "no-such-disassembler" { #expect(found.isEmpty) }
                    return lines
                }
            }
            #expect(Set(starts).count <= 1, "\(starts)")
        }
    #endif

    @Test("both disassemblers' lines are understood")
    func instructions() {
        let text = """

            /tmp/x:	file format elf64-x86-64

            Disassembly of section .text:

            0000000000000000 <.text>:
                   0:      	movq	8(%r12), %rbx
               1f:\tjmp    0x42 <.text+0x42>
              ff0:	nop
            """
        #expect(
            MachineCodeReader.instructions(text) == [
                0: "movq 8(%r12), %rbx", 0x1F: "jmp 0x42", 0xFF0: "nop",
            ])
    }
}
