internal import CSupport

/// Checks bytecode before it runs: see gw_verify for what makes it right.
///
/// Debug builds, tests and fuzzers check all that is lowered, and what is read from files of kept code, so that a fault of
/// the lowering is found where it is made. Other builds do not: for the five hundred functions of a start it takes 9
/// million instructions (4 with the letters made into masks beforehand, 0.7 ms), and it is no protection from whoever may
/// write such files. Slots have no types, so code that is right may still take any number for a reference.
struct BytecodeVerifier: ~Copyable {
    /// What is wrong with the code of a function.
    struct Fault: CustomStringConvertible {
        /// The function's index in the module.
        let function: Int
        /// The cell from the start of the arena.
        let cell: Int
        /// What must be so and is not.
        let reason: String

        var description: String { "function \(function), cell \(cell): \(reason)" }
    }

    private let functionTypes: [UInt32]
    private let typeNumbers: [UInt32]
    private let typeSlots: [UInt16]
    private var shape = GWModuleShape()
    private var space = GWVerifierSpace()

    init(_ module: Module, layout: SlotLayout, typeNumbers: [UInt32], hasRegisterGlobal: Bool) {
        functionTypes = module.functionTypes
        self.typeNumbers = typeNumbers
        typeSlots = layout.types.map { UInt16(max($0.parameters.count, $0.results.count)) }
        shape.function_count = UInt32(module.functionTypes.count)
        shape.import_count = UInt32(module.importedFunctionCount)
        shape.type_count = UInt32(typeNumbers.count)
        shape.global_cells = UInt32(layout.definedGlobalCells)
        shape.imported_global_cells = UInt32(layout.importedGlobalCells)
        shape.table_count = UInt32(module.tables.count)
        shape.data_count = UInt32(module.data.count)
        shape.element_count = UInt32(module.elements.count)
        shape.has_memory = !module.memories.isEmpty
        shape.has_register_global = hasRegisterGlobal
    }

    deinit {
        var space = space
        gw_verifier_free(&space)
    }

    /// Passes what a module has of everything that operands name.
    func withShape<Result>(_ body: (UnsafePointer<GWModuleShape>) -> Result) -> Result {
        var shape = shape
        return functionTypes.withUnsafeBufferPointer { functionTypes in
            typeNumbers.withUnsafeBufferPointer { typeNumbers in
                typeSlots.withUnsafeBufferPointer { typeSlots in
                    shape.function_types = functionTypes.baseAddress
                    shape.type_numbers = typeNumbers.baseAddress
                    shape.type_slots = typeSlots.baseAddress
                    return body(&shape)
                }
            }
        }
    }

    /// What is wrong with the code of a function; nil if nothing is.
    mutating func fault(in lowered: LoweredFunction, of code: UnsafePointer<GWCode>) -> Fault? {
        var space = space
        let fault = withShape { shape in
            gw_verify(
                code, shape, UInt32(lowered.function), UInt32(lowered.cells.lowerBound),
                UInt32(lowered.cells.upperBound), UInt32(lowered.slots), &space)
        }
        self.space = space
        guard let reason = fault.reason else { return nil }
        return Fault(function: lowered.function, cell: Int(fault.cell), reason: String(cString: reason))
    }
}
