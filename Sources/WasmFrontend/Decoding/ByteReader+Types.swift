// The types of the binary format (section 5.3).
extension ByteReader {
    /// A value type.
    mutating func valueType() throws(LoadFailure) -> ValueType {
        let start = offset
        let byte = try byte()
        guard let type = ValueType(rawValue: byte) else { throw .malformed(.valueType(byte), at: start) }
        return type
    }

    /// A reference type.
    mutating func referenceType() throws(LoadFailure) -> ValueType {
        let start = offset
        let byte = try byte()
        guard let type = ValueType(rawValue: byte), type.isReference else {
            throw .malformed(.referenceType(byte), at: start)
        }
        return type
    }

    /// A function type.
    mutating func functionType() throws(LoadFailure) -> FunctionType {
        let start = offset
        let form = try byte()
        guard form == 0x60 else { throw .malformed(.functionType(form), at: start) }
        return FunctionType(try valueTypes(), try valueTypes())
    }

    private mutating func valueTypes() throws(LoadFailure) -> [ValueType] {
        let start = offset
        let count = try count()
        guard count <= ImplementationLimit.parameters else { throw .unsupported(.parameters(count), at: start) }
        var types: [ValueType] = []
        types.reserveCapacity(count)
        for _ in 0..<count { types.append(try valueType()) }
        return types
    }

    /// The limits of a table or memory.
    mutating func limits() throws(LoadFailure) -> Limits {
        let start = offset
        // The flags are a number of one bit.
        let flags = try byte()
        guard flags < 0x80 else { throw .malformed(.integerTooLong, at: start) }
        guard flags < 2 else { throw .malformed(.limitsFlags(flags), at: start) }
        return Limits(minimum: try u32(), maximum: flags == 1 ? try u32() : nil)
    }

    /// The type of a table.
    mutating func tableType() throws(LoadFailure) -> TableType {
        TableType(element: try referenceType(), limits: try limits())
    }

    /// The type of a global.
    mutating func globalType() throws(LoadFailure) -> GlobalType {
        let value = try valueType()
        let start = offset
        let mutability = try byte()
        guard mutability < 2 else { throw .malformed(.mutability(mutability), at: start) }
        return GlobalType(value: value, isMutable: mutability == 1)
    }
}
