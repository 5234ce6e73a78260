public import WasmRuntime

extension CallProfile {
    /// The profile as the message `perftools.profiles.Profile`, which `go tool pprof` reads: processor time by Go
    /// function.
    ///
    /// Samples that were taken in machine code have the label `code: native`, interpreted ones have none: frames are
    /// the same for both, and `go tool pprof -tags`, `-tagfocus` and `-tagroot` tell them apart.
    ///
    /// - Parameters:
    ///   - program: The name of the module's file.
    ///   - endTime: Nanoseconds since 1970 at the end of the run.
    public func pprof(program: String, endTime: Int) -> [UInt8] {
        var profile = PprofWriter()
        profile.sampleType("samples", "count")
        profile.sampleType("cpu", "nanoseconds")
        let nanoseconds = Int(period)
        for stack in stacks {
            profile.sample(
                stack.frames.map { $0 + 1 }, [stack.periods, stack.periods * nanoseconds],
                label: stack.isNative ? ("code", "native") : nil)
        }
        profile.mapping(program, locationCount: locations.count)
        for (index, location) in locations.enumerated() {
            profile.location(
                index + 1,
                location.lines.map { line in
                    (line.function + 1, line.number > 0 ? line.number : functions[line.function].line)
                })
        }
        for (index, function) in functions.enumerated() {
            profile.function(
                index + 1, function.name, file: function.isHost ? "host" : function.file ?? program,
                line: function.line)
        }
        profile.times(begin: endTime - Int(duration), duration: Int(duration))
        profile.period("cpu", "nanoseconds", nanoseconds)
        return profile.finished()
    }
}
