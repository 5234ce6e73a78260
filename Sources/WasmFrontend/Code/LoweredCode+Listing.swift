internal import CSupport

// The code of functions for people.
extension LoweredCode {
    /// A place in the code of a function, by all that may say which line of the source it comes from.
    public struct SourcePlace {
        /// The offset in the module of the instruction; nil where that is not known.
        public var offset: Int?
        /// The word that the call at the place pushes onto the guest's stack, which is Go's return address; nil for other
        /// places.
        public var returnAddress: Int?
        /// What the last such call before the place pushes, and the first one behind it.
        public var neighbouringAddresses: (previous: Int?, next: Int?)
    }

    /// The instructions of a function, and beside them what they become.
    ///
    /// - Parameters:
    ///   - function: Its index in the module.
    ///   - name: Names of functions that are called.
    ///   - machineCode: Turns machine code, which this code must be made to have at once, into lines: some for each of
    ///     its pieces. Nil where it is not to be shown.
    ///   - source: Says which line of the source a place comes from; lines are shown where they change.
    /// - Throws: ``ModuleError`` when it is invalid, ``CodeSpaceError`` when it cannot be lowered, and
    ///   ``NoMachineCode`` when there is no machine code that could be shown.
    public func listing(
        _ function: Int, name: @escaping (Int) -> String?, machineCode: ((MachineCode) -> [[String]])? = nil,
        source: ((SourcePlace) -> String?)? = nil
    ) throws -> String {
        guard function >= module.importedFunctionCount, function < module.functionTypes.count else { return "" }
        // Code of its own: this one may belong to instances that are running.
        let code = try LoweredCode(module, options: options)
        guard let (origins, lowered) = code.lowerNotingOrigins(function) else {
            throw code.failure(ofFunction: function) ?? CodeSpaceError()
        }
        let body = module.bodies[function - module.importedFunctionCount].bytes
        let text = WasmText(module.bytes, name: name)
        let wasm = text.instructions(body)
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
        let lines = source.map { code.sourceLines(bytecode, lowered, origins, text.offsets(body), $0) } ?? [:]
        return origins.listing(
            wasm, bytecode, from: lowered.cells.lowerBound, name: name, sourceLines: lines, machineCode: beside)
    }

    /// What is said of the source of instructions, by their cells.
    private func sourceLines(
        _ bytecode: [Disassembler.Instruction], _ lowered: LoweredFunction, _ origins: InstructionOrigins,
        _ offsets: [Int], _ source: (SourcePlace) -> String?
    ) -> [Int: String] {
        let calls = pushedWords(ofFunctionAt: lowered.cells.lowerBound)
        var (lines, nextCall) = ([Int: String](), 0)
        for (instruction, number) in zip(bytecode, origins.instructions(of: bytecode)) {
            while nextCall < calls.count, calls[nextCall].cell < instruction.cell { nextCall += 1 }
            let next = nextCall < calls.count ? calls[nextCall] : nil
            let place = SourcePlace(
                offset: number.flatMap { offsets.indices.contains($0) ? offsets[$0] : nil },
                returnAddress: next?.cell == instruction.cell ? next?.word : nil,
                neighbouringAddresses: (nextCall > 0 ? calls[nextCall - 1].word : nil, next?.word))
            lines[instruction.cell] = source(place)
        }
        return lines
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
