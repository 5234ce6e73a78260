//go:build js && go1.18
// +build js,go1.18

package main

import (
	"fmt"
	"syscall/js"
)

func init() { programs["js-text-decoder"] = jsTextDecoder }

// Labels of encodings, and texts that are none.
var jsLabels = []interface{}{
	"utf8", "UTF-8 ", "\tutf-16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2", "csunicode", "unicode", "unicodefeff", "unicodefffe", "latin1", "ascii", "us-ascii", "iso-8859-1", "l1", "cp1252", "x-cp1252", "windows-1252", "ansi_x3.4-1968",
	"cp819", "csisolatin1", "ibm819", "iso-ir-100", "iso8859-1", "iso88591", "iso_8859-1", "iso_8859-1:1987", "x-unicode20utf8", "unicode11utf8", "unicode20utf8", "unicode-1-1-utf-8", "utf-16 le", "", "nope", "utf-32", "utf-7", "replacement", "\u00a0utf-8", nil, js.Undefined(), 5,
}

// Bytes in each of the encodings, well-formed or not.
var jsEncoded = map[string][][]byte{
	"utf-8": {
		{}, {0xef, 0xbb, 0xbf, 65}, {0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf}, {0xef, 0xbb}, {0xf0, 0x9f, 0x98, 0x80}, {0xf0, 0x9f, 65}, {0xe2, 0x82}, {0xc0, 0x80}, {0xed, 0xa0, 0x80}, {0xf4, 0x90, 0x80, 0x80}, {0xff, 65}, {65, 0xef, 0xbb, 0xbf}, {0xe2, 0x82, 0xac}, {0x80},
		{0xf0, 0x80, 0x80}, {0xe2, 0x28, 0xa1}, {0xef, 65}, {0xf0, 0x9f, 0x98}, {0xf0, 0x9f, 0x98, 0xf0, 0x9f, 0x98}, {0xe0, 0x9f}, {0xf5, 0x80}, {0xc2, 0xc2, 0xa0},
	},
	"utf-16le": {
		{}, {65}, {65, 0}, {0, 0xd8}, {0, 0xdc}, {0x3d, 0xd8, 0, 0xde}, {0xff, 0xfe, 65, 0}, {0xfe, 0xff, 0, 65}, {0, 0xd8, 65}, {65, 0, 65}, {0, 0xd8, 0, 0xd8}, {0, 0xd8, 65, 0}, {0, 0xd8, 0xff, 0xfe}, {0xff, 0xfe, 0xff, 0xfe}, {0, 0xdc, 0, 0xd8, 0, 0xdc, 65, 0},
	},
	"utf-16be": {
		{}, {65}, {0, 65}, {0xd8, 0}, {0xdc, 0}, {0xd8, 0x3d, 0xde, 0}, {0xff, 0xfe, 65, 0}, {0xfe, 0xff, 0, 65}, {0xd8, 0, 65}, {0, 65, 65}, {0xd8, 0, 0xd8, 0}, {0xd8, 0, 0, 65}, {0xfe, 0xff, 0xfe, 0xff},
	},
	"windows-1252": {
		{}, {0x80, 0x81, 0x8d, 0x8f, 0x90, 0x9d, 0x9e, 0x9f, 0xa0, 0xff}, {0xef, 0xbb, 0xbf}, {0xff, 0xfe, 65, 0}, {0, 65, 0x7f},
		{0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c},
	},
}

func jsUint8Array(bytes []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(bytes))
	js.CopyBytesToJS(array, bytes)
	return array
}

