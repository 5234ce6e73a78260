/// Paths as bytes, as the system takes them: any but zero.
package enum GuestPath {
    static let slash = UInt8(ascii: "/")

    /// The names in a path.
    static func components(_ path: [UInt8]) -> [[UInt8]] { path.split(separator: slash).map { Array($0) } }

    /// Calls `body` with the names in a path, one after another, as long as it returns true; whether it always did.
    ///
    /// Each path of a guest is looked at several times: nothing is made for that.
    @inline(__always)
    private static func allNames(_ path: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        path.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                let end = bytes[start...].firstIndex(of: slash) ?? bytes.count
                if end > start, !body(UnsafeBufferPointer(rebasing: bytes[start..<end])) { return false }
                start = end + 1
            }
            return true
        }
    }

    private static func isDot(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        name.count == 1 && name[0] == UInt8(ascii: ".")
    }

    private static func isParent(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        name.count == 2 && name[0] == UInt8(ascii: ".") && name[1] == UInt8(ascii: ".")
    }

    /// Whether a path is what ``normalized(_:)`` makes of it, as most are.
    static func isNormalized(_ path: [UInt8]) -> Bool {
        // Of the names, each behind one slash.
        var length = 0
        let isPlain = allNames(path) { name in
            length += name.count + 1
            return !isDot(name) && !isParent(name)
        }
        return isPlain && path.first == slash && (length == path.count || path.count == 1)
    }

    /// An absolute path without ".", ".." and double slashes; ".." at the root stays there.
    package static func normalized(_ path: [UInt8]) -> [UInt8] {
        if isNormalized(path) { return path }
        var names: [[UInt8]] = []
        for name in components(path) where name != [UInt8(ascii: ".")] {
            if isParent(name) { _ = names.popLast() } else { names.append(name) }
        }
        return names.isEmpty ? [slash] : names.flatMap { [slash] + $0 }
    }

    /// A path with one slash for several beside each other, as messages show it.
    static func withSingleSlashes(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for byte in path where byte != slash || result.last != slash { result.append(byte) }
        return result
    }

    /// The path that `path` means in a folder.
    package static func absolute(_ path: [UInt8], in folder: [UInt8]) -> [UInt8] {
        path.first == slash ? path : joined(folder, path)
    }

    /// A path behind that of a folder, with one slash between them.
    static func joined(_ folder: [UInt8], _ path: [UInt8]) -> [UInt8] {
        folder.last == slash ? folder + path : folder + [slash] + path
    }

    static func isParent(_ name: [UInt8]) -> Bool { name == [UInt8(ascii: "."), UInt8(ascii: ".")] }

    /// The normalized form of the path that `path` means in a folder.
    static func normalized(_ path: [UInt8], in folder: [UInt8]) -> [UInt8] { normalized(absolute(path, in: folder)) }

    /// What is left of a path behind a folder that contains it; both absolute, the folder normalized.
    ///
    /// Double slashes and "." are seen through; ".." is not, so what is left may lead out of the folder again.
    static func remainder(of path: [UInt8], in folder: [UInt8]) -> [UInt8]? {
        start(ofRemainderOf: path, in: folder).map { Array(path[$0...]) }
    }

    /// Whether a folder contains a path, as ``remainder(of:in:)`` finds out.
    static func contains(_ folder: [UInt8], _ path: [UInt8]) -> Bool { start(ofRemainderOf: path, in: folder) != nil }

    private static func start(ofRemainderOf path: [UInt8], in folder: [UInt8]) -> Int? {
        path.withUnsafeBufferPointer { path in
            var at = 0
            let isInside = allNames(folder) { name in
                while true {
                    while at < path.count, path[at] == slash { at += 1 }
                    let isDot = at < path.count && path[at] == UInt8(ascii: ".")
                    guard isDot, at + 1 == path.count || path[at + 1] == slash else { break }
                    at += 1
                }
                guard path.count - at >= name.count else { return false }
                for offset in 0..<name.count where path[at + offset] != name[offset] { return false }
                at += name.count
                return at == path.count || path[at] == slash
            }
            guard isInside else { return nil }
            while at < path.count, path[at] == slash { at += 1 }
            return at
        }
    }

    /// Whether the names of a relative path lead above where it begins, at the end or on the way.
    static func leadsAbove(_ path: [UInt8]) -> Bool {
        var depth = 0
        return !allNames(path) { name in
            if !isDot(name) { depth += isParent(name) ? -1 : 1 }
            return depth >= 0
        }
    }

    /// Splits off the last name, slashes behind it included; nil where there is no name that could be made or removed:
    /// in an empty path, and behind "." and "..".
    static func split(_ path: [UInt8]) -> (parent: [UInt8], name: [UInt8], hasSlash: Bool)? {
        var end = path.count
        while end > 0, path[end - 1] == slash { end -= 1 }
        let start = (path[..<end].lastIndex(of: slash) ?? -1) + 1
        let name = Array(path[start..<end])
        guard !name.isEmpty, name != [UInt8(ascii: ".")], !isParent(name) else { return nil }
        return (Array(path[..<start]), name, end < path.count)
    }

    /// Calls `body` with the path as the system takes it.
    static func withCString<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: path.count + 1) { buffer in
            for position in 0..<path.count { buffer[position] = CChar(bitPattern: path[position]) }
            buffer[path.count] = 0
            return body(UnsafePointer(buffer.baseAddress!))
        }
    }

    /// The path as text, for messages.
    package static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}
