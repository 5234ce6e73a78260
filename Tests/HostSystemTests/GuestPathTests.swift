import Testing

@testable import HostSystem

/// What paths mean, beside plainer ways to say the same.
@Suite struct GuestPathTests {
    /// All paths of up to six of these pieces.
    private static let paths: [[UInt8]] = {
        var paths: [String] = [""]
        var all = paths
        for _ in 0..<6 {
            paths = paths.flatMap { path in ["/", ".", "a"].map { path + $0 } }
            all += paths
        }
        return all.map { Array($0.utf8) }
    }()

    private static func names(_ path: [UInt8]) -> [String] {
        String(decoding: path, as: UTF8.self).split(separator: "/").map(String.init)
    }

    /// The names of a path from the root on, "." and ".." resolved.
    private static func resolved(_ path: [UInt8]) -> [String] {
        names(path).reduce(into: []) { names, name in
            switch name {
            case ".": break
            case "..": _ = names.popLast()
            default: names.append(name)
            }
        }
    }

    @Test("are normalized to the names that they lead through, and left as they are where they are so already")
    func normalized() {
        for path in Self.paths {
            let expected = Array(("/" + Self.resolved(path).joined(separator: "/")).utf8)
            #expect(GuestPath.normalized(path) == expected)
            #expect(GuestPath.isNormalized(path) == (path == expected))
        }
    }

    @Test("lead above where they begin, if on the way more names go up than down")
    func leadsAbove() {
        for path in Self.paths {
            var depth = 0
            let isAbove = Self.names(path).contains { name in
                depth += name == "." ? 0 : name == ".." ? -1 : 1
                return depth < 0
            }
            #expect(GuestPath.leadsAbove(path) == isAbove)
        }
    }

    @Test("are in a folder whose names they begin with, and have a remainder behind these")
    func remainder() {
        for folder in ["/", "/a", "/aa", "/a/a", "/a/.a"] {
            let outer = Self.names(Array(folder.utf8))
            for path in Self.paths where path.first == GuestPath.slash {
                let names = Self.names(path)
                // Names "." between those of the folder are passed over.
                var (passed, matched) = (0, 0)
                while matched < outer.count, passed < names.count {
                    if names[passed] == outer[matched] { matched += 1 } else if names[passed] != "." { break }
                    passed += 1
                }
                let rest = GuestPath.remainder(of: path, in: Array(folder.utf8))
                let isInside = matched == outer.count
                #expect(rest.map(Self.names) == (isInside ? Array(names[passed...]) : nil))
                #expect(rest?.first != GuestPath.slash)
                #expect(GuestPath.contains(Array(folder.utf8), path) == isInside)
            }
        }
    }
}
