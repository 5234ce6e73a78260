internal import HostSystem

/// Reads dates as V8 does: ECMAScript's format of dates (ECMA-262, 21.4.1.32), and else whatever looks like a date, by
/// the rules of V8's old parser (src/date/dateparser-inl.h).
struct DateParser {
    /// A piece of the text.
    private enum Token: Equatable {
        case number(Int, length: Int)
        case symbol(UInt16)
        case keyword(Keyword, value: Int, length: Int)
        case space
        case unknown
        case end

        var number: (value: Int, length: Int)? {
            if case .number(let value, let length) = self { (value, length) } else { nil }
        }
        /// The number of so many digits.
        func number(length wanted: Int, in range: ClosedRange<Int>) -> Int? {
            guard let (value, length) = number, length == wanted, range.contains(value) else { return nil }
            return value
        }
        func isSymbol(_ character: Unicode.Scalar) -> Bool {
            self == .symbol(UInt16(truncatingIfNeeded: character.value))
        }
        /// 1 for a plus, -1 for a minus.
        var sign: Int? { isSymbol("+") ? 1 : isSymbol("-") ? -1 : nil }
        /// Whether this is the letter Z.
        var isZ: Bool { if case .keyword(.zone, 0, 1) = self { true } else { false } }
    }

    private enum Keyword { case word, month, halfOfDay, zone, separator }

    /// Words by their first three letters: longer ones are only the names of months.
    private static let keywords: [String: (Keyword, Int)] = [
        "jan": (.month, 1), "feb": (.month, 2), "mar": (.month, 3), "apr": (.month, 4), "may": (.month, 5),
        "jun": (.month, 6), "jul": (.month, 7), "aug": (.month, 8), "sep": (.month, 9), "oct": (.month, 10),
        "nov": (.month, 11), "dec": (.month, 12), "am": (.halfOfDay, 0), "pm": (.halfOfDay, 12), "ut": (.zone, 0),
        "utc": (.zone, 0), "z": (.zone, 0), "gmt": (.zone, 0), "cdt": (.zone, -5), "cst": (.zone, -6),
        "edt": (.zone, -4), "est": (.zone, -5), "mdt": (.zone, -6), "mst": (.zone, -7), "pdt": (.zone, -7),
        "pst": (.zone, -8), "t": (.separator, 0),
    ]

    private let units: [UInt16]
    private var place = 0
    private var next = Token.unknown

    /// Year, month and day, in the order in which they came.
    private var day: [Int] = []
    private var namedMonth: Int?
    private var isISODate = false
    /// Hour, minute, second and millisecond.
    private var time: [Int] = []
    private var halfOfDay: Int?
    private var zoneSign: Int?
    private var zoneHour: Int?
    private var zoneMinute: Int?

    /// The time that a text means, in milliseconds since 1970; NaN for a text that is no date.
    static func parse(_ text: JSString) -> Double {
        // No date is longer.
        guard text.byteCount <= maximumLength else { return .nan }
        var parser = DateParser(units: Array(text.utf16))
        return parser.parse() ?? .nan
    }

    private static let maximumLength = 1 << 20

    private init(units: [UInt16]) {
        self.units = units
        next = scan()
    }

    // MARK: Tokens

    private func unit(_ place: Int) -> UInt16 { place < units.count ? units[place] : 0 }

    private static func isDigit(_ unit: UInt16) -> Bool { unit >= 0x30 && unit <= 0x39 }

    private static func isSpace(_ unit: UInt16) -> Bool {
        switch unit {
        case 0x09...0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF: true
        default: false
        }
    }

    private static func isLetter(_ unit: UInt16) -> Bool { unit >= 0x41 && !isSpace(unit) }

    private mutating func take() -> Token {
        defer { next = scan() }
        return next
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next.isSymbol(character) else { return false }
        _ = take()
        return true
    }

    private mutating func scan() -> Token {
        guard place < units.count else { return .end }
        let start = place
        let first = units[place]
        if Self.isDigit(first) { return scanNumber() }
        if [0x3A, 0x2D, 0x2B, 0x2E, 0x29].contains(first) {
            place += 1
            return .symbol(first)
        }
        if Self.isLetter(first) {
            while Self.isLetter(unit(place)) { place += 1 }
            let prefix = units[start..<min(place, start + 3)].map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
            let length = place - start
            guard let (kind, value) = Self.keywords[String(decoding: prefix, as: UTF16.self)],
                length <= 3 || kind == .month
            else { return .keyword(.word, value: 0, length: length) }
            return .keyword(kind, value: value, length: length)
        }
        if Self.isSpace(first) {
            place += 1
            return .space
        }
        // What is in parentheses is left out.
        if first == 0x28 {
            var depth = 0
            repeat {
                if unit(place) == 0x28 { depth += 1 } else if unit(place) == 0x29 { depth -= 1 }
                place += 1
            } while depth > 0 && place < units.count
            return .unknown
        }
        place += 1
        return .unknown
    }

