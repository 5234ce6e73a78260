import GoWasm
import WasmFrontend
import WasmRuntime

extension CallProfile {
    /// The profile with the names of functions as Go writes them, their lines, and functions that were inlined, where
    /// the module has Go's table of functions.
    func withGoNames(of module: Module) -> CallProfile {
        guard let table = GoLineTable(module) else { return self }
        var profile = self
        for (index, location) in locations.enumerated() where !location.place.function.isHost {
            let place = location.place
            guard let number = place.function.index else { continue }
            let frames = table.frames(
                inFunction: number, returnAddress: place.returnAddress, previous: place.previousAddress,
                next: place.nextAddress)
            guard let last = frames.indices.last else { continue }
            profile.locations[index].lines = frames.enumerated().map { position, frame in
                let first = position == last ? table.line(inFunction: number, returnAddress: nil) : nil
                let function = Function(
                    name: frame.name, index: position == last ? number : nil, isHost: false,
                    file: first?.file ?? frame.line?.file, line: first?.number ?? 0)
                return Line(function: profile.number(of: function), number: frame.line?.number ?? 0)
            }
        }
        return profile
    }
}
