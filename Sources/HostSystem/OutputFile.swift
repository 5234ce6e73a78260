internal import CHostSystem
internal import LibC

/// A file that the user names for what is written about a run.
///
/// Its path may lead through folders that the program is given, in which an earlier run may have left a link to a file
/// that the program may not change itself. No link in such a folder is followed. Links elsewhere, such as /dev/stdout,
/// are the user's.
package enum OutputFile {
    /// Why a file cannot be written.
    package enum Failure: Error {
        /// What the system says.
        case system(ErrorCode)
        /// The path leads through a link, or to something that is no file, in a folder that the program is given; with
        /// its name.
        case planted(name: String, isLink: Bool)
    }

    /// Opens a file for writing and empties it, or makes it.
    ///
    /// - Parameters:
    ///   - path: absolute, or relative to the working directory.
    ///   - access: what the program is given. Where that is everything no link is refused, as it could write to all
    ///     files itself.
    ///   - isPrivate: whether nobody else shall be able to read what is written.
    /// - Returns: a descriptor that the caller closes.
    package static func open(
        _ path: String, beside access: HostAccess, isPrivate: Bool = false
    ) throws(Failure) -> Int32 {
        let opened = try open(path, beside: access, mode: isPrivate ? 0o600 : 0o666)
        // One that was there before may be open to others; what is no file has no contents that stay.
        var status = stat()
        if isPrivate, fstat(opened, &status) == 0, OpenFile.Kind(mode: status.st_mode) == .regular,
            fchmod(opened, 0o600) != 0
        {
            let problem = ErrorCode(errno)
            systemClose(opened)
            throw .system(problem)
        }
        return opened
    }

    private static func open(_ path: String, beside access: HostAccess, mode: mode_t) throws(Failure) -> Int32 {
        let grants = access.allowsAllFiles ? [] : identities(access.mounts)
        var planted: [UInt8]?
        do throws(ErrorCode) {
            let end = try HostPath.follow(Array(path.utf8)) { folder, name, status throws(ErrorCode) in
                guard let status, OpenFile.Kind(mode: status.st_mode) == .link, lies(folder, in: grants) else { return }
                planted = name
                throw ErrorCode(ELOOP)
            }
            guard let name = end.name, path.utf8.last != GuestPath.slash else { throw ErrorCode(EISDIR) }
            guard end.rest.isEmpty else { throw ErrorCode(ENOENT) }
            let flags = O_WRONLY | O_CLOEXEC | O_NOCTTY
            if end.isMagic { return try Folder.open(end.folder, name, flags | O_TRUNC, 0) }
            guard lies(end.folder, in: grants) else {
                return try Folder.open(end.folder, name, flags | O_CREAT | O_TRUNC | O_NOFOLLOW, mode)
            }
            // Nothing waits here for somebody who reads from a pipe.
            let opened: Int32
            do throws(ErrorCode) {
                opened = try Folder.open(end.folder, name, flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode)
            } catch {
                // Such a pipe, or a link that has come this moment.
                if error.number == ENXIO || error.number == ELOOP { planted = name }
                throw error
            }
            var status = stat()
            guard fstat(opened, &status) == 0, OpenFile.Kind(mode: status.st_mode) == .regular,
                ftruncate(opened, 0) == 0
            else {
                systemClose(opened)
                planted = name
                throw ErrorCode(ENXIO)
            }
            return opened
        } catch {
            guard let planted else { throw .system(error) }
            throw .planted(name: GuestPath.text(planted), isLink: error.number == ELOOP)
        }
    }

    /// The folders that are given, but for the root, in which every file lies.
    private static func identities(_ mounts: [HostAccess.Mount]) -> Set<FileIdentity> {
        var root = stat()
        stat("/", &root)
        return Set(
            mounts.compactMap { mount in
                var status = stat()
                return stat(mount.host, &status) == 0 ? FileIdentity(status) : nil
            }
        ).subtracting([FileIdentity(root)])
    }

    /// Whether an open folder is one of these, or beneath one.
    private static func lies(_ folder: Int32, in grants: Set<FileIdentity>) -> Bool {
        guard !grants.isEmpty else { return false }
        var (here, identity) = (folder, FileIdentity(of: folder))
        defer { if here != folder { systemClose(here) } }
        while let found = identity {
            if grants.contains(found) { return true }
            let parent = openat(here, "..", Folder.lookupOnly | O_DIRECTORY | O_CLOEXEC)
            guard parent >= 0 else { return true }
            if here != folder { systemClose(here) }
            here = parent
            identity = FileIdentity(of: parent)
            if identity == found { return false }
        }
        return true
    }
}
