//go:build js && go1.18
// +build js,go1.18

package main

import (
	"fmt"
	"strings"
	"syscall/js"
)

func init() { programs["js-dates"] = jsDates }

// Texts that are dates, more or less.
var jsDateTexts = []string{
	"2024-02-29", "2024-02-30", "2024-02", "2024", "2024-13", "2024-00-10", "2024-02-29T12:30", "2024-02-29T12:30Z", "2024-02-29T12:30:15.5Z", "2024-02-29T12:30:15.123456789+05:30", "2024-02-29T24:00:00Z", "2024-02-29T24:00:01Z",
	"2024-02-29T12:30:15+0530", "2024-02-29T12:30:15-24:00", "2024-02-29 12:30", "2024-02-29 12:30:15 GMT+0200", "2024-02-29t12:30z", "2024-2-9", "2024-2-9 1:2:3", "+012024-02-29", "-000001-01-01T00:00:00Z", "-000000-01-01T00:00:00Z", "+275760-09-13T00:00:00Z",
	"+275760-09-13T00:00:00.001Z", "-271821-04-20T00:00:00Z", "-271821-04-19T23:59:59.999Z", "Thu, 29 Feb 2024 12:30:15 GMT", "Thu, 29 Feb 2024 12:30:15 +0530", "29 Feb 24 12:30 EST", "Thursday, 29-Feb-24 12:30:15 GMT", "Thu Feb 29 12:30:15 2024",
	"Thu Feb 29 2024 12:30:15 GMT+0100 (Central European Standard Time)", "Feb 29 2024", "February 29, 2024", "29 February 2024 3:04 PM PDT", "Feb 2024", "Feb 29", "29 Feb", "2/29/2024", "2/29/24", "2-29-2024", "2/29/49", "2/29/52", "02/29/2024 12:30 pm", "12/25/1995 12:30 AM",
	"13/25/1995", "2024/02/29", "2024/2/29 12:30:15.678", "1/2/3", "1/2/3/4", "5", "0", "32", "99", "100", "12:30", "Jan 1 2000 12:30:61", "Jan 1 2000 12:60", "Jan 1 2000 24:00", "Jan 1 2000 13:00 PM", "Jan 1 2000 0:00 PM", "1 Jan 2000 UTC", "1 Jan 2000 UTC+1", "1 Jan 2000 GMT-8",
	"1 Jan 2000 GMT-800", "1 Jan 2000 GMT-12345", "1 Jan 2000 00:00 Z+01:30", "1 Jan 2000 MST", "1 Jan 2000 CEST", "Januar 1 2000", "Janx 1 2000", "Mon 1 Jan 2000", "x1 Jan 2000", "Today is Jan 1 2000", "Jan 1 2000 x", "Jan (first) 1 2000", "(a (b) c) Jan 1 2000", "Jan 1 2000)",
	"2000-01-01T", "2000-01-01T1:00", "2000-01-01Z", "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00,5Z", "20000101", "1.2.2000", "1.2.2000 3:04", "2000-001", "200-01-01", "20000-01-01", "Jan 1 20000", "Jan 1 999999", "Jan 1 -5", "1 Jan 0", "1 Jan 49", "1 Jan 50", "1 Jan 0099",
	"", " ", "x", "2000-01-01 ", " 2000-01-01", "\t1 Jan 2000\n", "2000-01-01T00:00:00Z ", "2000-01-01T00:00:00 Z", "2000-01-01 00:00:00+01", "2000-01-01 00:00:00 +01:00", "2000-01-01 00:00:00 -0130", "Jan 1 2000 1:2", "Jan 1 2000 1:2:3", "Jan 1 2000 1:2:3:4", "Jan 1 2000 1::2", "Jan 1 2000 1:2.5",
	"Jan 1 2000 1:2:3.5", "Jan 1 2000 1:2:3.x", "Jan 1 2000 1.5", "Jan-1-2000", "1-Jan-2000", "2000-Jan-1", "2000 1 Jan", "1 2000 Jan", "jAN 1 2000 AM", "1 Jan 2000 12:00 am", "1 Jan 2000 12:00 a.m.", "Dez 1 2000", "2000-01-01T00:00:00+1:00", "2000-06-31", "Feb 31 2000", "Feb 32 2000", "2147483648/1/1", "1/1/1000000000",
}

