import CZlib
import Foundation
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// The part of `make fuzz` that runs modules here: each in a folder in all configurations, which must agree, with
/// what it did written beside it for Tests/Tools/fuzz.py to compare with other engines.
///
/// The folder is the value of the environment variable `GOWASM_FUZZ_FOLDER`. `GOWASM_FUZZ_OWN`, a seed and a number
/// with a comma between, has as many modules of ``ModuleGenerator`` put there first. Without the variables it is a new
/// folder with a few modules, which shows that this works.
@Suite("Modules in a folder")
struct ModuleFolderTests {
    @Test("do the same in all configurations")
    func everyModule() throws {
        let environment = ProcessInfo.processInfo.environment
        let given = environment["GOWASM_FUZZ_FOLDER"].map { URL(fileURLWithPath: $0) }
        let temporary = try given == nil ? TemporaryFolder() : nil
        defer { withExtendedLifetime(temporary) {} }
        let folder = try #require(given ?? temporary?.url)
        let own = (environment["GOWASM_FUZZ_OWN"] ?? (given == nil ? "1,20" : "")).split(separator: ",").compactMap {
            UInt64($0)
        }
        if own.count == 2 {
            for seed in own[0]..<own[0] + own[1] {
                var generator = ModuleGenerator(seed: seed, canonicalizesNaNs: true)
                try Data(generator.module()).write(to: folder.appendingPathComponent("g-\(seed).wasm"))
            }
        }
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "wasm" }.sorted { $0.lastPathComponent < $1.lastPathComponent }
        let encoder = JSONEncoder()
        for file in files {
            let name = file.deletingPathExtension().lastPathComponent
            // If this process dies, the last name is that of the module it died of.
            try Data(name.utf8).write(to: folder.appendingPathComponent("current"))
            let report = ModuleFolderRun.report(on: Array(try Data(contentsOf: file)))
            if let difference = report.difference { Issue.record("\(name): \(difference)") }
            // The generator's modules are valid and call something.
            if given == nil {
                #expect(report.refusal == nil && !report.calls.isEmpty, "\(name): \(report.refusal ?? "no calls")")
                #expect(!report.lines.contains { $0.hasPrefix("error") }, "\(name): \(report.lines)")
            }
            try encoder.encode(report).write(to: folder.appendingPathComponent("\(name).json"))
        }
        if given == nil { #expect(files.count == 20) }
        if !files.isEmpty { try FileManager.default.removeItem(at: folder.appendingPathComponent("current")) }
        print("ran \(files.count) modules")
    }
}

/// One module in all configurations: every exported function is called in the order of the exports, with arguments that
/// its index and their indices determine.
enum ModuleFolderRun {
    /// What other engines need to do the same, and what came of it here.
    struct Report: Encodable {
        /// Why the module was refused; nil if it was not.
        var refusal: String?
        var imports: [ImportPlan] = []
        var calls: [Call] = []
        /// What happened, a line each, alike for all engines: see Tests/Tools/fuzz.py.
        var lines: [String] = []
        /// How the configurations differ; nil if they agree.
        var difference: String?
    }
    struct ImportPlan: Encodable {
        var module: String
        var name: String
        var kind: String
        /// The results of a function, the type of a global, the element of a table.
        var types: [String] = []
        var isMutable = false
        var minimum: UInt32 = 0
        var maximum: UInt32?
    }
    struct Call: Encodable {
        var name: String
        var parameters: [String]
        var results: [String]
        /// The bits, in decimal.
        var arguments: [String]
    }

