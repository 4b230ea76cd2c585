/* One training step's losses and gradients: gathering, noise, both paths and the way back.
 *
 * A batch is taken some windows at a time, so that what is kept for the way back stays in the
 * cache. With dropout masks m and windows of T points
 *
 *   a_t = V (m_t * h2_t) + b,  p = 1/T sum_t m'_t * a_t,  x^_{t+1} = W_d (m''_t * c_t) + b_d
 *
 * so that the derivative by a_t is that by the logit p, times m'_t / T. The discriminative LSTM
 * hands derivatives by h_t on to the first LSTM, where those of the generative path enter at c_t
 * (LSTM-DG) or h_t (LSTM-H).
 */
typedef struct {
    NAME(lstm) first, second; /* the second reads the first or, where there is none, the points */
    NAME(linear) maps[N_MAPS];
    steps steps;
    int64_t *order; /* windows of a block, the longest first */
    NAME(rows) points, projected, answers, logits, masks[3], state, generated, target;
} NAME(work);

/* Lay out all that a step needs, and return its size; without a base it is only counted. */
static ptrdiff_t NAME(plan)(const task *task, NAME(work) *w, REAL *base) {
    NAME(space) space = {base, 0}, *s = &space;
    const ptrdiff_t R = task->n_rois, K = task->n_communities, H = task->n_units;
    const ptrdiff_t O = task->n_outputs, rows = task->rows, some = task->some;
    const ptrdiff_t per = (ptrdiff_t)(sizeof(int64_t) / sizeof(REAL));
    w->order = (int64_t *)NAME(take)(s, 1, per * some).at;
    w->steps.active = (int64_t *)NAME(take)(s, 1, per * (task->longest + 1)).at;
    w->steps.offset = (int64_t *)NAME(take)(s, 1, per * (task->longest + 1)).at;
    if (K) NAME(plan_lstm)(s, task, &w->first, w->maps, FIRST_W, R, K);
    NAME(plan_lstm)(s, task, &w->second, w->maps, SECOND_W, K ? K : R, H);
    NAME(plan_linear)(s, task, w->maps, SHARED, H, O);
    w->points = NAME(take)(s, rows, R);
    w->projected = NAME(take)(s, task->n_projected, 4 * (K ? K : H));
    w->answers = NAME(take)(s, rows, O);
    w->logits = NAME(take)(s, some, O);
    w->masks[0] = NAME(take)(s, rows, H);
    w->masks[1] = NAME(take)(s, rows, O);
    if (!task->generates) return space.used;
    NAME(plan_linear)(s, task, w->maps, GENERATIVE, K, R);
    w->masks[2] = NAME(take)(s, task->at_all ? rows : some, K);
    w->state = NAME(take)(s, some, K);
    w->generated = NAME(take)(s, some, R);
    w->target = NAME(zeros)(s, 1, R);
    return space.used;
}

/* Draw a mask of n rows, and multiply rows by it. */
static void NAME(draw_mask)(const task *task, NAME(work) *w, int64_t first, int kind, ptrdiff_t n) {
    const NAME(rows) mask = w->masks[kind - 1];
    if (task->dropout[kind - 1] > 0)
        NAME(draw)(task, first / task->some, kind, mask.at, n * mask.stride);
}
static void NAME(drop)(NAME(rows) A, NAME(rows) mask, NAME(rows) C, ptrdiff_t n, double rate) {
    for (ptrdiff_t k = 0; k < n * C.stride; k += LANES) {
        V kept = LOAD(A.at + k);
        if (rate > 0) kept *= LOAD(mask.at + k);
        STORE(C.at + k, kept);
    }
}

/* Where the point lies that a window reads at step t. */
INLINE const REAL *NAME(point)(const task *task, int64_t window, ptrdiff_t t) {
    int64_t direction = task->direction ? task->direction[window] : 1;
    return (const REAL *)task->points + (task->start[window] + direction * t) * task->n_rois;
}

/* Gather the points of a block and add noise. */
static void NAME(gather)(const task *task, NAME(work) *w, int64_t first) {
    const ptrdiff_t size = w->steps.offset[w->steps.count] * w->points.stride;
    if (task->noise > 0)
        NAME(draw)(task, first / task->some, 0, w->points.at, size);
    else
        memset(w->points.at, 0, sizeof(REAL) * (size_t)size);
    for (ptrdiff_t t = 0; t < w->steps.count; t++)
        for (ptrdiff_t b = 0; b < w->steps.active[t]; b++) {
            const REAL *restrict from = NAME(point)(task, w->order[b], t);
            REAL *restrict to = ROW(w->points, w->steps.offset[t] + b);
            REAL sign = task->sign ? (REAL)task->sign[w->order[b]] : 1;
            for (ptrdiff_t r = 0; r < task->n_rois; r++) to[r] += sign * from[r];
        }
}

