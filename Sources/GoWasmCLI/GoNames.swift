import GoWasm
import WasmFrontend
import WasmRuntime

extension CallProfile {
    /// The profile with the names of functions as Go writes them, where the module has Go's table of functions.
    func withGoNames(of module: Module) -> CallProfile {
        guard let table = GoLineTable(module) else { return self }
        var profile = self
        for (index, function) in functions.enumerated() where !function.isHost {
            guard let number = function.index, let name = table.name(ofFunction: number) else { continue }
            profile.functions[index].name = name
            if let line = table.line(inFunction: number, returnAddress: nil) {
                profile.functions[index].file = line.file
                profile.functions[index].line = line.number
            }
        }
        return profile
    }
}
