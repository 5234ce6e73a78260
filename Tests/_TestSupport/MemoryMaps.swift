internal import LibC

/// What the system says of this process's address space.
public enum MemoryMaps {
    /// The lines of /proc/self/maps; none where there is no such file.
    ///
    /// Foundation reads a part only of a file that the system calls empty and gives in pieces.
    public static func lines() -> [String] {
        let file = open("/proc/self/maps", O_RDONLY)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