/* The loss of one window's logits, and its derivatives in their place: cross-entropy of its class,
 * or squared error of a continuous target. */
static double NAME(discriminative_loss)(const task *task, REAL *logits, int64_t window) {
    const int64_t label = task->labels[window], O = task->n_outputs;
    double weight = ((const REAL *)task->weights)[window] / (double)task->n_labelled, loss;
    if (label < 0) {
        memset(logits, 0, sizeof(REAL) * (size_t)O);
        return 0;
    }
    double scale = weight * (task->generates ? task->discriminative_weight : 1);
    if (task->targets) {
        double error = logits[0] - task->targets[window];
        logits[0] = (REAL)(2 * scale * error);
        return weight * error * error;
    }
    if (O == 1) {
        double p = logits[0], tail = exp(-fabs(p));
        loss = (p > 0 ? p : 0) - p * (double)label + log1p(tail);
        logits[0] = (REAL)(scale * ((p > 0 ? 1 : tail) / (1 + tail) - (double)label));
        return weight * loss;
    }
    double most = logits[0], sum = 0;
    for (ptrdiff_t o = 1; o < O; o++) most = logits[o] > most ? logits[o] : most;
    for (ptrdiff_t o = 0; o < O; o++) sum += exp(logits[o] - most);
    loss = log(sum) + most - logits[label];
    for (ptrdiff_t o = 0; o < O; o++)
        logits[o] = (REAL)(scale * (exp(logits[o] - most) / sum - (o == label)));
    return weight * loss;
}

/* From the hidden states to the loss, and back to the derivatives by them. */
static double NAME(discriminate)(const task *task, NAME(work) *w, int64_t first) {
    const steps *s = &w->steps;
    const NAME(rows) read = w->second.d_hidden; /* until its derivatives take its place */
    const NAME(rows) answers = w->answers, logits = w->logits;
    const ptrdiff_t O = task->n_outputs, rows = s->offset[s->count];
    double loss = 0;
    NAME(draw_mask)(task, w, first, 1, rows);
    NAME(draw_mask)(task, w, first, 2, rows);
    NAME(drop)(w->second.hidden, w->masks[0], read, rows, task->dropout[0]);
    NAME(forward)(&w->maps[SHARED], read, w->maps[SHARED].b, answers, rows);
    NAME(drop)(answers, w->masks[1], answers, rows, task->dropout[1]);
    memset(logits.at, 0, sizeof(REAL) * (size_t)(s->active[0] * logits.stride));
    for (ptrdiff_t t = 0; t < s->count; t++)
        for (ptrdiff_t k = 0; k < s->active[t] * logits.stride; k++)
            logits.at[k] += ROW(answers, s->offset[t])[k];
    for (ptrdiff_t b = 0; b < s->active[0]; b++) {
        REAL length = (REAL)n_read(task, w->order[b]), *logit = ROW(logits, b);
        for (ptrdiff_t o = 0; o < O; o++) logit[o] /= length;
        loss += NAME(discriminative_loss)(task, logit, w->order[b]);
        for (ptrdiff_t o = 0; o < O; o++) logit[o] /= length;
    }
    for (ptrdiff_t t = 0; t < s->count; t++)
        NAME(drop)(logits, FROM(w->masks[1], s->offset[t]), FROM(answers, s->offset[t]),
                   s->active[t], task->dropout[1]);
    NAME(learn)(&w->maps[SHARED], read, answers, rows);
    NAME(backward)(&w->maps[SHARED], answers, read, rows);
    NAME(drop)(read, w->masks[0], read, rows, task->dropout[0]);
    return loss;
}

