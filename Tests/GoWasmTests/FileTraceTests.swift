import Foundation
import HostSystem
import LibC
import Testing
import _TestSupport

@testable import GoWasm

@Suite("Traces of what is written, and of files, for js")
struct FileTraceTests {
    /// Does something in a guest that may use all files; returns what the trace of them says.
    private func trace(
        _ level: HostCallTrace.Level = .files, wants: @escaping @Sendable (String, String) -> Bool = { _, _ in true },
        streams: StandardStreams = StandardStreams(), _ body: (FakeGuest) throws -> Void
    ) throws -> [String] {
        nonisolated(unsafe) var calls: [HostCall] = []
        let guest = FakeGuest(
            services: HostServices(files: try FileSystem(.all, streams: streams)),
            trace: HostCallTrace(level: level, wants: wants, report: { calls.append($0) }))
        try body(guest)
        return calls.map(\.description)
    }

    private func bytes(_ guest: FakeGuest, _ text: String) throws -> JSValue {
        let array = try guest.new(guest.global("Uint8Array"), .number(text.utf8.count))
        array.typedArray?.bytes.copyBytes(from: Array(text.utf8))
        return array
    }

    @Test("operations on files have names for what they get and return, and contents")
    func operations() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("file")
        let calls = try trace { guest in
            let fs = try guest.global("fs")
            let done = guest.function { _ in .undefined }
            func run(_ method: StaticString, _ arguments: JSValue...) throws {
                let function = try guest.realm.callable(guest.realm.get(fs, guest.realm.key(method)), method)
                _ = try guest.realm.call(function, this: fs, values: ContiguousArray(arguments + [done]))
                try guest.host.runEventLoop()
            }
            let name = guest.string(path)
            try run("open", name, .number(Int(O_WRONLY | O_CREAT | O_TRUNC)), .number(0o600))
            try run("write", .number(3), bytes(guest, "(\"text\"\n)"), .number(1), .number(7), .null)
            try run("close", .number(3))
            try run("open", name, .number(Int(O_RDONLY)), .number(0))
            try run("read", .number(3), bytes(guest, "........."), .number(2), .number(4), .number(1))
            try run("fstat", .number(3))
            try run("mkdir", guest.string(folder.path("d")), .number(0o700))
            try run("rename", name, guest.string(folder.path("d/f")))
            try run("readdir", guest.string(folder.path("d")))
            try run("unlink", name)
            try guest.call(fs, "closeSync", .number(3))
            #expect(throws: JSFailure.self) { () throws(JSFailure) in try guest.call(fs, "closeSync", .number(99)) }
        }
        #expect(
            calls.map { $0.replacing(folder.url.path, with: "T") } == [
                "fs.open(path=\"T/file\", flags=O_WRONLY|O_CREAT|O_TRUNC, mode=0600) = fd=3",
                #"fs.write(fd=3, buffer="\"text\"\n", length=7, position=null) = n=7"#,
                "fs.close(fd=3)",
                "fs.open(path=\"T/file\", flags=O_RDONLY, mode=00) = fd=3",
                #"fs.read(fd=3, buffer=Uint8Array(9), length=4, position=1) = n=4, buffer="text""#,
                "fs.fstat(fd=3) = mode=0100600, size=7", "fs.mkdir(path=\"T/d\", mode=0700)",
                "fs.rename(oldPath=\"T/file\", newPath=\"T/d/f\")", "fs.readdir(path=\"T/d\") = names=[\"f\"]",
                "fs.unlink(path=\"T/file\") = ENOENT", "fs.closeSync(fd=3)", "fs.closeSync(fd=99) = EBADF",
            ])
    }

    @Test("an operation that has to wait is reported when it ends, before the program hears of it")
    func waiting() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        nonisolated(unsafe) var heard = 0
        let calls = try trace(streams: StandardStreams(input: .descriptor(ends[0]))) { guest in
            let done = guest.function { _ in
                heard += 1
                return .undefined
            }
            try guest.call(
                guest.global("fs"), "read", .number(0), bytes(guest, "...."), .number(0), .number(4), .null, done)
            #expect(write(ends[1], "ab", 2) == 2)
            close(ends[1])
            try guest.host.runEventLoop()
        }
        #expect(heard == 1)
        #expect(calls == [#"fs.read(fd=0, buffer=Uint8Array(4), length=4, position=null) = n=2, buffer="ab""#])
    }

    @Test("numbers that make no sense do no harm")
    func hostileNumbers() throws {
        for (offset, length) in [(-1.0, 4.0), (1e300, 1e300), (2, .infinity), (.nan, -.infinity), (9e15, 1)] {
            let calls = try trace { guest in
                let array = try bytes(guest, "abc")
                _ = try? guest.call(
                    guest.global("fs"), "writeSync", .number(1), array, .number(offset), .number(length), .null)
            }
            #expect(calls.isEmpty)
        }
        let flags = try trace { guest in
            _ = try? guest.call(guest.global("fs"), "openSync", guest.string("/no/such"), .number(1e300), .number(-1))
        }
        #expect(flags.count == 1 && flags[0].hasSuffix("= ENOENT"), "\(flags)")
    }

    @Test("of the imports only those for files are reported, and only operations that are wanted")
    func choice() throws {
        let calls = try trace(wants: { module, name in module != "node" || name == "fs.stat" }) { guest in
            let stack = Int(guest.stackPointer)
            guest.put(.object(guest.realm.global), at: stack + 8)
            guest.put("Array", at: stack + 16)
            try guest.call(.valueGet)
            guest.put(Int64(99), at: stack + 8)
            guest.put(UInt64(8192), at: stack + 16)
            guest.put(Int32(5), at: stack + 24)
            try guest.call(.wasmWrite)
            let done = guest.function { _ in .undefined }
            for method in ["stat", "lstat"] as [StaticString] {
                try guest.call(guest.global("fs"), method, guest.string("/no/such"), done)
            }
        }
        #expect(calls == [#"runtime.wasmWrite(fd=99, p="Array")"#, "fs.stat(path=\"/no/such\") = ENOENT"])
        #expect(try trace(.imports) { try $0.call($0.global("fs"), "statSync", $0.string("/")) } == [])
    }

    @Test("calls of imports show what is written and copied")
    func contents() throws {
        let calls = try trace(.imports) { guest in
            let stack = Int(guest.stackPointer)
            let array = try bytes(guest, "hello")
            for method in ["write", "fill"] {
                let object = guest.realm.makeObject()
                guest.realm.method(object, method == "write" ? "write" : "fill") { _, _, _ in .undefined }
                guest.put(.object(object), at: stack + 8)
                guest.put(method, at: stack + 16)
                guest.put([array], at: stack + 32)
                try guest.call(.valueCall)
            }
            // Into JavaScript's array, and back.
            guest.put(array, at: stack + 8)
            guest.put("HELLO", at: stack + 16)
            guest.put(UInt64(5), at: stack + 32)
            try guest.call(.copyBytesToJS)
            guest.put(UInt64(4096), at: stack + 8)
            guest.put(UInt64(4), at: stack + 16)
            guest.put(UInt64(4), at: stack + 24)
            guest.put(array, at: stack + 32)
            try guest.call(.copyBytesToGo)
        }
        let texts = calls.map { $0.replacing(/#\d+/, with: "#") }
        #expect(
            texts == [
                #"syscall/js.valueCall(v=object#, m="write", args=[Uint8Array(5)# "hello"]) = ref=undefined, ok=true"#,
                #"syscall/js.valueCall(v=object#, m="fill", args=[Uint8Array(5)#]) = ref=undefined, ok=true"#,
                #"syscall/js.copyBytesToJS(dst=Uint8Array(5)#, src="HELLO") = n=5, ok=true"#,
                #"syscall/js.copyBytesToGo(dst=[4 bytes at 4096], src=Uint8Array(5)#) = n=4, ok=true, dst="HELL""#,
            ])
    }
}
