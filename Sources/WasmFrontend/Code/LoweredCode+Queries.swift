internal import CSupport

// What the code tells about its functions and cells.
extension LoweredCode {
    var reader: BytecodeReader { BytecodeReader(code) }

    /// What is wrong with the code of functions, if it is no bytecode (see gw_verify): a line each, in their order.
    package func faults() -> [String] {
        withState { state in
            state.functions.compactMap { state.verifier.fault(in: $0, of: code)?.description }
        }
    }

    /// The cells of the functions that have been lowered, in their order.
    package var loweredCells: [Range<Int>] { withState { $0.functions.map(\.cells) } }

    /// The lowered function that a cell belongs to; nil for none.
    func lowered(at cell: Int) -> LoweredFunction? { withState { lowered(at: cell, $0) } }

    func lowered(at cell: Int, _ state: borrowing State) -> LoweredFunction? {
        var low = 0
        var high = state.functions.count
        while low < high {
            let middle = (low + high) / 2
            if state.functions[middle].cells.upperBound <= cell { low = middle + 1 } else { high = middle }
        }
        guard low < state.functions.count, state.functions[low].cells.contains(cell) else { return nil }
        return state.functions[low]
    }

    /// The index in the module of the function that a cell of the arena belongs to; nil for none.
    package func function(at cell: Int) -> Int? { lowered(at: cell)?.function }

    /// Whether the instruction at a cell calls a function, known or not.
    package func isCall(at cell: Int) -> Bool {
        reader.instruction(at: cell).map { [.call, .callIndirect].contains($0.info.family) } ?? false
    }

    /// The index in the module of the function that the call instruction at a cell calls; nil where there is no such
    /// instruction, or it finds out while it runs.
    package func directCallee(at cell: Int) -> Int? {
        guard let call = reader.instruction(at: cell), call.info.family == .call else { return nil }
        return Int(call[Int(GW_CALL_FUNCTION)])
    }

    /// The word that is pushed onto the guest's stack for the call at a cell, which is Go's return address; nil where
    /// there is none, or no call.
    package func pushedWord(at cell: Int) -> Int? {
        reader.instruction(at: cell).flatMap(Self.pushedWord)
            ?? pushedWords(ofFunctionAt: cell).first { $0.cell == cell }?.word
    }

    /// The word that a call itself pushes; nil if it pushes none.
    private static func pushedWord(_ call: BytecodeInstruction) -> Int? {
        call.info.facts.contains(.pushes) ? call.signed(Int(GW_CALL_IMMEDIATE)) : nil
    }

    /// The words that calls in the function at a cell push, with the cells of the calls, in the order of the code.
    ///
    /// Where the callee is not known before the return address is pushed, that is done by a store before the call.
    package func pushedWords(ofFunctionAt cell: Int) -> [(cell: Int, word: Int)] {
        guard let lowered = lowered(at: cell) else { return [] }
        var words: [(cell: Int, word: Int)] = []
        var stored: Int?
        for instruction in reader.instructions(lowered.cells) {
            if instruction.plain == .store64_si {
                if instruction[1] == 0 { stored = instruction.signed(2) }
            } else if instruction.isCall {
                let isIndirect = instruction.info.family == .callIndirect
                if let word = Self.pushedWord(instruction) ?? (isIndirect ? stored : nil) {
                    words.append((instruction.cell, word))
                }
                stored = nil
            }
        }
        return words
    }

    /// What the last call before a cell pushes, and the first one at or behind it, in the function that the cell
    /// belongs to.
    package func pushedWords(around cell: Int) -> (previous: Int?, next: Int?) {
        let calls = pushedWords(ofFunctionAt: cell)
        return (calls.last { $0.cell < cell }?.word, calls.first { $0.cell >= cell }?.word)
    }
}
