internal import LibC

/// What the operations that change something have in common: what ``Protection`` says is asked before each.
extension FileSystem {
    // MARK: - Files

    /// Opens a file so that it can be changed, or makes it.
    ///
    /// Of a path all but the last name is looked up as ever. The folder which that leads to is looked at before anything
    /// is opened or made in it; a link there is followed by its text, which is looked up in the same way.
    func openForChange(_ location: Location, _ flags: Int32, mode: UInt32 = 0) throws(ErrorCode) -> Int32 {
        try checkWritable(location)
        let folder = location.folder
        var path = location.path
        for _ in 0...Folder.linkLimit {
            guard let (parent, name, hasSlash) = GuestPath.split(path) else {
                // A directory, of which the system says that it cannot be changed so.
                return try folder.open(path, flags & ~O_TRUNC, mode: mode)
            }
            let isHere = parent.isEmpty
            let directory = isHere ? folder.descriptor : try folder.open(parent, Folder.lookupOnly | O_DIRECTORY)
            defer { if !isHere { systemClose(directory) } }
            try checkFolder(directory, location)
            if hasSlash { throw try errorOfOpeningDirectory(folder, path, flags) }
            do throws(ErrorCode) {
                let opened = try Folder.open(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
                try checkDevice(opened, location)
                return opened
            } catch {
                guard error.number == ELOOP || error.number == ENOTDIR, flags & O_NOFOLLOW == 0,
                    flags & (O_CREAT | O_EXCL) != O_CREAT | O_EXCL, let target = Folder.linkTarget(directory, name)
                else { throw error }
                if !folder.isConfined, Folder.isInProcfs(directory) {
                    return try openBehindMagicLink(directory, name, flags, location)
                }
                guard !folder.isConfined || target.first != GuestPath.slash else { throw ErrorCode.escape }
                path = target.first == GuestPath.slash ? target : parent + target
            }
        }
        throw ErrorCode(ELOOP)
    }

    /// The error of opening a path with a slash at its end for writing.
    private func errorOfOpeningDirectory(
        _ folder: Folder, _ path: [UInt8], _ flags: Int32
    ) throws(ErrorCode) -> ErrorCode {
        do throws(ErrorCode) {
            systemClose(try folder.open(path, Folder.lookupOnly))
        } catch {
            guard error.number == ENOENT, flags & O_CREAT != 0 else { throw error }
        }
        return ErrorCode(EISDIR)
    }

    /// Opens what a link of procfs leads to: an open file, whatever has become of its name.
    private func openBehindMagicLink(
        _ directory: Int32, _ name: [UInt8], _ flags: Int32, _ location: Location
    ) throws(ErrorCode) -> Int32 {
        let found = try Folder.open(directory, name, Folder.lookupOnly | O_CLOEXEC, 0)
        defer { systemClose(found) }
        try checkFile(found, location)
        return try Folder.open(
            AT_FDCWD, Array(Folder.path(of: found).utf8), flags & ~(O_CREAT | O_EXCL) | O_CLOEXEC, 0)
    }

    /// Changes a file itself, whatever its name leads to: `body` gets a directory and a path, or, where the file had to
    /// be opened so as not to leave the folder, a path that leads to that.
    func changeFile(
        _ location: Location, followingLinks: Bool, _ body: (Int32, UnsafePointer<CChar>, _ isOpened: Bool) -> Int32
    ) throws(ErrorCode) {
        try checkWritable(location)
        let opened = try lookUp(location, followingLinks: followingLinks)
        defer { systemClose(opened) }
        try checkFile(opened, location)
        guard location.folder.isConfined else {
            return try check(
                GuestPath.withCString(location.path) { body(location.folder.descriptor, $0, false) })
        }
        try check(Folder.path(of: opened).withCString { body(AT_FDCWD, $0, true) })
    }

    /// What becomes of a name.
    enum NameChange {
        case remove
        /// It is given to a link or, with a rename, to whatever there is.
        case make
        case makeFolder
    }

    /// Changes a name: `body` gets the directory that it is in, and the name.
    func change(
        _ location: Location, _ kind: NameChange, _ body: (Int32, UnsafePointer<CChar>) -> Int32
    ) throws(ErrorCode) {
        try changeName(location) { directory, name throws(ErrorCode) in
            try checkName(name, in: directory, kind, location)
            try check(GuestPath.withCString(name) { body(directory, $0) })
        }
    }

    /// Gives what has a name another one: `body` gets the directory and the name of both.
    func change(
        _ old: Location, _ new: Location, removesOld: Bool,
        _ body: (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>) -> Int32
    ) throws(ErrorCode) {
        try changeName(old) { directory, name throws(ErrorCode) in
            if removesOld { try checkName(name, in: directory, .remove, old) }
            var moved = OpenFile.Kind.unknown
            _ = FileIdentity(name, in: directory, kind: &moved)
            try changeName(new) { newDirectory, newName throws(ErrorCode) in
                // What had the name is removed. A file in the way of a folder leads nowhere.
                if removesOld { try checkName(newName, in: newDirectory, .remove, new) }
                if moved == .directory || moved == .link { try checkName(newName, in: newDirectory, .make, new) }
                try check(
                    GuestPath.withCString(name) { name in
                        GuestPath.withCString(newName) { body(directory, name, newDirectory, $0) }
                    })
            }
        }
    }

    /// Calls `body` with the directory that holds the last name of a path, when names in it may be changed.
    private func changeName(
        _ location: Location, _ body: (Int32, [UInt8]) throws(ErrorCode) -> Void
    ) throws(ErrorCode) {
        try checkWritable(location)
        let (directory, name) = try parent(of: location)
        defer { if directory != location.folder.descriptor { systemClose(directory) } }
        try checkFolder(directory, location)
        try body(directory, name)
    }

    /// The directory that holds the last name of a path, open if it is not the folder itself; and the name.
    ///
    /// A slash behind the name stays. The calls that get it follow no links.
    private func parent(of location: Location) throws(ErrorCode) -> (directory: Int32, name: [UInt8]) {
        let folder = location.folder
        let flags = Folder.lookupOnly | O_DIRECTORY
        return try allowing(location) { () throws(ErrorCode) in
            guard let (parent, name, hasSlash) = GuestPath.split(location.path) else {
                guard folder.isConfined else { return (folder.descriptor, location.path) }
                // "." and "..": the system has fitting errors for "." in the directory that they mean.
                return (try folder.open(location.path, flags), [UInt8(ascii: ".")])
            }
            let directory = parent.isEmpty ? folder.descriptor : try folder.open(parent, flags)
            return (directory, hasSlash ? name + [GuestPath.slash] : name)
        }
    }

    // MARK: - What must not be changed

    /// Throws where nothing may be changed in an open folder, nor the folder itself.
    private func checkFolder(_ folder: Int32, _ location: Location) throws(ErrorCode) {
        if let reason = protection.reason(folder: folder) { throw denial(reason, location.named) }
    }

    /// Throws where an open file may not be changed.
    func checkFile(_ file: Int32, _ location: Location) throws(ErrorCode) {
        if let reason = protection.reason(file: file) { throw denial(reason, location.named) }
    }

    /// Closes a disk that was opened, and throws, where it may hold what must not be changed.
    private func checkDevice(_ file: Int32, _ location: Location) throws(ErrorCode) {
        guard !protection.readOnly.isEmpty else { return }
        var status = stat()
        guard fstat(file, &status) == 0, OpenFile.Kind(mode: status.st_mode) == .blockDevice else { return }
        systemClose(file)
        throw deny(.readOnly, location.named)
    }

    /// Throws where a name in an open folder must stay what it is.
    private func checkName(
        _ name: [UInt8], in folder: Int32, _ change: NameChange, _ location: Location
    ) throws(ErrorCode) {
        let name = name.last == GuestPath.slash ? Array(name.dropLast()) : name
        let reason =
            switch change {
            case .remove: protection.reason(removing: name, in: folder)
            case .make: protection.reason(making: name, in: folder, isNewFolder: false)
            case .makeFolder: protection.reason(making: name, in: folder, isNewFolder: true)
            }
        if let reason { throw denial(reason, location.named) }
    }

    private func denial(_ reason: Protection.Reason, _ path: [UInt8]) -> ErrorCode {
        switch reason {
        case .readOnly: deny(.readOnly, path)
        case .keptCode: deny(.keptCode, path)
        case .way: deny(.way, path)
        }
    }

    /// Throws where nothing may be changed.
    func checkWritable(_ file: OpenFile) throws(ErrorCode) {
        let name = Array("an open file".utf8)
        if file.isReadOnly { throw deny(.readOnly, name) }
        // One that was opened to be read may be anywhere.
        guard !file.isBorrowed, file.stream == nil, !file.isForbidden else { return }
        if let reason = protection.reason(file: file.descriptor) { throw denial(reason, name) }
    }
}
