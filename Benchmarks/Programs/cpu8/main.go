// Command cpu8 emulates an 8-bit processor, a good part of the 6502, that runs programs in a memory of 64 KiB: a loop
// with a large switch, over an array of bytes and flags, as in emulators of old computers.
package main

import (
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
)

// The instructions, by their bytes on the 6502.
const (
	brk    = 0x00 // ends the program here
	oraImm = 0x09
	aslA   = 0x0a
	bpl    = 0x10
	clc    = 0x18
	jsr    = 0x20
	andImm = 0x29
	rolA   = 0x2a
	bmi    = 0x30
	sec    = 0x38
	eorZP  = 0x45
	pha    = 0x48
	eorImm = 0x49
	lsrA   = 0x4a
	jmp    = 0x4c
	rts    = 0x60
	adcZP  = 0x65
	rorZP  = 0x66
	pla    = 0x68
	adcImm = 0x69
	rorA   = 0x6a
	staZP  = 0x85
	stxZP  = 0x86
	styZP  = 0x84
	dey    = 0x88
	txa    = 0x8a
	bcc    = 0x90
	staInY = 0x91
	tya    = 0x98
	staAbX = 0x9d
	ldyImm = 0xa0
	ldxImm = 0xa2
	ldyZP  = 0xa4
	ldaZP  = 0xa5
	ldxZP  = 0xa6
	tay    = 0xa8
	ldaImm = 0xa9
	tax    = 0xaa
	bcs    = 0xb0
	ldaInY = 0xb1
	ldaAbX = 0xbd
	cmpZP  = 0xc5
	decZP  = 0xc6
	iny    = 0xc8
	cmpImm = 0xc9
	dex    = 0xca
	bne    = 0xd0
	cmpInY = 0xd1
	cmpAbX = 0xdd
	cpxImm = 0xe0
	incZP  = 0xe6
	inx    = 0xe8
	sbcImm = 0xe9
	sbcZP  = 0xe5
	beq    = 0xf0
)

type cpu struct {
	a, x, y, sp                     byte
	pc                              uint16
	carry, zero, negative, overflow bool
	memory                          [1 << 16]byte
	cycles, instructions            uint64
}

func (c *cpu) fetch() byte {
	b := c.memory[c.pc]
	c.pc++
	return b
}

func (c *cpu) fetch16() uint16 {
	low := c.fetch()
	return uint16(low) | uint16(c.fetch())<<8
}

func (c *cpu) word(at byte) uint16 { return uint16(c.memory[at]) | uint16(c.memory[at+1])<<8 }

func (c *cpu) note(b byte) byte {
	c.zero, c.negative = b == 0, b >= 0x80
	return b
}

func (c *cpu) add(b byte) {
	sum := uint16(c.a) + uint16(b)
	if c.carry {
		sum++
	}
	c.carry = sum > 0xff
	c.overflow = (c.a^byte(sum))&(b^byte(sum))&0x80 != 0
	c.a = c.note(byte(sum))
}

func (c *cpu) compare(a, b byte) {
	c.carry = a >= b
	c.note(a - b)
}

func (c *cpu) branch(taken bool) {
	distance := int8(c.fetch())
	if taken {
		c.pc += uint16(distance)
		c.cycles++
	}
}

func (c *cpu) push(b byte) {
	c.memory[0x100|uint16(c.sp)] = b
	c.sp--
}

func (c *cpu) pull() byte {
	c.sp++
	return c.memory[0x100|uint16(c.sp)]
}

func (c *cpu) rotateRight(b byte) byte {
	result := b >> 1
	if c.carry {
		result |= 0x80
	}
	c.carry = b&1 != 0
	return c.note(result)
}

// Cycles that instructions take, by their bytes; about as on the 6502.
var cycles = func() (table [256]uint8) {
	for i := range table {
		switch i & 0x1f {
		case 0x05, 0x04:
			table[i] = 3
		case 0x06:
			table[i] = 5
		case 0x11:
			table[i] = 6
		case 0x1d, 0x0d:
			table[i] = 4
		default:
			table[i] = 2
		}
	}
	table[jsr], table[rts], table[pha], table[pla], table[jmp] = 6, 6, 3, 4, 3
	return table
}()

