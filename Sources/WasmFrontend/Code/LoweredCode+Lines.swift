internal import CSupport

// Where in the module code comes from.
extension LoweredCode {
    /// The offset in the module of the instruction that the code at a cell was made for; nil where that is not known.
    ///
    /// The function is lowered once more to find out.
    package func offset(ofCell cell: Int) -> Int? {
        guard let lowered = lowered(at: cell), let again = try? LoweredCode(module, options: options),
            let (origins, copy) = again.lowerNotingOrigins(lowered.function)
        else { return nil }
        let body = module.bodies[lowered.function - module.importedFunctionCount].bytes
        let instructions = WasmText(module.bytes) { _ in nil }.offsets(body)
        let number = origins.instruction(at: cell - lowered.cells.lowerBound + copy.cells.lowerBound)
        return number.flatMap { instructions.indices.contains($0) ? instructions[$0] : nil }
    }

    /// Lowers the first function of new code; nil where that fails.
    func lowerNotingOrigins(_ function: Int) -> (InstructionOrigins, LoweredFunction)? {
        let origins = InstructionOrigins()
        withState { $0.lowering.origins = origins }
        guard lower(function) == .none else { return nil }
        return withState { state in state.functions.first.map { (origins, $0) } }
    }
}

/// Finds the blocks of a function, as Go counts them, that places in its bytecode are in.
package struct BlockFinder {
    private let origins: InstructionOrigins
    private let map: DispatchMap
    /// What cells of the function are to be moved by, to be those that the origins are known of.
    private let distance: Int

    /// The numbers that have the function entered in the stretch of code that a cell belongs to; nil where there are none.
    package func blocks(at cell: Int) -> ClosedRange<Int>? {
        origins.instruction(at: cell + distance).flatMap { map.blocks(ofInstruction: $0) }
    }

    fileprivate init(_ origins: InstructionOrigins, _ map: DispatchMap, distance: Int) {
        self.origins = origins
        self.map = map
        self.distance = distance
    }
}

extension LoweredCode {
    /// Prepares for finding the blocks of the function that a cell belongs to; nil where it has none.
    ///
    /// The function is lowered once more.
    package func blockFinder(ofFunctionAt cell: Int) -> BlockFinder? {
        guard let lowered = lowered(at: cell),
            let map = DispatchMap(
                module.bytes, module.bodies[lowered.function - module.importedFunctionCount].bytes),
            let again = try? LoweredCode(module, options: options),
            let (origins, copy) = again.lowerNotingOrigins(lowered.function)
        else { return nil }
        return BlockFinder(origins, map, distance: copy.cells.lowerBound - lowered.cells.lowerBound)
    }
}
