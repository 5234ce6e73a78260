internal import HostSystem

extension GoHost {
    /// The function that stands behind an import of a module, ready to be called with Go's stack pointer.
    func function(for row: GoImport, of module: String) -> (UInt32) throws -> Void {
        let implementation = implementation(of: row)
        let frameSize = row.frameSize
        guard let trace, trace.wantsImport(module, row.rawValue) else {
            return { [self] stackPointer in
                var stack = try GoStack(stackPointer, frameSize: frameSize, memory)
                try implementation(self, &stack)
                try realm.checkEnd()
            }
        }
        return { [self] stackPointer in
            var tracer = ImportTracer(row, module, stackPointer, self, start: trace.now)
            do {
                var stack = try GoStack(stackPointer, frameSize: frameSize, memory)
                try implementation(self, &stack)
                try realm.checkEnd()
                // A call may have moved Go's stack.
                let end = try abi.usesRunLoop ? stackPointer : guest?.stackPointer() ?? stackPointer
                tracer.call.duration = trace.now - tracer.call.start
                tracer.addResults(stackPointer: end, self)
                trace.report(tracer.call)
            } catch {
                tracer.call.duration = trace.now - tracer.call.start
                tracer.call.ending = error is GuestExit ? .exited : .aborted("\(error)")
                trace.report(tracer.call)
                throw error
            }
        }
    }

    private typealias Implementation = (GoHost, inout GoStack) throws -> Void

    /// One implementation for each import: a new row of ``GoImport`` does not compile until it has one here.
    private func implementation(of row: GoImport) -> Implementation {
        switch row {
        case .debug: { _, _ in }
        case .wasmExit: { try $0.wasmExit(&$1) }
        case .wasmWrite: { try $0.wasmWrite(&$1) }
        case .nanotime, .nanotime1: { $0.nanotime(&$1) }
        case .walltime, .walltime1: { $0.walltime(&$1) }
        case .scheduleCallback, .scheduleTimeoutEvent: { $0.scheduleTimeoutEvent(&$1) }
        case .clearScheduledCallback, .clearTimeoutEvent: { $0.clearTimeoutEvent(&$1) }
        case .getRandomData: { try $0.getRandomData(&$1) }
        // The memory's place is looked up at each call.
        case .resetMemoryDataView: { _, _ in }
        case .finalizeRef: { $0.finalizeRef(&$1) }
        case .stringVal: { try $0.stringVal(&$1) }
        case .valueGet: { try $0.valueGet(&$1) }
        case .valueSet: { try $0.valueSet(&$1) }
        case .valueDelete: { try $0.valueDelete(&$1) }
        case .valueIndex: { try $0.valueIndex(&$1) }
        case .valueSetIndex: { try $0.valueSetIndex(&$1) }
        case .valueCall: { try $0.valueCall(&$1) }
        case .valueInvoke: { try $0.valueInvoke(&$1) }
        case .valueNew: { try $0.valueNew(&$1) }
        case .valueLength: { try $0.valueLength(&$1) }
        case .valuePrepareString: { try $0.valuePrepareString(&$1) }
        case .valueLoadString: { try $0.valueLoadString(&$1) }
        case .valueInstanceOf: { try $0.valueInstanceOf(&$1) }
        case .copyBytesToGo: { try $0.copyBytesToGo(&$1) }
        case .copyBytesToJS: { try $0.copyBytesToJS(&$1) }
        }
    }
}
