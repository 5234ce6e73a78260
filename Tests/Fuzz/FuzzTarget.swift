import Foundation

/// What libFuzzer calls with each input: the target that the environment variable `GOWASM_FUZZ_TARGET` names.
///
/// `make fuzz-coverage` builds and runs this, with AddressSanitizer and UndefinedBehaviorSanitizer; ordinary builds of
/// the package do not have it. An input is a case: the same bytes do the same again.
protocol FuzzTarget {
    /// Inputs to begin with.
    static func seeds() throws -> [[UInt8]]
    /// Does what an input says. Whatever is thrown is what a hostile guest may well get; everything else is a fault.
    mutating func run(_ input: UnsafeRawBufferPointer) throws
    init() throws
}

private enum Chosen {
    nonisolated(unsafe) static let types: [String: any FuzzTarget.Type] = [
        "module": ModuleTarget.self, "code": CodeTarget.self, "js": GoHostTarget.self, "tinygo": TinyGoHostTarget.self,
        "wasi": WASITarget.self, "symbols": SymbolTarget.self,
    ]
    static let name = ProcessInfo.processInfo.environment["GOWASM_FUZZ_TARGET"] ?? "module"
    nonisolated(unsafe) static var target: any FuzzTarget = {
        do {
            guard let type = types[name] else { fatalError("GOWASM_FUZZ_TARGET is one of \(types.keys.sorted())") }
            return try type.init()
        } catch {
            fatalError("\(name): \(error)")
        }
    }()
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do { try Chosen.target.run(UnsafeRawBufferPointer(start: start, count: count)) } catch {}
    return 0
}

/// The main function: SwiftPM gives that of executables this name, and makes it the one that is started.
@_cdecl("gowasm_fuzz_main")
public func mainOfFuzzer(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments, testOneInput)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Writes the seeds of the target into the folder `GOWASM_FUZZ_SEEDS`.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(
    _ count: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafePointer<CChar>?>?>?
) -> CInt {
    guard let folder = ProcessInfo.processInfo.environment["GOWASM_FUZZ_SEEDS"],
        let type = Chosen.types[Chosen.name]
    else { return 0 }
    do {
        for (index, seed) in try type.seeds().enumerated() {
            try Data(seed).write(to: URL(fileURLWithPath: folder).appendingPathComponent("seed-\(index)"))
        }
    } catch {
        fatalError("the seeds of \(Chosen.name) cannot be written: \(error)")
    }
    return 0
}

enum Descriptor {
    /// Leads a standard file nowhere.
    static func silence(_ number: Int32) {
        let null = open("/dev/null", O_RDWR)
        dup2(null, number)
        close(null)
    }
}

/// An input as a list of numbers; when it is over, zeros follow.
struct FuzzInput {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isOver: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard !isOver else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
        (0..<Number.bitWidth / 8).reduce(0) { sum, index in sum | Number(truncatingIfNeeded: byte()) << (index * 8) }
    }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[Int(byte()) % list.count] }

    /// A few bytes: their number comes first.
    mutating func text() -> UnsafeRawBufferPointer {
        let count = min(Int(byte()) % 64, max(0, bytes.count - position))
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A number that means something, or any.
    mutating func hostileNumber() -> UInt64 {
        let head = byte()
        switch head {
        case 0..<128: return UInt64(head)
        case 128..<192: return UInt64(number(UInt16.self))
        case 192..<255:
            let edges: [UInt64] = [
                .max, .max - 7, 1 << 63, 1 << 32, 1 << 32 - 1, 1 << 31, 1 << 31 - 1, 65535, 65536, 65528, 1 << 61,
                1 << 53,
            ]
            // The edge, one less or one more.
            return edges[Int(head - 192) % edges.count] &+ UInt64(head / 12 % 3) &- 1
        default: return number(UInt64.self)
        }
    }
}
