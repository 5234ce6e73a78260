/// A value that a test passes or gets; floating-point numbers by their bits.
enum SpecValue: Equatable {
    case i32(UInt32)
    case i64(UInt64)
    case f32(UInt32)
    case f64(UInt64)
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

    /// The expectation that a file states; nil if it can't be read.
    init?(_ constant: SpecScript.Constant) {
        switch (constant.type, constant.value) {
        case ("f32", "nan:canonical"), ("f64", "nan:canonical"): self = .canonicalNaN(isDouble: constant.type == "f64")
        case ("f32", "nan:arithmetic"), ("f64", "nan:arithmetic"):
            self = .arithmeticNaN(isDouble: constant.type == "f64")
        case ("funcref", nil): self = .anyFunction
        case ("externref", nil): self = .anyExtern
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
        default: false
        }
    }
}
