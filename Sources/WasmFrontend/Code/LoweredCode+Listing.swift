internal import CSupport

// The code of functions for people.
extension LoweredCode {
    /// The instructions of a function, and beside them what they become.
    ///
    /// - Parameters:
    ///   - function: Its index in the module.
    ///   - name: Names of functions that are called.
    /// - Throws: ``ModuleError`` when it is invalid, and ``CodeSpaceError`` when it cannot be lowered.
    public func listing(_ function: Int, name: @escaping (Int) -> String?) throws -> String {
        guard function >= module.importedFunctionCount, function < module.functionTypes.count else { return "" }
        // Code of its own: this one may belong to instances that are running.
        let code = try LoweredCode(module, options: options)
        guard let (origins, lowered) = code.lowerNotingOrigins(function) else {
            throw code.failure(ofFunction: function) ?? CodeSpaceError()
        }
        let body = module.bodies[function - module.importedFunctionCount].bytes
        let wasm = WasmText(module.bytes, name: name).instructions(body)
        let bytecode = Disassembler(code.code).instructions(lowered)
        return origins.listing(wasm, bytecode, from: lowered.cells.lowerBound, name: name)
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
