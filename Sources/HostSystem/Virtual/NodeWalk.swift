internal import LibC

/// Follows paths in a ``VirtualFileSystem`` as the system does in a folder that they must not leave.
struct NodeWalk: Sendable {
    /// Where paths begin, and which `..` does not lead above.
    let start: any FileNode
    /// Whether the permissions of files count, which they do not for a process of the superuser.
    let enforcesPermissions: Bool

    /// What a path leads to.
    struct Place {
        /// The folder that holds the last name.
        let folder: any FileNode
        /// The last name; nil where the path ends in "." or "..", at the folder itself.
        let name: FileName?
        /// The file; nil if there is none.
        let node: (any FileNode)?
        /// Whether a slash at the end demands a folder.
        let hasSlash: Bool

        /// The file, if there is one, and a folder if that is demanded.
        func existing() throws(FileError) -> any FileNode {
            guard let node else { throw .notFound }
            if hasSlash, try node.status().kind != .directory { throw .notDirectory }
            return node
        }

        /// The last name, where one is to be made or removed; `error` if there is none.
        func name(orThrow error: FileError) throws(FileError) -> FileName {
            guard let name else { throw error }
            guard name.bytes.count <= FileName.longest else { throw .nameTooLong }
            return name
        }
    }

    /// Finds a path.
    ///
    /// - Parameters:
    ///   - followsLast: Whether a link at the end is followed.
    ///   - slashFollows: Whether it is in any case where a slash is behind it, as when something is looked up.
    func find(
        _ path: [UInt8], followsLast: Bool, slashFollows: Bool = true
    ) throws(FileError) -> Place {
        guard path.count < Int(PATH_MAX) else { throw .nameTooLong }
        var folders: [any FileNode] = []
        var here = start
        var pending: [[UInt8]] = []
        var hasSlash = false
        var linkCount = 0
        func begin(_ path: [UInt8]) throws(FileError) {
            guard let first = path.first else { throw .notFound }
            guard first != GuestPath.slash else { throw FileError(ErrorCode.escape) }
            if pending.isEmpty, path.last == GuestPath.slash { hasSlash = true }
            pending += GuestPath.components(path).reversed()
        }
        try begin(path)
        while let name = pending.popLast() {
            if name == [UInt8(ascii: ".")] { continue }
            if GuestPath.isParent(name) {
                guard let parent = folders.popLast() else { throw FileError(ErrorCode.escape) }
                here = parent
                continue
            }
            try require(0o100, of: here)
            let isLast = pending.isEmpty
            guard name.count <= FileName.longest else {
                // Who makes or removes the name hears of it when all else was looked at; see `Place.name(orThrow:)`.
                guard isLast, !slashFollows else { throw .nameTooLong }
                return Place(folder: here, name: FileName(name), node: nil, hasSlash: hasSlash)
            }
            let child = try here.child(named: FileName(name))
            let follows = !isLast || followsLast || hasSlash && slashFollows
            guard let child, follows else {
                guard isLast else { throw .notFound }
                return Place(folder: here, name: FileName(name), node: child, hasSlash: hasSlash)
            }
            switch try child.status().kind {
            case .symbolicLink:
                linkCount += 1
                guard linkCount <= Folder.linkLimit else { throw .tooManyLinks }
                try begin(child.target())
            case .regular, .directory:
                if isLast { return Place(folder: here, name: FileName(name), node: child, hasSlash: hasSlash) }
                guard try child.status().kind == .directory else { throw .notDirectory }
                folders.append(here)
                here = child
            }
        }
        return Place(folder: here, name: nil, node: here, hasSlash: hasSlash)
    }

    /// Throws where the permissions that a file's owner has are not enough: of `0o400`, `0o200` and `0o100`.
    func require(_ permissions: UInt32, of node: any FileNode) throws(FileError) {
        guard enforcesPermissions else { return }
        if try node.status().permissions & permissions != permissions { throw .accessDenied }
    }

    /// Finds the folder and the name of what is to be made or removed; `error` is that of ".", which can be neither.
    func findName(_ path: [UInt8], orThrow error: FileError) throws(FileError) -> (place: Place, name: FileName) {
        let place = try find(path, followsLast: false, slashFollows: false)
        return (place, try place.name(orThrow: error))
    }
}
