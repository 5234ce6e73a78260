// An application that runs programs with the library, and has its own mind about signals and descriptors.
//
//     _Application closed MODULE FOLDER   closes its standard streams, and runs "say FOLDER/data"
//     _Application pipe MODULE            has a handler for SIGPIPE, and runs "write -" into a pipe that nobody reads
//
// What happened is written to descriptor 9, which whoever starts it has open.
import GoWasm
import LibC

let (what, path) = (CommandLine.arguments[1], CommandLine.arguments[2])

func say(_ text: String) { _ = Array((text + "\n").utf8).withUnsafeBytes { write(9, $0.baseAddress, $0.count) } }

/// How often the handler was called.
nonisolated(unsafe) var signals: Int32 = 0

/// Whether the thread lets SIGPIPE through.
var isUnblocked: Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, SIGPIPE) == 0
}

switch what {
case "closed":
    let folder = CommandLine.arguments[3]
    for number: Int32 in 0...2 { close(number) }
    let program = try Program(contentsOf: path)
    var configuration = Program.Configuration(arguments: ["say", folder + "/data"])
    configuration.access = HostAccess(mounts: [.init(host: folder)])
    say("ended with \(try program.runSynchronously(configuration).code)")
    // What the application opens next is no standard stream either.
    say("next is \(open("/dev/null", O_RDONLY) > 2 ? "another" : "a standard stream")")
default:
    signal(SIGPIPE) { _ in signals += 1 }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { fatalError("no pipe") }
    close(ends[0])
    let errors = OutputBuffer()
    let program = try Program(contentsOf: path)
    for background in ["none", "timer"] {
        let status = try program.runSynchronously(
            Program.Configuration(
                arguments: ["write", "-", background], standardOutput: .descriptor(ends[1]),
                standardError: .buffer(errors)))
        say("ended with \(status.code), \(signals) signals")
    }
    say(errors.text.split(separator: "\n").joined(separator: ", "))
    // The application's own writes are as ever.
    let written = write(ends[1], "x", 1)
    say("write returned \(written), \(signals) signals, \(isUnblocked ? "unblocked" : "blocked")")
}
