import Foundation
import Testing

@testable import HostSystem

@Suite("What options grant")
struct HostAccessTests {
    @Test(
        "folders are read as HOST[:GUEST][:ro] and HOST::GUEST[:ro]",
        arguments: [
            ("a", HostAccess.Mount(host: "a")), ("/a/b:/c", .init(host: "/a/b", guest: "/c")),
            ("a:ro", .init(host: "a", isReadOnly: true)),
            ("a:b:ro", .init(host: "a", guest: "b", isReadOnly: true)), ("ro", .init(host: "ro")),
            ("a::b", .init(host: "a", guest: "b")), ("a::b:ro", .init(host: "a", guest: "b", isReadOnly: true)),
            ("/c:d::/e", .init(host: "/c:d", guest: "/e")), ("a::/b:c", .init(host: "a", guest: "/b:c")),
            ("a::", nil), ("::b", nil), ("a::ro", nil), ("::", nil), (":::", nil),
            ("", nil), (":b", nil), ("a:", nil), ("a:b:c", nil), ("a:b:rw", nil), (":ro", nil),
        ])
    func mounts(text: String, mount: HostAccess.Mount?) { #expect(HostAccess.Mount(parsing: text) == mount) }

    @Test("each error has one number in WASI, and the names are those of Node")
    func errors() {
        #expect(Set(ErrorCode.known.map { "\($0.name)" }).count == ErrorCode.known.count)
        for (number, wasi, name) in [
            (ENOENT, 44, "ENOENT"), (EACCES, 2, "EACCES"), (EXDEV, 75, "EXDEV"), (EAGAIN, 6, "EAGAIN"),
        ] {
            #expect(Int(ErrorCode(number).wasi) == wasi)
            #expect("\(ErrorCode(number).name)" == name)
        }
        #expect(ErrorCode(9999).wasi == 29)
        #expect("\(ErrorCode(ETXTBSY).nodeName)" == "EIO")
    }

    @Test("listening addresses that cannot be used are explained")
    func listeners() throws {
        for address in ["8080", "127.0.0.1:x", "127.0.0.1:70000", "192.0.2.1:1"] {
            let files = try FileSystem(HostAccess(listeners: [address]))
            #expect(throws: HostAccessError.self, "\(address)") { try files.addPreopens() }
        }
        let files = try FileSystem(HostAccess(listeners: ["127.0.0.1:0", "[::1]:0"]))
        var lines: [String] = []
        files.report = { lines.append($0) }
        do { try files.addPreopens() } catch { #expect("\(error)".contains("::1"), "Only IPv6 may be missing.") }
        #expect(lines.first?.hasPrefix("listening on 127.0.0.1:") == true)
    }
}
