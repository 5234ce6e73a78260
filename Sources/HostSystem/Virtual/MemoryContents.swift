internal import CHostSystem
internal import LibC

/// The contents of a file in memory: pieces of which only those exist that were written, so that what is far behind the
/// end may be written without all before it; or what a lower layer has, as long as it is the same.
struct MemoryContents {
    /// The number of bytes in a piece.
    static let pieceSize = 1 << 16
    /// The most bytes that a file has.
    static let largest: Int64 = 1 << 40

    /// Memory for a piece: as much as was needed so far.
    private final class Piece {
        let start: UnsafeMutableRawPointer
        let capacity: Int
        private let charge: FileCharge

        /// Memory of zeros; nil where the system has none.
        init?(_ tree: MemoryTree, capacity: Int) {
            guard let start = calloc(capacity, 1) else { return nil }
            self.start = start
            self.capacity = capacity
            charge = FileCharge(tree, capacity + Self.overhead)
        }

        deinit { free(start) }

        /// What a piece takes beside its bytes.
        static let overhead = 128
    }

    /// The number of bytes in the file.
    private(set) var size: Int64 = 0
    private var pieces: [Int: Piece] = [:]
    /// What has the bytes that are in no piece, up to an offset.
    private var lower: (file: any FileNode, size: Int64)?

    /// No bytes.
    init() {}

    /// What a file of a lower layer has.
    init(of file: any FileNode, size: Int64) {
        self.size = max(0, min(size, Self.largest))
        lower = (file, self.size)
    }

    /// Whether any of it differs from the lower layer.
    var isChanged: Bool { !pieces.isEmpty || lower.map { $0.size != size } ?? true }

    private static func place(_ offset: Int64) -> (index: Int, start: Int) {
        (Int(truncatingIfNeeded: offset / Int64(pieceSize)), Int(truncatingIfNeeded: offset % Int64(pieceSize)))
    }

    /// Reads from an offset, as far as there are bytes.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        guard offset >= 0, offset < size else { return 0 }
        let wanted = Int(min(Int64(bytes.count), size &- offset))
        var done = 0
        while done < wanted {
            let position = offset &+ Int64(done)
            let (index, start) = Self.place(position)
            let count = min(wanted - done, Self.pieceSize - start)
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[done..<done + count])
            if let piece = pieces[index] {
                let used = max(0, min(count, piece.capacity - start))
                part.copyMemory(
                    from: UnsafeRawBufferPointer(start: piece.start + min(start, piece.capacity), count: used))
                Self.clear(part, from: used)
            } else {
                try readLower(into: part, at: position)
            }
            done += count
        }
        return done
    }

    /// Makes zeros of bytes behind the first ones.
    private static func clear(_ bytes: UnsafeMutableRawBufferPointer, from start: Int) {
        UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// Reads what the lower layer has, and zeros where it ends.
    private func readLower(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) {
        var done = 0
        if let lower, offset < lower.size {
            let wanted = Int(min(Int64(bytes.count), lower.size &- offset))
            while done < wanted {
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done..<wanted])
                let count = try lower.file.read(into: rest, at: offset &+ Int64(done))
                guard count > 0 else { break }
                done += min(count, rest.count)
            }
        }
        Self.clear(bytes, from: done)
    }

    /// Writes from an offset on.
    ///
    /// - Returns: How many bytes there was room for.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64, _ tree: MemoryTree
    ) throws(FileError) -> Int {
        var done = 0
        while done < bytes.count {
            let position = offset &+ Int64(done)
            do throws(FileError) {
                guard position >= 0, position < Self.largest else { throw .tooLarge }
                let (index, start) = Self.place(position)
                let count = min(bytes.count - done, Self.pieceSize - start)
                let piece = try piece(index, holding: start + count, tree)
                let part = UnsafeRawBufferPointer(rebasing: bytes[done..<done + count])
                UnsafeMutableRawBufferPointer(start: piece.start + start, count: count).copyMemory(from: part)
                done += count
            } catch {
                guard done > 0 else { throw error }
                break
            }
        }
        if done > 0 { size = max(size, offset &+ Int64(done)) }
        return done
    }

    /// The piece with an index, with room for so many bytes.
    private mutating func piece(_ index: Int, holding count: Int, _ tree: MemoryTree) throws(FileError) -> Piece {
        let old = pieces[index]
        if let old, old.capacity >= count { return old }
        let position = Int64(index) &* Int64(Self.pieceSize)
        // Of the lower layer a piece is taken whole.
        let below = old == nil ? lower.map { max(0, min(Int64(Self.pieceSize), $0.size &- position)) } ?? 0 : 0
        var capacity = max(64, (old?.capacity ?? 0) &* 2)
        while capacity < max(count, Int(below)) { capacity &*= 2 }
        try tree.grant(capacity)
        guard let piece = Piece(tree, capacity: capacity) else { throw .noSpace }
        if let old { piece.start.copyMemory(from: old.start, byteCount: old.capacity) }
        if below > 0 {
            try readLower(into: UnsafeMutableRawBufferPointer(start: piece.start, count: Int(below)), at: position)
        }
        pieces[index] = piece
        return piece
    }

    /// Gives the file a length; what is added reads as zeros.
    mutating func resize(to size: Int64) throws(FileError) {
        guard size <= Self.largest else { throw .tooLarge }
        if size < self.size {
            let (last, start) = Self.place(size)
            // Those that are gone, and the rest of the one that is not: it must be zeros when the file grows again.
            for index in pieces.keys.filter({ $0 > last }) { pieces[index] = nil }
            if start == 0 {
                pieces[last] = nil
            } else if let piece = pieces[last], piece.capacity > start {
                (piece.start + start).initializeMemory(as: UInt8.self, repeating: 0, count: piece.capacity - start)
            }
            if let lower { self.lower = size == 0 ? nil : (lower.file, min(lower.size, size)) }
        }
        self.size = size
    }
}
