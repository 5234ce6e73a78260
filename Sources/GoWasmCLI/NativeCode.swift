import LibC
import WasmFrontend

/// When the command compiles functions, as the environment says.
enum NativeCode {
    /// The variable: `off`, or how often a function is entered until it is compiled; for tests also that and, behind a
    /// comma, the seed of a coin (see `CompilationPolicy`).
    static let variable = "GOWASM_NATIVE"

    /// What the environment says; what it says wrongly is as if it said nothing.
    static var policy: CompilationPolicy? {
        guard let value = getenv(variable) else { return CompilationPolicy() }
        let text = String(cString: value)
        if text == "off" { return nil }
        let parts = text.split(separator: ",", maxSplits: 1).map { UInt32($0) }
        guard let first = parts.first, let threshold = first else { return CompilationPolicy() }
        return CompilationPolicy(threshold: threshold, coin: parts.count > 1 ? parts[1] ?? 0 : 0)
    }
}
