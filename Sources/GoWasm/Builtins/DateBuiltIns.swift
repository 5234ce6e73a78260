internal import HostSystem
internal import LibC

extension JSRealm {
    func installDate() {
        let date = constructor(
            "Date", prototypes.date, length: 7,
            call: { realm, _, _ throws(JSFailure) in
                realm.string(realm.dateText(Double(realm.host.clock.wall / 1_000_000)))
            },
            new: { realm, _, arguments throws(JSFailure) in .object(try realm.makeDate(arguments)) })
        method(date, "now") { realm, _, _ throws(JSFailure) in .number(Double(realm.host.clock.wall / 1_000_000)) }
        method(date, "UTC", length: 7) { realm, _, arguments throws(JSFailure) in
            .number(CalendarTime.clipped(try realm.utcTime(arguments)))
        }
        let prototype = prototypes.date
        for name in ["getTime", "valueOf"] as [StaticString] {
            method(prototype, name) { realm, this, _ throws(JSFailure) in .number(try realm.dateThis(this).time) }
        }
        method(prototype, "setTime", length: 1) { realm, this, arguments throws(JSFailure) in
            let date = try realm.dateThis(this)
            date.time = CalendarTime.clipped(try realm.toNumber(arguments[0]))
            return .number(date.time)
        }
        method(prototype, "getTimezoneOffset") { realm, this, _ throws(JSFailure) in
            let time = try realm.dateThis(this).time
            // Whole minutes, also where it was more than that.
            return .number(time.isNaN ? .nan : (-LocalTime.offset(at: time) / 60_000).rounded(.towardZero) + 0)
        }
        let fields: [(StaticString, StaticString, @Sendable (CalendarTime) -> Int)] = [
            ("getFullYear", "getUTCFullYear", { $0.year }), ("getMonth", "getUTCMonth", { $0.month }),
            ("getDate", "getUTCDate", { $0.day }), ("getDay", "getUTCDay", { $0.weekday }),
            ("getHours", "getUTCHours", { $0.hour }), ("getMinutes", "getUTCMinutes", { $0.minute }),
            ("getSeconds", "getUTCSeconds", { $0.second }),
            ("getMilliseconds", "getUTCMilliseconds", { $0.millisecond }),
        ]
        for (local, utc, field) in fields {
            method(prototype, local) { realm, this, _ throws(JSFailure) in
                let time = try realm.dateThis(this).time
                return .number(CalendarTime(LocalTime.local(time)).map { Double(field($0)) } ?? .nan)
            }
            method(prototype, utc) { realm, this, _ throws(JSFailure) in
                .number(CalendarTime(try realm.dateThis(this).time).map { Double(field($0)) } ?? .nan)
            }
        }
        method(date, "parse", length: 1) { realm, _, arguments throws(JSFailure) in
            .number(DateParser.parse(try realm.toString(arguments[0])))
        }
        installDateSetters(prototype)
        installDateTexts(prototype)
        method(prototype, "toISOString") { realm, this, _ throws(JSFailure) in
            guard let time = CalendarTime(try realm.dateThis(this).time) else {
                throw realm.rangeError("Invalid time value")
            }
            return realm.string(time.isoText)
        }
        method(prototype, "toJSON", length: 1) { realm, this, _ throws(JSFailure) in
            CalendarTime(try realm.dateThis(this).time).map { realm.string($0.isoText) } ?? .null
        }
        method(prototype, "toString") { realm, this, _ throws(JSFailure) in
            realm.string(realm.dateText(try realm.dateThis(this).time))
        }
    }

