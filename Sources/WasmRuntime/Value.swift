public import WasmFrontend

/// A value of WebAssembly (section 4.2.1).
public enum Value {
    /// An i32, as its bits.
    case i32(UInt32)
    /// An i64, as its bits.
    case i64(UInt64)
    /// An f32, as its bits: a NaN keeps its payload.
    case f32(UInt32)
    /// An f64, as its bits.
    case f64(UInt64)
    /// A vector.
    case v128(V128)
    /// A reference to a function; nil is the null reference.
    case function(Function?)
    /// A reference to something of the host's, by a number of the host's; nil is the null reference.
    case extern(Int?)

    /// The type.
    public var type: ValueType {
        switch self {
        case .i32: .i32
        case .i64: .i64
        case .f32: .f32
        case .f64: .f64
        case .v128: .v128
        case .function: .funcref
        case .extern: .externref
        }
    }

    /// The bits that the engine keeps in a slot; of a vector, in the first of its two.
    private var slot: UInt64 {
        switch self {
        case .i32(let bits), .f32(let bits): UInt64(bits)
        case .i64(let bits), .f64(let bits): bits
        case .v128(let vector): vector.low
        case .function(let function): UInt64(UInt(bitPattern: function?.pointer))
        case .extern(let number): number.map { UInt64(bitPattern: Int64($0)) &+ 1 } ?? 0
        }
    }

    /// Writes the bits to as many slots as the type takes; returns the next one.
    @discardableResult
    func store(toSlots slots: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<UInt64> {
        slots[0] = slot
        guard case .v128(let vector) = self else { return slots + 1 }
        slots[1] = vector.high
        return slots + 2
    }

    /// The value of a type in as many slots as the type takes; `slots` goes on behind it.
    init(_ type: ValueType, slots: inout UnsafePointer<UInt64>, store: Store) {
        if type == .v128 {
            self = .v128(V128(low: slots[0], high: slots[1]))
            slots += 2
        } else {
            self.init(type, slot: slots[0], store: store)
            slots += 1
        }
    }

    /// The value of a type other than `v128` in a slot.
    init(_ type: ValueType, slot: UInt64, store: Store) {
        switch type {
        case .i32: self = .i32(UInt32(truncatingIfNeeded: slot))
        case .i64: self = .i64(slot)
        case .f32: self = .f32(UInt32(truncatingIfNeeded: slot))
        case .f64: self = .f64(slot)
        case .externref: self = .extern(slot == 0 ? nil : Int(truncatingIfNeeded: Int64(bitPattern: slot &- 1)))
        case .v128: preconditionFailure("a vector takes two slots")
        case .funcref: self = .function(Function(slot: slot, store: store))
        }
    }
}

extension Value: Equatable {
    /// Whether two values are of the same type and have the same bits, or are the same reference.
    public static func == (a: Value, b: Value) -> Bool {
        if case .v128(let a) = a, case .v128(let b) = b { return a == b }
        return a.type == b.type && a.slot == b.slot
    }
}

/// A Swift type whose values cross between Swift and WebAssembly.
public protocol WasmValue {
    /// The WebAssembly type.
    static var valueType: ValueType { get }
    /// The value whose C representation lies at `address`.
    static func load(from address: UnsafeRawPointer) -> Self
    /// Writes the C representation to `address`.
    func store(to address: UnsafeMutableRawPointer)
}

extension WasmValue {
    /// The value whose C representation lies at `address`.
    public static func load(from address: UnsafeRawPointer) -> Self { address.loadUnaligned(as: Self.self) }
    /// Writes the C representation to `address`.
    public func store(to address: UnsafeMutableRawPointer) { address.storeBytes(of: self, as: Self.self) }
}

extension Int32: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .i32 }
}
extension UInt32: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .i32 }
}
extension Int64: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .i64 }
}
extension UInt64: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .i64 }
}
extension Float: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .f32 }
}
extension Double: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .f64 }
}
