package import HostSystem
package import WasmRuntime

/// Why a guest cannot begin where another one was.
package enum WASISnapshotProblem: Error, Hashable, Sendable {
    /// The guest has opened this descriptor, or moved another one there.
    case openDescriptor(Int)
    /// The folders and listening addresses are others than those that the guest knows.
    case otherDescriptors
    /// One of the two clocks is simulated, and the other is the system's.
    case otherClock
}

/// A guest of WASI that was started, with what it has of its host.
package struct WASIGuest {
    /// The module's instance.
    package let instance: Instance
    let host: WASIHost
    /// What it had open at first.
    let started: DescriptorTable
    let arguments: [String]
    let environment: [String: String]

    /// The clocks that the guest sees.
    package var clock: Clock { host.clock }

    /// What the guest is at the moment, for others that begin with it.
    ///
    /// - Throws: ``WASISnapshotProblem``, `SnapshotFailure`.
    package func snapshot() throws -> WASISnapshot {
        let descriptors = try DescriptorSnapshot(host.files.descriptors, startedWith: started)
        return WASISnapshot(
            instance: try instance.snapshot(), descriptors: descriptors, arguments: arguments,
            environment: environment, simulated: host.clock.simulatedMoment)
    }
}

/// A guest between two calls, from which others begin.
package struct WASISnapshot: Sendable {
    /// Its module's instance.
    package let instance: InstanceSnapshot
    let descriptors: DescriptorSnapshot
    let arguments: [String]
    let environment: [String: String]
    /// Where its clocks were; nil where they were the system's.
    let simulated: Clock.SimulatedMoment?

    /// The clock that a guest sees which is given a new one: time never goes back.
    func clock(_ given: Clock) throws(WASISnapshotProblem) -> Clock {
        guard given.isSimulated == (simulated != nil) else { throw .otherClock }
        return simulated.map { Clock(continuing: $0) } ?? given
    }
}

/// What a guest has open, where that is nothing but what it was started with; what it has closed of that, and what it
/// has changed.
struct DescriptorSnapshot: Sendable {
    private struct Entry {
        var preopenName: [UInt8]?
        var isListener: Bool
        /// nil where the guest has closed it.
        var settings: (isNonBlocking: Bool, rights: UInt64, inheritingRights: UInt64)?
    }
    private let entries: [Entry]

    init(_ now: DescriptorTable, startedWith started: DescriptorTable) throws(WASISnapshotProblem) {
        for number in 0..<now.count {
            if let file = now[number], file !== started[number] { throw .openDescriptor(number) }
        }
        entries = (0..<started.count).map { number in
            let file = started[number]
            return Entry(
                preopenName: file?.preopenName, isListener: file?.isListener ?? false,
                settings: now[number].map { ($0.isNonBlocking, $0.rights, $0.inheritingRights) })
        }
    }

    /// Leaves of what a new guest has open what the snapshot has.
    func apply(to files: FileSystem) throws(WASISnapshotProblem) {
        guard files.descriptors.count == entries.count else { throw .otherDescriptors }
        for (number, entry) in entries.enumerated() {
            let file = files.descriptors[number]
            guard file?.preopenName == entry.preopenName, file?.isListener ?? false == entry.isListener else {
                throw .otherDescriptors
            }
            if let settings = entry.settings {
                file?.isNonBlocking = settings.isNonBlocking
                file?.rights = settings.rights
                file?.inheritingRights = settings.inheritingRights
            } else {
                try? files.close(number)
            }
        }
    }
}