func jsTextDecoder(args []string) {
	global := js.Global()
	TextDecoder := global.Get("TextDecoder")
	quoted := func(v js.Value) string { return fmt.Sprintf("%+q", v.String()) }
	stream := map[string]interface{}{"stream": true}
	for _, label := range jsLabels {
		jsAttempt(fmt.Sprintf("%q", fmt.Sprint(label)), func() interface{} { return TextDecoder.New(label).Get("encoding") })
	}
	for _, encoding := range []string{"utf-8", "utf-16le", "utf-16be", "windows-1252"} {
		for _, flags := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			options := map[string]interface{}{"fatal": flags[0], "ignoreBOM": flags[1]}
			for _, bytes := range jsEncoded[encoding] {
				what := fmt.Sprint(encoding, " ", flags, " ", bytes)
				jsAttempt(what, func() interface{} {
					return quoted(TextDecoder.New(encoding, options).Call("decode", jsUint8Array(bytes)))
				})
				// Byte by byte, and then all as a text of its own.
				jsAttempt(what+" streamed", func() interface{} {
					decoder, texts := TextDecoder.New(encoding, options), ""
					for _, b := range bytes {
						texts += quoted(decoder.Call("decode", jsUint8Array([]byte{b}), stream)) + " "
					}
					return texts + quoted(decoder.Call("decode")) + " " + quoted(decoder.Call("decode", jsUint8Array(bytes)))
				})
			}
		}
	}
	decoder := TextDecoder.New("utf-8", map[string]interface{}{"fatal": "x", "ignoreBOM": 0})
	fmt.Println(decoder.Get("encoding"), decoder.Get("fatal"), decoder.Get("ignoreBOM"), global.Get("Object").Call("keys", decoder).Length())
	fmt.Println(global.Get("String").Invoke(decoder), global.Get("String").Invoke(global.Get("TextEncoder").New()))
	// After an error the same text goes on, but for one that had ended.
	jsAttempt("ill-formed piece", func() interface{} { return decoder.Call("decode", jsUint8Array([]byte{65, 0xff}), stream) })
	jsAttempt("next piece", func() interface{} { return quoted(decoder.Call("decode", jsUint8Array([]byte{66}), stream)) })
	jsAttempt("last piece", func() interface{} { return quoted(decoder.Call("decode", jsUint8Array([]byte{0xef, 0xbb, 0xbf, 67}))) })
	jsAttempt("first half", func() interface{} { return quoted(decoder.Call("decode", jsUint8Array([]byte{0xe2}), stream)) })
	jsAttempt("end", func() interface{} { return decoder.Call("decode") })
	jsAttempt("new text", func() interface{} { return quoted(decoder.Call("decode", jsUint8Array([]byte{0xef, 0xbb, 0xbf, 67}))) })
	for _, options := range []interface{}{5, "x", nil, js.Undefined(), map[string]interface{}{}} {
		jsAttempt(fmt.Sprint("options ", options), func() interface{} { return TextDecoder.New("utf-8", options).Get("fatal") })
		jsAttempt(fmt.Sprint("options of decode ", options), func() interface{} { return TextDecoder.New().Call("decode", jsUint8Array([]byte{65}), options) })
	}
	for _, encoding := range []string{"utf-8", "utf-16le", "latin1"} {
		for _, input := range []interface{}{"x", nil, 5, map[string]interface{}{}} {
			jsAttempt(fmt.Sprint(encoding, " of ", input), func() interface{} { return TextDecoder.New(encoding).Call("decode", input) })
		}
	}
	buffer := jsUint8Array([]byte{65, 66, 67}).Get("buffer")
	jsAttempt("ArrayBuffer", func() interface{} { return TextDecoder.New().Call("decode", buffer) })
	jsAttempt("DataView", func() interface{} { return TextDecoder.New().Call("decode", global.Get("DataView").New(buffer, 1)) })
	prototype, reflect := TextDecoder.Get("prototype"), global.Get("Reflect")
	jsAttempt("decode of an object", func() interface{} { return reflect.Call("apply", prototype.Get("decode"), map[string]interface{}{}, []interface{}{}) })
	jsAttempt("fatal of an object", func() interface{} { return reflect.Call("get", prototype, "fatal", map[string]interface{}{}) })
}
