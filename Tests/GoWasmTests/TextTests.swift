import Testing

@testable import GoWasm

@Suite("Texts between Go and JavaScript")
struct TextTests {
    private func decode(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { UTF8Text.decode($0).bytes } }
    private let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    @Test("ASCII stays as it is")
    func ascii() { #expect(decode(Array("hello, world".utf8)) == Array("hello, world".utf8)) }

    @Test("one byte order mark is dropped, a second is kept")
    func byteOrderMark() {
        #expect(decode([0xEF, 0xBB, 0xBF, 0x61]) == [0x61])
        #expect(decode([0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF]) == [0xEF, 0xBB, 0xBF])
        #expect(decode([0x61, 0xEF, 0xBB, 0xBF]) == [0x61, 0xEF, 0xBB, 0xBF])
        #expect(decode([0xEF, 0xBB, 0xBF]) == [])
    }

    @Test(
        "each maximal ill-formed subpart becomes one U+FFFD",
        arguments: [
            ([0xFF], 1), ([0xC0, 0x80], 2), ([0xE2, 0x82], 1), ([0xF0, 0x9F, 0x98], 1), ([0xED, 0xA0, 0x80], 3),
            ([0xF4, 0x90, 0x80, 0x80], 4), ([0xE0, 0x9F, 0xBF], 3), ([0x80, 0xBF], 2), ([0xF8, 0x88], 2), ([0xC2], 1),
            ([0xF0, 0x80, 0x80], 3),
        ] as [([UInt8], Int)])
    func illFormed(bytes: [UInt8], count: Int) {
        let expected = Array([[UInt8]](repeating: replacement, count: count).joined())
        #expect(decode(bytes) == expected)
        #expect(decode([0x61] + bytes + [0x62]) == [0x61] + expected + [0x62])
    }

    @Test("a lone surrogate reaches Go as U+FFFD, a pair as one character")
    func surrogates() throws {
        let guest = FakeGuest()
        let realm = guest.realm
        func encoded(_ string: JSString) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: string.byteCount)
            bytes.withUnsafeMutableBytes { WTF8.encode(string, into: $0) }
            return bytes
        }
        let high = JSString.make(utf16: [0xD83D])
        let low = JSString.make(utf16: [0xDE00])
        #expect(encoded(high) == replacement)
        #expect(encoded(JSString.make(utf16: [0x61, 0xDE00, 0x62])) == [0x61] + replacement + [0x62])
        #expect(try encoded(realm.concatenation(high, low)) == Array("😀".utf8))
        #expect(try realm.concatenation(high, low) == JSString.make("😀"))
        #expect(try encoded(realm.concatenation(low, high)) == replacement + replacement)
    }

    @Test("lengths are counted in UTF-16")
    func lengths() {
        #expect(JSString.make("aé€😀").utf16Count == 5)
        #expect(JSString.make("aé€😀").utf16 == Array("aé€😀".utf16))
        #expect(JSString.make(utf16: Array("aé€😀".utf16)) == JSString.make("aé€😀"))
        #expect(JSString.make("").utf16Count == 0)
    }

    @Test("paths are resolved as by Node")
    func paths() {
        func resolve(_ parts: String...) -> String { PathText.resolve(parts) { "/burrow/gopher" } }
        #expect(resolve() == "/burrow/gopher")
        #expect(resolve("a/../b/./c") == "/burrow/gopher/b/c")
        #expect(resolve("/x", "y", "../z") == "/x/z")
        #expect(resolve("a", "/b", "c//d/") == "/b/c/d")
        #expect(resolve("/../..") == "/")
        #expect(resolve("", "") == "/burrow/gopher")
    }
}
