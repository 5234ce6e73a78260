import Foundation
import HostSystem
@testable import WASI
import WasmFrontend
@testable import WasmRuntime

/// Images of programs for WASI preview 1, such as Go makes: one call, of `_start`, with all that the host answers.
struct ProgramImages {
    /// Runs a program and writes its image.
    ///
    /// - Parameter line: The file, and the arguments, with blanks between.
    static func write(to folder: URL, _ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let file = URL(fileURLWithPath: words[0])
        let name = file.deletingPathExtension().lastPathComponent
        for optimizes in [true, false] {
            let module = try Module(ModuleBytes(try Data(contentsOf: file)))
            var configuration = Store.Configuration()
            configuration.optimizes = optimizes
            configuration.compilation = nil
            configuration.callStackSize = 64 << 20
            let store = Store(configuration: configuration)
            let options = Snapshot.Options(optimizes: optimizes, hasCounters: optimizes)
            let recorder = Recorder(folder, optimizes ? "program-\(name)" : "program-plain-\(name)", options)
            let host = WASIHost(
                try FileSystem(.none, streams: StandardStreams(input: .empty, output: .discarded, error: .discarded)),
                arguments: [name] + words.dropFirst(), environment: [])
            var imports = Imports()
            host.define(module, in: &imports)
            let instance = try Instance(
                module, imports: recorder.watching(imports, of: module, store), store: store)
            host.link(try instance.memory(named: "memory"))
            do {
                _ = try recorder.call(try instance.function(named: "_start"), "_start", of: instance, [])
            } catch ExecutionError.hostFunction(let exit as WASIExit) {
                guard exit.status.isSuccess else { throw exit }
            }
            try recorder.finish()
        }
    }
}