    /// A number, of which nine digits count.
    private mutating func scanNumber() -> Token {
        let start = place
        while unit(place) == 0x30 { place += 1 }
        var (value, count) = (0, 0)
        while Self.isDigit(unit(place)) {
            if count < 9 { value = value * 10 + Int(units[place] - 0x30) }  // traps: nine digits
            count += 1
            place += 1
        }
        return .number(value, length: place - start)
    }

    // MARK: Rules

    private mutating func parse() -> Double? {
        guard var token = parseISO() else { return nil }
        var hasNumber = !day.isEmpty
        while token != .end {
            guard take(token, &hasNumber) else { return nil }
            token = take()
        }
        return result
    }

    /// Takes note of a token; false where it is wrong.
    private mutating func take(_ token: Token, _ hasNumber: inout Bool) -> Bool {
        if let (value, length) = token.number {
            hasNumber = true
            return takeNumber(value, length)
        }
        if case .keyword(let kind, let value, _) = token {
            if kind == .halfOfDay, !time.isEmpty {
                halfOfDay = value
            } else if kind == .month {
                namedMonth = value
                _ = skip("-")
            } else if kind == .zone, hasNumber {
                setZone(hours: value)
            } else {
                // Other words are only allowed before the first number, and not just before it.
                return !hasNumber && next.number == nil
            }
            return true
        }
        if let sign = token.sign, !time.isEmpty || (zoneHour == 0 && zoneMinute == 0) {
            hasNumber = true
            return takeOffset(sign)
        }
        return !(hasNumber && (token.sign != nil || token.isSymbol(")")))
    }

    private mutating func takeNumber(_ value: Int, _ length: Int) -> Bool {
        if next.isSymbol(":") {
            _ = take()
            if skip(":") {
                guard time.isEmpty else { return false }
                time = [value, 0]
            } else {
                guard add(time: value) else { return false }
                if next.isSymbol(".") { _ = take() }
            }
            return true
        }
        if next.isSymbol(".") {
            _ = take()
            if expectsTime(value) {
                _ = add(time: value)
                guard let (fraction, length) = take().number else { return false }
                return finishTime(Self.milliseconds(fraction, length))
            }
        }
        if zoneHour != nil, zoneMinute == nil, (0..<60).contains(value) {
            zoneMinute = value
            return true
        }
        if expectsTime(value) {
            guard finishTime(value) else { return false }
            return next == .end || next == .space || next.isZ || next.sign != nil
        }
        guard day.count < 3 else { return false }
        day.append(value)
        _ = skip("-")
        return true
    }

    /// Whether a number may be the next part of the time.
    private func expectsTime(_ value: Int) -> Bool {
        switch time.count {
        case 1, 2: (0..<60).contains(value)
        case 3: (0..<1000).contains(value)
        default: false
        }
    }

    private mutating func add(time value: Int) -> Bool {
        guard time.count < 4 else { return false }
        time.append(value)
        return true
    }

    private mutating func finishTime(_ value: Int) -> Bool {
        guard add(time: value) else { return true }
        while time.count < 4 { time.append(0) }
        return true
    }

    /// What comes after a plus or a minus behind a time.
    private mutating func takeOffset(_ sign: Int) -> Bool {
        zoneSign = sign
        var (value, length) = (0, 0)
        if let number = next.number {
            _ = take()
            (value, length) = number
        }
        if next.isSymbol(":") {
            (zoneHour, zoneMinute) = (value, nil)
        } else if length == 1 || length == 2 {
            (zoneHour, zoneMinute) = (value, 0)
        } else if length == 3 || length == 4 {
            (zoneHour, zoneMinute) = (value / 100, value % 100)
        } else {
            return false
        }
        return true
    }

    private mutating func setZone(hours: Int) {
        zoneSign = hours < 0 ? -1 : 1
        (zoneHour, zoneMinute) = (abs(hours), 0)
    }

    /// What a fraction of a second is in milliseconds.
    private static func milliseconds(_ value: Int, _ length: Int) -> Int {
        switch length {
        case 1: return value &* 100
        case 2: return value &* 10
        case 3: return value
        default:
            var value = value
            for _ in 3..<min(length, 9) { value /= 10 }
            return value
        }
    }

    // MARK: ECMAScript's format

    /// Reads a date in ECMAScript's format as far as that goes.
    ///
    /// - Returns: What the other rules go on with: `end` if the whole text is such a date. Nil if it is no date at all.
    private mutating func parseISO() -> Token? {
        if let sign = next.sign {
            let token = take()
            guard let year = next.number(length: 6, in: 0...999_999), sign > 0 || year > 0 else { return token }
            _ = take()
            day.append(sign * year)
        } else if let year = next.number(length: 4, in: 0...9999) {
            _ = take()
            day.append(year)
        } else {
            return take()
        }
        if skip("-") {
            guard let month = next.number(length: 2, in: 1...12) else { return take() }
            _ = take()
            day.append(month)
            if skip("-") {
                guard let date = next.number(length: 2, in: 1...31) else { return take() }
                _ = take()
                day.append(date)
            }
        }
        if case .keyword(.separator, _, _) = next {
            _ = take()
            guard parseISOTime(), next == .end else { return nil }
        } else if next != .end {
            return take()
        }
        // Without a time a date is one in UTC.
        if zoneHour == nil, time.isEmpty { setZone(hours: 0) }
        isISODate = true
        return .end
    }

