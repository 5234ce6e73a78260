// What C programs do with the functions of WASI, through wasi-libc.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    printf("%d arguments, last %s, X=%s\n", argc, argv[argc - 1], getenv("X") ? getenv("X") : "(none)");
    if (getenv("FOLDER") && chdir(getenv("FOLDER")) != 0) return 2;
    FILE *f = fopen("made.txt", "w");
    if (!f) { printf("fopen: %s\n", strerror(errno)); return 3; }
    fprintf(f, "%.3f %d\n", 1.0 / 3, 42);
    fclose(f);
    f = fopen("made.txt", "r+");
    char line[100];
    if (!fgets(line, sizeof line, f)) return 4;
    fseek(f, 0, SEEK_END);
    printf("%ld bytes: %s", ftell(f), line);
    fclose(f);
    mkdir("d", 0777);
    rename("made.txt", "d/moved");
    symlink("d/moved", "link");
    char target[100];
    ssize_t n = readlink("link", target, sizeof target);
    struct stat s;
    printf("stat %d, size %d, link %.*s, O_EXCL %d\n", stat("link", &s), (int)s.st_size, (int)n, target,
        open("d/moved", O_CREAT | O_EXCL | O_RDWR, 0666));
    DIR *dir = opendir("d");
    int names = 0;
    for (struct dirent *e; (e = readdir(dir));) names += e->d_name[0] != '.';
    closedir(dir);
    printf("%d name; outside: %s\n", names, fopen("../x", "r") ? "opened" : strerror(errno));
    unlink("link"); unlink("d/moved"); rmdir("d");
    struct timespec pause = {0, 20000000}, a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("slept %d\n", (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec >= 20000000);
    int c, count = 0;
    while ((c = getchar()) != EOF) count++;
    fprintf(stderr, "read %d\n", count);
    return 7;
}
