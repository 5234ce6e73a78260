/// A decoded and validated module: immutable, and shared by all its instances.
public final class Module: Sendable {
    /// The bytes it was decoded from; all offsets and ranges of its parts count from their start.
    public let bytes: ModuleBytes
    public let types: [FunctionType]
    public let imports: [Import]
    /// The types of all functions, imported ones first: indices into `types`.
    public let functionTypes: [UInt32]
    /// All tables, imported ones first.
    public let tables: [TableType]
    /// All memories, imported ones first; at most one in WebAssembly 2.0.
    public let memories: [MemoryType]
    /// The types of all globals, imported ones first.
    public let globalTypes: [GlobalType]
    /// The globals that the module defines, behind the imported ones in the index space.
    public let globals: [GlobalDefinition]
    public let exports: [Export]
    public let start: UInt32?
    public let elements: [ElementSegment]
    public let data: [DataSegment]
    /// The bodies of the functions that the module defines, behind the imported ones in the index space.
    public let bodies: [FunctionBody]
    public let customSections: [CustomSection]
    /// How often code writes each global (`global.set`), by index: what the lowering chooses the
    /// global by that lives in a register.
    public let globalWriteCounts: [UInt32]

    /// The number of imported functions, which come first in the index space.
    public let importedFunctionCount: Int
    public let importedTableCount: Int
    public let importedMemoryCount: Int
    public let importedGlobalCount: Int

    /// Decodes and validates a module.
    public init(_ bytes: ModuleBytes) throws {
        self.bytes = bytes
        types = []; imports = []; functionTypes = []; tables = []; memories = []; globalTypes = []; globals = []
        exports = []; start = nil; elements = []; data = []; bodies = []; customSections = []
        globalWriteCounts = []
        importedFunctionCount = 0; importedTableCount = 0; importedMemoryCount = 0; importedGlobalCount = 0
    }
}
