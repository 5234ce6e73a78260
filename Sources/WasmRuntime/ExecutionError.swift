internal import WasmFrontend

/// Why a call did not return.
public enum ExecutionError: Error, CustomStringConvertible {
    /// The call could not be made.
    case uncallable(CallError)
    /// The guest trapped.
    case trap(Trap)
    /// A host function that the guest called threw this.
    case hostFunction(any Error)

    /// What has left a guest.
    init(leaving cause: any Error) { self = (cause as? Trap).map { .trap($0) } ?? .hostFunction(cause) }

    /// What went wrong, without the word of this type about where.
    package var cause: any Error {
        switch self {
        case .uncallable(let error): error
        case .trap(let trap): trap
        case .hostFunction(let error): error
        }
    }

    /// What went wrong, in one sentence.
    public var description: String { "\(cause)" }
}

/// Why an instance could not be made.
public enum InstantiationError: Error, CustomStringConvertible {
    /// Imports are missing or have other types.
    case unlinkable(LinkError)
    /// There is no room for its memories, tables or code: ``CallError/outOfMemory``, ``CallError/memoryLimit``.
    case refused(CallError)
    /// A segment does not fit, or the start function trapped.
    case trap(Trap)
    /// A host function that the start function called threw this.
    case hostFunction(any Error)

    /// What has left the start function, or applying the segments.
    init(leaving cause: any Error) { self = (cause as? Trap).map { .trap($0) } ?? .hostFunction(cause) }

    /// What went wrong, without the word of this type about where.
    package var cause: any Error {
        switch self {
        case .unlinkable(let error): error
        case .refused(let error): error
        case .trap(let trap): trap
        case .hostFunction(let error): error
        }
    }

    /// What went wrong, in one sentence.
    public var description: String { "\(cause)" }
}
