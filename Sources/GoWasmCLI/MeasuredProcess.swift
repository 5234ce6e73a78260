import CHostSystem
import HostSystem
import LibC

/// Commands that are run to their end, one at a time, and what they took.
///
/// What they print goes to files without names, each of which is written anew by the next run.
struct MeasuredProcess {
    /// What one run took.
    struct Sample: Equatable {
        /// From its start to its end, and the processor time in it, in nanoseconds.
        var wall: UInt64
        var user: UInt64
        /// The peak of its resident memory, in bytes.
        var memory: UInt64
    }

    /// How one run ended.
    enum Ending: Equatable {
        case exited(Int32)
        /// It could not be started.
        case notStarted(ErrorCode)
        /// It was ended as its time was up.
        case timedOut
        /// It was ended by a signal that came to this process, which is to end by it, too.
        case interrupted(Int32)
    }

    /// What it printed; read it before the next run.
    let output: Int32
    let errors: Int32
    private let input: Int32

    /// Makes the files; nil if they cannot be made.
    init?() {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let output = HelperProgram.temporaryFile(none), let errors = HelperProgram.temporaryFile(none) else {
            return nil
        }
        self.output = output
        self.errors = errors
        input = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    /// Runs a command.
    ///
    /// - Parameters:
    ///   - words: Its name, which is looked for in PATH, and its arguments.
    ///   - environment: Its variables, as NAME=VALUE.
    ///   - timeout: Seconds after which it is killed; nil for never.
    func run(_ words: [String], environment: [String], timeout: Double?) -> (sample: Sample, ending: Ending) {
        for file in [output, errors] {
            ftruncate(file, 0)
            lseek(file, 0, SEEK_SET)
        }
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        let run = gw_process_run(arguments, variables, [input, output, errors], timeout ?? 0)
        let sample = Sample(
            wall: UInt64(max(0, run.wall)), user: UInt64(max(0, run.user)), memory: UInt64(max(0, run.memory)))
        let ending: Ending =
            switch run.signal {
            case _ where run.failure != 0: .notStarted(ErrorCode(run.failure))
            case 0: .exited(run.code)
            case SIGALRM: .timedOut
            default: .interrupted(run.signal)
            }
        return (sample, ending)
    }

    /// The lines that the run printed to a file, without those that are empty; of much only the beginning.
    static func lines(_ file: Int32) -> [String] {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = pread(file, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(whereSeparator: \.isNewline)
            .map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
    }
}

/// What a run printed, to be compared with what others print.
///
/// It is in a file, as memory of this process would be counted among that of the processes that it starts.
struct PrintedOutput {
    private let file: Int32

    private static let pieceSize = 1 << 16

    /// Copies a file; nil if there is no room.
    init?(copying source: Int32) {
        guard let copy = HelperProgram.temporaryFile(UnsafeRawBufferPointer(start: nil, count: 0)) else { return nil }
        file = copy
        var offset = off_t(0)
        while true {
            let piece = Self.piece(of: source, at: offset)
            guard !piece.isEmpty else { return }
            guard piece.withUnsafeBytes({ try? Descriptors.writeAll(copy, $0) }) != nil else {
                close(copy)
                return nil
            }
            offset += off_t(piece.count)
        }
    }

    /// The first line in which a file differs, counted from 1; nil if it is the same.
    func firstDifference(_ other: Int32) -> Int? {
        var offset = off_t(0)
        var line = 1
        while true {
            let (mine, others) = (Self.piece(of: file, at: offset), Self.piece(of: other, at: offset))
            if mine == others {
                if mine.isEmpty { return nil }
                line += mine.count { $0 == UInt8(ascii: "\n") }
            } else {
                return line + zip(mine, others).prefix { $0 == $1 }.count { $0.0 == UInt8(ascii: "\n") }
            }
            offset += off_t(mine.count)
        }
    }

    /// The bytes of a file at a place: a whole piece, or those up to the file's end.
    private static func piece(of file: Int32, at offset: off_t) -> ArraySlice<UInt8> {
        var bytes = [UInt8](repeating: 0, count: pieceSize)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress! + done, $0.count - done, offset + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            done += count
        }
        return bytes.prefix(done)
    }
}
