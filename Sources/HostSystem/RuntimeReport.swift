/// What the runtime of a Go program says on standard error of why it ends the program.
///
/// It writes `panic: ` or `fatal error: ` by itself, what there is to say in one or more pieces, an empty line, and then
/// its goroutines. Only for people to read: a program can write the same.
package final class RuntimeReport {
    private var bytes: [UInt8] = []
    private var isCollecting = false

    /// More than anybody wants to read in an error.
    private static let longest = 4096
    private static let beginnings = ["panic: ", "fatal error: "].map { Array($0.utf8) }
    /// What follows the text.
    private static let ends = ["\n\n", "\n[signal ", "\ngoroutine "].map { Array($0.utf8) }

    /// Makes an empty report.
    package init() {}

    /// Looks at what the program writes to standard error, as it writes it.
    package func note(_ written: UnsafeRawBufferPointer) {
        if Self.beginnings.contains(where: { $0.count == written.count && $0.elementsEqual(written) }) {
            bytes = []
            isCollecting = true
        } else if isCollecting {
            bytes += written.prefix(Self.longest - bytes.count)
            isCollecting = bytes.count < Self.longest
        }
    }

    /// The text without the line feed at its end; empty where nothing was said.
    package var message: String {
        var end = bytes.count
        for start in bytes.indices where bytes[start] == UInt8(ascii: "\n") {
            let rest = bytes[start...]
            guard rest.count == 1 || Self.ends.contains(where: { rest.starts(with: $0) }) else { continue }
            end = start
            break
        }
        return String(decoding: bytes.prefix(upTo: end), as: UTF8.self)
    }
}
