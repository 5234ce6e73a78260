import Foundation
import _TestSupport

@testable import HostSystem

/// A small tree of folders, files and links, some of which are granted; and a model of what may change in it.
final class GrantWorld {
    /// What may be done with a file or folder, by the innermost granted folder that holds it.
    enum Right { case outside, read, change }

    /// What the system says of a file that must stay as it is.
    struct Snapshot: Equatable {
        var identity: FileIdentity
        var mode: mode_t
        var owner: uid_t
        var links: Int
        var size: Int
        var modified: [Int]
        var changed: [Int]

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            identity = FileIdentity(status)
            (mode, owner, size) = (status.st_mode, status.st_uid, Int(status.st_size))
            links = Int(status.st_nlink)
            #if os(Linux)
                modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
                changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
            #else
                modified = [status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec]
                changed = [status.st_ctimespec.tv_sec, status.st_ctimespec.tv_nsec]
            #endif
        }
    }

    /// Where the tree is: deep, so that a few ".." do not lead out of what the test has made.
    let root: String
    private(set) var access = HostAccess.none
    /// Where code is kept, with all links in the path seen through, as far as it is there.
    private(set) var keptCode = ""
    private var keptCodeAsNamed = ""
    private var fixed: [String: Snapshot] = [:]
    private(set) var folders = [""]
    private var links: [String] = []
    private var files: [String] = []
    /// The granted folders by their real paths.
    private var grants: [String: Right] = [:]
    /// Whether a folder is granted in both ways, or one that is read only beside everything.
    private(set) var isContradictory = false

    static let outsideText = "outside"
    private static let names = ["a", "b", "c"]

    init(in folder: String, random: inout SplitMix) throws {
        root = folder + "/1/2/3/4/5/6/7/8/9/tree"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for _ in 0..<Int.random(in: 3...14, using: &random) {
            let path = folders.randomElement(using: &random)! + "/" + Self.names.randomElement(using: &random)!
            if mkdir(root + path, 0o755) == 0 { folders.append(path) }
        }
        for folder in folders {
            for name in ["f", "g"] where Int.random(in: 0..<10, using: &random) < 6 {
                files.append(folder + "/" + name)
            }
        }
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let path = folders.randomElement(using: &random)! + "/" + ["l", "m"].randomElement(using: &random)!
            let target = (folders + files + ["/n"]).randomElement(using: &random)!
            let up = String(repeating: "../", count: path.split(separator: "/").count - 1)
            let text = Bool.random(using: &random) ? root + target : up + "." + target
            if symlink(text, root + path) == 0 { links.append(path) }
        }
        (keptCodeAsNamed, keptCode) = try Self.makeKeptCode(root, folders, links, &random)
        grant(&random)
        for file in files {
            let text = right(of: root + file) == .outside ? Self.outsideText : "inside"
            try Data("\(text) \(file)".utf8).write(to: URL(fileURLWithPath: root + file))
        }
        isContradictory =
            isContradictory
            || access.allowsAllFiles && access.mounts.contains { $0.isReadOnly }
        snapshot()
    }

    private static func makeKeptCode(
        _ root: String, _ folders: [String], _ links: [String], _ random: inout SplitMix
    ) throws -> (named: String, real: String) {
        var parent = root + folders.randomElement(using: &random)!
        if let link = links.randomElement(using: &random), Bool.random(using: &random), isFolder(root + link) {
            parent = root + link
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return (parent + "/n/k", real(parent) + "/n/k")
        case 1: return (parent + "/k", real(parent) + "/k")
        default:
            try FileManager.default.createDirectory(atPath: parent + "/k", withIntermediateDirectories: false)
            try Data("code".utf8).write(to: URL(fileURLWithPath: parent + "/k/f"))
            return (parent + "/k", real(parent) + "/k")
        }
    }

    private func grant(_ random: inout SplitMix) {
        // All files, with nothing else or, now and then, with folders.
        let isAll = Int.random(in: 0..<8, using: &random) == 0
        var mounts: [HostAccess.Mount] = []
        for index in 0..<Int.random(in: isAll ? 0...1 : 1...4, using: &random) {
            let linked = links.filter { Self.isFolder(root + $0) }
            let path =
                (Int.random(in: 0..<5, using: &random) == 0 ? linked.randomElement(using: &random) : nil)
                ?? folders.randomElement(using: &random)!
            // One that holds most of the others makes more of nesting.
            let host = root + (index == 0 && Bool.random(using: &random) ? "" : path)
            let isReadOnly = Int.random(in: 0..<(index == 0 ? 4 : 2), using: &random) == 0
            let guest = [host, "/g\(index)", "/g0/a", "/g1/b/c"].randomElement(using: &random)!
            mounts.append(.init(host: host, guest: guest, isReadOnly: isReadOnly))
            let place = Self.real(host)
            let right: Right = isReadOnly ? .read : .change
            if let other = grants[place], other != right { isContradictory = true }
            grants[place] = right
        }
        access = HostAccess(mounts: mounts, allowsAllFiles: isAll)
    }

    /// A path by which a guest gets at something that there was at first, through a grant that holds it; nil where the
    /// grant does not.
    func guestPath(_ random: inout SplitMix) -> String? {
        guard let mount = access.mounts.randomElement(using: &random) else { return nil }
        let host = Self.real(mount.host)
        let places = folders + files + links + [String(keptCode.dropFirst(root.count))]
        let path = Self.real(root) + places.randomElement(using: &random)!
        guard path == host || path.hasPrefix(host + "/") else { return nil }
        return mount.guest + path.dropFirst(host.count)
    }

    static func real(_ path: String) -> String {
        guard let text = realpath(path, nil) else { return path }
        defer { free(text) }
        return String(cString: text)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The right of a path without links.
    private func right(of path: String) -> Right {
        if access.allowsAllFiles { return .change }
        var path = Substring(Self.real(root)) + path.dropFirst(root.count)
        while true {
            if let right = grants[String(path)] { return right }
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return .outside }
            path = path[..<slash]
        }
    }

    private func snapshot() {
        for path in folders + files + links where right(of: root + path) != .change {
            fixed[root + path] = Snapshot(root + path)
        }
        for path in [keptCode, keptCode + "/f"] { if let found = Snapshot(path) { fixed[path] = found } }
    }

    /// What has changed that must not.
    func violations() -> [String] {
        var found: [String] = []
        for (path, before) in fixed {
            let after = Snapshot(path)
            if after != before { found.append("\(path): \(before) became \(after.map { "\($0)" } ?? "nothing")") }
        }
        // Behind the path that a later run looks at there is what was there before, or nothing.
        let code = Self.real(keptCodeAsNamed)
        if let before = fixed[keptCode] {
            if Snapshot(code)?.identity != before.identity { found.append("another folder is at \(keptCodeAsNamed)") }
        } else if Self.isFolder(keptCodeAsNamed) {
            // A file does no harm: no code is taken from there.
            found.append("there is a folder at \(keptCodeAsNamed)")
        }
        for mount in access.mounts where mount.isReadOnly {
            let identity = Snapshot(Self.real(mount.host))?.identity
            if identity != grantedIdentities[mount.host] { found.append("another folder is at \(mount.host)") }
        }
        return found
    }

    private lazy var grantedIdentities: [String: FileIdentity] = {
        Dictionary(
            access.mounts.compactMap { mount in Snapshot(Self.real(mount.host)).map { (mount.host, $0.identity) } },
            uniquingKeysWith: { first, _ in first })
    }()

    /// What a guest has; nil where that is refused.
    func makeFiles(usesSystemLookup: Bool) throws -> FileSystem {
        _ = grantedIdentities
        let files = try FileSystem(access, usesSystemLookup: usesSystemLookup)
        files.report = { _ in }
        files.protection.keptCode = [Array(keptCodeAsNamed.utf8)]
        try files.addPreopens()
        return files
    }
}
