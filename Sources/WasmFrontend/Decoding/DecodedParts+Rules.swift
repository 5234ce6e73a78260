// The rules for everything but code (section 3.4), each applied where the decoder adds a part.
extension DecodedParts {
    /// Adds a function, imported or not, of the type with the index `type`.
    mutating func addFunction(type: UInt32, at offset: Int) throws(LoadFailure) {
        guard type < types.count else { throw .invalid(.unknownType(type), at: offset) }
        functionTypes.append(type)
    }

    /// Adds a table, imported or not.
    mutating func addTable(_ type: TableType, at offset: Int) throws(LoadFailure) {
        try check(type.limits, at: offset)
        tables.append(type)
    }

    /// Adds a memory, imported or not.
    mutating func addMemory(_ type: MemoryType, at offset: Int) throws(LoadFailure) {
        let mostPages = UInt32(ImplementationLimit.memoryPages)
        guard type.limits.minimum <= mostPages, type.limits.maximum ?? 0 <= mostPages else {
            throw .invalid(.memorySize, at: offset)
        }
        try check(type.limits, at: offset)
        guard memories.isEmpty else { throw .invalid(.multipleMemories, at: offset) }
        memories.append(type)
    }

    private func check(_ limits: Limits, at offset: Int) throws(LoadFailure) {
        if let maximum = limits.maximum, limits.minimum > maximum { throw .invalid(.limits, at: offset) }
    }

    /// Adds an export.
    mutating func addExport(_ export: Export, at offset: Int) throws(LoadFailure) {
        switch export.kind {
        case .function:
            try declareFunction(export.index, at: offset)
        case .table:
            try checkTable(export.index, at: offset)
        case .memory:
            try checkMemory(export.index, at: offset)
        case .global:
            guard export.index < globalTypes.count else { throw .invalid(.unknownGlobal(export.index), at: offset) }
        }
        guard exportIndices.updateValue(exports.count, forKey: ExactName(export.name)) == nil else {
            throw .invalid(.duplicateExport, at: offset)
        }
        exports.append(export)
    }

    /// Sets the start function.
    mutating func setStart(_ function: UInt32, at offset: Int) throws(LoadFailure) {
        guard function < functionTypes.count else { throw .invalid(.unknownFunction(function), at: offset) }
        let type = types[Int(functionTypes[Int(function)])]
        guard type.parameters.isEmpty, type.results.isEmpty else { throw .invalid(.startFunction, at: offset) }
        start = function
    }

    /// Notes that something outside of code refers to a function.
    mutating func declareFunction(_ function: UInt32, at offset: Int) throws(LoadFailure) {
        guard function < functionTypes.count else { throw .invalid(.unknownFunction(function), at: offset) }
        if isDeclared.count < functionTypes.count {
            // All functions are known by now: the sections that refer to some follow those that add them.
            isDeclared = Array(repeating: false, count: functionTypes.count)
        }
        isDeclared[Int(function)] = true
    }

    /// Refuses a table that doesn't exist.
    func checkTable(_ table: UInt32, at offset: Int) throws(LoadFailure) {
        guard table < tables.count else { throw .invalid(.unknownTable(table), at: offset) }
    }

    /// Refuses a memory that doesn't exist.
    func checkMemory(_ memory: UInt32, at offset: Int) throws(LoadFailure) {
        guard memory < memories.count else { throw .invalid(.unknownMemory(memory), at: offset) }
    }
}
