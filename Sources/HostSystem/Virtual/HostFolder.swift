internal import LibC

/// A folder of the host, only to be read: the lower layer of an ``OverlayFileSystem``.
///
/// No path and no link leads out of it. Of what is in it, programs see files, folders and symbolic links. (A program that
/// may use the folder itself gets it quicker by ``HostAccess/mounts``.)
public final class HostFolder: VirtualFileSystem {
    private let folder: OpenedFolder

    /// Opens a folder, so that it stays the same whatever happens to its path.
    ///
    /// - Throws: What the system says where it cannot be opened.
    public init(_ path: String) throws(FileError) {
        folder = try OpenedFolder(path)
    }

    /// The folder itself.
    public var root: any FileNode { HostNode(folder, []) }
}

/// An open folder, closed when nobody uses it any more.
private final class OpenedFolder: Sendable {
    let descriptor: Int32

    init(_ path: String) throws(FileError) {
        try? StandardDescriptors.openClosed()
        guard !path.utf8.contains(0) else { throw .invalid }
        descriptor = path.withCString { systemOpen($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError(ErrorCode.last) }
    }

    deinit { systemClose(descriptor) }

    /// Opens a path in it, which `body` gets; a link at the end is not followed.
    func withOpen<Result>(
        _ path: [UInt8], _ flags: Int32, _ body: (Int32) throws(ErrorCode) -> Result
    ) throws(FileError) -> Result {
        do throws(ErrorCode) {
            let folder = Folder(descriptor: descriptor, isConfined: true, isReadOnly: true)
            let opened = try folder.open(path.isEmpty ? [UInt8(ascii: ".")] : path, flags | O_NOFOLLOW)
            defer { systemClose(opened) }
            return try body(opened)
        } catch {
            throw FileError(error)
        }
    }
}

/// A file of the host by its path, which is opened only while something is read.
private final class HostNode: FileNode {
    private let folder: OpenedFolder
    private let path: [UInt8]

    init(_ folder: OpenedFolder, _ path: [UInt8]) {
        self.folder = folder
        self.path = path
    }

    func status() throws(FileError) -> FileStatus {
        guard let status = try systemStatus() else { throw .notFound }
        return status
    }

    /// Nil for what programs do not see.
    private func systemStatus() throws(FileError) -> FileStatus? {
        try folder.withOpen(path, Folder.lookupOnly) { opened throws(ErrorCode) in
            var status = stat()
            try check(fstat(opened, &status))
            guard let kind = FileKind(OpenFile.Kind(mode: status.st_mode)) else { return nil }
            var result = FileStatus(
                kind: kind, number: UInt64(status.st_ino), size: Int64(status.st_size),
                permissions: UInt32(status.st_mode) & 0o7777)
            (result.linkCount, result.user, result.group) = (UInt64(status.st_nlink), status.st_uid, status.st_gid)
            result.accessed = FileStatus.Time(status.accessTime)
            result.modified = FileStatus.Time(status.modificationTime)
            result.changed = FileStatus.Time(status.changeTime)
            return result
        }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        try folder.withOpen(path, O_RDONLY | O_NONBLOCK | O_NOCTTY) { opened throws(ErrorCode) in
            var status = stat()
            try check(fstat(opened, &status))
            let kind = OpenFile.Kind(mode: status.st_mode)
            guard kind == .regular, !MemoryFile.isOne(opened, kind, status) else {
                throw ErrorCode(kind == .directory ? EISDIR : EACCES)
            }
            guard let start = bytes.baseAddress else { return 0 }
            return try retrying { pread(opened, start, bytes.count, off_t(offset)) }
        }
    }

    func target() throws(FileError) -> [UInt8] {
        let target = try folder.withOpen(path, Folder.lookupOnly) { opened in Folder.linkTarget(opened, []) }
        guard let target else { throw .invalid }
        return target
    }

    func child(named name: FileName) throws(FileError) -> (any FileNode)? {
        let child = HostNode(folder, path.isEmpty ? name.bytes : GuestPath.joined(path, name.bytes))
        do throws(FileError) {
            return try child.systemStatus() == nil ? nil : child
        } catch {
            guard error == .notFound else { throw error }
            return nil
        }
    }

    func entries() throws(FileError) -> [FileEntry] {
        try folder.withOpen(path, O_RDONLY | O_DIRECTORY) { opened throws(ErrorCode) in
            try DirectoryEntry.list(opened)
        }.compactMap { entry in
            let name = FileName(entry.name)
            guard let kind = FileKind(entry.kind) else {
                // Some file systems say it only of the file itself.
                guard entry.kind == .unknown, let status = try? child(named: name)?.status() else { return nil }
                return FileEntry(name: name, number: entry.inode, kind: status.kind)
            }
            return FileEntry(name: name, number: entry.inode, kind: kind)
        }
    }
}

extension FileKind {
    /// The kind, if virtual file systems have it.
    fileprivate init?(_ kind: OpenFile.Kind) {
        switch kind {
        case .regular: self = .regular
        case .directory: self = .directory
        case .link: self = .symbolicLink
        case .characterDevice, .blockDevice, .pipe, .socket, .unknown: return nil
        }
    }
}
