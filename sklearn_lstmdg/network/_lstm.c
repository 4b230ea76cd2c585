/* The LSTM of the paper's equations 1-3 on the CPU, forward and backward.
 *
 *   g_t = sigma(W_g x_t + U_g h_{t-1} + b_g),  g in {i, f, o}
 *   z_t = tanh(W_c x_t + U_c h_{t-1} + b_c)
 *   c_t = i_t z_t + f_t c_{t-1},  h_t = o_t tanh(c_t)
 *
 * What can be one large matrix product is left to the caller: the projections W x_t come in for
 * all points at once, and the derivatives of the pre-activations go out for all points at once.
 * Here is what must go step by step: the product with U, and the gates. Gates are stacked
 * i, f, z, o. Rows (sequences) are independent of each other to the last bit.
 *
 * The file includes itself once for float and once for double.
 */
#ifndef REAL

#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 32 /* sequences that run together, so that their states stay in the cache */

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INLINE static inline
#define INDEPENDENT
#endif
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

/* tanh as a ratio of polynomials, within 3 units in the last place of a float; beyond +-7.9 a
 * float tanh is 1. The coefficients are those of Eigen's ptanh. */
INLINE float tanh_float(float x) {
    x = x > 7.90531110763549805f ? 7.90531110763549805f : x;
    x = x < -7.90531110763549805f ? -7.90531110763549805f : x;
    float s = x * x;
    float p = -2.76076847742355e-16f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    float q = 1.19825839466702e-06f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * p / q;
}

#define REAL float
#define NAME(base) base##_float
#define TANH tanh_float
#define LANES 8
#include "_lstm.c"
#undef REAL
#undef NAME
#undef TANH
#undef LANES

#define REAL double
#define NAME(base) base##_double
#define TANH tanh
#define LANES 4
#include "_lstm.c"

/* Python passes addresses and sizes; _recurrence.py is the only caller. */
static PyObject *forward(PyObject *self, PyObject *args) {
    unsigned long long projected, first, bias, U, gates, hidden, cell, tanh_cell;
    Py_ssize_t T, B, K;
    int is_double, direction, failed;
    if (!PyArg_ParseTuple(args, "iKKKKKKKKnnni", &is_double, &projected, &first, &bias, &U, &gates,
                          &hidden, &cell, &tanh_cell, &T, &B, &K, &direction))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
#define CALL(real, function)                                                                       \
    function((const real *)(uintptr_t)projected, (const int64_t *)(uintptr_t)first,                \
             (const real *)(uintptr_t)bias, (const real *)(uintptr_t)U, (real *)(uintptr_t)gates,  \
             (real *)(uintptr_t)hidden, (real *)(uintptr_t)cell, (real *)(uintptr_t)tanh_cell, T,  \
             B, K, direction)
    failed = is_double ? CALL(double, forward_double) : CALL(float, forward_float);
#undef CALL
    Py_END_ALLOW_THREADS
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *backward(PyObject *self, PyObject *args) {
    unsigned long long gates, cell, tanh_cell, U, d_hidden, d_cell, d_gates;
    Py_ssize_t T, B, K;
    int is_double, at_all, failed;
    if (!PyArg_ParseTuple(args, "iKKKKKKKnnni", &is_double, &gates, &cell, &tanh_cell, &U,
                          &d_hidden, &d_cell, &d_gates, &T, &B, &K, &at_all))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
#define CALL(real, function)                                                                       \
    function((const real *)(uintptr_t)gates, (const real *)(uintptr_t)cell,                        \
             (const real *)(uintptr_t)tanh_cell, (const real *)(uintptr_t)U,                       \
             (const real *)(uintptr_t)d_hidden, (const real *)(uintptr_t)d_cell,                   \
             (real *)(uintptr_t)d_gates, T, B, K, at_all)
    failed = is_double ? CALL(double, backward_double) : CALL(float, backward_float);
#undef CALL
    Py_END_ALLOW_THREADS
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"forward", forward, METH_VARARGS, "Run the recurrence."},
    {"backward", backward, METH_VARARGS, "Derive the loss by the pre-activations."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_lstm", NULL, -1, methods};

PyMODINIT_FUNC PyInit__lstm(void) { return PyModule_Create(&module); }

#else /* what follows is compiled for each REAL */

/* Room for n numbers; columns are padded to whole vectors, so that no loop has a tail. */
INLINE ptrdiff_t NAME(padded)(ptrdiff_t n) { return (n + LANES - 1) / LANES * LANES; }

typedef REAL NAME(vector) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL))));

/* A tile of C = A B: some rows, some vectors of columns. Each row sums over k in order, whatever
 * the tile, and the sums stay in registers. */
