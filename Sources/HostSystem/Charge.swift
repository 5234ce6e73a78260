internal import CHostSystem

/// Bytes that the host keeps for a guest and that count towards its limit of memory.
///
/// They are charged to the account that the thread works for; whoever keeps a charge closes it when what it stands for
/// goes.
package struct Charge {
    private let account: UnsafeMutablePointer<GWAccount>?
    /// How many bytes are charged.
    package private(set) var byteCount: Int

    /// Charges bytes.
    package init(_ byteCount: Int = 0) {
        self.byteCount = byteCount
        account = gw_account_open(byteCount)
    }

    /// Charges what something has grown to or shrunk to.
    package mutating func change(to byteCount: Int) {
        guard byteCount != self.byteCount else { return }
        gw_account_change(account, Int64(byteCount - self.byteCount))
        self.byteCount = byteCount
    }

    /// Charges what a table has grown to or shrunk to, which is going to ask for twice that when it grows next.
    package mutating func resize(to byteCount: Int) {
        guard byteCount != self.byteCount else { return }
        gw_account_resize(account, Int64(byteCount - self.byteCount), UInt64(byteCount))
        self.byteCount = byteCount
    }

    /// Gives everything back.
    package func close() { gw_account_close(account, byteCount) }

    /// Whether so much more may be kept: the limit allows it, and the system has it.
    package static func grants(_ byteCount: Int) -> Bool {
        gw_account_grants(gw_account_current(), UInt64(max(0, byteCount)))
    }
}
