import HostSystem
import LibC

/// Programs of others that are found in PATH, if they are installed.
enum HelperProgram {
    /// How such a program has ended.
    enum Outcome: Equatable {
        /// There is none.
        case missing
        /// It has not succeeded; with what it wrote to standard error.
        case failed(String)
        /// It has succeeded; with what it wrote to standard output.
        case output([UInt8])
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - words: Its name and arguments.
    ///   - input: The descriptor that becomes its standard input; nil for this process's.
    static func run(_ words: [String], input: Int32? = nil) -> Outcome {
        var ends: [Int32] = [0, 0]
        guard let errors = temporaryFile(UnsafeRawBufferPointer(start: nil, count: 0)) else {
            return .failed("no temporary file can be made")
        }
        defer { close(errors) }
        guard pipe(&ends) == 0 else { return .failed("no pipe can be made: \(ErrorCode.last.message)") }
        let arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        var actions = makeSpawnFileActions()
        posix_spawn_file_actions_init(&actions)
        if let input { posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        let failure = posix_spawnp(&child, words[0], &actions, nil, arguments + [nil], environ)
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        defer { close(ends[0]) }
        guard failure == 0 else {
            return failure == ENOENT ? .missing : .failed("\(words[0]): \(ErrorCode(failure).message)")
        }
        let output = contents(of: ends[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status != 0 else { return .output(output) }
        lseek(errors, 0, SEEK_SET)
        return .failed(String(decoding: contents(of: errors), as: UTF8.self))
    }

    /// A file without a name that holds some bytes, to be read from its beginning; nil if none can be made.
    static func temporaryFile(_ bytes: UnsafeRawBufferPointer) -> Int32? {
        var path = Array("/tmp/gowasm-fast-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard (try? Descriptors.writeAll(descriptor, bytes)) != nil, lseek(descriptor, 0, SEEK_SET) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// What can be read of a descriptor.
    private static func contents(of descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { return bytes }
        }
    }
}
