internal import HostSystem
internal import WasmFrontend
internal import WasmRuntime

/// Where Go's memory profiler (runtime/mprof.go) is switched on in a module.
///
/// Go's linker switches it off in programs that do not read the profile themselves: it sets
/// `runtime.disableMemoryProfiling`, and `runtime.schedinit` then sets `runtime.MemProfileRate` to 0. Modules name no
/// variables: the two are found in the code of `schedinit`, by what they are in the module's data.
struct MemoryProfileSwitch {
    /// The address of `runtime.MemProfileRate`, 8 bytes.
    let rate: UInt64
    /// The address of `runtime.disableMemoryProfiling`, 1 byte.
    let isDisabled: UInt64

    /// What `runtime.MemProfileRate` is at first: one sample each so many bytes, on average.
    static let usualRate = 512 << 10
    /// How many bytes of code are looked through behind the one variable for the other.
    private static let distance = 64

    /// Finds them; nil where they cannot be told.
    init?(_ module: Module, _ table: GoLineTable) {
        guard let function = table.functions(named: ["runtime.schedinit"])?.first,
            module.bodies.indices.contains(function - module.importedFunctionCount)
        else { return nil }
        let body = module.bodies[function - module.importedFunctionCount].bytes
        let code = Array(module.bytes.buffer[body])
        var found: [(rate: UInt64, isDisabled: UInt64)] = []
        for place in code.indices where code[place] == Self.constant {
            // i64.const A, i32.wrap_i64, i64.load8_u: the variable of one byte.
            guard let (address, end) = Self.address(code, place), code.dropFirst(end).starts(with: Self.loadByte)
            else { continue }
            // i64.const B, i32.wrap_i64, i64.const 0, i64.store.
            for other in code[end...].prefix(Self.distance).indices where code[other] == Self.constant {
                guard let (rate, end) = Self.address(code, other), code.dropFirst(end).starts(with: Self.storeZero),
                    table.image.number(at: rate) == UInt64(Self.usualRate)
                else { continue }
                found.append((rate, address))
            }
        }
        guard found.count == 1 else { return nil }
        (rate, isDisabled) = found[0]
    }

    /// Instructions: i64.const; i32.wrap_i64 and i64.load8_u; i32.wrap_i64, i64.const 0 and i64.store.
    private static let constant: UInt8 = 0x42
    private static let loadByte: [UInt8] = [0xA7, 0x31]
    private static let storeZero: [UInt8] = [0xA7, 0x42, 0x00, 0x37]

    /// The constant at a place, and where it ends.
    private static func address(_ code: [UInt8], _ place: Int) -> (UInt64, end: Int)? {
        var value: UInt64 = 0
        for (index, byte) in code.dropFirst(place + 1).prefix(5).enumerated() {
            value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
            if byte < 0x80 { return (value, place + index + 2) }
        }
        return nil
    }

    /// Has the profiler work in a program that has not started.
    func turnOn(_ memory: GuestMemory) { memory.slice(isDisabled, 1)?[0] = 0 }
}

extension DataImage {
    /// The 8 bytes at an address of the guest's.
    fileprivate func number(at address: UInt64) -> UInt64? {
        address >= UInt64(start) ? long(Int(clamping: address) - start) : nil
    }
}

/// Reads what Go's memory profiler has found from the program's memory; nothing that is read is believed.
struct MemoryProfileReader {
    private let table: GoLineTable
    private let layout: GoRuntimeLayout
    private let guest: GuestReader
    private let rate: UInt64

