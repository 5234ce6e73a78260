import Foundation
import HostSystem
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// An input as calls of Go's imports: with stack pointers, lengths, references and strings of all kinds.
struct GoHostTarget: FuzzTarget {
    /// All but the one that ends the program.
    private static let imports = GoImport.allCases.filter { $0 != .wasmExit }
    /// Names to begin with, in place of what would have to be guessed.
    static let names = [
        "Array", "Uint8Array", "Object", "Date", "fs", "process", "Map", "length", "constructor", "prototype",
        "toString",
        "open", "write", "read", "push", "then", "JSON", "parse", "stringify", "_makeFuncWrapper", "_pendingEvent",
        "slice", "fill", "from", "concat", "join", "splice", "Promise", "resolve", "Reflect", "apply", "defineProperty",
        "get", "set", "value", "DataView", "Symbol", "iterator", "crypto", "getRandomValues", "TextEncoder", "encode",
        "structuredClone", "String", "Number", "Math", "fetch", "buffer", "Function", "call", "bind", "setTimeout",
    ]
    private static let stackPointer = 1024

    init() { Descriptor.silence(1) }

    static func seeds() -> [[UInt8]] {
        var random = SplitMix(seed: 1)
        return (0..<400).map { index in (0..<20 + index).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    }

    mutating func run(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let generations = GoABI.Generation.allCases
        let guest = FakeGuest(generations[Int(input.byte()) % generations.count])
        var depth = 0
        guest.onResume = {
            depth += 1
            if depth > 20 { throw GuestExit(code: 1) }
        }
        for _ in 0..<200 where !input.isOver {
            let row = input.pick(Self.imports)
            // Arguments by their kinds, most of them well-formed.
            var layout = FrameLayout()
            for (_, slot) in row.signature.arguments {
                let offset = Self.stackPointer + Int(layout.place(slot))
                switch slot {
                case .bool: guest.put(input.byte(), at: offset)
                case .int32: guest.put(UInt32(truncatingIfNeeded: input.hostileNumber()), at: offset)
                case .int64: guest.put(input.hostileNumber(), at: offset)
                case .reference: guest.put(Self.reference(&input), at: offset)
                case .string:
                    if input.byte() < 200 {
                        guest.put(input.pick(Self.names), at: offset)
                    } else {
                        Self.putText(&input, guest, at: offset)
                    }
                case .bytes, .buffer: Self.putText(&input, guest, at: offset)
                case .references:
                    let count = Int(input.byte()) % 5
                    for index in 0..<count { guest.put(Self.reference(&input), at: 16384 + index * 8) }
                    guest.put(UInt64(16384), at: offset)
                    guest.put(UInt64(count), at: offset + 8)
                    guest.put(UInt64(count), at: offset + 16)
                }
            }
            if row == .wasmWrite { guest.put(UInt64(1), at: Self.stackPointer + 8) }
            // Now and then the frame is somewhere else, or half outside.
            let isAstray = input.byte() > 250
            let pointer = isAstray ? UInt32(truncatingIfNeeded: input.hostileNumber()) : UInt32(Self.stackPointer)
            FuzzCount.calls += 1
            do { try guest.host.function(for: row, of: "gojs")(pointer) } catch is GuestExit { return } catch {}
        }
    }

    /// A number, something that Go always has, or something that it may have been given.
    static func reference(_ input: inout FuzzInput) -> UInt64 {
        let head = input.byte()
        switch head {
        case 0..<200: return 0x7FF8_0000 << 32 | UInt64(head & 7) << 32 | UInt64(input.byte() % 64)
        case 200..<240: return Double(Int8(bitPattern: input.byte())).bitPattern
        default: return input.hostileNumber()
        }
    }

    private static func putText(_ input: inout FuzzInput, _ guest: FakeGuest, at offset: Int) {
        if input.byte() < 200 {
            let text = input.text()
            for (index, byte) in text.enumerated() { guest.put(byte, at: 8192 + index) }
            guest.put(UInt64(8192), at: offset)
            guest.put(UInt64(text.count), at: offset + 8)
        } else {
            guest.put(input.hostileNumber(), at: offset)
            guest.put(input.hostileNumber(), at: offset + 8)
        }
    }
}
