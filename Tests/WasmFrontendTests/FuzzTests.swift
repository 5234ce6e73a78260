import Foundation
import Testing
import WasmFrontend
import _TestSupport

/// The example program with random faults: refused or accepted, but never a crash.
///
/// The environment variables `GOWASM_FUZZ_COUNT` and `GOWASM_FUZZ_SEED` say how many variants are tried and which, for
/// long runs under a sanitizer.
@Suite struct FuzzTests {
    @Test func damagedExampleProgram() throws {
        let whole = [UInt8](try Data(contentsOf: Checkout.mainModule))
        _ = try Module(whole)

        let environment = ProcessInfo.processInfo.environment
        let count = environment["GOWASM_FUZZ_COUNT"].flatMap { Int($0) } ?? 200
        let seed = environment["GOWASM_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix(seed: seed)
        var refused = 0
        for _ in 0..<count {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...16, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            do {
                let module = try Module(bytes)
                _ = module.functionName(module.functionTypes.count - 1)
            } catch {
                #expect(0...bytes.count ~= error.location.offset, "seed \(seed): \(error)")
                refused += 1
            }
        }
        print("damaged example program: \(refused) of \(count) variants refused (seed \(seed))")
        #expect(refused >= count / 4)
    }
}
