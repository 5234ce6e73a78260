internal import JSONOutput
public import WasmRuntime

extension CallProfile {
    /// The profile as speedscope's JSON: a profile of stacks with their nanoseconds of processor time.
    ///
    /// The members are those of the file format of speedscope. Stacks come in no order of time, which is not kept.
    ///
    /// - Parameters:
    ///   - program: The name of the module's file.
    ///   - exporter: The name and version of the program that writes this.
    public func speedscope(program: String, exporter: String) -> String {
        let frames = functions.map { function in
            var members = [("name", JSONText.string(function.name))]
            if let file = function.file {
                members.append(("file", JSONText.string(file)))
                if function.line > 0 { members.append(("line", "\(function.line)")) }
            }
            return JSONText.object(members)
        }
        let samples = stacks.map { stack in JSONText.list(functions(of: stack).reversed().map { "\($0)" }) }
        let weights = stacks.map { $0.periods * Int(period) }
        let profile = JSONText.object([
            ("type", JSONText.string("sampled")), ("name", JSONText.string(program)),
            ("unit", JSONText.string("nanoseconds")), ("startValue", "0"), ("endValue", "\(weights.reduce(0, +))"),
            ("samples", JSONText.list(samples)), ("weights", JSONText.list(weights.map { "\($0)" })),
        ])
        return JSONText.object([
            ("$schema", JSONText.string("https://www.speedscope.app/file-format-schema.json")),
            ("exporter", JSONText.string(exporter)), ("name", JSONText.string(program)), ("activeProfileIndex", "0"),
            ("shared", JSONText.object([("frames", JSONText.list(frames))])), ("profiles", JSONText.list([profile])),
        ]) + "\n"
    }
}
