internal import CHostSystem
internal import HostSystem
internal import LibC

/// One thing that a guest waits for.
private struct Subscription {
    enum Subject {
        /// The moment when a clock shows so many nanoseconds.
        case clock(clockid_t, deadline: Int64)
        /// A file to be ready.
        case file(OpenFile, EventType)
        /// What cannot be waited for: that is told at once.
        case failed(ErrorCode, EventType)
    }

    let userdata: UInt64
    let subject: Subject

    /// Nanoseconds until a clock's moment, 0 if it has come; nil for other subjects.
    func remainingTime(_ clocks: Clock) -> Int64? {
        guard case .clock(let clock, let deadline) = subject else { return nil }
        return max(0, deadline.subtractingReportingOverflow(clocks.time(of: clock)).partialValue)
    }

    /// What is polled for; nil where nothing is to be waited for, as with regular files, which are always ready.
    var request: pollfd? {
        guard case .file(let file, let type) = subject, file.kind.canBlock else { return nil }
        return pollfd(fd: file.descriptor, events: Int16(type == .read ? POLLIN : POLLOUT), revents: 0)
    }

    /// Whether it needs no waiting at all.
    var isReady: Bool {
        switch subject {
        case .clock: false
        case .file(let file, _): !file.kind.canBlock
        case .failed: true
        }
    }
}

extension WASIHost {
    /// Waits, in a system call, until at least one of the subscriptions has come true, and says which.
    func pollOneoff(
        _ subscriptions: UInt32, _ events: UInt32, _ count: UInt32, _ result: UInt32
    ) throws(ErrorCode) {
        guard count > 0 else { throw ErrorCode(EINVAL) }
        // The sizes of more would overflow, and no memory holds them.
        guard count < 1 << 26 else { throw ErrorCode.fault }
        let memory = try memory
        _ = try memory.bytes(at: subscriptions, count: count * Layout.subscription)
        let output = try memory.bytes(at: events, count: count * Layout.event)
        var waiting: [Subscription] = []
        waiting.reserveCapacity(Int(count))
        for index in 0..<count { waiting.append(try subscription(at: subscriptions + index * Layout.subscription)) }
        var requests = waiting.compactMap(\.request)

        scheduler?.beginPolling()
        defer { scheduler?.endPolling(requests.lazy.filter { $0.revents == 0 }) }
        var written: UInt32 = 0
        while written == 0 {
            try wait(&requests, atMost: waiting)
            var position = 0
            for subscription in waiting {
                var answer: pollfd?
                if subscription.request != nil {
                    answer = requests[position]
                    position += 1
                }
                guard
                    answer.map({ $0.revents != 0 }) ?? (subscription.isReady || subscription.remainingTime(clock) == 0)
                else { continue }
                let event = UnsafeMutableRawBufferPointer(
                    rebasing: output[Int(written * Layout.event)..<Int((written + 1) * Layout.event)])
                Self.store(subscription, answer, to: event)
                written += 1
            }
        }
        try memory.store(written, at: result)
    }

    private func subscription(at address: UInt32) throws(ErrorCode) -> Subscription {
        let memory = try memory
        let subject: Subscription.Subject
        guard let type = EventType(rawValue: try memory.load(at: address, offset: 8)) else { throw ErrorCode(EINVAL) }
        do throws(ErrorCode) {
            switch type {
            case .clock:
                let id: UInt32 = try memory.load(at: address, offset: 16)
                // The time that a process or thread has used does not pass while it waits.
                guard id < 2 else { throw ErrorCode(EINVAL) }
                let clock = try Self.clock(id)
                let timeout: UInt64 = try memory.load(at: address, offset: 24)
                let flags: UInt16 = try memory.load(at: address, offset: 40)
                let time = Int64(clamping: timeout)
                let now = flags & 1 == 0 ? self.clock.time(of: clock) : 0
                subject = .clock(clock, deadline: Clock.moment(time, after: now))
            case .read, .write:
                subject = .file(try file(memory.load(at: address, offset: 16), .pollFdReadwrite), type)
            }
        } catch {
            subject = .failed(error, type)
        }
        return Subscription(userdata: try memory.load(at: address), subject: subject)
    }

    /// Waits until one of the requests is answered or the first clock's moment has come.
    ///
    /// - Throws: EINTR when a signal came, so that the guest decides whether it waits on.
    private func wait(_ requests: inout [pollfd], atMost waiting: [Subscription]) throws(ErrorCode) {
        let time = waiting.contains(where: \.isReady) ? 0 : waiting.compactMap { $0.remainingTime(clock) }.min()
        if time == 0, requests.isEmpty { return }
        if let waker = files.waker {
            requests.append(pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0))
        }
        defer { if files.waker != nil { requests.removeLast() } }
        let isSimulated = clock.isSimulated && time != nil
        let answered = gw_poll(&requests, UInt32(requests.count), isSimulated ? 0 : time ?? -1)
        if answered < 0 { throw ErrorCode.last }
        if let waker = files.waker {
            if waker.isInterrupted { throw ErrorCode(EINTR) }
            // What others want of this thread is done when the guest returns: until then it waits on.
            if requests[requests.count - 1].revents != 0 { waker.acknowledge() }
        }
        if answered == 0, isSimulated, let time { clock.skip(time) }
    }

    /// Writes what has come true (type `event`).
    private static func store(
        _ subscription: Subscription, _ answer: pollfd?, to event: UnsafeMutableRawBufferPointer
    ) {
        event.initializeMemory(as: UInt8.self, repeating: 0)
        event.storeBytes(of: subscription.userdata, as: UInt64.self)
        func store(_ error: UInt16, _ type: EventType) {
            event.storeBytes(of: error, toByteOffset: 8, as: UInt16.self)
            event.storeBytes(of: type.rawValue, toByteOffset: 10, as: UInt8.self)
        }
        switch subscription.subject {
        case .clock: store(0, .clock)
        case .failed(let error, let type): store(error.wasi, type)
        case .file(let file, let type):
            let revents = Int32(answer?.revents ?? 0)
            store(revents & POLLNVAL != 0 ? ErrorCode(EBADF).wasi : 0, type)
            event.storeBytes(of: available(file, type), toByteOffset: 16, as: UInt64.self)
            // Bit 0 of type `eventrwflags`: the other end has closed.
            event.storeBytes(of: revents & POLLHUP != 0 ? 1 : 0, toByteOffset: 24, as: UInt16.self)
        }
    }

    /// How many bytes can be read or written, as far as the system says.
    private static func available(_ file: OpenFile, _ type: EventType) -> UInt64 {
        guard type == .read else { return 0 }
        if file.kind == .regular { return UInt64(clamping: file.remaining) }
        var count: Int32 = 0
        return ioctl(file.descriptor, UInt(FIONREAD), &count) == 0 ? UInt64(max(0, count)) : 0
    }
}
