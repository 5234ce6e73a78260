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
        let block = try #require(
            ArgumentBlock(arguments: ["js", "", "größe 😀"], environment: environment, GoABI(generation: generation)))
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
            ArgumentBlock(arguments: [String(repeating: "a", count: length)], environment: [], abi) != nil
        }
        // 8192 bytes less one pointer and two zeros, and the last byte must stay free.
        let longest = 8192 - 24 - 8 - 1
        #expect(fits(longest))
        #expect(!fits(longest + 1))
        #expect(!fits(1 << 20))
        let many = Array(repeating: "", count: 600)
        #expect(ArgumentBlock(arguments: many, environment: [], abi) == nil)
    }

    @Test("where data begins elsewhere, that is the limit")
    func ownLimit() {
        let abi = GoABI(generation: .go1_12, argumentLimit: 14000)
        #expect(ArgumentBlock(arguments: [String(repeating: "a", count: 9000)], environment: [], abi) != nil)
        #expect(ArgumentBlock(arguments: [String(repeating: "a", count: 9900)], environment: [], abi) == nil)
    }

    @Test("a million arguments are refused, not laid out")
    func hostile() {
        let arguments = Array(repeating: "x", count: 1_000_000)
        #expect(ArgumentBlock(arguments: arguments, environment: [], GoABI(generation: .go1_24)) == nil)
    }
}
