extension WebURL {
    /// Parses a URL, relative to a base if there is one (basic URL parser of the URL Standard); nil where it is none.
    init?(_ text: String, base: WebURL? = nil) {
        var parser = WebURLParser(text, base)
        guard parser.run() else { return nil }
        self = parser.url
    }
}

/// The state machine of the URL Standard; states and their order are as there.
struct WebURLParser {
    private enum State {
        case schemeStart, scheme, noScheme, specialRelativeOrAuthority, pathOrAuthority, relative, relativeSlash
        case specialAuthoritySlashes, specialAuthorityIgnoreSlashes, authority, host, port, file, fileSlash, fileHost
        case pathStart, path, opaquePath, query, fragment
    }

    /// What a step decides: nil goes on with the next character.
    private enum Step {
        case next, again, back(Int), restart, failure, end
    }

    fileprivate(set) var url = WebURL()
    private let base: WebURL?
    private let input: [Unicode.Scalar]
    private var state = State.schemeStart
    private var place = 0
    private var buffer: [Unicode.Scalar] = []
    private var sawAt = false
    private var isInBrackets = false
    private var sawPasswordSeparator = false

    init(_ text: String, _ base: WebURL?) {
        self.base = base
        var scalars = Array(text.unicodeScalars)
        let isSpace: (Unicode.Scalar) -> Bool = { $0.value <= 0x20 }
        scalars.removeFirst(scalars.prefix(while: isSpace).count)
        scalars.removeLast(scalars.reversed().prefix(while: isSpace).count)
        scalars.removeAll { $0 == "\t" || $0 == "\n" || $0 == "\r" }
        input = scalars
    }

    mutating func run() -> Bool {
        while true {
            let current = place < input.count ? input[place] : nil
            switch step(current) {
            case .next:
                if current == nil { return true }
                place += 1
            case .again: break
            case .back(let count): place -= count
            case .restart: place = 0
            case .failure: return false
            case .end: return true
            }
        }
    }

    private mutating func step(_ c: Unicode.Scalar?) -> Step {
        switch state {
        case .schemeStart: schemeStart(c)
        case .scheme: scheme(c)
        case .noScheme: noScheme(c)
        case .specialRelativeOrAuthority, .pathOrAuthority, .specialAuthoritySlashes, .specialAuthorityIgnoreSlashes:
            slashes(c)
        case .relative: relative(c)
        case .relativeSlash: relativeSlash(c)
        case .authority: authority(c)
        case .host: host(c)
        case .port: port(c)
        case .file: file(c)
        case .fileSlash: fileSlash(c)
        case .fileHost: fileHost(c)
        case .pathStart: pathStart(c)
        case .path: path(c)
        case .opaquePath: opaquePath(c)
        case .query: query(c)
        case .fragment: fragment(c)
        }
    }

    private mutating func go(_ next: State, _ step: Step = .again) -> Step {
        state = next
        return step
    }

    /// The character so many places behind the current one.
    private func ahead(_ distance: Int) -> Unicode.Scalar? {
        place + distance < input.count ? input[place + distance] : nil
    }

    private func isBackslash(_ c: Unicode.Scalar?) -> Bool { url.isSpecial && c == "\\" }

