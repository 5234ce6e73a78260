internal import WasmFrontend

/// The custom section in which tools name themselves, as the tool conventions for WebAssembly describe it.
struct ProducersSection {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The version of a tool, such as "Go" or "TinyGo"; nil where none is said, or the section is damaged before it.
    static func version(of tool: StaticString, in bytes: UnsafeRawBufferPointer) -> String? {
        var section = ProducersSection(bytes)
        return section.find(tool)
    }

    /// The version of a tool that the sections of a module name.
    static func version(of tool: StaticString, in module: Module) -> String? {
        for section in module.customSections where section.name == "producers" {
            let bytes = UnsafeRawBufferPointer(rebasing: module.bytes.buffer[section.bytes])
            if let version = version(of: tool, in: bytes) { return version }
        }
        return nil
    }

    private mutating func find(_ tool: StaticString) -> String? {
        let wanted = UnsafeRawBufferPointer(start: tool.utf8Start, count: tool.utf8CodeUnitCount)
        guard let fields = number() else { return nil }
        for _ in 0..<min(fields, bytes.count) {
            guard text() != nil, let values = number() else { return nil }
            for _ in 0..<min(values, bytes.count) {
                guard let name = text(), let value = text() else { return nil }
                if name.elementsEqual(wanted) { return String(decoding: value, as: UTF8.self) }
            }
        }
        return nil
    }

    private mutating func number() -> Int? {
        var value = 0
        var shift = 0
        while at < bytes.count, shift < 32 {
            let byte = bytes[at]
            at += 1
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func text() -> UnsafeRawBufferPointer? {
        guard let count = number(), count <= bytes.count - at else { return nil }
        defer { at += count }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
    }
}
