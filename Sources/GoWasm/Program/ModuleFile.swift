internal import HostSystem
internal import LibC
package import WasmFrontend

/// The contents of a module's file.
package enum ModuleFile {
    /// Reads a file, which may also be a pipe: `gowasm-fast <(go build -o /dev/stdout)`.
    package static func contents(_ path: String) throws(FileProblem) -> ModuleBytes {
        try? StandardDescriptors.openClosed()
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(errno) }
        defer { close(descriptor) }
        return try contents(of: descriptor)
    }

    /// Reads an open file from where it stands to its end.
    package static func contents(of descriptor: Int32) throws(FileProblem) -> ModuleBytes {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw .directory
        case S_IFREG:
            guard status.st_size > 0 else { throw .empty }
            guard let bytes = ModuleBytes(reading: descriptor, count: Int(status.st_size)) else { throw .system(errno) }
            guard !bytes.buffer.isEmpty else { throw .empty }
            return bytes
        default:
            let bytes = try Self.readAll(descriptor)
            guard !bytes.isEmpty else { throw .empty }
            return ModuleBytes(bytes)
        }
    }

    private static func readAll(_ descriptor: Int32) throws(FileProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
        defer { piece.deallocate() }
        while true {
            let count = read(descriptor, piece.baseAddress, piece.count)
            if count > 0 {
                bytes.append(contentsOf: piece[..<count])
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw .system(errno)
            }
        }
    }
}
