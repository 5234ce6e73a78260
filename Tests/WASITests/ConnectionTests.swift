import HostSystem
import LibC
import Testing

@testable import WASI

@Suite("The extension of WASI for connections")
struct ConnectionTests {
    typealias Errno = Guest.Errno

    private func guest(_ rules: String = "127.0.0.1") throws -> Guest {
        let guest = try Guest(access: HostAccess(network: try #require(NetworkAccess(parsing: rules))))
        // At 8 an address without its family, at 16 room for one, at 24 room for one with it.
        guest.put([127, 0, 0, 1], at: 1024)
        for (place, (buffer, size)) in [(8, (1024, 4)), (16, (1040, 16)), (24, (1060, 128))] {
            guest.put(UInt32(buffer), at: place)
            guest.put(UInt32(size), at: place + 4)
        }
        return guest
    }

    private func open(_ guest: Guest, family: Int64 = 1, type: Int64) throws -> Int64 {
        #expect(try guest.call("sock_open", family, type, 2000) == Errno.success)
        return Int64(guest.get(UInt32.self, at: 2000))
    }

    @Test("both forms of a function say the same")
    func forms() throws {
        let guest = try guest()
        let (one, other) = (try open(guest, type: 1), try open(guest, type: 1))
        #expect(try guest.call("sock_bind", one, 8, 0) == Errno.success)
        #expect(try guest.call("sock_getlocaladdr", one, 24, 2008) == Errno.success)
        #expect(try guest.call("sock_getlocaladdr/4", one, 16, 2004, 2012) == Errno.success)
        let port = guest.get(UInt32.self, at: 2008)
        #expect(port != 0 && port == guest.get(UInt32.self, at: 2012))
        #expect(guest.get(UInt32.self, at: 2004) == 4)
        #expect(guest.get(UInt16.self, at: 1060) == 1)
        #expect(guest.get(UInt32.self, at: 1062) == guest.get(UInt32.self, at: 1040))
        // A message of 3 bytes, received in both forms.
        guest.put(UInt32(3000), at: 32)
        guest.put(UInt32(3), at: 36)
        for name in ["sock_recv_from", "sock_recv_from/7"] {
            guest.put(Array("abc".utf8), at: 3000)
            #expect(try guest.call("sock_send_to", other, 32, 1, 8, Int64(port), 0, 2016) == Errno.success)
            guest.put([0, 0, 0], at: 3000)
            let places: [Int64] = name == "sock_recv_from" ? [2020, 2024, 2028] : [2024, 2028, 0]
            #expect(
                try guest.call(name, one, 32, 1, 24, 0, places[0], places[1], places[2]) == Errno.success)
            #expect(guest.get(UInt32.self, at: 2024) == 3 && guest.text(at: 3000, count: 3) == "abc")
        }
        #expect(guest.get(UInt32.self, at: 2020) != 0)
    }

    @Test("options are a number's length, or the address of one, and others are refused")
    func options() throws {
        let guest = try guest()
        let socket = try open(guest, type: 2)
        #expect(try guest.call("sock_getsockopt", socket, 0, 1, 2004, 4) == Errno.success)
        #expect(guest.get(UInt32.self, at: 2004) == 2)
        guest.put(UInt32(16), at: 2008)
        #expect(try guest.call("sock_getsockopt", socket, 0, 2, 2004, 2008) == Errno.success)
        #expect((guest.get(UInt32.self, at: 2004), guest.get(UInt32.self, at: 2008)) == (0, 4))
        #expect(try guest.call("sock_getsockopt", socket, 0, 2, 2004, 3) == Errno.inval)
        #expect(try guest.call("sock_setsockopt", socket, 0, 2, 2004, 4) == 50)
        #expect(try guest.call("sock_setsockopt", socket, 0, 14, 2004, 4) == 50)
        #expect(try guest.call("sock_setsockopt", 0, 0, 0, 2004, 4) != Errno.success)
    }

    @Test("wrong families, types, sizes and addresses are refused")
    func hostile() throws {
        let guest = try guest()
        #expect(try guest.call("sock_open", 3, 2, 2000) == 5)
        #expect(try guest.call("sock_open", 0, 2, 2000) == 5)
        #expect(try guest.call("sock_open", 257, 2, 2000) == 5)
        #expect(try guest.call("sock_open", 1, 0, 2000) == 67)
        #expect(try guest.call("sock_open", 1, 2, -1) == Errno.fault)
        let socket = try open(guest, type: 2)
        #expect(try guest.call("sock_connect", socket, 8, 65536) == Errno.inval)
        #expect(try guest.call("sock_connect", socket, -1, 1) == Errno.fault)
        guest.put(UInt32(5), at: 12)
        #expect(try guest.call("sock_connect", socket, 8, 1) == Errno.inval)
        guest.put(UInt32.max, at: 12)
        #expect(try guest.call("sock_connect", socket, 8, 1) == Errno.fault)
    }

    @Test("a name is not waited for when all waiting shall end")
    func interruption() throws {
        let files = try FileSystem(HostAccess(network: .all))
        files.waker = Waker()
        files.waker?.interrupt()
        var question = AddressLookup.Question()
        question.host = "localhost"
        #expect(throws: ErrorCode(EINTR)) { _ = try Network(files).lookUp(question) }
    }
}