    /// The setters: which of the seven fields each of them sets first, how many it takes, and whether in UTC.
    private func installDateSetters(_ prototype: JSObject) {
        let setters: [(StaticString, StaticString, first: Int, count: Int)] = [
            ("setFullYear", "setUTCFullYear", 0, 3), ("setMonth", "setUTCMonth", 1, 2), ("setDate", "setUTCDate", 2, 1),
            ("setHours", "setUTCHours", 3, 4), ("setMinutes", "setUTCMinutes", 4, 3),
            ("setSeconds", "setUTCSeconds", 5, 2), ("setMilliseconds", "setUTCMilliseconds", 6, 1),
        ]
        for (local, utc, first, count) in setters {
            for (name, isLocal) in [(local, true), (utc, false)] {
                method(prototype, name, length: count) { realm, this, arguments throws(JSFailure) in
                    let date = try realm.dateThis(this)
                    let start = date.time.isNaN && first == 0 ? 0 : date.time
                    var fields = [Double](repeating: .nan, count: 7)
                    if let parts = CalendarTime(isLocal ? LocalTime.local(start) : start) {
                        fields = [
                            parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second,
                            parts.millisecond,
                        ].map { Double($0) }
                    }
                    for position in 0..<max(1, min(count, arguments.count)) {
                        fields[first + position] = try realm.toNumber(arguments[position]).rounded(.towardZero)
                    }
                    // A date that was none stays so, unless it gets a year.
                    if date.time.isNaN, first != 0 { return .number(.nan) }
                    let time = CalendarTime.time(fields)
                    date.time = isLocal ? LocalTime.utc(time) : CalendarTime.clipped(time)
                    return .number(date.time)
                }
            }
        }
    }

    private func installDateTexts(_ prototype: JSObject) {
        method(prototype, "toDateString") { realm, this, _ throws(JSFailure) in
            let text = realm.dateText(try realm.dateThis(this).time)
            return realm.string(text.split(separator: " ").prefix(4).joined(separator: " "))
        }
        method(prototype, "toTimeString") { realm, this, _ throws(JSFailure) in
            let time = try realm.dateThis(this).time
            let text = realm.dateText(time)
            if time.isNaN { return realm.string(text) }
            return realm.string(text.split(separator: " ").dropFirst(4).joined(separator: " "))
        }
        method(prototype, "toUTCString") { realm, this, _ throws(JSFailure) in
            guard let parts = CalendarTime(try realm.dateThis(this).time) else {
                return realm.string("Invalid Date")
            }
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            return realm.string(
                "\(parts.weekdayName), \(two(parts.day)) \(parts.monthName) \(parts.yearText) "
                    + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) GMT")
        }
        alias(prototype, "toGMTString", of: "toUTCString")
        method(prototype, wellKnownSymbols.toPrimitive, length: 1) { realm, this, arguments throws(JSFailure) in
            guard let object = this.object else {
                throw realm.typeError("Date.prototype [ @@toPrimitive ] called on non-object")
            }
            guard case .string(let hint) = arguments[0], hint == "default" || hint == "string" || hint == "number"
            else {
                throw realm.typeError("Invalid hint: \(realm.receiverText(arguments[0]))")
            }
            return try realm.ordinaryPrimitive(object, preferringString: !(hint == "number"))
        }
        // Programs may not replace it by assigning.
        prototype.define(
            wellKnownSymbols.toPrimitive.key,
            prototype.properties[prototype.properties.find(wellKnownSymbols.toPrimitive.key)].value, .configurable)
    }

    private func dateThis(_ value: JSValue) throws(JSFailure) -> JSDate {
        guard let object = value.object, object.kind == .date else { throw typeError("this is not a Date object.") }
        return unsafeDowncast(object, to: JSDate.self)
    }

    private func makeDate(_ arguments: JSArguments) throws(JSFailure) -> JSDate {
        var time: Double
        if arguments.count == 0 {
            time = Double(host.clock.wall / 1_000_000)
        } else if arguments.count == 1 {
            if let object = arguments[0].object, object.kind == .date {
                time = unsafeDowncast(object, to: JSDate.self).time
            } else if case .string(let text) = arguments[0] {
                time = DateParser.parse(text)
            } else {
                var value = arguments[0]
                if let object = value.object { value = try toPrimitive(object, hint: "default") }
                if case .string(let text) = value { time = DateParser.parse(text) } else { time = try toNumber(value) }
            }
        } else {
            time = try utcTime(arguments)
            time = LocalTime.utc(time)
        }
        return JSDate(time: CalendarTime.clipped(time), prototype: prototypes.date)
    }

