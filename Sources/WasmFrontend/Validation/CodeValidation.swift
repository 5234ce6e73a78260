/// The result of validating all function bodies of a module.
struct CodeValidation {
    /// The bodies with what validation found out about them.
    private(set) var bodies: [FunctionBody]
    private(set) var globalWriteCounts: [UInt32]
    /// The first body at fault, by its index in `bodies`, and its fault.
    private(set) var failure: (body: Int, error: LoadFailure)?

    /// Validates the bodies of `parts`.
    init(_ parts: DecodedParts, _ bytes: ModuleBytes) {
        bodies = parts.bodies
        let context = CodeContext(parts, bytes.buffer)
        var validator = FunctionValidator(context)
        for index in bodies.indices {
            do throws(LoadFailure) {
                try validator.validate(&bodies[index], type: parts.functionTypes[parts.importedFunctionCount + index])
            } catch {
                failure = (index, error)
                break
            }
        }
        globalWriteCounts = Array(validator.globalWriteCounts)
        withExtendedLifetime(bytes) {}
    }
}
