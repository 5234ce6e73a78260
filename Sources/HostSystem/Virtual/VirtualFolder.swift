internal import LibC

/// A folder of a ``VirtualFileSystem`` in which a guest's paths begin: what the system does for one of its own.
///
/// Results and errors are those of Linux.
final class VirtualFolder: Sendable {
    /// The folder.
    let node: any FileNode
    /// The number that stands for the file system.
    let device: UInt64
    /// Whether nothing may be changed.
    let isReadOnly: Bool
    private let walk: NodeWalk

    init(_ node: any FileNode, device: UInt64, isReadOnly: Bool, enforcesPermissions: Bool = geteuid() != 0) {
        self.node = node
        self.device = device
        self.isReadOnly = isReadOnly
        walk = NodeWalk(start: node, enforcesPermissions: enforcesPermissions)
    }

    /// The same rules for paths that begin at another folder.
    func at(_ node: any FileNode) -> VirtualFolder {
        VirtualFolder(
            node, device: device, isReadOnly: isReadOnly, enforcesPermissions: walk.enforcesPermissions)
    }

    // MARK: - Looking

    /// What there is to say about a file.
    func status(_ path: [UInt8], followingLinks: Bool) throws(FileError) -> stat {
        try status(of: walk.find(path, followsLast: followingLinks).existing())
    }

    /// What there is to say about a file, as the system says it.
    func status(of node: any FileNode) throws(FileError) -> stat {
        let status = try node.status()
        var result = stat()
        result.st_dev = dev_t(truncatingIfNeeded: device)
        result.st_ino = ino_t(truncatingIfNeeded: status.number)
        result.st_mode = status.kind.mode | mode_t(truncatingIfNeeded: status.permissions & 0o7777)
        result.st_nlink = nlink_t(truncatingIfNeeded: status.linkCount)
        (result.st_uid, result.st_gid) = (status.user, status.group)
        result.st_size = off_t(max(0, status.size))
        result.st_blksize = 4096
        result.st_blocks = .init((max(0, status.size) &+ 511) / 512)
        result.setTimes(status.accessed.timespec, status.modified.timespec, status.changed.timespec)
        return result
    }

    /// The text of a link.
    func target(ofLink path: [UInt8]) throws(FileError) -> [UInt8] {
        let node = try walk.find(path, followsLast: false).existing()
        guard try node.status().kind == .symbolicLink else { throw .invalid }
        return try node.target()
    }

    /// The names in a folder, sorted by their bytes.
    func entries(_ path: [UInt8]) throws(FileError) -> [DirectoryEntry] {
        let node = try walk.find(path, followsLast: true).existing()
        guard try node.status().kind == .directory else { throw .notDirectory }
        try walk.require(0o400, of: node)
        return try Self.entries(of: node)
    }

    /// The names in a folder, sorted by their bytes.
    static func entries(of node: any FileNode) throws(FileError) -> [DirectoryEntry] {
        var entries = try node.entries().map {
            DirectoryEntry(name: $0.name.bytes, inode: $0.number, kind: $0.kind.openKind)
        }
        entries.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return entries
    }

    /// Throws where a path leads to no folder.
    func checkDirectory(_ path: [UInt8]) throws(FileError) {
        guard try walk.find(path, followsLast: true).existing().status().kind == .directory else {
            throw .notDirectory
        }
    }

    // MARK: - Opening

    /// Opens a file, or makes it; `flags` are the system's.
    func open(_ path: [UInt8], flags: Int32, permissions: UInt32) throws(FileError) -> VirtualFile {
        let isExclusive = flags & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL
        guard flags & (O_CREAT | O_DIRECTORY) != O_CREAT | O_DIRECTORY else { throw .invalid }
        let changes = flags & O_ACCMODE != O_RDONLY || flags & (O_CREAT | O_TRUNC) != 0
        if changes, let (_, _, hasSlash) = GuestPath.split(path), hasSlash {
            throw try errorOfOpeningDirectory(path, flags)
        }
        // Others may make and remove the file in between.
        for _ in 0..<64 {
            let place = try walk.find(path, followsLast: flags & O_NOFOLLOW == 0 && !isExclusive)
            if let node = place.node {
                try checkOpening(node, place, flags)
                if flags & O_TRUNC != 0 { try node.resize(to: 0) }
                return VirtualFile(node, self, flags: flags)
            }
            guard flags & O_CREAT != 0 else { throw .notFound }
            let name = try place.name(orThrow: .notFound)
            guard !place.hasSlash else { throw .isDirectory }
            try checkChange(in: place.folder)
            do throws(FileError) {
                let node = try place.folder.addChild(.regular(permissions: permissions & 0o7777), named: name)
                return VirtualFile(node, self, flags: flags)
            } catch {
                guard error == .exists, !isExclusive else { throw error }
            }
        }
        throw FileError(errno: EAGAIN)
    }

    /// The error of opening a path with a slash at its end for writing.
    private func errorOfOpeningDirectory(_ path: [UInt8], _ flags: Int32) throws(FileError) -> FileError {
        _ = try walk.find(path, followsLast: false, slashFollows: false)
        do throws(FileError) {
            _ = try walk.find(path, followsLast: true).existing()
        } catch {
            guard error == .notFound, flags & O_CREAT != 0 else { throw error }
        }
        return .isDirectory
    }

