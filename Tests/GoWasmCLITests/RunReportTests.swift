import GoWasm
import HostSystem
import Testing
import WasmRuntime

@testable import GoWasmCLI

@Suite("What --stats prints")
struct RunReportTests {
    @Test("times that a program has made up have room in its tables")
    func largeTimes() {
        let collections = GarbageCollections()
        let line = "gc 1 @0.1s 2%: 1e12+1e12+1e12 ms clock, 0+0 ms cpu, 4->5->1 MB, 4 MB goal, 1 P\n"
        for _ in 0..<100 { #expect(collections.pass(Array(line.utf8)).isEmpty) }
        let report = RunReport(
            statistics: RunStatistics(), collections: collections, module: nil, loading: 0, whole: 1)
        #expect(report.lines(Style.ofErrors).contains { $0.contains("100 collections") })
    }
}
