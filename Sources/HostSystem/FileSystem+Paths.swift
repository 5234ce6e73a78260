package import LibC

/// A time of a file that shall be set.
package enum FileTime {
    /// Leaves it as it is.
    case keep
    /// The time at which it is set.
    case now
    /// A time since 1970.
    case at(seconds: Int, nanoseconds: Int)

    /// The time so many seconds after 1970, to the nanosecond as far as the number is that exact.
    package init(seconds: Double) {
        guard seconds.isFinite, abs(seconds) < 9e15 else {
            self = .at(seconds: 0, nanoseconds: 0)
            return
        }
        let whole = seconds.rounded(.down)
        self = .at(seconds: Int(whole), nanoseconds: min(999_999_999, Int((seconds - whole) * 1e9)))
    }

    var timespec: timespec {
        switch self {
        case .keep: .init(tv_sec: 0, tv_nsec: SpecialNanoseconds.keep)
        case .now: .init(tv_sec: 0, tv_nsec: SpecialNanoseconds.now)
        case .at(let seconds, let nanoseconds): .init(tv_sec: seconds, tv_nsec: nanoseconds)
        }
    }
}

/// Operations on paths.
extension FileSystem {
    /// Flags that have a meaning to guests.
    private static let openFlags =
        O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_SYNC | O_DSYNC | O_DIRECTORY | O_NOFOLLOW

    /// Opens a file and returns the guest's number for it.
    ///
    /// Waits for nothing but, if it shall, for somebody who reads from the named pipe that is opened for writing. One
    /// that is opened for reading is open at once; who reads from it waits. A terminal does not become that of the
    /// process.
    ///
    /// - Parameter flags: the system's. Those that have no meaning to guests are left out.
    /// - Throws: ENXIO for a pipe that nobody reads, where this shall not wait.
    package func open(
        _ location: Location, flags: Int32, mode: UInt32, waits: Bool = true
    ) throws(ErrorCode) -> Int {
        guard waits else { return try openNow(location, flags: flags, mode: mode) }
        switch try startOpening(location, flags: flags, mode: mode) {
        case .file(let number): return number
        case .pipe(let opening):
            try wait(for: opening.signal.descriptor, Int16(POLLIN))
            return try add(opening.result(), location)
        }
    }

    /// What has become of a file that was to be opened.
    package enum Opening {
        /// It is open, under a number of the guest's.
        case file(Int)
        /// It is a named pipe that nobody reads from yet.
        case pipe(PipeOpening)
    }

    /// Opens a file like ``open(_:flags:mode:waits:)``, but leaves the waiting to the caller.
    package func startOpening(_ location: Location, flags: Int32, mode: UInt32) throws(ErrorCode) -> Opening {
        do throws(ErrorCode) {
            return .file(try openNow(location, flags: flags, mode: mode))
        } catch {
            // There are others of which the system says this, such as sockets.
            guard error.number == ENXIO, let opening = try pipeOpening(location, flags: flags) else { throw error }
            return .pipe(opening)
        }
    }

    private func openNow(_ location: Location, flags: Int32, mode: UInt32) throws(ErrorCode) -> Int {
        let flags = flags & Self.openFlags
        if let folder = location.folder.virtual { return try open(location, in: folder, flags: flags, mode: mode) }
        let changes = flags & O_ACCMODE != O_RDONLY || flags & (O_CREAT | O_TRUNC) != 0
        let system = flags | O_NONBLOCK | O_NOCTTY
        let opened = try allowing(location) { () throws(ErrorCode) in
            changes
                ? try openForChange(location, system, mode: masked(mode))
                : try location.folder.open(location.path, system)
        }
        return try add(opened, location)
    }

    /// Begins to open a named pipe for writing; nil for everything else.
    private func pipeOpening(_ location: Location, flags: Int32) throws(ErrorCode) -> PipeOpening? {
        let found = try lookUp(location, followingLinks: flags & O_NOFOLLOW == 0)
        var status = stat()
        guard fstat(found, &status) == 0, OpenFile.Kind(mode: status.st_mode) == .pipe else {
            systemClose(found)
            return nil
        }
        do throws(ErrorCode) { try checkFile(found, location) } catch {
            systemClose(found)
            throw error
        }
        return try PipeOpening(found, flags: O_WRONLY)
    }

