import Foundation
import Testing
import _TestSupport

@Suite("Connections of programs for WASI", .enabled(if: Tools.hasExecutable && Tools.hasPrograms))
struct SocketTests {
    private static let builds = GoBuild.all.filter(\.hasWASI)

    private func run(
        _ build: GoBuild, _ options: [String], _ arguments: [String]
    ) throws -> (output: String, errors: String) {
        let finished = try Command(
            executable: Tools.executable, arguments: options + [build.wasi("sockets")] + arguments,
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(0), "\(finished.errorText)")
        return (String(decoding: finished.output, as: UTF8.self), finished.errorText)
    }

    @Test("listeners and clients talk to each other, and to net/http", arguments: builds)
    func talking(_ build: GoBuild) throws {
        let own = try run(build, ["--allow-net=127.0.0.1"], ["self"])
        #expect(
            own.output == String(repeating: "echo true\n", count: 5)
                + """
                deadline true
                type 1 <nil>
                peer Socket is not connected
                unix Address family not supported by protocol family

                """)
        let web = try run(build, ["--allow-net"], ["web"])
        #expect(web.output == "http 200 5 true\nhttp 200 100005 true\nhttp 200 200005 true\n")
    }

    @Test("TCP and UDP reach servers, large transfers and refusals included", arguments: builds)
    func clients(_ build: GoBuild) throws {
        let folder = try TemporaryFolder()
        let script = """
            import socket, subprocess, sys, threading
            tcp, udp, closed = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM), socket.socket()
            udp.bind(("127.0.0.1", 0))
            closed.bind(("127.0.0.1", 0))
            def echo():
                client, _ = tcp.accept()
                while data := client.recv(65536): client.sendall(data)
                client.close()
            def messages():
                while True: udp.sendto(*udp.recvfrom(65536))
            for body in [echo, messages]: threading.Thread(target=body, daemon=True).start()
            names = ["%s:%d" % s.getsockname() for s in (tcp, udp, closed)]
            print(subprocess.run([sys.argv[1], "--allow-net=" + ",".join(names), sys.argv[2], "clients"] + names,
                                 capture_output=True, text=True, timeout=120).stdout, end="")
            """
        let path = try folder.write(Data(script.utf8), to: "servers.py")
        let finished = try Command(
            executable: "/usr/bin/env", arguments: ["python3", path, Tools.executable, build.wasi("sockets")],
            environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { a, _ in a }
        ).run()
        #expect(
            String(decoding: finished.output, as: UTF8.self) == """
                tcp "hello"
                transfer 3145728 true
                udp 0 true false true
                udp 1 true false true
                udp 1400 true false true
                udp 60000 true false true
                cut 10 true <nil>
                connect: Connection refused

                """, "\(finished.errorText)")
    }

    @Test("names are looked up, in numbers too", arguments: builds)
    func names(_ build: GoBuild) throws {
        let found = try run(build, ["--allow-net=localhost"], ["lookup", "127.1", "::1", "localhost"])
        #expect(found.output.hasPrefix("[127.0.0.1:80] <nil>\n[[::1]:80] <nil>\n["))
        #expect(found.output.hasSuffix(":80] <nil>\n"))
    }

    @Test("what is not granted is refused, with one line that says how to grant it", arguments: builds)
    func refused(_ build: GoBuild) throws {
        let without = try run(build, [], ["dial", "127.0.0.1:1", "localhost:1"])
        #expect(
            without.output == """
                127.0.0.1:1 getaddrinfo: Permission denied
                localhost:1 getaddrinfo: Permission denied

                """)
        #expect(
            without.errors == "gowasm-fast: hint: the program may not open connections such as \"127.0.0.1\"; "
                + "the option --allow-net lets it\n")
        let hosts = ["127.1:1", "[::ffff:127.0.0.1]:1", "127.0.0.1:2", "10.0.0.1:1", "example.com:1"]
        let listed = try run(build, ["--allow-net=127.0.0.1:1"], ["dial"] + hosts)
        #expect(
            listed.output == """
                127.1:1 connect: Connection refused
                [::ffff:127.0.0.1]:1 connect: Connection refused
                127.0.0.1:2 connect: Permission denied
                10.0.0.1:1 connect: Permission denied
                example.com:1 getaddrinfo: Permission denied

                """)
        #expect(listed.errors.hasSuffix("\"127.0.0.1:2\"; the list of --allow-net does not name it\n"))
        let others = try run(build, ["--allow-net=127.0.0.1:1"], ["listen", "127.0.0.1:1025", "127.0.0.1:0"])
        #expect(
            others.output == "127.0.0.1:1025 bind: Permission denied\n127.0.0.1:0 listen: Permission denied\n")
        let messages = try run(build, ["--allow-net=127.0.0.1:1"], ["send", "127.0.0.1:1", "127.0.0.1:2"])
        #expect(messages.output == "127.0.0.1:1 <nil>\n127.0.0.1:2 sendto: Permission denied\n")
    }

    @Test("requests of programs for js are bound by the list, redirections included")
    func fetching() throws {
        let build = try #require(GoBuild.newest)
        let finished = try Command(
            executable: Tools.executable,
            arguments: ["--allow-net=127.0.0.1:1,localhost:2", build.probe, "fetch-one", "http://127.0.0.1:3/"],
            environment: Tools.environment
        ).run()
        #expect(finished.end == .exited(3))
        #expect(finished.errorText.contains("the list of --allow-net does not name it"))
        #expect(String(decoding: finished.output, as: UTF8.self).contains("permission denied"))

        let folder = try TemporaryFolder()
        let script = """
            import http.server, subprocess, sys, threading
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(302 if self.path == "/away" else 200)
                    if self.path == "/away": self.send_header("Location", "http://127.0.0.1:%d/" % other.server_port)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                def log_message(self, *_): pass
            one, other = [http.server.HTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
            for server in (one, other): threading.Thread(target=server.serve_forever, daemon=True).start()
            for path in ("/", "/away"):
                print(subprocess.run([sys.argv[1], "--allow-net=127.0.0.1:%d" % one.server_port, sys.argv[2], "fetch-one",
                                      "http://127.0.0.1:%d%s" % (one.server_port, path)],
                                     capture_output=True, text=True, timeout=60).stdout.strip())
            """
        let path = try folder.write(Data(script.utf8), to: "servers.py")
        let redirected = try Command(
            executable: "/usr/bin/env", arguments: ["python3", path, Tools.executable, build.probe],
            environment: Tools.environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { a, _ in a }
        ).run()
        let lines = String(decoding: redirected.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 2, "\(redirected.errorText)")
        #expect(lines.first?.hasPrefix("200 OK") == true)
        #expect(lines.last?.hasSuffix("permission denied") == true)
    }
}
