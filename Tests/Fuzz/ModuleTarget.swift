import Foundation
import WasmFrontend
import _TestSupport

/// Any bytes as a module: decoded, validated, and lowered in two ways; also where code is validated when it is called.
struct ModuleTarget: FuzzTarget {
    /// Random modules, and the code of the example program around which ``CodeTarget`` builds modules.
    static func seeds() throws -> [[UInt8]] {
        let random = (1...60 as ClosedRange<UInt64>).map { seed in
            var generator = ModuleGenerator(seed: seed)
            return generator.module()
        }
        return try random + CodeTarget.seeds().prefix(60).map { CodeTarget().module(of: $0[...]) }
    }

    mutating func run(_ input: UnsafeRawBufferPointer) throws {
        // What is invalid may still be decoded, and has functions that are valid.
        let module = try Module(input, codeValidation: .onFirstCall)
        let isValid = (try? Module(input)) != nil
        _ = module.usedFeatures()
        for options in [LoweredCode.Options(), LoweredCode.Options(checksAddresses: true, optimizes: false)] {
            let code = try module.loweredCode(options)
            for function in module.importedFunctionCount..<module.functionTypes.count {
                do {
                    _ = try code.disassemble(function)
                } catch is ModuleError {
                    precondition(!isValid, "a function of a valid module is refused when it is lowered")
                }
            }
        }
        for function in module.functionTypes.indices.prefix(100) { _ = module.functionName(function) }
    }

    init() {}
}

/// Any bytes as the body of a function, in a module that has everything which code may refer to.
///
/// The first byte chooses the function's type, and how it is lowered.
struct CodeTarget: FuzzTarget {
    private static let functionTypes = [
        FunctionType([.i32], [.i32]), FunctionType([]), FunctionType([.i64, .f64], [.f32]),
        FunctionType([.v128], [.v128]), FunctionType([.i32, .i32], [.i64, .f64]),
        FunctionType([.funcref, .externref], [.externref]),
    ]
    private static let functionCount = 10
    private let head: [UInt8]
    private let tail: [UInt8]
    /// The bodies of the functions before the one in question.
    private let bodies: [UInt8]

    init() {
        var builder = ModuleBuilder()
        builder.imports = [
            name("env") + name("host") + [0x00] + unsigned(builder.addType(ModuleGenerator.hostType)),
            name("env") + name("fuel") + [0x03, 0x7F, 0x01],
            name("env") + name("wide") + [0x03, 0x7E, 0x01],
        ]
        let types = Self.functionTypes.map { builder.addType($0) }
        for index in 0..<Self.functionCount - 6 { builder.functions.append(types[index % 4 == 3 ? index % 6 : 0]) }
        builder.functions += types
        builder.tables = [[0x70, 0x00, 0x08], [0x6F, 0x01, 0x04, 0x10]]
        builder.memories = [[0x01, 0x01, 0x03]]
        builder.globals = [
            [0x7F, 0x01, 0x41, 0x00, 0x0B], [0x7E, 0x01, 0x42, 0x00, 0x0B], [0x7E, 0x01, 0x42, 0x00, 0x0B],
            [0x7F, 0x01, 0x41, 0x07, 0x0B], [0x7D, 0x01, 0x43, 0, 0, 0x80, 0x3F, 0x0B],
            [0x7C, 0x01, 0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x0B],
            [0x7B, 0x01, 0xFD, 0x0C] + [UInt8](repeating: 1, count: 16) + [0x0B],
            [0x70, 0x01, 0xD0, 0x70, 0x0B], [0x6F, 0x01, 0xD0, 0x6F, 0x0B],
        ]
        builder.elements = [[0x00, 0x41, 0x00, 0x0B] + vector([[1], [2], [3]]), [0x01, 0x00] + vector([[1], [2]])]
        builder.dataCount = 2
        head = builder.bytes
        tail = ModuleBuilder.section(11, vector([[0x00, 0x41, 0x00, 0x0B] + sized([1, 2]), [0x01] + sized([3, 4])]))
        bodies = Array(repeatElement(sized([0x00, 0x00, 0x0B]), count: Self.functionCount - 1).joined())
    }

    /// The module whose last function has the body behind the first byte.
    func module(of input: some BidirectionalCollection<UInt8>) -> [UInt8] {
        let type = Int(input.first ?? 0) % Self.functionTypes.count
        // The last six functions are one of each type, and are filled with the body from the chosen one on.
        let before = Self.functionCount - Self.functionTypes.count + type
        let trivial = sized([0x00, 0x00, 0x0B])
        var code = unsigned(Self.functionCount) + bodies.prefix(before * trivial.count)
        code += sized(Array(input.dropFirst()))
        code += repeatElement(trivial, count: Self.functionCount - before - 1).joined()
        return head + ModuleBuilder.section(10, code) + tail
    }

    /// Functions of random modules and of the example program, as far as they are valid here.
    static func seeds() throws -> [[UInt8]] {
        let target = Self()
        var seeds: [[UInt8]] = []
        var modules = (1...300 as ClosedRange<UInt64>).map { seed in
            var generator = ModuleGenerator(seed: seed)
            return generator.module()
        }
        modules.append(Array(try Data(contentsOf: URL(fileURLWithPath: "main.wasm"))))
        for bytes in modules {
            let module = try Module(bytes)
            for (index, body) in module.bodies.enumerated() where body.bytes.count < 600 {
                let type = module.types[Int(module.functionTypes[module.importedFunctionCount + index])]
                guard let number = functionTypes.firstIndex(of: type) else { continue }
                let seed = [UInt8(number)] + module.bytes.buffer[body.bytes]
                if (try? Module(target.module(of: seed))) != nil { seeds.append(seed) }
            }
        }
        // All would take long to begin with; libFuzzer keeps those that reach something new.
        return seeds.enumerated().filter { $0.offset % max(1, seeds.count / 1500) == 0 }.map(\.element)
    }

    mutating func run(_ input: UnsafeRawBufferPointer) throws {
        guard input.count < 1 << 16 else { return }
        let module = try Module(module(of: input), codeValidation: .onFirstCall)
        let function = module.functionTypes.count - Self.functionTypes.count + Int(input.first ?? 0) % 6
        let isPlain = (input.first ?? 0) & 0x80 != 0
        let code = try module.loweredCode(LoweredCode.Options(checksAddresses: isPlain, optimizes: !isPlain))
        _ = try code.disassemble(function)
    }
}