#define PRODUCT(height, width)                                                                     \
    do {                                                                                           \
        NAME(vector) sum[height][width] = {{{0}}};                                                 \
        for (ptrdiff_t k = 0; k < depth; k++) {                                                    \
            const NAME(vector) *b = (const NAME(vector) *)(B + k * n + col);                       \
            _Pragma("GCC unroll 8") for (int r = 0; r < (height); r++) {                           \
                REAL a = A[(row + r) * stride + k];                                                \
                _Pragma("GCC unroll 4") for (int j = 0; j < (width); j++) sum[r][j] += a * b[j];   \
            }                                                                                      \
        }                                                                                          \
        for (int r = 0; r < (height); r++)                                                         \
            for (int j = 0; j < (width); j++)                                                      \
                *(NAME(vector) *)(C + (row + r) * n + col + j * LANES) = sum[r][j];                \
    } while (0)

/* All rows of some columns, a tile at a time: 4 x 3 or 8 x 1 sums keep both adders busy. */
#define ROWS_OF_PRODUCT(height, width)                                                             \
    do {                                                                                           \
        ptrdiff_t row = 0;                                                                         \
        for (; row + (height) <= rows; row += (height)) PRODUCT(height, width);                    \
        for (; row < rows; row++) PRODUCT(1, width);                                               \
    } while (0)

/* C (rows, n) = A (rows, depth) B (depth, n); n is a multiple of LANES, A's rows are stride apart. */
INLINE void NAME(product)(const REAL *restrict A, const REAL *restrict B, REAL *restrict C,
                          ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t stride, ptrdiff_t n) {
    ptrdiff_t col = 0;
    for (; col + 3 * LANES <= n; col += 3 * LANES) ROWS_OF_PRODUCT(4, 3);
    for (; col < n; col += LANES) ROWS_OF_PRODUCT(8, 1);
}
#undef PRODUCT
#undef ROWS_OF_PRODUCT

/* Equations 1-3 for one sequence and point: projections and U h_{t-1} in, activated gates out.
 * sigma(x) = 1/2 + 1/2 tanh(x/2): with slope 1/2 for i, f, o and 1 for z one loop does all gates. */
INLINE void NAME(step)(const REAL *projected, const REAL *restrict recurrent,
                       const REAL *restrict bias, const REAL *restrict slope, REAL *gates,
                       const REAL *restrict c_before, REAL *restrict c, REAL *tanh_c, REAL *h,
                       ptrdiff_t K) {
    INDEPENDENT
    for (ptrdiff_t k = 0; k < 4 * K; k++) {
        REAL x = slope[k] * (projected[k] + recurrent[k] + bias[k]);
        gates[k] = 1 - slope[k] + slope[k] * TANH(x); /* may overwrite projected[k] */
    }
    const REAL *i = gates, *f = gates + K, *z = gates + 2 * K, *o = gates + 3 * K;
    INDEPENDENT /* tanh_c may be h */
    for (ptrdiff_t k = 0; k < K; k++) {
        c[k] = i[k] * z[k] + f[k] * c_before[k];
        tanh_c[k] = TANH(c[k]);
        h[k] = o[k] * tanh_c[k];
    }
}

/* Run T steps of B sequences.
 *   projected (points, 4K): W x. Sequence b reads row first[b] + t, or
 *   first[b] - t where the direction is -1, or t B + b without first.
 *   bias (4K); U (4K, K); hidden (T, B, K).
 *   gates (T, B, 4K), cell and tanh_cell (T, B, K): kept for the way back; without gates, cell
 *   (B, K) is the last one alone and tanh_cell is not used. */
CLONES static int NAME(forward)(const REAL *projected, const int64_t *first, const REAL *bias,
                                const REAL *U, REAL *gates, REAL *hidden, REAL *cell,
                                REAL *tanh_cell, ptrdiff_t T, ptrdiff_t B, ptrdiff_t K,
                                int direction) {
    ptrdiff_t n = NAME(padded)(4 * K);
    REAL *room = calloc((size_t)(K * n + ROWS * n + 4 * K + 4 * K + 2 * K), sizeof(REAL));
    if (room == NULL) return 1;
    REAL *U_transposed = room, *recurrent = U_transposed + K * n;
    REAL *slope = recurrent + ROWS * n, *scratch = slope + 4 * K;
    REAL *scratch_tanh = scratch + 4 * K, *zero = scratch_tanh + K;
    for (ptrdiff_t j = 0; j < 4 * K; j++) slope[j] = j / K == 2 ? 1 : (REAL)0.5;
    for (ptrdiff_t j = 0; j < 4 * K; j++)
        for (ptrdiff_t k = 0; k < K; k++) U_transposed[k * n + j] = U[j * K + k];
    for (ptrdiff_t b0 = 0; b0 < B; b0 += ROWS) {
        ptrdiff_t rows = B - b0 < ROWS ? B - b0 : ROWS;
        memset(recurrent, 0, sizeof(REAL) * (size_t)(ROWS * n));
        for (ptrdiff_t t = 0; t < T; t++) {
            if (t > 0)
                NAME(product)(hidden + ((t - 1) * B + b0) * K, U_transposed, recurrent, rows, K, K,
                              n);
            for (ptrdiff_t b = b0; b < b0 + rows; b++) {
                ptrdiff_t now = t * B + b, before = now - B;
                const REAL *x = projected + (first ? first[b] + direction * t : now) * 4 * K;
                REAL *c = gates ? cell + now * K : cell + b * K;
                const REAL *c_before = t == 0 ? zero : gates ? cell + before * K : scratch_tanh;
                if (t > 0 && !gates) memcpy(scratch_tanh, c, sizeof(REAL) * (size_t)K);
                NAME(step)(x, recurrent + (b - b0) * n, bias, slope,
                           gates ? gates + now * 4 * K : scratch, c_before, c,
                           gates ? tanh_cell + now * K : hidden + now * K, hidden + now * K, K);
            }
        }
    }
    free(room);
    return 0;
}

