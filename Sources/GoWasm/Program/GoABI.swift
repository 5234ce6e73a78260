internal import WasmFrontend

/// How a Go program and its host talk: what changed between Go 1.11 and 1.27.
///
/// Found from the module alone: the version that the linker wrote into it, else the names of its imports and exports.
struct GoABI: Equatable {
    /// The Go versions whose host scripts differ in more than wording, by the first of each kind.
    enum Generation: Int, Comparable, CaseIterable {
        case go1_11, go1_12, go1_13, go1_14, go1_15, go1_17, go1_21, go1_24

        static func < (a: Generation, b: Generation) -> Bool { a.rawValue < b.rawValue }
    }

    let generation: Generation
    /// The exact version, where the module tells.
    let version: GoVersion?
    /// Arguments and environment must end before this address.
    let argumentLimit: UInt64

    /// The modules that Go's imports have been in.
    static let importModules = ["go", "gojs"]

    /// Whether `run` is also what resumes a program, and callbacks go through a queue.
    var usesRunLoop: Bool { generation == .go1_11 }
    /// Whether Go counts how often it holds a reference.
    var countsReferences: Bool { generation >= .go1_14 }
    /// Whether objects of type flag 0 exist: from 1.14 on 0 means "no type of its own".
    var objectTypeFlag: UInt32 { generation >= .go1_14 ? 1 : 0 }
    /// Whether the argument block counts the environment strings instead of ending with zeros.
    var countsEnvironment: Bool { generation < .go1_14 }
    /// Whether all bits zero mean `undefined`.
    var zeroIsUndefined: Bool { generation >= .go1_12 }
    /// Whether the memory object has an id of its own.
    var hasMemoryReference: Bool { generation <= .go1_12 }
    /// Whether storing `globalThis` gives its predefined id back.
    var predefinedObjectsKeepTheirIDs: Bool { generation >= .go1_15 }
    /// What the host adds to the delay of a timeout event, in milliseconds.
    var addedDelay: Int64 { generation < .go1_21 ? 1 : 0 }
    /// Whether a timeout event that Go did not take note of is delivered again.
    var repeatsMissedTimeouts: Bool { generation >= .go1_13 }

    /// The first address behind the arguments from Go 1.17.2 on: 4096 + 8192 (CVE-2021-38297).
    static let guaranteedArgumentLimit: UInt64 = 12288

    init(generation: Generation, version: GoVersion? = nil, argumentLimit: UInt64 = guaranteedArgumentLimit) {
        self.generation = generation
        self.version = version
        self.argumentLimit = argumentLimit
    }

    /// Finds out; nil for modules that are no Go programs for GOOS=js.
    init?(_ module: Module) {
        let imports = module.imports.filter { Self.importModules.contains($0.module) }
        let names = Set(imports.map(\.name))
        let exports = Set(module.exports.map(\.name))
        guard exports.contains("run"), exports.contains("mem") else { return nil }
        version = Self.version(of: module)
        if let version {
            generation = Self.generation(of: version)
        } else if !exports.contains("resume") || !exports.contains("getsp") {
            generation = .go1_11
        } else if imports.contains(where: { $0.module == "gojs" }) {
            generation = .go1_21
        } else if names.contains(GoImport.walltime1.rawValue) {
            generation = .go1_15
        } else if names.contains(GoImport.nanotime1.rawValue) || names.contains(GoImport.resetMemoryDataView.rawValue) {
            generation = names.contains(GoImport.walltime.rawValue) ? .go1_17 : .go1_15
        } else {
            // Up to 1.12 programs ask for a gigabyte at once.
            let pages = module.memories.first?.limits.minimum ?? 0
            generation = pages >= 16384 ? .go1_12 : .go1_13
        }
        let isGuaranteed =
            version.map { $0 >= GoVersion(minor: 17, patch: 2) || ($0.minor == 16 && $0.patch >= 9) }
            ?? (generation >= .go1_17)
        argumentLimit =
            isGuaranteed ? Self.guaranteedArgumentLimit : Self.lowestData(of: module) ?? Self.guaranteedArgumentLimit
    }

    private static func generation(of version: GoVersion) -> Generation {
        switch version.minor {
        case ...11: .go1_11
        case 12: .go1_12
        case 13: .go1_13
        case 14: .go1_14
        case 15...16: .go1_15
        case 17...20: .go1_17
        case 21...23: .go1_21
        default: .go1_24
        }
    }

    /// Where the module's first data segment lies in memory.
    private static func lowestData(of module: Module) -> UInt64? {
        var lowest: UInt64?
        module.data.forEach { offset, _, count in
            if count > 0 { lowest = min(lowest ?? .max, UInt64(offset)) }
        } other: { _, _ in
        }
        return lowest
    }

    // MARK: The version that the linker wrote

    static func version(of module: Module) -> GoVersion? {
        for section in module.customSections {
            let bytes = UnsafeRawBufferPointer(rebasing: module.bytes.buffer[section.bytes])
            // 1.11 to 1.13: the section is the version.
            if section.name == "go.version" { return GoVersion(String(decoding: bytes.prefix(64), as: UTF8.self)) }
            if section.name == "producers",
                let version = ProducersSection.version(of: "Go", in: bytes).flatMap({ GoVersion($0) })
            {
                return version
            }
        }
        return nil
    }
}
