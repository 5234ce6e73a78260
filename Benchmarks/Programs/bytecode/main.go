// Command bytecode compiles small programs of a language of its own to bytecode and interprets that: one function with a
// large switch over instructions, and maps, strings and small allocations around it, as in interpreters written in Go.
package main

import (
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
)

// An op is what an instruction does; the comments say what it does to the operand stack.
type op uint8

const (
	opConst     op = iota // push constant n
	opInt                 // push the integer n
	opLocal               // push local n
	opSetLocal            // pop to local n
	opAddLocal            // add the top to local n, pop
	opGlobal              // push the global named by constant n
	opSetGlobal           // pop to the global
	opDup                 // push the top once more
	opDrop                // pop
	opAdd                 // a + b, of integers or strings
	opSub                 // a - b
	opMul                 // a * b
	opMod                 // a % b
	opLess                // a < b
	opEqual               // a == b
	opNot                 // !a
	opJump                // go on at n
	opJumpFalse           // pop, go on at n if it is false
	opCall                // call the function below its n arguments
	opReturn              // leave the function with the top
	opNewList             // push a list of the n values on top, which are popped
	opAppend              // list, value: append the value, leave the list
	opIndex               // container, key: push the element
	opSetIndex            // container, key, value: set the element, pop all
	opNewMap              // push an empty map
	opLength              // of a list, map or string
	opPair                // a, b: push a pair
	opFirst               // of a pair
	opSecond              // of a pair
	opText                // an integer as a string
	opNil                 // push nothing
	opIsNil               // whether the top is nothing
	opNative              // call the native function named by constant n with the top
)

type instruction struct {
	op op
	n  int32
}

// A value is an int, a bool, a string, nil, or one of the pointers below.
type value any

type (
	list     struct{ items []value }
	table    struct{ entries map[value]value }
	pair     struct{ first, second value }
	function struct {
		name               string
		parameters, locals int
		code               []instruction
	}
)

type frame struct {
	function *function
	pc, base int
}

type machine struct {
	constants []value
	globals   map[string]value
	natives   map[string]func(*machine, value) value
	stack     []value
	frames    []frame
	counts    [opNative + 1]int
	output    strings.Builder
}

type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func (m *machine) push(v value) { m.stack = append(m.stack, v) }

