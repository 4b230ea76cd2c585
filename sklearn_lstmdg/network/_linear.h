/* Room for a step, and linear maps y = b + x W in it: forward, backward, and their gradients. */
typedef struct {
    REAL *base;
    ptrdiff_t used;
} NAME(space);

/* Room for rows of n numbers, whose base is NULL where they are only counted. */
static NAME(rows) NAME(take)(NAME(space) *space, ptrdiff_t rows, ptrdiff_t n) {
    NAME(rows) here = {space->base ? space->base + space->used : NULL, ROUND(n)};
    space->used += rows * ROUND(n);
    return here;
}
static NAME(rows) NAME(zeros)(NAME(space) *space, ptrdiff_t rows, ptrdiff_t n) {
    NAME(rows) here = NAME(take)(space, rows, n);
    if (here.at) memset(here.at, 0, sizeof(REAL) * (size_t)(rows * here.stride));
    return here;
}

typedef struct {
    ptrdiff_t inputs, answers;
    NAME(rows) W, d_W, b, d_b; /* (inputs, answers), and the bias's one row, for all rows of y */
    NAME(rows) back, none;     /* W transposed; a row of zeros, for all rows of x or y */
} NAME(linear);

/* Weights as they are multiplied: torch has (answers, inputs). The bias may be missing. */
static void NAME(plan_linear)(NAME(space) *space, const task *task, NAME(linear) *maps, int n,
                              ptrdiff_t inputs, ptrdiff_t answers) {
    const REAL *weight = task->parameters[2 * n], *bias = task->parameters[2 * n + 1];
    NAME(linear) *map = maps + n;
    *map = (NAME(linear)){inputs, answers, .W = NAME(zeros)(space, inputs, answers),
                          .d_W = NAME(zeros)(space, inputs, answers),
                          .b = {NAME(zeros)(space, 1, answers).at, 0},
                          .d_b = {bias ? NAME(zeros)(space, 1, answers).at : NULL, 0},
                          .back = NAME(zeros)(space, answers, inputs),
                          .none = {NAME(zeros)(space, 1, inputs + answers).at, 0}};
    if (!space->base) return;
    NAME(copy)(weight, 1, inputs, map->W.at, map->W.stride, inputs, answers);
    NAME(copy)(weight, inputs, 1, map->back.at, map->back.stride, answers, inputs);
    if (bias) memcpy(map->b.at, bias, sizeof(REAL) * (size_t)answers);
}

/* y = start + x W for n rows. */
static void NAME(forward)(const NAME(linear) *map, NAME(rows) x, NAME(rows) start, NAME(rows) y,
                          ptrdiff_t n) {
    NAME(product)((NAME(factors)){x, map->W, start, y, n, map->inputs, map->W.stride});
}

/* d_x = d_y W' for n rows. */
static void NAME(backward)(const NAME(linear) *map, NAME(rows) d_y, NAME(rows) d_x, ptrdiff_t n) {
    NAME(product)((NAME(factors)){d_y, map->back, map->none, d_x, n, map->answers,
                                  map->back.stride});
}

/* Add x' d_y and the sum of d_y, some rows at a time, so that what is read stays in the cache. */
static void NAME(learn)(NAME(linear) *map, NAME(rows) x, NAME(rows) d_y, ptrdiff_t n) {
    for (ptrdiff_t row = 0; row < n; row += SOME) {
        const ptrdiff_t some = n - row < SOME ? n - row : SOME;
        NAME(outer_product)((NAME(factors)){FROM(x, row), FROM(d_y, row), map->d_W, map->d_W,
                                            map->inputs, some, map->d_W.stride});
    }
    for (ptrdiff_t k = 0; map->d_b.at && k < map->answers; k += LANES) {
        V sum = LOAD(map->d_b.at + k);
        for (ptrdiff_t row = 0; row < n; row++) sum += LOAD(ROW(d_y, row) + k);
        STORE(map->d_b.at + k, sum);
    }
}

/* Gradients as torch has them. */
static void NAME(hand_over)(const task *task, const NAME(linear) *maps, int n) {
    const NAME(linear) *map = maps + n;
    REAL *weight = task->gradients[2 * n], *bias = task->gradients[2 * n + 1];
    NAME(copy)(map->d_W.at, 1, map->d_W.stride, weight, map->inputs, map->answers, map->inputs);
    if (bias) memcpy(bias, map->d_b.at, sizeof(REAL) * (size_t)map->answers);
}
