// A program that speaks to its host as TinyGo's programs for JavaScript do: its imports are C
// functions, those with several results return a structure. It prints what it gets, and ends by a
// timer.

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t ref;
typedef struct { const char *data; uint32_t count; } string;
typedef struct { const void *data; uint32_t count, capacity; } slice;
typedef struct { ref value; bool ok; } result;
typedef struct { ref bytes; int32_t count; } prepared;
typedef struct { int32_t count; bool ok; } copied;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define STRING const char *, uint32_t
#define SLICE const void *, uint32_t, uint32_t

IMPORT("gojs", "runtime.ticks") int64_t ticks(void);
IMPORT("gojs", "runtime.sleepTicks") void sleep_ticks(int64_t);
IMPORT("gojs", "runtime.getRandomData") void get_random_data(SLICE);
IMPORT("gojs", "syscall/js.finalizeRef") void finalize_ref(ref);
IMPORT("gojs", "syscall/js.stringVal") ref string_val(STRING);
IMPORT("gojs", "syscall/js.valueGet") ref value_get(ref, STRING);
IMPORT("gojs", "syscall/js.valueSet") void value_set(ref, STRING, ref);
IMPORT("gojs", "syscall/js.valueDelete") void value_delete(ref, STRING);
IMPORT("gojs", "syscall/js.valueIndex") ref value_index(ref, int32_t);
IMPORT("gojs", "syscall/js.valueSetIndex") void value_set_index(ref, int32_t, ref);
IMPORT("gojs", "syscall/js.valueCall") result value_call(ref, STRING, SLICE);
IMPORT("gojs", "syscall/js.valueInvoke") result value_invoke(ref, SLICE);
IMPORT("gojs", "syscall/js.valueNew") result value_new(ref, SLICE);
IMPORT("gojs", "syscall/js.valueLength") int32_t value_length(ref);
IMPORT("gojs", "syscall/js.valuePrepareString") prepared value_prepare_string(ref);
IMPORT("gojs", "syscall/js.valueLoadString") void value_load_string(ref, SLICE);
IMPORT("gojs", "syscall/js.valueInstanceOf") bool value_instance_of(ref, ref);
IMPORT("gojs", "syscall/js.copyBytesToGo") copied copy_bytes_to_go(SLICE, ref);
IMPORT("gojs", "syscall/js.copyBytesToJS") copied copy_bytes_to_js(ref, SLICE);
IMPORT("wasi_snapshot_preview1", "fd_write")
int32_t fd_write(int32_t, const string *, int32_t, uint32_t *);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void proc_exit(int32_t);

#define EXPORT(name) __attribute__((export_name(name)))
#define TEXT(text) text, sizeof(text) - 1

static const ref null = 0x7FF8000000000002, global = 0x7FF8000100000005, js_go = 0x7FF8000100000006;

static ref number(double value) {
    if (value == 0) return 0x7FF8000000000001;
    union { double number; ref bits; } both = {value};
    return both.bits;
}

static void print(const char *text, uint32_t count) {
    const string buffer = {text, count};
    uint32_t written;
    fd_write(1, &buffer, 1, &written);
}

// A line with a label and a value as String() makes it.
static void show(const char *label, uint32_t count, ref value) {
    static char text[256];
    const prepared string = value_prepare_string(value);
    value_load_string(string.bytes, text, string.count, sizeof text);
    finalize_ref(string.bytes);
    print(label, count);
    print(text, string.count);
    print(TEXT("\n"));
}

static void show_result(const char *label, uint32_t count, result got) {
    print(got.ok ? "ok " : "thrown ", got.ok ? 3 : 7);
    show(label, count, got.value);
}

static ref function(double id) {
    const ref arguments[] = {number(id)};
    return value_call(js_go, TEXT("_makeFuncWrapper"), arguments, 1, 1).value;
}

static int wake_ups;