/* The squared error of one generated point, and its derivatives in its place. */
static double NAME(squared_error)(const task *task, REAL *generated, REAL *target, int64_t window,
                                  ptrdiff_t t) {
    const ptrdiff_t R = task->n_rois, in = ROUND(R);
    if (t >= task->lengths[window]) {
        memset(generated, 0, sizeof(REAL) * (size_t)in);
        return 0;
    }
    int64_t n_given = task->at_all ? n_read(task, window) : 1;
    if (n_given >= task->lengths[window]) n_given = task->lengths[window] - 1;
    double weight = 1 / ((double)R * (double)n_given * (double)task->n_known), loss = 0;
    REAL sign = task->sign ? (REAL)task->sign[window] : 1, scale = (REAL)(2 * weight);
    REAL squares[SIDE] = {0};
    memcpy(target, NAME(point)(task, window, t), sizeof(REAL) * (size_t)R);
    for (ptrdiff_t r = 0; r < in; r += SIDE)
        for (int i = 0; i < SIDE; i++) {
            REAL error = generated[r + i] - sign * target[r + i];
            squares[i] += error * error;
            generated[r + i] = scale * error;
        }
    for (int i = 0; i < SIDE; i++) loss += squares[i];
    return weight * loss;
}

/* Generate the points that follow, and enter the derivatives at the states. */
static double NAME(generate)(const task *task, NAME(work) *w, int64_t first) {
    const steps *s = &w->steps;
    NAME(linear) *map = &w->maps[GENERATIVE];
    const int by_cell = task->generates == BY_CELL;
    const NAME(rows) states = by_cell ? w->first.cells : w->first.hidden, state = w->state;
    const NAME(rows) d_states = by_cell ? w->first.d_cells : w->first.d_hidden;
    const ptrdiff_t rows = s->offset[s->count];
    double loss = 0;
    NAME(draw_mask)(task, w, first, 3, task->at_all ? rows : s->active[0]);
    if (by_cell) memset(d_states.at, 0, sizeof(REAL) * (size_t)(rows * d_states.stride));
    for (ptrdiff_t t = 0; t < s->count; t++) {
        /* Windows that end here, or all that are there. */
        ptrdiff_t b = task->at_all || t + 1 == s->count ? 0 : s->active[t + 1];
        ptrdiff_t n = s->active[t] - b, row = s->offset[t] + b;
        const NAME(rows) mask = FROM(w->masks[2], task->at_all ? row : b);
        NAME(drop)(FROM(states, row), mask, state, n, task->dropout[2]);
        NAME(forward)(map, state, map->b, w->generated, n);
        for (ptrdiff_t r = 0; r < n; r++)
            loss += NAME(squared_error)(task, ROW(w->generated, r), w->target.at,
                                        w->order[b + r], t + 1);
        NAME(learn)(map, state, w->generated, n);
        NAME(backward)(map, w->generated, state, n);
        NAME(drop)(state, mask, state, n, task->dropout[2]);
        for (ptrdiff_t k = 0; k < n * state.stride; k++)
            ROW(d_states, row)[k] += state.at[k];
    }
    return loss;
}

/* Losses and gradients of some windows, added to those of the others. */
static void NAME(block)(task *task, NAME(work) *w, int64_t first) {
    const steps *s = &w->steps;
    const NAME(rows) inputs = task->n_communities ? w->first.hidden : w->points;
    arrange(task, first, w->order, &w->steps);
    NAME(gather)(task, w, first);
    if (task->n_communities) NAME(lstm_forward)(s, &w->first, w->points);
    NAME(lstm_forward)(s, &w->second, inputs);
    task->losses[2] += NAME(discriminate)(task, w, first);
    NAME(lstm_backward)(s, &w->second);
    NAME(lstm_learn)(s, &w->second, inputs);
    if (!task->n_communities) return;
    NAME(backward)(w->second.W, w->second.gates, w->first.d_hidden, s->offset[s->count]);
    if (task->generates) task->losses[1] += NAME(generate)(task, w, first);
    NAME(lstm_backward)(s, &w->first);
    NAME(lstm_learn)(s, &w->first, w->points);
}

Py_EXPORTED_SYMBOL void NAME(forward_backward)(task *task) {
    NAME(work) w;
    double *losses = task->losses;
    NAME(plan)(task, &w, task->room);
    memset(losses, 0, sizeof task->losses);
    for (int64_t first = 0; first < task->n_windows; first += task->some)
        NAME(block)(task, &w, first);
    losses[0] = losses[1] + (task->generates ? task->discriminative_weight : 1) * losses[2];
    for (int n = 0; n < N_MAPS; n++)
        if (task->parameters[2 * n]) NAME(hand_over)(task, w.maps, n);
}
