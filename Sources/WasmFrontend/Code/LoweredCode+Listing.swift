internal import CSupport

// The code of functions for people.
extension LoweredCode {
    /// The instructions of a function, and beside them what they become.
    ///
    /// - Parameters:
    ///   - function: Its index in the module.
    ///   - name: Names of functions that are called.
    ///   - machineCode: Turns machine code, which this code must be made to have at once, into lines: some for each of
    ///     its pieces. Nil where it is not to be shown.
    /// - Throws: ``ModuleError`` when it is invalid, ``CodeSpaceError`` when it cannot be lowered, and
    ///   ``NoMachineCode`` when there is no machine code that could be shown.
    public func listing(
        _ function: Int, name: @escaping (Int) -> String?, machineCode: ((MachineCode) -> [[String]])? = nil
    ) throws -> String {
        guard function >= module.importedFunctionCount, function < module.functionTypes.count else { return "" }
        // Code of its own: this one may belong to instances that are running.
        let code = try LoweredCode(module, options: options)
        guard let (origins, lowered) = code.lowerNotingOrigins(function) else {
            throw code.failure(ofFunction: function) ?? CodeSpaceError()
        }
        let body = module.bodies[function - module.importedFunctionCount].bytes
        let wasm = WasmText(module.bytes, name: name).instructions(body)
        let bytecode = Disassembler(code.code).instructions(lowered)
        var beside: [Int: [String]] = [:]
        if let machineCode {
            if let obstacle = code.compilation.obstacle { throw NoMachineCode(obstacle: obstacle) }
            if let made = code.machineCode(lowered) {
                let starts = bytecode.map(\.cell)
                for (piece, lines) in zip(made.pieces, machineCode(made)) {
                    // The second half of a pair has a cell of its own.
                    let cell = starts.last { $0 <= piece.cell } ?? starts.first ?? 0
                    beside[cell, default: []] += lines
                }
            }
        }
        return origins.listing(wasm, bytecode, from: lowered.cells.lowerBound, name: name, machineCode: beside)
    }

    /// The instructions of a function, which is lowered if that has not been done, one a line.
    ///
    /// - Throws: ``ModuleError`` when it is invalid, and ``CodeSpaceError`` when it cannot be lowered.
    package func disassemble(_ function: Int) throws -> String {
        guard function >= module.importedFunctionCount, function < module.functionTypes.count else { return "" }
        try prepare(function)
        let lowered = withState { state in state.functions.first { $0.function == function } }
        guard let lowered else { return "" }
        return Disassembler(code).disassemble(lowered)
    }
}

/// Machine code was to be shown, and there is none.
public struct NoMachineCode: Error {
    /// Why.
    public var obstacle: CompilationStatistics.Obstacle
}
