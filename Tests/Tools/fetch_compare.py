#!/usr/bin/env python3
"""Compares what fetch sends and returns here and on Node, byte for byte.

A Go program makes requests with fetch and with net/http, to servers on this machine that record what arrives and answer
with bytes that the case says. Beside fixed cases there are random ones, which follow from a seed:

    fetch_compare.py --executable gowasm-fast --wasm probe.wasm --node NODE --scripts GOROOT/lib/wasm --seed 1 --count 1000

--record FILE writes what Node does to a file, with which --check FILE compares later without Node. --record-urls FILE
writes how Node parses random URLs.

Made equal before comparing, as it means the same: the value of user-agent, the letters of the header Host, a space behind
the colon of an empty header; the order of the headers of net/http, which has them in a map.

Not compared, as Node does otherwise than the standards say: it leaves out the "?" of "/?#", takes the words behind the
status for UTF-8, refuses an answer 100 that it has not asked for, and shows headers of opaque answers. Lengths that are not the body's it notices only
after it has begun to send.
"""

import argparse
import gzip
import json
import pathlib
import random
import re
import socket
import subprocess
import sys
import threading
import zlib

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BROTLI = bytes.fromhex("0b058062726f746c69207465787403")
ZSTD = bytes.fromhex("28b52ffd20094900007a7374642074657874")


