import Foundation
import _TestSupport

/// One run of the program `probe`, and what it is compared with.
struct ProgramCase: Sendable, CustomStringConvertible {
    /// What standard error must be like.
    enum Errors: Sendable {
        /// The same bytes as the native program's.
        case same
        /// The same lines up to the first stack trace, which names addresses and files.
        case sameBeforeTrace
        /// A text that begins like this, where there is no native program to compare with.
        case begins(String)
        /// Nothing.
        case none
    }

    /// What the standard output and the exit code must be.
    enum Output: Sendable {
        /// The native program's.
        case native
        /// A text of the folder Expected, made with Node, because natively there is no JavaScript; and an exit code.
        case expected(String, code: Int32)
        /// Nothing, and this exit code.
        case empty(code: Int32)
    }

    /// What standard input holds.
    enum Input: Sendable {
        case nothing
        case text(String)
        /// Bytes that look random.
        case bytes(Int)
        /// A pipe into which the text comes most of a second after the start.
        case late(String)
    }

    var arguments: [String]
    var input = Input.nothing
    var environment: [String: String] = [:]
    var output = Output.native
    var errors = Errors.same
    /// The versions whose build has the sub-program, by their second number.
    var minors = 0...Int.max
    /// Whether one version is enough for something that takes long.
    var newestOnly = false
    /// Why Node can't run it, where it can't.
    var notOnNode: String?

    var description: String {
        (arguments + environment.keys).joined(separator: " ") + " \(input == .nothing ? "" : " < input")"
    }

    /// The whole environment.
    ///
    /// Where no time zone is given, Go looks for one in files.
    var variables: [String: String] { environment.merging(["TZ": "UTC"]) { given, _ in given } }

    /// The standard input as bytes.
    var inputData: Data {
        switch input {
        case .nothing: Data()
        case .text(let text), .late(let text): Data(text.utf8)
        case .bytes(let count): Data.arbitrary(count: count, seed: 1)
        }
    }
}

extension ProgramCase.Input: Equatable {}

extension Data {
    /// Bytes that look random and depend only on the seed.
    static func arbitrary(count: Int, seed: UInt64) -> Data {
        var random = SplitMix(seed: seed)
        var bytes = [UInt8](repeating: 0, count: count)
        for i in bytes.indices {
            bytes[i] = UInt8(truncatingIfNeeded: random.next() >> 32)
        }
        return Data(bytes)
    }
}

extension ProgramCase {
    /// Sub-programs that other tests run.
    static let elsewhere: Set = ["environ", "fetch", "fetch-cases", "fetch-one"]

    /// Every run of every sub-program.
    static let all: [ProgramCase] = plain + failing + input + surroundings + javaScript

    /// Sub-programs that take nothing and end well.
    private static let plain: [ProgramCase] =
        [
            "channels", "select", "sync", "gosched", "goroutines", "context", "sleep", "timers", "tickers", "dates",
            "maps", "closures", "types", "slices", "control", "recover", "runtime-errors", "gc",
            "floats", "float-format", "integers", "conversions", "math", "big", "fmt", "strings", "sort", "json",
            "regexp", "hashes", "encodings", "reflect", "template", "output", "interleaved",
        ].map { ProgramCase(arguments: [$0]) }
        + [
            // Go 1.12's collector reports a bad pointer there, on every engine.
            ProgramCase(arguments: ["big-memory"], minors: 0...11),
            ProgramCase(arguments: ["big-memory"], minors: 13...Int.max),
            ProgramCase(arguments: ["map-printing"], minors: 12...Int.max),
            ProgramCase(arguments: ["fib", "25"]),
            ProgramCase(arguments: ["deep", "10000", "on a goroutine too"]),
            ProgramCase(arguments: ["deep", "1000000"], notOnNode: "V8's stack ends before"),
            ProgramCase(arguments: ["deep", "10000000"], newestOnly: true, notOnNode: "V8's stack ends before"),
        ]

    private static let failing: [ProgramCase] =
        [
            "string", "error", "custom-error", "int", "float", "lines", "formatted", "nil-map", "nil-pointer",
            "nil-function", "index", "slice", "divide", "assertion", "missing-method", "closed", "makeslice",
            "in-defer",
            "again", "recovered",
        ].map { ProgramCase(arguments: ["panic", $0], errors: .sameBeforeTrace) }
        + [["panic-goroutine"], ["deadlock"], ["deadlock-mutex"]]
        .map { ProgramCase(arguments: $0, errors: .sameBeforeTrace) }
        + [
            // Before Go 1.18 the message holds an address.
            ProgramCase(arguments: ["panic", "kind"], errors: .sameBeforeTrace, minors: 18...Int.max),
            // The goroutine that waits for events makes it "all goroutines are asleep" on wasm.
            ProgramCase(arguments: ["goexit"], errors: .begins("fatal error: ")),
            ProgramCase(
                arguments: ["overflow"], errors: .sameBeforeTrace, notOnNode: "V8's stack ends before Go's"),
        ]
        + ["0", "1", "2", "3", "42", "126", "255", "261", "-1"].map { ProgramCase(arguments: ["exit", $0]) }
        + [ProgramCase(arguments: ["exit", "7", "from a goroutine"])]

