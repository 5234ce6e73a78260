import CHostSystem
import Testing

@Suite("The account of what the host keeps for a guest")
struct AccountTests {
    @Test("the system is asked again after each step upwards, also from below where it was asked before")
    func steps() throws {
        let account = try #require(gw_account_create(.max))
        defer { gw_account_release(account) }
        let step = gw_account_step(account)
        /// Where it will be asked next, when so many bytes are kept.
        func checkpoint(keeping bytes: UInt64) -> UInt64 {
            account.pointee.kept = bytes
            #expect(!gw_account_must_end(account))
            return account.pointee.checkpoint
        }
        #expect(checkpoint(keeping: step) == step)
        #expect(checkpoint(keeping: step + 1) == 2 * step + 1)
        #expect(checkpoint(keeping: 100 * step) == 101 * step)
        #expect(checkpoint(keeping: 100 * step) == 101 * step)
        // What was given back may lie where nothing large has room.
        #expect(checkpoint(keeping: 3 * step) == 4 * step)
        #expect(checkpoint(keeping: 0) == step)
    }

    @Test("the limit is where it is asked at last")
    func limit() throws {
        let account = try #require(gw_account_create(1000))
        defer { gw_account_release(account) }
        account.pointee.kept = 1000
        #expect(!gw_account_must_end(account) && account.pointee.checkpoint == 1000)
        account.pointee.kept = 1001
        #expect(gw_account_must_end(account))
        account.pointee.kept = 0
        #expect(!gw_account_must_end(account))
    }
}
