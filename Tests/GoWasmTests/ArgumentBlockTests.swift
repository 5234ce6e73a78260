import Testing

@testable import GoWasm

@Suite("Arguments and environment in memory")
struct ArgumentBlockTests {
    private func word(_ block: ArgumentBlock, _ index: Int) -> UInt64 {
        let start = Int(block.pointersAddress) - Int(ArgumentBlock.start) + index * 8
        return block.bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func text(_ block: ArgumentBlock, _ address: UInt64) -> String {
        String(decoding: block.bytes[(Int(address) - 4096)...].prefix { $0 != 0 }, as: UTF8.self)
    }

    @Test("strings, then pointers", arguments: GoABI.Generation.allCases)
    func layout(generation: GoABI.Generation) throws {
        let environment = ArgumentBlock.sorted(["B": "2", "A": "x=y", "ü": ""])
        let block = try ArgumentBlock(
            arguments: ["js", "", "größe 😀"], environment: environment, GoABI(generation: generation))
        #expect(block.argumentCount == 3)
        #expect(block.pointersAddress % 8 == 0)
        #expect((0..<3).map { text(block, word(block, $0)) } == ["js", "", "größe 😀"])
        #expect(word(block, 0) == 4096)
        #expect(word(block, 1) == 4104)
        #expect(word(block, 3) == (generation <= .go1_13 ? 3 : 0))
        #expect((4..<7).map { text(block, word(block, $0)) } == ["A=x=y", "B=2", "ü="])
        #expect(word(block, 7) == 0)
    }

    @Test("keys are in the order of UTF-16")
    func order() {
        // U+FF5E sorts behind the surrogates of U+1F600 only in other orders.
        #expect(ArgumentBlock.sorted(["～": "", "😀": "", "b": "", "A": ""]).map(\.key) == ["A", "b", "😀", "～"])
    }

    @Test("the block ends before 12288, as Go guarantees")
    func limit() {
        let abi = GoABI(generation: .go1_24)
        func fits(_ length: Int) -> Bool {
            (try? ArgumentBlock(arguments: [String(repeating: "a", count: length)], environment: [], abi)) != nil
        }
        // 8192 bytes less one pointer and two zeros, and the last byte must stay free.
        let longest = 8192 - 24 - 8 - 1
        #expect(fits(longest))
        #expect(!fits(longest + 1))
        #expect(!fits(1 << 20))
        let many = Array(repeating: "", count: 600)
        #expect(throws: ArgumentOverflow.self) { try ArgumentBlock(arguments: many, environment: [], abi) }
    }

    @Test("data that begins before the block leaves no room, and ends no process", arguments: [0, 1, 4095, 4096])
    func noRoom(limit: UInt64) {
        let abi = GoABI(generation: .go1_12, argumentLimit: limit)
        #expect(throws: ArgumentOverflow.self) { try ArgumentBlock(arguments: ["js"], environment: [], abi) }
    }

    @Test("where data begins elsewhere, that is the limit")
    func ownLimit() throws {
        let abi = GoABI(generation: .go1_12, argumentLimit: 14000)
        _ = try ArgumentBlock(arguments: [String(repeating: "a", count: 9000)], environment: [], abi)
        #expect(throws: ArgumentOverflow.self) {
            try ArgumentBlock(arguments: [String(repeating: "a", count: 9900)], environment: [], abi)
        }
    }

    @Test("what does not fit is named, with its length and the room")
    func overflow() throws {
        let abi = GoABI(generation: .go1_24)
        let environment = [(key: "A", value: "1"), (key: "LONG", value: String(repeating: "ü", count: 5000))]
        let overflow = try #require(
            #expect(throws: ArgumentOverflow.self) {
                try ArgumentBlock(arguments: ["js", "x"], environment: environment, abi)
            })
        // Two arguments and a variable of up to 7 bytes take 16 each, the other 10,008 and 8, and two words the rest.
        #expect(overflow.needed == 48 + 10_016 + 16)
        #expect(overflow.available == 8191)
        #expect((overflow.longest, overflow.longestLength) == (.variable("LONG"), 10_005))
        #expect(
            "\(overflow)" == "2 arguments and 2 environment variables take 10080 bytes, but Go's start code for js has "
                + "room for 8191; the longest is the variable \"LONG\" with 10005 bytes")
    }

    @Test("a million arguments are refused, not laid out")
    func hostile() {
        let arguments = Array(repeating: "x", count: 1_000_000)
        #expect(throws: ArgumentOverflow.self) {
            try ArgumentBlock(arguments: arguments, environment: [], GoABI(generation: .go1_24))
        }
    }
}
