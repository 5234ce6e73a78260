private import Synchronization

/// A module, decoded and validated (its code perhaps later; see ``CodeValidationTime``): immutable, and shared by all
/// its instances.
public final class Module: Sendable {
    /// The bytes it was decoded from; all offsets and ranges of its parts count from their start.
    public let bytes: ModuleBytes
    /// The function types, in the order of the type section.
    public let types: [FunctionType]
    /// The imports, in the order of the import section.
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
    /// The exports, in the order of the export section.
    public let exports: [Export]
    /// The function that runs at instantiation; nil if there is none.
    public let start: UInt32?
    /// The element segments.
    public let elements: [ElementSegment]
    /// The data segments.
    public let data: DataSegments
    /// Whether code may use data segments after instantiation: whether there is a data count section (section 5.5.15).
    public let usesDataSegments: Bool
    /// The bodies of the functions that the module defines, behind the imported ones in the index space.
    public let bodies: [FunctionBody]
    /// The custom sections, in their order.
    public let customSections: [CustomSection]
    /// The number of imported functions, which come first in the index space.
    public let importedFunctionCount: Int
    /// The number of imported tables, which come first in the index space.
    public let importedTableCount: Int
    /// The number of imported memories, which come first in the index space.
    public let importedMemoryCount: Int
    /// The number of imported globals, which come first in the index space.
    public let importedGlobalCount: Int

    /// The indices in `exports` by name.
    private let exportIndices: [ExactName: Int]
    private let nameSection = Mutex<NameSection?>(nil)
    /// What has been made of it and lives as long: its code, for each way to make that.
    private let made = Mutex<[any AnyObject & Sendable]>([])

    /// What code is checked against.
    let codeContext: CodeContext

    /// When the instructions of functions are validated.
    public enum CodeValidationTime: Sendable {
        /// All of them when the module is loaded, as the specification's embedding interface has it (appendix A.1).
        case onLoading
        /// Each function when it is called first, as the specification allows (appendix A.2, "Validation"): most of a
        /// Go binary is never called. A call of an invalid function traps.
        case onFirstCall
    }

    /// Decodes and validates a module.
    ///
    /// The time and memory that this takes are in proportion to the number of bytes, whatever they say.
    ///
    /// - Parameters:
    ///   - bytes: The module in the binary format.
    ///   - codeValidation: When the functions' bodies are validated; everything else is validated here.
    /// - Throws: ``ModuleError`` when the bytes are no module, an invalid one, or beyond this implementation.
    public convenience init(
        _ bytes: ModuleBytes, codeValidation: CodeValidationTime = .onLoading
    ) throws(ModuleError) {
        try self.init(bytes, codeValidation: codeValidation, threads: nil)
    }

    /// Decodes and validates a module, validating code on `threads` threads; nil for as many as seem useful.
    package init(
        _ bytes: ModuleBytes, codeValidation: CodeValidationTime = .onLoading, threads: Int?
    ) throws(ModuleError) {
        var decoder = ModuleDecoder(bytes.buffer)
        do {
            try decoder.decode()
        } catch {
            throw error.error()
        }
        let parts = decoder.parts
        self.bytes = bytes
        types = parts.types
        imports = parts.imports
        functionTypes = parts.functionTypes
        tables = parts.tables
        memories = parts.memories
        globalTypes = parts.globalTypes
        globals = parts.globals
        exports = parts.exports
        exportIndices = parts.exportIndices
        start = parts.start
        elements = parts.elements
        data = parts.data
        usesDataSegments = parts.dataCount != nil
        bodies = parts.bodies
        customSections = parts.customSections
        importedFunctionCount = parts.importedFunctionCount
        importedTableCount = parts.importedTableCount
        importedMemoryCount = parts.importedMemoryCount
        importedGlobalCount = parts.importedGlobalCount
        codeContext = CodeContext(parts, bytes.buffer)
        guard codeValidation == .onLoading,
            let failure = CodeValidation.firstFailure(
                bodies, codeContext, firstType: importedFunctionCount, threads: threads)
        else { return }
        throw error(failure.error, inFunction: importedFunctionCount + failure.body)
    }

    /// Decodes and validates a copy of bytes.
    ///
    /// - Throws: ``ModuleError`` when the bytes are no module, an invalid one, or beyond this implementation.
    public convenience init(
        _ bytes: some Collection<UInt8>, codeValidation: CodeValidationTime = .onLoading
    ) throws(ModuleError) {
        try self.init(ModuleBytes(bytes), codeValidation: codeValidation)
    }

    /// A refusal of the code of the function `index`, counting imported ones, with its name.
    func error(_ failure: LoadFailure, inFunction index: Int) -> ModuleError {
        failure.error(function: index, name: functionName(index))
    }

    /// The export of exactly this name; nil if there is none.
    public func export(named name: String) -> Export? { exportIndices[ExactName(name)].map { exports[$0] } }

    /// What has been made of the module, of one type, that satisfies a condition; nil if nothing does.
    func kept<Made: AnyObject & Sendable>(_ isWanted: (Made) -> Bool) -> Made? {
        made.withLock { Self.first($0, isWanted) }
    }

    /// Keeps what has been made of the module as long as that lives: unless another thread was faster, and something is kept
    /// that satisfies the same condition, which is then the one to share.
    func keep<Made: AnyObject & Sendable>(_ new: Made, unlessThereIs isWanted: (Made) -> Bool) -> Made {
        made.withLock { made in
            if let known = Self.first(made, isWanted) { return known }
            made.append(new)
            return new
        }
    }

    private static func first<Made: AnyObject & Sendable>(
        _ made: [any AnyObject & Sendable], _ isWanted: (Made) -> Bool
    ) -> Made? {
        made.lazy.compactMap { $0 as? Made }.first(where: isWanted)
    }

    /// The names in the name section, which is read on the first use.
    public var names: NameSection {
        nameSection.withLock { section in
            if let section { return section }
            let names =
                customSections.first { $0.name == "name" }.map { NameSection(bytes, $0.bytes) } ?? NameSection(bytes)
            section = names
            return names
        }
    }

    /// What to call the function `index`, counting imported ones, in messages: its name in the name section or else
    /// the first of its export names; nil if it has neither.
    public func functionName(_ index: Int) -> String? {
        names.function(index) ?? exports.first { $0.kind == .function && $0.index == index }?.name
    }
}
