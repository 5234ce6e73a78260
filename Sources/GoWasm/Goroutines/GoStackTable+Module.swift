internal import WasmFrontend
internal import WasmRuntime

extension GoStackTable {
    /// The global that holds the goroutine, from Go 1.13 on (cmd/link/internal/wasm, writeGlobalSec).
    private static let goroutineGlobal = 2

    /// Functions of Go's runtime that are special on wasm (runtime/asm_wasm.s, rt0_js_wasm.s).
    private static let special: [String: (kind: Kind, mayJump: Bool)] = [
        "runtime.goexit": (.outermost, false), "runtime.mstart": (.outermost, false),
        "runtime.morestack": (.grower, false), "runtime.mcall": (.switcher, false),
        "runtime.morestack_noctxt": (.other, true), "runtime.systemstack": (.other, true),
        "runtime.rt0_go": (.outermost, false), "runtime.gogo": (.other, false),
        "runtime.switchToCrashStack0": (.other, false), "runtime.asminit": (.other, false),
    ]

    /// The table of a module; nil where it is not Go's, or of a version that is not known.
    convenience init?(_ module: Module) {
        guard let layout = GoVersion(of: module).flatMap({ GoRuntimeLayout($0) }), let table = GoLineTable(module),
            module.importedGlobalCount == 0, module.globalTypes.count > Self.goroutineGlobal,
            module.globalTypes[0].value == .i32, module.globalTypes[Self.goroutineGlobal].value == .i64
        else { return nil }
        let exported = Set(module.exports.lazy.filter { $0.kind == .function }.map { Int($0.index) })
        var (mstart, systemstack): (Int?, Int?) = (nil, nil)
        let functions = module.bodies.indices.map { place -> Function in
            let index = module.importedFunctionCount + place
            let name = table.name(ofFunction: index) ?? ""
            if name == "runtime.mstart" { mstart = index }
            if name == "runtime.systemstack" { systemstack = index }
            var function = Function()
            function.sizes = table.sizesTable(ofFunction: index) ?? 0
            let type = module.types[Int(module.functionTypes[index])]
            if let special = Self.special[name] {
                (function.kind, function.mayJump) = special
            } else if exported.contains(index) || name.isEmpty {
                // Called by the host, in wasm's way.
                function.kind = .other
            } else if type.parameters == [.i32], type.results == [.i32] {
                function.kind = table.endsStack(index) ? .outermost : .ordinary
                function.mayJump = table.specialNumber(ofFunction: index) == layout.wrapperFunction
            } else if !type.results.isEmpty {
                function.kind = .helper
            }
            return function
        }
        self.init(
            table.image.bytes, functions, importCount: module.importedFunctionCount, mstart: mstart,
            systemstack: systemstack, goroutineGlobal: Self.goroutineGlobal,
            Fields(
                stackLow: UInt32(layout.stackLow), stackHigh: UInt32(layout.stackHigh), thread: UInt32(layout.thread),
                savedStackPointer: UInt32(layout.savedStackPointer), current: UInt32(layout.currentGoroutine)))
    }
}