// run executes until a BRK.
func (c *cpu) run(start uint16) error {
	c.pc, c.sp = start, 0xff
	for {
		code := c.fetch()
		c.instructions++
		c.cycles += uint64(cycles[code])
		switch code {
		case brk:
			return nil
		case oraImm:
			c.a = c.note(c.a | c.fetch())
		case andImm:
			c.a = c.note(c.a & c.fetch())
		case eorImm:
			c.a = c.note(c.a ^ c.fetch())
		case eorZP:
			c.a = c.note(c.a ^ c.memory[c.fetch()])
		case aslA:
			c.carry = c.a&0x80 != 0
			c.a = c.note(c.a << 1)
		case lsrA:
			c.carry = c.a&1 != 0
			c.a = c.note(c.a >> 1)
		case rolA:
			result := c.a << 1
			if c.carry {
				result |= 1
			}
			c.carry = c.a&0x80 != 0
			c.a = c.note(result)
		case rorA:
			c.a = c.rotateRight(c.a)
		case rorZP:
			at := c.fetch()
			c.memory[at] = c.rotateRight(c.memory[at])
		case adcImm:
			c.add(c.fetch())
		case adcZP:
			c.add(c.memory[c.fetch()])
		case sbcImm:
			c.add(^c.fetch())
		case sbcZP:
			c.add(^c.memory[c.fetch()])
		case cmpImm:
			c.compare(c.a, c.fetch())
		case cmpZP:
			c.compare(c.a, c.memory[c.fetch()])
		case cmpInY:
			c.compare(c.a, c.memory[c.word(c.fetch())+uint16(c.y)])
		case cmpAbX:
			c.compare(c.a, c.memory[c.fetch16()+uint16(c.x)])
		case cpxImm:
			c.compare(c.x, c.fetch())
		case ldaImm:
			c.a = c.note(c.fetch())
		case ldaZP:
			c.a = c.note(c.memory[c.fetch()])
		case ldaInY:
			c.a = c.note(c.memory[c.word(c.fetch())+uint16(c.y)])
		case ldaAbX:
			c.a = c.note(c.memory[c.fetch16()+uint16(c.x)])
		case ldxImm:
			c.x = c.note(c.fetch())
		case ldxZP:
			c.x = c.note(c.memory[c.fetch()])
		case ldyImm:
			c.y = c.note(c.fetch())
		case ldyZP:
			c.y = c.note(c.memory[c.fetch()])
		case staZP:
			c.memory[c.fetch()] = c.a
		case stxZP:
			c.memory[c.fetch()] = c.x
		case styZP:
			c.memory[c.fetch()] = c.y
		case staInY:
			c.memory[c.word(c.fetch())+uint16(c.y)] = c.a
		case staAbX:
			c.memory[c.fetch16()+uint16(c.x)] = c.a
		case incZP:
			at := c.fetch()
			c.memory[at] = c.note(c.memory[at] + 1)
		case decZP:
			at := c.fetch()
			c.memory[at] = c.note(c.memory[at] - 1)
		case inx:
			c.x = c.note(c.x + 1)
		case iny:
			c.y = c.note(c.y + 1)
		case dex:
			c.x = c.note(c.x - 1)
		case dey:
			c.y = c.note(c.y - 1)
		case tax:
			c.x = c.note(c.a)
		case tay:
			c.y = c.note(c.a)
		case txa:
			c.a = c.note(c.x)
		case tya:
			c.a = c.note(c.y)
		case pha:
			c.push(c.a)
		case pla:
			c.a = c.note(c.pull())
		case clc:
			c.carry = false
		case sec:
			c.carry = true
		case bpl:
			c.branch(!c.negative)
		case bmi:
			c.branch(c.negative)
		case bcc:
			c.branch(!c.carry)
		case bcs:
			c.branch(c.carry)
		case bne:
			c.branch(!c.zero)
		case beq:
			c.branch(c.zero)
		case jmp:
			c.pc = c.fetch16()
		case jsr:
			target := c.fetch16()
			c.push(byte(c.pc >> 8))
			c.push(byte(c.pc))
			c.pc = target
		case rts:
			low := c.pull()
			c.pc = uint16(low) | uint16(c.pull())<<8
		default:
			return fmt.Errorf("there is no instruction %02x at %04x", code, c.pc-1)
		}
	}
}

// An assembler writes instructions into memory, and knows the places that have names.
type assembler struct {
	memory *[1 << 16]byte
	at     uint16
	labels map[string]uint16
	uses   map[uint16]string
}

func (a *assembler) label(name string) { a.labels[name] = a.at }

func (a *assembler) put(bytes ...byte) {
	a.at += uint16(copy(a.memory[a.at:], bytes))
}

// to writes an instruction that leads to a label: a branch, or one with an address.
func (a *assembler) to(code byte, label string) {
	a.put(code)
	a.uses[a.at] = label
	a.put(0)
	if code == jmp || code == jsr {
		a.put(0)
	}
}

func (a *assembler) finish() {
	for place, label := range a.uses {
		target, ok := a.labels[label]
		if !ok {
			panic("there is no label " + label)
		}
		if code := a.memory[place-1]; code == jmp || code == jsr {
			a.memory[place], a.memory[place+1] = byte(target), byte(target>>8)
		} else {
			a.memory[place] = byte(target - place - 1)
		}
	}
}

const (
	start = 0x0800
	data  = 0x20 // the high byte of the address of 256 bytes that are sorted
	// Places in the zero page.
	seed, low, high, sumLow, sumHigh, swapped = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15
	mapLow, mapHigh, primes, step             = 0x20, 0x21, 0x22, 0x23
)

