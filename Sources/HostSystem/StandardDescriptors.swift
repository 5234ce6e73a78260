internal import LibC

/// The numbers 0, 1 and 2, which everybody takes for standard input, output and error.
package enum StandardDescriptors {
    /// Opens those that are closed on `/dev/null`, as native Go programs do: otherwise the next file that is opened has
    /// such a number, and gets what somebody writes to standard error, or is read as standard input.
    ///
    /// - Throws: What the system says where there is no `/dev/null`.
    package static func openClosed() throws(ErrorCode) {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            let opened = systemOpen("/dev/null", O_RDWR)
            guard opened >= 0 else { throw ErrorCode.last }
            // Another thread may have opened something there meanwhile.
            if opened > STDERR_FILENO { systemClose(opened) }
        }
    }
}
