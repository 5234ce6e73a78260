internal import WasmFrontend

/// The functions that TinyGo's runtime and its package syscall/js import from JavaScript (`-target=wasm`), of all
/// versions from 0.29 on.
///
/// This is the only list of them: the types that modules have to ask for, the places of results in memory, and what
/// traces show follow from ``signature``. They are called as C functions of 32-bit machines are: each argument is a
/// parameter of its own, a string is two, a slice three. One result is WebAssembly's result; several are fields of a
/// structure in memory, whose address goes before all arguments.
enum TinyGoImport: String, CaseIterable {
    case ticks = "runtime.ticks"
    case sleepTicks = "runtime.sleepTicks"
    /// With packages of Go 1.24 and newer.
    case getRandomData = "runtime.getRandomData"
    /// In variants of 0.43 only, like its counterpart.
    case argvString = "runtime.argvString"
    case envString = "runtime.envString"
    case finalizeRef = "syscall/js.finalizeRef"
    case stringVal = "syscall/js.stringVal"
    case valueGet = "syscall/js.valueGet"
    case valueSet = "syscall/js.valueSet"
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
    case copyBytesToGo = "syscall/js.copyBytesToGo"
    case copyBytesToJS = "syscall/js.copyBytesToJS"

    /// How a module counts time.
    enum Ticks: CaseIterable {
        /// Milliseconds with a fraction: up to 0.37.
        case milliseconds
        /// Whole nanoseconds: from 0.38 on.
        case nanoseconds

        var type: ValueType { self == .milliseconds ? .f64 : .i64 }
    }

    /// A value that is passed.
    enum Slot {
        case bool, int32, reference
        /// A time, as ``Ticks`` says.
        case ticks
        /// Address and length.
        case string
        /// Address and length of bytes that the function writes.
        case buffer
        /// Address, length and capacity of bytes.
        case bytes
        /// Address, length and capacity of references.
        case references

        /// The WebAssembly types that it has as an argument, or as the only result.
        func types(_ ticks: Ticks) -> [ValueType] {
            switch self {
            case .bool, .int32: [.i32]
            case .reference: [.i64]
            case .ticks: [ticks.type]
            case .string, .buffer: [.i32, .i32]
            case .bytes, .references: [.i32, .i32, .i32]
            }
        }

        /// The size in bytes as a field of a structure of results, which lies at a multiple of it.
        var size: UInt64 {
            switch self {
            case .bool: 1
            case .int32: 4
            default: 8
            }
        }
    }

    /// What a function is passed and what it returns, with names for traces.
    struct Signature {
        var arguments: KeyValuePairs<StaticString, Slot> = [:]
        var results: KeyValuePairs<StaticString, Slot> = [:]
    }

    var signature: Signature {
        switch self {
        case .ticks: Signature(results: ["now": .ticks])
        case .sleepTicks: Signature(arguments: ["time": .ticks])
        case .getRandomData: Signature(arguments: ["r": .bytes])
        case .argvString, .envString: Signature(arguments: ["buf": .buffer], results: ["n": .int32])
        case .finalizeRef: Signature(arguments: ["v": .reference])
        case .stringVal: Signature(arguments: ["x": .string], results: ["ref": .reference])
        case .valueGet: Signature(arguments: ["v": .reference, "p": .string], results: ["ref": .reference])
        case .valueSet: Signature(arguments: ["v": .reference, "p": .string, "x": .reference])
        case .valueDelete: Signature(arguments: ["v": .reference, "p": .string])
        case .valueIndex: Signature(arguments: ["v": .reference, "i": .int32], results: ["ref": .reference])
        case .valueSetIndex: Signature(arguments: ["v": .reference, "i": .int32, "x": .reference])
        case .valueCall:
            Signature(
                arguments: ["v": .reference, "m": .string, "args": .references],
                results: ["ref": .reference, "ok": .bool])
        case .valueInvoke, .valueNew:
            Signature(arguments: ["v": .reference, "args": .references], results: ["ref": .reference, "ok": .bool])
        case .valueLength: Signature(arguments: ["v": .reference], results: ["n": .int32])
        case .valuePrepareString: Signature(arguments: ["v": .reference], results: ["ref": .reference, "n": .int32])
        case .valueLoadString: Signature(arguments: ["v": .reference, "b": .bytes])
        case .valueInstanceOf: Signature(arguments: ["v": .reference, "t": .reference], results: ["is": .bool])
        case .copyBytesToGo:
            Signature(arguments: ["dst": .bytes, "src": .reference], results: ["n": .int32, "ok": .bool])
        case .copyBytesToJS:
            Signature(arguments: ["dst": .reference, "src": .bytes], results: ["n": .int32, "ok": .bool])
        }
    }

    /// Whether the results are a structure in memory.
    var returnsStructure: Bool { signature.results.count > 1 }

    /// The type that a module asks for.
    func type(_ ticks: Ticks) -> FunctionType {
        let signature = signature
        let arguments = signature.arguments.flatMap { $0.value.types(ticks) }
        guard !returnsStructure else { return FunctionType([.i32] + arguments) }
        return FunctionType(arguments, signature.results.flatMap { $0.value.types(ticks) })
    }

    /// Where the fields of a structure of results lie, and behind them the end of the last one.
    var resultOffsets: [UInt64] {
        var end: UInt64 = 0
        let offsets = signature.results.map { _, slot in
            let offset = (end + slot.size - 1) & ~(slot.size - 1)
            end = offset + slot.size
            return offset
        }
        return offsets + [end]
    }
}
