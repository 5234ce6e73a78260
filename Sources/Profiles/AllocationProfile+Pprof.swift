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
        var strings = StringTable()
        var profile = ProtobufWriter()
        func valueType(_ type: String, _ unit: String) -> (inout ProtobufWriter) -> Void {
            let numbers = (strings.number(of: type), strings.number(of: unit))
            return { message in
                message.integer(1, numbers.0)
                message.integer(2, numbers.1)
            }
        }
        for (type, unit) in [
            ("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"),
        ] { profile.message(1, valueType(type, unit)) }
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
                profile.message(4) { message in
                    message.integer(1, locations.count)
                    message.integer(2, 1)
                    message.integer(3, locations.count)
                    message.message(4) { line in
                        line.integer(1, function)
                        line.integer(2, frame.line?.number ?? 0)
                    }
                }
            }
            profile.message(2) { message in
                message.integers(1, frames)
                message.integers(
                    2, [sample.allocations, sample.allocatedBytes, sample.liveObjects, sample.liveBytes])
            }
        }
        profile.message(3) { mapping in
            mapping.integer(1, 1)
            mapping.integer(3, locations.count + 1)
            mapping.integer(5, strings.number(of: program))
            for hasAll in 7...10 { mapping.integer(hasAll, 1) }
        }
        for (key, number) in functions {
            let (name, file) = (strings.number(of: key.name), strings.number(of: key.file))
            profile.message(5) { message in
                message.integer(1, number)
                message.integer(2, name)
                message.integer(3, name)
                message.integer(4, file)
            }
        }
        profile.integer(9, endTime)
        profile.message(11, valueType("space", "bytes"))
        profile.integer(12, rate)
        profile.integer(14, strings.number(of: "alloc_space"))
        for string in strings.all { profile.data(6, Array(string.utf8)) }
        return profile.bytes
    }

    private struct FunctionKey: Hashable {
        var name: String
        var file: String
    }
}
