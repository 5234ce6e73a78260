public import ArgumentParser
import GoWasm

/// The command `gowasm-fast`.
public struct GoWasmFast: ParsableCommand {
    public static let configuration = CommandConfiguration(commandName: "gowasm-fast")
    public init() {}
}
