import Foundation
import HostSystem

/// What the process is about to do, in a file that it leaves behind however it ends: on three lines the calls that were
/// made in sequences that have ended, the sequence, and its last call.
final class Journal {
    private let bytes: UnsafeMutableRawBufferPointer
    private var title = ""
    private var doneCalls = 0

    /// Maps a file, which is made.
    init(_ path: String) throws {
        let size = 4096
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0, ftruncate(descriptor, off_t(size)) == 0,
            let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else { throw ErrorCode.last }
        close(descriptor)
        bytes = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    /// Begins a sequence.
    func begin(_ title: String) {
        self.title = title
        note { "" }
    }

    /// Says how many calls all sequences together have made.
    func done(_ calls: Int) {
        doneCalls = calls
        note { "" }
    }

    /// Takes down a call.
    func note(_ text: () -> String) {
        var line = "\(doneCalls)\n\(title)\n\(text())\n"
        line.withUTF8 { line in
            let count = min(line.count, bytes.count - 1)
            bytes.copyBytes(from: line[..<count])
            bytes[count] = 0
        }
    }
}
