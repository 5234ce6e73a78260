public import WasmRuntime

extension CallProfile {
    /// The profile as a flame graph: an SVG picture in which a browser shows a name, a time and a share for what the
    /// pointer is on, and enlarges what is clicked.
    ///
    /// Callers are below their callees; what is wide took long. Frames narrower than a third of a pixel are left out.
    /// Where a part of the time was spent in machine code, frames and picture say which share of theirs.
    ///
    /// - Parameters:
    ///   - title: What the picture is called.
    ///   - group: What a function's colour says, such as its package; functions of a group look alike.
    public func flameGraph(title: String, group: (Function) -> String = \.name) -> String {
        let tree = FlameTree(self)
        let width = 1200.0
        let total = max(1, tree.nodes[0].periods)
        let nativePeriods = tree.nodes[0].nativePeriods
        let hasNative = nativePeriods > 0
        let share = hasNative ? ", \(Self.percent(nativePeriods, of: total)) of it in machine code" : ""
        let rowHeight = 17
        var rows: [String] = []
        var deepest = 0

        // Depth first, siblings by name.
        var pending = [(node: 0, depth: 0, x: 0)]
        while let (node, depth, x) = pending.popLast() {
            let periods = tree.nodes[node].periods
            let native = tree.nodes[node].nativePeriods
            let pixels = Double(periods) / Double(total) * width
            guard pixels >= 0.3 else { continue }
            deepest = max(deepest, depth)
            let function = tree.nodes[node].function
            let name = function < 0 ? "all" : functions[function].name
            let kind = function < 0 ? "root" : functions[function].isHost ? "host" : group(functions[function])
            rows.append(
                #"<g class="f" data-x="\#(x)" data-w="\#(periods)" data-d="\#(depth)"><title>\#(Self.escaped(name)) "#
                    + "(\(Self.seconds(periods, period)), \(Self.percent(periods, of: total))"
                    + (hasNative ? "; \(Self.percent(native, of: periods)) of it in machine code)" : ")") + "</title>"
                    + #"<rect fill="\#(Self.color(kind))"/><text>\#(Self.escaped(name))</text></g>"#)
            var start = x
            for child in tree.nodes[node].children.sorted(by: { tree.name($0, self) < tree.name($1, self) }) {
                pending.append((child, depth + 1, start))
                start += tree.nodes[child].periods
            }
        }
        let height = (deepest + 1) * rowHeight + 60
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(height)" \
            viewBox="0 0 \(Int(width)) \(height)" font-family="sans-serif" font-size="11" \
            data-total="\(total)" data-row="\(rowHeight)">
            <style>.f{cursor:pointer} .f:hover rect{stroke:#000} .f text{pointer-events:none}</style>
            <rect width="100%" height="100%" fill="#fff"/>
            <text x="10" y="20" font-size="15">\(Self.escaped(title))</text>
            <text x="10" y="38" fill="#555">\(Self.seconds(total, period)) of processor time\(share). \
            Click a frame to enlarge it, here or "all" to see everything again.</text>
            <g id="frames">
            \(rows.joined(separator: "\n"))
            </g>
            <script><![CDATA[
            \(Self.script)
            ]]></script>
            </svg>

            """
    }

    /// Places the frames; a viewer without scripts would show nothing, so browsers are what it is for.
    private static var script: String {
        """
        const svg = document.documentElement, total = +svg.dataset.total, row = +svg.dataset.row;
        const frames = [...document.querySelectorAll('.f')], height = +svg.getAttribute('height'), width = 1200;
        function show(from, count, depth) {
          for (const f of frames) {
            const x = +f.dataset.x, w = +f.dataset.w, d = +f.dataset.d, scale = width / count;
            const left = Math.max(x, from), right = Math.min(x + w, from + count), pixels = (right - left) * scale;
            f.style.display = pixels > 0.2 ? '' : 'none';
            if (pixels <= 0.2) continue;
            const r = f.querySelector('rect'), t = f.querySelector('text'), y = height - 10 - (d + 1) * row;
            r.setAttribute('x', (left - from) * scale); r.setAttribute('y', y);
            r.setAttribute('width', Math.max(0.5, pixels - 0.5)); r.setAttribute('height', row - 1);
            r.setAttribute('opacity', d < depth ? 0.5 : 1);
            const name = t.dataset.name || (t.dataset.name = t.textContent), room = Math.floor((pixels - 4) / 6.2);
            t.textContent = room < 3 ? '' : name.length <= room ? name : name.slice(0, room - 1) + '…';
            t.setAttribute('x', (left - from) * scale + 3); t.setAttribute('y', y + row - 5);
          }
        }
        for (const f of frames)
          f.addEventListener('click', e => { e.stopPropagation(); show(+f.dataset.x, +f.dataset.w, +f.dataset.d); });
        svg.addEventListener('click', () => show(0, total, 0));
        show(0, total, 0);
        """
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            // XML has no other control characters.
            case _ where scalar.value < 0x20: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A warm colour for packages, always the same for a name; cool ones for what is not Go.
    private static func color(_ kind: String) -> String {
        switch kind {
        case "root": return "#ddd"
        case "host": return "#9ecae1"
        default:
            let hash = kind.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
            return "hsl(\(hash % 55),\(60 + hash / 64 % 30)%,\(62 + hash / 4096 % 14)%)"
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

    func name(_ node: Int, _ profile: CallProfile) -> String { profile.functions[nodes[node].function].name }
}
