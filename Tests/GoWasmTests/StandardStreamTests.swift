import Foundation
import HostSystem
import Testing
import _TestSupport

@testable import GoWasm

@Suite("Standard input, output and error of a program for js")
struct StandardStreamTests {
    private static func guest(_ streams: StandardStreams) throws -> FakeGuest {
        FakeGuest(services: HostServices(files: try FileSystem(.none, streams: streams)))
    }

    /// The property `code` of what a call throws, or what it returns.
    private static func code(
        _ guest: FakeGuest, _ fs: JSValue, _ name: StaticString, _ arguments: JSValue...
    ) throws -> String {
        let function = try guest.realm.callable(guest.realm.get(fs, guest.realm.key(name)), name)
        do throws(JSFailure) {
            return try guest.text(guest.realm.call(function, this: fs, values: ContiguousArray(arguments)))
        } catch {
            return try guest.text(guest.realm.get(error.value, guest.realm.keys.code))
        }
    }

    @Test("are read, written, looked at, and nothing else is done to them")
    func borrowed() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Data("some text".utf8), to: "file")
        let number = open(path, O_RDWR)
        defer { close(number) }
        fchmod(number, 0o640)
        var times = [timespec(tv_sec: 1000, tv_nsec: 1), timespec(tv_sec: 2000, tv_nsec: 2)]
        futimens(number, &times)
        func describe() -> String {
            var status = stat()
            fstat(number, &status)
            return "\(status.st_mode) \(status.st_uid) \(status.st_size) \(status.st_atim) \(status.st_mtim)"
        }
        let before = describe()
        // A file of the system's, and closures, behind which lies the null device of the whole machine.
        for streams in [
            StandardStreams(input: .descriptor(number), output: .descriptor(number), error: .descriptor(number)),
            StandardStreams(input: .text(""), output: .discarded, error: .discarded),
        ] {
            let guest = try Self.guest(streams)
            let fs = try guest.global("fs")
            for descriptor in [0.0, 1, 2] {
                #expect(try Self.code(guest, fs, "fchmodSync", .number(descriptor), .number(0o777)) == "EPERM")
                let one = JSValue.number(1.0)
                #expect(try Self.code(guest, fs, "fchownSync", .number(descriptor), one, one) == "EPERM")
                #expect(try Self.code(guest, fs, "ftruncateSync", .number(descriptor), .number(0.0)) == "EPERM")
                #expect(try Self.code(guest, fs, "fstatSync", .number(descriptor)) == "[object Object]")
            }
        }
        #expect(describe() == before)

        let guest = try Self.guest(StandardStreams(input: .descriptor(number), output: .descriptor(number)))
        let fs = try guest.global("fs")
        let bytes = try guest.new(guest.global("Uint8Array"), .number(4.0))
        #expect(try Self.code(guest, fs, "readSync", .number(0.0), bytes, .number(0.0), .number(4.0)) == "4")
        #expect(try Self.code(guest, fs, "writeSync", .number(1.0), bytes, .number(0.0), .number(4.0)) == "4")
        #expect(try Self.code(guest, fs, "fsyncSync", .number(1.0)) == "undefined")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "somesomet")
    }

    @Test("that were opened only for the other direction are refused and not waited for")
    func directions() throws {
        var (first, second): ([Int32], [Int32]) = ([0, 0], [0, 0])
        #expect(pipe(&first) == 0 && pipe(&second) == 0)
        defer { for number in first + second { close(number) } }
        for streams in [
            StandardStreams(input: .descriptor(first[1]), output: .descriptor(second[0]), error: .discarded),
            StandardStreams(
                input: .descriptor(open("/dev/null", O_WRONLY)), output: .descriptor(open("/dev/null", O_RDONLY)),
                error: .discarded),
        ] {
            let guest = try Self.guest(streams)
            let fs = try guest.global("fs")
            let bytes = try guest.new(guest.global("Uint8Array"), .number(4.0))
            var codes: [String] = []
            let callback = guest.function { arguments in
                let error = arguments.first ?? .undefined
                codes.append((try? guest.text(guest.realm.get(error, guest.realm.keys.code))) ?? "none")
                return .undefined
            }
            let range = (JSValue.number(0.0), JSValue.number(4.0), JSValue.null)
            for (name, descriptor) in [("read", 0.0), ("write", 1), ("read", 2)] as [(StaticString, Double)] {
                try guest.call(fs, name, .number(descriptor), bytes, range.0, range.1, range.2, callback)
            }
            try guest.host.runEventLoop(onlyReady: true)
            #expect(codes == ["EBADF", "EBADF", "EBADF"])
            #expect(try Self.code(guest, fs, "readSync", .number(0.0), bytes, range.0, range.1) == "EBADF")
            #expect(try Self.code(guest, fs, "writeSync", .number(1.0), bytes, range.0, range.1) == "EBADF")
        }
    }
}
