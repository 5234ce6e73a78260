import Foundation
import GoWasm
import Testing
import _TestSupport

#if canImport(FoundationXML)
    import FoundationXML
#endif

@testable import GoWasmCLI
@testable import Profiles
@testable import WasmRuntime

@Suite("The forms of a flame graph")
struct ProfileFormatTests {
    /// A profile in which `main.main` calls two functions, one of which has a name with everything that formats mean
    /// something by.
    private static let profile: CallProfile = {
        var profile = CallProfile(period: 1_000_000, duration: 20_000_000)
        func number(_ name: String, _ index: Int, isHost: Bool = false) -> Int {
            let function = CallProfile.Function(
                name: name, index: index, isHost: isHost, file: index == 1 ? "/src/main.go" : nil,
                line: index == 1 ? 7 : 0)
            return profile.number(of: CallProfile.Place(function: function))
        }
        let main = number("main.main", 1)
        let generic = number("main.f[go.shape.struct { A int; B <-chan \"x\" }]", 2)
        let host = number("fd_write", 3, isHost: true)
        profile.add([generic, main], periods: 12, isNative: true)
        profile.add([generic, main], periods: 3, isNative: false)
        profile.add([host, main], periods: 5, isNative: false)
        return profile
    }()

    /// The frames of a picture: titles, rectangles and names as they are in the file.
    private final class Reader: NSObject, XMLParserDelegate {
        struct Frame {
            var title = ""
            var name = ""
            var rectangle: [String: Double] = [:]
            var place: [String: Double] = [:]
            var color = ""
        }
        var frames: [Frame] = []
        private var text = ""
        private var isInFrame = false

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String] = [:]
        ) {
            text = ""
            if attributes["class"] == "f" {
                isInFrame = true
                frames.append(Frame())
            }
            guard isInFrame else { return }
            if name == "rect" {
                frames[frames.count - 1].rectangle = attributes.compactMapValues(Double.init)
                frames[frames.count - 1].color = attributes["fill"] ?? ""
            }
            if name == "text" { frames[frames.count - 1].place = attributes.compactMapValues(Double.init) }
        }

        func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) {
            guard isInFrame else { return }
            if name == "title" { frames[frames.count - 1].title = text }
            if name == "text" { frames[frames.count - 1].name = text }
            if name == "g" { isInFrame = false }
        }

        init(_ picture: String) throws {
            super.init()
            let parser = XMLParser(data: Data(picture.utf8))
            parser.delegate = self
            try #require(parser.parse(), "\(String(describing: parser.parserError))")
        }
    }

    @Test("the picture has all places in the file, for viewers that run no script")
    func picture() throws {
        let frames = try Reader(Self.profile.flameGraph(title: "a < b & \"c\"")).frames
        try #require(frames.count == 4)
        let byName = Dictionary(uniqueKeysWithValues: frames.map { (String($0.title.prefix(9)), $0) })
        let (all, main) = (try #require(byName["all (20 m"]), try #require(byName["main.main"]))
        let (generic, host) = (try #require(byName["main.f[go"]), try #require(byName["fd_write "]))
        #expect(all.title == "all (20 ms, 100.0 %; 60.0 % of it in machine code)")
        #expect(host.title == "fd_write (5 ms, 25.0 %; 0.0 % of it in machine code)")
        #expect(
            generic.title == "main.f[go.shape.struct { A int; B <-chan \"x\" }] "
                + "(15 ms, 75.0 %; 80.0 % of it in machine code)")
        // Siblings lie side by side, in the order of their names, and callees above their callers.
        #expect(host.rectangle["x"] == 0 && host.rectangle["width"] == 299.5)
        #expect(generic.rectangle["x"] == 300 && generic.rectangle["width"] == 899.5)
        let rows = [generic, main, all].compactMap { $0.rectangle["y"] }
        #expect(rows.count == 3 && rows == rows.sorted() && Set(rows).count == 3)
        #expect(generic.rectangle["y"] == host.rectangle["y"])
        for frame in frames {
            #expect(frame.title.hasPrefix(frame.name))
            #expect(frame.color.wholeMatch(of: /#[0-9a-f]{6}/) != nil)
            #expect(frame.rectangle["height"] == 16)
            // The name is in its rectangle.
            let (x, y) = (try #require(frame.place["x"]), try #require(frame.place["y"]))
            let (left, top) = (try #require(frame.rectangle["x"]), try #require(frame.rectangle["y"]))
            #expect(x > left && y > top && y < top + 16)
        }
    }

    @Test("names have the room that their frames have")
    func names() throws {
        var profile = CallProfile(period: 1, duration: 1000)
        for (index, periods) in [1, 9, 40, 950].enumerated() {
            let name = "main.functionWithALongName\(index)" + (index == 3 ? String(repeating: "日本", count: 100) : "")
            let place = CallProfile.Place(function: CallProfile.Function(name: name, index: index, isHost: false))
            profile.add([profile.number(of: place)], periods: periods, isNative: false)
        }
        let frames = try Reader(profile.flameGraph(title: "")).frames
        let texts = frames.map(\.name)
        #expect(texts.contains("") && texts.contains("main.…"), "\(texts)")
        #expect(texts.contains { $0.hasSuffix("日…") || $0.hasSuffix("本…") }, "\(texts)")
        for frame in frames {
            let columns = frame.name.unicodeScalars.reduce(0) { $0 + ($1.value < 0x1100 ? 1 : 2) }
            #expect(Double(columns) * 6.7 < frame.rectangle["width"] ?? 0 || frame.name.isEmpty)
        }
    }

    @Test("what XML does not have is in no picture")
    func controlCharacters() throws {
        var profile = CallProfile(period: 1, duration: 1)
        let name = "a\u{0}b\u{1B}c\u{FFFE}d]]>e"
        let place = CallProfile.Place(function: CallProfile.Function(name: name, index: 0, isHost: false))
        profile.add([profile.number(of: place)], periods: 1, isNative: false)
        let frames = try Reader(profile.flameGraph(title: name)).frames
        #expect(frames.map(\.name) == ["all", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d]]>e"])
        #expect(try Reader(CallProfile(period: 1, duration: 1).flameGraph(title: "")).frames.count <= 1)
    }

    @Test("folded stacks are a line each, whose names have no semicolons")
    func folded() {
        #expect(
            Self.profile.foldedStacks() == """
                main.main;fd_write 5
                main.main;main.f[go.shape.struct { A int, B <-chan "x" }] 15

                """)
    }

    @Test("speedscope's JSON has frames, stacks from the outermost on, and nanoseconds")
    func speedscope() throws {
        struct File: Decodable {
            struct Shared: Decodable { var frames: [Frame] }
            struct Frame: Decodable, Equatable {
                var name: String
                var file: String?
                var line: Int?
            }
            struct Profile: Decodable {
                var type, name, unit: String
                var startValue, endValue: Int
                var samples: [[Int]]
                var weights: [Int]
            }
            var schema, exporter, name: String
            var shared: Shared
            var profiles: [Profile]
            enum CodingKeys: String, CodingKey { case schema = "$schema", exporter, name, shared, profiles }
        }
        let text = Self.profile.speedscope(program: "a \"b\"", exporter: "x@1")
        let file = try JSONDecoder().decode(File.self, from: Data(text.utf8))
        // Speedscope knows its format by this.
        #expect(file.schema == "https://www.speedscope.app/file-format-schema.json")
        #expect(file.exporter == "x@1" && file.name == "a \"b\"" && file.profiles.count == 1)
        #expect(file.shared.frames[0] == File.Frame(name: "main.main", file: "/src/main.go", line: 7))
        #expect(file.shared.frames[2] == File.Frame(name: "fd_write"))
        let profile = try #require(file.profiles.first)
        #expect(profile.type == "sampled" && profile.unit == "nanoseconds" && profile.startValue == 0)
        #expect(profile.samples == [[0, 1], [0, 1], [0, 2]])
        #expect(profile.weights == [12_000_000, 3_000_000, 5_000_000] && profile.endValue == 20_000_000)
    }

    @Test(
        "the ending of a file's name says the form",
        arguments: [
            ("a.svg", ProfileSession.Format.flameGraph), ("a", .flameGraph), ("/dev/stdout", .flameGraph),
            ("a.folded", .foldedStacks), ("A.TXT", .foldedStacks), ("a.speedscope.json", .speedscope),
            ("a.json", .speedscope), ("folded", .flameGraph),
        ])
    func endings(path: String, format: ProfileSession.Format) {
        #expect(ProfileSession.Format(ofFlameGraph: path) == format)
    }

    // In machine code, as the stacks of an interpreter that is not optimised are not found.
    @Test(
        "a run writes all forms of one profile",
        .disabled(if: !Built.canRun, "the executable or main.wasm is missing"))
    func run() throws {
        let (status, output, errors) = try Built.shell(
            """
            export GOWASM_CACHE=off GOWASM_NATIVE=0
            d=$(mktemp -d)
            "$1" --flamegraph $d/p.svg --flamegraph $d/p.folded --flamegraph $d/p.speedscope.json "$2" 33 &&
            grep -c '<rect x="[0-9.]*" y="[0-9]*" width="[0-9.]*" height="16"' $d/p.svg &&
            grep -c '^[^ ].* [0-9]*$' $d/p.folded && grep -c '"name": "runtime.main"' $d/p.speedscope.json
            s=$?; rm -r $d; exit $s
            """)
        #expect(status == 0 && errors.isEmpty, "\(errors)")
        #expect(output.hasPrefix("fib(33) = 3524578\n"))
    }
}
