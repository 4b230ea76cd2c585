/* The LSTM of the paper's equations 1-3 over some sequences, forward and backward.
 *
 *   g_t = sigma(W_g x_t + U_g h_{t-1} + b_g),  g in {i, f, o}
 *   z_t = tanh(W_c x_t + U_c h_{t-1} + b_c)
 *   c_t = i_t z_t + f_t c_{t-1},  h_t = o_t tanh(c_t)
 *
 * Gates are stacked i, f, z, o. Sequences are sorted, the longest first: of step t the first
 * active[t] go on, and their rows begin at offset[t]. Rows of states are padded; what stands in the
 * padding means nothing and is never read into a result.
 */
typedef struct {
    ptrdiff_t units;              /* nodes */
    NAME(linear) *W, *U;          /* the bias is that of W */
    NAME(rows) gates, cells, tanh_c, hidden;
    NAME(rows) d_hidden, d_cells; /* derivatives by h_t and, unless NULL, by c_t from elsewhere */
    NAME(rows) d_h, d_c;          /* derivatives by the states before */
    REAL *slope;
} NAME(lstm);

/* One of both LSTMs, whose maps begin with number n, for so many rows of some sequences. */
static void NAME(plan_lstm)(NAME(space) *space, const task *task, NAME(lstm) *lstm,
                            NAME(linear) *maps, int n, ptrdiff_t inputs, ptrdiff_t units) {
    const ptrdiff_t rows = task->rows, some = task->some;
    *lstm = (NAME(lstm)){units, .W = maps + n, .U = maps + n + 1,
                         .gates = NAME(take)(space, rows, 3 * units + ROUND(units)),
                         .cells = NAME(take)(space, rows, units),
                         .tanh_c = NAME(take)(space, rows, units),
                         .hidden = NAME(take)(space, rows, units),
                         .d_hidden = NAME(take)(space, rows, units),
                         .d_h = NAME(take)(space, some, units),
                         .d_c = NAME(take)(space, some, units),
                         .slope = NAME(take)(space, 1, 4 * units).at};
    if (n == FIRST_W && task->generates == BY_CELL)
        lstm->d_cells = NAME(take)(space, rows, units);
    NAME(plan_linear)(space, task, maps, n, inputs, 4 * units);
    NAME(plan_linear)(space, task, maps, n + 1, units, 4 * units);
    for (ptrdiff_t k = 0; lstm->slope && k < ROUND(4 * units); k++)
        lstm->slope[k] = k / units == 2 ? 1 : (REAL)0.5;
}

/* Pre-activations in, activated gates out; then the states. */
INLINE void NAME(states)(const NAME(lstm) *lstm, ptrdiff_t row, const REAL *c_before) {
    const ptrdiff_t K = lstm->units;
    REAL *gates = ROW(lstm->gates, row), *c = ROW(lstm->cells, row);
    REAL *tanh_c = ROW(lstm->tanh_c, row), *h = ROW(lstm->hidden, row);
    for (ptrdiff_t k = 0; k < 4 * K; k += LANES)
        STORE(gates + k, NAME(activate)(LOAD(gates + k), LOAD(lstm->slope + k)));
    for (ptrdiff_t k = 0; k < K; k += LANES) {
        V i = LOAD(gates + k), f = LOAD(gates + K + k), z = LOAD(gates + 2 * K + k);
        V now = FMA(i, z, f * LOAD(c_before + k)), bounded = NAME(tanh)(now);
        STORE(c + k, now);
        STORE(tanh_c + k, bounded);
        STORE(h + k, LOAD(gates + 3 * K + k) * bounded);
    }
}

/* Run all steps over inputs, or over the pre-activations that come of them where none are given. */
static void NAME(lstm_forward)(const steps *steps, const NAME(lstm) *lstm, NAME(rows) inputs) {
    for (ptrdiff_t t = 0; t < steps->count; t++) {
        const ptrdiff_t n = steps->active[t], row = steps->offset[t];
        const ptrdiff_t before = t ? steps->offset[t - 1] : 0;
        const NAME(rows) gates = FROM(lstm->gates, row);
        const NAME(rows) c_before = t ? FROM(lstm->cells, before) : lstm->W->none;
        if (inputs.at) NAME(forward)(lstm->W, FROM(inputs, row), lstm->W->b, gates, n);
        if (t) NAME(forward)(lstm->U, FROM(lstm->hidden, before), gates, gates, n);
        for (ptrdiff_t r = 0; r < n; r++)
            NAME(states)(lstm, row + r, ROW(c_before, r));
    }
}

