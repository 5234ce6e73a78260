/// The strings of a profile; the first is the empty one.
struct StringTable {
    private(set) var all = [""]
    private var numbers = ["": 0]

    mutating func number(of string: String) -> Int {
        if let known = numbers[string] { return known }
        numbers[string] = all.count
        all.append(string)
        return all.count - 1
    }
}
