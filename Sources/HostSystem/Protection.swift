internal import CHostSystem
internal import LibC

/// What a guest may not change though it lies in a folder that the guest may change: folders that were granted to be
/// read only, and those in which code of programs is kept.
///
/// Folders are recognized by device and inode when something is about to be changed in them, however they were reached,
/// and nothing is remembered from one change to the next. So links, renames, descriptors and other processes
/// make no difference: who has no right to change a folder cannot move anything into it or out of it, and thus what lies
/// between a file in it and the folder itself stays the same while this looks from one to the other. A hard link to a
/// file is another matter: its other name may lie in a folder that can be changed, and the file with it.
///
/// The names that lead to the folders, links among them, cannot be moved, removed or replaced, so that the user and later
/// runs find the same folders behind their paths.
struct Protection {
    /// A granted folder.
    struct Grant {
        let identity: FileIdentity
        let mount: UInt64
        /// Its path on the host, absolute.
        let path: [UInt8]

        init(_ descriptor: Int32, path: [UInt8]) throws(ErrorCode) {
            guard let identity = FileIdentity(of: descriptor) else { throw ErrorCode.last }
            self.identity = identity
            self.path = path
            mount = FileIdentity.mount(of: descriptor)
        }
    }

    /// Why something may not be changed.
    enum Reason {
        /// It lies in a folder that was granted to be read only.
        case readOnly
        /// It is code of programs that is kept.
        case keptCode
        /// It is a name that leads to one of these folders.
        case way
    }

    /// The folders that were granted to be read only.
    var readOnly: [Grant] = []
    /// The folders that were granted to be changed; inside one of these no outer grant counts.
    var writable: [Grant] = []
    /// Where code may be kept: absolute paths, whether something is there or not.
    var keptCode: [[UInt8]] = []

    // MARK: - Files and folders

    /// Why nothing may be changed in an open folder, nor the folder itself; nil where that is allowed.
    func reason(folder: Int32) -> Reason? {
        guard let identity = FileIdentity(of: folder) else { return .readOnly }
        if isKeptCode(identity) { return .keptCode }
        return readOnly.isEmpty || isWritable(folder, identity) ? nil : .readOnly
    }

    /// Why an open file may not be changed: because of the folder that has the name by which it was opened.
    func reason(file: Int32) -> Reason? {
        guard !keptCode.isEmpty || !readOnly.isEmpty else { return nil }
        var status = stat()
        guard fstat(file, &status) == 0 else { return .readOnly }
        if OpenFile.Kind(mode: status.st_mode) == .directory { return reason(folder: file) }
        // What has no name any more, or never had one, lies nowhere.
        guard status.st_nlink > 0 else { return nil }
        // It may be renamed meanwhile: the name has to lead to the file itself.
        for _ in 0..<8 {
            guard let path = Self.path(of: file) else { break }
            guard path.first == GuestPath.slash, let (parent, name, _) = GuestPath.split(path) else { return nil }
            let folder = GuestPath.withCString(parent) {
                openat(AT_FDCWD, $0, Folder.lookupOnly | O_DIRECTORY | O_CLOEXEC)
            }
            guard folder >= 0 else { continue }
            defer { systemClose(folder) }
            var kind = OpenFile.Kind.unknown
            guard FileIdentity(name, in: folder, kind: &kind) == FileIdentity(status) else { continue }
            return reason(folder: folder)
        }
        return readOnly.isEmpty ? nil : .readOnly
    }

    private func isKeptCode(_ identity: FileIdentity) -> Bool {
        keptCode.contains { path in
            var status = stat()
            return GuestPath.withCString(path) { stat($0, &status) } == 0 && FileIdentity(status) == identity
        }
    }

    /// Whether the innermost grant that holds an open folder lets it be changed.
    private func isWritable(_ folder: Int32, _ identity: FileIdentity) -> Bool {
        var (here, identity) = (folder, identity)
        var mount = FileIdentity.mount(of: here)
        defer { if here != folder { systemClose(here) } }
        while true {
            if readOnly.contains(where: { $0.identity == identity }) { return false }
            if writable.contains(where: { $0.identity == identity }) { return true }
            let parent = openat(here, "..", Folder.lookupOnly | O_DIRECTORY | O_CLOEXEC)
            if here != folder { systemClose(here) }
            here = parent
            guard parent >= 0, let next = FileIdentity(of: parent) else {
                here = folder
                return false
            }
            let nextMount = FileIdentity.mount(of: parent)
            // What is mounted here may be a part of a folder that was granted to be read only, under another name: its
            // parents there cannot be seen from here.
            if nextMount != mount,
                readOnly.contains(where: { $0.identity.device == identity.device && $0.mount != mount })
            {
                return false
            }
            // The parent of the root is the root. Nothing that was granted holds the folder: somebody has moved it.
            if next == identity && nextMount == mount { return true }
            (identity, mount) = (next, nextMount)
        }
    }

