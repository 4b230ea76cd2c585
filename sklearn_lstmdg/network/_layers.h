/* Room for a step, and layers in it: weights as they are multiplied, their gradients, their rows. */
typedef struct {
    REAL *base;
    ptrdiff_t used;
} NAME(space);

/* Room for n numbers, or for a matrix, transposed or padded; without a base it is only counted. */
static REAL *NAME(take)(NAME(space) *space, ptrdiff_t n) {
    REAL *here = space->base ? space->base + space->used : NULL;
    space->used += ROUND(n);
    return here;
}
static REAL *NAME(zeros)(NAME(space) *space, ptrdiff_t n) {
    REAL *here = NAME(take)(space, n);
    if (here) memset(here, 0, sizeof(REAL) * (size_t)n);
    return here;
}
static REAL *NAME(transposed)(NAME(space) *space, const REAL *A, ptrdiff_t rows, ptrdiff_t columns) {
    REAL *here = NAME(take)(space, columns * ROUND(rows));
    if (here) NAME(transpose)(A, here, rows, columns);
    return here;
}
static REAL *NAME(padded)(NAME(space) *space, const REAL *A, ptrdiff_t rows, ptrdiff_t columns) {
    REAL *here = NAME(take)(space, rows * ROUND(columns));
    if (here) NAME(pad)(A, here, rows, columns);
    return here;
}

typedef struct {
    ptrdiff_t depth, width, inputs;        /* what is read, padded answers, padded inputs */
    REAL *W, *b, *rows, *d_W, *d_b;        /* (depth, width), (width), (answers, inputs) */
} NAME(dense);

static void NAME(plan_dense)(NAME(space) *space, NAME(dense) *dense, const REAL *const *p,
                             ptrdiff_t depth, ptrdiff_t answers) {
    *dense = (NAME(dense)){depth, ROUND(answers), ROUND(depth),
                           NAME(transposed)(space, p[0], answers, depth),
                           NAME(padded)(space, p[1], 1, answers),
                           NAME(padded)(space, p[0], answers, depth),
                           NAME(zeros)(space, answers * ROUND(depth)),
                           NAME(zeros)(space, ROUND(answers))};
}

/* Answers of some rows. */
static void NAME(ask)(const NAME(dense) *dense, const REAL *read, REAL *answers, ptrdiff_t n) {
    NAME(repeat)(dense->b, answers, dense->width, n, dense->width);
    NAME(product)(read, dense->inputs, 1, dense->W, dense->width, answers, dense->width, n,
                  dense->depth, dense->width, 1);
}

/* Add the derivatives by weights; derivatives by what was read take its place. */
static void NAME(derive_dense)(const NAME(dense) *dense, const REAL *d_answers, REAL *read,
                               ptrdiff_t n, ptrdiff_t answers) {
    NAME(add_outer)(d_answers, dense->width, read, dense->inputs, dense->d_W, dense->inputs,
                    answers, n, dense->inputs);
    NAME(add_rows)(d_answers, dense->width, dense->d_b, n, dense->width);
    NAME(product)(d_answers, dense->width, 1, dense->rows, dense->inputs, read, dense->inputs, n,
                  answers, dense->inputs, 0);
}

typedef struct {
    NAME(layer) layer;
    REAL *d_W, *d_U, *d_bias;                          /* gradients, padded */
    REAL *gates, *cells, *hidden, *d_hidden, *d_cells; /* rows of a block */
} NAME(run);

/* One LSTM's weights as they are multiplied, its gradients and its rows. */
static void NAME(plan_run)(NAME(space) *space, NAME(run) *run, const task *task, int number,
                           ptrdiff_t depth, ptrdiff_t units, ptrdiff_t rows) {
    const ptrdiff_t width = ROUND(units), gates = ROUND(4 * units), room = ROUND(3 * units + width);
    const REAL *const *p = (const REAL *const *)task->parameters + 3 * number;
    REAL *slope = NAME(take)(space, gates);
    for (ptrdiff_t k = 0; slope && k < gates; k++) slope[k] = k / units == 2 ? 1 : (REAL)0.5;
    run->layer = (NAME(layer)){depth, units, width, gates, room,
                               .W = NAME(transposed)(space, p[0], 4 * units, depth),
                               .U = NAME(transposed)(space, p[1], 4 * units, units),
                               .bias = NAME(padded)(space, p[2], 1, 4 * units),
                               .W_rows = NAME(padded)(space, p[0], 4 * units, depth),
                               .U_rows = NAME(padded)(space, p[1], 4 * units, units),
                               .slope = slope, .zero = NAME(zeros)(space, width)};
    run->d_W = NAME(zeros)(space, 4 * units * ROUND(depth));
    run->d_U = NAME(zeros)(space, 4 * units * width);
    run->d_bias = NAME(zeros)(space, gates);
    run->gates = NAME(take)(space, rows * room);
    REAL **states[] = {&run->cells, &run->hidden, &run->d_hidden, &run->d_cells};
    for (int n = 0; n < 4; n++) *states[n] = NAME(take)(space, rows * width);
}