EXPORT("_start") void start(void) {
    const ref object = value_get(global, TEXT("Object"));
    const ref math = value_get(global, TEXT("Math"));
    const ref numbers[] = {number(3), number(9.5), string_val(TEXT("12"))};
    show_result(TEXT("max "), value_call(math, TEXT("max"), numbers, 3, 3));
    show_result(TEXT("no object "), value_call(number(1), TEXT("absent"), numbers, 3, 3));
    const ref parse = value_get(global, TEXT("parseInt"));
    show_result(TEXT("invoked "), value_invoke(parse, numbers + 2, 1, 1));
    const result array = value_new(value_get(global, TEXT("Array")), numbers, 3, 3);
    show_result(TEXT("array "), array);
    value_set_index(array.value, 3, string_val(TEXT("größe")));
    show(TEXT("element "), value_index(array.value, 3));
    show(TEXT("none "), value_index(array.value, -1));
    show(TEXT("length "), number(value_length(array.value)));
    show(TEXT("instance "), number(value_instance_of(array.value, object)));
    const ref map = value_get(global, TEXT("Map"));
    show(TEXT("no instance "), number(value_instance_of(array.value, map)));
    value_set(array.value, TEXT("extra"), null);
    show(TEXT("extra "), value_get(array.value, TEXT("extra")));
    value_delete(array.value, TEXT("extra"));
    show(TEXT("deleted "), value_get(array.value, TEXT("extra")));

    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const ref five[] = {number(5)};
    const ref typed = value_new(value_get(global, TEXT("Uint8Array")), five, 1, 1).value;
    copied copy = copy_bytes_to_js(typed, bytes, 8, 8);
    show(copy.ok ? "copied " : "not copied ", copy.ok ? 7 : 11, number(copy.count));
    show(TEXT("bytes "), typed);
    copy = copy_bytes_to_go(bytes + 3, 5, 5, typed);
    show(copy.ok ? "copied " : "not copied ", copy.ok ? 7 : 11, number(copy.count));
    show(TEXT("last "), number(bytes[7]));
    copy = copy_bytes_to_go(bytes, 8, 8, math);
    print(copy.ok ? "copied\n" : "not copied\n", copy.ok ? 7 : 11);
    uint64_t random[4] = {0};
    get_random_data(random, sizeof random, sizeof random);
    const bool is_random = random[0] != random[1] && random[3] != 0;
    print(is_random ? "random\n" : "not random\n", is_random ? 7 : 11);

    const ref callback[] = {function(1)};
    show_result(TEXT("mapped "), value_call(array.value, TEXT("map"), callback, 1, 1));
    const ref timer[] = {function(2), number(1)};
    show_result(TEXT("timer is "), value_invoke(value_get(global, TEXT("isNaN")), timer + 1, 1, 1));
    value_call(global, TEXT("setTimeout"), timer, 2, 2);
    sleep_ticks(20 * 1000 * 1000);
    print(TEXT("main waits\n"));
}

EXPORT("resume") void resume(void) {
    const ref event = value_get(js_go, TEXT("_pendingEvent"));
    value_set(js_go, TEXT("_pendingEvent"), null);
    show(TEXT("event "), value_get(event, TEXT("id")));
    const ref first = value_index(value_get(event, TEXT("args")), 0);
    const result text = value_invoke(value_get(global, TEXT("String")), &first, 1, 1);
    show_result(TEXT("in the event "), text);
    value_set(event, TEXT("result"), text.value);
}

EXPORT("go_scheduler") void go_scheduler(void) {
    static int64_t before;
    if (wake_ups++ == 0) {
        before = ticks();
        sleep_ticks(5 * 1000 * 1000);
        return;
    }
    const bool is_later = ticks() - before >= 4 * 1000 * 1000;
    print(is_later ? "later\n" : "too early\n", is_later ? 6 : 10);
    print(TEXT("the end\n"));
    proc_exit(3);
}
