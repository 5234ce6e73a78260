/// A section of a module in the binary format (section 5.5.2).
public struct ModuleSection: Sendable {
    /// What the specification calls it, such as "code" or "custom".
    public var kind: String
    /// The name of a custom section; nil for others.
    public var customName: String?
    /// Where its contents lie in the module, a custom section's name included.
    public var bytes: Range<Int>

    static func name(_ section: ModuleDecoder.Section) -> String {
        section == .dataCount ? "data count" : "\(section)"
    }
}

extension Module {
    /// The sections in their order.
    public var sections: [ModuleSection] {
        var custom = customSections.makeIterator()
        return sectionRanges.map { section, range in
            ModuleSection(
                kind: ModuleSection.name(section), customName: section == .custom ? custom.next()?.name : nil,
                bytes: range)
        }
    }

    /// What the sections are, and where their contents lie.
    var sectionRanges: [(section: ModuleDecoder.Section, bytes: Range<Int>)] {
        var reader = ByteReader(bytes.buffer, 8..<bytes.buffer.count)
        var sections: [(section: ModuleDecoder.Section, bytes: Range<Int>)] = []
        // The decoder has been here before: nothing is malformed.
        while !reader.isAtEnd, let number = try? reader.byte(), let section = ModuleDecoder.Section(rawValue: number),
            let range = try? reader.sized()
        {
            sections.append((section, range))
        }
        return sections
    }
}

extension ModuleBytes {
    /// The sections of bytes that begin as a module, which may be refused: up to where they are no sections.
    package var recognizedSections: [ModuleSection] {
        guard buffer.count >= 8 else { return [] }
        var reader = ByteReader(buffer, 8..<buffer.count)
        var sections: [ModuleSection] = []
        while !reader.isAtEnd, let number = try? reader.byte(), let range = try? reader.sized() {
            let section = ModuleDecoder.Section(rawValue: number)
            var contents = ByteReader(buffer, range)
            sections.append(
                ModuleSection(
                    kind: section.map(ModuleSection.name) ?? "number \(number)",
                    customName: section == .custom ? try? contents.name() : nil, bytes: range))
        }
        return sections
    }
}