class Server:
    """Listens at a port of its own, records requests, and answers them one after another."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.requests: list[bytes] = []
        # At two addresses, so that there are two origins.
        self.listeners = self.listen()
        self.port = self.listeners[0].getsockname()[1]
        for listener in self.listeners:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    @staticmethod
    def listen() -> list[socket.socket]:
        while True:
            first = socket.create_server(("127.0.0.1", 0))
            try:
                return [first, socket.create_server(("127.0.0.2", first.getsockname()[1]))]
            except OSError:
                first.close()  # the port is used there

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            buffer = b""
            try:
                while request := self.read(connection, buffer):
                    request, buffer = request
                    place = len(self.requests)
                    self.requests.append(request)
                    answer = self.answers[min(place, len(self.answers) - 1)]
                    connection.sendall(answer.replace(b"{PORT}", b"%d" % self.port))
                    if b"\r\ncontent-length:" not in answer.lower() and b"chunked" not in answer.lower():
                        return
            except OSError:
                pass

    @staticmethod
    def read(connection: socket.socket, buffer: bytes) -> tuple[bytes, bytes] | None:
        """One request with its body, and what came behind it."""
        while b"\r\n\r\n" not in buffer:
            piece = connection.recv(65536)
            if not piece:
                return (buffer, b"") if buffer else None
            buffer += piece
        head, _, rest = buffer.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        needed = int(length[1]) if length else 0
        while len(rest) < needed:
            piece = connection.recv(65536)
            if not piece:
                break
            rest += piece
        if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
            while not rest.endswith(b"0\r\n\r\n"):
                rest += connection.recv(65536)
            needed = len(rest)
        # What is sent beyond the body (a second request, for example) would come with it.
        connection.setblocking(False)
        try:
            rest += connection.recv(65536)
        except BlockingIOError:
            pass
        connection.settimeout(10)
        return head + b"\r\n\r\n" + rest, b""

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()


def answer(status: str, body: bytes = b"", *headers: tuple[str, str], length: bool = True) -> str:
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    if length:
        head += f"content-length: {len(body)}\r\n"
    return (head.encode("latin-1") + b"\r\n" + body).hex()


def case(url: str = "http://127.0.0.1:{PORT}/", answers: list[str] | None = None, body: bytes | str | None = None,
         **options: object) -> dict:
    if isinstance(body, str):
        options["body"], body = body, None
    return {"Kind": "js", "URL": url, "Options": options, "Bytes": None if body is None else body.hex(),
            "answers": answers or [OK.hex()]}


def go_case(method: str = "GET", headers: list[tuple[str, str]] = [], body: bytes | None = None,
            url: str = "http://127.0.0.1:{PORT}/", answers: list[str] | None = None) -> dict:
    return {"Kind": "go", "URL": url, "Method": method, "Headers": headers,
            "Bytes": None if body is None else body.hex(), "answers": answers or [OK.hex()]}


FRAMING = [
    ("Content-Length", "3"), ("Content-Length", "1"), ("Content-Length", "30"), ("content-length", "0"),
    ("Content-Length", "x"), ("Content-Length", "3, 3"), ("Content-Length", "+3"), ("Content-Length", ""),
    ("Content-Length", "99999999999999999999"), ("Transfer-Encoding", "chunked"), ("transfer-encoding", "identity"),
    ("Transfer-Encoding", ""), ("Host", "elsewhere"), ("host", ""), ("Expect", "100-continue"), ("expect", ""),
    ("Upgrade", "h2c"), ("Keep-Alive", "timeout=5"), ("Connection", "close"), ("Connection", "keep-alive"),
    ("Connection", "upgrade, Close"), ("Connection", "a b"), ("connection", ""), ("Proxy-Connection", "keep-alive"),
    ("TE", "trailers"), ("Trailer", "x"), ("Via", "1.1 x"), ("Date", "now"), ("DNT", "1"), ("Origin", "http://x"),
    ("Referer", "http://x/"), ("Cookie", "a=b"), ("Cookie2", "x"), ("Set-Cookie", "a=b"), ("Accept-Charset", "x"),
    ("Accept-Encoding", "br"), ("Access-Control-Request-Method", "x"), ("Proxy-Authorization", "x"), ("Sec-X", "1"),
    ("Sec-Fetch-Mode", "navigate"), ("Authorization", "Basic eDp5"), ("User-Agent", "mine"), ("Accept", "x/y"),
    ("Accept-Language", "de"), ("Content-Type", "a/b"), ("Range", "bytes=0-1"), ("If-None-Match", "x"),
    ("X-Http-Method-Override", "TRACE"),
]
METHODS = ["GET", "get", "gEt", "HEAD", "head", "POST", "post", "PUT", "pUt", "DELETE", "delete", "OPTIONS", "options",
           "PATCH", "patch", "QUERY", "PROPFIND", "CONNECT", "connect", "TRACE", "TrAcE", "TRACK", "track", "CHICKEN",
           "chicken", "a b", "", "GET\r\n", "G\u00cbT", "G\u20ac", "!#$%&'*+-.^_`|~"]
VALUES = ["value", "", " value\t", "a, b", "\u00fc\u00df\u00ff", "\u0080", "\u0100", "\u20ac", "a\r\nb: c", "a\nb", "a\0b",
          "\x0b", "\x7f", "\x01", "\ud800", "\U0001f600", "\t", "a\tb", ":", ";", "\"quoted\"", "x" * 300]
NAMES = ["x-name", "X-Name", "X_NAME", "a b", "", "n:", "\u00fc", "\u0100", "x\r\n", "!#$%&'*+-.^_`|~", "7", "12", "00"]
PATHS = ["", "/", "/a b", "/%20", "/%zz", "/%e4%B8", "/\"quotes\"", "/'", "/<>`{}^|\\", "/\u00fc", "/\u20ac\U0001f600",
         "/\ud800x", "/a/../b", "/a/./b/", "/%2e%2E/x", "/..", "//a//b", "/a\tb\nc", "/x?y z", "/?'\"<>`{}|^\\", "/?",
         "/#f", "/?a#b c", "?q", "#h", "/[]", "/;=@:&+$,!*()", "/\x7f\x01", "\\a\\b", "/a?\u00fc\u20ac", "/%", "/?%2", "/:80"]
AUTHORITIES = ["127.0.0.1:{PORT}", "127.1:{PORT}", "0x7f.1:{PORT}", "2130706433:{PORT}", "0177.0.0.1:{PORT}",
               "127.0.0.1.:{PORT}", "%31%32%37.0.0.1:{PORT}", "\uff11\uff12\uff17.0.0.1:{PORT}", "127.0.0.1:0{PORT}",
               "127.0.0.256:{PORT}", "127.0.0.1.1:{PORT}", "[::1", "[::g]:{PORT}", "a b:{PORT}", "a%00b:{PORT}", "a^b:{PORT}",
               "127.0.0.1:65536", "127.0.0.1:9", "127.0.0.1:25", "127.0.0.1:6000", "127.0.0.1:x", "user@127.0.0.1:{PORT}",
               "user:password@127.0.0.1:{PORT}", ":password@127.0.0.1:{PORT}", "@127.0.0.1:{PORT}", ":@127.0.0.1:{PORT}"]
SCHEMES = ["http://", "HTTP://", "http:", "http:/", "http:\\\\", " http:///", "ftp://", "file://", "about:", "blob:", "x:",
           "ws://", "javascript:", "", "//", "ht\ntp://"]
DATA = ["data:,text", "data:,", "data:", "data:text/html,<b>", "data:text/html;charset=utf-8,%C3%BC\u00fc", "data:;base64,aGk=",
        "data:;base64,aGk", "data:;base64,a", "data:;base64,a=b", "data:;BASE64 ,aGk=", "data:text/plain; base64 ,aGk=",
        "data:x,y#z", "data:x/y;a=\"b;c\\\"\";d=e;a=f,z", "data:image/png;x,", "data: ,a b ", "data:;x=y,?q", "data:,a%00%zz%",
        "data:TEXT/HTML;Charset=\"\",x", "data:text/html ;a=b ,x", "data:/x,y", "data:;base64;,aGk=", "data:,a\nb"]
LOCATIONS = ["/next", "next?a b", "", "?q", "#f", "//127.0.0.1:{PORT}/x", "http://127.0.0.1:{PORT}/a b\"'", "data:,x",
             "file:///etc/passwd", "ftp://127.0.0.1/", "javascript:x", "about:blank", "http://[", "http://127.0.0.1:9/",
             "http://a:b@127.0.0.1:{PORT}/", "http://localhost:25/", "/%ff\u00fc", "/\u00c3\u00bc", "\\x\\y", "/../..", "x:y"]
STATUS = ["301 Moved", "302 Found", "303 See", "307 Again", "308 Ever", "300 Many", "304 Same", "305 Proxy"]
CHOICES = {
    "mode": ["cors", "same-origin", "no-cors", "navigate", "nonsense", "CORS", ""],
    "credentials": ["omit", "same-origin", "include", "nonsense", "Omit"],
    "cache": ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached", "nonsense"],
    "redirect": ["follow", "manual", "error", "nonsense", "FOLLOW"],
    "referrerPolicy": ["", "no-referrer", "unsafe-url", "nonsense"],
    "duplex": ["half", "full"], "priority": ["high", "auto", "nonsense"], "window": [None, "x", 5],
    "referrer": ["", "about:client", "http://["], "keepalive": [True, "x"], "signal": [None, 5],
}
ANSWERS = [
    answer("200 OK", b"ok"), answer("204 No Content", length=False), answer("204 No Content"),
    answer("205 Reset Content", b"body"), answer("304 Not Modified", length=False), answer("404 Not", b"x"),
    answer("200", b""), answer("200 OK", b"x", ("X-Latin", "\u00fc\u00ff\u0080"), ("x-latin", "two"), ("x-empty", "")),
    answer("200 OK", b"no gzip", ("Content-Encoding", "gzip")), answer("200 OK", b"x", ("Set-Cookie", "a=b"), ("set-cookie", "c=d")),
    answer("200 OK", b"plain", ("Content-Encoding", "unknown")),
    answer("200 OK", b"plain", ("Content-Encoding", "gzip, unknown")),
    answer("200 OK", b"plain", ("Content-Encoding", "identity")), answer("200 OK", b"", ("Content-Encoding", "gzip")),
    answer("200 OK", gzip.compress(b"text" * 50, mtime=0), ("Content-Encoding", "GZip")),
    answer("200 OK", gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), ("Content-Encoding", "x-gzip")),
    answer("200 OK", gzip.compress(b"text" * 50, mtime=0)[:-12], ("Content-Encoding", "gzip")),
    answer("200 OK", zlib.compress(b"zlib" * 9), ("Content-Encoding", "deflate")),
    answer("200 OK", zlib.compress(b"raw" * 9)[2:-4], ("Content-Encoding", "deflate")),
    answer("200 OK", zlib.compress(gzip.compress(b"twice", mtime=0)), ("Content-Encoding", "gzip, deflate")),
    answer("200 OK", b"x", ("Content-Encoding", "a,b,c,d,e,f")),
    answer("200 OK", BROTLI, ("Content-Encoding", "br")), answer("200 OK", ZSTD, ("Content-Encoding", "zstd")),
    (b"HTTP/1.1 103 Early\r\nx: y\r\n\r\n" + OK).hex(),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-trailer: y\r\n\r\n").hex(),
    (b"HTTP/1.1 200 OK\r\nbad header: x\r\ncontent-length: 0\r\n\r\n").hex(),
    answer("200 OK", b"", ("x-long", "y" * 20000)), (b"HTTP/1.1 200 OK\r\n\r\nuntil the end").hex(),
    (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n").hex(),
]


def fixed_cases() -> list[dict]:
    cases = [case(), case(method="POST", body="text \u00fc\ud800"), case(method="POST"), case(method="PUT", body=""),
             case(method="PATCH"), case(method="PATCH", body=""), case(method="DELETE", body="x"), case(body="x")]
    for header in FRAMING:
        cases += [case(headers=[header]), case(method="POST", headers=[header], body=b"abc")]
        if header[0] not in ("Host", "host", "User-Agent"):
            cases.append(go_case("POST", [header], b"abc"))
    cases += [case(method=method) for method in METHODS] + [go_case(method) for method in METHODS[:24]]
    cases += [case(headers=[("x-name", value)]) for value in VALUES]
    cases += [case(headers={"x-name": value}) for value in VALUES]
    cases += [go_case(headers=[("X-Name", value)]) for value in VALUES]
    cases += [case(headers=[(name, "value")]) for name in NAMES]
    cases += [case(headers=headers) for headers in (5, "x", None, [["a"]], [["a", "b", "c"]], [], {}, [5], {"a": 1},
                                                    [("a", "1"), ("A", "2"), ("b", ""), ("a", "3")],
                                                    [("cookie", "a"), ("Cookie", "b")], {"b": "", "2": "x", "1": "y"})]
    cases += [case("http://127.0.0.1:{PORT}" + path) for path in PATHS]
    cases += [case("http://" + authority + "/x") for authority in AUTHORITIES]
    cases += [case(scheme + "127.0.0.1:{PORT}/x") for scheme in SCHEMES] + [case(url) for url in DATA]
    cases += [case(url, method="HEAD") for url in DATA[:1]]
    for name, choices in CHOICES.items():
        cases += [case(**{name: choice}) for choice in choices]
    cases += [case(mode="same-origin", cache="only-if-cached"), case(mode="no-cors", method="PUT")]
    for location in LOCATIONS:
        cases.append(case("http://127.0.0.1:{PORT}/a/b?c#d", [answer(STATUS[1], b"moved", ("Location", location)), OK.hex()]))
    headers = [("Authorization", "x"), ("Cookie", "y"), ("Content-Type", "z"), ("Content-Language", "l"), ("X", "1")]
    for status in STATUS:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            body = b"abc" if method in ("POST", "PUT") else None
            cases.append(case(answers=[answer(status, b"", ("Location", "/next")), OK.hex()], method=method, headers=headers,
                              body=body))
        for mode in ("manual", "error"):
            cases.append(case(answers=[answer(status, b"b", ("Location", "/next")), OK.hex()], redirect=mode))
        cases.append(case(answers=[answer(status, b"b")]))
        # Another origin: the same server under another name.
        for mode in ("cors", "same-origin"):
            cases.append(case(
                answers=[answer(status, b"", ("Location", "http://127.0.0.2:{PORT}/next")), OK.hex()], headers=headers,
                mode=mode))
    cases.append(case(answers=[answer(STATUS[1], b"", ("Location", "/again"))]))
    cases += [case(answers=[text]) for text in ANSWERS] + [case(answers=[text], method="HEAD") for text in ANSWERS[:4]]
    cases += [go_case(answers=[text]) for text in ANSWERS]
    return cases


def random_text(random: random.Random) -> str:
    alphabet = "ab/.:?#%@[]\\ \t\"'<>`{}|^~&=+$,;!*()-_\u00fc\u00df\u20ac\u4e2d\U0001f600\x00\x1f\x7f0123456789xA\ud83d"
    return "".join(random.choice(alphabet) for _ in range(random.randrange(12)))


def random_url(random: random.Random) -> str:
    scheme = random.choice(SCHEMES) if random.random() < 0.2 else "http://"
    authority = random.choice(AUTHORITIES) if random.random() < 0.3 else "127.0.0.1:{PORT}"
    path = random.choice(PATHS) if random.random() < 0.5 else "/" + random_text(random)
    return scheme + authority + path + (random_text(random) if random.random() < 0.3 else "")


def random_headers(random: random.Random) -> list[tuple[str, str]]:
    headers = []
    for _ in range(random.randrange(5)):
        kind = random.random()
        if kind < 0.25:
            headers.append(random.choice(FRAMING))
        elif kind < 0.9:
            name = random.choice(["x-a", "X-B", "x-c", "X-A", "Cookie", "accept", "cache-control", "3"])
            headers.append((name, "".join(chr(random.choice([random.randrange(33, 127), random.randrange(128, 256)]))
                                          for _ in range(random.randrange(9)))))
        else:
            headers.append((random.choice(NAMES), random.choice(VALUES)))
    return headers


def random_case(random: random.Random) -> dict:
    method = random.choice(METHODS[:17] + ["POST"] * 8 + ["GET"] * 12)
    body = None
    if method.upper() not in ("GET", "HEAD") or random.random() < 0.05:
        body = random.choice([None, b"", b"abc", bytes(random.randrange(256) for _ in range(random.randrange(300)))])
    answers = []
    while random.random() < 0.3 and len(answers) < 3:
        status = random.choice(STATUS)
        # Never to another machine, as with two slashes.
        location = random.choice(LOCATIONS) if random.random() < 0.6 else "/p" + random_text(random)
        location = location.encode("utf-8", "replace").decode("latin-1")
        location = re.sub("[\0-\x1f\x7f]", "", location).strip()
        answers.append(answer(status, b"b" * random.randrange(3), ("Location", location)))
    answers.append(random.choice(ANSWERS[:-7]))
    headers = random_headers(random)
    if random.random() < 0.25:
        return go_case(random.choice(["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH"]),
                       [pair for pair in headers if pair[0] not in ("Host", "host", "User-Agent")], body, answers=answers)
    options: dict = {"method": method, "headers": headers}
    for name, choices in CHOICES.items():
        if random.random() < 0.06:
            options[name] = random.choice(choices)
    url = random.choice(DATA) if random.random() < 0.05 else random_url(random)
    return case(url, answers, body, **options)


class Engine:
    """A command that runs the program, and what it is given."""

    def __init__(self, arguments: list[str], executable: str | None = None) -> None:
        self.arguments = arguments
        self.executable = executable

    def run(self, cases: list[dict]) -> list[dict]:
        servers = [Server([bytes.fromhex(text) for text in item["answers"]]) for item in cases]
        lines = []
        for number, (item, server) in enumerate(zip(cases, servers)):
            text = json.dumps(item | {"ID": number}).replace("{PORT}", str(server.port))
            lines.append(text)
        done = subprocess.run(self.arguments, executable=self.executable, input="\n".join(lines).encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=1200)
        if done.returncode != 0:
            sys.exit(f"{self.arguments}: exit code {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
        results = {}
        for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
            number, _, text = line.partition(" ")
            # Go's script writes other lines about panics.
            if number.isdecimal():
                results[int(number)] = text
        for server in servers:
            server.close()
        return [{"requests": [normalized_request(request, server.port, item["Kind"] == "go")
                              for request in server.requests],
                 "result": results.get(number, "no result").replace(str(server.port), "{PORT}")}
                for number, (item, server) in enumerate(zip(cases, servers))]


def normalized_request(request: bytes, port: int, sorts: bool) -> str:
    head, separator, body = request.replace(b"%d" % port, b"{PORT}").partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = []
    for line in lines[1:]:
        line = re.sub("^Host: ", "host: ", line)
        line = re.sub("^user-agent: (node|gowasm-fast)$", "user-agent: NAME", line)
        headers.append(re.sub("^([^: ]+):$", r"\1: ", line))
    if sorts:
        headers.sort()
    return "\r\n".join(lines[:1] + headers) + (separator + body).decode("latin-1")


def same(case: dict, expected: dict, found: dict) -> bool:
    if expected == found:
        return True
    # Node notices after it has begun to send that a body has another length than was said; here nothing is sent.
    mismatch = "RequestContentLengthMismatchError"
    if mismatch in found["result"] and not found["requests"]:
        return mismatch in expected["result"] or expected["result"] == "no answer" or "chunked" in "".join(expected["requests"])
    # Which of several wrong headers net/http meets first, its map decides.
    if case["Kind"] == "go" and expected["result"].startswith("panic ") and found["result"].startswith("panic "):
        return not found["requests"] and not expected["requests"]
    # Node reads options under no name, and says so.
    if not found["requests"] and not expected["requests"]:
        return expected["result"] == found["result"].replace("TypeError: RequestInit: ", "TypeError: undefined: ") \
            or " is not iterable" in expected["result"] and " is not iterable" in found["result"]
    return False


def report(case: dict, expected: dict, found: dict) -> None:
    print("differs:", json.dumps(case))
    for name in ("requests", "result"):
        if expected[name] != found[name]:
            print(f"  {name} expected: {json.dumps(expected[name])[:3000]}")
            print(f"  {name} found:    {json.dumps(found[name])[:3000]}")


URL_PARSER = """
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
for (const line of lines) {
  const [input, base] = JSON.parse(line);
  let href = null;
  try { href = base === null ? new URL(input).href : new URL(input, base).href; } catch {}
  // As the parser sees it: with other characters instead of surrogates that lack their partner.
  console.log(JSON.stringify([input.toWellFormed(), base, href]));
}
"""


def record_urls(node: str, path: str, seed: int, count: int) -> None:
    generator = random.Random(seed)
    bases = [None, None, "http://host:81/a/b;c?d#e", "https://user@host/", "file:///C:/x/y", "file://server/share/x", "x:opaque",
             "x://host/a/b", "x:/a/b", "http://[2001:db8::1]/"]
    starts = ["http://", "https://", "HTTP:", "ftp:", "file:", "file:///", "file://h", "ws:", "x:", "x://", "x:/", "", "", "",
              "//", "/", "?", "#", "\\", "..", "./", "mailto:", "C|/", "/C:/.."]
    hosts = ["", "host", "HOST.example", "a.b.", "1.2.3.4", "1.2.3", "0x.0x", "1.2.3.4.5", "256", "4294967296", "08.1", "0x100.1",
             "[::1]", "[1::2:3]", "[1:2:3:4:5:6:7:8]", "[::1.2.3.4]", "[1:0:0:2:0:0:0:3]", "[::1.2.3]", "[1:2]", "[::%31]", "b\u00fccher",
             "B\u00dcCHER.example", "fa\u00df.de", "\uff41.b", "xn--bcher-kva", "a%41b", "a b", "a_b", "a<b", "user@h",
             "u:p@h", "u:p:q@@h", "h:80", "h:443", "h:0", "h:65535", "h:65536", "h:", "h:1a", ":80", "localhost", "a\u00adb", "1.2.3.4.", "%"]
    lines = []
    for _ in range(count):
        text = generator.choice(starts)
        if generator.random() < 0.6:
            text += generator.choice(hosts)
        for _ in range(generator.randrange(4)):
            text += generator.choice(PATHS) if generator.random() < 0.5 else random_text(generator)
        lines.append(json.dumps([text, generator.choice(bases)]))
    done = subprocess.run([node, "-e", URL_PARSER], input="\n".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    # Where Node does otherwise than the standard says: a fragment makes it take any reference to an opaque path, and it
    # takes what begins as a drive letter for one.
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    kept = [row for row in rows if not (row[1] == "x:opaque" and "#" in row[0].strip()[1:])
            and not ("u:p@" in row[0] and str(row[1]).startswith("file:") and "%2e" in row[0].lower())]
    pathlib.Path(path).write_text("".join(json.dumps(row) + "\n" for row in kept))
    print(f"{len(kept)} of {count} URLs from the seed {seed} are in {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executable", help="gowasm-fast")
    parser.add_argument("--wasm", help="the program, tests' probe.wasm")
    parser.add_argument("--node", help="Node 24")
    parser.add_argument("--scripts", help="the folder of wasm_exec_node.js of the Go that built the program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000, help="of random cases, beside the fixed ones")
    parser.add_argument("--record", help="write what Node does to this file")
    parser.add_argument("--record-urls", help="write how Node parses URLs to this file")
    parser.add_argument("--check", help="compare with what is in this file")
    options = parser.parse_args()
    if options.record_urls:
        return record_urls(options.node, options.record_urls, options.seed, options.count)

    here = Engine([options.executable or "", "--allow-net", options.wasm, "fetch-cases"])
    # Go's net/http uses fetch only where the command is not called node.
    # A body that cannot be decoded would end Node.
    node = Engine(["engine", "--unhandled-rejections=warn", f"{options.scripts}/wasm_exec_node.js", options.wasm, "fetch-cases"], options.node)
    if options.check:
        rows = [json.loads(line) for line in pathlib.Path(options.check).read_text().splitlines()]
        cases, expected = [row["case"] for row in rows], [row["expected"] for row in rows]
        batches = [(cases, expected)]
    else:
        generator = random.Random(options.seed)
        cases = fixed_cases() + [random_case(generator) for _ in range(options.count)]
        batches = [(cases[start:start + 300], None) for start in range(0, len(cases), 300)]
    if options.record:
        with open(options.record, "w") as file:
            for cases, _ in batches:
                for item, expected in zip(cases, node.run(cases)):
                    file.write(json.dumps({"case": item, "expected": expected}) + "\n")
        print(f"recorded in {options.record}")
        return
    different = total = 0
    for cases, expected in batches:
        expected = expected or node.run(cases)
        for item, want, got in zip(cases, expected, here.run(cases)):
            total += 1
            if not same(item, want, got):
                different += 1
                report(item, want, got)
    print(f"{total} cases (seed {options.seed}), {different} differ")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
