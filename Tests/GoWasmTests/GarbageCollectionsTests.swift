import HostSystem
import Testing

@testable import GoWasm

@Suite("What Go's runtime says of garbage collections")
struct GarbageCollectionsTests {
    /// Writes pieces to standard error; returns what passes.
    private func pass(_ pieces: [String], _ collections: GarbageCollections) -> String {
        String(decoding: pieces.flatMap { collections.pass(Array($0.utf8)) } + collections.flush(), as: UTF8.self)
    }

    @Test(
        "is read whatever the pieces",
        arguments: [
            [
                "gc ", "1", " @0.012s 2%: ", "0.25+1.5+0.5 ms clock, 0.25+0/1/0+0.5 ms cpu, ",
                "4->5->1 MB, 4 MB goal, 1 P\n",
            ],
            [
                "gc 1 @0.012s 2%: 0.25+1.5+0.5 ms clock, 0.25+0/1/0+0.5 ms cpu, 4->5->1 MB, 4 MB goal, 0 MB stacks, 1 P (forced)\n"
            ],
        ])
    func pieces(pieces: [String]) {
        let collections = GarbageCollections()
        #expect(pass(["before\n"] + pieces + ["after"], collections) == "before\nafter")
        #expect(
            collections.collections == [
                GarbageCollections.Collection(time: 0.012, pauses: [0.25, 0.5], marking: 1.5, heap: [4, 5, 1])
            ])
    }

    @Test(
        "leaves alone what only looks like it",
        arguments: [["gc what\n"], ["gc "], ["x", "gc 1 @0.012s"], ["gc ", "of nothing\nmore"], ["", "\n", "gc\n"]])
    func others(pieces: [String]) {
        let collections = GarbageCollections()
        #expect(pass(pieces, collections) == pieces.joined())
        #expect(collections.collections.isEmpty)
    }

    @Test(
        "is not believed where it has times that no program has", arguments: ["-1", "nan", "inf", "1e300", "-0.5"])
    func times(time: String) {
        let collections = GarbageCollections()
        for line in [
            "gc 1 @0.1s 2%: \(time)+1.5+0.5 ms clock, 0+0 ms cpu, 4->5->1 MB, 4 MB goal, 1 P\n",
            "gc 1 @\(time)s 2%: 1+1.5+0.5 ms clock, 0+0 ms cpu, 4->5->1 MB, 4 MB goal, 1 P\n",
        ] {
            #expect(pass([line], collections) == line)
        }
        #expect(collections.collections.isEmpty)
    }

    @Test("may come in any number of lines at once, and is not waited for without an end")
    func amounts() {
        let collections = GarbageCollections()
        let line = "gc 1 @0.012s 2%: 0.25+1.5+0.5 ms clock, 0.25+0 ms cpu, 4->5->1 MB, 4 MB goal, 1 P\n"
        let lines = String(repeating: line, count: 100_000)
        #expect(pass([lines + "after"], collections) == "after")
        #expect(collections.collections.count == 100_000)
        let endless = "\ngc " + String(repeating: "1", count: 5000)
        #expect(String(decoding: collections.pass(Array(endless.utf8)), as: UTF8.self) == endless)
        #expect(String(decoding: collections.pass(Array("\ngc ".utf8)), as: UTF8.self) == "\ngc ")
    }

    @Test("is taken out of what goes to a stream")
    func stream() throws {
        let (collections, buffer) = (GarbageCollections(), OutputBuffer())
        let output = StandardOutput.buffer(buffer).withoutReports(for: collections)
        let line = "gc 1 @0.012s 2%: 0.25+1.5+0.5 ms clock, 0.25+0 ms cpu, 4->5->1 MB, 4 MB goal, 1 P\n"
        for text in ["one\n", line, "two\n"] {
            try Array(text.utf8).withUnsafeBytes { try output.write($0) }
        }
        #expect(buffer.text == "one\ntwo\n")
        #expect(collections.collections.count == 1)
    }

    @Test("is asked for without losing what the program was given")
    func setting() {
        #expect(GarbageCollections.setting(nil) == "gctrace=1")
        #expect(GarbageCollections.setting("") == "gctrace=1")
        #expect(GarbageCollections.setting("panicnil=1") == "panicnil=1,gctrace=1")
    }
}
