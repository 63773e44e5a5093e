/* The load client of the benchmarks: one thread, epoll, loopback only. A client in Python would be the bottleneck.
 *
 *   load http PORT CONNECTIONS SECONDS REQUEST
 *       The request in the file REQUEST over keep-alive connections, each as soon as the last one is answered.
 *   load fan PORT LISTENERS SECONDS RATE WINDOW STREAM REQUEST
 *       LISTENERS WebSockets opened by the request in STREAM, and one publisher that sends REQUEST, in which it
 *       writes the time over the digits of "TS:0000000000000000000". First WINDOW messages in flight at any time
 *       (how many deliveries a second); then RATE messages a second (how long one takes).
 *
 * A line of JSON for each result; the last field is the processor time of this program.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define STALL_MS 10000
#define TIMESTAMP 19

typedef struct {
    int fd;
    int listens;
    uint64_t sent_at;
    char *buffer;
    size_t length, capacity;
} connection;

typedef struct {
    char *bytes;
    size_t length;
} text;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static double cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

/* latencies in tenths of a microsecond */
static uint32_t *latencies;
static size_t count, room_for;

static void record(uint64_t ns) {
    if (count == room_for) {
        room_for = room_for ? room_for * 2 : 1 << 16;
        latencies = realloc(latencies, room_for * sizeof *latencies);
        if (!latencies) die("memory");
    }
    latencies[count++] = ns / 100 > UINT32_MAX ? UINT32_MAX : ns / 100;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* of the sorted latencies, in microseconds */
static double percentile(double share) {
    if (!count) return 0;
    size_t i = share * count;
    return latencies[i < count ? i : count - 1] / 10.0;
}

static text file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) die(path);
    text t = {malloc(1 << 20), 0};
    t.length = fread(t.bytes, 1, 1 << 20, f);
    fclose(f);
    return t;
}

static int dial(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0) die("socket");
    for (int i = 0; connect(fd, (void *)&to, sizeof to); i++) {
        if (i > 50) die("connect");
        usleep(20000);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void watch(int poll, connection *c) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static void send_all(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t sent = write(fd, bytes, length);
        if (sent < 0 && errno != EAGAIN) die("write");
        if (sent < 0) {
            usleep(100);
            continue;
        }
        bytes += sent;
        length -= sent;
    }
}

/* what can be read now; 0 at the end of the connection, -1 when there is nothing */
static ssize_t fill(connection *c) {
    while (c->capacity - c->length < 16384) {
        c->capacity = c->capacity ? c->capacity * 2 : 16384;
        c->buffer = realloc(c->buffer, c->capacity);
        if (!c->buffer) die("memory");
    }
    ssize_t got = read(c->fd, c->buffer + c->length, c->capacity - c->length);
    if (got < 0) return errno == EAGAIN ? -1 : 0;
    c->length += got;
    return got;
}

static void consume(connection *c, size_t length) {
    c->length -= length;
    memmove(c->buffer, c->buffer + length, c->length);
}

/* the length of the whole response at the start of the buffer, or 0 */
static size_t response(connection *c, int *status) {
    char *end = c->length ? memmem(c->buffer, c->length, "\r\n\r\n", 4) : NULL;
    if (!end) return 0;
    size_t head = end + 4 - c->buffer, body = 0;
    *status = atoi(c->buffer + 9);
    for (char *line = c->buffer; line < end;) {
        char *next = memmem(line, end + 2 - line, "\r\n", 2);
        if (next - line > 15 && !strncasecmp(line, "content-length:", 15)) body = strtoul(line + 15, NULL, 10);
        line = next + 2;
    }
    return c->length >= head + body ? head + body : 0;
}

static int load_http(int port, int connections, double seconds, text request) {
    int poll = epoll_create1(0), live = connections;
    connection *all = calloc(connections, sizeof *all);
    for (int i = 0; i < connections; i++) {
        all[i].fd = dial(port);
        watch(poll, &all[i]);
    }
    uint64_t began = now(), until = began + (uint64_t)(seconds * 1e9), last = began, good = 0, bad = 0;
    double cpu_before = cpu();
    for (int i = 0; i < connections; i++) {
        all[i].sent_at = now();
        send_all(all[i].fd, request.bytes, request.length);
    }
    while (live) {
        struct epoll_event events[256];
        int ready = epoll_wait(poll, events, 256, STALL_MS);
        if (ready == 0) die("no answer");
        for (int i = 0; i < ready; i++) {
            connection *c = events[i].data.ptr;
            int status;
            ssize_t got = fill(c);
            if (got == 0) die("the server closed a connection");
            size_t length = got > 0 ? response(c, &status) : 0;
            if (!length) continue;
            last = now();
            record(last - c->sent_at);
            if (status / 100 == 2) good++;
            else if (!bad++) fprintf(stderr, "load: %.*s\n", (int)(length < 600 ? length : 600), c->buffer);
            consume(c, length);
            c->sent_at = last;
            if (last < until) send_all(c->fd, request.bytes, request.length);
            else live--;
        }
    }
    qsort(latencies, count, sizeof *latencies, ascending);
    printf("{\"good\":%lu,\"bad\":%lu,\"seconds\":%.6f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,\"cpu\":%.4f}\n", good, bad,
           (last - began) / 1e9, percentile(.5), percentile(.99), percentile(1), cpu() - cpu_before);
    return 0;
}

static uint64_t delivered, lost;

