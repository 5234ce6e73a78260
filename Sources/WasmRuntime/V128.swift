public import WasmFrontend

/// A vector of 128 bits (section 2.3.2): 16 bytes, which instructions look at as lanes of one width or another.
///
/// The views `i8x16` to `f64x2` are the lanes in their order in memory; each reads and writes all 128 bits.
public struct V128: Hashable, Sendable {
    /// The bits 0 to 63: the first eight bytes in memory.
    public var low: UInt64
    /// The bits 64 to 127.
    public var high: UInt64

    /// Makes a vector of its halves.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Makes a vector of 16 lanes of eight bits.
    public init(i8x16 lanes: SIMD16<UInt8>) { self = unsafeBitCast(lanes, to: V128.self) }
    /// Makes a vector of eight lanes of 16 bits.
    public init(i16x8 lanes: SIMD8<UInt16>) { self = unsafeBitCast(lanes, to: V128.self) }
    /// Makes a vector of four lanes of 32 bits.
    public init(i32x4 lanes: SIMD4<UInt32>) { self = unsafeBitCast(lanes, to: V128.self) }
    /// Makes a vector of two lanes of 64 bits.
    public init(i64x2 lanes: SIMD2<UInt64>) { self = unsafeBitCast(lanes, to: V128.self) }
    /// Makes a vector of four floating-point numbers of 32 bits.
    public init(f32x4 lanes: SIMD4<Float>) { self = unsafeBitCast(lanes, to: V128.self) }
    /// Makes a vector of two floating-point numbers of 64 bits.
    public init(f64x2 lanes: SIMD2<Double>) { self = unsafeBitCast(lanes, to: V128.self) }

    /// The 16 lanes of eight bits.
    public var i8x16: SIMD16<UInt8> {
        get { unsafeBitCast(self, to: SIMD16<UInt8>.self) }
        set { self = V128(i8x16: newValue) }
    }
    /// The eight lanes of 16 bits.
    public var i16x8: SIMD8<UInt16> {
        get { unsafeBitCast(self, to: SIMD8<UInt16>.self) }
        set { self = V128(i16x8: newValue) }
    }
    /// The four lanes of 32 bits.
    public var i32x4: SIMD4<UInt32> {
        get { unsafeBitCast(self, to: SIMD4<UInt32>.self) }
        set { self = V128(i32x4: newValue) }
    }
    /// The two lanes of 64 bits.
    public var i64x2: SIMD2<UInt64> {
        get { unsafeBitCast(self, to: SIMD2<UInt64>.self) }
        set { self = V128(i64x2: newValue) }
    }
    /// The four lanes as floating-point numbers of 32 bits.
    public var f32x4: SIMD4<Float> {
        get { unsafeBitCast(self, to: SIMD4<Float>.self) }
        set { self = V128(f32x4: newValue) }
    }
    /// The two lanes as floating-point numbers of 64 bits.
    public var f64x2: SIMD2<Double> {
        get { unsafeBitCast(self, to: SIMD2<Double>.self) }
        set { self = V128(f64x2: newValue) }
    }
}

extension V128: WasmValue {
    /// The WebAssembly type.
    public static var valueType: ValueType { .v128 }
}

extension V128: CustomStringConvertible {
    /// The 128 bits as one hexadecimal number, the last lane first.
    public var description: String {
        "0x"
            + [high, low].map { half in
                let text = String(half, radix: 16)
                return String(repeating: "0", count: 16 - text.count) + text
            }.joined()
    }
}
