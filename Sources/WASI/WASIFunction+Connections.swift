internal import HostSystem

// Connections that the guest opens itself: the extension of WASI preview 1 that WasmEdge began (`wasifunc.cpp`), with
// the types under which Go's libraries for wasip1 import it.
//
// WasmEdge 0.12 changed some types; both forms are there. Where the newer ones have names with `_v2`, they are found
// under these, too.
extension WASIFunction {
    /// Whether a name is the one that WasmEdge gave the function's second form.
    func hasName(_ wanted: String) -> Bool { name.hasPrefix("sock_") && name + "_v2" == wanted }

    /// The extension's functions: of two forms the newer one first.
    nonisolated(unsafe) static let connections: [WASIFunction] = [
        .init("sock_open", ["family": .i32, "type": .i32, "fd": .result32]) { try $0.sockOpen($1[0], $1[1], $1[2]) },
        .init("sock_bind", ["fd": .i32, "address": .place, "port": .i32]) { try $0.sockBind($1[0], $1[1], $1[2]) },
        .init("sock_listen", ["fd": .i32, "backlog": .i32]) { try $0.sockListen($1[0], $1[1]) },
        .init("sock_connect", ["fd": .i32, "address": .place, "port": .i32]) {
            try $0.sockConnect($1[0], $1[1], $1[2])
        },
        .init("sock_accept", ["fd": .i32, "accepted": .result32]) { try $0.sockAccept($1[0], 0, $1[1]) },
        .init(
            "sock_recv_from",
            [
                "fd": .i32, "data": .read, "address": .place, "flags": .i32, "port": .result32, "size": .result32,
                "roFlags": .place,
            ]
        ) {
            try $0.sockRecvFrom($1[0], $1[1], $1[2], $1[3], $1[4], port: $1[5], $1[6], $1[7])
        },
        .init(
            "sock_recv_from",
            ["fd": .i32, "data": .read, "address": .place, "flags": .i32, "size": .result32, "roFlags": .place]
        ) {
            try $0.sockRecvFrom($1[0], $1[1], $1[2], $1[3], $1[4], port: nil, $1[5], $1[6])
        },
        .init(
            "sock_send_to",
            ["fd": .i32, "data": .written, "address": .place, "port": .i32, "flags": .i32, "size": .result32]
        ) {
            try $0.sockSendTo($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6])
        },
        .init("sock_getlocaladdr", ["fd": .i32, "address": .place, "port": .result32]) {
            try $0.sockGetlocaladdr($1[0], $1[1], type: nil, $1[2])
        },
        .init("sock_getlocaladdr", ["fd": .i32, "address": .place, "type": .result32, "port": .result32]) {
            try $0.sockGetlocaladdr($1[0], $1[1], type: $1[2], $1[3])
        },
        .init("sock_getpeeraddr", ["fd": .i32, "address": .place, "port": .result32]) {
            try $0.sockGetpeeraddr($1[0], $1[1], type: nil, $1[2])
        },
        .init("sock_getpeeraddr", ["fd": .i32, "address": .place, "type": .result32, "port": .result32]) {
            try $0.sockGetpeeraddr($1[0], $1[1], type: $1[2], $1[3])
        },
        .init("sock_getsockopt", ["fd": .i32, "level": .i32, "name": .i32, "value": .result32, "length": .i32]) {
            try $0.sockGetsockopt($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init("sock_setsockopt", ["fd": .i32, "level": .i32, "name": .i32, "value": .place, "length": .i32]) {
            try $0.sockSetsockopt($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init(
            "sock_getaddrinfo",
            ["node": .text, "service": .text, "hints": .place, "results": .place, "room": .i32, "count": .result32]
        ) {
            try $0.sockGetaddrinfo($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6], $1[7])
        },
    ]
}
