/// A file of the specification's tests, as wast2json writes it.
struct SpecScript: Decodable {
    var commands: [Command]

    struct Command: Decodable {
        enum Kind: String, Decodable {
            case module, register, action
            case assertReturn = "assert_return"
            case assertTrap = "assert_trap"
            case assertExhaustion = "assert_exhaustion"
            case assertMalformed = "assert_malformed"
            case assertInvalid = "assert_invalid"
            case assertUnlinkable = "assert_unlinkable"
            case assertUninstantiable = "assert_uninstantiable"
        }

        enum CodingKeys: String, CodingKey {
            case kind = "type"
            case moduleType = "module_type"
            case registeredName = "as"
            case line, name, filename, text, action, expected
        }

        var kind: Kind
        var line: Int
        /// The name of a module, such as `$M`; of the last one if there is none.
        var name: String?
        /// The file with the module.
        var filename: String?
        /// `binary` or `text`.
        var moduleType: String?
        /// The message expected of a refusal or trap.
        var text: String?
        /// What `register` calls the module.
        var registeredName: String?
        var action: Action?
        var expected: [Constant]?
    }

    struct Action: Decodable {
        enum Kind: String, Decodable { case invoke, get }

        enum CodingKeys: String, CodingKey {
            case kind = "type"
            case module, field, args
        }

        var kind: Kind
        var module: String?
        var field: String
        var args: [Constant]?
    }

    /// A value, written as a decimal number of its bits, `null`, or a class of NaNs; a vector as that many of its
    /// lanes.
    struct Constant: Decodable {
        enum CodingKeys: String, CodingKey {
            case type, value
            case laneType = "lane_type"
        }

        var type: String
        var value: String?
        /// The type of a vector's lanes, such as `i8`, and the lanes.
        var laneType: String?
        var lanes: [String] = []

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decode(String.self, forKey: .type)
            laneType = try container.decodeIfPresent(String.self, forKey: .laneType)
            if type == "v128" {
                lanes = try container.decodeIfPresent([String].self, forKey: .value) ?? []
            } else {
                value = try container.decodeIfPresent(String.self, forKey: .value)
            }
        }

        /// A lane of a vector.
        init(lane: String, type: String) {
            self.type = type
            value = lane
        }
    }
}
