import HostSystem
import Testing

@Suite("What of the network was granted")
struct NetworkAccessTests {
    private func address(_ host: String, _ port: UInt16 = 80) throws -> NetworkAddress {
        try #require(NetworkAddress(numericHost: host, port: port))
    }

    @Test(
        "texts that are no rules",
        arguments: [
            "", ",", "a,", "a:", "a:0", "a:65536", "a:+1", "a:b", ":80", "http://a", "a b", "*.a", "[::1", "[a]:1",
            "[::1]80", "10.0.0.0/33", "[fd00::]/8", "10.0.0.0/", "a/8",
        ])
    func malformed(text: String) { #expect(NetworkAccess(parsing: text) == nil) }

    @Test("rules name hosts, ports and addresses that begin alike")
    func rules() throws {
        let access = try #require(NetworkAccess(parsing: "Example.com:443,10.0.0.0/9,[fd00::/8]:1,*:53,db"))
        #expect(access.permits(host: "example.COM.", port: 443) && !access.permits(host: "example.com", port: 444))
        #expect(!access.permits(host: "a.example.com", port: 443))
        #expect(access.permits(host: "db", port: 1) && access.permits(host: "anything", port: 53))
        #expect(access.permits(host: "10.127.255.255", port: 9) && !access.permits(host: "10.128.0.0", port: 9))
        #expect(access.permits(host: "[fdff::1]", port: 1) && !access.permits(host: "[fe00::1]", port: 1))
        #expect(!access.isEverything && !access.isNothing)
        #expect(NetworkAccess(parsing: "*")?.isEverything == true)
    }

    @Test(
        "an address is the same in every spelling",
        arguments: [
            "127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
            "0.0.0.0",
            "localhost", "LOCALHOST.",
        ])
    func spellings(host: String) throws {
        #expect(try #require(NetworkAccess(parsing: "127.0.0.1:80")).permits(host: host, port: 80))
        #expect(try #require(NetworkAccess(parsing: "localhost:80")).permits(host: host, port: 80))
        #expect(try !#require(NetworkAccess(parsing: "127.0.0.1:81,10.0.0.0/8,a")).permits(host: host, port: 80))
    }

    @Test("a name gives the addresses that it has, but none of this host, its link or of groups")
    func rebinding() throws {
        let access = try #require(NetworkAccess(parsing: "example.com:80"))
        #expect(access.permits(try address("93.184.216.34"), foundFor: "example.com"))
        #expect(access.permits(try address("10.0.0.1"), foundFor: "EXAMPLE.com."))
        #expect(!access.permits(try address("93.184.216.34")))
        #expect(!access.permits(try address("93.184.216.34"), foundFor: "other.com"))
        #expect(!access.permits(try address("93.184.216.34", 81), foundFor: "example.com"))
        for host in [
            "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::1", "::",
            "fe80::1",
            "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b::127.0.0.1",
        ] {
            #expect(!access.permits(try address(host), foundFor: "example.com"), "\(host)")
        }
        #expect(access.permits(try address("64:ff9b::93.184.216.34"), foundFor: "example.com"))
        #expect(access.permitsLookup(of: "example.com") && !access.permitsLookup(of: "other.com"))
    }

    @Test("listening needs a rule for the address itself")
    func listening() throws {
        let access = try #require(NetworkAccess(parsing: "127.0.0.1:80,[::1]"))
        #expect(access.permitsListening(on: try address("127.0.0.1")))
        #expect(!access.permitsListening(on: try address("0.0.0.0")))
        #expect(!access.permitsListening(on: try address("127.0.0.1", 0)))
        #expect(access.permitsListening(on: try address("::1", 1234)))
    }
}
