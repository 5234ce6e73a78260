import Testing
@testable import WasmFrontend
import _TestSupport

@Suite struct ModuleTests {
    @Test func everySectionIsDecoded() throws {
        let module = try Module(exampleModule())
        #expect(
            module.types == [FunctionType([.i32, .i64], [.i64]), FunctionType([.i32], [.i64]), FunctionType([])])
        #expect(module.imports.map(\.name) == ["f", "g"])
        #expect(module.functionTypes == [0, 1, 2])
        #expect(module.importedFunctionCount == 1)
        #expect(module.importedGlobalCount == 1)
        #expect(module.tables == [TableType(element: .funcref, limits: Limits(minimum: 2, maximum: 8))])
        #expect(module.memories == [MemoryType(limits: Limits(minimum: 1, maximum: 2))])
        #expect(module.globalTypes.map(\.isMutable) == [false, true, false])
        #expect(module.globals.map(\.initializer) == [.global(0), .value(UInt64(bitPattern: -128))])
        #expect(module.exports.map(\.name) == ["run", "mem"])
        #expect(module.export(named: "mem")?.kind == .memory)
        #expect(module.export(named: "no") == nil)
        #expect(module.start == 2)
        #expect(module.elements.map(\.elements) == [[.function(1), .function(2)], [.nullReference]])
        #expect(module.data.map { Array(module.bytes.buffer[$0.bytes]) } == [Array("ab".utf8), Array("c".utf8)])
        #expect(try summaries(module).map(\.localCount) == [4, 0])
        #expect(try summaries(module).map(\.maxOperandHeight) == [3, 0])
        #expect(module.customSections.map(\.name) == ["name"])
        #expect(module.names.module == "example")
        #expect(module.functionName(1) == "main.run")
        #expect(module.functionName(2) == nil)
    }

    @Test func truncatedModulesAreRefused() {
        let whole = exampleModule()
        var accepted: [Int] = []
        for count in 0..<whole.count where (try? Module(whole[..<count])) != nil { accepted.append(count) }
        // A module may end behind its header, its types, its imports and its data; in between, the declared
        // functions lack their code. All sections are shorter than 128 bytes.
        var ends: [UInt8: Int] = [:]
        var position = ModuleBuilder.header.count
        while position < whole.count {
            let end = position + 2 + Int(whole[position + 1])
            ends[whole[position]] = end
            position = end
        }
        #expect(accepted == [8, ends[1], ends[2], ends[11]])
    }

    @Test(arguments: 0..<4) func flippedBitsNeverCrash(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let whole = exampleModule()
        var refused = 0
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 8..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            do {
                let module = try Module(bytes)
                _ = module.names.function(1)
            } catch {
                #expect(error.location.offset <= bytes.count)
                #expect(!"\(error)".isEmpty)
                refused += 1
            }
        }
        // Most bits matter, though not those of names, constants and data.
        #expect(refused > 1_000)
    }

    @Test func randomCodeNeverCrashes() {
        var random = SplitMix(seed: 1)
        for _ in 0..<5_000 {
            let code = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            _ = try? Module(oneFunction(FunctionType([.i32, .i64], [.f32]), locals: [(3, .f64)], code: code))
        }
    }

    @Test func namesAreComparedByCodePoint() throws {
        var builder = ModuleBuilder()
        builder.addFunction()
        builder.addExport("\u{E9}", .function, 0)
        builder.addExport("e\u{301}", .function, 0)
        #expect(try Module(builder.bytes).exports.count == 2)
        builder.addExport("e\u{301}", .function, 0)
        expectInvalid(builder.bytes, .duplicateExport)
    }

    @Test func malformedNameSectionsAreIgnored() throws {
        for contents: [UInt8] in [[0x01], [0x01, 0x7F], [0x01, 0x02, 0x05, 0x00], [0x00, 0x02, 0x01, 0xFF]] {
            var builder = ModuleBuilder()
            builder.addFunction()
            builder.addExport("exported", .function, 0)
            builder.customSections = [("name", contents)]
            let module = try Module(builder.bytes)
            #expect(module.names.function(0) == nil)
            #expect(module.names.module == nil)
            #expect(module.functionName(0) == "exported")
        }
    }

    @Test func errorsNameTheFunction() {
        var builder = ModuleBuilder()
        builder.imports = [name("env") + name("f") + [0x00, 0x00]]
        builder.addFunction(code: [0x01])
        builder.addFunction(code: [0x01, 0x6A])
        builder.customSections = [("name", [0x01] + sized(vector([[0x02] + name("main.main")])))]
        let error = refusal(builder.bytes)
        #expect(error?.location.function == 2)
        #expect(error?.location.functionName == "main.main")
        guard case .invalid(let invalid) = error else {
            Issue.record("not refused as invalid")
            return
        }
        #expect(invalid.reason == .typeMismatch(expected: .i32, found: nil))
        let offset = invalid.location.offset
        #expect(builder.bytes[offset] == 0x6A)
        #expect(
            "\(ModuleError.invalid(invalid))"
                == "invalid module: type mismatch: expected i32, found nothing "
                + "at offset 0x\(String(offset, radix: 16)) in function 2 (main.main)")
    }

    @Test func errorsAreOneLine() {
        var builder = ModuleBuilder()
        builder.addFunction(code: [0x1A])
        builder.addExport("a\nb\u{1B}[2J\u{2028}é", .function, 0)
        let text = refusal(builder.bytes).map { "\($0)" }
        #expect(text?.hasSuffix("in function 0 (a\\nb\\u{1B}[2J\\u{2028}é)") == true, "\(text ?? "")")
    }
}
