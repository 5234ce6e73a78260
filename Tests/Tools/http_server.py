#!/usr/bin/env python3
"""The server that the tests of fetch talk to.

Prints its port and one at which nobody listens, and serves until its standard input ends.

usage: http_server.py [CERTIFICATE KEY]

With the files of a certificate and its key it speaks TLS.
"""

import gzip
import http.server
import json
import socket
import ssl
import sys
import threading
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    # What came of the request that was answered early.
    seen = "nothing"
    has_seen = threading.Event()
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def answer(self, status: int, body: bytes, headers: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        for name, value in headers or []:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def handle_any(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        query = urllib.parse.parse_qs(url.query)
        if parts[0] == "early":
            # An answer that leads elsewhere before the request has come.
            self.wfile.write(b"HTTP/1.1 303 See Other\r\nLocation: /seen\r\nContent-Length: 0\r\n\r\n")
            time.sleep(0.2)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts[0] == "early":
            Handler.seen = f"{len(body)} bytes, {len(body) - body.count(b'x')} of them others than x"
            Handler.has_seen.set()
            self.close_connection = True
            return
        match parts[0]:
            case "hello":
                self.answer(200, "Grüße\n".encode(), [
                    ("Content-Type", "text/plain; charset=utf-8"), ("X-Twice", "1"), ("X-Twice", "2"),
                    ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")])
            case "echo":
                text = f"{self.command} {self.path} {self.headers.get('X-Header')} {self.headers.get('X-Many')} " \
                       f"{self.headers.get('Content-Type')} {self.headers.get('Content-Length')} ".encode()
                self.answer(200, text + body, [("X-Method", self.command)])
            case "length":
                self.answer(200, str(self.headers.get("Content-Length")).encode())
            case "seen":
                Handler.has_seen.wait(5)
                self.answer(200, Handler.seen.encode())
            case "empty":
                self.send_response(204)
                self.end_headers()
            case "status":
                self.answer(int(parts[1]), b"body of an error", [("Content-Type", "text/x")])
            case "gzip":
                self.answer(200, gzip.compress(b"squeezed " * 1000), [("Content-Encoding", "gzip")])
            case "bytes":
                self.answer(200, bytes(i & 0xFF for i in range(1000)) * (int(parts[1]) // 1000))
            case "json":
                self.answer(200, json.dumps({"list": [1, None, "ü"]}).encode())
            case "redirect":
                count = int(parts[1])
                target = f"/redirect/{count - 1}" if count > 1 else "/hello"
                self.answer(302, b"elsewhere", [("Location", target)])
            case "to":
                self.answer(int(query["code"][0]), b"elsewhere", [("Location", "../echo?moved=1")])
            case "drip":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in (b"first ", b"second ", b"third"):
                    self.chunk(piece)
                    time.sleep(0.5)
                self.chunk(b"")
            case "broken":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"short")
                self.close_connection = True
            case "never":
                time.sleep(5)
                self.close_connection = True
            case "endless":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    while True:
                        self.chunk(b"x" * 65536)
                except OSError:
                    self.close_connection = True
            case _:
                self.answer(404, b"no such page")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: object) -> None:
        pass  # clients that go away are part of the tests


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        print(server.server_port, unused.getsockname()[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
