/// Writes the message `perftools.profiles.Profile`, which `go tool pprof` reads.
///
/// Numbers of fields are those of profile.proto in github.com/google/pprof. Locations and functions are numbered from 1 on.
struct PprofWriter {
    private var profile = ProtobufWriter()
    /// The strings of the profile, by their numbers; the first is the empty one.
    private var strings = [""]
    private var numbers = ["": 0]

    private mutating func number(of string: String) -> Int {
        if let known = numbers[string] { return known }
        numbers[string] = strings.count
        strings.append(string)
        return strings.count - 1
    }

    private mutating func valueType(_ field: Int, _ type: String, _ unit: String) {
        let (type, unit) = (number(of: type), number(of: unit))
        profile.message(field) { message in
            message.integer(1, type)
            message.integer(2, unit)
        }
    }

    /// A value that each sample has, in its order.
    mutating func sampleType(_ type: String, _ unit: String) { valueType(1, type, unit) }

    /// How much of something there is between two samples.
    mutating func period(_ type: String, _ unit: String, _ count: Int) {
        valueType(11, type, unit)
        profile.integer(12, count)
    }

    /// What was found at a stack of locations, the innermost first.
    mutating func sample(_ locations: [Int], _ values: [Int], label: (key: String, text: String)? = nil) {
        let label = label.map { (number(of: $0.key), number(of: $0.text)) }
        profile.message(2) { sample in
            sample.integers(1, locations)
            sample.integers(2, values)
            guard let (key, text) = label else { return }
            sample.message(3) { label in
                label.integer(1, key)
                label.integer(2, text)
            }
        }
    }

    /// The module, in which all locations lie.
    mutating func mapping(_ program: String, locationCount: Int) {
        let file = number(of: program)
        profile.message(3) { mapping in
            mapping.integer(1, 1)
            mapping.integer(3, locationCount + 1)
            mapping.integer(5, file)
            // Functions, files, lines and inlined functions are complete: there is nothing to look up in the module.
            for isComplete in 7...10 { mapping.integer(isComplete, 1) }
        }
    }

    /// A place in the module: lines of functions, those that are inlined first.
    mutating func location(_ location: Int, _ lines: [(function: Int, line: Int)]) {
        profile.message(4) { message in
            message.integer(1, location)
            message.integer(2, 1)
            message.integer(3, location)
            for (function, number) in lines {
                message.message(4) { line in
                    line.integer(1, function)
                    line.integer(2, number)
                }
            }
        }
    }

    /// A function; `line` is where it begins, 0 if that is not known.
    mutating func function(_ function: Int, _ name: String, file: String, line: Int = 0) {
        let (name, file) = (number(of: name), number(of: file))
        profile.message(5) { message in
            message.integer(1, function)
            message.integer(2, name)
            message.integer(3, name)
            message.integer(4, file)
            message.integer(5, line)
        }
    }

    /// When the run began, in nanoseconds since 1970, and how many it took, if that is known.
    mutating func times(begin: Int, duration: Int = 0) {
        profile.integer(9, begin)
        profile.integer(10, duration)
    }

    /// The type of values that is shown if nothing else is asked for.
    mutating func defaultSampleType(_ type: String) { profile.integer(14, number(of: type)) }

    /// The message.
    func finished() -> [UInt8] {
        var whole = profile
        for string in strings { whole.data(6, Array(string.utf8)) }
        return whole.bytes
    }
}
