internal import CHostSystem
internal import HostSystem
internal import LibC

/// The transfers of one program, all in one libcurl handle: they proceed while the event loop waits.
final class Fetcher {
    private let multi: UnsafeMutableRawPointer
    private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]
    private let proxies = ProxySettings.ofProcess()

    /// Nil where libcurl is missing.
    init?() {
        guard gw_curl_load(), let multi = gw_curl_multi_new() else { return nil }
        self.multi = multi
    }

    deinit {
        for transfer in transfers.values { transfer.detach(from: multi) }
        gw_curl_multi_free(multi)
    }

    /// Whether something may still come from the network by itself.
    var isAlive: Bool { transfers.values.contains { !$0.isPaused } }

    /// Whether there are transfers at all.
    var isEmpty: Bool { transfers.isEmpty }

    func start(_ transfer: Transfer) {
        do throws(FetchFailure) {
            // With a list of hosts every address is looked at before it is connected to; a proxy would connect elsewhere.
            let isRestricted = !transfer.request.network.isEverything
            let proxy = isRestricted ? nil : try proxies.proxy(for: transfer.request.url)
            transfers[try transfer.attach(to: multi, proxy: proxy)] = transfer
        } catch {
            transfer.fail(error)
        }
    }

    /// Ends a transfer without a word.
    func stop(_ transfer: Transfer) {
        guard let easy = transfer.handle, transfers.removeValue(forKey: easy) != nil else { return }
        transfer.detach(from: multi)
    }

    /// Waits for transfers and other descriptors, and does what can be done.
    func wait(with others: inout [pollfd], milliseconds: Int32) {
        others.withUnsafeMutableBufferPointer {
            gw_curl_multi_wait(multi, $0.baseAddress, UInt32($0.count), milliseconds)
        }
        gw_curl_multi_perform(multi)
        var result: Int32 = 0
        while let easy = gw_curl_multi_ended(multi, &result) {
            guard let transfer = transfers.removeValue(forKey: easy) else { continue }
            transfer.end(result)
            transfer.detach(from: multi)
            if transfer.isRedirected { start(transfer) }
        }
    }
}
