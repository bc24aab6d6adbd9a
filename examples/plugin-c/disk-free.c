/*
 * The kind `disk-free`, as an example of a plugin in C: says how much room file systems have, and which have too little.
 * It only reads, so a dry run is a run. It needs nothing but the C library.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "roundsman_plugin.h"

#define MAX_PATHS 64
#define MAX_PATH 4096

static const char DESCRIPTION[] =
    "{"
    "\"name\": \"disk-free\","
    "\"about\": \"says how much room file systems have, and which have too little\","
    "\"category\": \"monitoring\","
    "\"timeout_ms\": 60000,"
    "\"repeatable\": true,"
    "\"schema\": {"
    "  \"type\": \"object\","
    "  \"additionalProperties\": false,"
    "  \"properties\": {"
    "    \"paths\": {"
    "      \"type\": \"array\", \"items\": {\"type\": \"string\"}, \"maxItems\": 64, \"default\": [\"/\"],"
    "      \"description\": \"A path on each file system to look at.\""
    "    },"
    "    \"min_free_percent\": {"
    "      \"type\": \"integer\", \"minimum\": 0, \"maximum\": 100, \"default\": 10,"
    "      \"description\": \"Less room than this is too little.\""
    "    }"
    "  }"
    "},"
    "\"metrics\": [{"
    "  \"name\": \"disk_free_ratio\", \"help\": \"Room on the file system, 0 to 1.\", \"labels\": [\"path\"]"
    "}]"
    "}";

/* ---- reading JSON: just enough for a request, which the host wrote and which is thus valid ---- */

struct text {
    const char *at;
    const char *end;
};

static void skip_space(struct text *json) {
    while (json->at < json->end && strchr(" \t\r\n", *json->at) != NULL) {
        json->at++;
    }
}

/* Whether the next thing is this character; if so, it is passed. */
static int take(struct text *json, char wanted) {
    skip_space(json);
    if (json->at < json->end && *json->at == wanted) {
        json->at++;
        return 1;
    }
    return 0;
}

static unsigned hex4(const char *digits) {
    char copy[5] = {digits[0], digits[1], digits[2], digits[3], 0};
    return (unsigned)strtoul(copy, NULL, 16);
}

/* Writes a character as UTF-8; returns how many bytes it takes. */
static size_t utf8(unsigned c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* A JSON string into `out`, which may be NULL; 0 if there is none or it is too long, which is passed all the same. */
static int take_string(struct text *json, char *out, size_t room) {
    size_t len = 0;
    int fits = 1;
    if (!take(json, '"')) {
        return 0;
    }
    while (json->at < json->end && *json->at != '"') {
        char c[4] = {*json->at++};
        size_t bytes = 1;
        if (c[0] == '\\' && json->at < json->end) {
            static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
            char name = *json->at++;
            const char *known = strchr(names, name);
            c[0] = known != NULL && name != 0 ? values[known - names] : name;
            if (name == 'u' && json->end - json->at >= 4) {
                unsigned code = hex4(json->at);
                json->at += 4;
                if (code >= 0xd800 && code < 0xdc00 && json->end - json->at >= 6) {
                    code = 0x10000 + ((code - 0xd800) << 10) + (hex4(json->at + 2) - 0xdc00);
                    json->at += 6;
                }
                bytes = utf8(code, c);
            }
        }
        fits = fits && (out == NULL || len + bytes < room);
        if (out != NULL && fits) {
            memcpy(out + len, c, bytes);
            len += bytes;
        }
    }
    if (out != NULL) {
        out[len] = 0;
    }
    return take(json, '"') && fits;
}

/* Passes any value. */
static void skip_value(struct text *json) {
    int depth = 0;
    do {
        skip_space(json);
        if (json->at >= json->end) {
            return;
        }
        if (*json->at == '"') {
            take_string(json, NULL, 0);
        } else if (strchr("{[", *json->at) != NULL) {
            depth++;
            json->at++;
        } else if (strchr("}]", *json->at) != NULL) {
            depth--;
            json->at++;
        } else if (strchr(",:", *json->at) != NULL) {
            json->at++;
        } else {
            while (json->at < json->end && strchr(",:{}[] \t\r\n", *json->at) == NULL) {
                json->at++;
            }
        }
    } while (depth > 0);
}

/* The value of a key of an object; 0 if it has none. */
static int find(struct text object, const char *wanted, struct text *value) {
    char key[64];
    if (!take(&object, '{')) {
        return 0;
    }
    while (!take(&object, '}') && object.at < object.end) {
        int fits = take_string(&object, key, sizeof(key));
        if (!take(&object, ':')) {
            return 0;
        }
        if (fits && strcmp(key, wanted) == 0) {
            skip_space(&object);
            *value = object;
            return 1;
        }
        skip_value(&object);
        take(&object, ',');
    }
    return 0;
}

/* ---- writing JSON ---- */

struct buffer {
    char *data;
    size_t len;
    size_t room;
};

static void add(struct buffer *to, const char *format, ...) {
    va_list values;
    for (;;) {
        int len;
        va_start(values, format);
        len = vsnprintf(to->data + to->len, to->room - to->len, format, values);
        va_end(values);
        if (len < 0) {
            return;
        }
        if ((size_t)len < to->room - to->len) {
            to->len += (size_t)len;
            return;
        }
        to->room = to->room * 2 + (size_t)len;
        to->data = realloc(to->data, to->room);
        if (to->data == NULL) {
            abort(); /* the worker reports it; nothing else is touched */
        }
    }
}

static void add_string(struct buffer *to, const char *text) {
    add(to, "\"");
    for (; *text != 0; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            add(to, "\\%c", c);
        } else if (c < 0x20) {
            add(to, "\\u%04x", c);
        } else {
            add(to, "%c", c);
        }
    }
    add(to, "\"");
}

