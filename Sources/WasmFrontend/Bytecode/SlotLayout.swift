/// How a module's values lie in slots of 64 bits: a vector takes two neighbouring ones, its low half first; everything
/// else takes one.
///
/// To the lowering a vector is two values of the type `i64`, in signatures, on the operand stack and in variables, so
/// that only the instructions on vectors know more. Most modules have no vectors, and then this is the module as it is.
package struct SlotLayout {
    /// The function types, with two parameters or results for each vector.
    package let types: [FunctionType]
    /// The first cell of each global, counting imported ones; empty where each has one.
    private let globalCells: [UInt32]
    /// The cells of the imported globals.
    package let importedGlobalCells: Int
    /// The cells of the globals that the module defines.
    package let definedGlobalCells: Int
    /// Whether types or globals have vectors.
    let hasVectors: Bool

    init(_ module: Module) {
        let hasTypes = module.types.contains { $0.parameters.contains(.v128) || $0.results.contains(.v128) }
        let hasGlobals = module.globalTypes.contains { $0.value == .v128 }
        types = hasTypes ? module.types.map(\.inSlots) : module.types
        hasVectors = hasTypes || hasGlobals
        var cells: [UInt32] = []
        var next: UInt32 = 0
        var imported = 0
        if hasGlobals {
            for (index, type) in module.globalTypes.enumerated() {
                if index == module.importedGlobalCount { imported = Int(next) }
                cells.append(next)
                next += type.value == .v128 ? 2 : 1
            }
            if module.globals.isEmpty { imported = Int(next) }
        }
        globalCells = cells
        importedGlobalCells = hasGlobals ? imported : module.importedGlobalCount
        definedGlobalCells = hasGlobals ? Int(next) - imported : module.globals.count
    }

    /// The first cell of a global, counting the cells of imported ones.
    package func cell(ofGlobal global: UInt32) -> UInt32 { globalCells.isEmpty ? global : globalCells[Int(global)] }
}

extension FunctionType {
    /// The type with two parameters or results of the type `i64` for each vector.
    fileprivate var inSlots: FunctionType {
        let slots: (ValueType) -> [ValueType] = { $0 == .v128 ? [.i64, .i64] : [$0] }
        return FunctionType(parameters.flatMap(slots), results.flatMap(slots))
    }
}
