import WasmRuntime

/// A value that a test passes or gets; floating-point numbers by their bits.
enum SpecValue: Equatable {
    case i32(UInt32)
    case i64(UInt64)
    case f32(UInt32)
    case f64(UInt64)
    case v128(V128)
    /// A function reference; tests tell only null from others.
    case function(isNull: Bool)
    /// A reference of the embedder's; nil is null.
    case extern(Int?)

    /// The value of an argument; nil if it can't be read.
    init?(_ constant: SpecScript.Constant) {
        switch (constant.type, constant.value) {
        case ("i32", let text?): if let bits = UInt32(text) { self = .i32(bits) } else { return nil }
        case ("i64", let text?): if let bits = UInt64(text) { self = .i64(bits) } else { return nil }
        case ("f32", let text?): if let bits = UInt32(text) { self = .f32(bits) } else { return nil }
        case ("f64", let text?): if let bits = UInt64(text) { self = .f64(bits) } else { return nil }
        case ("v128", _): if let vector = V128(constant) { self = .v128(vector) } else { return nil }
        case ("funcref", "null"): self = .function(isNull: true)
        case ("externref", "null"): self = .extern(nil)
        case ("externref", let text?): if let number = Int(text) { self = .extern(number) } else { return nil }
        default: return nil
        }
    }
}

/// What a test expects of a result.
enum SpecExpectation {
    case value(SpecValue)
    /// A NaN whose payload is that of the one NaN all must support; of any sign.
    case canonicalNaN(isDouble: Bool)
    /// A quiet NaN of any payload.
    case arithmeticNaN(isDouble: Bool)
    /// Any reference to a function but null.
    case anyFunction
    /// Any reference of the embedder's but null.
    case anyExtern
    /// A vector with what is expected of each lane, all of so many bytes.
    case lanes([SpecExpectation], width: Int)

    /// The expectation that a file states; nil if it can't be read.
    init?(_ constant: SpecScript.Constant) {
        switch (constant.type, constant.value) {
        case ("f32", "nan:canonical"), ("f64", "nan:canonical"): self = .canonicalNaN(isDouble: constant.type == "f64")
        case ("f32", "nan:arithmetic"), ("f64", "nan:arithmetic"):
            self = .arithmeticNaN(isDouble: constant.type == "f64")
        case ("funcref", nil): self = .anyFunction
        case ("externref", nil): self = .anyExtern
        case ("v128", _):
            guard let type = constant.laneType, let width = V128.laneWidth(type) else { return nil }
            let lanes = constant.lanes.compactMap { lane in
                // Narrow lanes are compared as i32.
                SpecExpectation(SpecScript.Constant(lane: lane, type: width < 4 ? "i32" : type))
            }
            guard lanes.count * width == 16 else { return nil }
            self = .lanes(lanes, width: width)
        default:
            guard let value = SpecValue(constant) else { return nil }
            self = .value(value)
        }
    }

    /// Whether a result is as expected.
    func matches(_ result: SpecValue) -> Bool {
        switch (self, result) {
        case (.value(let value), _): value == result
        case (.canonicalNaN(false), .f32(let bits)): bits & 0x7FFF_FFFF == 0x7FC0_0000
        case (.canonicalNaN(true), .f64(let bits)): bits & 0x7FFF_FFFF_FFFF_FFFF == 0x7FF8_0000_0000_0000
        case (.arithmeticNaN(false), .f32(let bits)): bits & 0x7FC0_0000 == 0x7FC0_0000
        case (.arithmeticNaN(true), .f64(let bits)): bits & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000
        case (.anyFunction, .function(let isNull)): !isNull
        case (.anyExtern, .extern(let number)): number != nil
        case (.lanes(let lanes, let width), .v128(let vector)):
            lanes.enumerated().allSatisfy { index, lane in lane.matches(bits: vector.lane(index, width: width)) }
        default: false
        }
    }

    /// Whether the bits of a lane are as expected.
    private func matches(bits: UInt64) -> Bool {
        switch self {
        case .value(.i32), .value(.f32), .canonicalNaN(false), .arithmeticNaN(false):
            let narrow = UInt32(truncatingIfNeeded: bits)
            if case .value(.i32) = self { return matches(.i32(narrow)) }
            return matches(.f32(narrow))
        case .value(.i64): return matches(.i64(bits))
        default: return matches(.f64(bits))
        }
    }
}

extension V128 {
    /// The bytes of a lane of the type that a file names; nil for an unknown one.
    static func laneWidth(_ type: String) -> Int? {
        switch type {
        case "i8": 1
        case "i16": 2
        case "i32", "f32": 4
        case "i64", "f64": 8
        default: nil
        }
    }

    /// The vector of a file's lanes; nil if they can't be read.
    init?(_ constant: SpecScript.Constant) {
        guard let type = constant.laneType, let width = Self.laneWidth(type) else { return nil }
        var bytes: [UInt8] = []
        for lane in constant.lanes {
            guard let bits = UInt64(lane) else { return nil }
            for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte))) }
        }
        guard bytes.count == 16 else { return nil }
        self.init(i8x16: SIMD16(bytes))
    }

    /// The bits of a lane of so many bytes.
    func lane(_ index: Int, width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(i8x16[index * width + $1]) << UInt64(8 * $1) }
    }
}
