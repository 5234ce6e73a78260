internal import LibC

/// A name in a directory.
package struct DirectoryEntry {
    /// The name.
    package var name: [UInt8]
    /// The file's number in its file system.
    package var inode: UInt64
    /// What it is.
    package var kind: OpenFile.Kind

    /// About how many bytes it takes.
    var size: Int { name.count + MemoryLayout<DirectoryEntry>.stride + 32 }

    /// Describes a name.
    package init(name: [UInt8], inode: UInt64, kind: OpenFile.Kind) {
        self.name = name
        self.inode = inode
        self.kind = kind
    }

    /// The names in an open directory, without "." and "..", sorted by their bytes.
    static func list(_ descriptor: Int32) throws(ErrorCode) -> [DirectoryEntry] {
        // A stream of its own: its position is not that of the guest's descriptor.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw ErrorCode.last }
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw ErrorCode.last
        }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        // A guest can make as many as the disk has room for.
        var size = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
                }
            }
            if name == Array(".".utf8) || name == Array("..".utf8) { continue }
            entries.append(
                DirectoryEntry(name: name, inode: UInt64(entry.pointee.d_ino), kind: kind(entry.pointee.d_type)))
            size += entries[entries.count - 1].size
            if entries.count & 255 == 0, !Charge.grants(size * 2) { throw ErrorCode(ENOMEM) }
        }
        entries.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return entries
    }

    /// The kind by the number in a `dirent`.
    private static func kind(_ type: UInt8) -> OpenFile.Kind {
        switch Int(type) {
        case Int(DT_REG): .regular
        case Int(DT_DIR): .directory
        case Int(DT_LNK): .link
        case Int(DT_CHR): .characterDevice
        case Int(DT_BLK): .blockDevice
        case Int(DT_FIFO): .pipe
        case Int(DT_SOCK): .socket
        default: .unknown
        }
    }
}
