"""Runs a program that writes numbered lines to a file and to standard output, and sends it signals at random moments.

usage: signal_storm.py FOLDER RUNS SEED PROGRAM MODULE...

After each run the lines of both must be 0, 1, 2, ... without a gap or a repetition, each line of standard output must be
in the file (which gets it first), and the program must have ended as its signals say. Prints faults, and how many there
were.
"""
import collections
import os
import random
import signal
import subprocess
import sys
import threading
import time

folder, runs, seed, program = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
modules = sys.argv[5:]
chance = random.Random(seed)
LINES = 3000
ENDING = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1]
faults = 0
ends = collections.Counter()


def as_shells_start_it():
    """Whoever runs this may ignore signals, which the program would, too."""
    for number in ENDING + [signal.SIGCHLD, signal.SIGPIPE]:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def check(text, what):
    """Returns how many lines a text has whole, and what is wrong with it."""
    lines = text.split(b"\n")
    rest = lines.pop()
    for number, line in enumerate(lines):
        if line != b"%08d" % number:
            return number, "%s: line %d is %r" % (what, number, line)
    if rest and not (b"%08d\n" % len(lines)).startswith(rest):
        return len(lines), "%s: the rest is %r" % (what, rest)
    return len(lines), None


# How long a run takes without signals, by module: they come within that time.
durations = []
for module in modules:
    start = time.monotonic()
    subprocess.run([program, "--dir", folder, module, "ledger", os.path.join(folder, "ledger"), str(LINES)],
                   stdout=subprocess.DEVNULL, check=True)
    durations.append(time.monotonic() - start)

for run in range(runs):
    duration = durations[run % len(modules)]
    module = modules[run % len(modules)]
    path = os.path.join(folder, "ledger")
    if os.path.exists(path):
        os.remove(path)
    options = chance.choice([[], [], ["--cpuprofile", os.path.join(folder, "profile")], ["--timeout", "500"]])
    process = subprocess.Popen(
        [program, *options, "--dir", folder, module, "ledger", path, str(LINES)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=as_shells_start_it)
    said = []
    slow = chance.random() < 0.5
    def read(pipe=process.stdout):
        while part := os.read(pipe.fileno(), 4096 if slow else 65536):
            said.append(part)
            if slow:
                time.sleep(0.0005)
    errors = []
    threads = [threading.Thread(target=read),
               threading.Thread(target=lambda p=process: errors.append(p.stderr.read()))]
    for thread in threads:
        thread.start()
    sent = []
    def send(number):
        sent.append(number.name)
        process.send_signal(number)
    for _ in range(chance.randrange(6)):
        time.sleep(chance.random() * duration / 6)
        if chance.random() < 0.5:
            send(signal.SIGSTOP)
            time.sleep(chance.random() * 0.05)
            send(signal.SIGCONT)
        else:
            send(signal.SIGCHLD)
    last = None
    if chance.random() < 0.85:
        time.sleep(chance.random() * duration / 2)
        last = chance.choice(ENDING)
        if process.poll() is None:
            send(last)
    process.wait()
    for thread in threads:
        thread.join()
    output = b"".join(said)
    file = open(path, "rb").read() if os.path.exists(path) else b""
    problems = []
    whole_output, problem = check(output, "standard output")
    problems.append(problem)
    whole_file, problem = check(file, "the file")
    problems.append(problem)
    if whole_output > whole_file:
        problems.append("%d lines were reported, %d are in the file" % (whole_output, whole_file))
    if whole_file > whole_output + 1:
        problems.append("%d lines are in the file, and only %d were reported" % (whole_file, whole_output))
    # A profile is written first; then it ends by an exit code that means the signal.
    expected = [0] if last is None else [0, -last, 128 + last]
    if process.returncode not in expected:
        problems.append("it ended with %d" % process.returncode)
    if process.returncode == 0 and whole_output != LINES:
        problems.append("it ended well after %d lines" % whole_output)
    ends[process.returncode] += 1
    problems = [problem for problem in problems if problem]
    if problems:
        faults += 1
        print("run %d (%s %s, %s): %s; %r" % (
            run, os.path.basename(module), options, " ".join(sent), "; ".join(problems), errors[0][:500]))
print("ends:", ", ".join("%d: %d" % pair for pair in sorted(ends.items())))
print("%d runs, %d faults" % (runs, faults))
sys.exit(faults > 0)
