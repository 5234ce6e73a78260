//go:build wasip1

package main

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// Resolve returns the addresses of a host and port.
func Resolve(address string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := lookUp(host, port, addressInfo{kind: stream, protocol: 1})
	return found, os.NewSyscallError("getaddrinfo", err)
}

// Dial connects to the first address of a host that takes the connection.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	found, err := Resolve(address)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	for _, to := range found {
		if conn, err = dialAddress(ctx, to); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func dialAddress(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	fd, err := open(family(to.Addr()), stream)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	err = connect(fd, to)
	file := os.NewFile(uintptr(fd), "")
	defer file.Close()
	if err == syscall.EINPROGRESS {
		err = finishConnecting(ctx, file)
	}
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	return net.FileConn(file)
}

// Waits, as Go waits for files, until the socket says how connecting ended.
func finishConnecting(ctx context.Context, file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		file.SetWriteDeadline(deadline)
		defer file.SetWriteDeadline(deadline.AddDate(1, 0, 0))
	}
	var ended error
	err = raw.Write(func(fd uintptr) bool {
		var value int
		if value, ended = option(int(fd), optionError); ended != nil {
			return true
		}
		if value != 0 {
			ended = syscall.Errno(value)
			return true
		}
		_, err := endAddress(int(fd), true)
		return err == nil
	})
	if err == nil {
		err = ended
	}
	return err
}

// Listen waits for connections at an address.
func Listen(address string) (net.Listener, netip.AddrPort, error) {
	at := netip.MustParseAddrPort(address)
	fd, err := open(family(at.Addr()), stream)
	if err != nil {
		return nil, at, os.NewSyscallError("socket", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, at, err
	}
	file := os.NewFile(uintptr(fd), "")
	defer file.Close()
	if err := setOption(fd, optionReuseAddress, 1); err != nil {
		return nil, at, os.NewSyscallError("setsockopt", err)
	}
	if err := bind(fd, at); err != nil {
		return nil, at, os.NewSyscallError("bind", err)
	}
	if err := result(sockListen(int32(fd), 64)); err != nil {
		return nil, at, os.NewSyscallError("listen", err)
	}
	own, err := endAddress(fd, false)
	if err != nil {
		return nil, at, err
	}
	listener, err := net.FileListener(file)
	return listener, own, err
}

// PacketConn is a socket for UDP.
type PacketConn struct {
	file *os.File
	raw  syscall.RawConn
	own  netip.AddrPort
}

// ListenPacket makes a socket for messages at an address.
func ListenPacket(address string) (*PacketConn, error) {
	at := netip.MustParseAddrPort(address)
	fd, err := open(family(at.Addr()), datagram)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	if err := setOption(fd, optionBroadcast, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if err := bind(fd, at); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	own, err := endAddress(fd, false)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "")
	raw, err := file.SyscallConn()
	return &PacketConn{file, raw, own}, err
}

// ReadFrom receives a message, and says whether it was cut off.
func (c *PacketConn) ReadFrom(data []byte) (n int, from netip.AddrPort, isCut bool, err error) {
	failed := c.raw.Read(func(fd uintptr) bool {
		n, from, isCut, err = receiveFrom(int(fd), data)
		return err != syscall.EAGAIN
	})
	if failed != nil {
		err = failed
	}
	return
}

// WriteTo sends a message.
func (c *PacketConn) WriteTo(data []byte, to netip.AddrPort) (n int, err error) {
	failed := c.raw.Write(func(fd uintptr) bool {
		n, err = sendTo(int(fd), data, to)
		return err != syscall.EAGAIN
	})
	if failed != nil {
		err = failed
	}
	return n, os.NewSyscallError("sendto", err)
}