func (m *machine) pop() value {
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

func (m *machine) enter(f *function, arguments int) error {
	if arguments != f.parameters {
		return &failure{fmt.Sprintf("%s wants %d arguments, not %d", f.name, f.parameters, arguments)}
	}
	m.frames = append(m.frames, frame{function: f, base: len(m.stack) - arguments})
	for i := f.parameters; i < f.locals; i++ {
		m.push(nil)
	}
	return nil
}

// run calls a function without arguments and returns what it returns.
func (m *machine) run(f *function) (value, error) {
	if err := m.enter(f, 0); err != nil {
		return nil, err
	}
	for {
		current := &m.frames[len(m.frames)-1]
		at := current.function.code[current.pc]
		current.pc++
		m.counts[at.op]++
		switch at.op {
		case opConst:
			m.push(m.constants[at.n])
		case opInt:
			m.push(int(at.n))
		case opLocal:
			m.push(m.stack[current.base+int(at.n)])
		case opSetLocal:
			m.stack[current.base+int(at.n)] = m.pop()
		case opAddLocal:
			added := m.pop().(int)
			m.stack[current.base+int(at.n)] = m.stack[current.base+int(at.n)].(int) + added
		case opGlobal:
			name := m.constants[at.n].(string)
			v, ok := m.globals[name]
			if !ok {
				return nil, &failure{"there is no " + name}
			}
			m.push(v)
		case opSetGlobal:
			m.globals[m.constants[at.n].(string)] = m.pop()
		case opDup:
			m.push(m.stack[len(m.stack)-1])
		case opDrop:
			m.pop()
		case opAdd:
			b, a := m.pop(), m.pop()
			switch a := a.(type) {
			case int:
				m.push(a + b.(int))
			case string:
				m.push(a + b.(string))
			default:
				return nil, &failure{fmt.Sprintf("cannot add %T", a)}
			}
		case opSub:
			b, a := m.pop().(int), m.pop().(int)
			m.push(a - b)
		case opMul:
			b, a := m.pop().(int), m.pop().(int)
			m.push(a * b)
		case opMod:
			b, a := m.pop().(int), m.pop().(int)
			if b == 0 {
				return nil, &failure{"division by zero"}
			}
			m.push(a % b)
		case opLess:
			b, a := m.pop(), m.pop()
			switch a := a.(type) {
			case int:
				m.push(a < b.(int))
			case string:
				m.push(a < b.(string))
			default:
				return nil, &failure{fmt.Sprintf("cannot compare %T", a)}
			}
		case opEqual:
			b, a := m.pop(), m.pop()
			m.push(a == b)
		case opNot:
			m.push(!m.pop().(bool))
		case opJump:
			current.pc = int(at.n)
		case opJumpFalse:
			if !m.pop().(bool) {
				current.pc = int(at.n)
			}
		case opCall:
			callee, ok := m.stack[len(m.stack)-1-int(at.n)].(*function)
			if !ok {
				return nil, &failure{"this is no function"}
			}
			if err := m.enter(callee, int(at.n)); err != nil {
				return nil, err
			}
		case opReturn:
			result := m.pop()
			// What was below the arguments is the function itself, but for the first one.
			end := max(0, current.base-1)
			clear(m.stack[end:])
			m.stack = m.stack[:end]
			m.frames = m.frames[:len(m.frames)-1]
			if len(m.frames) == 0 {
				return result, nil
			}
			m.push(result)
		case opNewList:
			first := len(m.stack) - int(at.n)
			items := append([]value(nil), m.stack[first:]...)
			m.stack = m.stack[:first]
			m.push(&list{items})
		case opAppend:
			v := m.pop()
			l := m.stack[len(m.stack)-1].(*list)
			l.items = append(l.items, v)
		case opIndex:
			key, container := m.pop(), m.pop()
			switch container := container.(type) {
			case *list:
				m.push(container.items[key.(int)])
			case *table:
				m.push(container.entries[key])
			case string:
				m.push(int(container[key.(int)]))
			default:
				return nil, &failure{fmt.Sprintf("%T has no elements", container)}
			}
		case opSetIndex:
			v, key, container := m.pop(), m.pop(), m.pop()
			switch container := container.(type) {
			case *list:
				container.items[key.(int)] = v
			case *table:
				container.entries[key] = v
			default:
				return nil, &failure{fmt.Sprintf("%T has no elements", container)}
			}
		case opNewMap:
			m.push(&table{map[value]value{}})
		case opLength:
			switch v := m.pop().(type) {
			case *list:
				m.push(len(v.items))
			case *table:
				m.push(len(v.entries))
			case string:
				m.push(len(v))
			default:
				return nil, &failure{fmt.Sprintf("%T has no length", v)}
			}
		case opPair:
			b, a := m.pop(), m.pop()
			m.push(&pair{a, b})
		case opFirst:
			m.push(m.pop().(*pair).first)
		case opSecond:
			m.push(m.pop().(*pair).second)
		case opText:
			m.push(strconv.Itoa(m.pop().(int)))
		case opNil:
			m.push(nil)
		case opIsNil:
			m.push(m.pop() == nil)
		case opNative:
			name := m.constants[at.n].(string)
			native, ok := m.natives[name]
			if !ok {
				return nil, &failure{"there is no " + name}
			}
			m.push(native(m, m.pop()))
		default:
			return nil, &failure{fmt.Sprintf("no instruction has the number %d", at.op)}
		}
	}
}

// Names of instructions in source text.
var names = map[string]op{
	"const": opConst, "int": opInt, "local": opLocal, "setlocal": opSetLocal, "addlocal": opAddLocal, "global": opGlobal,
	"setglobal": opSetGlobal, "dup": opDup, "drop": opDrop, "add": opAdd, "sub": opSub, "mul": opMul, "mod": opMod,
	"less": opLess, "equal": opEqual, "not": opNot, "jump": opJump, "jumpfalse": opJumpFalse, "call": opCall,
	"return": opReturn, "newlist": opNewList, "append": opAppend, "index": opIndex, "setindex": opSetIndex,
	"newmap": opNewMap, "length": opLength, "pair": opPair, "first": opFirst, "second": opSecond, "text": opText,
	"nil": opNil, "isnil": opIsNil, "native": opNative,
}

// assemble reads functions: `name parameters locals: instruction…`, where `@label` marks a place and stands for it as
// an operand, and 'text' is a constant.
func (m *machine) assemble(source string) {
	known := map[value]int32{}
	constant := func(v value) int32 {
		if _, ok := known[v]; !ok {
			known[v] = int32(len(m.constants))
			m.constants = append(m.constants, v)
		}
		return known[v]
	}
	for _, text := range strings.Split(strings.TrimSpace(source), "\n\n") {
		head, body, _ := strings.Cut(text, ":")
		f := &function{}
		fmt.Sscan(head, &f.name, &f.parameters, &f.locals)
		labels, uses := map[string]int32{}, map[int]string{}
		words := strings.Fields(body)
		for i := 0; i < len(words); i++ {
			word := words[i]
			if strings.HasPrefix(word, "@") {
				labels[word] = int32(len(f.code))
				continue
			}
			code, ok := names[word]
			if !ok {
				panic("no such instruction: " + word)
			}
			at := instruction{op: code}
			switch code {
			case opConst, opGlobal, opSetGlobal, opNative:
				i++
				at.n = constant(strings.Trim(words[i], "'"))
			case opJump, opJumpFalse:
				i++
				uses[len(f.code)] = words[i]
			case opInt, opLocal, opSetLocal, opAddLocal, opCall, opNewList:
				i++
				n, err := strconv.Atoi(words[i])
				if err != nil {
					panic(err)
				}
				at.n = int32(n)
			}
			f.code = append(f.code, at)
		}
		for place, label := range uses {
			f.code[place].n = labels[label]
		}
		m.globals[f.name] = f
	}
}

const programs = `
fib 1 1:
  local 0 int 2 less jumpfalse @more local 0 return
  @more global fib local 0 int 1 sub call 1 global fib local 0 int 2 sub call 1 add return

sieve 1 4:
  newlist 0 setlocal 1
  int 0 setlocal 2
  @fill local 2 local 0 less jumpfalse @filled
    local 1 int 1 append drop int 1 addlocal 2 jump @fill
  @filled int 0 setlocal 3 int 2 setlocal 2
  @next local 2 local 0 less jumpfalse @done
    local 1 local 2 index int 1 equal jumpfalse @skip
    int 1 addlocal 3
    global strike local 1 local 2 local 0 call 3 drop
    @skip int 1 addlocal 2 jump @next
  @done local 3 return

strike 3 4:
  local 1 local 1 add setlocal 3
  @loop local 3 local 2 less jumpfalse @end
    local 0 local 3 int 0 setindex local 1 addlocal 3 jump @loop
  @end int 0 return

words 1 5:
  newmap setlocal 1 int 0 setlocal 2
  @loop local 2 local 0 less jumpfalse @end
    const 'word' local 2 int 7 mul int 257 mod text add setlocal 3
    local 1 local 3 index setlocal 4
    local 4 isnil jumpfalse @known int 0 setlocal 4
    @known local 1 local 3 local 4 int 1 add setindex
    int 1 addlocal 2 jump @loop
  @end local 1 length local 1 const 'word3' index add return

list 1 2:
  nil setlocal 1
  @loop int 0 local 0 less jumpfalse @end
    local 0 local 1 pair setlocal 1 int -1 addlocal 0 jump @loop
  @end local 1 return

reverse 1 2:
  nil setlocal 1
  @loop local 0 isnil not jumpfalse @end
    local 0 first local 1 pair setlocal 1 local 0 second setlocal 0 jump @loop
  @end local 1 return

sum 1 2:
  int 0 setlocal 1
  @loop local 0 isnil not jumpfalse @end
    local 0 first addlocal 1 local 0 second setlocal 0 jump @loop
  @end local 1 return

hash 1 3:
  int 0 setlocal 1 int 0 setlocal 2
  @loop local 1 local 0 length less jumpfalse @end
    local 2 int 31 mul local 0 local 1 index add int 1000003 mod setlocal 2
    int 1 addlocal 1 jump @loop
  @end local 2 return

main 0 1:
  global fib global size int 15 mod int 14 add call 1 native print drop
  global sieve global size int 40 mul call 1 native print drop
  global words global size int 20 mul call 1 native print drop
  global sum global reverse global list global size int 30 mul call 1 call 1 call 1 native print drop
  global hash global text call 1 native print return
`

func main() {
	rounds := 10
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: bytecode [rounds]")
			os.Exit(1)
		}
		rounds = n
	}
	sum, steps := fnv.New32a(), 0
	for i := 0; i < rounds; i++ {
		m := &machine{globals: map[string]value{"size": 60 + i, "text": strings.Repeat("bytecode ", 300)}}
		m.natives = map[string]func(*machine, value) value{"print": func(m *machine, v value) value {
			fmt.Fprintln(&m.output, v)
			return v
		}}
		m.assemble(programs)
		if _, err := m.run(m.globals["main"].(*function)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, count := range m.counts {
			steps += count
		}
		sum.Write([]byte(m.output.String()))
	}
	fmt.Printf("%d rounds, %d instructions, %08x\n", rounds, steps, sum.Sum32())
}