    static func report(on bytes: [UInt8]) -> Report {
        var report = Report()
        do {
            let module = try Module(bytes)
            report.imports = module.imports.map { plan($0, module) }
            report.calls = calls(module)
            for way in Way.all {
                let lines = run(module, report, way)
                if way.guards && way.optimizes && way.compilation == .nothing { report.lines = lines }
                if report.lines != lines, report.difference == nil {
                    let at = zip(report.lines, lines).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                    let line = at ?? min(lines.count, report.lines.count)
                    report.difference =
                        "\(way): \(lines.dropFirst(line).first ?? "the end"), but \(Way.all[0]): "
                        + (report.lines.dropFirst(line).first ?? "the end")
                }
            }
        } catch {
            report.refusal = "\(error)"
        }
        return report
    }

    // MARK: - The plan

    private static func plan(_ wanted: Import, _ module: Module) -> ImportPlan {
        var plan = ImportPlan(module: wanted.module, name: wanted.name, kind: "")
        switch wanted.kind {
        case .function(let type):
            plan.kind = "function"
            plan.types = module.types[Int(type)].results.map { "\($0)" }
        case .table(let type):
            plan.kind = "table"
            plan.types = ["\(type.element)"]
            (plan.minimum, plan.maximum) = (type.limits.minimum, type.limits.maximum)
        case .memory(let type):
            plan.kind = "memory"
            (plan.minimum, plan.maximum) = (type.limits.minimum, type.limits.maximum)
        case .global(let type):
            plan.kind = "global"
            plan.types = ["\(type.value)"]
            plan.isMutable = type.isMutable
        }
        return plan
    }

    /// What makes a module's loops and recursion end is set anew before each call.
    private static let limits: [(name: String, argument: String?)] = [("hangLimitInitializer", nil), ("refuel", "60")]

    private static func calls(_ module: Module) -> [Call] {
        var calls: [Call] = []
        let limit = limits.first { module.export(named: $0.name) != nil }
        let functions = module.exports.filter { $0.kind == .function && $0.name != limit?.name }
        for (index, export) in functions.enumerated() {
            let type = module.types[Int(module.functionTypes[Int(export.index)])]
            // JavaScript has no vectors.
            if type.parameters.contains(.v128) || type.results.contains(.v128) { continue }
            if let limit {
                calls.append(
                    Call(
                        name: limit.name, parameters: limit.argument == nil ? [] : ["i32"], results: [],
                        arguments: limit.argument.map { [$0] } ?? []))
            }
            calls.append(
                Call(
                    name: export.name, parameters: type.parameters.map { "\($0)" },
                    results: type.results.map { "\($0)" },
                    arguments: type.parameters.enumerated().map { number(of: $1, index * 7 + $0 * 3) }))
        }
        return calls
    }

    private static func number(of type: ValueType, _ index: Int) -> String {
        let i32: [UInt32] = [0, 1, .max, 1 << 31, 1 << 31 - 1, 65_535, 16, 255]
        let i64: [UInt64] = [0, 1, .max, 1 << 63, 1 << 63 - 1, 1 << 32 - 1, 16, 1 << 31]
        let floats = [0, 1, -1, Double.infinity, 4_294_967_296, -0.5, 1e-40, 123_456.789]
        switch type {
        case .i32: return "\(i32[index % 8])"
        case .i64: return "\(i64[index % 8])"
        case .f32: return "\(Float(floats[index % 8]).bitPattern)"
        case .f64: return "\(floats[index % 8].bitPattern)"
        case .v128, .funcref, .externref: return "0"
        }
    }

    // MARK: - Running