    /// The path by which a file was opened, as it is now; nil where the system does not say.
    private static func path(of file: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBufferPointer { gw_path_of($0.baseAddress!, $0.count, file) }
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    // MARK: - Names

    /// Why a name in an open folder may not be removed or be given to something else.
    func reason(removing name: [UInt8], in folder: Int32) -> Reason? {
        var kind = OpenFile.Kind.unknown
        guard let found = FileIdentity(name, in: folder, kind: &kind), kind == .directory || kind == .link else {
            return nil
        }
        return trails.contains { $0.objects.contains(found) } ? .way : nil
    }

    /// Why a name that is not there may not be made in an open folder.
    ///
    /// - Parameter isNewFolder: Whether an empty folder is to be made; otherwise a link, or a folder with what is in it.
    func reason(making name: [UInt8], in folder: Int32, isNewFolder: Bool) -> Reason? {
        guard let identity = FileIdentity(of: folder) else { return .readOnly }
        let isOnTheWay = trails.contains { trail in
            guard let missing = trail.missing, missing.folder == identity, Self.isSame(missing.name, name) else {
                return false
            }
            return missing.isLast || !isNewFolder
        }
        return isOnTheWay ? .way : nil
    }

    /// Whether a file system that takes no notice of capital letters may take names for the same.
    private static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0 ^ $1 == 0x20 && $0 | 0x20 >= UInt8(ascii: "a")) }
    }

    /// What the search for a path leads through.
    private struct Trail {
        /// The folders and links.
        var objects: Set<FileIdentity> = []
        /// The name that is not there, if there is one; and whether it is the last of the path.
        var missing: (folder: FileIdentity, name: [UInt8], isLast: Bool)?

        init(_ path: [UInt8]) {
            var objects: Set<FileIdentity> = []
            var missing: (folder: FileIdentity, name: [UInt8])?
            var isLast = true
            do throws(ErrorCode) {
                let end = try HostPath.follow(path) { folder, name, status throws(ErrorCode) in
                    if let status {
                        objects.insert(FileIdentity(status))
                    } else {
                        missing = FileIdentity(of: folder).map { ($0, name) }
                    }
                }
                isLast = end.rest.isEmpty
            } catch {
                // It leads nowhere beyond what was found.
            }
            self.objects = objects
            if let missing { self.missing = (missing.folder, missing.name, isLast) }
        }
    }

    /// As they are now: others may change them.
    private var trails: [Trail] { (keptCode + readOnly.map(\.path)).map { Trail($0) } }
}

// MARK: - What is granted

extension Protection {
    /// What is to be protected where this is granted; `folders` are the open folders of the mounts.
    ///
    /// - Throws: ``HostAccessError/readOnly(path:reason:)`` for a folder that was to be read only but could be changed.
    init(_ access: HostAccess, _ folders: [Folder], _ processDirectory: [UInt8]) throws(HostAccessError) {
        self.init()
        if access.allowsAllFiles || !folders.isEmpty { keptCode = KeptCode.folders }
        let grants = Array(zip(access.mounts, folders))
        for (mount, folder) in grants {
            let path = GuestPath.absolute(Array(mount.host.utf8), in: processDirectory)
            let grant: Grant
            do throws(ErrorCode) { grant = try Grant(folder.descriptor, path: path) } catch {
                throw .folder(path: mount.host, reason: error.message)
            }
            if mount.isReadOnly { readOnly.append(grant) } else { writable.append(grant) }
        }
        for (mount, folder) in grants where mount.isReadOnly {
            let isOpenRoot = { (other: (mount: HostAccess.Mount, folder: Folder)) in
                !other.folder.isConfined && !other.mount.isReadOnly
            }
            guard !access.allowsAllFiles, !grants.contains(where: isOpenRoot) else {
                throw .readOnly(
                    path: mount.host,
                    reason: "the program gets all files, which leads to it in more ways than can be watched; "
                        + "give it the folders that it needs instead, or leave out :ro")
            }
            let identity = FileIdentity(of: folder.descriptor)
            if let other = zip(access.mounts.filter { !$0.isReadOnly }, writable).first(where: {
                $0.1.identity == identity
            }) {
                throw .readOnly(
                    path: mount.host,
                    reason: "\(other.0.host.debugDescription), which is given without it, is the same folder; give it "
                        + "once")
            }
        }
    }
}
