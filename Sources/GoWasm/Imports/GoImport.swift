/// The functions that Go's runtime imports from its host, of all versions.
///
/// This is the only list of them: the host binds an implementation to each case, and tracing decodes calls by
/// ``signature``. All have the WebAssembly type `(i32) -> ()`; the number is Go's stack pointer.
enum GoImport: String, CaseIterable {
    /// Takes a number to print, not a stack pointer. Up to 1.20; never called.
    case debug
    case wasmExit = "runtime.wasmExit"
    case wasmWrite = "runtime.wasmWrite"
    /// Up to 1.13.
    case nanotime = "runtime.nanotime"
    /// From 1.14 on.
    case nanotime1 = "runtime.nanotime1"
    /// Up to 1.13 and from 1.17 on.
    case walltime = "runtime.walltime"
    /// 1.14 to 1.16.
    case walltime1 = "runtime.walltime1"
    /// 1.11 only, like its counterpart.
    case scheduleCallback = "runtime.scheduleCallback"
    case clearScheduledCallback = "runtime.clearScheduledCallback"
    /// From 1.12 on, like its counterpart.
    case scheduleTimeoutEvent = "runtime.scheduleTimeoutEvent"
    case clearTimeoutEvent = "runtime.clearTimeoutEvent"
    case getRandomData = "runtime.getRandomData"
    /// From 1.14 on.
    case resetMemoryDataView = "runtime.resetMemoryDataView"
    /// From 1.14 on.
    case finalizeRef = "syscall/js.finalizeRef"
    case stringVal = "syscall/js.stringVal"
    case valueGet = "syscall/js.valueGet"
    case valueSet = "syscall/js.valueSet"
    /// From 1.14 on.
    case valueDelete = "syscall/js.valueDelete"
    case valueIndex = "syscall/js.valueIndex"
    case valueSetIndex = "syscall/js.valueSetIndex"
    case valueCall = "syscall/js.valueCall"
    case valueInvoke = "syscall/js.valueInvoke"
    case valueNew = "syscall/js.valueNew"
    case valueLength = "syscall/js.valueLength"
    case valuePrepareString = "syscall/js.valuePrepareString"
    case valueLoadString = "syscall/js.valueLoadString"
    case valueInstanceOf = "syscall/js.valueInstanceOf"
    /// From 1.13 on, like its counterpart.
    case copyBytesToGo = "syscall/js.copyBytesToGo"
    case copyBytesToJS = "syscall/js.copyBytesToJS"

    /// A value on Go's stack.
    enum Slot {
        case bool, int32, int64, reference
        /// Address and length.
        case string
        /// Address, and length as an int32, of text that is to be written.
        case buffer
        /// Address, length and capacity of bytes.
        case bytes
        /// Address, length and capacity of references.
        case references

        /// The size in bytes.
        var size: UInt64 {
            switch self {
            case .bool: 1
            case .int32: 4
            case .int64, .reference: 8
            case .buffer: 12
            case .string: 16
            case .bytes, .references: 24
            }
        }

        /// What the address is a multiple of.
        var alignment: UInt64 { min(size, 8) }
    }

    /// What a function reads from Go's stack and what it writes there, with names for traces.
    struct Signature {
        var arguments: KeyValuePairs<StaticString, Slot> = [:]
        var results: KeyValuePairs<StaticString, Slot> = [:]
    }

    var signature: Signature {
        switch self {
        case .debug, .resetMemoryDataView: Signature()
        case .wasmExit: Signature(arguments: ["code": .int32])
        case .wasmWrite: Signature(arguments: ["fd": .int64, "p": .buffer])
        case .nanotime, .nanotime1: Signature(results: ["ns": .int64])
        case .walltime, .walltime1: Signature(results: ["sec": .int64, "nsec": .int32])
        case .scheduleCallback, .scheduleTimeoutEvent: Signature(arguments: ["ms": .int64], results: ["id": .int32])
        case .clearScheduledCallback, .clearTimeoutEvent: Signature(arguments: ["id": .int32])
        case .getRandomData: Signature(arguments: ["r": .bytes])
        case .finalizeRef: Signature(arguments: ["v": .reference])
        case .stringVal: Signature(arguments: ["x": .string], results: ["ref": .reference])
        case .valueGet: Signature(arguments: ["v": .reference, "p": .string], results: ["ref": .reference])
        case .valueSet: Signature(arguments: ["v": .reference, "p": .string, "x": .reference])
        case .valueDelete: Signature(arguments: ["v": .reference, "p": .string])
        case .valueIndex: Signature(arguments: ["v": .reference, "i": .int64], results: ["ref": .reference])
        case .valueSetIndex: Signature(arguments: ["v": .reference, "i": .int64, "x": .reference])
        case .valueCall:
            Signature(
                arguments: ["v": .reference, "m": .string, "args": .references],
                results: ["ref": .reference, "ok": .bool])
        case .valueInvoke, .valueNew:
            Signature(arguments: ["v": .reference, "args": .references], results: ["ref": .reference, "ok": .bool])
        case .valueLength: Signature(arguments: ["v": .reference], results: ["n": .int64])
        case .valuePrepareString: Signature(arguments: ["v": .reference], results: ["ref": .reference, "n": .int64])
        case .valueLoadString: Signature(arguments: ["v": .reference, "b": .bytes])
        case .valueInstanceOf: Signature(arguments: ["v": .reference, "t": .reference], results: ["is": .bool])
        case .copyBytesToGo:
            Signature(arguments: ["dst": .bytes, "src": .reference], results: ["n": .int64, "ok": .bool])
        case .copyBytesToJS:
            Signature(arguments: ["dst": .reference, "src": .bytes], results: ["n": .int64, "ok": .bool])
        }
    }

    /// How many bytes from the stack pointer on the function reads or writes.
    var frameSize: UInt64 {
        guard self != .debug else { return 0 }
        var layout = FrameLayout()
        for (_, slot) in signature.arguments { _ = layout.place(slot) }
        if !signature.results.isEmpty { layout.beginResults() }
        for (_, slot) in signature.results { _ = layout.place(slot) }
        return layout.end
    }
}

/// Where values lie above Go's stack pointer: behind the return address, arguments first, each aligned to its size;
/// the results start at a multiple of eight.
struct FrameLayout {
    /// Where the next value can begin.
    private(set) var end: UInt64 = 8

    /// The offset of the next value.
    @inline(__always)
    mutating func place(_ slot: GoImport.Slot) -> UInt64 {
        let offset = (end + slot.alignment - 1) & ~(slot.alignment - 1)
        end = offset + slot.size
        return offset
    }

    @inline(__always)
    mutating func beginResults() { end = (end + 7) & ~7 }
}
