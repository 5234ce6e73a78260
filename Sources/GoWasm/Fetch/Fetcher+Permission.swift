internal import CHostSystem
internal import HostSystem
internal import LibC

extension FetchRequest {
    /// The host and the port of the URL, with the scheme's port where it names none.
    var destination: (host: String, port: UInt16)? {
        guard let host = url.host, let port = url.effectivePort else { return nil }
        return ("\(host)", port)
    }

    /// Whether the host of the URL may be connected to; its addresses are to be asked about, too.
    var isPermitted: Bool {
        if network.isEverything { return true }
        guard let (host, port) = destination else { return false }
        return network.permits(host: host, port: port)
    }
}

extension Transfer {
    /// Called by libcurl to make the socket for an address that it found for the URL's host: refuses what is not
    /// permitted.
    static let openPermitted: GWCurlOpener = { context, _, given in
        guard let context, let given else { return -1 }
        let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        var storage = sockaddr_storage()
        let count = min(Int(given.pointee.size), MemoryLayout<sockaddr_storage>.size)
        // The structure ends where its address does.
        let start = UnsafeRawPointer(given) + MemoryLayout<GWCurlAddress>.offset(of: \.address)!
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
        }
        guard let address = NetworkAddress(storage), let name = transfer.request.destination?.host,
            transfer.request.network.permits(address, foundFor: name)
        else {
            transfer.wasDenied = true
            return -1
        }
        return socket(given.pointee.family, given.pointee.type, given.pointee.protocol)
    }
}
