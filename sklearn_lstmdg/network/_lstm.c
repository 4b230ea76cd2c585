/* The network of the paper on the CPU: a training step, an update, and reading windows.
 *
 * Python fills in a task (_compiled.py has the same fields in the same order) and calls functions
 * with its address. The files below are included once for each processor path, whose name ends the
 * functions' names; Python chooses by what the processor has or by LSTMDG_PATH.
 */
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tgmath.h>

#define INLINE static inline __attribute__((always_inline))
#define PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#define WIDEST
#define BEGIN_TARGET(features)                                                                     \
    PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define END_TARGET _Pragma("clang attribute pop")
#else
#define UNROLL _Pragma("GCC unroll 10")
#define WIDEST ",prefer-vector-width=512"
#define BEGIN_TARGET(features) _Pragma("GCC push_options") PRAGMA(GCC target(features))
#define END_TARGET _Pragma("GCC pop_options")
#endif

#define N_PARAMETERS (2 * N_MAPS)           /* of each map a weight and a bias, or NULL */
#define SOME 128                            /* rows of an outer product that stay in the cache */
#define ROUND(n) (((n) + 15) / 16 * 16)     /* on every path, so that random places are the same */
enum { FIRST_W, FIRST_U, SECOND_W, SECOND_U, SHARED, GENERATIVE, N_MAPS };
enum { BY_CELL = 1, BY_HIDDEN = 2 };

typedef struct {
    int64_t count;            /* steps of the longest sequence */
    int64_t *active, *offset; /* sequences at a step, and its first row, with the end of the last */
} steps;

typedef struct {
    int64_t n_rois, n_communities, n_units, n_outputs; /* no communities: the single LSTM */
    int64_t generates, at_all, horizon;
    int64_t some, rows, longest; /* windows at a time; most rows and points of these */
    int64_t n_windows, n_labelled, n_known, n_points, n_projected;
    const void *points;                       /* (n_points, n_rois) */
    const int64_t *start, *lengths, *labels;  /* of each window */
    const int64_t *direction, *sign;          /* of each window, or NULL */
    const double *targets;                    /* of each window, in place of classes, or NULL */
    const void *weights;                      /* of each window */
    void *parameters[N_PARAMETERS], *gradients[N_PARAMETERS];
    void *means[N_PARAMETERS], *squares[N_PARAMETERS]; /* Adam's moments */
    int64_t sizes[N_PARAMETERS], is_trained[N_PARAMETERS];
    double noise, dropout[3], discriminative_weight, lr, weight_decay, eps;
    int64_t n_updates;     /* Adam's, this one included */
    uint64_t seed, update; /* of the random numbers */
    double losses[3];      /* total, generative, discriminative: out */
    int64_t reads_negative, reads_backwards;
    double *logits;        /* (n_windows, n_outputs): added to */
    void *hidden, *cells;  /* (n_windows, longest, n_communities) or NULL: out */
    void *room;
} task;

/* Points of a window that are read. */
static int64_t n_read(const task *task, int64_t window) {
    int64_t n = task->lengths[window] - task->horizon;
    return n > 1 ? n : 1;
}

/* Sort some windows, the longest first, equal ones as they come, and lay out their steps. */
static void arrange(const task *task, int64_t first, int64_t *order, steps *steps) {
    int64_t n = task->n_windows - first < task->some ? task->n_windows - first : task->some;
    for (int64_t b = 0; b < n; b++) {
        int64_t place = b, length = n_read(task, first + b);
        for (; place > 0 && n_read(task, order[place - 1]) < length; place--)
            order[place] = order[place - 1];
        order[place] = first + b;
    }
    steps->count = n_read(task, order[0]);
    steps->offset[0] = 0;
    for (int64_t t = 0, b = n; t < steps->count; t++) {
        while (n_read(task, order[b - 1]) <= t) b--;
        steps->active[t] = b;
        steps->offset[t + 1] = steps->offset[t] + b;
    }
}

#define SIDE 16 /* counters of random numbers side by side */
#define EACH (4 * SIDE)
typedef union {
    float value;
    uint32_t bits;
} number;

#define JOIN(base, path) base##_##path
#define JOINED(base, path) JOIN(base, path)
#define NAME(base) JOINED(base, PATH) /* of the path that is included */

#define REAL float
#if defined(__x86_64__)
#include <immintrin.h>
#define PATH avx512
#define LANES 16
#define HEIGHT 8
#define FMA(a, b, c) ((V)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define MULTIPLY_EVEN(a, b) ((NAME(wide))_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,fma" WIDEST)
#include "_path.h"
END_TARGET

#define PATH avx2
#define LANES 8
#define HEIGHT 4
#define FMA(a, b, c) ((V)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define MULTIPLY_EVEN(a, b) ((NAME(wide))_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
BEGIN_TARGET("avx2,fma")
#include "_path.h"
END_TARGET
#endif

#define PATH plain
#define LANES 4
#if defined(__aarch64__)
#include <arm_neon.h>
#define HEIGHT 8
#define FMA(a, b, c) ((V)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#else
#define HEIGHT 4
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
#define MULTIPLY_EVEN(a, b) (((NAME(wide))(a) & 0xFFFFFFFFu) * (b))
#include "_path.h"
#undef REAL

/* Double precision, for tests. */
#define REAL double
#define PATH double
#define LANES 2
#define HEIGHT 4
#define FMA(a, b, c) ((a) * (b) + (c))
#define MULTIPLY_EVEN(a, b) (((NAME(wide))(a) & 0xFFFFFFFFu) * (b))
#include "_path.h"

/* Python's sources and these must agree on what a task is. */
Py_EXPORTED_SYMBOL const size_t task_size = sizeof(task);

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_lstm", .m_size = -1};

PyMODINIT_FUNC PyInit__lstm(void) { return PyModule_Create(&module); }
