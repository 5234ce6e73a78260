/// A function that has been lowered: its stretch of the arena.
struct LoweredFunction {
    /// The first cell, and the first behind it.
    var cells: Range<Int>
    /// Its index in the module.
    var function: Int
    /// How many slots its frame has, with room for the header and the arguments of what it calls.
    var slots: Int
}
