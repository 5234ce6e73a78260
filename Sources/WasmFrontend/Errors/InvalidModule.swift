extension InvalidModule {
    /// A rule of validation (chapter 3); `description` is the wording of the specification's tests.
    public enum Reason: Hashable, Sendable {
        /// A value has another type than its use needs. `expected` is nil where no value may be left, `found` is
        /// nil where there is none.
        case typeMismatch(expected: ValueType?, found: ValueType?)
        /// The results of an `if` without `else` differ from its parameters, the targets of a `br_table` take
        /// different numbers of values, or a table holds another type than the instruction or segment.
        case signatureMismatch
        /// A typed `select` doesn't have exactly one type.
        case selectArity
        /// No type has this index.
        case unknownType(UInt32)
        /// No function has this index.
        case unknownFunction(UInt32)
        /// No table has this index.
        case unknownTable(UInt32)
        /// No memory has this index.
        case unknownMemory(UInt32)
        /// No global has this index, or none that a constant expression may use.
        case unknownGlobal(UInt32)
        /// No local has this index.
        case unknownLocal(UInt32)
        /// Fewer blocks than this are around a branch.
        case unknownLabel(UInt32)
        /// No element segment has this index.
        case unknownElementSegment(UInt32)
        /// No data segment has this index.
        case unknownDataSegment(UInt32)
        /// An alignment exceeds the size of the access.
        case alignment
        /// A vector has no such lane.
        case lane(UInt8)
        /// Code writes a global that is immutable.
        case immutableGlobal(UInt32)
        /// `ref.func` names a function that nothing outside of code refers to.
        case undeclaredFunctionReference(UInt32)
        /// An initial value or offset is not computed by a constant instruction, though perhaps by one that is so in the
        /// proposal ``WasmProposal/extendedConstants``.
        case constantExpression(isExtended: Bool)
        /// A minimum size exceeds the maximum.
        case limits
        /// A memory may exceed 65,536 pages.
        case memorySize
        /// There is more than one memory.
        case multipleMemories
        /// Two exports have one name.
        case duplicateExport
        /// The start function takes or returns something.
        case startFunction
    }
}

extension InvalidModule.Reason: CustomStringConvertible {
    /// The specification's words, with the indices or types at fault.
    public var description: String {
        switch self {
        case .typeMismatch(let expected?, let found?): "type mismatch: expected \(expected), found \(found)"
        case .typeMismatch(let expected?, nil): "type mismatch: expected \(expected), found nothing"
        case .typeMismatch(nil, let found?): "type mismatch: expected nothing, found \(found)"
        case .typeMismatch(nil, nil): "type mismatch: expected a value, found nothing"
        case .signatureMismatch: "type mismatch"
        case .selectArity: "invalid result arity"
        case .unknownType(let index): "unknown type \(index)"
        case .unknownFunction(let index): "unknown function \(index)"
        case .unknownTable(let index): "unknown table \(index)"
        case .unknownMemory(let index): "unknown memory \(index)"
        case .unknownGlobal(let index): "unknown global \(index)"
        case .unknownLocal(let index): "unknown local \(index)"
        case .unknownLabel(let depth): "unknown label \(depth)"
        case .unknownElementSegment(let index): "unknown elem segment \(index)"
        case .unknownDataSegment(let index): "unknown data segment \(index)"
        case .alignment: "alignment must not be larger than natural"
        case .lane: "invalid lane index"
        case .immutableGlobal: "global is immutable"
        case .undeclaredFunctionReference: "undeclared function reference"
        case .constantExpression: "constant expression required"
        case .limits: "size minimum must not be greater than maximum"
        case .memorySize: "memory size must be at most 65536 pages (4GiB)"
        case .multipleMemories: "multiple memories"
        case .duplicateExport: "duplicate export name"
        case .startFunction: "start function"
        }
    }
}
