import Foundation
import Testing
import _TestSupport

@testable import GoWasm

@Suite("URLs")
struct WebURLTests {
    /// Names of hosts for which the library for them, which follows IDNA 2008, decides otherwise than Node.
    ///
    /// It refuses symbols and punctuation beside letters that are not ASCII. Labels that are encoded already are not
    /// decoded.
    private static func isBeyondIDNA(_ input: String, _ expected: String?) -> Bool {
        expected.map { $0.contains("xn--") } ?? input.contains("xn--")
    }

    @Test("are parsed and written as Node does (Tests/Tools/fetch_compare.py --record-urls)")
    func recorded() throws {
        let file = Checkout.folder.appendingPathComponent("Tests/GoProgramTests/Expected/urls.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        try #require(lines.count >= 1000)
        for line in lines {
            let row = try JSONDecoder().decode([String?].self, from: Data(line.utf8))
            let (input, base, expected) = (row[0] ?? "", row[1].flatMap { WebURL($0) }, row[2])
            let found = WebURL(input, base: base)?.href
            if found == nil || expected == nil, found != expected, Self.isBeyondIDNA(input, expected) { continue }
            #expect(found == expected, "\(line)")
            // What was written is read as the same.
            if let found { #expect(WebURL(found)?.href == found) }
        }
    }

    @Test(
        "have hosts in normal form",
        arguments: [
            ("http://EXAMPLE.com/", "example.com"), ("http://0x7f.1/", "127.0.0.1"),
            ("http://017700000001/", "127.0.0.1"),
            ("http://4294967295/", "255.255.255.255"), ("http://[0:0:0:1:0:0:0:0]/", "[0:0:0:1::]"),
            ("http://[::ffff:1.2.3.4]/", "[::ffff:102:304]"), ("http://%61.b/", "a.b"), ("x://%61.B/", "%61.B"),
        ])
    func hosts(text: String, host: String) {
        #expect(WebURL(text)?.authority == host)
    }

    @Test(
        "are refused",
        arguments: [
            "", "x", "http://", "http://[::1", "http://1.2.3.256/", "http://4294967296/", "http://a b/",
            "http://h:65536/", "http://\u{E4}\0b/", "http://a%00/",
            "http://h:1x/", "http://%/", "http://\u{AD}/", "//h/",
        ])
    func refused(text: String) {
        #expect(WebURL(text) == nil)
    }

    @Test("that were relative are so to their base")
    func relative() throws {
        let base = try #require(WebURL("https://user:secret@host:444/a/b?c#d"))
        #expect(WebURL("", base: base)?.href == "https://user:secret@host:444/a/b?c")
        #expect(WebURL("../../x y", base: base)?.href == "https://user:secret@host:444/x%20y")
        #expect(WebURL("//other\\%2E%2e/z", base: base)?.href == "https://other/z")
        #expect(WebURL("?'\"", base: base)?.requestTarget == "/a/b?%27%22")
        #expect(WebURL("https:x", base: base)?.pathname == "/a/x")
    }

    @Test("have the same origin where scheme, host and port are the same")
    func origins() throws {
        let url = try #require(WebURL("http://h:80/a"))
        let same = try #require(WebURL("HTTP://H/b"))
        #expect(url.hasSameOrigin(as: same))
        for other in ["https://h/a", "http://h:81/a", "http://h./a", "data:,x"] {
            let other = try #require(WebURL(other))
            #expect(!url.hasSameOrigin(as: other))
        }
        let data = try #require(WebURL("data:,x"))
        #expect(!data.hasSameOrigin(as: data))
    }

    @Test("a long path takes time in proportion to its length")
    func long() throws {
        let path = String(repeating: "/a", count: 200_000)
        #expect(WebURL("http://h" + path)?.pathname == path)
        let text = String(repeating: "ü", count: 200_000)
        #expect(WebURL("data:," + text)?.href.utf8.count == 6 + 6 * 200_000)
    }
}