/* Derive the loss by the pre-activations, last step first.
 *   d_hidden (T, B, K), d_cell (B, K): derivatives by all h_t and by the last c_t, in; at_all,
 *   d_cell (T, B, K) is by all c_t; without d_cell they are zero.
 *   d_gates (T, B, 4K): derivatives by the pre-activations of the gates, out. */
CLONES static int NAME(backward)(const REAL *gates, const REAL *cell, const REAL *tanh_cell,
                                 const REAL *U, const REAL *d_hidden, const REAL *d_cell,
                                 REAL *d_gates, ptrdiff_t T, ptrdiff_t B, ptrdiff_t K,
                                 int at_all) {
    ptrdiff_t n = NAME(padded)(K);
    REAL *room = calloc((size_t)(4 * K * n + ROWS * n + ROWS * K + K), sizeof(REAL));
    if (room == NULL) return 1;
    REAL *U_padded = room, *recurrent = U_padded + 4 * K * n, *d_c = recurrent + ROWS * n;
    REAL *zero = d_c + ROWS * K;
    for (ptrdiff_t j = 0; j < 4 * K; j++)
        memcpy(U_padded + j * n, U + j * K, sizeof(REAL) * (size_t)K);
    for (ptrdiff_t b0 = 0; b0 < B; b0 += ROWS) {
        ptrdiff_t rows = B - b0 < ROWS ? B - b0 : ROWS;
        memset(recurrent, 0, sizeof(REAL) * (size_t)(ROWS * n));
        memset(d_c, 0, sizeof(REAL) * (size_t)(rows * K));
        for (ptrdiff_t t = T - 1; t >= 0; t--) {
            if (t < T - 1)
                NAME(product)(d_gates + ((t + 1) * B + b0) * 4 * K, U_padded, recurrent, rows,
                              4 * K, 4 * K, n);
            for (ptrdiff_t b = b0; b < b0 + rows; b++) {
                ptrdiff_t now = t * B + b;
                const REAL *restrict tanh_c = tanh_cell + now * K;
                const REAL *restrict c_before = t == 0 ? zero : cell + (now - B) * K;
                const REAL *restrict d_h = d_hidden + now * K;
                const REAL *restrict d_h_next = recurrent + (b - b0) * n;
                REAL *restrict d_c_b = d_c + (b - b0) * K;
                const REAL *restrict i = gates + now * 4 * K, *restrict f = i + K;
                const REAL *restrict z = i + 2 * K, *restrict o = i + 3 * K;
                REAL *restrict d = d_gates + now * 4 * K;
                if (d_cell && (at_all || t == T - 1)) {
                    const REAL *d_c_here = d_cell + (at_all ? now : b) * K;
                    for (ptrdiff_t k = 0; k < K; k++) d_c_b[k] += d_c_here[k];
                }
                for (ptrdiff_t k = 0; k < K; k++) {
                    REAL i_k = i[k], f_k = f[k], z_k = z[k], o_k = o[k];
                    REAL dh = d_h[k] + d_h_next[k];
                    REAL dc = d_c_b[k] + dh * o_k * (1 - tanh_c[k] * tanh_c[k]);
                    d[k] = dc * z_k * i_k * (1 - i_k);
                    d[K + k] = dc * c_before[k] * f_k * (1 - f_k);
                    d[2 * K + k] = dc * i_k * (1 - z_k * z_k);
                    d[3 * K + k] = dh * tanh_c[k] * o_k * (1 - o_k);
                    d_c_b[k] = dc * f_k;
                }
            }
        }
    }
    free(room);
    return 0;
}
#endif
