import Foundation
import HostSystem
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasm

/// An input as calls of TinyGo's imports: with addresses, lengths, references and strings of all kinds, and with events
/// and timers that are handled by further calls.
struct TinyGoHostTarget: FuzzTarget {
    /// How deep calls within events go.
    private static let deepest = 12
    /// How often a case may have its scheduler run.
    private static let mostWakeUps = 20

    static func seeds() -> [[UInt8]] {
        var random = SplitMix(seed: 2)
        return (0..<400).map { index in (0..<20 + index).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    }

    mutating func run(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        var shape = TinyGoGuest.Shape()
        let head = input.byte()
        if head & 1 != 0 { shape.importModule = "env" }
        if head & 2 != 0 { shape.ticks = .milliseconds }
        if head & 4 != 0 { shape.entry = "_initialize" }
        let guest = try TinyGoGuest(shape, arguments: ["a"], environment: ["A": "1"], usesGuardPages: head & 8 == 0)
        // The closures hold the guest, which holds them.
        defer { (guest.code.start, guest.code.resume, guest.code.schedule) = ({}, {}, {}) }
        var depth = 0
        var wakeUps = 0
        func calls(_ count: Int) throws {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.deepest else { throw GuestExit(code: 1) }
            for _ in 0..<count where !input.isOver { try Self.call(&input, guest, shape.ticks) }
        }
        guest.code.resume = {
            if input.byte() < 200 { _ = try guest.takeEvent() }
            try calls(3)
            if input.byte() > 240 { _ = guest.memory.grow(pages: 1) }
        }
        guest.code.schedule = {
            wakeUps += 1
            guard wakeUps < Self.mostWakeUps else { throw GuestExit(code: 1) }
            try calls(5)
        }
        guest.code.start = { try calls(200) }
        if shape.entry == "_start" { _ = try guest.program.runToEnd() } else { try guest.program.start() }
    }

    /// One call of an import, with arguments by their kinds, most of them well-formed.
    private static func call(_ input: inout FuzzInput, _ guest: TinyGoGuest, _ ticks: TinyGoImport.Ticks) throws {
        let row = input.pick(TinyGoImport.allCases)
        var arguments: [Value] = []
        if row.returnsStructure { arguments.append(.i32(input.byte() < 250 ? 128 : address(&input))) }
        for (_, slot) in row.signature.arguments {
            switch slot {
            case .bool, .int32: arguments.append(.i32(address(&input)))
            case .reference: arguments.append(.i64(GoHostTarget.reference(&input)))
            case .ticks:
                // Times that a fuzzer can wait for: the clock is a simulated one.
                let number = input.hostileNumber()
                arguments.append(ticks == .nanoseconds ? .i64(number) : .f64(number))
            case .string:
                if input.byte() < 200 {
                    arguments += guest.text(input.pick(GoHostTarget.names))
                } else {
                    arguments += [.i32(address(&input)), .i32(address(&input))]
                }
            case .buffer: arguments += [.i32(address(&input)), .i32(address(&input))]
            case .bytes: arguments += [.i32(address(&input)), .i32(address(&input)), .i32(address(&input))]
            case .references:
                if input.byte() < 230 {
                    let count = UInt32(input.byte() % 5)
                    for index in 0..<count { guest.store(GoHostTarget.reference(&input), at: 4096 + index * 8) }
                    arguments += [.i32(4096), .i32(count), .i32(count)]
                } else {
                    arguments += [.i32(address(&input)), .i32(address(&input)), .i32(0)]
                }
            }
        }
        do {
            try guest.call(row.rawValue, arguments)
        } catch let failure as JSFailure {
            if case .aborted = failure { throw failure }
        } catch is GuestFault {
            // The end of a program, which this one goes on after.
        }
    }

    private static func address(_ input: inout FuzzInput) -> UInt32 {
        UInt32(truncatingIfNeeded: input.hostileNumber())
    }
}
