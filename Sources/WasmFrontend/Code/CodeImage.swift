internal import CHostSystem
internal import CSupport

/// What was lowered of a module, as a file keeps it from one process to the next.
///
/// Bytecode is the same wherever it lies, as it refers to functions by their numbers and to its own cells by distances.
/// What it was made from is in the file, too, and is compared byte by byte when it is taken: no other module gets it,
/// whatever its file is called.
///
///     header     Header, in words of 64 bits
///     functions  Entry of each function that was lowered, in the order of their cells
///     sources    what all functions were made from, then the body of each
///     cells      from the arena's first on
///
/// The checksum tells files that the system has not completed; it is no protection from those who may write to the
/// folder. They decide what is run.
package enum CodeImage {
    /// "gowasm3" in ASCII, which changes with the layout of the file.
    ///
    /// What changes the bytecode is another engine.
    fileprivate static let format: UInt64 = 0x336D_7361_776F_67

    /// The build of gowasm-fast that makes and runs the bytecode: another one may have other handlers, or another lowering.
    package struct Engine: Equatable {
        private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        /// The build that is running; nil where its linker has not given it an identity, made of its contents.
        package init?() {
            let count = withUnsafeMutableBytes(of: &words) {
                gw_build_id($0.baseAddress!.assumingMemoryBound(to: UInt8.self), $0.count)
            }
            guard count > 0 else { return nil }
        }

        /// No build that there is.
        package init(imagined number: UInt64) { words.3 = number }

        package static func == (left: Engine, right: Engine) -> Bool { left.words == right.words }
    }

    fileprivate struct Header {
        var format = CodeImage.format
        var checksum: UInt64 = 0
        var engine: Engine
        /// The options, and the register global or all ones.
        var checksAddresses: UInt64
        var optimizes: UInt64
        /// What counters begin with, or all ones where there are none.
        var counterStart: UInt64
        var countsBudget: UInt64
        var registerGlobal: UInt64
        var functionCount: UInt64
        var cellCount: UInt64

        /// Whether code that says this can be the code of a module of which this is known.
        func fits(_ other: Header) -> Bool {
            format == other.format && engine == other.engine && checksAddresses == other.checksAddresses
                && optimizes == other.optimizes
                && counterStart == other.counterStart && countsBudget == other.countsBudget
                && registerGlobal == other.registerGlobal
        }
    }

    fileprivate struct Entry {
        var function: UInt32
        /// Its first cell; it ends where the next one begins.
        var first: UInt32
        var general: UInt32
        var fresh: UInt32
        /// How many slots its frame has.
        var slots: UInt32
    }
}

extension LoweredCode {
    private func header(_ engine: CodeImage.Engine, functions: Int, cells: Int) -> CodeImage.Header {
        CodeImage.Header(
            engine: engine, checksAddresses: options.checksAddresses ? 1 : 0, optimizes: options.optimizes ? 1 : 0,
            counterStart: counterStart.map(UInt64.init) ?? .max, countsBudget: options.countsBudget ? 1 : 0,
            registerGlobal: registerGlobal.map(UInt64.init) ?? .max, functionCount: UInt64(functions),
            cellCount: UInt64(cells))
    }

    /// A number for the files of one module, engine and way to make code; others may have the same.
    package func imageNumber(_ engine: CodeImage.Engine) -> UInt64 {
        var sum = Checksum()
        let bytes = UnsafeRawBufferPointer(rebasing: module.bytes.buffer.prefix(Self.identifyingBytes))
        sum.add(bytes)
        var header = header(engine, functions: module.bodies.count, cells: module.bytes.buffer.count)
        withUnsafeBytes(of: &header) { sum.add($0) }
        return sum.value
    }

    /// How many of a module's first bytes tell it from others: those of Go begin with the build's ID.
    private static var identifyingBytes: Int { 512 }

    /// Writes what is lowered to an open file.
    ///
    /// - Returns: Whether that worked.
    package func writeImage(to descriptor: Int32, _ engine: CodeImage.Engine) -> Bool {
        withState { state in
            let entries = state.functions.map { lowered in
                let entry = code.pointee.entries[lowered.function]
                return CodeImage.Entry(
                    function: UInt32(lowered.function), first: UInt32(lowered.cells.lowerBound), general: entry.general,
                    fresh: entry.fresh, slots: UInt32(lowered.slots))
            }
            var header = header(engine, functions: entries.count, cells: state.position)
            let restored = restoredCells(state)
            defer { restored.deallocate() }
            let cells = UnsafeRawBufferPointer(restored)
            var sum = Checksum()
            entries.withUnsafeBytes { sum.add($0) }
            sum.add(cells)
            header.checksum = sum.value

            var file = BufferedFile(descriptor)
            withUnsafeBytes(of: &header) { file.append($0) }
            entries.withUnsafeBytes { file.append($0) }
            forEachSource(entries) {
                file.append($0)
                return true
            }
            file.append(cells)
            return file.flush()
        }
    }