    /// `type bucket struct`: the fields that are used, and the size of what the stack follows.
    private static let (nextOfAll, kind, hash, size, depth, stack): (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
        (8, 16, 24, 32, 40, 48)
    /// `memProfile` among the kinds of buckets.
    private static let memoryKind: UInt64 = 1
    /// `maxProfStackDepth`, and how many buckets are read at most.
    private static let (deepest, mostBuckets): (UInt64, Int) = (1024, 1 << 20)
    /// How many cycles a `memRecord` has: the one that can be seen, and three that cannot be yet.
    private static let cycles: UInt64 = 4

    /// A bucket: what was allocated by one stack, in one size.
    private struct Bucket {
        var next: UInt64
        var size: UInt64
        var stack: [UInt64]
        var allocations: UInt64
        var releases: UInt64
    }

    init(_ table: GoLineTable, _ layout: GoRuntimeLayout, _ memory: GuestMemory, rate: UInt64) {
        self.table = table
        self.layout = layout
        guest = GuestReader(memory: memory)
        self.rate = guest.long(rate) ?? 0
    }

    /// Reads all; nil where the list of buckets cannot be found.
    func read() -> AllocationProfile? {
        var profile = AllocationProfile(rate: Int(clamping: rate))
        guard rate > 0, var address = findFirst() else { return nil }
        var seen: Set<UInt64> = []
        var frames: [UInt64: [GoLineTable.Frame]] = [:]
        while address != 0, seen.count < Self.mostBuckets, seen.insert(address).inserted, let bucket = bucket(address) {
            address = bucket.next
            guard bucket.allocations > 0 else { continue }
            profile.samples.append(
                AllocationProfile.Sample(
                    frames: callers(bucket.stack, &frames), size: bucket.size, allocations: bucket.allocations,
                    releases: bucket.releases, rate: rate))
        }
        return profile
    }

    /// The first of the list `runtime.mbuckets`: the only variable that points at such a bucket.
    private func findFirst() -> UInt64? {
        guard let module = table.moduleData else { return nil }
        for fields in [GoRuntimeLayout.variables, GoRuntimeLayout.otherVariables] {
            guard let low = table.image.long(module + 8 * fields.start),
                let high = table.image.long(module + 8 * fields.end),
                low % 8 == 0, low < high, high <= guest.memory.count
            else { continue }
            for place in stride(from: low, to: high, by: 8) {
                if let address = guest.long(place), bucket(address) != nil { return address }
            }
        }
        return nil
    }

    /// The bucket at an address; nil where there is none, as its own sum shows.
    private func bucket(_ address: UInt64) -> Bucket? {
        guard address != 0, address % 8 == 0, guest.memory.slice(address, Self.stack) != nil,
            guest.long(address &+ Self.kind) == Self.memoryKind, let depth = guest.long(address &+ Self.depth),
            depth <= Self.deepest, let next = guest.long(address &+ Self.nextOfAll),
            let size = guest.long(address &+ Self.size), let hash = guest.long(address &+ Self.hash),
            size <= guest.memory.count
        else { return nil }
        var stack: [UInt64] = []
        for index in 0..<depth {
            guard let pc = guest.long(address &+ Self.stack &+ 8 &* index) else { return nil }
            stack.append(pc)
        }
        guard hash == Self.sum(stack, size) else { return nil }
        // The last versions count objects only, those before them bytes, too.
        let words: UInt64 = layout.countsAllocatedBytes ? 4 : 2
        let record = address &+ Self.stack &+ 8 &* depth
        guard guest.memory.slice(record, 8 &* words &* Self.cycles) != nil else { return nil }
        func count(_ word: UInt64) -> UInt64 {
            (0..<Self.cycles).reduce(0) { $0 &+ (guest.long(record &+ 8 &* (words &* $1 &+ word)) ?? 0) }
        }
        return Bucket(next: next, size: size, stack: stack, allocations: count(0), releases: count(1))
    }

    /// The sum by which Go finds a bucket (runtime.stkbucket).
    private static func sum(_ stack: [UInt64], _ size: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        for number in stack + [size] {
            sum &+= number
            sum &+= sum << 10
            sum ^= sum >> 6
        }
        sum &+= sum << 3
        sum ^= sum >> 11
        return sum
    }

    /// The functions of a stack, the innermost first, without those of the runtime that allocate.
    private func callers(_ stack: [UInt64], _ known: inout [UInt64: [GoLineTable.Frame]]) -> [GoLineTable.Frame] {
        var frames: [GoLineTable.Frame] = []
        for pc in stack {
            guard let address = table.codeAddress(pc) else { continue }
            if let found = known[pc] {
                frames += found
                continue
            }
            // Stands for so many inlined functions before it that do not belong to the stack.
            if table.name(ofFunction: address.function) == Self.skipping {
                frames.removeFirst(min(frames.count, address.block))
                continue
            }
            let found = table.frames(inFunction: address.function, returnAddress: address.block)
            known[pc] = found
            frames += found
        }
        if frames.last?.name == "runtime.goexit" { frames.removeLast() }
        let own = frames.firstIndex { !Self.isRuntimes($0.name) } ?? 0
        return Array(frames[own...])
    }

    /// `skipPleaseUseCallersFrames`, at the beginning of stacks (runtime/symtab.go).
    private static let skipping = "runtime.skipPleaseUseCallersFrames"

    /// Whether a function is one that runtime/pprof leaves out at the beginning of stacks.
    private static func isRuntimes(_ name: String) -> Bool {
        name.hasPrefix("runtime.") || name.hasPrefix("internal/runtime/")
    }
}
