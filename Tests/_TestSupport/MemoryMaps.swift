internal import LibC

/// What the system says of this process's address space.
public enum MemoryMaps {
    /// The file cannot be read.
    public struct Unreadable: Error {}

    /// The lines of /proc/self/maps.
    ///
    /// Foundation reads a part only of a file that the system calls empty and gives in pieces.
    ///
    /// - Throws: ``Unreadable`` where there is no such file.
    public static func lines() throws -> [String] {
        let file = open("/proc/self/maps", O_RDONLY)
        guard file >= 0 else { throw Unreadable() }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &piece, piece.count)
            guard count >= 0 else { throw Unreadable() }
            if count == 0 { break }
            bytes += piece.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
