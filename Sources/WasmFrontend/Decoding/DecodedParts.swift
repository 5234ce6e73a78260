/// What has been decoded of a module so far.
///
/// Sections come in an order in which each refers to earlier ones only, except for code. So the entries of all other
/// sections are checked as they are decoded (`DecodedParts+Rules.swift`), against the parts before them.
struct DecodedParts {
    var types: [FunctionType] = []
    var imports: [Import] = []
    var functionTypes: [UInt32] = []
    var tables: [TableType] = []
    var memories: [MemoryType] = []
    var globalTypes: [GlobalType] = []
    var globals: [GlobalDefinition] = []
    var exports: [Export] = []
    var start: UInt32?
    var elements: [ElementSegment] = []
    var data = DataSegments()
    var bodies: [FunctionBody] = []
    var customSections: [CustomSection] = []

    var importedFunctionCount = 0
    var importedTableCount = 0
    var importedMemoryCount = 0
    var importedGlobalCount = 0

    /// The number in the data count section.
    var dataCount: UInt32?
    /// Where the code section starts; behind the last section if there is none.
    var codeOffset = 0
    /// The indices in `exports` by name.
    var exportIndices: [ExactName: Int] = [:]
    /// By function, whether something outside of code refers to it, so that `ref.func` may (`C.refs`).
    var isDeclared: [Bool] = []
}
