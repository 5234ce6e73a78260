import Foundation

/// What libFuzzer calls with each input: the target that the environment variable `GOWASM_FUZZ_TARGET` names.
///
/// `make fuzz-coverage` builds and runs this, with AddressSanitizer and UndefinedBehaviorSanitizer; ordinary builds of
/// the package do not have it.
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
