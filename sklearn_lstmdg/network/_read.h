/* Adam with decoupled weight decay and the projection; and what trained weights say of windows. */

/* One update of all parameters that are trained; non-negative ones are projected. */
Py_EXPORTED_SYMBOL void NAME(update)(task *task) {
    const double one = 0.9, two = 0.999, step = (double)task->n_updates;
    const REAL mean_share = (REAL)(1 - one), square_share = (REAL)(1 - two);
    const REAL rate = (REAL)(task->lr / (1 - pow(one, step)));
    const REAL root = (REAL)sqrt(1 - pow(two, step)), eps = (REAL)task->eps;
    const REAL kept = (REAL)(1 - task->lr * task->weight_decay);
    for (int n = 0; n < N_PARAMETERS; n++) {
        if (!task->is_trained[n]) continue;
        REAL *restrict p = task->parameters[n], *restrict m = task->means[n];
        REAL *restrict v = task->squares[n];
        const REAL *restrict g = task->gradients[n];
        const REAL least = n == 2 * FIRST_W || n == 2 * GENERATIVE ? 0 : -(REAL)INFINITY;
        for (int64_t i = 0; i < task->sizes[n]; i++) {
            m[i] += mean_share * (g[i] - m[i]);
            v[i] += square_share * (g[i] * g[i] - v[i]);
            REAL now = kept * p[i] - rate * m[i] / (sqrt(v[i]) / root + eps);
            p[i] = now < least ? least : now;
        }
    }
}

/* Let projections times the sign, and the bias, be the pre-activations of a block's points. */
static void NAME(look_up)(const task *task, const NAME(work) *w, const NAME(lstm) *lstm,
                          int backwards, REAL sign) {
    for (ptrdiff_t t = 0; t < w->steps.count; t++)
        for (ptrdiff_t b = 0; b < w->steps.active[t]; b++) {
            int64_t last = n_read(task, w->order[b]) - 1, at = task->start[w->order[b]];
            at += backwards ? last - t : t;
            REAL *gates = ROW(lstm->gates, w->steps.offset[t] + b);
            for (ptrdiff_t k = 0; k < 4 * lstm->units; k += LANES)
                STORE(gates + k, FMA(SPLAT(sign),
                                     LOAD(ROW(w->projected, at) + k), LOAD(lstm->W->b.at + k)));
        }
}

/* Read a block: add to its logits, and keep the first LSTM's states where they are wanted. */
static void NAME(read_block)(const task *task, NAME(work) *w, int64_t first, int backwards,
                             REAL sign) {
    const ptrdiff_t K = task->n_communities, O = task->n_outputs;
    const NAME(rows) given = {NULL, 0}, sums = w->second.hidden;
    const steps *s = &w->steps;
    arrange(task, first, w->order, &w->steps);
    NAME(look_up)(task, w, K ? &w->first : &w->second, backwards, sign);
    if (K) NAME(lstm_forward)(s, &w->first, given);
    NAME(lstm_forward)(s, &w->second, K ? w->first.hidden : given);
    for (ptrdiff_t t = s->count - 1; t > 0; t--) /* sums over time, at the first step's rows */
        for (ptrdiff_t k = 0; k < s->active[t] * sums.stride; k++)
            ROW(sums, s->offset[t - 1])[k] += ROW(sums, s->offset[t])[k];
    NAME(forward)(&w->maps[SHARED], sums, w->maps[SHARED].none, w->answers, s->active[0]);
    for (ptrdiff_t b = 0; b < s->active[0]; b++) {
        int64_t window = w->order[b], length = n_read(task, window);
        for (ptrdiff_t o = 0; o < O; o++)
            ((double *)task->logits)[window * O + o] +=
                (double)(ROW(w->answers, b)[o] / (REAL)length + w->maps[SHARED].b.at[o]);
        for (int64_t t = 0; K && task->hidden && t < length; t++) {
            const int64_t row = s->offset[t] + b, to = (window * s->count + t) * K;
            const size_t size = sizeof(REAL) * (size_t)K;
            memcpy((REAL *)task->hidden + to, ROW(w->first.hidden, row), size);
            memcpy((REAL *)task->cells + to, ROW(w->first.cells, row), size);
        }
    }
}

/* Read windows in all wanted ways; each point is projected once. */
Py_EXPORTED_SYMBOL void NAME(read)(task *task) {
    NAME(work) w;
    NAME(plan)(task, &w, task->room);
    const NAME(linear) *W = w.maps + (task->n_communities ? FIRST_W : SECOND_W);
    const NAME(rows) points = {(REAL *)task->points, task->n_rois};
    NAME(forward)(W, points, W->none, w.projected, task->n_points);
    for (int way = 3; way >= 0; way--) { /* as it is comes last: its states stay */
        const int backwards = way & 1, negative = way & 2;
        if ((backwards && !task->reads_backwards) || (negative && !task->reads_negative)) continue;
        for (int64_t first = 0; first < task->n_windows; first += task->some)
            NAME(read_block)(task, &w, first, backwards, negative ? -1 : 1);
    }
}

/* REALs that the room of a task must have. */
Py_EXPORTED_SYMBOL int64_t NAME(size)(const task *task) {
    NAME(work) w;
    return NAME(plan)(task, &w, NULL);
}