    /// The time that (year, month, day, hours, minutes, seconds, milliseconds) mean in UTC.
    private func utcTime(_ arguments: JSArguments) throws(JSFailure) -> Double {
        var fields: [Double] = [.nan, 0, 1, 0, 0, 0, 0]
        for position in 0..<min(arguments.count, fields.count) {
            fields[position] = try toNumber(arguments[position]).rounded(.towardZero)
        }
        if fields[0] >= 0, fields[0] <= 99 { fields[0] += 1900 }
        return CalendarTime.time(fields)
    }

    private func dateText(_ time: Double) -> String {
        let offset = LocalTime.offset(at: time)
        guard let parts = CalendarTime(time + offset) else { return "Invalid Date" }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = Int(abs(offset) / 60_000)
        let zone = "GMT\(offset < 0 ? "-" : "+")\(two(minutes / 60))\(two(minutes % 60))"
        return
            "\(parts.weekdayName) \(parts.monthName) \(two(parts.day)) \(parts.yearText) "
            + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) \(zone)"
    }
}

/// A moment as year, month (0 to 11), day and time of day.
struct CalendarTime {
    let year, month, day, weekday, hour, minute, second, millisecond: Int

    /// Takes milliseconds since 1970 apart; nil for what is no time.
    init?(_ time: Double) {
        guard time.isFinite, abs(time) < 9e15 else { return nil }
        let total = Int(time.rounded(.down))
        let days = total >= 0 ? total / 86_400_000 : -((-total + 86_399_999) / 86_400_000)
        let rest = total - days * 86_400_000
        (hour, minute, second, millisecond) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000)
        weekday = ((days + 4) % 7 + 7) % 7
        // Days since 0000-03-01, in eras of 400 years (the algorithm of Howard Hinnant's "date algorithms").
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = (monthFromMarch + 2) % 12
        year = yearOfEra + era * 400 + (monthFromMarch >= 10 ? 1 : 0)
    }

    /// The year with at least four digits, in texts for people.
    var yearText: String {
        let digits = String(abs(year))
        return (year < 0 ? "-" : "") + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    var weekdayName: String { ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday] }
    var monthName: String {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month]
    }

    /// Milliseconds since 1970 of year, month, day, hour, minute, second and millisecond, each of which may lie outside
    /// its range.
    static func time(_ fields: [Double]) -> Double {
        guard fields.allSatisfy({ $0.isFinite && abs($0) < 1e16 }), abs(fields[0]) < 1e6, abs(fields[1]) < 1e7 else {
            return .nan
        }
        let days = CalendarTime.days(year: Int(fields[0]), month: Int(fields[1]), day: 1)
        let time = fields[3] * 3_600_000 + fields[4] * 60_000 + fields[5] * 1000 + fields[6]
        return (Double(days) + fields[2] - 1) * 86_400_000 + time
    }

    /// Days from 1970-01-01 to a date; the month counts from 0 and may lie outside the year.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let carry = (month >= 0 ? month : month - 11) / 12
        let monthOfYear = month - carry * 12
        let shiftedYear = year + carry - (monthOfYear < 2 ? 1 : 0)
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * ((monthOfYear + 10) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Such as "2006-01-02T15:04:05.000Z".
    var isoText: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(abs(number))
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let yearText = (0...9999).contains(year) ? padded(year, 4) : (year < 0 ? "-" : "+") + padded(year, 6)
        return
            "\(yearText)-\(padded(month + 1, 2))-\(padded(day, 2))T\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2)).\(padded(millisecond, 3))Z"
    }

    /// A time without the fractions of a millisecond; NaN for one outside of the range (TimeClip).
    static func clipped(_ time: Double) -> Double {
        abs(time) <= 8.64e15 ? time.rounded(.towardZero) + 0 : .nan
    }
}
