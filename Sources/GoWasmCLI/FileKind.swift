import WasmFrontend

/// What a file is that is no module of WebAssembly's first version, found out from its first bytes.
enum FileKind: Equatable {
    /// What some bytes at the beginning of a file say; `advice` says what to do, if that is not to build a module.
    private struct Mark {
        var bytes: [UInt8]
        var name: String
        var advice: String?

        init(_ bytes: [UInt8], _ name: String, _ advice: String? = nil) {
            self.bytes = bytes
            self.name = name
            self.advice = advice
        }
        init(_ text: StaticString, _ name: String, _ advice: String? = nil) {
            self.init(Array("\(text)".utf8), name, advice)
        }
    }

    /// The text format, which is assembled.
    case text
    /// A component (WebAssembly with the layer 1).
    case component
    /// WebAssembly with another version.
    case otherVersion(UInt32)
    /// Something else with a name; `advice` says what to do, if that is not to build a module.
    case named(String, advice: String?)
    /// Bytes that say nothing.
    case unknown([UInt8])

    /// How many bytes at the beginning are looked at.
    private static let looked = 4096
    private static let unpack = "unpack it, and name the .wasm file in it"
    private static let native = "it was built without GOOS=js GOARCH=wasm"

    private static let marks: [Mark] = [
        Mark([0x1F, 0x8B], "is a file compressed by gzip", "unpack it with gunzip"),
        Mark([0x28, 0xB5, 0x2F, 0xFD], "is a file compressed by zstd", "unpack it with unzstd"),
        Mark([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "is a file compressed by xz", "unpack it with unxz"),
        Mark("BZh", "is a file compressed by bzip2", "unpack it with bunzip2"),
        Mark([0x50, 0x4B, 3, 4], "is a zip archive", unpack), Mark([0x50, 0x4B, 5, 6], "is a zip archive", unpack),
        Mark([0x7F, 0x45, 0x4C, 0x46], "is an ELF file: a program for Linux or the like", native),
        Mark([0xCF, 0xFA, 0xED, 0xFE], "is a Mach-O file: a program for macOS", native),
        Mark([0xCE, 0xFA, 0xED, 0xFE], "is a Mach-O file: a program for macOS", native),
        Mark([0xCA, 0xFE, 0xBA, 0xBE], "is a Mach-O file for several processors, or a class of Java"),
        Mark("MZ", "is a PE file: a program for Windows", native),
        Mark(
            "!<arch>\n", "is an archive of object files, as go build -o makes of a package that is not main",
            "build a package main with GOOS=js GOARCH=wasm"),
        Mark([0x42, 0x43, 0xC0, 0xDE], "is bitcode of LLVM", "link it to a module with wasm-ld"),
        Mark("#!", "is a script"), Mark("%PDF", "is a PDF document"),
        Mark([0x89, 0x50, 0x4E, 0x47], "is a PNG picture"),
    ]

    /// The beginnings of a page, in small letters: what a server often sends for a file that it does not have.
    private static let pageStarts = ["<!doctype html", "<html"]
    /// The words that a file of JavaScript begins with, after its comments.
    private static let scriptStarts = [
        "\"use strict\"", "'use strict'", "import ", "import{", "export ", "const ", "let ", "var ", "function ",
        "function(", "async ", "class ", "(function", "(()", "(async", "require(", "module.exports", "globalThis.",
        "window.", "if (", "if(", "!function",
    ]
    /// What a file in the text format begins with, after its comments.
    private static let textStarts = ["(module", "(component", "(func", "(memory", "(type", "(import"]

    /// Whether bytes begin as a module of the version that is run here.
    static func isModule(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // "\0asm" and the version 1; a comparison of sequences would take longer, in each start.
        bytes.count >= 8 && UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) == 0x0000_0001_6D73_6100
    }

    /// Finds out.
    init(_ bytes: UnsafeRawBufferPointer) {
        let start = Array(bytes.prefix(Self.looked))
        if start.starts(with: [0, 0x61, 0x73, 0x6D]), start.count >= 8 {
            let number = start[4..<8].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            // The upper half is the layer, the lower half the version of its format.
            self = number >> 16 == 1 ? .component : .otherVersion(number)
        } else if let mark = Self.marks.first(where: { start.starts(with: $0.bytes) }) {
            self = .named(mark.name, advice: mark.advice)
        } else if let kind = Self.kind(ofText: start) {
            self = kind
        } else {
            self = .unknown(Array(start.prefix(4)))
        }
    }

    /// What text is; nil for what is none.
    private static func kind(ofText bytes: [UInt8]) -> FileKind? {
        let isText = !bytes.isEmpty && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
        guard isText else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let code = withoutComments(text[...])
        func begins(_ starts: [String]) -> Bool { starts.contains { code.hasPrefix($0) } }
        if begins(textStarts) { return .text }
        // Java and its like end this line with a semicolon.
        if code.hasPrefix("package "), !code.prefix(while: { !$0.isNewline }).contains(";") {
            return .named("is Go source", advice: "build it first: GOOS=js GOARCH=wasm go build -o main.wasm")
        }
        if begins(scriptStarts) {
            return .named("is JavaScript", advice: "name the .wasm file that it loads")
        }
        let small = code.lowercased()
        if pageStarts.contains(where: { small.hasPrefix($0) }) {
            return .named(
                "is an HTML page", advice: "if it was downloaded, the server had no such .wasm file")
        }
        return .named("is text", advice: nil)
    }

    /// The text from its first word on that is no comment, of Go, JavaScript or WebAssembly.
    private static func withoutComments(_ text: Substring) -> Substring {
        var rest = text
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
            if rest.hasPrefix("//") || rest.hasPrefix(";;") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                rest = text.suffix(from: end(of: "*/", in: rest))
            } else if rest.hasPrefix("(;") {
                rest = text.suffix(from: end(of: ";)", in: rest))
            } else {
                return rest
            }
        }
    }

    /// Where a comment ends that begins with two characters; at the end of the text if it is not closed.
    private static func end(of mark: String, in text: Substring) -> Substring.Index {
        var rest = text.dropFirst(2)
        while !rest.isEmpty, !rest.hasPrefix(mark) { rest = rest.dropFirst() }
        return rest.isEmpty ? text.endIndex : rest.index(rest.startIndex, offsetBy: 2)
    }

    /// What it is, as the rest of a sentence that begins with the file.
    var description: String {
        switch self {
        case .text: "is WebAssembly in text form (.wat)"
        case .component: "is a component of WebAssembly (layer 1, as of WASI 0.2), and not a module"
        case .otherVersion(let number): "is WebAssembly of version \(number), and not of version 1"
        case .named(let name, _): "\(name), and not a module of WebAssembly"
        case .unknown(let bytes):
            "is no module of WebAssembly: it begins with the bytes \(bytes.map(Self.hexadecimal).joined(separator: " "))"
        }
    }

    /// What to do about it; nil for building a module.
    var advice: String? {
        switch self {
        case .component: "components are not supported: build it with GOOS=wasip1, or for WASI preview 1"
        case .named(_, let advice): advice
        default: nil
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

/// A file that is no module: what it is, and why it could not be made one.
struct ForeignFile: Error {
    /// What it is.
    var kind: FileKind
    /// Why text could not be assembled; nil for other kinds.
    var problem: String?
}
