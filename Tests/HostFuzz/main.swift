import Foundation

exit(try HostFuzz.main(CommandLine.arguments))
