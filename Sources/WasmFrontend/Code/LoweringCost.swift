internal import CSupport

/// Gets what the lowering of each function cost.
package final class LoweringObserver {
    let report: (LoweringCost) -> Void

    package init(_ report: @escaping (LoweringCost) -> Void) { self.report = report }
}

/// What the lowering of a function cost; times in nanoseconds.
package struct LoweringCost {
    package var wasmBytes: Int
    package var bytecodeBytes: Int
    /// The time of its validation alone.
    package var validation: UInt64
    /// The time of its validation and lowering.
    package var total: UInt64
    /// The time that finding this out took besides.
    package var measuring: UInt64
}

extension LoweredCode {
    /// Lowers a function, and reports what that cost.
    func lower(_ function: Int, for observer: LoweringObserver) -> GWTrap {
        let body = module.bodies[function - module.importedFunctionCount].bytes
        // Validation is one with the lowering: how much of the time is its, a validation by itself shows.
        let begin = MonotonicClock.now()
        var validator = FunctionValidator(module.codeContext)
        var sink = NoSink()
        let prepared = MonotonicClock.now()
        _ = try? validator.validate(body, type: module.functionTypes[function], into: &sink)
        let validated = MonotonicClock.now()
        let compiling = gw_native_statistics(code).nanoseconds
        let trap = lower(function)
        let end = MonotonicClock.now()
        // With a threshold of 0 functions are compiled where they are lowered.
        let compiled = min(gw_native_statistics(code).nanoseconds - compiling, end - validated)
        let cells = lowered(at: Int(code.pointee.entries[function].general))?.cells.count ?? 0
        observer.report(
            LoweringCost(
                wasmBytes: body.count, bytecodeBytes: cells * CodeArena.cellSize,
                validation: validated - prepared, total: end - validated - compiled,
                measuring: validated - begin))
        return trap
    }
}
