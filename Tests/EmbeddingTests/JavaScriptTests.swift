import GoWasm
import Testing

extension LibraryTests {
    @Suite(
        "JavaScript in both directions", .enabled(if: Fixture.areThere, Fixture.missing))
    struct JavaScriptTests {
        struct NoUser: Error, CustomStringConvertible {
            let id: Int
            var description: String { "no user \(id)" }
        }

        /// A server with Swift's functions on `globalThis`, which has put Go's there.
        private func start(_ output: Output) async throws -> RunningProgram {
            var configuration = output.configuration("serve")
            configuration.javaScript = { globalThis in
                try globalThis.set("version", "1.2")
                try globalThis.define("add") { (a: Int, b: Int) in a &+ b }
                try globalThis.define("fail") { () throws -> Void in throw NoUser(id: 0) }
                try globalThis.defineAsync("fetchUser") { (id: Int) async throws -> String in
                    try await Task.sleep(for: .milliseconds(10))
                    if id < 0 { throw NoUser(id: id) }
                    return "#\(id)"
                }
            }
            return try await Fixture.js.program.startInBackground(configuration)
        }

        @Test("Go calls Swift's functions, and hears of their errors")
        func swiftFromGo() async throws {
            let output = Output()
            let running = try await start(output)
            #expect(
                output.out.text == """
                    5 1.2
                    recovered: JavaScript error: expected an integer, and got two
                    recovered: JavaScript error: no user 0

                    """)
            running.stop()
        }

        @Test("Swift calls Go's functions, at once and with await")
        func goFromSwift() async throws {
            let running = try await start(Output())
            #expect(try await running.call("greet", "World", as: String.self) == "Hello, World")
            let text: String = try await running.perform { program in
                try program.globalThis.get("greet")("Swift").convert()
            }
            #expect(text == "Hello, Swift")
            // Go's function returns a promise, which it keeps when Swift's has kept its own.
            #expect(try await running.call("describe", 7, as: String.self) == "user #7")
            await #expect {
                try await running.call("describe", -1, as: String.self)
            } throws: {
                isException($0, JavaScriptError(message: "no user -1"))
            }
            await #expect {
                try await running.call("none")
            } throws: {
                isException($0, JavaScriptError(name: "TypeError", message: "none is not a function"))
            }
            await #expect {
                try await running.call("greet", "x", as: Int.self)
            } throws: {
                isException($0, JavaScriptError(name: "TypeError", message: "expected an integer, and got Hello, x"))
            }
        }

        @Test("many calls wait at the same time")
        func concurrentCalls() async throws {
            let running = try await start(Output())
            let results = try await withThrowingTaskGroup(of: String.self) { group in
                for id in 0..<50 { group.addTask { try await running.call("describe", id) } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(results == Set((0..<50).map { "user #\($0)" }))
        }

        @Test("bytes pass, copied once or not at all")
        func bytes() async throws {
            let running = try await start(Output())
            #expect(try await running.call("upperBytes", Array("abc".utf8), as: [UInt8].self) == Array("ABC".utf8))
            let sum: Int = try await running.perform { program in
                let globalThis = program.globalThis
                let bytes = try globalThis.makeBytes(count: 1 << 20) {
                    $0.initializeMemory(as: UInt8.self, repeating: 1)
                }
                return try globalThis.get("upperBytes")(bytes).withBytes { $0.reduce(0) { $0 + Int($1) } }
            }
            #expect(sum == 0x21 << 20)
        }

        @Test("values are converted and looked at")
        func values() async throws {
            let running = try await start(Output())
            try await running.perform { program in
                let globalThis = program.globalThis
                let json = try globalThis.get("JSON")
                let value: [String: [Int?]] = ["b": [1, nil], "a": []]
                #expect(try json.call("stringify", value).convert(to: String.self) == #"{"a":[],"b":[1,null]}"#)
                let parsed = try json.call("parse", #"{"x": [true, 1.5, "é", null]}"#)
                let list = try parsed.get("x")
                #expect(try list.count == 4)
                #expect(try list.get(at: 0).convert() as Bool)
                #expect(try list.get(at: 1).convert() as Double == 1.5)
                #expect(try list.get(at: 2).convert() as String == "é")
                #expect(try list.get(at: 3).convert() as String? == nil)
                #expect(parsed.propertyNames == ["x"])
                let date = try globalThis.get("Date").new(0)
                #expect(try date.call("toISOString").convert() as String == "1970-01-01T00:00:00.000Z")
                #expect(throws: JavaScriptError.self) { try json.call("parse", "{") }
            }
        }

        @Test("a call in an endless loop is cancelled, and the program with it")
        func cancelledCall() async throws {
            let running = try await start(Output())
            let task = Task { try await running.call("spin") }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
            await #expect { try await running.call("greet", "x") } throws: { wasCancelled($0) }
        }

        @Test("a program that ends by itself says how")
        func exit() async throws {
            let running = try await start(Output())
            async let status = running.waitUntilExit()
            _ = try? await running.call("quit", 5)
            #expect(try await status.code == 5)
            #expect(try await running.waitUntilExit().code == 5)
            await #expect {
                try await running.call("greet", "x")
            } throws: {
                if case ProgramError.ended(.exited(ExitStatus(code: 5))) = $0 { true } else { false }
            }
        }

        @Test("other programs have no JavaScript")
        func wasi() async throws {
            let running = try await Fixture.plugin.program.startInBackground(Fixture.pluginConfiguration)
            await #expect {
                try await running.call("greet", "x")
            } throws: {
                if case ProgramError.exception = $0 { true } else { false }
            }
        }
    }

    @Suite(
        "Exports and imports with Swift's types",
        .enabled(if: Fixture.areThere, Fixture.missing))
    struct TypedCallTests {
        @Test("in the calling thread, and from tasks")
        func calls() async throws {
            let program = try Fixture.plugin.program
            let plugin = try program.start(Fixture.pluginConfiguration)
            let add = try plugin.function(named: "add", as: ((Int32, Int32) -> Int32).self)
            #expect(try add(2, 3) == 5)
            let square = try plugin.function(named: "square", as: ((Int64) -> Int64).self)
            #expect(try square(-12) == 144)
            #expect {
                try plugin.function(named: "add", as: (() -> Int32).self)
            } throws: {
                if case ProgramError.uncallable(.mismatchedType) = $0 { true } else { false }
            }
            let running = try await program.startInBackground(Fixture.pluginConfiguration)
            let sums = try await withThrowingTaskGroup(of: Int32.self) { group in
                for number in Int32(0)..<20 {
                    group.addTask {
                        try await running.perform {
                            let add = try $0.function(named: "add", as: ((Int32, Int32) -> Int32).self)
                            return try add(number, 1)
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sums == 210)
        }
    }
}

extension Fixture {
    /// What the plugin asks its host for.
    static var pluginConfiguration: Program.Configuration {
        var configuration = Program.Configuration()
        configuration.imports = { $0.define("host", "multiply") { (a: Int64, b: Int64) in a &* b } }
        return configuration
    }
}
