public import WasmRuntime

extension CallProfile {
    /// The profile as a flame graph: an SVG picture, in which every frame has its place.
    ///
    /// Callers are below their callees; what is wide took long. Frames narrower than a third of a pixel are left out.
    /// Each frame has a title with its whole name, its time and its share, which browsers show for what the pointer is
    /// on. A script enlarges what is clicked and looks for names; where no script runs, the picture is the same.
    /// Where a part of the time was spent in machine code, frames and picture say which share of theirs.
    ///
    /// - Parameters:
    ///   - title: What the picture is called.
    ///   - group: What a function's colour says, such as its package; functions of a group look alike.
    public func flameGraph(title: String, group: (Function) -> String = \.name) -> String {
        let tree = FlameTree(self)
        let total = max(1, tree.nodes[0].periods)
        let nativePeriods = tree.nodes[0].nativePeriods
        let share = nativePeriods > 0 ? ", \(Self.percent(nativePeriods, of: total)) of it in machine code" : ""
        let frames = tree.frames(of: self, total: total)
        let deepest = frames.map(\.depth).max() ?? 0
        let height = FlameLayout.top + (deepest + 1) * FlameLayout.row + FlameLayout.margin
        let texts = frames.map { frame in
            let function = tree.nodes[frame.node].function
            let kind = function < 0 ? "root" : functions[function].isHost ? "host" : group(functions[function])
            let (periods, native) = (tree.nodes[frame.node].periods, tree.nodes[frame.node].nativePeriods)
            let note =
                "\(Self.seconds(periods, period)), \(Self.percent(periods, of: total))"
                + (nativePeriods > 0 ? "; \(Self.percent(native, of: periods)) of it in machine code" : "")
            return FlameLayout.text(frame, name: tree.name(frame.node, self), note: note, color: color(kind), height)
        }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(FlameLayout.width)" height="\(height)" \
            viewBox="0 0 \(FlameLayout.width) \(height)" font-family="monospace" font-size="\(FlameLayout.fontSize)" \
            data-total="\(total)">
            <style>.f{cursor:pointer} .f:hover rect{stroke:#000} .f text{pointer-events:none} .b{cursor:pointer}</style>
            <rect x="0" y="0" width="\(FlameLayout.width)" height="\(height)" fill="#ffffff"/>
            <text x="10" y="20" font-size="15">\(FlameLayout.escaped(title))</text>
            <text x="10" y="38" fill="#555555">\(Self.seconds(total, period)) of processor time\(share).</text>
            <text id="found" x="10" y="54" fill="#c000c0"></text>
            <text id="all" class="b" x="\(FlameLayout.width - 120)" y="20" fill="#0000c0" display="none">all</text>
            <text id="search" class="b" x="\(FlameLayout.width - 80)" y="20" fill="#0000c0" display="none">search</text>
            <g id="frames">
            \(texts.joined(separator: "\n"))
            </g>
            <script><![CDATA[
            \(FlameLayout.script)
            ]]></script>
            </svg>

            """
    }

    /// A warm colour for packages, always the same for a name; cool ones for what is not Go.
    private func color(_ kind: String) -> String {
        switch kind {
        case "root": return "#dddddd"
        case "host": return "#9ecae1"
        default:
            // The hash FNV-1a. Red to yellow, and not too dark for the name.
            let hash = kind.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
            let parts = [225 + hash % 30, 100 + hash / 64 % 130, 50 + hash / 16_384 % 60]
            return "#" + parts.map { String($0, radix: 16) }.joined()
        }
    }

    private static func seconds(_ periods: Int, _ period: UInt64) -> String {
        let milliseconds = periods * Int(period) / 1_000_000
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let hundredths = milliseconds / 10 % 100
        return "\(milliseconds / 1000).\(hundredths < 10 ? "0" : "")\(hundredths) s"
    }

    private static func percent(_ periods: Int, of total: Int) -> String {
        let tenths = (periods * 1000 + total / 2) / total
        return "\(tenths / 10).\(tenths % 10) %"
    }
}

/// Where a flame graph has its frames, and the form in which they are in the file.
private enum FlameLayout {
    static let width = 1200
    /// What lies above the frames and below them.
    static let (top, margin) = (64, 10)
    static let row = 17
    static let fontSize = 11
    /// Frames that are narrower are left out.
    static let narrowest = 0.3
    /// The width of a character in a font whose characters all are as wide: which font a viewer takes does not matter.
    static let characterWidth = 0.61 * Double(fontSize)
    /// What a frame leaves free to the left of its name, and to the right.
    static let padding = 3.0

    struct Frame {
        var node: Int
        var depth: Int
        /// The periods of what lies to the left, and its own.
        var start: Int
        var periods: Int
        var x: Double
        var width: Double
    }

    /// A frame as a group of a title, a rectangle and its name, as far as there is room for it.
    static func text(_ frame: Frame, name: String, note: String, color: String, _ height: Int) -> String {
        let y = height - margin - (frame.depth + 1) * row
        let place = #"x="\#(rounded(frame.x))" y="\#(y)" width="\#(rounded(max(0.2, frame.width - 0.5)))""#
        return #"<g class="f" data-x="\#(frame.start)" data-w="\#(frame.periods)" data-d="\#(frame.depth)">"#
            + "<title>\(escaped(name)) (\(escaped(note)))</title>"
            + #"<rect \#(place) height="\#(row - 1)" fill="\#(color)"/>"#
            + #"<text x="\#(rounded(frame.x + padding))" y="\#(y + row - 5)">\#(escaped(fitting(name, frame.width)))</text></g>"#
    }

    /// As much of a name as a frame has room for, or nothing, if that is too little to be read.
    static func fitting(_ name: String, _ width: Double) -> String {
        let room = Int(max(0, width - 2 * padding) / characterWidth)
        guard room >= 3 else { return "" }
        var columns = 0
        var result = ""
        for character in name {
            // Characters of East Asia, and pictures, are as wide as two others.
            columns += character.unicodeScalars.allSatisfy { $0.value < 0x1100 } ? 1 : 2
            if columns > room { return String(result.dropLast()) + "…" }
            result.append(character)
        }
        return result
    }

    private static func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

    /// A text of XML.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            // XML does not have these characters.
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// What a browser does for whoever clicks: enlarging and searching.
    ///
    /// It places frames as the file does.
    static let script = """
        const svg = document.documentElement, total = +svg.dataset.total, width = \(width);
        const frames = [...document.querySelectorAll('.f')], found = document.getElementById('found');
        for (const f of frames) f.name = f.querySelector('title').textContent.replace(/ \\([^(]*\\)$/, '');
        function show(from, count, depth) {
          for (const f of frames) {
            const x = +f.dataset.x, w = +f.dataset.w, d = +f.dataset.d, scale = width / count;
            const left = Math.max(x, from), right = Math.min(x + w, from + count), pixels = (right - left) * scale;
            f.style.display = pixels >= \(narrowest) ? '' : 'none';
            if (pixels < \(narrowest)) continue;
            const r = f.querySelector('rect'), t = f.querySelector('text');
            r.setAttribute('x', (left - from) * scale);
            r.setAttribute('width', Math.max(0.2, pixels - 0.5));
            r.setAttribute('opacity', d < depth ? 0.5 : 1);
            const name = [...f.name], room = Math.floor((pixels - \(2 * padding)) / \(characterWidth));
            t.textContent = room < 3 ? '' : name.length <= room ? f.name : name.slice(0, room - 1).join('') + '…';
            t.setAttribute('x', (left - from) * scale + \(padding));
          }
        }
        function search() {
          const word = prompt('Part of a name, or a regular expression:');
          if (word === null) return;
          let pattern;
          try { pattern = new RegExp(word, 'i'); } catch { pattern = { test: name => name.includes(word) }; }
          // The time of frames that are found, each moment once: those inside of others are counted with them.
          let sum = 0, end = 0;
          const matches = frames.filter(f => word !== '' && pattern.test(f.name));
          for (const f of [...matches].sort((a, b) => a.dataset.x - b.dataset.x || b.dataset.w - a.dataset.w)) {
            const last = +f.dataset.x + +f.dataset.w;
            sum += Math.max(0, last - Math.max(end, +f.dataset.x));
            end = Math.max(end, last);
          }
          for (const f of frames) {
            const r = f.querySelector('rect');
            f.fill ??= r.getAttribute('fill');
            r.setAttribute('fill', matches.includes(f) ? '#e000e0' : f.fill);
          }
          found.textContent = word === '' ? '' : `${word}: ${(100 * sum / total).toFixed(1)} %`;
        }
        for (const f of frames)
          f.addEventListener('click', () => show(+f.dataset.x, +f.dataset.w, +f.dataset.d));
        for (const [id, action] of [['all', () => show(0, total, 0)], ['search', search]]) {
          const button = document.getElementById(id);
          button.removeAttribute('display');
          button.addEventListener('click', action);
        }
        """
}

/// Stacks, merged from the outermost frame on.
private struct FlameTree {
    struct Node {
        var function: Int
        var periods = 0
        /// Those of them that ended in machine code.
        var nativePeriods = 0
        var children: [Int] = []
        var byFunction: [Int: Int] = [:]
    }
    var nodes = [Node(function: -1)]

    init(_ profile: CallProfile) {
        for stack in profile.stacks {
            var node = 0
            nodes[0].periods += stack.periods
            if stack.isNative { nodes[0].nativePeriods += stack.periods }
            for function in profile.functions(of: stack).reversed() {
                let child: Int
                if let known = nodes[node].byFunction[function] {
                    child = known
                } else {
                    child = nodes.count
                    nodes.append(Node(function: function))
                    nodes[node].byFunction[function] = child
                    nodes[node].children.append(child)
                }
                nodes[child].periods += stack.periods
                if stack.isNative { nodes[child].nativePeriods += stack.periods }
                node = child
            }
        }
    }

    /// The name of a function, or of all of them together.
    func name(_ node: Int, _ profile: CallProfile) -> String {
        nodes[node].function < 0 ? "all" : profile.functions[nodes[node].function].name
    }

    /// The frames that are wide enough, depth first, siblings by name.
    func frames(of profile: CallProfile, total: Int) -> [FlameLayout.Frame] {
        let scale = Double(FlameLayout.width) / Double(total)
        var frames: [FlameLayout.Frame] = []
        var pending = [(node: 0, depth: 0, start: 0)]
        while let (node, depth, start) = pending.popLast() {
            let periods = nodes[node].periods
            let width = Double(periods) * scale
            guard width >= FlameLayout.narrowest else { continue }
            frames.append(
                FlameLayout.Frame(
                    node: node, depth: depth, start: start, periods: periods, x: Double(start) * scale, width: width))
            var next = start
            for child in nodes[node].children.sorted(by: { name($0, profile) < name($1, profile) }) {
                pending.append((child, depth + 1, next))
                next += nodes[child].periods
            }
        }
        return frames
    }
}
