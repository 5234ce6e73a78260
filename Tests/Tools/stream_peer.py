"""Runs a program with somebody at the other end of one of its streams, who is slow, fast, or gone.

usage: stream_peer.py FOLDER read|write pipe|file|socket slow|fast|closed COMMAND...

The word @ of the command becomes - for a pipe or socket, which is standard input or standard output, and otherwise the
path of a named pipe in FOLDER. Prints what the program did: how it ended, what came out of it, and what it said on
standard error; the last line has its processor seconds.
"""
import hashlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

folder, direction, stream, pace = sys.argv[1:5]
fifo = os.path.join(folder, "fifo")
if stream == "file":
    os.mkfifo(fifo)
command = [fifo if word == "@" else word for word in sys.argv[5:]] if stream == "file" else [
    "-" if word == "@" else word for word in sys.argv[5:]]


def feed(write, close):
    """Gives the program lines to read."""
    if pace == "slow":
        for number in range(6):
            write(b"line %d\n" % number)
            time.sleep(0.1)
    elif pace == "fast":
        write(b"".join(b"line %d\n" % number for number in range(20000)))
    close()


def drain(read, close):
    """Takes what the program writes; returns it."""
    taken = b""
    if pace == "closed":
        close()
        return b""
    if pace == "slow":
        # By then the program waits, also in a build that is not optimised.
        time.sleep(0.8)
    while part := read(40000):
        taken += part
        if pace == "slow":
            time.sleep(0.03)
    return taken


signal.signal(signal.SIGPIPE, signal.SIG_IGN)
restored = lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL)
options = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=restored)
ours = theirs = None
if stream == "socket":
    ours, theirs = socket.socketpair()
    if direction == "write" and pace == "closed":
        # Before anything is written: unread bytes would make it another error (ECONNRESET).
        ours.shutdown(socket.SHUT_RD)
    options["stdin" if direction == "read" else "stdout"] = theirs
elif stream == "pipe" and direction == "read":
    options["stdin"] = subprocess.PIPE
process = subprocess.Popen(command, **options)
if theirs:
    theirs.close()

results = {}
def collect(name, read):
    results[name] = read()
threads = [threading.Thread(target=collect, args=("errors", process.stderr.read))]
if direction == "read" or stream == "file":
    threads.append(threading.Thread(target=collect, args=("output", process.stdout.read)))
for thread in threads:
    thread.start()

if direction == "read":
    if stream == "pipe":
        feed(lambda b: (process.stdin.write(b), process.stdin.flush()), process.stdin.close)
    elif stream == "socket":
        feed(ours.sendall, ours.close)
    else:
        end = open(fifo, "wb", buffering=0)
        def write(data):
            while data:
                data = data[end.write(data):]
        feed(write, end.close)
else:
    if stream == "pipe":
        results["output"] = drain(lambda n: os.read(process.stdout.fileno(), n), process.stdout.close)
    elif stream == "socket":
        results["output"] = drain(ours.recv, ours.close)
    else:
        end = open(fifo, "rb", buffering=0)
        results["file"] = drain(end.read, end.close)
try:
    code = process.wait(timeout=100)
except subprocess.TimeoutExpired:
    process.kill()
    code = "it does not end"
for thread in threads:
    thread.join()
print("ended", code)
for name in ["output", "file"]:
    if name in results:
        data = results[name]
        print(name, len(data), hashlib.sha256(data).hexdigest() if len(data) > 1000 else repr(data.decode()))
print(results["errors"].decode(), end="")
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print("processor seconds %.2f" % (usage.ru_utime + usage.ru_stime))