    /// Takes what was lowered of this module from an open file at its start.
    ///
    /// - Returns: Whether there was such code; otherwise nothing has changed.
    package func readImage(from descriptor: Int32, _ engine: CodeImage.Engine) -> Bool {
        withState { state in
            guard state.functions.isEmpty else { return false }
            var file = BufferedFile(descriptor)
            let expected = header(engine, functions: 0, cells: 0)
            var header = expected
            guard withUnsafeMutableBytes(of: &header, { file.take(into: $0) }), header.fits(expected),
                header.functionCount <= UInt64(module.bodies.count), header.cellCount <= UInt64(arena.capacity)
            else { return false }
            let (count, cellCount) = (Int(header.functionCount), Int(header.cellCount))
            var isRead = false
            let entries = [CodeImage.Entry](unsafeUninitializedCapacity: count) { entries, initialized in
                isRead = file.take(into: UnsafeMutableRawBufferPointer(entries))
                initialized = isRead ? count : 0
            }
            guard isRead, let functions = ranges(entries, cellCount), forEachSource(entries, { file.matches($0) })
            else { return false }
            let cells = arena.bytes(ofFirst: cellCount)
            guard file.take(into: cells) else { return false }
            var sum = Checksum()
            entries.withUnsafeBytes { sum.add($0) }
            sum.add(UnsafeRawBufferPointer(cells))
            guard sum.value == header.checksum else { return false }
            gw_vector_prepare()
            for entry in entries {
                let place = code.pointee.entries + Int(entry.function)
                place.pointee.fresh = entry.fresh
                gw_publish(&place.pointee.general, entry.general)
            }
            #if DEBUG || GOWASM_VERIFY
                guard functions.allSatisfy({ state.verifier.fault(in: $0, of: code) == nil }) else {
                    for entry in entries {
                        code.pointee.entries[Int(entry.function)] = GWCodeEntry(general: 0, fresh: 0)
                    }
                    return false
                }
            #endif
            state.functions = functions
            state.position = cellCount
            return true
        }
    }

    /// The cells as they were before the program ran.
    ///
    /// They have the handlers that machine code has taken the place of, and counters at their beginning. Those of
    /// functions that turned out to be hot say so: the next run compiles these when they are first called.
    private func restoredCells(_ state: borrowing State) -> UnsafeMutableBufferPointer<UInt32> {
        let cells = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: state.position)
        gw_native_original(code, 0, UInt32(state.position), cells.baseAddress)
        guard let counterStart else { return cells }
        for lowered in state.functions {
            var size: UInt64 = 0
            let start = gw_native_code(code, UInt32(lowered.function), &size) == nil ? counterStart : 1
            for counter in reader.instructions(lowered.cells) where counter.plain == .counter {
                cells[counter.cell + 1] = start
            }
        }
        return cells
    }

    /// How many bytes of bytecode there are.
    package var bytecodeSize: Int { withState { $0.position } * CodeArena.cellSize }

    /// The stretches that entries describe; nil where they cannot be those of this module's functions.
    private func ranges(_ entries: [CodeImage.Entry], _ end: Int) -> [LoweredFunction]? {
        var stretches: [LoweredFunction] = []
        stretches.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            let first = Int(entry.first)
            let next = index + 1 < entries.count ? Int(entries[index + 1].first) : end
            guard first > 0, first < next, next <= end, (first..<next).contains(Int(entry.general)),
                (first..<next).contains(Int(entry.fresh)), Int(entry.function) >= module.importedFunctionCount,
                Int(entry.function) < module.functionTypes.count, entry.slots <= GW_MAXIMUM_FRAME_SLOTS
            else { return nil }
            stretches.append(
                LoweredFunction(cells: first..<next, function: Int(entry.function), slots: Int(entry.slots)))
        }
        return stretches
    }

    /// Passes everything that the code of functions is made from, until `body` says no.
    ///
    /// - Returns: Whether it never did.
    @discardableResult
    private func forEachSource(
        _ entries: [CodeImage.Entry], _ body: (UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        let bytes = module.bytes.buffer
        // The section before says how long a section is: so none can be taken for a part of another.
        var end = 8
        for (section, range) in module.sectionRanges {
            let start = end
            end = range.upperBound
            if section == .custom || section == .code || section == .data { continue }
            guard body(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else { return false }
        }
        guard typeNumbers.withUnsafeBytes(body) else { return false }
        for entry in entries {
            let range = module.bodies[Int(entry.function) - module.importedFunctionCount].bytes
            guard body(UnsafeRawBufferPointer(rebasing: bytes[range])) else { return false }
        }
        return true
    }
}
