/// The choice of the global that the loop keeps in a machine register: Go's stack pointer, LLVM's `__stack_pointer`.
enum RegisterGlobal {
    /// How many bytes of code are looked at to choose a global.
    private static var sampleBytes: Int { 16 << 10 }

    /// The mutable i32 global that code writes most often, by its index in the module; nil if there is none fit for it.
    ///
    /// Imported ones belong to others as well, and exported ones can be looked at while the loop holds a newer value,
    /// so they do not qualify. Where several do, a sample of functions decides.
    static func choose(_ module: Module) -> UInt32? {
        let exported = Set(module.exports.lazy.filter { $0.kind == .global }.map(\.index))
        let candidates = (module.importedGlobalCount..<module.globalTypes.count).filter { index in
            let type = module.globalTypes[index]
            return type.value == .i32 && type.isMutable && !exported.contains(UInt32(index))
        }
        guard candidates.count > 1 else { return candidates.first.map { UInt32($0) } }
        var validator = FunctionValidator(module.codeContext)
        var sink = NoSink()
        let codeBytes = module.bodies.reduce(0) { $0 + $1.bytes.count }
        let stride = max(1, codeBytes / sampleBytes)
        for body in Swift.stride(from: 0, to: module.bodies.count, by: stride) {
            let type = module.functionTypes[module.importedFunctionCount + body]
            // An invalid function tells what comes before its fault; that it is one, its caller will hear.
            _ = try? validator.validate(module.bodies[body].bytes, type: type, into: &sink)
        }
        let best = candidates.max { validator.globalWriteCounts[$0] < validator.globalWriteCounts[$1] }
        return best.map { UInt32($0) }
    }
}
