import CSupport
import LibC
import _ImageFormat

/// Copies of memories, tables and globals at one moment, to tell what has changed since.
final class ImageState {
    private struct Memory {
        let pointer: UnsafeMutablePointer<GWMemory>
        /// Address space for all that is compared.
        let copy: UnsafeMutableRawPointer
        var pages: UInt64
    }
    private struct Table {
        let pointer: UnsafeMutablePointer<GWTable>
        let hasFunctions: Bool
        var elements: [UInt64]
    }
    private var memories: [Memory] = []
    private var tables: [Table] = []
    private var cells: [(pointer: UnsafeMutablePointer<UInt64>, isFunction: Bool, value: UInt64)] = []
    private static let compared = Int(GW_IMAGE_COMPARED)

    deinit { for memory in memories { munmap(memory.copy, Self.compared) } }

    /// Adds a memory, as if all of it were zero.
    func add(_ memory: UnsafeMutablePointer<GWMemory>) {
        let copy = mmap(nil, Self.compared, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let copy, copy != MAP_FAILED else { fatalError("no address space for the copy of a memory") }
        memories.append(Memory(pointer: memory, copy: copy, pages: memory.pointee.size / UInt64(GW_PAGE_SIZE)))
    }

    /// Adds a table, as if all of it were null.
    func add(_ table: UnsafeMutablePointer<GWTable>, hasFunctions: Bool) {
        let elements = [UInt64](repeating: 0, count: Int(table.pointee.count))
        tables.append(Table(pointer: table, hasFunctions: hasFunctions, elements: elements))
    }

    /// Adds a cell of a global as it is.
    func add(_ cell: UnsafeMutablePointer<UInt64>, isFunction: Bool) {
        cells.append((cell, isFunction, cell.pointee))
    }

    /// Makes the copies what memories, tables and globals are now.
    ///
    /// - Parameters:
    ///   - bytes: Gets the bytes that have changed.
    ///   - reference: What a reference to a function is in the image.
    /// - Returns: What has changed.
    func update(
        _ bytes: inout [UInt8], reference: (UInt64) -> UInt64
    ) -> [GWImageChange] {
        var changes: [GWImageChange] = []
        for index in memories.indices { update(memory: index, &changes, &bytes) }
        for index in tables.indices { update(table: index, &changes, reference) }
        for index in cells.indices where cells[index].pointer.pointee != cells[index].value {
            let value = cells[index].pointer.pointee
            cells[index].value = value
            changes.append(
                Self.change(.cell, index, value: cells[index].isFunction ? reference(value) : value))
        }
        return changes
    }

    private static func change(
        _ kind: GWImageChangeKind, _ index: Int, place: Int = 0, value: UInt64 = 0, bytes: GWImageRange = GWImageRange()
    ) -> GWImageChange {
        GWImageChange(kind: kind.rawValue, index: UInt32(index), place: UInt64(place), value: value, bytes: bytes)
    }

    private func update(memory index: Int, _ changes: inout [GWImageChange], _ bytes: inout [UInt8]) {
        let memory = memories[index]
        let pages = memory.pointer.pointee.size / UInt64(GW_PAGE_SIZE)
        if pages != memory.pages {
            memories[index].pages = pages
            changes.append(Self.change(.memorySize, index, value: pages))
        }
        let size = min(Int(memory.pointer.pointee.size), Self.compared)
        guard let base = memory.pointer.pointee.base else { return }
        let piece = 4096
        for start in stride(from: 0, to: size, by: piece) where memcmp(base + start, memory.copy + start, piece) != 0 {
            let copy = memory.copy.assumingMemoryBound(to: UInt8.self)
            var at = start
            while at < start + piece {
                guard base[at] != copy[at] else {
                    at += 1
                    continue
                }
                // Up to the last byte that differs before eight that do not.
                var end = at + 1
                var next = end
                while next < start + piece, next - end < 8 {
                    if base[next] != copy[next] { end = next + 1 }
                    next += 1
                }
                let range = bytes.adding(UnsafeBufferPointer(start: base + at, count: end - at))
                changes.append(Self.change(.memory, index, place: at, bytes: range))
                at = end
            }
            memcpy(memory.copy + start, base + start, piece)
        }
    }

    private func update(table index: Int, _ changes: inout [GWImageChange], _ reference: (UInt64) -> UInt64) {
        let pointer = tables[index].pointer
        let count = Int(pointer.pointee.count)
        if count != tables[index].elements.count {
            changes.append(Self.change(.tableSize, index, value: UInt64(count)))
            tables[index].elements += repeatElement(0, count: count - tables[index].elements.count)
        }
        for place in 0..<count where pointer.pointee.elements[place] != tables[index].elements[place] {
            let value = pointer.pointee.elements[place]
            tables[index].elements[place] = value
            changes.append(
                Self.change(.table, index, place: place, value: tables[index].hasFunctions ? reference(value) : value))
        }
    }
}
