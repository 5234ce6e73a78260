internal import HostSystem
internal import LibC
public import WasmFrontend

/// The state that a program was in when it ended other than by itself, as ``ProgramInstance/writeCoreDump(program:reason:to:)``
/// writes it.
///
/// The format is the one that WebAssembly's tools have for this (tool-conventions, Coredump.md): a module with the
/// program's memory and globals, and custom sections that say what was being executed.
public struct CoreDump: Sendable {
    /// The version of what this library adds to the format.
    static let version: UInt64 = 1
    /// How many functions a stack has at most here.
    private static let mostFrames = 10_000

    /// The dump, as the module that it is.
    private let dump: Module
    /// The path of the module that ran.
    public let program: String
    /// Why it ended; nil in dumps of other runtimes.
    public private(set) var reason: String?
    /// The size of the module in bytes, and a sum of its bytes; nil in dumps of other runtimes.
    private var identity: (size: UInt64, checksum: UInt64)?
    private var now: Int64 = 0
    private var places: [CallPlace] = []

    /// Whether a module is such a dump.
    public static func isDump(_ module: Module) -> Bool {
        module.customSections.contains { $0.name == CoreDumpWriter.SectionName.process }
    }

    /// Reads a dump; nil where it is damaged, or none.
    public init?(_ module: Module) {
        func section(_ name: String) -> LEBReader? {
            module.customSections.first { $0.name == name }.map {
                LEBReader(UnsafeRawBufferPointer(rebasing: module.bytes.buffer[$0.bytes]))
            }
        }
        guard var process = section(CoreDumpWriter.SectionName.process), process.unsigned() == 0,
            let program = process.text()
        else { return nil }
        dump = module
        self.program = program
        if var stack = section(CoreDumpWriter.SectionName.stack) {
            guard let places = Self.stack(&stack) else { return nil }
            self.places = places
        }
        if var details = section(CoreDumpWriter.SectionName.details), !read(&details) { return nil }
    }

    /// Reads the functions of a stack as the format has them.
    private static func stack(_ reader: inout LEBReader) -> [CallPlace]? {
        guard reader.unsigned() == 0, reader.name() != nil, let count = reader.unsigned() else { return nil }
        var places: [CallPlace] = []
        for _ in 0..<min(count, UInt64(mostFrames)) {
            guard reader.unsigned() == 0, reader.unsigned() != nil, let function = reader.unsigned(),
                function <= UInt32.max, reader.unsigned() != nil, let locals = reader.unsigned(),
                reader.skipValues(locals), let operands = reader.unsigned(), reader.skipValues(operands)
            else { return nil }
            places.append(CallPlace(function: Int(function)))
        }
        return places
    }

    private mutating func read(_ reader: inout LEBReader) -> Bool {
        guard reader.unsigned() == Self.version, let reason = reader.text(), let size = reader.unsigned(),
            let checksum = reader.unsigned(), let now = reader.unsigned(), let count = reader.unsigned(),
            count <= UInt64(Self.mostFrames)
        else { return false }
        self.reason = reason
        identity = (size, checksum)
        self.now = Int64(bitPattern: now)
        places = []
        for _ in 0..<count {
            guard let function = reader.unsigned(), function <= UInt32.max, let address = reader.unsigned(),
                let previous = reader.unsigned(), let next = reader.unsigned()
            else { return false }
            func word(_ number: UInt64) -> Int? { number == 0 ? nil : Int(truncatingIfNeeded: number &- 1) }
            places.append(
                CallPlace(
                    function: Int(function), returnAddress: word(address), previous: word(previous), next: word(next)))
        }
        return true
    }

    /// The functions that were being executed, the innermost first, by their indices in the module.
    public var functions: [Int] { places.map(\.function) }

    /// The size of the program's memory, in bytes.
    public var memoryBytes: UInt64 { UInt64(dump.memories.first?.limits.minimum ?? 0) * 65536 }

    /// How many bytes of the memory the dump has; the others are zero.
    public var storedBytes: UInt64 { dump.data.reduce(0) { $0 &+ UInt64($1.bytes.count) } }

    /// Whether this is the module that ran; nil where the dump does not say.
    public func isModule(_ module: Module) -> Bool? {
        identity.map { $0.size == UInt64(module.bytes.buffer.count) && $0.checksum == module.bytes.checksum }
    }

    /// The goroutines that a Go program had.
    ///
    /// - Parameter module: The module that ran, which has the tables that say what is where.
    /// - Returns: nil for programs of other compilers and versions of Go, see ``GoroutineDump``, and where there is not
    ///   enough memory for the program's.
    public func goroutines(of module: Module) -> GoroutineDump? {
        let size = memoryBytes
        guard size > 0, size <= 1 << 32, case .value(let stackPointer)? = dump.globals.first?.initializer,
            let base = calloc(1, Int(clamping: size))
        else { return nil }
        defer { free(base) }
        let memory = GuestMemory(base: base, count: size)
        for segment in dump.data {
            guard case .active(_, offset: .value(let offset)) = segment.mode,
                let target = memory.slice(offset & 0xFFFF_FFFF, UInt64(segment.bytes.count))
            else { continue }
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: dump.bytes.buffer[segment.bytes]))
        }
        var reader = GoroutineReader(
            module, memory, stackPointer: stackPointer & 0xFFFF_FFFF, backtrace: places, now: now)
        return reader?.read()
    }
}

extension LEBReader {
    /// Passes values with their types, or the mark of a missing one.
    fileprivate mutating func skipValues(_ wanted: UInt64) -> Bool {
        for _ in 0..<min(wanted, UInt64(count)) {
            switch byte() {
            case 0x01?: break
            case 0x7F?, 0x7E?: guard unsigned() != nil else { return false }
            case 0x7D?: guard bytes(4) != nil else { return false }
            case 0x7C?: guard bytes(8) != nil else { return false }
            default: return false
            }
        }
        return true
    }
}
