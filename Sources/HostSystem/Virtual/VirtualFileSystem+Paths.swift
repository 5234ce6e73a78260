internal import LibC

/// What the application does with the files that a guest has, or is going to have.
///
/// Paths begin at the root, with or without a slash; links are followed as for guests.
extension VirtualFileSystem {
    /// Writes bytes to a file, instead of what is in it; makes the file, and the folders that lead to it.
    public func write(_ bytes: some Sequence<UInt8>, to path: String) throws(FileError) {
        let path = try Self.bytes(path)
        var end = 0
        while let slash = path[end...].firstIndex(of: GuestPath.slash) {
            end = slash + 1
            do throws(FileError) {
                try top.makeDirectory(Array(path[..<end]), permissions: 0o755)
            } catch {
                guard error == .exists || error == .readOnly else { throw error }
            }
        }
        let file = try top.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o644)
        let bytes = ContiguousArray(bytes)
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes { bytes in
                Result { () throws(FileError) in
                    try file.write(UnsafeRawBufferPointer(rebasing: bytes[done...]), position: nil)
                }
            }
            done += try written.get()
        }
    }

    /// Writes the UTF-8 of a text to a file, instead of what is in it; makes the file, and the folders that lead to it.
    public func write(_ text: String, to path: String) throws(FileError) { try write(text.utf8, to: path) }

    /// The bytes of a file.
    ///
    /// - Parameters:
    ///   - path: The file, from the root on.
    ///   - limit: How many bytes it may have: a program can make files that seem to be much larger than memory.
    /// - Throws: ``FileError/tooLarge`` for a file of more.
    public func contents(of path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        let file = try top.open(Self.bytes(path), flags: O_RDONLY, permissions: 0)
        guard file.remaining <= limit else { throw .tooLarge }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try piece.withUnsafeMutableBytes { piece in
                Result { () throws(FileError) in try file.read(piece, position: nil) }
            }.get()
            guard count > 0 else { return bytes }
            // It may grow meanwhile.
            guard count <= limit - bytes.count else { throw .tooLarge }
            bytes += piece[..<count]
        }
    }

    /// The bytes of a file as text; what is no UTF-8 is replaced by U+FFFD.
    ///
    /// - Throws: ``FileError/tooLarge`` for a file of more than `limit` bytes.
    public func text(of path: String, limit: Int = 1 << 30) throws(FileError) -> String {
        String(decoding: try contents(of: path, limit: limit), as: UTF8.self)
    }

    /// What there is to say about a file; of a symbolic link, about the link itself.
    public func status(of path: String) throws(FileError) -> FileStatus {
        let walk = NodeWalk(start: root, enforcesPermissions: false)
        return try walk.find(Self.bytes(path), followsLast: false).existing().status()
    }

    /// The names in a folder, sorted by their bytes; those in the root without a path.
    public func entries(in path: String = "") throws(FileError) -> [FileEntry] {
        let walk = NodeWalk(start: root, enforcesPermissions: false)
        let folder = try walk.find(Self.bytes(path), followsLast: true).existing()
        return try folder.entries().sorted { $0.name < $1.name }
    }

    /// Makes a folder, in one that exists.
    public func makeFolder(_ path: String) throws(FileError) {
        try top.makeDirectory(Self.bytes(path), permissions: 0o755)
    }

    /// Makes a symbolic link with a text, which is a path relative to the folder that the link is in.
    public func makeSymbolicLink(to target: String, at path: String) throws(FileError) {
        try top.makeSymbolicLink(Array(target.utf8), at: Self.bytes(path))
    }

    /// Removes a file, or an empty folder.
    public func remove(_ path: String) throws(FileError) {
        try top.remove(Self.bytes(path), isDirectory: try status(of: path).kind == .directory)
    }

    /// The root, in which nothing is forbidden.
    private var top: VirtualFolder { VirtualFolder(root, device: 0, isReadOnly: false, enforcesPermissions: false) }

    private static func bytes(_ path: String) throws(FileError) -> [UInt8] {
        let bytes = Array(path.utf8.drop { $0 == GuestPath.slash })
        guard !bytes.contains(0) else { throw .invalid }
        return bytes.isEmpty ? [UInt8(ascii: ".")] : bytes
    }
}