static struct buffer new_buffer(void) {
    struct buffer made = {malloc(1024), 0, 1024};
    if (made.data == NULL) {
        abort();
    }
    made.data[0] = 0;
    return made;
}

static roundsman_bytes bytes_of(const struct buffer *buffer) {
    roundsman_bytes bytes = {buffer->data, buffer->len};
    return bytes;
}

/* ---- the kind ---- */

struct config {
    char (*paths)[MAX_PATH];
    size_t count;
    long min_free_percent;
};

/* NULL, or what is wrong. */
static const char *read_config(roundsman_bytes request, struct config *config) {
    struct text all = {request.data, (const char *)request.data + request.len};
    struct text with, value;
    config->count = 0;
    config->min_free_percent = 10;
    config->paths = malloc(MAX_PATHS * sizeof(*config->paths));
    if (config->paths == NULL) {
        return "there is no memory for the paths";
    }
    if (!find(all, "with", &with)) {
        return "the request has no `with`";
    }
    if (find(with, "min_free_percent", &value)) {
        config->min_free_percent = strtol(value.at, NULL, 10);
    }
    if (find(with, "paths", &value) && take(&value, '[')) {
        while (!take(&value, ']')) {
            if (config->count == MAX_PATHS || !take_string(&value, config->paths[config->count], MAX_PATH)) {
                return "`paths` has to be a list of at most 64 paths";
            }
            config->count++;
            take(&value, ',');
        }
    }
    if (config->count == 0) {
        strcpy(config->paths[config->count++], "/");
    }
    return NULL;
}

/* Room in percent as everyone but root sees it, or -1 with errno. */
static double free_percent(const char *path) {
    struct statvfs found;
    if (statvfs(path, &found) != 0) {
        return -1;
    }
    if (found.f_blocks == 0) {
        return 100; /* file systems without blocks, such as /proc, have no end */
    }
    return 100.0 * (double)found.f_bavail / (double)found.f_blocks;
}

static void tell(const roundsman_host *host, uint32_t level, const char *path, double percent) {
    struct buffer line = new_buffer();
    if (percent < 0) {
        add(&line, "%s: %s", path, strerror(errno));
    } else {
        add(&line, "%s: %.1f %% free", path, percent);
    }
    host->log(host, level, bytes_of(&line));
    free(line.data);
}

