import Foundation
import HostSystem
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// Reading goroutines from memory that the tests make, as Go's runtime would, or as no runtime would.
@Suite("Goroutines in memory")
struct GoroutineReaderTests {
    @Test("one that waits is shown with its callers, arguments and creator, as Go does")
    func waiting() throws {
        let runtime = try FakeRuntime()
        let fib = try runtime.place("main.fib")
        let main = try runtime.place("main.main")
        let goroutine = FakeRuntime.Goroutine(
            id: 18, status: 4, reason: "chan receive",
            calls: [try runtime.place("runtime.gopark"), fib, fib, main, try runtime.place("runtime.goexit")],
            arguments: 21, creation: main, parent: 1, since: -150_000_000_000)
        let dump = try #require(runtime.read([goroutine]))
        let table = runtime.table
        let line = table.line(inFunction: fib.function, block: fib.block - 1)?.number ?? 0
        let mainLine = table.line(inFunction: main.function, block: main.block - 1)?.number ?? 0
        func hex(_ number: Int) -> String { String(number, radix: 16) }
        #expect(
            dump.description == """
                goroutine 18 [chan receive, 2 minutes, locked to thread]:
                main.fib(0x15)
                \t./main.go:\(line) +0x\(hex(fib.block))
                main.fib(0x15)
                \t./main.go:\(line) +0x\(hex(fib.block))
                main.main()
                \t./main.go:\(mainLine) +0x\(hex(main.block))
                created by main.main in goroutine 1
                \t./main.go:\(mainLine) +0x\(hex(main.block))
                """)
    }

    @Test("statuses are Go's words; the one that runs comes first; dead ones and the runtime's own are left out")
    func statuses() throws {
        let runtime = try FakeRuntime()
        let calls = [try runtime.place("main.main")]
        var goroutines = (UInt32(0)...11).map { status in
            FakeRuntime.Goroutine(id: UInt64(status) + 1, status: status, reason: "select", calls: calls)
        }
        goroutines[1].status |= GoroutineStatus.scan
        goroutines[5].start = try runtime.place("runtime.forcegchelper")
        let dump = try #require(runtime.read(goroutines))
        #expect(
            dump.goroutines.map(\.header) == [
                "goroutine 3 [running]", "goroutine 1 [idle]", "goroutine 2 [runnable]", "goroutine 4 [syscall]",
                "goroutine 5 [select]", "goroutine 8 [???]", "goroutine 9 [copystack]", "goroutine 10 [preempted]",
                "goroutine 11 [select (leaked)]",
            ])
    }

    @Test("of a deep stack the middle is left out, and the numbers say how much")
    func deep() throws {
        let runtime = try FakeRuntime()
        let fib = try runtime.place("main.fib")
        let main = try runtime.place("main.main")
        let calls = [GoLineTable.CodeAddress](repeating: fib, count: 699) + [main]
        let dump = try #require(runtime.read([.init(id: 1, status: 4, reason: "sleep", calls: calls, arguments: 1)]))
        let goroutine = try #require(dump.goroutines.first)
        #expect(goroutine.frames.count == GoroutineDump.longestStack && goroutine.elidedFrames == 600)
        #expect(goroutine.frames.last?.function == "main.main" && !goroutine.isTruncated)
        #expect(goroutine.description.split(separator: "\n")[101] == "...600 frames elided...")
    }

    @Test("no more are read than there may be")
    func many() throws {
        let runtime = try FakeRuntime()
        let goroutine = FakeRuntime.Goroutine(
            id: 7, status: 4, reason: "select", calls: [try runtime.place("main.main")])
        let dump = try #require(runtime.read([goroutine], listed: GoroutineDump.mostGoroutines + 2000))
        // Reading may have ended sooner, as it took too long.
        #expect(dump.goroutines.count <= GoroutineDump.mostGoroutines && !dump.goroutines.isEmpty)
        #expect(dump.goroutines.count + dump.omitted == GoroutineDump.mostGoroutines + 2000)
        #expect(dump.description.hasSuffix("... \(dump.omitted) more goroutines"))
    }

    @Test("a list that is not in memory, or of what are no goroutines, is none")
    func lists() throws {
        let runtime = try FakeRuntime()
        let goroutine = FakeRuntime.Goroutine(id: 1, status: 4, reason: "", calls: [try runtime.place("main.main")])
        for list: [UInt64] in [
            [FakeRuntime.list, 1, 0], [FakeRuntime.list, .max, .max], [.max & ~7, 1, 1], [FakeRuntime.list + 1, 1, 1],
            [FakeRuntime.list, 0, 1], [FakeRuntime.list + 800, 1, 1], [0, 1, 1],
            [UInt64(FakeRuntime.size) - 8, 2, 2],
        ] {
            #expect(runtime.read([goroutine], list: list) == nil, "\(list)")
        }
        #expect(runtime.read([goroutine]) != nil)
    }

    @Test("stacks that lead out of memory, to nothing or in circles end")
    func stacks() throws {
        let runtime = try FakeRuntime()
        let main = try runtime.place("main.main")
        let stack = FakeRuntime.stacks..<FakeRuntime.stacks + 4096
        for (stackPointer, bounds) in [
            (0, stack), (.max, stack), (stack.upperBound, stack), (stack.upperBound - 8, stack),
            (UInt64(FakeRuntime.size) - 8, 0..<UInt64(FakeRuntime.size)),
            (stack.lowerBound, stack.lowerBound..<stack.lowerBound),
        ] as [(UInt64, Range<UInt64>)] {
            var goroutine = FakeRuntime.Goroutine(id: 1, status: 4, reason: "select", calls: [main])
            goroutine.stackPointer = stackPointer
            goroutine.stack = bounds
            let dump = try #require(runtime.read([goroutine]))
            #expect(dump.goroutines.first?.isTruncated == true)
            #expect(dump.goroutines.first?.frames.map(\.function) == ["main.main"])
        }
    }

    @Test("whatever stands in memory, reading ends", arguments: [1, 2, 3] as [UInt64])
    func damage(seed: UInt64) throws {
        let runtime = try FakeRuntime()
        var random = SplitMix(seed: seed)
        let calls = [try runtime.place("main.fib"), try runtime.place("main.fib"), try runtime.place("main.main")]
        let goroutines = (1...6).map { FakeRuntime.Goroutine(id: $0, status: 4, reason: "select", calls: calls) }
        let values: [UInt64] = [0, 1, 7, 8, 0x7FFF_FFFF, 0xFFFF_FFFF, .max, .max - 7, 1 << 63, FakeRuntime.goroutines]
        var found = 0
        for _ in 0..<25 {
            let dump = runtime.read(goroutines) { memory in
                for _ in 0..<4 {
                    // In the goroutines themselves, or on their stacks.
                    let place =
                        Bool.random(using: &random)
                        ? Int(FakeRuntime.goroutines) + 8 * Int.random(in: 0..<384, using: &random)
                        : Int(FakeRuntime.stacks) + 8 * Int.random(in: 0..<60, using: &random)
                    FakeRuntime.put(values.randomElement(using: &random)!, at: place, in: &memory)
                }
            }
            if dump?.goroutines.isEmpty == false { found += 1 }
            _ = dump?.description
        }
        #expect(found > 5)
    }

    @Test("names are printed as Go prints them")
    func names() {
        #expect(GoFrameNamer.printed("main.f[go.shape.int,go.shape.string].func1") == "main.f[...].func1")
        #expect(GoFrameNamer.printed("runtime.gopanic") == "panic")
        #expect(GoFrameNamer.printed("main.(*T).f") == "main.(*T).f")
        for name in ["main.f", "runtime.Goexit", "runtime.(*Func).Name", "runtime/debug.Stack"] {
            #expect(GoFrameNamer.isShown(name), "\(name)")
        }
        for name in ["runtime.gopark", "runtime.(*mheap).Alloc", "callRet", "runtime.goexit"] {
            #expect(!GoFrameNamer.isShown(name), "\(name)")
        }
        let goroutine = Goroutine(
            id: 1, status: "a\nb", minutesWaiting: 0, isLockedToThread: false, bubble: 3,
            frames: [.init(function: "x\u{1B}y")], elidedFrames: 0, isTruncated: false, creator: nil, parent: nil)
        #expect(goroutine.description == "goroutine 1 [a?b, synctest bubble 3]:\nx?y()\n\t?:0")
    }

    @Test("versions whose structures are not known have no layout")
    func versions() {
        for minor in [11, 18, 20, 28, 99] { #expect(GoRuntimeLayout(GoVersion(minor: minor)) == nil) }
        for minor in [19] + Array(21...27) { #expect(GoRuntimeLayout(GoVersion(minor: minor)) != nil) }
    }
}

/// The memory of main.wasm, a program of Go 1.27, with goroutines that a test says.
private struct FakeRuntime {
    struct Goroutine {
        var id: UInt64
        var status: UInt32
        var reason: String
        /// The innermost first.
        var calls: [GoLineTable.CodeAddress]
        /// The word behind each return address.
        var arguments: UInt64 = 0
        var creation: GoLineTable.CodeAddress?
        var parent: UInt64 = 0
        /// When it began to wait, in nanoseconds from now.
        var since: Int64?
        var start: GoLineTable.CodeAddress?
        var stackPointer: UInt64?
        var stack: Range<UInt64>?
    }

    static let size = 16 << 20
    /// Where the list, the goroutines, 512 bytes each, and their stacks are.
    static let (list, goroutines, stacks) = (UInt64(8 << 20), UInt64(9 << 20), UInt64(10 << 20))
    private static let now: Int64 = 1_000_000_000_000

    let module: Module
    let table: GoLineTable
    private let layout: GoRuntimeLayout
    private let variables: Int

    init() throws {
        module = try Module(ModuleBytes(Data(contentsOf: Checkout.mainModule)), codeValidation: .onFirstCall)
        table = try #require(GoLineTable(module))
        layout = try #require(GoRuntimeLayout(GoVersion(minor: 27)))
        let data = try #require(table.moduleData)
        variables = Int(try #require(table.image.long(data + 8 * GoRuntimeLayout.variables.start)))
    }

    /// The first place in a function behind a call.
    func place(_ name: String) throws -> GoLineTable.CodeAddress {
        let function = try #require(table.functions(named: [name])?.first)
        let block = (1..<100).first { block in
            let bytes = table.stackBytes(.init(function: function, block: block))
            return bytes.map { $0 > 0 || name == "runtime.goexit" } ?? false
        }
        return .init(function: function, block: try #require(block))
    }

    static func put(_ number: UInt64, at place: Int, in memory: inout [UInt8]) {
        for index in 0..<8 where memory.indices.contains(place + index) {
            memory[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
        }
    }

    private func pc(_ address: GoLineTable.CodeAddress?) -> UInt64 {
        address.map { UInt64(0x1000 + $0.function - module.importedFunctionCount) << 16 | UInt64($0.block) } ?? 0
    }

    /// Reads goroutines that lie in memory as Go's runtime has them, but for what `change` makes of it.
    func read(
        _ goroutines: [Goroutine], list: [UInt64]? = nil, listed: Int? = nil, change: (inout [UInt8]) -> Void = { _ in }
    ) -> GoroutineDump? {
        var memory = [UInt8](repeating: 0, count: Self.size)
        memory.replaceSubrange(table.image.start..<table.image.start + table.image.bytes.count, with: table.image.bytes)
        let count = listed ?? goroutines.count
        for (index, word) in (list ?? [Self.list, UInt64(count), UInt64(count)]).enumerated() {
            Self.put(word, at: variables + 8 * (5 + index), in: &memory)
        }
        for index in 0..<count {
            let address = Self.goroutines + 512 * UInt64(index % goroutines.count)
            Self.put(address, at: Int(Self.list) + 8 * index, in: &memory)
        }
        for (index, goroutine) in goroutines.enumerated() { put(goroutine, index, &memory) }
        change(&memory)
        return memory.withUnsafeMutableBytes { bytes in
            var reader = GoroutineReader(
                module, GuestMemory(base: bytes.baseAddress!, count: UInt64(bytes.count)), stackPointer: 0,
                backtrace: [], now: Self.now)
            return reader?.read()
        }
    }

    private func put(_ goroutine: Goroutine, _ index: Int, _ memory: inout [UInt8]) {
        let address = Self.goroutines + 512 * UInt64(index)
        let low = Self.stacks + UInt64(index) << 12
        let stack = goroutine.stack ?? low..<low + (goroutines(fit: goroutine.calls.count) ? 4096 : 1 << 20)
        var place = low + 64
        let start = place
        let callers: [GoLineTable.CodeAddress?] = Array(goroutine.calls.dropFirst()) + [nil]
        for (call, outer) in zip(goroutine.calls, callers) {
            place += UInt64(table.stackBytes(call) ?? 0)
            Self.put(pc(outer), at: Int(place), in: &memory)
            Self.put(goroutine.arguments, at: Int(place) + 8, in: &memory)
            place += 8
        }
        // Arguments were written over by what came behind them.
        var words: [(UInt64, UInt64)] = [
            (layout.stackLow, stack.lowerBound), (layout.stackHigh, stack.upperBound),
            (layout.savedStackPointer, goroutine.stackPointer ?? start), (layout.savedPC, pc(goroutine.calls.first)),
            (layout.savedGoroutine, address), (layout.status, UInt64(goroutine.status)), (layout.id, goroutine.id),
            (layout.creationPC, pc(goroutine.creation)), (layout.startPC, pc(goroutine.start)),
            (layout.waitReason, number(ofReason: goroutine.reason)),
        ]
        if let parent = layout.parent { words.append((parent, goroutine.parent)) }
        if let since = goroutine.since {
            words.append((layout.waitingSince, UInt64(Self.now + since)))
            words.append((layout.lockedThread, 1))
        }
        for (field, word) in words { Self.put(word, at: Int(address + field), in: &memory) }
    }

    private func goroutines(fit calls: Int) -> Bool { calls < 20 }

    private func number(ofReason reason: String) -> UInt64 {
        let reasons = WaitReasons(table.image)
        return UInt64((1..<100).first { reasons[$0] == reason } ?? 0)
    }
}
