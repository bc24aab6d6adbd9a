/*
 * The C face of a Roundsman plugin: a shared library that brings one kind.
 *
 * A plugin exports one function, roundsman_plugin(), which returns its descriptor. Everything else travels as bytes and
 * JSON (UTF-8, no NUL at the end). The manual is docs/plugins.md.
 *
 * Rules of this interface
 *   - Bytes given to a function are borrowed until it returns. Replies of the host are the plugin's until it gives
 *     them back with release(); what is never given back is freed with the process.
 *   - Host functions may be called from any thread while the plugin's function runs. Later calls return
 *     ROUNDSMAN_OVER and do nothing.
 *   - No exception, panic or longjmp may leave a function of the plugin.
 *   - ROUNDSMAN_ABI_VERSION changes only when something that exists changes. Within a version fields are only
 *     appended; `size` says how many there are. Test for those beyond version 1 with ROUNDSMAN_HAS().
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef ROUNDSMAN_PLUGIN_H
#define ROUNDSMAN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "ROUNDSMN" */
#define ROUNDSMAN_MAGIC UINT64_C(0x524f554e44534d4e)
#define ROUNDSMAN_ABI_VERSION UINT32_C(1)

/* What host functions return. */
#define ROUNDSMAN_OK 0
#define ROUNDSMAN_INVALID (-1) /* an argument is wrong: the reply says which, as text */
#define ROUNDSMAN_ABSENT (-2)  /* there are no such credentials */
#define ROUNDSMAN_REFUSED (-3) /* the daemon did not do it: the reply says why, as JSON */
#define ROUNDSMAN_OVER (-4)    /* the plugin's function has returned already */

/* Levels of log(). */
#define ROUNDSMAN_ERROR UINT32_C(1)
#define ROUNDSMAN_WARN UINT32_C(2)
#define ROUNDSMAN_INFO UINT32_C(3)
#define ROUNDSMAN_DEBUG UINT32_C(4)
#define ROUNDSMAN_TRACE UINT32_C(5)

/* What is to be done after fail(). */
#define ROUNDSMAN_RETRY 1     /* try again, if the task's policy allows it */
#define ROUNDSMAN_PERMANENT 2 /* trying again cannot help */
#define ROUNDSMAN_CONFIG 3    /* the task's configuration is wrong */

/* Which value of a credential's field. */
#define ROUNDSMAN_CURRENT UINT32_C(0)
#define ROUNDSMAN_NEXT UINT32_C(1) /* the one that follows, while the far side is being changed */

/* Some bytes; `data` may be NULL where `len` is 0. */
typedef struct roundsman_bytes {
    const void *data;
    size_t len;
} roundsman_bytes;

/* What the host offers. `reply` may be NULL everywhere: then nobody wants it. */
typedef struct roundsman_host {
    uint32_t size;        /* of this structure, in bytes */
    uint32_t abi_version; /* of the host */
    void *context;        /* the host's own; not to be touched */

    /* Writes a line to the run's log. */
    void (*log)(const struct roundsman_host *host, uint32_t level, roundsman_bytes text);
    /* Tells how far the work is; a total of 0 is unknown. */
    void (*progress)(const struct roundsman_host *host, uint64_t done, uint64_t total, roundsman_bytes note);
    /* Reports a sample of a metric that the description declares; `labels` is a JSON object of texts, or empty. */
    int32_t (*metric)(const struct roundsman_host *host, roundsman_bytes name, roundsman_bytes labels,
                      double value);
    /* Whether the run is to stop: 1 or 0. Ask often; after the grace the process is killed. */
    int32_t (*cancelled)(const struct roundsman_host *host);
    /* The value of a credential's field: ROUNDSMAN_CURRENT or ROUNDSMAN_NEXT. */
    int32_t (*credential)(const struct roundsman_host *host, roundsman_bytes role, roundsman_bytes field,
                          uint32_t which, roundsman_bytes *reply);
    /* Asks a collection of the task's documents: an operation as JSON, and its reply as JSON. */
    int32_t (*document)(const struct roundsman_host *host, roundsman_bytes collection, roundsman_bytes operation,
                        roundsman_bytes *reply);
    /* Asks anything else (upstream runs, leases, budgets): a question as JSON, and its answer as JSON. */
    int32_t (*ask)(const struct roundsman_host *host, roundsman_bytes question, roundsman_bytes *reply);
    /* Keeps an artifact. The reply is what is known of it, as JSON. */
    int32_t (*artifact)(const struct roundsman_host *host, roundsman_bytes name, roundsman_bytes media_type,
                        roundsman_bytes content, roundsman_bytes *reply);
    /* Gives what the function was called for, as JSON: describe() a description, run() an outcome, preflight() a list
       of findings. The last call of answer() or fail() counts. */
    int32_t (*answer)(const struct roundsman_host *host, roundsman_bytes json);
    /* Says that it did not work, and what is to be done. Returns `instruction`, for `return host->fail(...)`. */
    int32_t (*fail)(const struct roundsman_host *host, int32_t instruction, roundsman_bytes cause);
    /* Gives a reply back. */
    void (*release)(const struct roundsman_host *host, roundsman_bytes reply);
} roundsman_host;

/* A function of the plugin. It returns 0 if it answered, anything else if it did not work. */
typedef int32_t (*roundsman_function)(const roundsman_host *host, roundsman_bytes request);

/* What the plugin offers. It lives as long as the process. */
typedef struct roundsman_descriptor {
    uint64_t magic;       /* ROUNDSMAN_MAGIC */
    uint32_t abi_version; /* ROUNDSMAN_ABI_VERSION */
    uint32_t size;        /* sizeof(roundsman_descriptor) */
    roundsman_function describe;
    roundsman_function run;
    roundsman_function preflight; /* may be NULL */
} roundsman_descriptor;

/* Whether the host has a field of a later version. */
#define ROUNDSMAN_HAS(host, field) \
    ((host)->size >= offsetof(roundsman_host, field) + sizeof((host)->field))

#if defined(__GNUC__)
#define ROUNDSMAN_EXPORT __attribute__((visibility("default")))
#else
#define ROUNDSMAN_EXPORT
#endif

/* The one symbol that a plugin exports. */
ROUNDSMAN_EXPORT const roundsman_descriptor *roundsman_plugin(void);

/* The bytes of a text that ends with NUL, without the NUL. */
static inline roundsman_bytes roundsman_text(const char *text) {
    roundsman_bytes bytes = {text, text == NULL ? 0 : strlen(text)};
    return bytes;
}

#ifdef __cplusplus
}
#endif

#endif