    /// Throws where a file that exists cannot be opened with these flags.
    private func checkOpening(_ node: any FileNode, _ place: NodeWalk.Place, _ flags: Int32) throws(FileError) {
        let changes = flags & O_ACCMODE != O_RDONLY || flags & O_TRUNC != 0
        let kind = try node.status().kind
        if place.hasSlash, kind != .directory { throw .notDirectory }
        if flags & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL { throw .exists }
        if flags & O_DIRECTORY != 0, kind != .directory { throw .notDirectory }
        switch kind {
        case .symbolicLink: throw .tooManyLinks
        case .directory: if changes || flags & O_CREAT != 0 { throw .isDirectory }
        case .regular: if changes, isReadOnly { throw .readOnly }
        }
        if flags & O_ACCMODE != O_WRONLY { try walk.require(0o400, of: node) }
        if changes { try walk.require(0o200, of: node) }
    }

    // MARK: - Changing names

    /// Throws where no names may be made or removed in a folder.
    private func checkChange(in folder: any FileNode) throws(FileError) {
        guard !isReadOnly else { throw .readOnly }
        try walk.require(0o300, of: folder)
    }

    /// Makes a folder.
    func makeDirectory(_ path: [UInt8], permissions: UInt32) throws(FileError) {
        let (place, name) = try walk.findName(path, orThrow: .exists)
        guard place.node == nil else { throw .exists }
        try checkChange(in: place.folder)
        _ = try place.folder.addChild(.directory(permissions: permissions & 0o7777), named: name)
    }

    /// Makes a symbolic link.
    func makeSymbolicLink(_ target: [UInt8], at path: [UInt8]) throws(FileError) {
        guard !target.isEmpty else { throw .notFound }
        guard target.count < Int(PATH_MAX) else { throw .nameTooLong }
        let (place, name) = try walk.findName(path, orThrow: .exists)
        guard place.node == nil else { throw .exists }
        guard !place.hasSlash else { throw .notFound }
        try checkChange(in: place.folder)
        _ = try place.folder.addChild(.symbolicLink(target: target), named: name)
    }

    /// Removes a file, or an empty folder.
    func remove(_ path: [UInt8], isDirectory: Bool) throws(FileError) {
        let (place, name) = try walk.findName(path, orThrow: isDirectory ? .invalid : .isDirectory)
        guard let node = place.node else { throw .notFound }
        try checkChange(in: place.folder)
        if place.hasSlash, !isDirectory, try node.status().kind != .directory { throw .notDirectory }
        try checkSticky(node, in: place.folder)
        try place.folder.removeChild(named: name, isDirectory: isDirectory)
    }

    /// In a folder with the sticky bit only owners remove files.
    private func checkSticky(_ node: any FileNode, in folder: any FileNode) throws(FileError) {
        guard walk.enforcesPermissions, try folder.status().permissions & 0o1000 != 0 else { return }
        let user = geteuid()
        if try node.status().user != user, try folder.status().user != user { throw .notPermitted }
    }

    /// Gives a file another name.
    func rename(_ path: [UInt8], to other: VirtualFolder, _ newPath: [UInt8]) throws(FileError) {
        let busy = FileError(errno: EBUSY)
        let place = try walk.find(path, followsLast: false, slashFollows: false)
        let newPlace = try other.walk.find(newPath, followsLast: false, slashFollows: false)
        guard device == other.device else { throw .differentFileSystem }
        guard place.name != nil, newPlace.name != nil else { throw busy }
        guard !isReadOnly, !other.isReadOnly else { throw .readOnly }
        let name = try place.name(orThrow: busy)
        guard let node = place.node else { throw .notFound }
        let newName = try newPlace.name(orThrow: busy)
        if place.hasSlash || newPlace.hasSlash, try node.status().kind != .directory { throw .notDirectory }
        try checkChange(in: place.folder)
        try other.checkChange(in: newPlace.folder)
        try checkSticky(node, in: place.folder)
        if let replaced = newPlace.node { try checkSticky(replaced, in: newPlace.folder) }
        try place.folder.moveChild(named: name, to: newPlace.folder, as: newName)
    }

    /// Gives a file a further name.
    func link(_ path: [UInt8], to other: VirtualFolder, _ newPath: [UInt8]) throws(FileError) {
        if path.last == GuestPath.slash {
            _ = try walk.find(path, followsLast: true).existing()
            throw .notPermitted
        }
        let old = try walk.find(path, followsLast: false, slashFollows: false)
        let place = try other.walk.find(newPath, followsLast: false, slashFollows: false)
        if old.name != nil { _ = try old.name(orThrow: .notFound) }
        guard let node = old.node else { throw .notFound }
        let name = try place.name(orThrow: .exists)
        guard place.node == nil else { throw .exists }
        guard !place.hasSlash else { throw .notFound }
        guard device == other.device else { throw .differentFileSystem }
        guard !isReadOnly else { throw .readOnly }
        try other.checkChange(in: place.folder)
        try place.folder.addLink(to: node, named: name)
    }

    // MARK: - Changing files

    /// Changes the length of a file.
    func truncate(_ path: [UInt8], to size: Int64) throws(FileError) {
        let file = try open(path, flags: O_WRONLY, permissions: 0)
        try file.resize(to: size)
    }

    /// Sets properties of a file.
    func set(_ attributes: FileAttributes, _ path: [UInt8], followingLinks: Bool) throws(FileError) {
        try set(attributes, of: walk.find(path, followsLast: followingLinks).existing())
    }

    /// Sets properties of a file: the superuser may set all, others their own files' times and permissions.
    func set(_ attributes: FileAttributes, of node: any FileNode) throws(FileError) {
        guard !isReadOnly else { throw .readOnly }
        if walk.enforcesPermissions {
            let status = try node.status()
            if let user = attributes.user, user != status.user { throw .notPermitted }
            if let group = attributes.group, group != status.group, group != getegid() { throw .notPermitted }
        }
        try node.set(attributes)
    }
}
