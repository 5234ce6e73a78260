//go:build wasip1

package main

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"
)

// The imports of the extension for connections, declared as Go's libraries for wasip1 declare them.

//go:wasmimport wasi_snapshot_preview1 sock_open
//go:noescape
func sockOpen(family, kind int32, fd unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_bind
//go:noescape
func sockBind(fd int32, address unsafe.Pointer, port uint32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_listen
//go:noescape
func sockListen(fd, backlog int32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_connect
//go:noescape
func sockConnect(fd int32, address unsafe.Pointer, port uint32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getsockopt
//go:noescape
func sockGetsockopt(fd int32, level, name uint32, value unsafe.Pointer, length uint32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_setsockopt
//go:noescape
func sockSetsockopt(fd int32, level, name uint32, value unsafe.Pointer, length uint32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getlocaladdr
//go:noescape
func sockGetlocaladdr(fd int32, address, port unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getpeeraddr
//go:noescape
func sockGetpeeraddr(fd int32, address, port unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_recv_from
//go:noescape
func sockRecvFrom(fd int32, data unsafe.Pointer, count int32, address unsafe.Pointer, flags int32,
	port, size, resultFlags unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_send_to
//go:noescape
func sockSendTo(fd int32, data unsafe.Pointer, count int32, address unsafe.Pointer, port, flags int32,
	size unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getaddrinfo
//go:noescape
func sockGetaddrinfo(node unsafe.Pointer, nodeLength uint32, service unsafe.Pointer, serviceLength uint32,
	hints, results unsafe.Pointer, room uint32, count unsafe.Pointer) syscall.Errno

const (
	inet4 = 1 + iota
	inet6
)

const (
	datagram = 1 + iota
	stream
)

const (
	optionReuseAddress = 0
	optionType         = 1
	optionError        = 2
	optionBroadcast    = 4
)

// A buffer as the host gets it.
type buffer struct{ address, size uint32 }

func bufferOf(data []byte) buffer {
	return buffer{uint32(uintptr(unsafe.Pointer(unsafe.SliceData(data)))), uint32(len(data))}
}

// The bytes of an address, in the form that says its family or in the one that does not.
func addressBytes(address netip.Addr, withFamily bool) []byte {
	if !withFamily {
		return address.AsSlice()
	}
	bytes := make([]byte, 128)
	binary.LittleEndian.PutUint16(bytes, uint16(family(address)))
	copy(bytes[2:], address.AsSlice())
	return bytes
}

func family(address netip.Addr) int32 {
	if address.Is4() {
		return inet4
	}
	return inet6
}

func addressOf(bytes []byte, port uint32) netip.AddrPort {
	var address netip.Addr
	switch binary.LittleEndian.Uint16(bytes) {
	case inet4:
		address = netip.AddrFrom4([4]byte(bytes[2:6]))
	case inet6:
		address = netip.AddrFrom16([16]byte(bytes[2:18]))
	}
	return netip.AddrPortFrom(address, uint16(port))
}

func result(code syscall.Errno) error {
	if code == 0 {
		return nil
	}
	return code
}

func open(family, kind int32) (int, error) {
	var fd int32
	err := result(sockOpen(family, kind, unsafe.Pointer(&fd)))
	return int(fd), err
}

func withAddress(to netip.AddrPort, withFamily bool, call func(unsafe.Pointer, uint32) syscall.Errno) error {
	bytes := addressBytes(to.Addr(), withFamily)
	address := bufferOf(bytes)
	err := result(call(unsafe.Pointer(&address), uint32(to.Port())))
	runtime.KeepAlive(bytes)
	return err
}

func connect(fd int, to netip.AddrPort) error {
	return withAddress(to, false, func(address unsafe.Pointer, port uint32) syscall.Errno {
		return sockConnect(int32(fd), address, port)
	})
}

func bind(fd int, to netip.AddrPort) error {
	return withAddress(to, true, func(address unsafe.Pointer, port uint32) syscall.Errno {
		return sockBind(int32(fd), address, port)
	})
}

func option(fd int, name uint32) (int, error) {
	var value int32
	err := result(sockGetsockopt(int32(fd), 0, name, unsafe.Pointer(&value), 4))
	return int(value), err
}

func setOption(fd int, name uint32, value int32) error {
	return result(sockSetsockopt(int32(fd), 0, name, unsafe.Pointer(&value), 4))
}

func endAddress(fd int, ofPeer bool) (netip.AddrPort, error) {
	bytes := make([]byte, 128)
	address := bufferOf(bytes)
	var port uint32
	var code syscall.Errno
	if ofPeer {
		code = sockGetpeeraddr(int32(fd), unsafe.Pointer(&address), unsafe.Pointer(&port))
	} else {
		code = sockGetlocaladdr(int32(fd), unsafe.Pointer(&address), unsafe.Pointer(&port))
	}
	if code != 0 {
		return netip.AddrPort{}, code
	}
	return addressOf(bytes, port), nil
}

func receiveFrom(fd int, data []byte) (int, netip.AddrPort, bool, error) {
	bytes := make([]byte, 128)
	address, room := bufferOf(bytes), bufferOf(data)
	var port, size uint32
	var flags uint16
	code := sockRecvFrom(int32(fd), unsafe.Pointer(&room), 1, unsafe.Pointer(&address), 0,
		unsafe.Pointer(&port), unsafe.Pointer(&size), unsafe.Pointer(&flags))
	runtime.KeepAlive(data)
	if code != 0 {
		return 0, netip.AddrPort{}, false, code
	}
	return int(size), addressOf(bytes, port), flags&1 != 0, nil
}

func sendTo(fd int, data []byte, to netip.AddrPort) (int, error) {
	content := bufferOf(data)
	var size uint32
	err := withAddress(to, true, func(address unsafe.Pointer, port uint32) syscall.Errno {
		return sockSendTo(int32(fd), unsafe.Pointer(&content), 1, address, int32(port), 0, unsafe.Pointer(&size))
	})
	runtime.KeepAlive(data)
	return int(size), err
}

// The host's structures for names: what is asked and what is answered; each leads to the next.
type addressInfo struct {
	flags                 uint16
	family, kind          uint8
	protocol, addressSize uint32
	address, name         uint32
	nameSize, next        uint32
}

type socketAddress struct {
	family, size, data uint32
	_                  uint32
}

func lookUp(host, service string, hints addressInfo) ([]netip.AddrPort, error) {
	const room = 8
	var (
		infos     [room]addressInfo
		addresses [room]socketAddress
		data      [room][26]byte
		count     uint32
	)
	place := func(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }
	for i := range infos {
		addresses[i] = socketAddress{size: 26, data: place(unsafe.Pointer(&data[i]))}
		infos[i] = addressInfo{addressSize: 16, address: place(unsafe.Pointer(&addresses[i]))}
		if i > 0 {
			infos[i-1].next = place(unsafe.Pointer(&infos[i]))
		}
	}
	first := place(unsafe.Pointer(&infos))
	node, name := append([]byte(host), 0), append([]byte(service), 0)
	code := sockGetaddrinfo(unsafe.Pointer(&node[0]), uint32(len(node)), unsafe.Pointer(&name[0]), uint32(len(name)),
		unsafe.Pointer(&hints), unsafe.Pointer(&first), room, unsafe.Pointer(&count))
	runtime.KeepAlive(&infos)
	runtime.KeepAlive(&addresses)
	if code != 0 {
		return nil, code
	}
	var found []netip.AddrPort
	for i := range infos[:count] {
		bytes := data[i][2:18]
		if addresses[i].family == inet4 {
			bytes = bytes[:4]
		}
		address, _ := netip.AddrFromSlice(bytes)
		found = append(found, netip.AddrPortFrom(address, binary.BigEndian.Uint16(data[i][:])))
	}
	runtime.KeepAlive(&data)
	return found, nil
}
