/// Separates text into words as a shell does it, without all that a shell does beside: no variables, no patterns.
///
/// Words are separated by white space. In single quotation marks every character is itself; in double ones, and without
/// any, a backslash makes the next character itself.
enum ShellWords {
    /// The words; nil if a quotation mark is not closed, or nothing follows a backslash.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var mark: Character?
        var characters = text.makeIterator()
        while let character = characters.next() {
            switch (character, mark) {
            case ("\\", nil), ("\\", "\""):
                guard let next = characters.next() else { return nil }
                word = (word ?? "") + String(next)
            case (_, .some(let open)):
                if character == open { mark = nil } else { word?.append(character) }
            case ("'", nil), ("\"", nil):
                mark = character
                word = word ?? ""
            case (_, nil) where character.isWhitespace:
                if let complete = word { words.append(complete) }
                word = nil
            case (_, nil): word = (word ?? "") + String(character)
            }
        }
        guard mark == nil else { return nil }
        return words + (word.map { [$0] } ?? [])
    }
}
