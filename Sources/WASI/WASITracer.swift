internal import HostSystem

/// Takes down one call of a function of WASI for a trace.
///
/// What the guest passes is taken down before the call, what it gets behind it.
struct WASITracer {
    private let function: WASIFunction
    private let arguments: CallArguments
    var call: HostCall

    init(_ function: WASIFunction, _ arguments: CallArguments, _ memory: GuestMemory?, start: UInt64) {
        self.function = function
        self.arguments = arguments
        call = HostCall(module: WASIFunction.module, name: function.name, arguments: [], start: start)
        forEachParameter { name, parameter, index in
            let value: HostCall.Value? =
                switch parameter {
                case .i32: .integer(Int64(arguments[index]))
                case .i64: .integer(Int64(bitPattern: arguments.long(index)))
                case .text: Self.text(memory, arguments[index], arguments[index + 1])
                case .written: Self.buffers(memory, arguments[index], arguments[index + 1], count: nil)
                case .read, .filled:
                    .bytes(count: Int(arguments[index + 1]), address: UInt64(arguments[index]))
                case .subscriptions: Self.subscriptions(memory, arguments[index], count: arguments[index + 2])
                case .place: .named("@\(arguments[index])")
                case .result32, .result64: nil
                }
            guard let value else { return }
            call.arguments.append(HostCall.Field(name, value))
        }
    }

    /// Takes down what a call that has succeeded wrote into memory.
    mutating func addResults(_ memory: GuestMemory?) {
        var results: [HostCall.Field] = []
        // How much of a buffer has been filled, the function says in the number that follows it.
        var size: Int?
        forEachParameter { name, parameter, index in
            switch parameter {
            case .result32:
                let number: UInt32? = try? memory?.load(at: arguments[index])
                if name == "size" { size = number.map { Int($0) } }
                results.append(HostCall.Field(name, number.map { .integer(Int64($0)) } ?? .outsideMemory))
            case .result64:
                let number: Int64? = try? memory?.load(at: arguments[index])
                results.append(HostCall.Field(name, number.map { .integer($0) } ?? .outsideMemory))
            default: break
            }
        }
        forEachParameter { name, parameter, index in
            let (address, length) = (arguments[index], index + 1 < argumentCount ? arguments[index + 1] : 0)
            switch parameter {
            case .filled:
                let count = min(length, size.map { UInt32($0) } ?? length)
                results.append(HostCall.Field(name, Self.text(memory, address, count)))
            case .read: results.append(HostCall.Field(name, Self.buffers(memory, address, length, count: size)))
            default: break
            }
        }
        call.results = results
    }

    private var argumentCount: Int { function.parameters.reduce(0) { $0 + $1.value.types.count } }

    private func forEachParameter(_ body: (String, WASIFunction.Parameter, _ index: Int) -> Void) {
        var index = 0
        for (name, parameter) in function.parameters {
            body("\(name)", parameter, index)
            index += parameter.types.count
        }
    }

    private static func text(_ memory: GuestMemory?, _ address: UInt32, _ count: UInt32) -> HostCall.Value {
        guard let bytes = try? memory?.bytes(at: address, count: count) else { return .outsideMemory }
        return HostCall.Value(text: UnsafeRawBufferPointer(bytes))
    }

    /// The contents of buffers, of which only the first `count` bytes say something.
    private static func buffers(
        _ memory: GuestMemory?, _ address: UInt32, _ number: UInt32, count: Int?
    ) -> HostCall.Value {
        guard let memory else { return .outsideMemory }
        var rest = count.map { UInt32(clamping: $0) } ?? .max
        var texts: [HostCall.Value] = []
        for position in 0..<min(number, UInt32(HostCall.Value.shownValues)) where rest > 0 {
            guard let start: UInt32 = try? memory.load(at: address, offset: position * 8),
                let length: UInt32 = try? memory.load(at: address, offset: position * 8 + 4)
            else { return .outsideMemory }
            texts.append(text(memory, start, min(length, rest)))
            rest -= min(length, rest)
        }
        return texts.count == 1 && number == 1 ? texts[0] : .list(texts, count: Int(number))
    }

    /// What a call waits for: of a clock after how many nanoseconds, or until when.
    private static func subscriptions(_ memory: GuestMemory?, _ address: UInt32, count: UInt32) -> HostCall.Value {
        guard let memory else { return .outsideMemory }
        let shown = (0..<min(count, UInt32(HostCall.Value.shownValues))).map { position -> HostCall.Value in
            let start = UInt64(address) + UInt64(position) * UInt64(Layout.subscription)
            guard let place = UInt32(exactly: start), let tag: UInt8 = try? memory.load(at: place, offset: 8),
                let descriptor: UInt32 = try? memory.load(at: place, offset: 16),
                let timeout: UInt64 = try? memory.load(at: place, offset: 24),
                let flags: UInt16 = try? memory.load(at: place, offset: 40)
            else { return .outsideMemory }
            switch EventType(rawValue: tag) {
            case .clock: return .named("clock\(descriptor) \(flags & 1 == 0 ? "+" : "at ")\(timeout)")
            case .read: return .named("read fd \(descriptor)")
            case .write: return .named("write fd \(descriptor)")
            case nil: return .named("type \(tag)")
            }
        }
        return .list(shown, count: Int(count))
    }
}
