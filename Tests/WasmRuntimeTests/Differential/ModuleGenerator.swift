import CSupport
import WasmFrontend
import _TestSupport

/// Writes random valid modules: programs in the manner of Go's compiler (see ``ModuleGenerator/goFunction(_:)``), and
/// others that use what Go does not.
///
/// Every program ends: loops use up fuel, calls lead to functions with higher indices only. Whatever else happens is
/// determined by the module alone, so that all ways to run it must agree on results, traps, memory and globals.
struct ModuleGenerator {
    /// A label that branches can lead to.
    struct Target {
        /// What a branch to it carries.
        var types: [ValueType]
        /// Whether a branch there repeats something, and so needs fuel.
        var isLoop: Bool
    }

    /// A function while it is written.
    struct Body {
        var locals: [ValueType] = []
        var parameterCount = 0
        var results: [ValueType] = []
        var targets: [Target] = []
        /// How many more parts the function may have.
        var budget = 0
        /// How deep expressions and statements are nested.
        var depth = 0
        /// The local that copies the register global; nil where there is none.
        var copy: Int?
        /// Whether the copy is read again behind every call, as Go's compiler does it.
        var isDisciplined = true
        /// Whether calls may be made.
        var isLeaf = false
        var index = 0
        /// The local for ``canonicalizeNaN(_:)``, by its type.
        var floats: [ValueType: Int] = [:]
    }

    // The index spaces. What is imported comes first.
    static let hostFunction = 0
    static let importedFunctionCount = 1
    static let fuel = 0
    static let importedWide = 1
    static let stackPointer = 2
    static let stackBounds = 3
    static let globalTypes: [ValueType] = [.i32, .i64, .i32, .i64, .i64, .i32, .f32, .f64]
    static let hostType = FunctionType([.i32, .i64], [.i64])
    /// The place of what the stack check compares with: 16 bytes behind where the global `stackBounds` points.
    static let boundsAddress = 64

    var random: SplitMix
    var builder = ModuleBuilder()
    var signatures: [FunctionType] = []
    /// The functions from here on call none, and are the ones in the table.
    var firstLeaf = 0
    var body = Body()
    var code: [UInt8] = []

    /// The functions to call from outside, by their export names, with arguments.
    private(set) var calls: [(name: String, arguments: [UInt64])] = []

    /// Whether no bits of NaNs can be seen, which the specification leaves open: for comparisons with other engines.
    let canonicalizesNaNs: Bool

    init(seed: UInt64, canonicalizesNaNs: Bool = false) {
        random = SplitMix(seed: seed)
        self.canonicalizesNaNs = canonicalizesNaNs
    }

    /// The module of the seed.
    mutating func module() -> [UInt8] {
        let count = 3 + below(5)
        firstLeaf = count - 1 - below(2)
        for _ in 0..<count { signatures.append(chance(60) ? FunctionType([.i32], [.i32]) : randomSignature()) }
        declareState()
        for index in 0..<count { function(index) }
        addAccessors()
        for index in 0..<count {
            builder.addExport("f\(index)", .function, UInt32(Self.importedFunctionCount + index))
            for _ in 0..<2 {
                let isGo = signatures[index] == FunctionType([.i32], [.i32])
                let arguments = signatures[index].parameters.map {
                    isGo && chance(80) ? UInt64(below(5)) : constant($0)
                }
                calls.append(("f\(index)", arguments))
            }
        }
        return builder.bytes
    }

    // MARK: - Chance

    mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
    mutating func randomType() -> ValueType { pick([.i32, .i32, .i32, .i64, .i64, .i64, .f64, .f32]) }
    mutating func randomTypes(_ largest: Int) -> [ValueType] {
        (0..<below(largest + 1)).map { _ in randomType() }
    }

    private mutating func randomSignature() -> FunctionType {
        FunctionType(randomTypes(chance(10) ? 12 : 6), chance(15) ? randomTypes(5) : [randomType()])
    }

    // MARK: - What functions share

    private mutating func declareState() {
        builder.imports = [
            name("env") + name("host") + [0x00] + unsigned(builder.addType(Self.hostType)),
            name("env") + name("fuel") + [0x03, 0x7F, 0x01],
            name("env") + name("wide") + [0x03, 0x7E, 0x01],
        ]
        builder.memories = [chance(50) ? [0x01, 0x01, 0x03] : [0x00, 0x01]]
        builder.tables = [[0x70, 0x00, 0x08]]
        let stack: Int32 = chance(85) ? 0x8000 : pick([0, 8, 0x1_0000, 0xFFF8, -8, -64, Int32.max, Int32.min])
        builder.globals = [
            [0x7F, 0x01, 0x41] + signed(stack) + [0x0B],
            [0x7E, 0x01, 0x42] + signed(chance(90) ? Self.boundsAddress : 1 << 40 + 32) + [0x0B],
            [0x7E, 0x01, 0x42] + signed(Int64(bitPattern: constant(.i64))) + [0x0B],
            [0x7F, 0x01, 0x41] + signed(7) + [0x0B],
            [0x7D, 0x01, 0x43, 0, 0, 0x80, 0x3F, 0x0B],
            [0x7C, 0x01, 0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x0B],
        ]
        let leaves = (firstLeaf..<signatures.count).map { UInt32(Self.importedFunctionCount + $0) }
        // The last two elements stay null.
        let elements = (0..<6).map { unsigned(leaves[$0 % leaves.count]) }
        builder.elements = [[0x00, 0x41, 0x00, 0x0B] + vector(elements)]
        builder.data = [
            [0x00, 0x41] + signed(Self.boundsAddress + 16) + [0x0B] + sized([0, chance(80) ? 0x40 : 0x80, 0, 0]),
            [0x00, 0x41] + signed(0x7F80) + [0x0B] + sized((0..<255).map { UInt8(truncatingIfNeeded: $0 &* 37) }),
        ]
        builder.addExport("memory", .memory, 0)
    }

