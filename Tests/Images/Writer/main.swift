// Writes images of bytecode for Tests/Images/Runner: see gw_image.h, and Tests/Tools/arm64.py, which calls this.
import Foundation
import WasmFrontend

let usage = """
    usage: gowasm-images FOLDER KIND...

    Writes images into FOLDER. A KIND is one of
        spec            the calls of the specification's tests
        spec-plain      the same, not optimised
        special         traps, deep recursion, exhaustion of the stack, endless loops, host functions
        wrong           images of which the runner has to say that they fail
        random=N        N random modules
        program=LINE    a program for WASI preview 1 with its arguments, and blanks between

    """

func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data(text.utf8))
    exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
guard let path = arguments.first, arguments.count > 1 else { fail(usage) }
let folder = URL(fileURLWithPath: path)
do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for argument in arguments.dropFirst() {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        switch (parts[0], parts.count == 2 ? parts[1] : nil) {
        case ("spec", nil), ("spec-plain", nil):
            if let count = try SpecImages.write(to: folder, optimizes: parts[0] == "spec") {
                print("\(argument): \(count) calls")
            } else {
                print("\(argument): the specification's tests are not there: \(SpecSuite.unavailable ?? "")")
            }
        case ("special", nil): try SpecialImages.write(to: folder)
        case ("wrong", nil): try SpecialImages.writeWrong(to: folder)
        case ("random", let count?):
            guard let count = UInt64(count) else { fail(usage) }
            print("\(argument): \(try RandomImages.write(to: folder, seeds: 1..<1 + count)) calls")
        case ("program", let line?): try ProgramImages.write(to: folder, line)
        default: fail(usage)
        }
    }
} catch {
    fail("gowasm-images: \(error)\n")
}
