public import WasmRuntime

extension CallProfile {
    /// The profile as the message `perftools.profiles.Profile`, which `go tool pprof` reads: processor time by Go
    /// function.
    ///
    /// Samples that were taken in machine code have the label `code: native`, interpreted ones have none: frames are
    /// the same for both, and `go tool pprof -tags`, `-tagfocus` and `-tagroot` tell them apart.
    ///
    /// Numbers of fields are those of profile.proto in github.com/google/pprof.
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
        profile.message(1, valueType("samples", "count"))
        profile.message(1, valueType("cpu", "nanoseconds"))
        let nanoseconds = Int(period)
        let hasNative = stacks.contains(where: \.isNative)
        let (code, native) = hasNative ? (strings.number(of: "code"), strings.number(of: "native")) : (0, 0)
        for stack in stacks {
            profile.message(2) { sample in
                sample.integers(1, stack.frames.map { $0 + 1 })
                sample.integers(2, [stack.periods, stack.periods * nanoseconds])
                guard stack.isNative else { return }
                sample.message(3) { label in
                    label.integer(1, code)
                    label.integer(2, native)
                }
            }
        }
        profile.message(3) { mapping in
            mapping.integer(1, 1)
            mapping.integer(3, locations.count + 1)
            mapping.integer(5, strings.number(of: program))
            // Names, files, lines and inlined functions are complete: there is nothing to look up in the file.
            mapping.integer(7, 1)
            mapping.integer(8, 1)
            mapping.integer(9, 1)
            mapping.integer(10, 1)
        }
        for (index, location) in locations.enumerated() {
            profile.message(4) { message in
                message.integer(1, index + 1)
                message.integer(2, 1)
                message.integer(3, index + 1)
                for line in location.lines {
                    message.message(4) { message in
                        message.integer(1, line.function + 1)
                        message.integer(2, line.number > 0 ? line.number : functions[line.function].line)
                    }
                }
            }
        }
        for (index, function) in functions.enumerated() {
            let name = strings.number(of: function.name)
            let file = strings.number(of: function.isHost ? "host" : function.file ?? program)
            profile.message(5) { message in
                message.integer(1, index + 1)
                message.integer(2, name)
                message.integer(3, name)
                message.integer(4, file)
                message.integer(5, function.line)
            }
        }
        profile.integer(9, endTime - Int(duration))
        profile.integer(10, Int(duration))
        profile.message(11, valueType("cpu", "nanoseconds"))
        profile.integer(12, nanoseconds)
        for string in strings.all { profile.data(6, Array(string.utf8)) }
        return profile.bytes
    }
}
