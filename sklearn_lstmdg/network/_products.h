/* Matrix products of small matrices, in tiles whose sums stay in registers.
 *
 * Each sum runs over k in order, whatever the tile: a row's result does not depend on the rows
 * beside it, and not on the width of vectors. Strides let A be read transposed; columns of B and C
 * are padded to whole vectors, so that no loop has a tail.
 */
#define TILE(height, width)                                                                        \
    INLINE void NAME(tile_##height##_##width)(                                                     \
        const REAL *A, ptrdiff_t row_stride, ptrdiff_t k_stride, const REAL *B,                    \
        ptrdiff_t B_stride, REAL *C, ptrdiff_t C_stride, ptrdiff_t depth, int add) {               \
        V sum[height][width] = {{{0}}};                                                            \
        if (add)                                                                                   \
            UNROLL for (int r = 0; r < height; r++)                                                \
                UNROLL for (int j = 0; j < width; j++)                                             \
                    sum[r][j] = LOAD(C + r * C_stride + j * LANES);                                \
        for (ptrdiff_t k = 0; k < depth; k++) {                                                    \
            UNROLL for (int r = 0; r < height; r++) {                                              \
                V a = SPLAT(A[r * row_stride + k * k_stride]);                                     \
                UNROLL for (int j = 0; j < width; j++)                                             \
                    sum[r][j] = FMA(a, LOAD(B + k * B_stride + j * LANES), sum[r][j]);             \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (int r = 0; r < height; r++)                                                    \
            UNROLL for (int j = 0; j < width; j++)                                                 \
                STORE(C + r * C_stride + j * LANES, sum[r][j]);                                    \
    }
TILE(8, 3)
TILE(8, 2)
TILE(8, 1)
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
TILE(1, 3)
TILE(1, 2)
TILE(1, 1)
#undef TILE

#define ROWS_OF(height, width)                                                                     \
    for (; row + height <= rows; row += height)                                                    \
    NAME(tile_##height##_##width)(A + row * row_stride, row_stride, k_stride, B + col, B_stride,   \
                                  C + row * C_stride + col, C_stride, depth, add)
#define COLUMNS_OF(width)                                                                          \
    do {                                                                                           \
        ptrdiff_t row = 0;                                                                         \
        if (HEIGHT == 8) ROWS_OF(8, width);                                                        \
        ROWS_OF(4, width);                                                                         \
        ROWS_OF(1, width);                                                                         \
        col += width * LANES;                                                                      \
    } while (0)

/* C (rows, n) = A (rows, depth) B (depth, n), or C + A B; n is padded. */
static void NAME(product)(const REAL *A, ptrdiff_t row_stride, ptrdiff_t k_stride, const REAL *B,
                          ptrdiff_t B_stride, REAL *C, ptrdiff_t C_stride, ptrdiff_t rows,
                          ptrdiff_t depth, ptrdiff_t n, int add) {
    ptrdiff_t col = 0;
    while (n - col >= 3 * LANES && n - col != 4 * LANES) COLUMNS_OF(3);
    while (n - col >= 2 * LANES) COLUMNS_OF(2);
    while (n - col >= LANES) COLUMNS_OF(1);
}
#undef ROWS_OF
#undef COLUMNS_OF

/* Let n rows be the same. */
INLINE void NAME(repeat)(const REAL *row, REAL *C, ptrdiff_t stride, ptrdiff_t n, ptrdiff_t width) {
    for (ptrdiff_t r = 0; r < n; r++)
        memcpy(C + r * stride, row, sizeof(REAL) * (size_t)width);
}

/* Add n rows. */
static void NAME(add_rows)(const REAL *A, ptrdiff_t stride, REAL *sum, ptrdiff_t n, ptrdiff_t width) {
    for (ptrdiff_t r = 0; r < n; r++)
        for (ptrdiff_t k = 0; k < width; k += LANES)
            STORE(sum + k, LOAD(sum + k) + LOAD(A + r * stride + k));
}

/* C (rows, n) += A' B over many rows of A (count, rows) and B (count, n), some at a time, so that
 * what is read stays in the cache. */
static void NAME(add_outer)(const REAL *A, ptrdiff_t A_stride, const REAL *B, ptrdiff_t B_stride,
                            REAL *C, ptrdiff_t C_stride, ptrdiff_t rows, ptrdiff_t count,
                            ptrdiff_t n) {
    for (ptrdiff_t k = 0; k < count; k += SOME) {
        ptrdiff_t depth = count - k < SOME ? count - k : SOME;
        NAME(product)(A + k * A_stride, 1, A_stride, B + k * B_stride, B_stride, C, C_stride, rows,
                      depth, n, 1);
    }
}

/* The transpose of a matrix (rows, columns), or the matrix itself, with padded rows. */
static void NAME(transpose)(const REAL *A, REAL *C, ptrdiff_t rows, ptrdiff_t columns) {
    ptrdiff_t stride = ROUND(rows);
    for (ptrdiff_t r0 = 0; r0 < stride; r0 += 16)
        for (ptrdiff_t c = 0; c < columns; c++)
            for (ptrdiff_t r = r0; r < r0 + 16; r++)
                C[c * stride + r] = r < rows ? A[r * columns + c] : 0;
}

static void NAME(pad)(const REAL *A, REAL *C, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < ROUND(columns); c++)
            C[r * ROUND(columns) + c] = c < columns ? A[r * columns + c] : 0;
}

/* A matrix without the padding of its rows. */
static void NAME(unpad)(const REAL *A, REAL *C, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++)
        memcpy(C + r * columns, A + r * ROUND(columns), sizeof(REAL) * (size_t)columns);
}
