/* Products of small matrices, in tiles whose sums stay in registers.
 *
 * Each sum runs over k in order, whatever the tile: a row's result does not depend on the rows
 * beside it, and not on the width of vectors. Rows of B and C are padded to whole vectors, so that
 * no loop has a tail.
 */
typedef struct {
    REAL *at;
    ptrdiff_t stride; /* from row to row; 0: all rows are the same */
} NAME(rows);

#define ROW(all, n) ((all).at + (n) * (all).stride)
#define FROM(all, n) ((NAME(rows)){ROW(all, n), (all).stride})

typedef struct {
    NAME(rows) A, B, start, C;
    ptrdiff_t rows, depth, columns; /* of C, and the sums' length */
} NAME(factors);

INLINE void NAME(tile)(const int height, const int width, const int transposed,
                       const NAME(factors) *f, ptrdiff_t row, ptrdiff_t column) {
    const ptrdiff_t A_row = transposed ? 1 : f->A.stride, A_k = transposed ? f->A.stride : 1;
    const REAL *A = f->A.at + row * A_row;
    V sum[8][3];
    UNROLL for (int r = 0; r < height; r++)
        UNROLL for (int j = 0; j < width; j++)
            sum[r][j] = LOAD(ROW(f->start, row + r) + column + j * LANES);
    for (ptrdiff_t k = 0; k < f->depth; k++)
        UNROLL for (int r = 0; r < height; r++) {
            V a = SPLAT(A[r * A_row + k * A_k]);
            UNROLL for (int j = 0; j < width; j++)
                sum[r][j] = FMA(a, LOAD(ROW(f->B, k) + column + j * LANES), sum[r][j]);
        }
    UNROLL for (int r = 0; r < height; r++)
        UNROLL for (int j = 0; j < width; j++)
            STORE(ROW(f->C, row + r) + column + j * LANES, sum[r][j]);
}

/* Some vectors of all rows; returns the column that follows. */
INLINE ptrdiff_t NAME(tiles)(const int width, const int transposed, const NAME(factors) *f,
                             ptrdiff_t column) {
    ptrdiff_t row = 0;
    for (; row + HEIGHT <= f->rows; row += HEIGHT)
        NAME(tile)(HEIGHT, width, transposed, f, row, column);
    for (; row + 4 <= f->rows; row += 4) NAME(tile)(4, width, transposed, f, row, column);
    for (; row < f->rows; row++) NAME(tile)(1, width, transposed, f, row, column);
    return column + width * LANES;
}
INLINE void NAME(all_tiles)(const int transposed, const NAME(factors) *f) {
    ptrdiff_t column = 0, end = f->columns;
    while (end - column >= 3 * LANES && end - column != 4 * LANES)
        column = NAME(tiles)(3, transposed, f, column);
    while (end - column >= 2 * LANES) column = NAME(tiles)(2, transposed, f, column);
    while (column < end) column = NAME(tiles)(1, transposed, f, column);
}

/* C = start + A B, and C = start + A' B. That A is transposed is known to the compiler, which would
 * make loops for strides of one itself, and run out of registers. */
static void NAME(product)(NAME(factors) f) { NAME(all_tiles)(0, &f); }
static void NAME(outer_product)(NAME(factors) f) { NAME(all_tiles)(1, &f); }

/* Copy a matrix into one with padded rows; columns of A lie side by side or, where it is read
 * transposed, far apart. Eight are taken at a time, since a transpose by single numbers is slow. */
static void NAME(copy)(const REAL *restrict A, ptrdiff_t row, ptrdiff_t column, REAL *restrict C,
                       ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = columns / 8 * 8; c < columns; c++)
            C[r * stride + c] = A[r * row + c * column];
    for (ptrdiff_t first = 0; first + 8 <= columns; first += 8)
        for (ptrdiff_t r = 0; r < rows; r++)
            UNROLL for (ptrdiff_t c = first; c < first + 8; c++)
                C[r * stride + c] = A[r * row + c * column];
}
