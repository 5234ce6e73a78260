import Testing

@testable import HostSystem

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

    @Test("is asked for without losing what the program was given")
    func setting() {
        #expect(GarbageCollections.setting(nil) == "gctrace=1")
        #expect(GarbageCollections.setting("") == "gctrace=1")
        #expect(GarbageCollections.setting("panicnil=1") == "panicnil=1,gctrace=1")
    }
}
