internal import CHostSystem
internal import LibC

/// A path of the host, followed name by name as the system does it, for those who must know what it leads through.
struct HostPath: ~Copyable {
    /// The folders from where the search began last, all open; the last is the one that has, or would have, the name.
    private var folders: [Int32]
    /// The name at which the search has ended; nil where the path ends with the folder itself, as "." does.
    private(set) var name: [UInt8]?
    /// The names behind it that could not be looked up.
    private(set) var rest: [[UInt8]] = []
    /// Whether the name is a link of procfs, which leads to an open file and not to what its text says.
    private(set) var isMagic = false

    /// The open folder in which the search has ended.
    var folder: Int32 { folders[folders.count - 1] }

    private static let folderFlags = Folder.lookupOnly | O_DIRECTORY | O_CLOEXEC
    /// How many symbolic links a path may lead through, as on Linux.
    private static let linkLimit = 40

    private init(_ start: Int32) { folders = [start] }

    /// Follows a path to its last name; that is no link when it is there, but for links of procfs.
    ///
    /// - Parameters:
    ///   - path: absolute, or relative to the working directory.
    ///   - visit: gets each name on the way but "." and "..", with the open folder that it is looked up in, and what
    ///     the system says of it; nil for a name that is not there, with which the search ends.
    /// - Throws: what `visit` throws, ELOOP, and the system's errors of opening a folder.
    static func follow(
        _ path: [UInt8], _ visit: (_ folder: Int32, _ name: [UInt8], stat?) throws(ErrorCode) -> Void
    ) throws(ErrorCode) -> HostPath {
        var search = HostPath(try open(AT_FDCWD, path.first == GuestPath.slash ? "/" : "."))
        try search.follow(path, visit)
        return search
    }

    private mutating func follow(
        _ path: [UInt8], _ visit: (_ folder: Int32, _ name: [UInt8], stat?) throws(ErrorCode) -> Void
    ) throws(ErrorCode) {
        var pending = Array(GuestPath.components(path).reversed())
        var links = 0
        while let name = pending.popLast() {
            if name == [UInt8(ascii: ".")] { continue }
            if GuestPath.isParent(name) {
                try leave()
                continue
            }
            var status = stat()
            let isThere = GuestPath.withCString(name) { fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
            try visit(folder, name, isThere ? status : nil)
            let kind = isThere ? OpenFile.Kind(mode: status.st_mode) : .unknown
            if kind == .link {
                links += 1
                guard links <= Self.linkLimit else { throw ErrorCode(ELOOP) }
                isMagic = gw_is_in_procfs(folder)
                if !isMagic {
                    guard let target = Folder.linkTarget(folder, name) else { throw ErrorCode.last }
                    if target.first == GuestPath.slash { restart(at: try Self.open(AT_FDCWD, "/")) }
                    pending += GuestPath.components(target).reversed()
                    continue
                }
            }
            guard kind == .directory || isMagic, !pending.isEmpty else {
                (self.name, rest) = (name, pending.reversed())
                return
            }
            let opened = GuestPath.withCString(name) {
                openat(folder, $0, Self.folderFlags | (isMagic ? 0 : O_NOFOLLOW))
            }
            guard opened >= 0 else { throw ErrorCode.last }
            if isMagic { restart(at: opened) } else { folders.append(opened) }
            isMagic = false
        }
    }

    deinit { for folder in folders { systemClose(folder) } }

    private static func open(_ folder: Int32, _ path: String) throws(ErrorCode) -> Int32 {
        let opened = path.withCString { openat(folder, $0, folderFlags) }
        guard opened >= 0 else { throw ErrorCode.last }
        return opened
    }

    private mutating func restart(at folder: Int32) {
        for folder in folders { systemClose(folder) }
        folders = [folder]
    }

    private mutating func leave() throws(ErrorCode) {
        if folders.count > 1 { systemClose(folders.removeLast()) } else { restart(at: try Self.open(folder, "..")) }
    }
}
