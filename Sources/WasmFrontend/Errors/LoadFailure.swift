/// A `ModuleError` on its way out of the decoder or the validator.
///
/// It is two words and no references, so that throwing and checking for it cost the inner loops nothing.
/// `Module.init` adds the function's name.
struct LoadFailure: Error {
    enum Reason {
        case malformed(MalformedModule.Reason)
        case invalid(InvalidModule.Reason)
        case unsupported(UnsupportedModule.Reason)
    }

    var reason: Reason
    /// From the start of the module.
    var offset: Int

    @inline(__always)
    static func malformed(_ reason: MalformedModule.Reason, at offset: Int) -> LoadFailure {
        LoadFailure(reason: .malformed(reason), offset: offset)
    }

    @inline(__always)
    static func invalid(_ reason: InvalidModule.Reason, at offset: Int) -> LoadFailure {
        LoadFailure(reason: .invalid(reason), offset: offset)
    }

    @inline(__always)
    static func unsupported(_ reason: UnsupportedModule.Reason, at offset: Int) -> LoadFailure {
        LoadFailure(reason: .unsupported(reason), offset: offset)
    }

    /// The error that users see.
    func error(function: Int? = nil, name: String? = nil) -> ModuleError {
        let location = ModuleLocation(offset: offset, function: function, functionName: name)
        return switch reason {
        case .malformed(let reason): .malformed(MalformedModule(reason: reason, location: location))
        case .invalid(let reason): .invalid(InvalidModule(reason: reason, location: location))
        case .unsupported(let reason): .unsupported(UnsupportedModule(reason: reason, location: location))
        }
    }
}
