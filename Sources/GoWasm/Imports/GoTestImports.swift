internal import WasmRuntime

/// The imports of module `_gotest`, by which the tests of syscall/js try `go:wasmimport` and `go:wasmexport`: they are
/// part of Go's own host script (lib/wasm/wasm_exec.js).
extension GoHost {
    static let testModule = "_gotest"

    func defineTestImports(in imports: inout Imports) {
        imports.define(Self.testModule, "add") { (a: UInt32, b: UInt32) -> UInt32 in a &+ b }
        imports.define(Self.testModule, "callExport") { [unowned self] (a: UInt32, b: UInt64) throws -> UInt64 in
            _ = try callExport("testExport0", [])
            guard case .i64(let sum)? = try callExport("testExport", [.i32(a), .i64(b)]).first else {
                throw GuestFault(description: "the export testExport must return an i64")
            }
            return sum
        }
    }
}
