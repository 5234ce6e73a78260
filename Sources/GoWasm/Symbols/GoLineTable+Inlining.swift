extension GoLineTable {
    /// A function that was being executed, by itself or as a part of the function that it was inlined into.
    public struct Frame: Sendable, Hashable {
        /// The name, as Go writes it.
        public var name: String
        /// Where in the function; nil where the table does not say.
        public var line: Line?
    }

    /// What was being executed at a place in a function of the module: inlined functions first, the function itself
    /// last.
    ///
    /// Go's table knows places by the blocks between calls. Nothing is said of inlined functions where the place may be
    /// in one of several blocks that belong to different ones; which those are is known from Go 1.18 on.
    ///
    /// - Parameters:
    ///   - function: Its index in the module.
    ///   - returnAddress: What Go pushed for the call that the function is in; or, if it is in no call, nil.
    ///   - previous: What Go pushes for the last call before the place that the function is at.
    ///   - next: What Go pushes for the first call behind that place.
    /// - Returns: An empty array for functions that the table does not know.
    public func frames(
        inFunction function: Int, returnAddress: Int?, previous: Int? = nil, next: Int? = nil
    ) -> [Frame] {
        guard let name = name(ofFunction: function) else { return [] }
        let last = (returnAddress ?? next).map { max(0, ($0 & 0xFFFF) - 1) }
        guard let last else {
            return [Frame(name: name, line: line(inFunction: function, returnAddress: returnAddress))]
        }
        let first = returnAddress == nil ? min(last, (previous ?? 0) & 0xFFFF) : last
        if let frames = inlining?.frames(self, function, first...last, name) { return frames }
        let own = inlining?.lastOwnBlock(self, function, first...last)
        return [Frame(name: name, line: line(inFunction: function, block: own ?? last))]
    }

    /// Where what Go's compiler says of inlining is: the trees of functions (`go:func.*`, package runtime's
    /// symtabinl.go).
    struct Inlining: Sendable {
        /// The place in the image that offsets of function data count from.
        private let start: Int
        private let has1_20Layout: Bool

        /// Of runtime.firstmoduledata, the words among which the address of `go:func.*` is; which it is varies.
        private static let candidates = 22...50
        /// Numbers of tables (internal/abi).
        private static let inlineTreeIndexTable = 2
        private static let inlineTreeData = 3

        /// Finds it; nil where there is none, or none that is known.
        init?(_ table: GoLineTable) {
            guard let module = table.moduleData else { return nil }
            let image = table.image
            has1_20Layout = image.bytes[table.layout.start] == 0xF1
            for candidate in Self.candidates {
                guard let word = image.long(module + 8 * candidate), word > UInt64(image.start),
                    word - UInt64(image.start) < UInt64(image.bytes.count)
                else { continue }
                let start = Int(word) - image.start
                if Self.isRight(start, has1_20Layout, table) {
                    self.start = start
                    return
                }
            }
            return nil
        }

        private init(start: Int, has1_20Layout: Bool) {
            self.start = start
            self.has1_20Layout = has1_20Layout
        }

        /// Whether the trees of some functions are trees if this is where they are.
        private static func isRight(_ start: Int, _ has1_20Layout: Bool, _ table: GoLineTable) -> Bool {
            let attempt = Inlining(start: start, has1_20Layout: has1_20Layout)
            var found = 0
            for description in table.descriptions where description != 0 {
                guard let tree = attempt.tree(description, table) else { continue }
                guard let name = table.image.word(tree + attempt.nameField).map({ Int($0) + table.layout.names }),
                    name > table.layout.names, name <= table.image.bytes.count, name < table.layout.units ?? 0,
                    table.image.bytes[name - 1] == 0,
                    let parent = table.image.word(tree + attempt.parentField), parent < 1 << 16
                else { return false }
                found += 1
                if found == 20 { break }
            }
            return found > 0
        }

        private var recordSize: Int { has1_20Layout ? 16 : 20 }
        private var nameField: Int { has1_20Layout ? 4 : 12 }
        private var parentField: Int { has1_20Layout ? 8 : 16 }
        /// Where the numbers of a function's further tables begin in its description: behind the number of its file,
        /// from 1.20 on that of its line, and a word of bytes.
        func tables(_ description: Int) -> Int { description + 4 + (has1_20Layout ? 40 : 36) }

        private func tree(_ description: Int, _ table: GoLineTable) -> Int? {
            guard let count = table.image.word(description + 4 + 24), count > Self.inlineTreeIndexTable, count < 32,
                let index = table.image.word(tables(description) + 4 * Self.inlineTreeIndexTable), index != 0
            else { return nil }
            return place(ofData: UInt32(Self.inlineTreeData), description, table)
        }

        /// Where a function's data of a number is (runtime.funcdata); nil where it has none.
        func place(ofData number: UInt32, _ description: Int, _ table: GoLineTable) -> Int? {
            guard let count = table.image.word(description + 4 + 24), count < 32,
                let counts = table.image.word(tables(description) - 4).map({ $0 >> 24 }), counts > number,
                let offset = table.image.word(tables(description) + 4 * (Int(count) + Int(number))), offset != .max
            else { return nil }
            return start + Int(offset)
        }

        /// The last of some blocks that belongs to the function itself, whose line is therefore one of its own; nil where
        /// there is none, or nothing is inlined.
        func lastOwnBlock(_ table: GoLineTable, _ function: Int, _ blocks: ClosedRange<Int>) -> Int? {
            guard blocks.count <= 1000, let description = table.description(function),
                tree(description, table) != nil,
                let indices = table.image.word(tables(description) + 4 * Self.inlineTreeIndexTable)
            else { return nil }
            return blocks.last { table.value(at: $0, table: Int(indices)) ?? -1 < 0 }
        }

        /// nil where nothing is inlined, or in one of the blocks something else than in the others.
        func frames(
            _ table: GoLineTable, _ function: Int, _ blocks: ClosedRange<Int>, _ name: String
        ) -> [Frame]? {
            guard let description = table.description(function), let tree = tree(description, table),
                let indices = table.image.word(tables(description) + 4 * Self.inlineTreeIndexTable),
                blocks.count <= 1000
            else { return nil }
            func index(_ block: Int) -> Int { table.value(at: block, table: Int(indices)) ?? -1 }
            var current = index(blocks.upperBound)
            guard current >= 0, blocks.allSatisfy({ index($0) == current }) else { return nil }
            var frames: [Frame] = []
            var block = blocks.upperBound
            // Deeper than any inlining goes.
            while current >= 0, frames.count < 100 {
                let record = tree + current * recordSize
                guard let offset = table.image.word(record + nameField),
                    let parent = table.image.word(record + parentField),
                    let inlined = table.image.string(at: table.layout.names + Int(offset))
                else { return nil }
                frames.append(Frame(name: inlined, line: table.line(inFunction: function, block: block)))
                block = Int(parent)
                current = index(block)
            }
            return frames + [Frame(name: name, line: table.line(inFunction: function, block: block))]
        }
    }
}
