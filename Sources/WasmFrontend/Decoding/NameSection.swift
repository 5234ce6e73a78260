/// The names that a module's name section (appendix A.4.1) gives: read on demand, as errors and listings need them.
///
/// The section is for people; a malformed one is no reason to refuse a module: then it gives no names.
public struct NameSection: Sendable {
    private struct Entry {
        var index: UInt32
        var count: UInt32
        var offset: Int
    }

    private let bytes: ModuleBytes
    /// The name of the module; nil if it has none.
    public let module: String?
    private let functions: [Entry]

    /// Reads the section at `range`.
    init(_ bytes: ModuleBytes, _ range: Range<Int>) {
        self.bytes = bytes
        var reader = ByteReader(bytes.buffer, range)
        var module: String?
        var functions: [Entry] = []
        do {
            while !reader.isAtEnd {
                let subsection = try reader.byte()
                var contents = ByteReader(bytes.buffer, try reader.sized())
                switch subsection {
                case 0: module = try contents.name()
                case 1: functions = try Self.nameMap(&contents)
                default: break
                }
            }
        } catch {
            (module, functions) = (nil, [])
        }
        self.module = module
        self.functions = functions
    }

    /// A module without the section.
    init(_ bytes: ModuleBytes) {
        self.bytes = bytes
        module = nil
        functions = []
    }

    /// The name of the function `index`, counting imported ones; nil if it has none.
    public func function(_ index: Int) -> String? {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = (low + high) / 2
            if functions[middle].index < index { low = middle + 1 } else { high = middle }
        }
        guard low < functions.count, functions[low].index == index else { return nil }
        let start = functions[low].offset
        let text = UnsafeRawBufferPointer(rebasing: bytes.buffer[start..<start + Int(functions[low].count)])
        return String(decoding: text, as: UTF8.self)
    }

    private static func nameMap(_ reader: inout ByteReader) throws(LoadFailure) -> [Entry] {
        let count = try reader.count(minimumSize: 2)
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let offset = reader.offset
            let index = try reader.u32()
            if let last = entries.last, last.index >= index { throw .malformed(.sectionOrder, at: offset) }
            let name = try reader.sized()
            entries.append(Entry(index: index, count: UInt32(name.count), offset: name.lowerBound))
        }
        return entries
    }
}