    /// Gives the guest a number for what was opened.
    package func add(_ opened: Int32, _ location: Location) throws(ErrorCode) -> Int {
        var status = stat()
        guard fstat(opened, &status) == 0 else {
            systemClose(opened)
            throw ErrorCode.last
        }
        let kind = OpenFile.Kind(mode: status.st_mode)
        guard !MemoryFile.isOne(opened, kind, status) else {
            systemClose(opened)
            throw deny(.memory, location.named)
        }
        var folder: Folder?
        if kind == .directory {
            folder = location.folder
            folder?.descriptor = opened
            folder?.isConfined = true
        }
        return descriptors.add(
            OpenFile(opened, kind: kind, folder: folder, isReadOnly: location.folder.isReadOnly))
    }

    /// What the system says about a file.
    package func status(_ location: Location, followingLinks: Bool) throws(ErrorCode) -> stat {
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in
                try folder.status(location.path, followingLinks: followingLinks)
            }
        }
        var status = stat()
        if location.folder.isConfined {
            let opened = try lookUp(location, followingLinks: followingLinks)
            defer { systemClose(opened) }
            try check(fstat(opened, &status))
        } else {
            try check(
                GuestPath.withCString(location.path) {
                    fstatat(location.folder.descriptor, $0, &status, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
                })
        }
        return status
    }

    /// What there is to say about a path of the guest's tree, also where it only leads to a granted folder.
    package func status(_ path: [UInt8], followingLinks: Bool) throws(ErrorCode) -> stat {
        if onlyLeadsToMount(path) {
            var status = stat()
            status.st_mode = S_IFDIR | 0o555
            status.st_nlink = 2
            return status
        }
        return try status(locate(path), followingLinks: followingLinks)
    }

    /// What there is to say about a path that begins at an open directory.
    package func status(
        _ path: [UInt8], in directory: OpenFile, followingLinks: Bool
    ) throws(ErrorCode) -> stat {
        if let base = directory.base, !path.isEmpty {
            return try status(GuestPath.joined(base, path), followingLinks: followingLinks)
        }
        return try status(locate(path, in: directory), followingLinks: followingLinks)
    }

    /// The names in a directory, sorted by their bytes.
    package func entries(_ location: Location) throws(ErrorCode) -> [DirectoryEntry] {
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in try folder.entries(location.path) }
        }
        let opened = try allowing(location) { () throws(ErrorCode) in
            try location.folder.open(location.path, O_RDONLY | O_DIRECTORY)
        }
        defer { systemClose(opened) }
        return try DirectoryEntry.list(opened)
    }

    /// Makes a directory.
    package func makeDirectory(_ location: Location, mode: UInt32) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            let permissions = masked(mode) & ~processMask
            return try virtually(location.named) { () throws(FileError) in
                try folder.makeDirectory(location.path, permissions: permissions)
            }
        }
        let mode = mode_t(masked(mode) & 0o7777)
        try change(location, .makeFolder) { mkdirat($0, $1, mode) }
    }

    /// Removes an empty directory.
    package func removeDirectory(_ location: Location) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in
                try folder.remove(location.path, isDirectory: true)
            }
        }
        try change(location, .remove) { unlinkat($0, $1, AT_REMOVEDIR) }
    }

    /// Removes a file that is no directory.
    package func unlink(_ location: Location) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in
                try folder.remove(location.path, isDirectory: false)
            }
        }
        try change(location, .remove) { unlinkat($0, $1, 0) }
    }

    /// Gives a file another name.
    package func rename(_ old: Location, to new: Location) throws(ErrorCode) {
        if old.folder.virtual != nil || new.folder.virtual != nil { return try rename(old, to: new, isLink: false) }
        try change(old, new, removesOld: true) { renameat($0, $1, $2, $3) }
    }

    /// Gives a file a further name; a link is not followed.
    package func link(_ old: Location, to new: Location) throws(ErrorCode) {
        if old.folder.virtual != nil || new.folder.virtual != nil { return try rename(old, to: new, isLink: true) }
        if old.folder.isConfined, old.path.last == GuestPath.slash {
            // The system would follow a link here.
            systemClose(try lookUp(old, followingLinks: true, O_DIRECTORY))
            throw ErrorCode(EPERM)
        }
        try change(old, new, removesOld: false) { linkat($0, $1, $2, $3, 0) }
    }

    /// Makes a symbolic link; its target is text that is looked at when the link is used.
    package func makeSymbolicLink(_ target: [UInt8], at location: Location) throws(ErrorCode) {
        guard !target.contains(0) else { throw ErrorCode(EINVAL) }
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in
                try folder.makeSymbolicLink(target, at: location.path)
            }
        }
        try change(location, .make) { directory, name in
            GuestPath.withCString(target) { symlinkat($0, directory, name) }
        }
    }

    /// The text of a symbolic link.
    package func target(ofLink location: Location) throws(ErrorCode) -> [UInt8] {
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in try folder.target(ofLink: location.path) }
        }
        let target: [UInt8]?
        if location.folder.isConfined {
            let opened = try lookUp(location, followingLinks: false)
            defer { systemClose(opened) }
            target = Folder.linkTarget(opened, [])
            // Of what is no link the system says that it does not exist, as it has no name here.
            if target == nil { throw errno == ENOENT ? ErrorCode(EINVAL) : ErrorCode.last }
        } else {
            target = Folder.linkTarget(location.folder.descriptor, location.path)
        }
        guard let target else { throw ErrorCode.last }
        return target
    }

    /// Changes the permissions of a file.
    package func changeMode(_ location: Location, _ mode: UInt32) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            return try set(FileAttributes(mode: mode), location, folder, followingLinks: true)
        }
        let mode = mode_t(mode & 0o7777)
        try changeFile(location, followingLinks: true) { directory, path, isOpened in
            isOpened ? chmod(path, mode) : fchmodat(directory, path, mode, 0)
        }
    }

    /// Changes who owns a file; -1 leaves the user or the group as it is.
    package func changeOwner(
        _ location: Location, user: UInt32, group: UInt32, followingLinks: Bool
    ) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            return try set(
                FileAttributes(user: user, group: group), location, folder, followingLinks: followingLinks)
        }
        try changeFile(location, followingLinks: followingLinks) { directory, path, isOpened in
            fchownat(directory, path, user, group, followingLinks || isOpened ? 0 : AT_SYMLINK_NOFOLLOW)
        }
    }

    /// Changes the length of a file.
    package func truncate(_ location: Location, to length: Int64) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            return try virtually(location.named) { () throws(FileError) in
                try folder.truncate(location.path, to: length)
            }
        }
        let opened = try allowing(location) { () throws(ErrorCode) in
            try openForChange(location, O_WRONLY | O_NONBLOCK | O_NOCTTY)
        }
        defer { systemClose(opened) }
        try check(ftruncate(opened, off_t(length)))
    }

    /// Sets the times of a file.
    package func setTimes(
        _ location: Location, accessed: FileTime, modified: FileTime, followingLinks: Bool
    ) throws(ErrorCode) {
        if let folder = location.folder.virtual {
            return try set(
                FileAttributes(accessed: accessed, modified: modified), location, folder,
                followingLinks: followingLinks)
        }
        let times = [accessed.timespec, modified.timespec]
        try changeFile(location, followingLinks: followingLinks) { directory, path, isOpened in
            utimensat(directory, path, times, followingLinks || isOpened ? 0 : AT_SYMLINK_NOFOLLOW)
        }
    }

    // MARK: - What they have in common

    /// Opens a file only to say which one is meant.
    func lookUp(
        _ location: Location, followingLinks: Bool, _ flags: Int32 = 0
    ) throws(ErrorCode) -> Int32 {
        try allowing(location) { () throws(ErrorCode) in
            try location.folder.open(
                location.path, Folder.lookupOnly | flags | (followingLinks ? 0 : O_NOFOLLOW))
        }
    }
}
