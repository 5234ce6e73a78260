internal import CSupport

/// What a profiler has to know of a Go module to find the callers of its functions on Go's stack, which is in linear
/// memory.
package final class GoStackTable: @unchecked Sendable {
    // Sendable: made once, and used by the handler of a signal, of which there is one at a time.

    /// What a function is to a walk of the stack; see gw_go_stack.h.
    package enum Kind: Sendable {
        case other, ordinary, helper, outermost, grower, switcher

        fileprivate var number: Int {
            switch self {
            case .other: GWGo_other
            case .ordinary: GWGo_ordinary
            case .helper: GWGo_helper
            case .outermost: GWGo_outermost
            case .grower: GWGo_grower
            case .switcher: GWGo_switcher
            }
        }
    }

    /// A function that the module defines.
    package struct Function: Sendable {
        /// Where in the tables it is said how many bytes of stack it has taken, by block; 0 for nowhere.
        package var sizes = 0
        package var kind = Kind.other
        /// Whether it may end with a jump, and so have no place on Go's stack while it has a frame.
        package var mayJump = false

        package init() {}
    }

    /// Where fields of goroutines and their threads are.
    package struct Fields: Sendable {
        package var stackLow, stackHigh, thread, savedStackPointer, current: UInt32

        package init(
            stackLow: UInt32, stackHigh: UInt32, thread: UInt32, savedStackPointer: UInt32, current: UInt32
        ) {
            self.stackLow = stackLow
            self.stackHigh = stackHigh
            self.thread = thread
            self.savedStackPointer = savedStackPointer
            self.current = current
        }
    }

    let stacks: UnsafeMutablePointer<GWGoStacks>
    private let tables: UnsafeMutableBufferPointer<UInt8>
    private let functions: UnsafeMutableBufferPointer<GWGoFunction>
    private let sizes: UnsafeMutableBufferPointer<GWGoSize>

    /// Copies what is needed.
    ///
    /// - Parameters:
    ///   - bytes: The tables of values by block, which ``Function/sizes`` are offsets in.
    ///   - all: The functions that the module defines, in their order.
    ///   - importCount: How many functions it imports.
    ///   - mstart: The function that stacks of threads begin with, by its index in the module.
    ///   - systemstack: The function that works on such a stack for a goroutine.
    ///   - goroutineGlobal: The number of the global that holds the goroutine.
    package init(
        _ bytes: [UInt8], _ all: [Function], importCount: Int, mstart: Int?, systemstack: Int?,
        goroutineGlobal: Int, _ fields: Fields
    ) {
        tables = .allocate(capacity: bytes.count)
        _ = tables.initialize(from: bytes)
        functions = .allocate(capacity: all.count)
        _ = functions.initialize(
            from: all.map {
                GWGoFunction(
                    sizes: UInt32(truncatingIfNeeded: $0.sizes), kind: UInt8($0.kind.number), may_jump: $0.mayJump)
            })
        sizes = .allocate(capacity: Int(GW_GO_SIZES))
        sizes.initialize(repeating: GWGoSize(function: .max, block: 0, bytes: 0))
        stacks = .allocate(capacity: 1)
        stacks.initialize(
            to: GWGoStacks(
                tables: UnsafePointer(tables.baseAddress), tables_size: UInt64(bytes.count),
                functions: functions.baseAddress, import_count: UInt32(importCount),
                function_count: UInt32(all.count), mstart: mstart.map { UInt32($0) } ?? .max,
                systemstack: systemstack.map { UInt32($0) } ?? .max, goroutine_cell: UInt32(goroutineGlobal),
                stack_low: fields.stackLow, stack_high: fields.stackHigh, thread: fields.thread,
                saved_sp: fields.savedStackPointer, current: fields.current, sizes: sizes.baseAddress))
    }

    deinit {
        stacks.deallocate()
        tables.deallocate()
        functions.deallocate()
        sizes.deallocate()
    }

    /// The callers of a function that is being executed, as the profiler finds them, the innermost first; nil where they
    /// cannot be told.
    ///
    /// For tests.
    package func callers(
        of function: Int, stackPointer: UInt64, goroutine: UInt64, in memory: UnsafeRawBufferPointer
    ) -> [(function: Int, block: Int)]? {
        let capacity = 2048
        var frames = [GWGoFrame](repeating: GWGoFrame(), count: capacity)
        var scratch = frames
        var isCut = false
        let bytes = memory.bindMemory(to: UInt8.self)
        let count = gw_go_callers(
            stacks, GWGoMemory(base: bytes.baseAddress, size: UInt64(bytes.count)), stackPointer, goroutine,
            UInt32(function), &frames, &scratch, capacity, nil, nil, &isCut)
        guard (0...capacity).contains(count) else { return nil }
        return frames.prefix(count).map { (Int($0.function), Int($0.block)) }
    }
}
