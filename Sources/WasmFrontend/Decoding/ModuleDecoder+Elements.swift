// Element segments (section 5.5.12).
extension ModuleDecoder {
    /// The element section.
    mutating func elementSection() throws(LoadFailure) {
        let count = try reader.count()
        parts.elements.reserveCapacity(count)
        for _ in 0..<count { parts.elements.append(try elementSegment()) }
    }

    /// A segment.
    ///
    /// Its kind is three bits: passive or declarative; with an explicit table, or declarative; with elements that are
    /// expressions.
    private mutating func elementSegment() throws(LoadFailure) -> ElementSegment {
        let start = reader.offset
        let kind = try reader.u32()
        guard kind < 8 else { throw .malformed(.elementSegmentKind(kind), at: start) }
        let isActive = kind & 1 == 0
        let hasExplicitIndex = kind & 2 != 0
        let hasExpressions = kind & 4 != 0

        var mode: SegmentMode = hasExplicitIndex ? .declarative : .passive
        var table: UInt32 = 0
        if isActive {
            if hasExplicitIndex { table = try reader.u32() }
            try parts.checkTable(table, at: start)
            mode = .active(index: table, offset: try constantExpression(.i32))
        }
        var type = ValueType.funcref
        if !isActive || hasExplicitIndex {
            if hasExpressions {
                type = try reader.referenceType()
            } else {
                let byteOffset = reader.offset
                let elementKind = try reader.byte()
                guard elementKind == 0 else { throw .malformed(.elementKind(elementKind), at: byteOffset) }
            }
        }
        if isActive, parts.tables[Int(table)].element != type {
            throw .invalid(.signatureMismatch, at: start)
        }

        let count = try reader.count()
        var elements: [ConstantExpression] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            if hasExpressions {
                elements.append(try constantExpression(type))
            } else {
                let offset = reader.offset
                let function = try reader.u32()
                try parts.declareFunction(function, at: offset)
                elements.append(.function(function))
            }
        }
        return ElementSegment(type: type, mode: mode, elements: elements)
    }
}
