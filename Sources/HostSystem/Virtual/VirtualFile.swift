internal import LibC

/// A file or folder of a ``VirtualFileSystem`` that a guest has open.
package final class VirtualFile {
    /// What is open.
    let node: any FileNode
    /// Where the file system was given to the guest.
    let folder: VirtualFolder
    /// The flags of the system that it is open with.
    package private(set) var flags: Int32
    /// Where the next read or write begins.
    private var position: Int64 = 0

    init(_ node: any FileNode, _ folder: VirtualFolder, flags: Int32) {
        self.node = node
        self.folder = folder
        self.flags = flags & (O_ACCMODE | O_APPEND | O_SYNC | O_DSYNC)
    }

    private var canRead: Bool { flags & O_ACCMODE != O_WRONLY }
    private var canWrite: Bool { flags & O_ACCMODE != O_RDONLY }

    /// Whether all writes go to the end of the file.
    func setAppends(_ appends: Bool) { flags = appends ? flags | O_APPEND : flags & ~O_APPEND }

    /// Reads from a position, or from where the last read or write ended.
    func read(_ bytes: UnsafeMutableRawBufferPointer, position given: Int64?) throws(FileError) -> Int {
        guard canRead else { throw FileError(errno: EBADF) }
        let offset = given ?? position
        guard offset >= 0 else { throw .invalid }
        if try node.status().kind == .directory { throw .isDirectory }
        let wanted = UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(Self.room(behind: offset, bytes.count)))
        guard !wanted.isEmpty else { return 0 }
        let count = max(0, min(try node.read(into: wanted, at: offset), wanted.count))
        if given == nil { position = offset &+ Int64(count) }
        return count
    }

    /// Writes at a position, or where the last read or write ended; with `O_APPEND` at the end of the file in any case, as
    /// on Linux.
    ///
    /// - Returns: How many bytes there was room for.
    func write(_ bytes: UnsafeRawBufferPointer, position given: Int64?) throws(FileError) -> Int {
        guard canWrite else { throw FileError(errno: EBADF) }
        let offset = given ?? position
        guard offset >= 0 else { throw .invalid }
        guard !bytes.isEmpty else { return 0 }
        let appends = flags & O_APPEND != 0
        let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.room(behind: offset, bytes.count)))
        guard !part.isEmpty else { throw .tooLarge }
        let count = max(0, min(try node.write(part, at: appends ? nil : offset), part.count))
        guard count > 0 else { throw .noSpace }
        if given == nil { position = appends ? max(0, try node.status().size) : offset &+ Int64(count) }
        return count
    }

    /// How many of so many bytes lie before the last offset that there is.
    private static func room(behind offset: Int64, _ count: Int) -> Int {
        Int(min(Int64(count), Int64.max &- offset))
    }

    /// Where a move of the position leads, by the system's number for what it counts from.
    func seek(_ offset: Int64, _ whence: Int32) throws(FileError) -> Int64 {
        let base =
            switch whence {
            case SEEK_SET: Int64(0)
            case SEEK_CUR: position
            default: max(0, try node.status().size)
            }
        let (target, overflows) = base.addingReportingOverflow(offset)
        guard !overflows, target >= 0 else { throw .invalid }
        position = target
        return target
    }

    /// How many bytes are left to be read.
    package var remaining: Int64 { max(0, ((try? node.status().size) ?? 0) &- position) }

    /// Gives the file a length.
    func resize(to size: Int64) throws(FileError) {
        guard size >= 0, canWrite, try node.status().kind == .regular else { throw .invalid }
        try node.resize(to: size)
    }

    /// Makes sure that there is room for a part of the file.
    func reserve(from start: Int64, count: Int64) throws(FileError) {
        guard start >= 0, count > 0 else { throw .invalid }
        guard canWrite else { throw FileError(errno: EBADF) }
        let (end, overflows) = start.addingReportingOverflow(count)
        guard !overflows else { throw .tooLarge }
        try node.reserve(to: end)
    }

    /// Sets properties of the file.
    func set(_ attributes: FileAttributes) throws(FileError) { try folder.set(attributes, of: node) }
}
