public import GoWasm

extension AllocationProfile {
    /// The profile as the message `perftools.profiles.Profile`, as Go writes profiles of the heap.
    ///
    /// The types of samples are `alloc_objects`, `alloc_space`, `inuse_objects` and `inuse_space`; `go tool pprof` shows
    /// `alloc_space` if it is not told otherwise.
    ///
    /// - Parameters:
    ///   - program: The name of the module's file.
    ///   - endTime: Nanoseconds since 1970 at the end of the run.
    public func pprof(program: String, endTime: Int) -> [UInt8] {
        var profile = PprofWriter()
        for (type, unit) in [
            ("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"),
        ] { profile.sampleType(type, unit) }
        var locations: [GoLineTable.Frame: Int] = [:]
        var functions: [FunctionKey: Int] = [:]
        for sample in samples {
            var frames: [Int] = []
            for frame in sample.frames {
                if let known = locations[frame] {
                    frames.append(known)
                    continue
                }
                locations[frame] = locations.count + 1
                frames.append(locations.count)
                let key = FunctionKey(name: frame.name, file: frame.line?.file ?? program)
                let function = functions[key] ?? functions.count + 1
                functions[key] = function
                profile.location(locations.count, [(function, frame.line?.number ?? 0)])
            }
            profile.sample(
                frames, [sample.allocations, sample.allocatedBytes, sample.liveObjects, sample.liveBytes])
        }
        profile.mapping(program, locationCount: locations.count)
        for (key, number) in functions { profile.function(number, key.name, file: key.file) }
        profile.times(begin: endTime)
        profile.period("space", "bytes", rate)
        profile.defaultSampleType("alloc_space")
        return profile.finished()
    }

    private struct FunctionKey: Hashable {
        var name: String
        var file: String
    }
}
