internal import LibC

/// What guests do with files that are not the system's.
extension FileSystem {
    /// Runs an operation in a ``VirtualFileSystem``; what it keeps in memory is charged to the guest.
    func virtually<Result>(
        _ named: [UInt8] = [], _ body: () throws(FileError) -> Result
    ) throws(ErrorCode) -> Result {
        try ledger.charging(&fileCharge) { () throws(ErrorCode) in
            do throws(FileError) {
                return try body()
            } catch {
                throw error.code.isEscape ? deny(.escape, named) : error.code
            }
        }
    }

    /// Opens a file and returns the guest's number for it.
    func open(
        _ location: Location, in folder: VirtualFolder, flags: Int32, mode: UInt32
    ) throws(ErrorCode) -> Int {
        let permissions = masked(mode) & ~processMask
        return try virtually(location.named) { () throws(FileError) in
            let file = try folder.open(location.path, flags: flags, permissions: permissions)
            return descriptors.add(try OpenFile(file))
        }
    }

    /// Gives what has a name another one, which is no other file system's; `isLink` keeps the old one.
    func rename(_ old: Location, to new: Location, isLink: Bool) throws(ErrorCode) {
        guard let folder = old.folder.virtual, let other = new.folder.virtual else { throw ErrorCode(EXDEV) }
        try virtually(old.named) { () throws(FileError) in
            if isLink {
                try folder.link(old.path, to: other, new.path)
            } else {
                try folder.rename(old.path, to: other, new.path)
            }
        }
    }

    /// Sets properties of a file.
    func set(
        _ attributes: FileAttributes, _ location: Location, _ folder: VirtualFolder, followingLinks: Bool
    ) throws(ErrorCode) {
        try virtually(location.named) { () throws(FileError) in
            try folder.set(attributes, location.path, followingLinks: followingLinks)
        }
    }

    /// Moves where the next read or write begins, and returns where that is; `whence` is the system's number for what
    /// the offset counts from.
    package func seek(_ file: OpenFile, _ offset: Int64, _ whence: Int32) throws(ErrorCode) -> Int64 {
        if let virtual = file.virtual {
            return try virtually { () throws(FileError) in try virtual.seek(offset, whence) }
        }
        let position = lseek(file.descriptor, off_t(offset), whence)
        if position < 0 { throw ErrorCode.last }
        return Int64(position)
    }

    /// Makes sure that there is room for a part of a file.
    ///
    /// - Throws: EOPNOTSUPP where the system has no such call.
    package func reserve(_ file: OpenFile, from start: Int64, count: Int64) throws(ErrorCode) {
        if let virtual = file.virtual {
            return try virtually { () throws(FileError) in try virtual.reserve(from: start, count: count) }
        }
        guard let failure = allocate(file.descriptor, from: start, count: count) else { throw ErrorCode(EOPNOTSUPP) }
        if failure != 0 { throw ErrorCode(failure) }
    }

    /// Tells the system how a part of a file will be used; see `advise(_:from:count:_:)` of LibC.
    package func advise(_ file: OpenFile, from start: Int64, count: Int64, _ advice: Int) throws(ErrorCode) {
        guard file.virtual == nil else { return }
        let failure = LibC.advise(file.descriptor, from: start, count: count, advice)
        if failure != 0 { throw ErrorCode(failure) }
    }

    /// Has all writes go to the end of a file, or not.
    package func setAppends(_ file: OpenFile, _ appends: Bool) throws(ErrorCode) {
        if let virtual = file.virtual { return virtual.setAppends(appends) }
        let flags = file.statusFlags
        try check(fcntl(file.descriptor, F_SETFL, appends ? flags | O_APPEND : flags & ~O_APPEND))
    }
}

extension FileAttributes {
    /// Permissions only.
    init(mode: UInt32) {
        self.init()
        permissions = mode & 0o7777
    }

    /// Owners only; -1 leaves the user or the group as it is.
    init(user: UInt32, group: UInt32) {
        self.init()
        self.user = user == .max ? nil : user
        self.group = group == .max ? nil : group
    }

    /// Times only.
    init(accessed: FileTime, modified: FileTime) {
        self.init()
        self.accessed = accessed.time
        self.modified = modified.time
    }
}

extension FileTime {
    /// The moment; nil to keep what there is.
    fileprivate var time: FileStatus.Time? {
        switch self {
        case .keep: nil
        case .now: .now
        case .at(let seconds, let nanoseconds): FileStatus.Time(seconds: Int64(seconds), nanoseconds: nanoseconds)
        }
    }
}