    private mutating func parseISOTime() -> Bool {
        guard let hour = next.number(length: 2, in: 0...24) else { return false }
        _ = take()
        // Of the 24th hour there is only the beginning.
        let last = hour == 24 ? 0 : 59
        guard skip(":"), let minute = next.number(length: 2, in: 0...last) else { return false }
        _ = take()
        time = [hour, minute]
        if skip(":") {
            guard let second = next.number(length: 2, in: 0...last) else { return false }
            _ = take()
            time.append(second)
            if skip(".") {
                guard let (value, length) = next.number, hour < 24 || value == 0 else { return false }
                _ = take()
                time.append(Self.milliseconds(value, length))
            }
        }
        if next.isZ {
            _ = take()
            setZone(hours: 0)
        } else if let sign = next.sign {
            _ = take()
            zoneSign = sign
            if let both = next.number(length: 4, in: 0...2359) {
                guard both % 100 < 60 else { return false }
                _ = take()
                (zoneHour, zoneMinute) = (both / 100, both % 100)
            } else {
                guard let hours = next.number(length: 2, in: 0...23) else { return false }
                _ = take()
                guard skip(":"), let minutes = next.number(length: 2, in: 0...59) else { return false }
                _ = take()
                (zoneHour, zoneMinute) = (hours, minutes)
            }
        }
        return true
    }

    // MARK: The result

    private var result: Double? {
        guard let (year, month, date) = calendarDay, let dayTime = timeOfDay else { return nil }
        let days = CalendarTime.days(year: year, month: month - 1, day: date)
        let local = Double(days) * 86_400_000 + dayTime
        guard let zoneSign else { return LocalTime.utc(local) }
        let offset = (zoneHour ?? 0) &* 3600 &+ (zoneMinute ?? 0) &* 60
        return CalendarTime.clipped(local - Double(zoneSign * offset) * 1000)
    }

    private var calendarDay: (year: Int, month: Int, day: Int)? {
        guard !day.isEmpty else { return nil }
        // What is missing is 1.
        let parts = day + Array(repeating: 1, count: 3 - day.count)
        func isDay(_ number: Int) -> Bool { (1...31).contains(number) }
        var (year, month, date) = (parts[2], parts[0], parts[1])
        if let namedMonth {
            month = namedMonth
            (year, date) = isDay(parts[0]) ? (parts[1], parts[0]) : (parts[0], parts[1])
        } else if isISODate || !isDay(parts[0]) {
            (year, month, date) = (parts[0], parts[1], parts[2])
        }
        if !isISODate {
            if (0...49).contains(year) { year += 2000 } else if (50...99).contains(year) { year += 1900 }
        }
        // V8's small integers go that far.
        guard abs(year) < 1 << 30, (1...12).contains(month), isDay(date) else { return nil }
        return (year, month, date)
    }

    /// Milliseconds since midnight.
    private var timeOfDay: Double? {
        var parts = time + Array(repeating: 0, count: 4 - time.count)
        if let halfOfDay {
            guard (0...12).contains(parts[0]) else { return nil }
            parts[0] = parts[0] % 12 + halfOfDay
        }
        let isInDay =
            (0..<24).contains(parts[0]) && (0..<60).contains(parts[1]) && (0..<60).contains(parts[2])
            && (0..<1000).contains(parts[3])
        guard isInDay || parts == [24, 0, 0, 0] else { return nil }
        return Double(parts[0] * 3_600_000 + parts[1] * 60_000 + parts[2] * 1000 + parts[3])
    }
}

/// Local times and the zone that they are in.
enum LocalTime {
    /// How many milliseconds local time is ahead of UTC at a moment, in milliseconds since 1970.
    static func offset(at time: Double) -> Double { Double(Clock.secondsAheadOfUTC(at: time / 1000)) * 1000 }

    /// Local time at a moment.
    static func local(_ time: Double) -> Double { time + offset(at: time) }

    /// The moment at which clocks show a local time: of two the first, and of none the one that the clocks from before
    /// would have (ECMA-262, 21.4.1.26).
    ///
    /// NaN for what lies outside of the range of times.
    static func utc(_ local: Double) -> Double {
        guard local.isFinite, abs(local) <= 8.64e15 + 86_400_000 else { return .nan }
        let day = 86_400_000.0
        let before = offset(at: local - day)
        let after = offset(at: local + day)
        if offset(at: local - before) == before || offset(at: local - after) != after {
            return CalendarTime.clipped(local - before)
        }
        return CalendarTime.clipped(local - after)
    }
}
