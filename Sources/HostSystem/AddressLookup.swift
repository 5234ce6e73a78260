internal import LibC
internal import Synchronization

/// A question for the addresses of a name, which the system answers when it has got an answer itself.
///
/// The system's function for it waits, perhaps for many seconds, and cannot be ended: a thread calls it. Whoever gives
/// the question up lets the thread end.
package final class AddressLookup {
    /// What is asked.
    package struct Question: Sendable {
        /// A name or an address; nil for this host's.
        package var host: String?
        /// A name such as `http`, or a number; nil for none.
        package var service: String?
        /// The system's flags (`AI_…`).
        package var flags: Int32 = 0
        /// The system's address family.
        package var family: Int32 = AF_UNSPEC
        /// The system's socket type, 0 for any.
        package var type: Int32 = 0
        /// The system's protocol number, 0 for any.
        package var protocolNumber: Int32 = 0

        /// Asks nothing yet.
        package init() {}
    }

    /// One of the answers.
    package struct Answer: Sendable {
        /// The address, with the service's port.
        package let address: NetworkAddress
        /// The system's socket type.
        package let type: Int32
        /// The system's protocol number.
        package let protocolNumber: Int32
    }

    private enum State {
        /// With what is written to when there is an answer.
        case waiting(signal: Int32)
        /// With the answers, or the system's code (`EAI_…`) and `errno`.
        case answered([Answer], code: Int32, number: Int32)
        case abandoned
    }

    private final class Work: Sendable {
        let question: Question
        let state: Mutex<State>

        init(_ question: Question, signal: Int32) {
            self.question = question
            state = Mutex(.waiting(signal: signal))
        }

        deinit { if case .waiting(let signal) = state.withLock({ $0 }) { systemClose(signal) } }

        func run() {
            let (answers, code, number) = AddressLookup.ask(question)
            state.withLock { state in
                guard case .waiting(let signal) = state else { return }
                state = .answered(answers, code: code, number: number)
                var byte: UInt8 = 0
                _ = systemWrite(signal, &byte, 1)
                systemClose(signal)
            }
        }

        func abandon() {
            state.withLock { state in
                if case .waiting(let signal) = state { systemClose(signal) }
                state = .abandoned
            }
        }
    }

    /// Can be read from when there is an answer.
    package let signal: OpenFile
    private let work: Work

    /// Begins to ask.
    package init(_ question: Question) throws(ErrorCode) {
        guard let ends = systemPipe() else { throw ErrorCode.last }
        signal = OpenFile(ends.read, kind: .pipe)
        work = Work(question, signal: ends.write)
        try BackgroundThread.start { [work] in work.run() }
    }

    deinit { work.abandon() }

    /// The answers; to be asked for when ``signal`` has come.
    package func result() throws(ErrorCode) -> [Answer] {
        guard case .answered(let answers, let code, let number) = work.state.withLock({ $0 }) else {
            throw ErrorCode(EAGAIN)
        }
        guard code != 0 else { return answers }
        throw Self.error(code, number)
    }

    private static func ask(_ question: Question) -> ([Answer], code: Int32, number: Int32) {
        var hints = addrinfo()
        hints.ai_flags = question.flags
        hints.ai_family = question.family
        hints.ai_socktype = question.type
        hints.ai_protocol = question.protocolNumber
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(question.host, question.service, &hints, &found)
        let number = errno
        guard code == 0 else { return ([], code, number) }
        defer { freeaddrinfo(found) }
        var answers: [Answer] = []
        var next = found
        while let entry = next?.pointee {
            next = entry.ai_next
            var storage = sockaddr_storage()
            let size = min(Int(entry.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            withUnsafeMutableBytes(of: &storage) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: entry.ai_addr, count: size))
            }
            guard let address = NetworkAddress(storage) else { continue }
            answers.append(
                Answer(address: address, type: entry.ai_socktype, protocolNumber: entry.ai_protocol))
        }
        return (answers, 0, 0)
    }

    /// The error that stands for one of the resolver's, which have no numbers in WASI: a name that is unknown is a host
    /// that cannot be reached.
    private static func error(_ code: Int32, _ number: Int32) -> ErrorCode {
        switch code {
        case EAI_AGAIN: ErrorCode(EAGAIN)
        case EAI_BADFLAGS, EAI_SERVICE: ErrorCode(EINVAL)
        case EAI_FAMILY: ErrorCode(EAFNOSUPPORT)
        case EAI_SOCKTYPE: ErrorCode(EPROTOTYPE)
        case EAI_MEMORY: ErrorCode(ENOMEM)
        case EAI_SYSTEM: ErrorCode(number)
        default: ErrorCode(EHOSTUNREACH)
        }
    }
}
