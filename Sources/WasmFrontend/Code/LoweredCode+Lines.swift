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