// program fills 256 bytes with noise, sorts them, sums up the CRC-16 of them, and counts the primes below 2048.
func program(memory *[1 << 16]byte) {
	a := &assembler{memory, start, map[string]uint16{}, map[uint16]string{}}
	a.to(jsr, "fill")
	a.to(jsr, "sort")
	a.to(jsr, "checksum")
	a.to(jsr, "sieve")
	a.put(brk)

	// A shift register with feedback.
	a.label("fill")
	a.put(ldxImm, 0, ldaZP, seed)
	a.label("fill next")
	a.put(aslA)
	a.to(bcc, "fill store")
	a.put(eorImm, 0x1d)
	a.label("fill store")
	a.put(staAbX, 0, data, inx)
	a.to(bne, "fill next")
	a.put(staZP, seed, incZP, seed, rts)

	// Bubbles.
	a.label("sort")
	a.put(ldaImm, 0, staZP, swapped, tax)
	a.label("sort next")
	a.put(ldaAbX, 1, data, cmpAbX, 0, data)
	a.to(bcs, "sort in order")
	a.put(pha, ldaAbX, 0, data, staAbX, 1, data, pla, staAbX, 0, data, incZP, swapped)
	a.to(bne, "sort in order")
	a.put(incZP, swapped)
	a.label("sort in order")
	a.put(inx, cpxImm, 255)
	a.to(bne, "sort next")
	a.put(ldaZP, swapped)
	a.to(bne, "sort")
	a.put(rts)

	a.label("checksum")
	a.put(ldaImm, 0, staZP, low, ldaImm, data, staZP, high, ldyImm, 0)
	a.label("checksum byte")
	a.put(ldaInY, low, eorZP, sumHigh, staZP, sumHigh, ldxImm, 8)
	a.label("checksum bit")
	a.put(clc, ldaZP, sumLow, rolA, staZP, sumLow, ldaZP, sumHigh, rolA, staZP, sumHigh)
	a.to(bcc, "checksum shifted")
	a.put(eorImm, 0x10, staZP, sumHigh, ldaZP, sumLow, eorImm, 0x21, staZP, sumLow)
	a.label("checksum shifted")
	a.put(dex)
	a.to(bne, "checksum bit")
	a.put(iny)
	a.to(bne, "checksum byte")
	a.put(rts)

	// Eratosthenes, with a byte for each number below 2048, at 0x3000: the outer number is in X, up to 45.
	a.label("sieve")
	a.put(ldaImm, 0x30, staZP, mapHigh, ldaImm, 0, staZP, mapLow, staZP, primes, tay)
	a.label("sieve clear")
	a.put(staInY, mapLow, iny)
	a.to(bne, "sieve clear")
	a.put(incZP, mapHigh, ldxZP, mapHigh, cpxImm, 0x38)
	a.to(bne, "sieve clear")
	a.put(ldxImm, 2)
	a.label("sieve next")
	a.put(stxZP, step, ldaImm, 0x30, staZP, mapHigh, ldaImm, 0, staZP, mapLow, ldyZP, step, ldaInY, mapLow)
	a.to(bne, "sieve struck")
	a.put(tya)
	a.label("sieve strike")
	// The next multiple: the low half is Y, with mapLow 0.
	a.put(clc, adcZP, step)
	a.to(bcc, "sieve same page")
	a.put(incZP, mapHigh)
	a.label("sieve same page")
	a.put(tay, ldaZP, mapHigh, cmpImm, 0x38)
	a.to(beq, "sieve struck")
	a.put(ldaImm, 1, staInY, mapLow, tya)
	a.to(jmp, "sieve strike")
	a.label("sieve struck")
	a.put(ldxZP, step, inx, cpxImm, 46)
	a.to(bne, "sieve next")
	// Count what is left, modulo 256; 0 and 1 count as well.
	a.put(ldaImm, 0x30, staZP, mapHigh, ldyImm, 0)
	a.label("sieve count")
	a.put(ldaInY, mapLow)
	a.to(bne, "sieve counted")
	a.put(incZP, primes)
	a.label("sieve counted")
	a.put(iny)
	a.to(bne, "sieve count")
	a.put(incZP, mapHigh, ldxZP, mapHigh, cpxImm, 0x38)
	a.to(bne, "sieve count")
	a.put(rts)
	a.finish()
}

func main() {
	rounds := 10
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: cpu8 [rounds]")
			os.Exit(1)
		}
		rounds = n
	}
	c := &cpu{}
	program(&c.memory)
	c.memory[seed] = 1
	for i := 0; i < rounds; i++ {
		if err := c.run(start); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		sorted := c.memory[data<<8 : data<<8+256]
		for j := 1; j < len(sorted); j++ {
			if sorted[j-1] > sorted[j] {
				fmt.Fprintln(os.Stderr, "the bytes are not sorted")
				os.Exit(1)
			}
		}
		// 309 primes are below 2048.
		if found := c.memory[primes]; found != (309+2)&0xff {
			fmt.Fprintln(os.Stderr, "primes modulo 256, and two:", found)
			os.Exit(1)
		}
	}
	fmt.Printf("%d rounds, %d instructions, %d cycles, CRC-16 %02x%02x, memory %08x\n", rounds, c.instructions, c.cycles,
		c.memory[sumHigh], c.memory[sumLow], crc32.ChecksumIEEE(c.memory[:]))
}
