import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasm

/// Callers as the profiler finds them on Go's stack, in memory that the tests make.
@Suite("Go's stack in memory")
struct GoStackTests {
    /// The goroutine, and the bounds of its stack.
    private static let (goroutine, low, high) = (UInt64(1 << 16), UInt64(2 << 16), UInt64(3 << 16))

    private let module: Module
    private let table: GoLineTable
    private let stacks: GoStackTable

    init() throws {
        module = try Module(ModuleBytes(Data(contentsOf: Checkout.mainModule)), codeValidation: .onFirstCall)
        table = try #require(GoLineTable(module))
        stacks = try #require(GoStackTable(module))
    }

    /// The first place in a function behind a call, and its size there.
    private func place(_ name: String) throws -> (address: GoLineTable.CodeAddress, size: UInt64) {
        let function = try #require(table.functions(named: [name])?.first)
        for block in 1..<100 {
            let address = GoLineTable.CodeAddress(function: function, block: block)
            if let size = table.stackBytes(address), size > 0 || name == "runtime.goexit" {
                return (address, UInt64(size))
            }
        }
        throw CancellationError()
    }

    private static func put(_ number: UInt64, at place: UInt64, in memory: inout [UInt8]) {
        for index in 0..<8 { memory[Int(place) + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
    }

    private func pc(_ address: GoLineTable.CodeAddress) -> UInt64 {
        UInt64(0x1000 + address.function - module.importedFunctionCount) << 16 | UInt64(address.block)
    }

    /// Memory with a stack whose end is the outermost of these functions; returns where the innermost one's part begins.
    private func memory(_ names: [String]) throws -> (bytes: [UInt8], stackPointer: UInt64) {
        var memory = [UInt8](repeating: 0, count: 4 << 16)
        Self.put(Self.low, at: Self.goroutine, in: &memory)
        Self.put(Self.high, at: Self.goroutine + 8, in: &memory)
        var stackPointer = Self.high - 32
        for (index, name) in names.reversed().enumerated() {
            let place = try place(name)
            stackPointer -= place.size
            guard index < names.count - 1 else { break }
            stackPointer -= 8
            Self.put(pc(place.address), at: stackPointer, in: &memory)
        }
        return (memory, stackPointer)
    }

    private func callers(_ name: String, _ memory: [UInt8], _ stackPointer: UInt64, goroutine: UInt64 = goroutine)
        throws -> [String]?
    {
        let function = try place(name).address.function
        return memory.withUnsafeBytes { bytes in
            stacks.callers(of: function, stackPointer: stackPointer, goroutine: goroutine, in: bytes)
        }?.map { table.name(ofFunction: $0.function) ?? "?" }
    }

    @Test("callers are found to the goroutine's beginning, before the prologue and behind it")
    func callers() throws {
        let names = ["main.fib", "main.fib", "main.main", "runtime.main", "runtime.goexit"]
        let (memory, stackPointer) = try memory(names)
        let size = try place("main.fib").size
        // Behind the prologue, and where it has pushed a return address.
        for place in [stackPointer, stackPointer - 8] {
            #expect(try callers("main.fib", memory, place) == ["main.fib", "main.main", "runtime.main"], "\(place)")
        }
        // Before the prologue it might as well be behind that of its caller, which is the same function.
        #expect(try callers("main.fib", memory, stackPointer + size) == nil)
        let (other, otherPointer) = try self.memory(Array(names.dropFirst()))
        for place in [otherPointer, otherPointer - 8, otherPointer + size] {
            #expect(try callers("main.fib", other, place) == ["main.main", "runtime.main"], "\(place)")
        }
    }

    @Test("where a stack ends elsewhere, or there are several ways, nothing is said")
    func doubt() throws {
        let names = ["main.fib", "main.fib", "main.main", "runtime.main", "runtime.goexit"]
        let (memory, stackPointer) = try memory(names)
        let size = try place("main.fib").size
        // The outermost function is not at the end.
        var changed = memory
        Self.put(Self.high + 4096, at: Self.goroutine + 8, in: &changed)
        #expect(try callers("main.fib", changed, stackPointer) == nil)
        // No function of Go's.
        changed = memory
        Self.put(1, at: stackPointer + size, in: &changed)
        #expect(try callers("main.fib", changed, stackPointer) == nil)
        // A word that an earlier call left behind leads to the end, too.
        var (short, end) = try self.memory(["main.fib", "main.fib", "runtime.goexit"])
        #expect(try callers("main.fib", short, end) == ["main.fib"])
        Self.put(pc(try place("runtime.goexit").address), at: end, in: &short)
        #expect(try callers("main.fib", short, end) == nil)
        #expect(try callers("main.fib", memory, Self.high) == nil)
        #expect(try callers("main.fib", memory, .max) == nil)
        for goroutine in [UInt64(0), 4 << 16, (4 << 16) - 4, .max, .max - 7] {
            #expect(try callers("main.fib", memory, stackPointer, goroutine: goroutine) == nil)
        }
    }

    @Test("whatever stands in memory, the walk ends inside of it", arguments: [1, 2, 3] as [UInt64])
    func damage(seed: UInt64) throws {
        let names = ["main.fib", "main.fib", "main.main", "runtime.main", "runtime.goexit"]
        let (memory, stackPointer) = try memory(names)
        var random = SplitMix(seed: seed)
        let special = try ["runtime.mstart", "runtime.morestack", "runtime.mcall", "runtime.systemstack"].map {
            UInt64(0x1000 + (try #require(table.functions(named: [$0])?.first)) - module.importedFunctionCount) << 16
        }
        let values: [UInt64] = [0, 8, .max, .max - 7, 1 << 63, (4 << 16) - 8, Self.low, Self.goroutine] + special
        for _ in 0..<2000 {
            var changed = memory
            for _ in 0..<4 {
                let place =
                    Bool.random(using: &random)
                    ? Self.goroutine + 8 * UInt64.random(in: 0..<24, using: &random)
                    : stackPointer + 8 * UInt64.random(in: 0..<((Self.high - stackPointer) / 8), using: &random)
                Self.put(values.randomElement(using: &random)!, at: place, in: &changed)
            }
            _ = try callers("main.fib", changed, stackPointer)
        }
    }

    @Test("modules that are not Go's have no table")
    func others() throws {
        let module = try Module(ModuleBytes([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]), codeValidation: .onLoading)
        #expect(GoStackTable(module) == nil)
    }
}
