// Runs images of bytecode by the engine's own loops: see gw_image.h, and Tests/Tools/arm64.py, which calls this.
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"

static const char usage[] =
    "usage: gw-image-runner [options] FILE...\n"
    "\n"
    "Runs images; of a folder, all that end in .image. Ends with 1 where a call fails, with 2 where nothing can be "
    "said\n"
    "of any, and with 3 where the engine fails.\n"
    "\n"
    "  --guarded        by the loop for memories with guard pages (this is so without being said)\n"
    "  --checked        by the loop that compares addresses\n"
    "  --native T[,C]   with functions compiled that are entered T times, and C as the seed of a coin\n"
    "  --interrupt N    each image N times more, with an interruption at a random moment\n"
    "  --sample         only images with calls that do not end, of which samples are taken\n"
    "  --trampolines    host functions of all signatures (no file is needed)\n"
    "  --progress       say which image is run\n";

static bool shows_progress;
static image_counts counts;

// --- Unexpected ends ---

static void say(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(3);
}

// Behind the engine's own handler: what comes here is a fault of the engine, or a call that takes too long.
static void on_end(int number) {
    char text[32];
    say((const char *)image_current);
    snprintf(text, sizeof text, ": call %u: ", image_current_call);
    say(text);
    say(number == SIGALRM ? "it takes too long\n" : number == SIGSEGV ? "a segmentation fault\n" : "a fatal signal\n");
    _exit(3);
}

static void catch_ends(void) {
    const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGALRM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], on_end);
}

// --- Files ---

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void run_file(const char *path, const image_options *options) {
    image_file file;
    const char *fault = image_open(&file, path);
    if (fault) {
        fprintf(stderr, "%s: %s\n", path, fault);
        counts.failed++;
        return;
    }
    if (shows_progress) printf("%s\n", path);
    // Under emulation, with interruptions: an image never takes as long.
    alarm(600);
    image_run(&file, options, &counts);
    image_close(&file);
}

// A folder's images in the order of their names; false where it is no folder.
static bool run_folder(const char *path, const image_options *options) {
    DIR *folder = opendir(path);
    if (!folder) return false;
    char **paths = NULL;
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".image")) continue;
        paths = realloc(paths, (count + 1) * sizeof *paths);
        if (!paths || asprintf(&paths[count], "%s/%s", path, entry->d_name) < 0) abort();
        count++;
    }
    closedir(folder);
    if (count) qsort(paths, count, sizeof *paths, compare);
    for (size_t i = 0; i < count; i++) {
        run_file(paths[i], options);
        free(paths[i]);
    }
    free(paths);
    return true;
}

// --- What is asked for ---

static int refuse(const char *text) {
    fprintf(stderr, "%s\n%s", text, usage);
    return 2;
}

static void print_counts(const image_options *options) {
    if (options->native)
        printf(
            "%llu functions compiled, %llu refused, %llu entries\n", (unsigned long long)counts.functions,
            (unsigned long long)counts.refused, (unsigned long long)counts.entries);
    if (counts.interrupted) {
        int instructions = 0;
        for (int op = 0; op < GWOp_count; op++) instructions += counts.at[op] > 0;
        printf(
            "%llu interruptions of a running guest, at %d different instructions\n",
            (unsigned long long)counts.interrupted, instructions);
    }
    if (options->samples)
        printf(
            "%llu samples in the loop, %llu in machine code, %llu elsewhere\n", (unsigned long long)counts.samples[0],
            (unsigned long long)counts.samples[1], (unsigned long long)counts.samples[2]);
    if (counts.left_out) printf("%llu images left out\n", (unsigned long long)counts.left_out);
    printf(
        "%llu images, %llu calls, %llu passed, %llu failed\n", (unsigned long long)counts.images,
        (unsigned long long)counts.calls, (unsigned long long)counts.passed, (unsigned long long)counts.failed);
}

int main(int count, char **arguments) {
    image_options options = {0};
    bool calls_hosts = false;
    int i = 1;
    for (; i < count && !strncmp(arguments[i], "--", 2); i++) {
        const char *option = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (!strcmp(option, "--guarded")) options.checked = false;
        else if (!strcmp(option, "--checked")) options.checked = true;
        else if (!strcmp(option, "--trampolines")) calls_hosts = true;
        else if (!strcmp(option, "--progress")) shows_progress = true;
        else if (!strcmp(option, "--sample")) options.samples = true;
        else if (!strcmp(option, "--interrupt") && value) options.interruptions = (uint32_t)atoi(arguments[++i]);
        else if (!strcmp(option, "--native") && value) {
            options.native = true;
            options.native_options.threshold = (uint32_t)strtoul(arguments[++i], NULL, 10);
            const char *comma = strchr(value, ',');
            if (comma) options.native_options.coin = (uint32_t)strtoul(comma + 1, NULL, 10);
        } else return refuse("an unknown option, or one without its value");
    }
    if (i == count && !calls_hosts) return refuse("there is no file");
    if (options.native && options.checked) return refuse("machine code compares no addresses");
    if (options.native && !gw_native_is_possible()) {
        fprintf(stderr, "no machine code for this processor\n");
        return 2;
    }
    catch_ends();
    gw_vector_prepare();
    if (calls_hosts && image_check_trampolines()) counts.failed++;
    for (; i < count; i++)
        if (!run_folder(arguments[i], &options)) run_file(arguments[i], &options);
    print_counts(&options);
    if (counts.failed) return 1;
    return counts.images || calls_hosts ? 0 : 2;
}
