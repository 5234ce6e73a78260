import WasmFrontend
import _TestSupport

// Functions of the shape that Go's compiler gives them.
extension ModuleGenerator {
    /// `(pc_b) -> unwinding`: a dispatch on the parameter, pieces of code that lead to each other through it, and the
    /// stack pointer kept in a global and in a local.
    mutating func goFunction() {
        body.targets = [Target(types: body.results, isLoop: false)]
        let hasCopy = chance(90)
        if hasCopy {
            body.copy = 1
            body.locals.append(.i32)
            body.isDisciplined = chance(85)
        }
        for _ in 0..<(chance(5) ? 70 : below(6)) { body.locals.append(randomType()) }
        let stack = unsigned(Self.stackPointer)
        if hasCopy { emit([0x23] + stack + [0x21] + unsigned(1)) }
        let pieces = 1 + below(6)
        // Around everything, for the way out.
        let isWrapped = chance(60)
        if isWrapped {
            emit([0x02, 0x40])
            body.targets.append(Target(types: [], isLoop: false))
        }
        if chance(8) { statement() }
        // What is entered at its pieces, but does not come back to the dispatch, has no loop.
        let comesBack = chance(75)
        if comesBack {
            emit([0x03, 0x40])
            body.targets.append(Target(types: [], isLoop: true))
        }
        for _ in 0..<pieces {
            emit([0x02, 0x40])
            body.targets.append(Target(types: [], isLoop: false))
        }
        emit([0x20, 0x00])
        var labels = (0..<pieces).map { piece in chance(92) ? piece : below(pieces) }
        if !comesBack && isWrapped && chance(30) { labels.append(pieces) }
        emit([0x0E] + vector(labels.dropLast().map { unsigned($0) }) + unsigned(labels.last!))
        for piece in 0..<pieces {
            emit(0x0B)
            body.targets.removeLast()
            goPiece(piece, of: pieces)
        }
        if comesBack {
            emit(0x0B)
            body.targets.removeLast()
        }
        if isWrapped {
            emit(0x0B)
            body.targets.removeLast()
        }
        // The way out: unwinding.
        if chance(50) { emitConstant(.i32, UInt64(below(2))) } else { expression(.i32) }
    }

    private mutating func goPiece(_ piece: Int, of pieces: Int) {
        let frame = 8 * below(6)
        if chance(piece == 0 ? 60 : 10) {
            stackCheck()
            moveStack(by: -frame)
        }
        for _ in 0..<below(4) { statement() }
        switch below(10) {
        case 0..<4: jump(to: below(pieces), pieces)
        case 4..<7:
            moveStack(by: frame)
            if chance(60) { moveStack(by: 8) }
            emitConstant(.i32, chance(70) ? 0 : UInt64(below(3)))
            emit(0x0F)
        case 7:
            expression(.i32)
            emit([0x04, 0x40])
            inside([]) { $0.jump(to: $0.below(pieces), pieces) }
            emit(0x0B)
        default: break
        }
    }

    /// `const K; set pc; br loop`, now and then in another form, which must not be taken for it.
    private mutating func jump(to piece: Int, _ pieces: Int) {
        guard let loop = body.targets.firstIndex(where: \.isLoop) else { return }
        useFuel()
        let label = unsigned(body.targets.count - 1 - loop)
        switch below(12) {
        case 0:
            expression(.i32)
            emit([0x21, 0x00, 0x0C] + label)
        case 1:
            emit([0x41] + signed(piece) + [0x21, 0x00])
            statement()
            emit([0x0C] + label)
        case 2:
            emit([0x41] + signed(piece) + [0x21, 0x00])
            expression(.i32)
            emit([0x0D] + label)
        default:
            emit([0x41] + signed(chance(95) ? piece : -1) + [0x21, 0x00, 0x0C] + label)
        }
    }

    /// Go's check of the stack: `if sp <= [g + 16] { … }`.
    mutating func stackCheck() {
        let stack = unsigned(Self.stackPointer)
        emit(body.copy.map { [0x20] + unsigned($0) } ?? [0x23] + stack)
        emit([0x23] + unsigned(Self.stackBounds) + [0xA7, 0x28, 0x02] + unsigned(16) + [0x4D])
        if chance(90) {
            emit([0x04, 0x40])
            inside([]) { generator in
                if generator.chance(10) { generator.stackCheck() }
                if generator.chance(70) { generator.statement() }
            }
            if chance(10) {
                emit(0x05)
                inside([]) { $0.statement() }
            }
            emit(0x0B)
        } else {
            discard(.i32)
        }
        if chance(60) { moveStack(by: -8 * below(6)) }
    }
}