    private static func run(_ module: Module, _ report: Report, _ way: Way) -> [String] {
        final class Log { var lines: [String] = [] }
        let log = Log()
        do {
            let store = way.store()
            let imports = try link(module, store) { log.lines.append($0) }
            let instance: Instance
            do throws(InstantiationError) {
                instance = try Instance(module, imports: imports, store: store)
            } catch {
                guard case .trap(let trap) = error else { throw error }
                return log.lines + ["start \(category(trap))"]
            }
            for call in report.calls {
                log.lines.append("call \(call.name)")
                do {
                    let function = try instance.function(named: call.name)
                    let arguments = zip(function.type.parameters, call.arguments).map { value($0, $1) }
                    log.lines.append(try function.call(arguments).map(text).joined(separator: " "))
                } catch ExecutionError.trap(let trap) {
                    log.lines.append(category(trap))
                    // Where the stack ends differs; so does what was done until then.
                    if trap.code == .callStackExhausted { return log.lines }
                }
            }
            for export in module.exports {
                switch instance.export(named: export.name) {
                case .memory(let memory)?:
                    let bytes = UnsafeRawBufferPointer(start: memory.baseAddress, count: memory.byteCount)
                    log.lines.append("memory \(export.name) \(bytes.count) \(checksum(bytes))")
                case .global(let global)? where global.type.value != .v128:
                    log.lines.append("global \(export.name) \(text(global.value))")
                case .table(let table)?: log.lines.append("table \(export.name) \(table.count)")
                default: break
                }
            }
        } catch {
            log.lines.append("error \(error)")
        }
        return log.lines
    }

    /// Host functions that note what they were called with and return zeros, and everything else as the module wants
    /// it.
    private static func link(
        _ module: Module, _ store: Store, _ log: @escaping (String) -> Void
    ) throws -> Imports {
        var imports = Imports()
        for wanted in module.imports {
            switch wanted.kind {
            case .function(let index):
                let type = module.types[Int(index)]
                imports.define(wanted.module, wanted.name, type: type) { arguments in
                    log("\(wanted.name) \(arguments.map(text).joined(separator: " "))")
                    return type.results.map { value($0, "0") }
                }
            case .table(let type): imports.define(wanted.module, wanted.name, .table(try Table(type, in: store)))
            case .memory(let type): imports.define(wanted.module, wanted.name, .memory(try Memory(type, in: store)))
            case .global(let type):
                imports.define(wanted.module, wanted.name, .global(Global(type, value(type.value, "0"), in: store)))
            }
        }
        return imports
    }

    private static func value(_ type: ValueType, _ bits: String) -> Value {
        let bits = UInt64(bits) ?? 0
        return switch type {
        case .i32: .i32(UInt32(truncatingIfNeeded: bits))
        case .i64: .i64(bits)
        case .f32: .f32(UInt32(truncatingIfNeeded: bits))
        case .f64: .f64(bits)
        case .v128: .v128(V128(low: bits, high: 0))
        case .funcref: .function(nil)
        case .externref: .extern(nil)
        }
    }

    /// A value as its bits; of a NaN, that it is one.
    private static func text(_ value: Value) -> String {
        switch value {
        case .i32(let bits): "\(bits)"
        case .i64(let bits): "\(bits)"
        case .f32(let bits): Float(bitPattern: bits).isNaN ? "nan" : "\(bits)"
        case .f64(let bits): Double(bitPattern: bits).isNaN ? "nan" : "\(bits)"
        case .v128: "vector"
        case .function(let function): function == nil ? "null" : "reference"
        case .extern(let number): number == nil ? "null" : "reference"
        }
    }

    /// The checksum that Node and Python have too, of the first 16 MiB: some memories grow to 4 GiB.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt {
        crc32(0, bytes.bindMemory(to: UInt8.self).baseAddress, UInt32(min(bytes.count, 1 << 24)))
    }

    /// The trap in the words that fuzz.py has for it: no finer than the engines that say least.
    private static func category(_ trap: Trap) -> String {
        switch trap.code {
        case .unreachable: "trap unreachable"
        case .integerDivideByZero: "trap division"
        case .integerOverflow, .invalidConversionToInteger: "trap unrepresentable"
        case .memoryOutOfBounds: "trap memory"
        case .tableOutOfBounds, .undefinedElement: "trap table"
        case .uninitializedElement, .indirectCallTypeMismatch: "trap indirect"
        case .callStackExhausted: "trap stack"
        default: "trap \(trap.code)"
        }
    }
}