static void sample(const roundsman_host *host, const char *path, double percent) {
    struct buffer labels = new_buffer();
    add(&labels, "{\"path\": ");
    add_string(&labels, path);
    add(&labels, "}");
    host->metric(host, roundsman_text("disk_free_ratio"), bytes_of(&labels), percent / 100);
    free(labels.data);
}

static int32_t describe(const roundsman_host *host, roundsman_bytes request) {
    (void)request;
    return host->answer(host, roundsman_text(DESCRIPTION));
}

static int32_t look(const roundsman_host *host, const struct config *config) {
    struct buffer rows = new_buffer(), outcome = new_buffer();
    unsigned long low = 0, failed = 0;
    int32_t status;
    for (size_t index = 0; index < config->count; index++) {
        const char *path = config->paths[index];
        double percent;
        int is_low;
        if (host->cancelled(host)) {
            free(rows.data);
            free(outcome.data);
            return host->fail(host, ROUNDSMAN_RETRY, roundsman_text("stopped before all paths were looked at"));
        }
        host->progress(host, index, config->count, roundsman_text(path));
        percent = free_percent(path);
        is_low = percent >= 0 && percent < (double)config->min_free_percent;
        tell(host, percent < 0 || is_low ? ROUNDSMAN_WARN : ROUNDSMAN_INFO, path, percent);
        if (percent < 0) {
            failed++;
            continue;
        }
        low += is_low ? 1 : 0;
        sample(host, path, percent);
        add(&rows, "%s{\"path\": ", rows.len > 0 ? ", " : "");
        add_string(&rows, path);
        add(&rows, ", \"free_percent\": %.1f, \"enough\": %s}", percent, is_low ? "false" : "true");
    }
    add(&outcome, "{\"status\": \"%s\",", low + failed > 0 ? "partial" : "success");
    add(&outcome, "\"summary\": \"%zu looked at, %lu with less than %ld %% free, %lu failed\",", config->count, low,
        config->min_free_percent, failed);
    add(&outcome, "\"counts\": {\"processed\": %zu, \"ok\": %lu, \"failed\": %lu},", config->count,
        (unsigned long)config->count - low - failed, low + failed);
    add(&outcome, "\"detail\": {\"file_systems\": [%s]}}", rows.data);
    status = host->answer(host, bytes_of(&outcome));
    free(rows.data);
    free(outcome.data);
    return status;
}

static int32_t run(const roundsman_host *host, roundsman_bytes request) {
    struct config config;
    const char *wrong = read_config(request, &config);
    int32_t status = wrong == NULL ? look(host, &config) : host->fail(host, ROUNDSMAN_CONFIG, roundsman_text(wrong));
    free(config.paths);
    return status;
}

static int32_t preflight(const roundsman_host *host, roundsman_bytes request) {
    struct config config;
    const char *wrong = read_config(request, &config);
    struct buffer findings = new_buffer();
    int32_t status;
    add(&findings, "[");
    for (size_t index = 0; wrong == NULL && index < config.count; index++) {
        struct buffer what = new_buffer();
        int missing = free_percent(config.paths[index]) < 0;
        const char *found = missing ? strerror(errno) : "it is there";
        add(&what, "look at %s", config.paths[index]);
        add(&findings, "%s{\"level\": \"%s\", \"what\": ", index > 0 ? ", " : "", missing ? "failure" : "ok");
        add_string(&findings, what.data);
        add(&findings, ", \"found\": ");
        add_string(&findings, found);
        add(&findings, missing ? ", \"advice\": \"correct `paths` of the task\"}" : "}");
        free(what.data);
    }
    add(&findings, "]");
    status = wrong == NULL ? host->answer(host, bytes_of(&findings))
                           : host->fail(host, ROUNDSMAN_CONFIG, roundsman_text(wrong));
    free(findings.data);
    free(config.paths);
    return status;
}

static const roundsman_descriptor DESCRIPTOR = {
    .magic = ROUNDSMAN_MAGIC,
    .abi_version = ROUNDSMAN_ABI_VERSION,
    .size = sizeof(roundsman_descriptor),
    .describe = describe,
    .run = run,
    .preflight = preflight,
};

const roundsman_descriptor *roundsman_plugin(void) {
    return &DESCRIPTOR;
}
