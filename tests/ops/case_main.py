"""The C program around the graphs of `tests.ops.image`: feeds them, compares what they give."""

MAIN = """\
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor.h"

struct graph {{
    const char *name;
    void (*init)(uint8_t *);
    void (*invoke)(uint8_t *);
    void *(*data)(uint8_t *, uint32_t);
    const struct tinyssl_tensor *tensors;
    size_t arena_bytes;
    uint32_t inputs, outputs, named;
    int32_t ulps; /* by which float32 outputs may differ: C libraries do */
}};

{declarations}
static const struct graph graphs[] = {{
{rows}
}};

static int failures;

static void fill(const struct graph *graph, FILE *file, void *data, size_t bytes)
{{
    if (fread(data, 1, bytes, file) != bytes) {{
        printf("the file ends before %s\\n", graph->name);
        exit(2);
    }}
}}

static void *room(const struct graph *graph, void *memory)
{{
    if (!memory) {{
        printf("no memory for %s\\n", graph->name);
        exit(2);
    }}
    return memory;
}}

/* A float32's place in the order of all of them. */
static int64_t place(const int8_t *data)
{{
    int32_t bits;
    memcpy(&bits, data, sizeof bits);
    return bits < 0 ? INT32_MIN - (int64_t)bits : bits;
}}

/* The first byte that differs. */
static size_t same(const struct graph *graph, uint32_t id, const int8_t *found,
                   const int8_t *expected)
{{
    const size_t bytes = graph->tensors[id].bytes;
    const int close = graph->ulps && graph->tensors[id].type == TINYSSL_TYPE_FLOAT32;
    size_t i = 0;
    while (i < bytes && (close ? llabs(place(found + i) - place(expected + i)) <= graph->ulps
                               : found[i] == expected[i])) {{
        i += close ? sizeof(float) : 1;
    }}
    return i;
}}

/* Reads what tensor `id` must hold; false, and a line that says why, where it does not. */
static int holds(const struct graph *graph, uint8_t *arena, uint32_t id, FILE *file, int quiet)
{{
    const size_t bytes = graph->tensors[id].bytes;
    int8_t *expected = room(graph, malloc(bytes));
    fill(graph, file, expected, bytes);
    const int8_t *found = graph->data(arena, id);
    const size_t i = same(graph, id, found, expected);
    if (i < bytes && !quiet) {{
        printf("differs %s at %u: %d for %d\\n", graph->name, (unsigned)i, found[i], expected[i]);
        failures++;
    }}
    free(expected);
    return i == bytes;
}}

/* Passes over inputs and outputs of a graph that is not asked for. */
static void skip(const struct graph *graph, FILE *file)
{{
    for (uint32_t id = 0; id < graph->inputs + graph->outputs; id++) {{
        fseek(file, (long)graph->tensors[id].bytes, SEEK_CUR);
    }}
}}

/* Overwrites all but states and parameters: no inference may rely on anything else. */
static void forget(const struct graph *graph, uint8_t *arena)
{{
    uint8_t *before = room(graph, malloc(graph->arena_bytes));
    memcpy(before, arena, graph->arena_bytes);
    memset(arena, 0xa5, graph->arena_bytes);
    for (uint32_t id = graph->inputs + graph->outputs; id < graph->named; id++) {{
        uint8_t *data = graph->data(arena, id);
        memcpy(data, before + (data - arena), graph->tensors[id].bytes);
    }}
    free(before);
}}

static void check(const struct graph *graph, uint8_t *arena, FILE *file)
{{
    forget(graph, arena);
    for (uint32_t id = 0; id < graph->inputs; id++) {{
        fill(graph, file, graph->data(arena, id), graph->tensors[id].bytes);
    }}
    graph->invoke(arena);
    int equal = 1;
    for (uint32_t id = graph->inputs; id < graph->inputs + graph->outputs; id++) {{
        equal = holds(graph, arena, id, file, !equal) && equal;
    }}
    if (equal) {{
        printf("equal %s\\n", graph->name);
    }}
}}

int main(void)
{{
    const char *graph = getenv("ONLY_GRAPH");
    const long only = graph ? strtol(graph, NULL, 10) : -1;
    FILE *file = fopen("{data}", "rb");
    if (!file) {{
        printf("cannot read {data}\\n");
        return 2;
    }}
    for (size_t i = 0; i < sizeof graphs / sizeof graphs[0]; i++) {{
        /* Of its exact size, so that the sanitizer sees the first byte behind it. */
        uint8_t *arena = room(&graphs[i], memalign(16, graphs[i].arena_bytes));
        graphs[i].init(arena);
        for (int input = 0; input < {inputs}; input++) {{
            if (only >= 0 && (size_t)only != i) {{
                skip(&graphs[i], file);
            }} else {{
                check(&graphs[i], arena, file);
            }}
        }}
        free(arena);
    }}
    return failures != 0;
}}
"""
"""To be filled in: declarations, rows of graphs, inputs of each, file of inputs and outputs"""