func jsDates(args []string) {
	Date := js.Global().Get("Date")
	for _, text := range jsDateTexts {
		fmt.Printf("%q %v %v\n", text, Date.Call("parse", text).Float(), Date.New(text).Call("getTime").Float())
	}
	for _, time := range []float64{0, -1, 1e12 + 0.9, -1e12 - 0.9, 8.64e15, -8.64e15, 8.64e15 + 1, -62198755200000, -62135596800001, -62167219200000, -62167219200001, 253402300800000, -377705116800000} {
		date := Date.New(time)
		fmt.Println(time)
		for _, name := range []string{"getTime", "toISOString", "toUTCString", "toJSON", "toDateString", "getTimezoneOffset", "getUTCFullYear", "getFullYear", "getDay", "getHours"} {
			jsAttempt(name, func() interface{} { return date.Call(name) })
		}
		text := date.Call("toString").String()
		fmt.Println(strings.Split(text, " (")[0], strings.Split(date.Call("toTimeString").String(), " (")[0])
	}
	for _, fields := range [][]interface{}{{2000, 0}, {99, 11, 31}, {100, 0, 1}, {2000, 12}, {2000, -1}, {2000, 0, 1, 24, 60, 60, 1000}, {275760, 8, 13}, {275760, 8, 13, 0, 0, 0, 1}, {-271821, 3, 20}, {2000, 0, 1e8}, {1e9, 0}, {2000, 0, 1, 0, 0, 0, 1e15}, {2000, 0, 1, 0, 0, 0, 0.9}, {js.Global().Get("NaN"), 0}, {2000}, {}} {
		fmt.Println(fields, Date.Call("UTC", fields...).Float())
		if len(fields) > 1 {
			fmt.Println(Date.New(fields...).Call("getTime").Float())
		}
	}
	for _, set := range [][]interface{}{{"setTime", 8.64e15 + 1}, {"setTime", 1.9}, {"setTime"}, {"setFullYear", 275761}, {"setMonth", 14}, {"setDate", 0}, {"setHours", 25, 61}, {"setMinutes", -1}, {"setSeconds", 3600}, {"setMilliseconds", 1e9}, {"setUTCDate", "x"}, {"setHours", js.Global().Get("Infinity")}} {
		date := Date.New(2024, 1, 29, 12, 30, 45, 678)
		fmt.Println(set, date.Call(set[0].(string), set[1:]...).Float(), date.Call("getTime").Float())
		never := Date.New(js.Global().Get("NaN"))
		fmt.Println(never.Call(set[0].(string), set[1:]...).Float())
	}
	hint := func(hint interface{}) {
		jsAttempt(fmt.Sprint("hint ", hint), func() interface{} {
			return js.Global().Get("Reflect").Call("apply", js.Global().Get("Reflect").Call("get", Date.Get("prototype"), jsSymbol("toPrimitive")), Date.New(5), []interface{}{hint}).Type().String()
		})
	}
	hint("default")
	hint("number")
	hint("string")
	hint("other")
	jsAttempt("Date of object", func() interface{} { return Date.New(map[string]interface{}{}).Call("getTime") })
	jsAttempt("Date of array", func() interface{} { return Date.New(jsArray("2000-01-01")).Call("getTime") })
	jsAttempt("Date of null", func() interface{} { return Date.New(nil).Call("getTime") })
	jsAttempt("Date of undefined", func() interface{} { return Date.New(js.Undefined()).Call("getTime") })
}