    private static let input: [ProgramCase] = [
        ProgramCase(arguments: ["copy"]),
        ProgramCase(arguments: ["copy"], input: .bytes(1)),
        ProgramCase(arguments: ["copy"], input: .bytes(8 << 20)),
        ProgramCase(arguments: ["copy-buffered"], input: .bytes(1 << 20)),
        ProgramCase(arguments: ["digest"], input: .bytes(5_000_000)),
        ProgramCase(arguments: ["lines"]),
        ProgramCase(
            arguments: ["lines"], input: .text("one\ntwo\r\n\n\u{0}ünï\n" + String(repeating: "x", count: 60_000))),
        ProgramCase(arguments: ["lines"], input: .text(String(repeating: "too long", count: 10_000))),
        // Go 1.11 asks for input with a call that blocks all of it.
        ProgramCase(arguments: ["ticking-input"], input: .late("late text"), minors: 12...Int.max),
        ProgramCase(arguments: ["copy"], input: .late("late text")),
    ]

    private static let surroundings: [ProgramCase] = [
        ProgramCase(arguments: ["args"]),
        ProgramCase(arguments: [
            "args", "a b", "", "\"double\"", "'single'", "tab\there", "new\nline", "\\back\\slash", "$HOME", "`x`", "*",
            " ",
            "", "end",
        ]),
        ProgramCase(arguments: ["args", "--help", "-h", "--version", "--trace", "--env", "A=B", "--", "-", "-n=1"]),
        // The scripts of Go 1.11 and 1.12 lay out what is not ASCII wrongly.
        ProgramCase(arguments: ["args", "ünï", "日本語", "😀", "e\u{301}"], minors: 13...Int.max),
        ProgramCase(
            arguments: ["args", "ünï", "日本語", "😀", "e\u{301}"], minors: 0...12, notOnNode: "its scripts fail"),
        ProgramCase(arguments: ["args"] + (0..<300).map { "argument \($0)" }),
        ProgramCase(arguments: ["args", String(repeating: "x", count: 7000)]),
        ProgramCase(arguments: ["env", "PROBE_NONE"]),
        ProgramCase(
            arguments: ["env", "PROBE_A", "PROBE_B", "PROBE_EMPTY", "PROBE_EQUALS", "PROBE_NONE", "PROBE_LONG"],
            environment: [
                "PROBE_A": "a b\"c'", "PROBE_B": "new\nline", "PROBE_EMPTY": "", "PROBE_EQUALS": "x=y=z",
                "PROBE_LONG": String(repeating: "long", count: 500),
            ]),
        ProgramCase(
            arguments: ["env", "PROBE_Ü", "PROBE_😀"], environment: ["PROBE_Ü": "日本語", "PROBE_😀": "é"],
            notOnNode: "it drops such names"),
    ]

    private static let javaScript: [ProgramCase] =
        ["js-values", "js-errors", "js-functions", "js-bytes"].map {
            ProgramCase(arguments: [$0], output: .expected($0, code: 0), errors: .none, minors: 14...Int.max)
        }
        + [
            "js-arrays", "js-strings", "js-collections", "js-buffers", "js-objects", "js-promises", "js-conversions",
            "js-timers", "js-iterators", "js-sets", "js-construct", "js-binary", "js-atomics", "js-clones", "js-turns",
            "js-dates", "js-text-decoder",
        ].map {
            ProgramCase(arguments: [$0], output: .expected($0, code: 0), errors: .none, minors: 18...Int.max)
        } + [
            ProgramCase(
                arguments: ["js-events"], output: .expected("js-events", code: 0),
                errors: .begins("call to released function\n"), minors: 18...Int.max),
            ProgramCase(
                arguments: ["js-unreferenced"], output: .expected("js-unreferenced", code: 2),
                errors: .begins("fatal error: all goroutines are asleep - deadlock!\n"), minors: 18...Int.max),
            ProgramCase(
                arguments: ["js-panic"], output: .empty(code: 2), errors: .begins("panic: JavaScript error: "),
                minors: 14...Int.max),
            ProgramCase(
                arguments: ["js-throw"], output: .empty(code: 2), errors: .begins("panic: in a callback\n"),
                minors: 14...Int.max),
            ProgramCase(
                arguments: ["js-old"], output: .expected("js-old-1.12", code: 0), errors: .none, minors: 12...13),
            ProgramCase(
                arguments: ["js-old"], output: .expected("js-old-1.11", code: 0), errors: .none, minors: 11...11),
        ]
}
