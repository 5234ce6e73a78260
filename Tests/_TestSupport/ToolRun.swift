public import Foundation

extension Checkout {
    /// Runs a script of the repository to its end.
    ///
    /// - Parameters:
    ///   - tool: Its name in Tests/Tools.
    ///   - arguments: What it gets as arguments after the first one.
    ///   - folder: Its first argument: where it may leave files.
    /// - Returns: Its exit status, and what it printed to standard output.
    public static func run(
        tool: String, arguments: [String] = [], in folder: URL
    ) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = Self.folder.appendingPathComponent("Tests/Tools/\(tool)")
        process.arguments = [folder.path] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