/* Derivatives by one point's pre-activations, over its gates; d_c goes on to the point before. */
INLINE void NAME(states_backward)(const NAME(lstm) *lstm, ptrdiff_t row, const REAL *c_before,
                                  const REAL *d_h_after, REAL *d_c) {
    const ptrdiff_t K = lstm->units;
    const REAL *d_h = ROW(lstm->d_hidden, row);
    const REAL *d_c_here = lstm->d_cells.at ? ROW(lstm->d_cells, row) : NULL;
    REAL *gates = ROW(lstm->gates, row);
    for (ptrdiff_t k = 0; k < K; k += LANES) {
        V i = LOAD(gates + k), f = LOAD(gates + K + k), z = LOAD(gates + 2 * K + k);
        V o = LOAD(gates + 3 * K + k), tanh_c = LOAD(ROW(lstm->tanh_c, row) + k);
        V dh = LOAD(d_h + k) + LOAD(d_h_after + k);
        V dc = FMA(dh * o, 1 - tanh_c * tanh_c, LOAD(d_c + k));
        if (d_c_here) dc += LOAD(d_c_here + k);
        /* The last vector of a gate reaches into the next gate, which stays as it is. */
        NAME(integers) here = NAME(is_within)(K - k);
        STORE(gates + k, NAME(choose)(here, dc * z * i * (1 - i), i));
        STORE(gates + K + k, NAME(choose)(here, dc * LOAD(c_before + k) * f * (1 - f), f));
        STORE(gates + 2 * K + k, NAME(choose)(here, dc * i * (1 - z * z), z));
        STORE(gates + 3 * K + k, NAME(choose)(here, dh * tanh_c * o * (1 - o), o));
        STORE(d_c + k, dc * f);
    }
}

/* From d_hidden and d_cells to the derivatives by all pre-activations, which take the place of the
 * gates. */
static void NAME(lstm_backward)(const steps *steps, const NAME(lstm) *lstm) {
    const NAME(rows) d_h = lstm->d_h, d_c = lstm->d_c;
    const size_t size = sizeof(REAL) * (size_t)(steps->active[0] * d_h.stride);
    memset(d_h.at, 0, size);
    memset(d_c.at, 0, size);
    for (ptrdiff_t t = steps->count - 1; t >= 0; t--) {
        NAME(rows) c_before = t ? FROM(lstm->cells, steps->offset[t - 1]) : lstm->W->none;
        if (t + 1 < steps->count)
            NAME(backward)(lstm->U, FROM(lstm->gates, steps->offset[t + 1]), d_h,
                           steps->active[t + 1]);
        for (ptrdiff_t r = 0; r < steps->active[t]; r++)
            NAME(states_backward)(lstm, steps->offset[t] + r, ROW(c_before, r),
                                  ROW(d_h, r), ROW(d_c, r));
    }
}

/* Add the derivatives by W, U and the bias. */
static void NAME(lstm_learn)(const steps *steps, const NAME(lstm) *lstm, NAME(rows) inputs) {
    const int64_t *active = steps->active, *offset = steps->offset;
    NAME(learn)(lstm->W, inputs, lstm->gates, offset[steps->count]);
    for (ptrdiff_t t = 1, end; t < steps->count; t = end) {
        /* Rows of steps that all sequences of the step before take lie side by side. */
        for (end = t + 1; active[t] == active[t - 1] && end < steps->count &&
                          active[end] == active[t];)
            end++;
        NAME(learn)(lstm->U, FROM(lstm->hidden, offset[t - 1]),
                    FROM(lstm->gates, offset[t]), offset[end] - offset[t]);
    }
}
