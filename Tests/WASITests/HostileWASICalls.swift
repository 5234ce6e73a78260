import HostSystem
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

/// Calls of WASI's functions with numbers that were chosen to do harm, in every position.
struct HostileWASICalls {
    /// Numbers at the edges of types, of the memory and of what the host adds and multiplies.
    static let numbers: [Int64] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 512, 65_528, 65_535, 65_536, 1 << 26, 1 << 29, 1 << 30, 1 << 31 - 1, 1 << 31,
        1 << 32 - 1, 1 << 32, 1 << 32 + 1, 1 << 53, .max / 1_000_000_000, .max - 1, .max, .min, -1, -2, -8, -65_536,
        // 1e19 and its negative as bits, and those of floating-point numbers.
        Int64(bitPattern: 10_000_000_000_000_000_000), Int64(bitPattern: (1e19).bitPattern),
        Int64(bitPattern: (-1e308).bitPattern), Int64(bitPattern: Double.nan.bitPattern),
    ]
    /// A number for each parameter with which many calls do something: a file, an address.
    private static let ordinary: [Int64] = [0, 1, 3, 4, 5, 16, 512, 1024, 2000]

    let guest: Guest
    private var random: SplitMix
    /// Told of each call before it is made.
    private let report: (() -> String) -> Void
    /// How many calls were made.
    private(set) var count = 0

    /// Makes a guest; its files are those of `access`.
    init(seed: UInt64, access: HostAccess, report: @escaping (() -> String) -> Void = { _ in }) throws {
        guest = try Guest(
            arguments: ["a", "b"], environment: ["X": "1"], access: access,
            streams: StandardStreams(input: .text("input"), output: .discarded, error: .discarded),
            clock: Clock(simulatedFrom: 1_000_000_000))
        random = SplitMix(seed: seed)
        self.report = report
    }

    /// Calls every function with every number in every position.
    mutating func sweep() throws {
        for function in WASIFunction.all {
            let types = function.type.parameters
            if types.isEmpty { try perform(function, []) }
            for position in types.indices {
                for number in Self.numbers {
                    var arguments = types.map { _ in ordinary() }
                    arguments[position] = number
                    try perform(function, arguments)
                }
            }
        }
    }

    /// Calls functions at random, with such numbers in all positions.
    mutating func run(calls: Int) throws {
        for _ in 0..<calls {
            let function = WASIFunction.all[Int(random.next() % UInt64(WASIFunction.all.count))]
            let arguments = function.type.parameters.map { _ in
                random.next() % 3 == 0 ? Self.numbers[Int(random.next() % UInt64(Self.numbers.count))] : ordinary()
            }
            try perform(function, arguments)
        }
    }

    private mutating func ordinary() -> Int64 { Self.ordinary[Int(random.next() % UInt64(Self.ordinary.count))] }

    /// What the addresses of ordinary arguments lead to: a path, buffers, and subscriptions of a clock, with which no
    /// call waits.
    private func prepare(_ isWaiting: Bool) {
        UnsafeMutableRawBufferPointer(start: guest.memory.baseAddress, count: 4096).initializeMemory(
            as: UInt8.self, repeating: 0)
        guard !isWaiting else { return }
        guest.put(Array("file".utf8), at: 16)
        for (index, vector) in [(1024, 16), (65530, 6), (65530, 7), (Int(UInt32.max), 1)].enumerated() {
            guest.put(UInt32(vector.0), at: 512 + index * 8)
            guest.put(UInt32(vector.1), at: 516 + index * 8)
        }
    }

    private mutating func perform(_ function: WASIFunction, _ arguments: [Int64]) throws {
        count += 1
        report { "\(function.name)(\(arguments.map(String.init).joined(separator: ", ")))" }
        let isWaiting = function.name == "poll_oneoff"
        prepare(isWaiting)
        if isWaiting, count & 1 == 0 {
            // A clock's moment at one of the edges.
            let number = Self.numbers[Int(random.next() % UInt64(Self.numbers.count))]
            guest.put(number, at: 512 + 24)
            guest.put(UInt16(truncatingIfNeeded: random.next() & 1), at: 512 + 40)
        }
        let values = zip(function.type.parameters, arguments).map { type, number in
            type == .i64 ? Value.i64(UInt64(bitPattern: number)) : .i32(UInt32(truncatingIfNeeded: number))
        }
        do {
            let result = try guest.instance.function(named: function.exportName).call(values)
            guard case .i32(let code)? = result.first, code > 76 else { return }
            preconditionFailure("\(function.name) returned \(code)")
        } catch ExecutionError.hostFunction(is WASIExit) {}
    }
}
