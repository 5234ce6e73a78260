public import WasmFrontend

/// How a Go program was built, as `go version -m` shows it for native programs.
///
/// Go writes the text into the program's data for `runtime/debug.ReadBuildInfo`, between two marks (cmd/go's modload).
public struct GoBuildInfo: Sendable, Equatable {
    /// The lines of the description: `path`, `mod`, `dep`, `build`, each with what belongs to it behind a tab.
    public var lines: [String]

    private static let start: [UInt8] = [
        0x30, 0x77, 0xAF, 0x0C, 0x92, 0x74, 0x08, 0x02, 0x41, 0xE1, 0xC1, 0x07, 0xE6, 0xD6, 0x18, 0xE6,
    ]
    private static let end: [UInt8] = [
        0xF9, 0x32, 0x43, 0x31, 0x86, 0x18, 0x20, 0x72, 0x00, 0x82, 0x42, 0x10, 0x41, 0x16, 0xD8, 0xF2,
    ]

    /// Finds the description; nil where the module has none.
    public init?(_ module: Module) {
        guard let image = DataImage(module), let start = image.firstIndex(of: Self.start, from: 0),
            let end = image.firstIndex(of: Self.end, from: start + 16)
        else { return nil }
        lines = image.bytes[start + 16..<end].split(separator: UInt8(ascii: "\n")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
