internal import WasmFrontend

/// The custom section in which tools name themselves, as the tool conventions for WebAssembly describe it.
enum ProducersSection {
    /// The version of a tool, such as "Go" or "TinyGo"; nil where none is said, or the section is damaged before it.
    static func version(of tool: StaticString, in bytes: UnsafeRawBufferPointer) -> String? {
        let wanted = UnsafeRawBufferPointer(start: tool.utf8Start, count: tool.utf8CodeUnitCount)
        var section = LEBReader(bytes)
        let most = UInt64(section.count)
        guard let fields = section.unsigned() else { return nil }
        for _ in 0..<min(fields, most) {
            guard section.name() != nil, let values = section.unsigned() else { return nil }
            for _ in 0..<min(values, most) {
                guard let name = section.name(), let value = section.text() else { return nil }
                if name.elementsEqual(wanted) { return value }
            }
        }
        return nil
    }

    /// The version of a tool that the sections of a module name.
    static func version(of tool: StaticString, in module: Module) -> String? {
        for section in module.customSections where section.name == "producers" {
            let bytes = UnsafeRawBufferPointer(rebasing: module.bytes.buffer[section.bytes])
            if let version = version(of: tool, in: bytes) { return version }
        }
        return nil
    }
}
