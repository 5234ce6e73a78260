import Foundation
import WasmFrontend
import WasmRuntime
import _ImageFormat

/// Images of the calls that the specification's tests make, with what they expect.
struct SpecImages {
    /// Writes the images of one file's tests.
    private final class Watcher: SpecWatcher {
        let recorder: Recorder

        init(_ recorder: Recorder) { self.recorder = recorder }

        func willInstantiate(_ module: Module, _ imports: Imports, _ store: Store) throws -> Imports {
            try recorder.finish()
            return recorder.watching(imports, of: module, store)
        }

        func call(_ function: Function, _ name: String, of instance: Instance, _ arguments: [Value]) throws -> [Value] {
            try recorder.call(function, name, of: instance, arguments)
        }

        func matched(_ expected: [SpecExpectation]) {
            recorder.expect(masks: expected.map(\.mask))
        }
    }

    /// Writes the images of all files.
    ///
    /// - Returns: How many calls they have, or nil where the tests are not there.
    static func write(to folder: URL, optimizes: Bool) throws -> Int? {
        guard case .success(let suite) = SpecSuite.result else { return nil }
        var count = 0
        for file in suite.files {
            let name = file.deletingPathExtension().lastPathComponent
            try suite.withScript(of: file) { script, scripts in
                let options = Snapshot.Options(optimizes: optimizes, hasCounters: optimizes)
                let recorder = Recorder(folder, optimizes ? "spec-\(name)" : "spec-plain-\(name)", options)
                let configuration: SpecConfiguration = optimizes ? .guardPages : .guardPagesUnoptimized
                var runner = try SpecRunner(
                    file: name, folder: scripts, configuration: configuration, watcher: Watcher(recorder))
                for command in script.commands where command.kind != .assertMalformed && command.kind != .assertInvalid
                {
                    runner.run(command)
                }
                try recorder.finish()
                if let failure = runner.failures.first {
                    throw SpecMismatch("\(name).wast:\(failure.line): \(failure.reason)")
                }
                count += recorder.callCount
            }
        }
        return count
    }
}

extension SpecExpectation {
    /// Which bits of its slots are determined. (Of references all are: the same are made everywhere.)
    var mask: [UInt64] {
        switch self {
        case .value(.v128): [.max, .max]
        case .value: [.max]
        case .canonicalNaN(false): [0x7FFF_FFFF]
        case .canonicalNaN(true): [0x7FFF_FFFF_FFFF_FFFF]
        case .arithmeticNaN(false): [0x7FC0_0000]
        case .arithmeticNaN(true): [0x7FF8_0000_0000_0000]
        case .anyFunction, .anyExtern: [.max]
        case .lanes(let lanes, let width):
            (0..<2).map { half in
                (0..<8 / width).reduce(0) { bits, lane in
                    let all: UInt64 = width == 8 ? .max : 1 << UInt64(8 * width) - 1
                    let mask = lanes[half * (8 / width) + lane].mask[0] & all
                    return bits | mask << UInt64(8 * width * lane)
                }
            }
        }
    }
}
