import Foundation
import HostSystem
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasm

@Suite("TinyGo's programs")
struct TinyGoProgramTests {
    // MARK: - What kind of module it is

    @Test("are known by their imports and exports, programs and libraries")
    func kinds() throws {
        #expect(ModuleKind(try TinyGoGuest.module()) == .tinyGoProgram)
        #expect(ModuleKind(try TinyGoGuest.module(.init(importModule: "env"))) == .tinyGoProgram)
        #expect(ModuleKind(try TinyGoGuest.module(.init(entry: "_initialize"))) == .tinyGoLibrary)
        #expect(ModuleKind(try TinyGoGuest.module(.init(hasScheduler: false))) == .tinyGoProgram)
    }

    private func kind(imports: [(String, String)], exports: [String]) throws -> ModuleKind {
        var builder = ModuleBuilder()
        let type = builder.addType(FunctionType([]))
        for (module, field) in imports { builder.imports.append(name(module) + name(field) + [0x00] + unsigned(type)) }
        builder.addFunction()
        builder.memories = [[0x00, 0x01]]
        builder.addExport("memory", .memory, 0)
        for export in exports { builder.addExport(export, .function, UInt32(imports.count)) }
        return ModuleKind(try Module(builder.bytes))
    }

    @Test("are told from others")
    func others() throws {
        // The scheduler's export is enough, as programs that only print import nothing of JavaScript.
        #expect(
            try kind(imports: [("wasi_snapshot_preview1", "fd_write")], exports: ["_start", "resume", "go_scheduler"])
                == .tinyGoProgram)
        #expect(try kind(imports: [("wasi_snapshot_preview1", "fd_write")], exports: ["_start"]) == .wasiCommand)
        #expect(try kind(imports: [("env", "puts")], exports: ["_start"]) == .wasiCommand)
        #expect(try kind(imports: [("env", "syscall/js.valueGet")], exports: ["_start"]) == .tinyGoProgram)
        #expect(try kind(imports: [("gojs", "unheard of")], exports: ["_initialize"]) == .tinyGoLibrary)
        #expect(try kind(imports: [("gojs", "syscall/js.valueGet")], exports: ["add"]) == .plain)
    }

    @Test("say who built them, for what and how")
    func builds() throws {
        let build = try #require(TinyGoBuild(TinyGoGuest.module(.init(version: "0.33.0"))))
        #expect(build.version == "0.33.0" && build.target == .wasm && build.scheduler == .none)
        #expect(TinyGoBuild(try TinyGoGuest.module())?.version == nil)
        var builder = ModuleBuilder()
        builder.addFunction()
        for export in ["_start", "asyncify_get_state"] { builder.addExport(export, .function, 0) }
        #expect(TinyGoBuild(try Module(builder.bytes)) == nil)
        let tool = unsigned(1) + name("processed-by") + vector([name("TinyGo") + name("0.37.0")])
        builder.customSections = [("producers", tool)]
        let other = try #require(TinyGoBuild(try Module(builder.bytes)))
        #expect(other.version == "0.37.0" && other.target == .wasip1 && other.scheduler == .asyncify)
        builder.exports = []
        builder.addExport("_initialize", .function, 0)
        #expect(TinyGoBuild(try Module(builder.bytes))?.target == .wasmUnknown)
        // Damaged sections say nothing.
        for length in 0..<tool.count {
            builder.customSections = [("producers", Array(tool.prefix(length)))]
            #expect(TinyGoBuild(try Module(builder.bytes)) == nil)
        }
    }

    @Test(
        "of 0.35 and newer say that they have ended",
        arguments: [
            ("0.33.0", false), ("0.34.0", false), ("0.35.0-dev", false), ("0.35.0", true), ("0.36.0-dev", true),
            ("0.43.0-dev-0123abc", true), ("1.0.0", true), ("", false), ("x.99", true), ("0", false),
        ])
    func ends(version: String, tellsEnd: Bool) { #expect(TinyGoBuild.tellsEnd(version: version) == tellsEnd) }

    // MARK: - Starting

    @Test("_start runs a program, _initialize a library, which is then called")
    func entries() throws {
        let program = try TinyGoGuest()
        var starts = 0
        program.code.start = { starts += 1 }
        _ = try program.program.runToEnd()
        #expect(starts == 1)
        let library = try TinyGoGuest(.init(entry: "_initialize"))
        library.code.start = {
            starts += 1
            try library.call(.sleepTicks, .i64(1_000_000))
        }
        library.code.schedule = { starts += 10 }
        try library.program.start()
        #expect(starts == 2)
        _ = try library.program.perform { try library.call(.ticks) }
        // What goroutines wait for happens when events are run; the clock is a simulated one.
        library.realm.host.clock.skip(2_000_000)
        #expect(try library.program.runReadyEvents() == nil)
        #expect(starts == 12)
        #expect(throws: ProgramError.self) {
            try Program(TinyGoGuest.module(.init(entry: "_initialize"))).runSynchronously()
        }
    }

    @Test("without a memory of the name, or with an entry of another type, are refused with a reason")
    func refused() throws {
        func message(_ change: (inout ModuleBuilder) -> Void) throws -> String? {
            var builder = ModuleBuilder()
            builder.memories = [[0x00, 0x01]]
            builder.addFunction()
            builder.addFunction(FunctionType([.i32]))
            builder.addExport("go_scheduler", .function, 0)
            change(&builder)
            let program = Program(try Module(builder.bytes))
            return #expect(throws: ProgramError.self) { try program.runSynchronously() }?.message
        }
        #expect(
            try message { $0.addExport("_start", .function, 0) }?.contains("exports no memory named memory") == true)
        #expect(
            try message {
                $0.addExport("memory", .memory, 0)
                $0.addExport("_start", .function, 1)
            } == "its export _start has the type (i32) -> (), not () -> ()")
    }

    @Test("imports that are unknown, or of the types of 0.28 and older, are named with their types")
    func unlinkable() throws {
        var builder = ModuleBuilder()
        for (field, type) in [
            ("syscall/js.valueGet", FunctionType([.i32, .i32, .i32, .i32, .i32, .i32])),
            ("runtime.new", FunctionType([])),
        ] {
            builder.imports.append(name("env") + name(field) + [0x00] + unsigned(builder.addType(type)))
        }
        builder.addFunction()
        builder.addExport("_start", .function, 2)
        let program = Program(try Module(builder.bytes))
        let error = #expect(throws: ProgramError.self) { try program.runSynchronously() }
        #expect(
            error?.message
                == "incompatible import type: env.syscall/js.valueGet is wanted as a "
                + "function (i32, i32, i32, i32, i32, i32) -> (), and is a function (i64, i32, i32) -> (i64), and 1 more"
        )
    }

    // MARK: - Output and input

    @Test("fd_write shows every byte: the last line without a line feed, and carriage returns")
    func output() throws {
        let guest = try TinyGoGuest()
        guest.code.start = {
            #expect(try guest.write("one\r\n") == .i32(0))
            #expect(guest.load(UInt32.self, at: 504) == 5)
            try guest.write("two")
        }
        _ = try guest.program.runToEnd()
        #expect(guest.out.text == "one\r\ntwo")
    }

    @Test("fd_write brings standard error to standard error; other descriptors are EBADF")
    func errors() throws {
        let guest = try TinyGoGuest(.init(version: "0.33.0"))
        guest.code.start = {
            try guest.write("complaint\n", to: 2)
            #expect(try guest.write("x", to: 7) == .i32(8))
        }
        #expect(try guest.program.runToEnd().code == 0)
        #expect(guest.out.text == "" && guest.err.text == "complaint\n")
    }

    @Test("random_get fills memory, and refuses what is outside")
    func random() throws {
        let guest = try TinyGoGuest()
        #expect(try guest.call("random_get", [.i32(3000), .i32(32)]) == .i32(0))
        #expect(Set(guest.bytes(at: 3000, count: 32)).count > 8)
        #expect(try guest.call("random_get", [.i32(65_535), .i32(2)]) == .i32(21))
        #expect(try guest.call("random_get", [.i32(.max), .i32(.max)]) == .i32(21))
    }

    @Test("fd_read, fd_fdstat_get, fd_seek, fd_close are WASI's")
    func descriptors() throws {
        let guest = try TinyGoGuest()
        guest.store(UInt32(3000), at: 496)
        guest.store(UInt32(16), at: 500)
        #expect(try guest.call("fd_read", [.i32(0), .i32(496), .i32(1), .i32(504)]) == .i32(0))
        #expect(guest.bytes(at: 3000, count: 5) == Array("input".utf8))
        #expect(try guest.call("fd_fdstat_get", [.i32(1), .i32(3000)]) == .i32(0))
        #expect(try guest.call("fd_fdstat_get", [.i32(9), .i32(3000)]) == .i32(8))
        #expect(try guest.call("fd_seek", [.i32(1), .i64(0), .i32(0), .i32(504)]) == .i32(70))
        #expect(try guest.call("fd_close", [.i32(1)]) == .i32(0))
        #expect(try guest.write("x") == .i32(8))
    }

    @Test("fd_prestat_get, fd_prestat_dir_name and path_open lead to granted folders, and to nothing else")
    func folders() throws {
        func openName(_ guest: TinyGoGuest) throws -> UInt32 {
            let path = guest.text("name")
            guard
                case .i32(let code)? = try guest.call(
                    "path_open",
                    [.i32(3), .i32(0)] + path + [.i32(0), .i64(2), .i64(0), .i32(0), .i32(504)])
            else { return .max }
            return code
        }
        let none = try TinyGoGuest()
        none.host.realm.host.files.report = { _ in }
        // A root, which denies everything, and the working directory; then the list is over.
        #expect(try none.call("fd_prestat_get", [.i32(3), .i32(3000)]) == .i32(0))
        #expect(try none.call("fd_prestat_dir_name", [.i32(3), .i32(3000), .i32(1)]) == .i32(0))
        #expect(none.bytes(at: 3000, count: 1) == [0x2F])
        #expect(try none.call("fd_prestat_get", [.i32(20), .i32(3000)]) == .i32(8))
        #expect(try openName(none) == 2)
        let folder = try TemporaryFolder()
        _ = try folder.write(Data([1, 2, 3]), to: "name")
        let granted = try TinyGoGuest(access: HostAccess(mounts: [.init(host: folder.path("."), guest: "/")]))
        #expect(try openName(granted) == 0)
    }

    // MARK: - The end

    @Test("proc_exit ends a program with its code: at its start, in a callback, in a timer")
    func exits() throws {
        for way in 0..<3 {
            let guest = try TinyGoGuest()
            let exit = { _ = try guest.call("proc_exit", [.i32(7)]) }
            switch way {
            case 0: guest.code.start = exit
            case 1:
                let function = guest.reference(.object(try guest.makeFunction(id: 1)))
                guest.code.resume = exit
                guest.code.start = {
                    try guest.call("syscall/js.valueInvoke", [.i32(256), function] + guest.list([]))
                    Issue.record("The program went on after its end.")
                }
            default:
                guest.code.start = { try guest.call(.sleepTicks, .i64(1)) }
                guest.code.schedule = exit
            }
            #expect(try guest.program.runToEnd().code == 7)
            #expect(guest.program.exitStatus?.code == 7)
        }
    }

    @Test("os.Exit in a job of a promise ends the program, too")
    func exitInJob() throws {
        let guest = try TinyGoGuest()
        guest.code.resume = { try guest.call("proc_exit", [.i32(9)]) }
        guest.code.start = {
            let job = JSValue.object(try guest.makeFunction(id: 1))
            try guest.call(
                "syscall/js.valueCall",
                [.i32(256), TinyGoGuest.global] + guest.text("queueMicrotask") + guest.list([job]))
        }
        #expect(try guest.program.runToEnd().code == 9)
    }

    @Test(
        "that wait for nothing have ended before 0.35, and are deadlocked from then on",
        arguments: [
            ("0.33.0", .milliseconds, 0), ("0.34.0", .milliseconds, 0), ("0.35.0", .milliseconds, 2),
            ("0.41.2", .nanoseconds, 2), (nil, .nanoseconds, 2),
        ] as [(String?, TinyGoImport.Ticks, Int32)])
    func deadlock(version: String?, ticks: TinyGoImport.Ticks, code: Int32) throws {
        let guest = try TinyGoGuest(.init(ticks: ticks, version: version))
        #expect(try guest.program.runToEnd().code == code)
        #expect(guest.err.text == (code == 0 ? "" : "fatal error: all goroutines are asleep - deadlock!\n"))
    }

    @Test("whose main returns, from 0.35 on, end with 0 and no message")
    func mainReturns() throws {
        let guest = try TinyGoGuest(.init(version: "0.35.0"))
        guest.code.start = { try guest.call("proc_exit", [.i32(0)]) }
        #expect(try guest.program.runToEnd().code == 0)
        #expect(guest.err.text == "")
    }

    @Test("that export no proc_exit cannot say that they have ended, and are not called deadlocked")
    func noExit() throws {
        let guest = try TinyGoGuest(.init(version: "0.35.0", wasi: ["fd_write"]))
        #expect(try guest.program.runToEnd().code == 0)
    }

    // MARK: - After the end

    @Test("whose main has returned can be called; events are an error then, and timers nothing")
    func afterExit() throws {
        let guest = try TinyGoGuest(.init(version: "0.35.0"))
        var wakeUps = 0
        guest.code.schedule = { wakeUps += 1 }
        let function = guest.reference(.object(try guest.makeFunction(id: 1)))
        guest.code.start = {
            try guest.call(.sleepTicks, .i64(0))
            try guest.call("proc_exit", [.i32(0)])
        }
        try guest.program.start()
        #expect(guest.program.exitStatus?.code == 0)
        try guest.program.perform {
            #expect(try guest.call(.valueLength, guest.reference(guest.string("abc"))) == .i32(3))
            try guest.call("syscall/js.valueInvoke", [.i32(256), function] + guest.list([]))
        }
        #expect(guest.load(UInt8.self, at: 264) == 0)
        #expect(guest.realm.errorText(guest.value(at: 256)) == "Error: Go program has already exited")
        #expect(try guest.program.runReadyEvents()?.code == 0)
        #expect(wakeUps == 0)
        // One that has failed has ended.
        let failed = try TinyGoGuest()
        failed.code.start = { try failed.call("proc_exit", [.i32(3)]) }
        let error = #expect(throws: ProgramError.self) { try failed.program.start() }
        #expect(error?.message == "the program has ended (exit status 3) and cannot be called")
    }

    @Test("leave nothing behind: the host goes with the program, also with functions, timers and an exit behind it")
    func release() throws {
        weak var host: GoHost?
        weak var store: Store?
        do {
            let guest = try TinyGoGuest(.init(version: "0.35.0"))
            host = guest.host
            store = guest.program.instance.store
            _ = try guest.makeFunction(id: 1)
            try guest.call(.sleepTicks, .i64(1 << 40))
            try guest.program.start()
            #expect(host != nil && store != nil)
        }
        #expect(host == nil && store == nil)
    }

    // MARK: - Traces

    @Test("traces show what imports were given and what they gave back")
    func trace() throws {
        nonisolated(unsafe) var lines: [String] = []
        let trace = HostCallTrace { lines.append("\($0)") }
        let guest = try TinyGoGuest(.init(ticks: .milliseconds), trace: trace)
        func traced(_ body: () throws -> Void) rethrows -> [String] {
            lines = []
            try body()
            return lines
        }
        let math = guest.reference(try guest.get(guest.globalValue, "Math"))
        #expect(
            try traced {
                try guest.call("syscall/js.valueGet", [TinyGoGuest.global] + guest.text("NaN"))
            } == ["syscall/js.valueGet(v=globalThis, p=\"NaN\") = ref=NaN"])
        let arguments = guest.text("max") + guest.list([.number(3.0), .number(9.0)])
        let call = try traced { try guest.call("syscall/js.valueCall", [.i32(256), math] + arguments) }
        #expect(call.count == 1 && call[0].hasPrefix("syscall/js.valueCall(v=object#"))
        #expect(call.last?.hasSuffix(", m=\"max\", args=[3, 9]) = ref=9, ok=true") == true)
        #expect(
            try traced { try guest.call(.sleepTicks, .f64(1.5.bitPattern)) } == ["runtime.sleepTicks(time=1.5)"])
        #expect(
            try traced { try guest.call(.valueLength, guest.reference(guest.string("abc"))) }
                == ["syscall/js.valueLength(v=\"abc\") = n=3"])
        #expect(
            try traced { try guest.call(.getRandomData, .i32(3000), .i32(8), .i32(8)) }
                == ["runtime.getRandomData(r=[8 bytes at 3000])"])
        #expect(
            traced { _ = try? guest.call(.stringVal, .i32(.max), .i32(5)) }
                == [
                    "syscall/js.stringVal(x=(outside the memory)) failed: "
                        + "out of bounds memory access: string 0xffffffff"
                ])
        #expect(
            try traced { try guest.write("hi") } == ["fd_write(fd=1, data=\"hi\") = size=2"])
    }
}
