/// Where Go's runtime keeps what is to be known of goroutines: the fields of `runtime.g` by version, in bytes.
///
/// From `type g struct` and `type gobuf struct` in Go's runtime/runtime2.go, all pointers of 8 bytes, which wasm has, too;
/// debugging information of native programs says the same (`go build`, then DWARF's members of `runtime.g`). Modules for
/// wasm have no debugging information: Go's linker writes none for js and wasip1 (cmd/link/internal/ld/dwarf.go).
struct GoRuntimeLayout: Sendable {
    /// `stack.lo` and `stack.hi`, the bounds of the stack.
    let stackLow: UInt64 = 0
    /// See ``stackLow``.
    let stackHigh: UInt64 = 8
    /// `m`, the thread.
    let thread: UInt64 = 48
    /// `sched.sp`, `sched.pc` and `sched.g`: where a goroutine goes on that does not run.
    let savedStackPointer: UInt64 = 56
    /// See ``savedStackPointer``.
    let savedPC: UInt64 = 64
    /// See ``savedStackPointer``; it is the goroutine itself.
    let savedGoroutine: UInt64 = 72
    /// `atomicstatus`, 4 bytes.
    var status: UInt64
    /// `goid`.
    var id: UInt64 { status + 8 }
    /// `waitsince`, in nanoseconds; 0 until a garbage collection has found the goroutine waiting.
    var waitingSince: UInt64 { status + 24 }
    /// `waitreason`, 1 byte.
    var waitReason: UInt64 { status + 32 }
    /// `lockedm`.
    var lockedThread: UInt64
    /// `parentGoid`; nil before Go 1.21.
    var parent: UInt64?
    /// `gopc`, what the `go` statement pushed.
    var creationPC: UInt64
    /// `startpc`, where the goroutine's function begins.
    var startPC: UInt64 { creationPC + 16 }
    /// `bubble`, of testing/synctest, from Go 1.25 on.
    var bubble: UInt64?
    /// Of `runtime.m`: `curg`, the goroutine that the thread works for (the compiler's go_asm.h says where it is).
    var currentGoroutine: UInt64 { bubble == nil ? 144 : 136 }
    /// Whether the memory profiler counts bytes beside objects (`memRecordCycle` in runtime/mprof.go), which it does up to
    /// Go 1.26.
    var countsAllocatedBytes: Bool
    /// `funcID_wrapper` or `FuncIDWrapper` (internal/abi/symtab.go): functions that the compiler made.
    var wrapperFunction: UInt8

    /// Where the id of a `synctestBubble` is (runtime/synctest.go).
    static let bubbleID: UInt64 = 72
    /// The fields of `runtime.moduledata` (runtime/symtab.go) that bound the variables with pointers, `bss` and `ebss`,
    /// in words: `allgs` is one of them.
    static let variables = (start: 28, end: 29)
    /// Likewise of those without pointers, `noptrbss` and `enoptrbss`.
    static let otherVariables = (start: 30, end: 31)

    /// The layout of a version; nil where it is not known: before Go 1.19, of Go 1.20, which was not at hand, and after
    /// Go 1.27.
    init?(_ version: GoVersion) {
        switch version.minor {
        case 19:
            self.init(status: 144, lockedThread: 232, parent: nil, creationPC: 296, wrapperFunction: 21)
        case 21...22:
            self.init(
                status: 144, lockedThread: 208, parent: 272, creationPC: 280,
                wrapperFunction: version.minor == 21 ? 21 : 22)
        case 23...24:
            self.init(status: 152, lockedThread: 216, parent: 280, creationPC: 288, wrapperFunction: 22)
        case 25:
            self.init(status: 144, lockedThread: 208, parent: 272, creationPC: 280, bubble: 384, wrapperFunction: 23)
        case 26...27:
            self.init(
                status: 144, lockedThread: 208, parent: 280, creationPC: 288, bubble: 392, wrapperFunction: 23,
                countsAllocatedBytes: version.minor == 26)
        default: return nil
        }
    }

    private init(
        status: UInt64, lockedThread: UInt64, parent: UInt64?, creationPC: UInt64, bubble: UInt64? = nil,
        wrapperFunction: UInt8, countsAllocatedBytes: Bool = true
    ) {
        self.status = status
        self.lockedThread = lockedThread
        self.parent = parent
        self.creationPC = creationPC
        self.bubble = bubble
        self.wrapperFunction = wrapperFunction
        self.countsAllocatedBytes = countsAllocatedBytes
    }
}

/// What a goroutine does, by the numbers of Go's runtime/runtime2.go (`_Gidle` and so on).
enum GoroutineStatus: UInt32 {
    case idle, runnable, running, syscall, waiting
    case dead = 6
    case copystack = 8
    case preempted, leaked, deadextra

    /// `_Gscan`, which comes on top.
    static let scan: UInt32 = 0x1000
    /// The largest number that a status has.
    static let largest: UInt32 = 11

    /// The words of Go's `gStatusStrings` (runtime/traceback.go), of which there are none for the others.
    static func words(_ number: UInt32) -> String {
        switch GoroutineStatus(rawValue: number) {
        case .deadextra: "waiting for cgo callback"
        case let status?: "\(status)"
        case nil: "???"
        }
    }
}