    /// Functions that read what cannot be exported without an effect on the lowering.
    private mutating func addAccessors() {
        for (index, type) in Self.globalTypes.enumerated() {
            let function = builder.addFunction(FunctionType([], [type]), code: [0x23] + unsigned(index))
            builder.addExport("global\(index)", .function, UInt32(Self.importedFunctionCount) + function)
        }
        let refuel = builder.addFunction(FunctionType([.i32]), code: [0x20, 0x00, 0x24] + unsigned(Self.fuel))
        builder.addExport("refuel", .function, UInt32(Self.importedFunctionCount) + refuel)
        let reset = builder.addFunction(
            FunctionType([]), code: [0x41] + signed(0x8000) + [0x24] + unsigned(Self.stackPointer))
        builder.addExport("reset", .function, UInt32(Self.importedFunctionCount) + reset)
    }

    private mutating func function(_ index: Int) {
        let type = signatures[index]
        body = Body()
        body.index = index
        body.locals = type.parameters
        body.parameterCount = type.parameters.count
        body.results = type.results
        body.isLeaf = index >= firstLeaf
        body.budget = pick([12, 30, 60, 120])
        code = []
        if type == FunctionType([.i32], [.i32]) && chance(85) { goFunction() } else { plainFunction() }
        let locals = body.locals[body.parameterCount...].map { (1, $0) }
        builder.addFunction(type, locals: locals, code: code)
    }

    private mutating func plainFunction() {
        let count = chance(8) ? 55 + below(30) : below(8)
        for _ in 0..<count { body.locals.append(randomType()) }
        if chance(40) {
            body.copy = body.locals.count
            body.locals.append(.i32)
            body.isDisciplined = chance(70)
            emit([0x23] + unsigned(Self.stackPointer) + [0x21] + unsigned(body.copy!))
        }
        body.targets = [Target(types: body.results, isLoop: false)]
        if chance(6) { deepStack() }
        for _ in 0..<1 + below(6) { statement() }
        for type in body.results { expression(type) }
    }

    // MARK: - Writing

    mutating func emit(_ bytes: [UInt8]) { code += bytes }
    mutating func emit(_ byte: UInt8) { code.append(byte) }

    mutating func constant(_ type: ValueType) -> UInt64 {
        switch type {
        case .i32:
            let value: Int32 =
                chance(80)
                ? pick([
                    0, 0, 1, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 64, 255, 4096, 65528, 65535, 65536, -1, -2, -8, .max,
                    .min,
                ])
                : Int32(truncatingIfNeeded: random.next())
            return UInt64(UInt32(bitPattern: value))
        case .i64:
            let value: Int64 =
                chance(80)
                ? pick([
                    0, 0, 1, 1, 2, 3, 8, 16, 31, 32, 63, 64, 255, 65528, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
                    0x1_0000_0000,
                    -0x8000_0000, -0x8000_0001, -1, -8, .max, .min,
                ])
                : Int64(truncatingIfNeeded: random.next())
            return UInt64(bitPattern: value)
        case .f32:
            let value: Float = pick([
                0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, 100, 1e10, -1e10, .infinity, -.infinity, 0x1p31, -0x1p31, 0x1p32,
                0x1p63,
                .leastNonzeroMagnitude, .greatestFiniteMagnitude, 3.14159, 16_777_216, Float(bitPattern: 0x7FC0_0000),
            ])
            return UInt64(value.bitPattern)
        default:
            let value: Double = pick([
                0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, 100, 1e10, -1e10, .infinity, -.infinity, 0x1p31, 2_147_483_647.5,
                -0x1p31,
                -2_147_483_648.9, 0x1p32, 0x1p63, 0x1p64, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 3.14159,
                Double(bitPattern: 0x7FF8_0000_0000_0000),
            ])
            return value.bitPattern
        }
    }

    /// Writes the instruction that pushes a constant.
    mutating func emitConstant(_ type: ValueType, _ bits: UInt64) {
        switch type {
        case .i32: emit([0x41] + signed(Int32(truncatingIfNeeded: bits)))
        case .i64: emit([0x42] + signed(Int64(bitPattern: bits)))
        case .f32: emit([0x43] + (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) })
        default: emit([0x44] + (0..<8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) })
        }
    }

    /// Writes the type of a block.
    mutating func emitBlockType(_ parameters: [ValueType], _ results: [ValueType]) {
        if parameters.isEmpty && results.isEmpty { return emit(0x40) }
        if parameters.isEmpty && results.count == 1 { return emit(results[0].rawValue) }
        emit(signed(builder.addType(FunctionType(parameters, results))))
    }

    /// The locals of a type, without the copy of the register global.
    func locals(_ type: ValueType) -> [Int] {
        body.locals.indices.filter { body.locals[$0] == type && $0 != body.copy }
    }

    /// Writes what a loop does on every round: without fuel the function returns.
    mutating func useFuel() {
        let fuel = unsigned(Self.fuel)
        emit([0x23] + fuel + [0x41, 0x01, 0x6B, 0x24] + fuel)
        emit([0x23] + fuel + [0x41, 0x00, 0x4C, 0x04, 0x40])
        for type in body.results { emitConstant(type, constant(type)) }
        emit([0x0F, 0x0B])
    }
}