    private mutating func takeBuffer() -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: buffer)
        buffer = []
        return String(view)
    }

    // MARK: Scheme

    private mutating func schemeStart(_ c: Unicode.Scalar?) -> Step {
        guard let c, c.isLetter else { return go(.noScheme) }
        buffer.append(c.lowercased)
        return go(.scheme, .next)
    }

    private mutating func scheme(_ c: Unicode.Scalar?) -> Step {
        if let c, c.isLetter || c.isDigit || c == "+" || c == "-" || c == "." {
            buffer.append(c.lowercased)
            return .next
        }
        guard c == ":" else {
            buffer = []
            return go(.noScheme, .restart)
        }
        url.scheme = takeBuffer()
        if url.scheme == "file" { return go(.file, .next) }
        if url.isSpecial {
            return go(base?.scheme == url.scheme ? .specialRelativeOrAuthority : .specialAuthoritySlashes, .next)
        }
        if ahead(1) == "/" {
            place += 1
            return go(.pathOrAuthority, .next)
        }
        url.path = .opaque("")
        return go(.opaquePath, .next)
    }

    private mutating func noScheme(_ c: Unicode.Scalar?) -> Step {
        guard let base else { return .failure }
        if base.hasOpaquePath {
            guard c == "#" else { return .failure }
            url = base
            url.fragment = ""
            return go(.fragment, .next)
        }
        return go(base.scheme == "file" ? .file : .relative)
    }

    private mutating func slashes(_ c: Unicode.Scalar?) -> Step {
        switch state {
        case .specialRelativeOrAuthority:
            guard c == "/", ahead(1) == "/" else { return go(.relative) }
            place += 1
            return go(.specialAuthorityIgnoreSlashes, .next)
        case .pathOrAuthority: return c == "/" ? go(.authority, .next) : go(.path)
        case .specialAuthoritySlashes:
            guard c == "/", ahead(1) == "/" else { return go(.specialAuthorityIgnoreSlashes) }
            place += 1
            return go(.specialAuthorityIgnoreSlashes, .next)
        default: return c == "/" || c == "\\" ? .next : go(.authority)
        }
    }

    // MARK: Relative to the base

    private mutating func relative(_ c: Unicode.Scalar?) -> Step {
        guard let base else { return .failure }
        url.scheme = base.scheme
        if c == "/" || isBackslash(c) { return go(.relativeSlash, .next) }
        (url.username, url.password, url.host, url.port) = (base.username, base.password, base.host, base.port)
        url.path = base.path
        url.query = base.query
        return relativeTail(c)
    }

    /// What a reference that begins without a slash does to a path that was the base's.
    private mutating func relativeTail(_ c: Unicode.Scalar?) -> Step {
        if c == "?" {
            url.query = ""
            return go(.query, .next)
        }
        if c == "#" {
            url.fragment = ""
            return go(.fragment, .next)
        }
        guard c != nil else { return .end }
        url.query = nil
        shortenPath()
        return go(.path)
    }

    private mutating func relativeSlash(_ c: Unicode.Scalar?) -> Step {
        if url.isSpecial, c == "/" || c == "\\" { return go(.specialAuthorityIgnoreSlashes, .next) }
        if c == "/" { return go(.authority, .next) }
        if let base {
            (url.username, url.password, url.host, url.port) = (base.username, base.password, base.host, base.port)
        }
        return go(.path)
    }

    // MARK: Authority

    private func endsAuthority(_ c: Unicode.Scalar?) -> Bool {
        c == nil || c == "/" || c == "?" || c == "#" || isBackslash(c)
    }

    private mutating func authority(_ c: Unicode.Scalar?) -> Step {
        if c == "@" {
            // An @ before belongs to the name or password.
            if sawAt { buffer.insert(contentsOf: Array("%40".unicodeScalars), at: 0) }
            sawAt = true
            for character in buffer {
                if character == ":", !sawPasswordSeparator {
                    sawPasswordSeparator = true
                } else if sawPasswordSeparator {
                    PercentEncoding.append(character, to: &url.password, encoding: .userinfo)
                } else {
                    PercentEncoding.append(character, to: &url.username, encoding: .userinfo)
                }
            }
            buffer = []
            return .next
        }
        guard let c, !endsAuthority(c) else {
            if sawAt, buffer.isEmpty { return .failure }
            let count = buffer.count
            buffer = []
            return go(.host, .back(count))
        }
        buffer.append(c)
        return .next
    }

    private mutating func host(_ c: Unicode.Scalar?) -> Step {
        if c == ":", !isInBrackets {
            guard !buffer.isEmpty, takeHost() else { return .failure }
            return go(.port, .next)
        }
        guard let c, !endsAuthority(c) else {
            if url.isSpecial, buffer.isEmpty { return .failure }
            return takeHost() ? go(.pathStart) : .failure
        }
        if c == "[" { isInBrackets = true }
        if c == "]" { isInBrackets = false }
        buffer.append(c)
        return .next
    }

    private mutating func takeHost() -> Bool {
        guard let host = WebHost.parse(buffer, isSpecial: url.isSpecial) else { return false }
        url.host = host
        buffer = []
        return true
    }

    private mutating func port(_ c: Unicode.Scalar?) -> Step {
        if let c, c.isDigit {
            buffer.append(c)
            return .next
        }
        guard endsAuthority(c) else { return .failure }
        if !buffer.isEmpty {
            guard let port = UInt16(takeBuffer()) else { return .failure }
            url.port = port == WebURL.defaultPort(url.scheme) ? nil : port
        }
        return go(.pathStart)
    }

    // MARK: Files

    private mutating func file(_ c: Unicode.Scalar?) -> Step {
        url.scheme = "file"
        url.host = .empty
        if c == "/" || c == "\\" { return go(.fileSlash, .next) }
        guard let base, base.scheme == "file" else { return go(.path) }
        (url.host, url.path, url.query) = (base.host, base.path, base.query)
        if c != nil, c != "?", c != "#", startsWithDriveLetter(place) {
            url.query = nil
            url.path = .segments([])
            return go(.path)
        }
        return relativeTail(c)
    }

    private mutating func fileSlash(_ c: Unicode.Scalar?) -> Step {
        if c == "/" || c == "\\" { return go(.fileHost, .next) }
        if let base, base.scheme == "file" {
            url.host = base.host
            if !startsWithDriveLetter(place), case .segments(let segments) = base.path, let first = segments.first,
                Self.isDriveLetter(Array(first.unicodeScalars), normalized: true)
            {
                url.path = .segments([first])
            }
        }
        return go(.path)
    }

    private mutating func fileHost(_ c: Unicode.Scalar?) -> Step {
        guard let c, c != "/", c != "\\", c != "?", c != "#" else {
            if Self.isDriveLetter(buffer) { return go(.path) }
            if buffer.isEmpty {
                url.host = .empty
                return go(.pathStart)
            }
            guard takeHost() else { return .failure }
            if url.host == .domain("localhost") { url.host = .empty }
            return go(.pathStart)
        }
        buffer.append(c)
        return .next
    }

    /// Whether a text is a letter and a colon or, where it is not normalised, a bar.
    private static func isDriveLetter(_ text: [Unicode.Scalar], normalized: Bool = false) -> Bool {
        text.count == 2 && text[0].isLetter && (text[1] == ":" || (!normalized && text[1] == "|"))
    }

    private func startsWithDriveLetter(_ start: Int) -> Bool {
        guard start + 1 < input.count, Self.isDriveLetter(Array(input[start...start + 1])) else { return false }
        guard start + 2 < input.count else { return true }
        return ["/", "\\", "?", "#"].contains(input[start + 2])
    }

    // MARK: Path

    private mutating func shortenPath() {
        guard case .segments(var segments) = url.path else { return }
        if url.scheme == "file", segments.count == 1,
            Self.isDriveLetter(Array(segments[0].unicodeScalars), normalized: true)
        {
            return
        }
        _ = segments.popLast()
        url.path = .segments(segments)
    }

    private mutating func appendSegment(_ segment: String) {
        guard case .segments(var segments) = url.path else { return }
        url.path = .segments([])  // so that it is not copied
        segments.append(segment)
        url.path = .segments(segments)
    }

    private mutating func pathStart(_ c: Unicode.Scalar?) -> Step {
        if url.isSpecial { return go(.path, c == "/" || c == "\\" ? .next : .again) }
        if c == "?" {
            url.query = ""
            return go(.query, .next)
        }
        if c == "#" {
            url.fragment = ""
            return go(.fragment, .next)
        }
        guard let c else { return .end }
        return go(.path, c == "/" ? .next : .again)
    }

    private mutating func path(_ c: Unicode.Scalar?) -> Step {
        guard c == nil || c == "/" || isBackslash(c) || c == "?" || c == "#" else {
            if let c { buffer.append(c) }
            return .next
        }
        let endsInSlash = c == "/" || isBackslash(c)
        let segment = PercentEncoding.encode(buffer, .path)
        switch WebHost.asciiLowercased(segment).replacing(dots: "%2e") {
        case "..":
            shortenPath()
            if !endsInSlash { appendSegment("") }
        case ".":
            if !endsInSlash { appendSegment("") }
        default:
            if url.scheme == "file", url.path == .segments([]), Self.isDriveLetter(buffer) {
                appendSegment("\(buffer[0]):")
            } else {
                appendSegment(segment)
            }
        }
        buffer = []
        if c == "?" {
            url.query = ""
            state = .query
        } else if c == "#" {
            url.fragment = ""
            state = .fragment
        }
        return .next
    }

    private mutating func opaquePath(_ c: Unicode.Scalar?) -> Step {
        if c == "?" {
            url.query = ""
            return go(.query, .next)
        }
        if c == "#" {
            url.fragment = ""
            return go(.fragment, .next)
        }
        guard let c else { return .end }
        guard case .opaque(var text) = url.path else { return .failure }
        url.path = .opaque("")  // so that it is not copied
        if c == " " {
            // A last space would be cut off when the URL is read again.
            text += ahead(1) == "?" || ahead(1) == "#" ? "%20" : " "
        } else {
            PercentEncoding.append(c, to: &text, encoding: .control)
        }
        url.path = .opaque(text)
        return .next
    }

    private mutating func query(_ c: Unicode.Scalar?) -> Step {
        guard let c else { return .end }
        if c == "#" {
            url.fragment = ""
            return go(.fragment, .next)
        }
        PercentEncoding.append(c, to: &url.query!, encoding: url.isSpecial ? .specialQuery : .query)
        return .next
    }

    private mutating func fragment(_ c: Unicode.Scalar?) -> Step {
        guard let c else { return .end }
        PercentEncoding.append(c, to: &url.fragment!, encoding: .fragment)
        return .next
    }
}

extension Unicode.Scalar {
    fileprivate var isLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
    fileprivate var lowercased: Unicode.Scalar {
        ("A"..."Z").contains(self) ? Unicode.Scalar(UInt8(value) | 0x20) : self
    }
}

extension String {
    /// The text, if it is nothing but dots, some of them encoded, with those decoded; otherwise empty.
    fileprivate func replacing(dots encoded: String) -> String {
        guard utf8.count <= 6, utf8.first == UInt8(ascii: ".") || utf8.first == UInt8(ascii: "%") else { return "" }
        var rest = self[...]
        var dots = ""
        while !rest.isEmpty {
            if rest.hasPrefix(".") {
                rest = rest.dropFirst()
            } else if rest.hasPrefix(encoded) {
                rest = rest.dropFirst(encoded.count)
            } else {
                return ""
            }
            dots += "."
        }
        return dots
    }
}
