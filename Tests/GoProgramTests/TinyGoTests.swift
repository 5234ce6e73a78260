import Foundation
import Testing
import _TestSupport

/// A C program that speaks to its host as TinyGo's do: what a C compiler makes of the types is what they have to be.
@Suite(
    "TinyGo's imports as C functions", .enabled(if: Tools.hasExecutable, Missing.executable),
    .enabled(if: Checkout.runs(ifThere: HostTests.hasCompiler), "Debian's clang and lld are not installed."))
struct TinyGoTests {
    private func compile(in folder: TemporaryFolder, _ options: String...) throws -> String {
        let source = Tools.root.appendingPathComponent("Tests/GoProgramTests/Programs/c/tinygo.c").path
        let module = folder.path("tinygo.wasm")
        let arguments = ["--target=wasm32", "-nostdlib", "-Wl,--no-entry"] + options + ["-o", module, source]
        let compiled = try Command(
            executable: HostTests.compiler, arguments: arguments, environment: ["PATH": "/usr/bin:/bin"]
        ).run()
        try #require(compiled.end == .exited(0), "\(compiled.errorText)")
        return module
    }

    @Test("print what they print on Node, with every way of running", arguments: ["-O0", "-O2"])
    func output(option: String) throws {
        let folder = try TemporaryFolder()
        let module = try compile(in: folder, option)
        for options in [[], ["--no-optimize"], ["--checked-memory"], ["--validate"]] {
            let finished = try Command(
                executable: Tools.executable, arguments: options + [module], environment: Tools.environment
            ).run()
            #expect(finished.output == (try Tools.expected("tinygo")), "\(options)")
            #expect(finished.end == .exited(3) && finished.errors.isEmpty, "\(finished.errorText)")
        }
    }

    @Test("are traced with the values that they pass")
    func trace() throws {
        let folder = try TemporaryFolder()
        let module = try compile(in: folder, "-O1")
        let traced = try Command(
            executable: Tools.executable, arguments: ["--trace-filter", "gojs.*", module],
            environment: Tools.environment
        ).run()
        #expect(traced.end == .exited(3))
        #expect(traced.errorText.contains("syscall/js.valueCall(v=object#"))
        #expect(traced.errorText.contains("runtime.sleepTicks(time=20000000)"))
    }

    @Test("profiles have the names of functions")
    func profile() throws {
        let folder = try TemporaryFolder()
        let text = """
            (module
              (memory (export "memory") 1)
              (func $main.work (param $n i32)
                (loop $again
                  (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                  (br_if $again (local.get $n))))
              (func (export "_start") (call $main.work (i32.const 60000000)))
              (func (export "go_scheduler")))
            """
        let module = try folder.write(Data(WebAssemblyText.assemble(text)), to: "work.wasm")
        let picture = folder.path("profile.svg")
        let profiled = try Command(
            executable: Tools.executable, arguments: ["--flamegraph", picture, module],
            environment: Tools.environment
        ).run()
        #expect(profiled.end == .exited(0), "\(profiled.errorText)")
        #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("main.work"))
    }
}