static void deliver(connection *c, int timed) {
    size_t at = 0;
    while (c->length - at >= 2) {
        uint8_t *frame = (uint8_t *)c->buffer + at;
        size_t payload = frame[1] & 127, head = payload == 126 ? 4 : payload == 127 ? 10 : 2;
        if (c->length - at < head) break;
        if (head > 2) {
            payload = 0;
            for (size_t i = 2; i < head; i++) payload = payload << 8 | frame[i];
        }
        if (c->length - at < head + payload) break;
        if ((frame[0] & 15) == 1) {
            char *mark = memmem(frame + head, payload, "TS:", 3);
            if (mark) delivered++;
            if (mark && timed) record(now() - strtoull(mark + 3, NULL, 10));
        } else if ((frame[0] & 15) == 9) {
            char pong[6 + 125] = {(char)0x8a, (char)(0x80 | payload)};
            memcpy(pong + 6, frame + head, payload); /* masked with zeros */
            send_all(c->fd, pong, 6 + payload);
        }
        at += head + payload;
    }
    consume(c, at);
}

static void pump(int poll, int milliseconds, int timed) {
    struct epoll_event events[512];
    int ready = epoll_wait(poll, events, 512, milliseconds), status;
    for (int i = 0; i < ready; i++) {
        connection *c = events[i].data.ptr;
        if (!c) continue; /* the timer */
        ssize_t got = fill(c);
        if (got == 0) {
            if (!c->listens) die("the server closed the publisher's connection");
            lost++;
            epoll_ctl(poll, EPOLL_CTL_DEL, c->fd, NULL);
            continue;
        }
        if (c->listens) {
            deliver(c, timed);
            continue;
        }
        for (size_t length; (length = response(c, &status)); consume(c, length))
            if (status / 100 != 2) die("a message was refused");
    }
}

static void open_stream(connection *c, int port, text request) {
    c->fd = dial(port);
    c->listens = 1;
    send_all(c->fd, request.bytes, request.length);
    for (char *end = NULL; !end;) {
        if (fill(c) <= 0) die("a stream was not opened");
        end = memmem(c->buffer, c->length, "\r\n\r\n", 4);
        if (end && strncmp(c->buffer + 9, "101", 3)) {
            fprintf(stderr, "load: %.300s\n", c->buffer);
            exit(1);
        }
        if (end) consume(c, end + 4 - c->buffer);
    }
}

static void publish(connection *publisher, text request) {
    char digits[TIMESTAMP + 2], *mark = memmem(request.bytes, request.length, "TS:", 3);
    snprintf(digits, sizeof digits, "%0*lu", TIMESTAMP, now());
    memcpy(mark + 3, digits, TIMESTAMP);
    send_all(publisher->fd, request.bytes, request.length);
}

static void settle(int poll, uint64_t wanted, int timed) {
    for (uint64_t began = now(); delivered < wanted && now() - began < STALL_MS * 1000000ull;) pump(poll, 100, timed);
}

static int load_fan(int port, int listeners, double seconds, double rate, int window, text stream, text request) {
    int poll = epoll_create1(0);
    if (!memmem(request.bytes, request.length, "TS:", 3)) die("the request has no place for the time");
    connection *all = calloc(listeners, sizeof *all), publisher = {.fd = dial(port)};
    for (int i = 0; i < listeners; i++) {
        open_stream(&all[i], port, stream);
        watch(poll, &all[i]);
    }
    watch(poll, &publisher);
    for (uint64_t warm = 1; warm <= 5; warm++) {
        publish(&publisher, request);
        settle(poll, warm * listeners, 0);
    }
    delivered = 0;
    uint64_t sent = 0, began = now(), until = began + (uint64_t)(seconds * 1e9), done;
    double cpu_before = cpu();
    while (now() < until) {
        while (sent < delivered / listeners + window) {
            publish(&publisher, request);
            sent++;
        }
        pump(poll, 1000, 0);
    }
    done = delivered;
    printf("{\"mode\":\"closed\",\"delivered\":%lu,\"seconds\":%.6f,\"cpu\":%.4f}\n", done, (now() - began) / 1e9, cpu() - cpu_before);
    fflush(stdout);
    settle(poll, sent * listeners, 0);

    long period = 1e9 / rate;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec every = {{period / 1000000000, period % 1000000000}, {0, 1000000}};
    struct epoll_event event = {.events = EPOLLIN};
    timerfd_settime(timer, 0, &every, NULL);
    epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event);
    delivered = sent = 0;
    cpu_before = cpu();
    for (until = now() + (uint64_t)(seconds * 1e9); now() < until; pump(poll, 1000, 1)) {
        uint64_t due;
        if (read(timer, &due, sizeof due) != sizeof due) continue;
        for (; due; due--, sent++) publish(&publisher, request);
    }
    settle(poll, sent * listeners, 1);
    qsort(latencies, count, sizeof *latencies, ascending);
    printf("{\"mode\":\"paced\",\"delivered\":%lu,\"missing\":%ld,\"lost\":%lu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,\"cpu\":%.4f}\n",
           delivered, (long)(sent * listeners - delivered), lost, percentile(.5), percentile(.99), percentile(1),
           cpu() - cpu_before);
    return 0;
}

int main(int n, char **v) {
    if (n == 6 && !strcmp(v[1], "http")) return load_http(atoi(v[2]), atoi(v[3]), atof(v[4]), file(v[5]));
    if (n == 9 && !strcmp(v[1], "fan"))
        return load_fan(atoi(v[2]), atoi(v[3]), atof(v[4]), atof(v[5]), atoi(v[6]), file(v[7]), file(v[8]));
    fprintf(stderr, "load: how it is called stands at the head of load.c\n");
    return 2;
}
