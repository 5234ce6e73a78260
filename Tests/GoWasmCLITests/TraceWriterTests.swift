import HostSystem
import Testing

@testable import GoWasmCLI

@Suite("What --trace prints")
struct TraceWriterTests {
    @Test(
        "filters name imports with or without module and package",
        arguments: [
            ("*", true), ("valueGet", true), ("value*", true), ("syscall/js.*", true), ("gojs.*", true),
            ("runtime.*", false), ("valueSet,valueGet", true), ("!value*", false), ("*,!valueGet", false),
            ("!nanotime*,!walltime", true), ("VALUEGET", false), ("", true),
        ])
    func filters(filter: String, isWanted: Bool) {
        #expect(TraceWriter(filter: NameFilter(filter), isJSON: false).wants("gojs", "syscall/js.valueGet") == isWanted)
    }

    private func line(_ call: HostCall, isJSON: Bool) -> String {
        nonisolated(unsafe) var lines: [String] = []
        TraceWriter(filter: NameFilter("*"), isJSON: isJSON).trace { lines.append($0) }.report(call)
        return lines.joined(separator: "\n")
    }

    @Test("values of every kind, as text and as JSON")
    func values() {
        let long = String(repeating: "x", count: 80)
        var call = HostCall(
            module: "m", name: "f",
            arguments: [
                .init("i", .integer(-1)), .init("b", .boolean(true)), .init("n", .number("NaN")),
                .init("t", .text("\"\n", byteCount: 2)), .init("l", .text(long, byteCount: 100)),
                .init("p", .bytes(count: 3, address: 9)), .init("v", .list([.number("1.5")], count: 2)),
                .init("o", .outsideMemory), .init("a", .array("Uint8Array(2)#9", contents: .text("hi", byteCount: 2))),
            ], start: 61_234_567_890)
        call.duration = 12_345
        call.ending = .failed("ENOENT")
        #expect(
            line(call, isJSON: false)
                == #" 61.234567 f(i=-1, b=true, n=NaN, t="\"\n", l="\#(long)"…, p=[3 bytes at 9], v=[1.5, …], "#
                + #"o=(outside the memory), a=Uint8Array(2)#9 "hi") = ENOENT <12.3 µs>"#)
        #expect(
            line(call, isJSON: true)
                == #"{"start": 61234567890, "duration": 12345, "module": "m", "name": "f", "arguments": {"i": -1, "#
                + #""b": true, "n": "NaN", "t": "\"\u000a", "l": {"text": "\#(long)", "byteCount": 100}, "#
                + #""p": {"address": 9, "byteCount": 3}, "v": {"values": [1.5], "count": 2}, "o": null, "#
                + #""a": {"name": "Uint8Array(2)#9", "contents": "hi"}}, "#
                + #""error": "ENOENT"}"#)
    }
}
