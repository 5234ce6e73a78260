internal import CSupport

// The lowering of functions when they are called first.
extension LoweredCode {
    /// What the loop calls: validates and lowers a function, for an observer of costs if there is one.
    static let lower: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt32) -> GWTrap = {
        context, observer, function in
        let code = Unmanaged<LoweredCode>.fromOpaque(context!).takeUnretainedValue()
        guard let observer else { return code.lower(Int(function)) }
        return code.lower(Int(function), for: Unmanaged<LoweringObserver>.fromOpaque(observer).takeUnretainedValue())
    }

    /// Validates and lowers a function if that has not been done.
    func lower(_ function: Int) -> GWTrap {
        withState { state in
            let entry = code.pointee.entries + function
            if entry.pointee.general != 0 { return .none }
            let start = state.position
            let result: FunctionLowering.Result
            do throws(LoadFailure) {
                let lowered = try state.lowering.lower(function, at: start, capacity: arena.capacity)
                guard let lowered else { return .codeSpaceExhausted }
                result = lowered
            } catch {
                state.failures[function] = module.error(error, inFunction: function)
                return .invalidFunction
            }
            state.position = state.lowering.emitter.position
            let lowered = LoweredFunction(cells: start..<state.position, function: function, slots: result.slots)
            state.functions.append(lowered)
            entry.pointee.fresh = UInt32(result.fresh)
            // Whoever sees this sees the code, too.
            gw_publish(&entry.pointee.general, UInt32(result.general))
            #if DEBUG || GOWASM_VERIFY
                if let fault = state.verifier.fault(in: lowered, of: code) {
                    fatalError("lowered to what is no bytecode: \(fault)")
                }
            #endif
            if options.compilation?.threshold == 0 { compile(lowered, &state) }
            return .none
        }
    }

    /// Validates and lowers a function, as its first call would.
    ///
    /// - Parameter function: Its index in the module, which must not be that of an imported one.
    /// - Throws: ``ModuleError`` when it is invalid, and ``CodeSpaceError`` when it cannot be lowered.
    public func prepare(_ function: Int) throws {
        precondition(function >= module.importedFunctionCount && function < module.functionTypes.count)
        guard lower(function) == .none else { throw failure(ofFunction: function) ?? CodeSpaceError() }
    }

    /// What is wrong with a function that was found to be invalid when it was called; nil for others.
    package func failure(ofFunction function: Int) -> ModuleError? { withState { $0.failures[function] } }
}
