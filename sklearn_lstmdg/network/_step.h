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
    NAME(run) first, second; /* the second reads the first, or the points where there is no first */
    steps steps;
    int64_t *order;          /* windows of a block, the longest first */
    NAME(dense) shared, generative;
    REAL *points, *carried, *answers, *logits, *masks[3], *state, *generated, *target;
    ptrdiff_t size;
} NAME(work);

/* Lay out all that a step needs; without a base only the size is counted. */
static void NAME(plan)(const task *task, NAME(work) *w, REAL *base) {
    NAME(space) space = {base, 0}, *s = &space;
    const ptrdiff_t R = task->n_rois, K = task->n_communities, H = task->n_units;
    const ptrdiff_t O = task->n_outputs, rows = task->rows, some = task->some;
    const ptrdiff_t in = ROUND(R), width = ROUND(K), units = ROUND(H), out = ROUND(O);
    const ptrdiff_t per = (ptrdiff_t)(sizeof(int64_t) / sizeof(REAL));
    const REAL *const *p = (const REAL *const *)task->parameters;
    w->order = (int64_t *)NAME(take)(s, per * some);
    w->steps.active = (int64_t *)NAME(take)(s, per * (task->longest + 1));
    w->steps.offset = (int64_t *)NAME(take)(s, per * (task->longest + 1));
    if (K) NAME(plan_run)(s, &w->first, task, 0, R, K, rows);
    NAME(plan_run)(s, &w->second, task, 1, K ? K : R, H, rows);
    w->points = NAME(take)(s, rows * in);
    w->carried = NAME(take)(s, (2 * some + 4) * (width > units ? width : units));
    NAME(plan_dense)(s, &w->shared, p + 6, H, O);
    w->answers = NAME(take)(s, rows * out);
    w->logits = NAME(take)(s, some * out);
    w->masks[0] = NAME(take)(s, rows * units);
    w->masks[1] = NAME(take)(s, rows * out);
    if (task->generates) {
        NAME(plan_dense)(s, &w->generative, p + 8, K, R);
        w->masks[2] = NAME(take)(s, (task->at_all ? rows : some) * width);
        w->state = NAME(take)(s, some * width);
        w->generated = NAME(take)(s, some * in);
        w->target = NAME(zeros)(s, in);
    }
    w->size = space.used;
}

static random_stream NAME(stream)(const task *task, int64_t block, int kind) {
    random_stream stream = {{(uint32_t)task->seed, (uint32_t)(task->seed >> 32)},
                            {(uint32_t)task->update, (uint32_t)block, (uint32_t)kind}};
    return stream;
}

static void NAME(draw_mask)(const task *task, NAME(work) *w, int64_t first, int kind, ptrdiff_t n) {
    random_stream stream = NAME(stream)(task, first / task->some, kind);
    double rate = task->dropout[kind - 1];
    if (rate > 0) NAME(fill_mask)(&stream, rate, w->masks[kind - 1], n);
}

/* Where the point lies that a window reads at step t. */
INLINE const REAL *NAME(point)(const task *task, int64_t window, ptrdiff_t t) {
    int64_t direction = task->direction ? task->direction[window] : 1;
    return (const REAL *)task->points + (task->start[window] + direction * t) * task->n_rois;
}

/* Gather the points of a block and add noise. */
static void NAME(gather)(const task *task, NAME(work) *w, int64_t first) {
    const ptrdiff_t R = task->n_rois, in = ROUND(R), rows = w->steps.offset[w->steps.count];
    random_stream noise = NAME(stream)(task, first / task->some, 0);
    if (task->noise > 0)
        NAME(fill_normal)(&noise, (REAL)task->noise, w->points, rows * in);
    else
        memset(w->points, 0, sizeof(REAL) * (size_t)(rows * in));
    for (ptrdiff_t t = 0; t < w->steps.count; t++)
        for (ptrdiff_t b = 0; b < w->steps.active[t]; b++) {
            const REAL *restrict from = NAME(point)(task, w->order[b], t);
            REAL *restrict to = w->points + (w->steps.offset[t] + b) * in;
            REAL sign = task->sign ? (REAL)task->sign[w->order[b]] : 1;
            for (ptrdiff_t r = 0; r < R; r++) to[r] += sign * from[r];
        }
}

/* C = A * mask over whole rows, or a copy where there is no dropout. */
INLINE void NAME(drop)(const REAL *A, const REAL *mask, REAL *C, ptrdiff_t n, double rate) {
    if (rate > 0)
        for (ptrdiff_t k = 0; k < n; k += LANES) STORE(C + k, LOAD(A + k) * LOAD(mask + k));
    else if (A != C)
        memcpy(C, A, sizeof(REAL) * (size_t)n);
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
    const ptrdiff_t units = w->second.layer.width, O = task->n_outputs;
    const ptrdiff_t out = ROUND(O), rows = s->offset[s->count], n = s->active[0];
    NAME(draw_mask)(task, w, first, 1, rows * units);
    NAME(draw_mask)(task, w, first, 2, rows * out);
    REAL *read = w->second.d_hidden; /* until its derivatives take its place */
    NAME(drop)(w->second.hidden, w->masks[0], read, rows * units, task->dropout[0]);
    NAME(ask)(&w->shared, read, w->answers, rows);
    NAME(drop)(w->answers, w->masks[1], w->answers, rows * out, task->dropout[1]);
    memset(w->logits, 0, sizeof(REAL) * (size_t)(n * out));
    for (ptrdiff_t t = 0; t < s->count; t++)
        for (ptrdiff_t k = 0; k < s->active[t] * out; k++)
            w->logits[k] += w->answers[s->offset[t] * out + k];
    double loss = 0;
    for (ptrdiff_t b = 0; b < n; b++) {
        REAL length = (REAL)n_read(task, w->order[b]);
        for (ptrdiff_t o = 0; o < O; o++) w->logits[b * out + o] /= length;
        loss += NAME(discriminative_loss)(task, w->logits + b * out, w->order[b]);
        for (ptrdiff_t o = 0; o < O; o++) w->logits[b * out + o] /= length;
    }
    for (ptrdiff_t t = 0; t < s->count; t++)
        memcpy(w->answers + s->offset[t] * out, w->logits,
               sizeof(REAL) * (size_t)(s->active[t] * out));
    NAME(drop)(w->answers, w->masks[1], w->answers, rows * out, task->dropout[1]);
    NAME(derive_dense)(&w->shared, w->answers, read, rows, O);
    NAME(drop)(read, w->masks[0], read, rows * units, task->dropout[0]);
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
    const ptrdiff_t R = task->n_rois, in = ROUND(R), width = w->first.layer.width;
    const ptrdiff_t rows = s->offset[s->count];
    const int by_cell = task->generates == BY_CELL;
    REAL *d_states = by_cell ? w->first.d_cells : w->first.d_hidden;
    double loss = 0;
    NAME(draw_mask)(task, w, first, 3, (task->at_all ? rows : s->active[0]) * width);
    if (by_cell) memset(d_states, 0, sizeof(REAL) * (size_t)(rows * width));
    for (ptrdiff_t t = 0; t < s->count; t++) {
        /* Windows that end here, or all that are there. */
        ptrdiff_t b = task->at_all || t + 1 == s->count ? 0 : s->active[t + 1];
        ptrdiff_t n = s->active[t] - b, row = s->offset[t] + b;
        const REAL *states = (by_cell ? w->first.cells : w->first.hidden) + row * width;
        const REAL *mask = w->masks[2] + (task->at_all ? row : b) * width;
        NAME(drop)(states, mask, w->state, n * width, task->dropout[2]);
        NAME(ask)(&w->generative, w->state, w->generated, n);
        for (ptrdiff_t r = 0; r < n; r++)
            loss += NAME(squared_error)(task, w->generated + r * in, w->target, w->order[b + r],
                                        t + 1);
        NAME(derive_dense)(&w->generative, w->generated, w->state, n, R);
        NAME(drop)(w->state, mask, w->state, n * width, task->dropout[2]);
        for (ptrdiff_t k = 0; k < n * width; k += LANES)
            STORE(d_states + row * width + k, LOAD(d_states + row * width + k) + LOAD(w->state + k));
    }
    return loss;
}

/* From derivatives by hidden and cell states to those by the weights. */
static void NAME(derive)(NAME(work) *w, NAME(run) *run, const REAL *d_cells, const REAL *inputs,
                         ptrdiff_t stride) {
    NAME(lstm_backward)(&w->steps, &run->layer, run->gates, run->cells, run->d_hidden, d_cells,
                        w->carried);
    NAME(lstm_gradients)(&w->steps, &run->layer, run->gates, inputs, stride, run->hidden, run->d_W,
                         run->d_U, run->d_bias);
}

/* Losses and gradients of some windows, added to those of the others. */
static void NAME(block)(task *task, NAME(work) *w, int64_t first) {
    NAME(run) *one = &w->first, *two = &w->second;
    const ptrdiff_t in = ROUND(task->n_rois), width = ROUND(task->n_communities);
    const REAL *inputs = width ? one->hidden : w->points;
    const ptrdiff_t stride = width ? width : in;
    arrange(task, first, w->order, &w->steps);
    NAME(gather)(task, w, first);
    if (width)
        NAME(lstm_forward)(&w->steps, &one->layer, w->points, in, one->gates, one->cells,
                           one->hidden);
    NAME(lstm_forward)(&w->steps, &two->layer, inputs, stride, two->gates, two->cells, two->hidden);
    task->losses[2] += NAME(discriminate)(task, w, first);
    NAME(derive)(w, two, NULL, inputs, stride);
    if (!width) return;
    NAME(product)(two->gates, two->layer.room, 1, two->layer.W_rows, width, one->d_hidden, width,
                  w->steps.offset[w->steps.count], 4 * task->n_units, width, 0);
    if (task->generates) task->losses[1] += NAME(generate)(task, w, first);
    NAME(derive)(w, one, task->generates == BY_CELL ? one->d_cells : NULL, w->points, in);
}

/* Take the padding off the gradients of one LSTM. */
static void NAME(hand_over)(const task *task, const NAME(run) *run, int number) {
    const ptrdiff_t units = run->layer.units;
    REAL *const *d = (REAL *const *)task->gradients + 3 * number;
    NAME(unpad)(run->d_W, d[0], 4 * units, run->layer.depth);
    NAME(unpad)(run->d_U, d[1], 4 * units, units);
    NAME(unpad)(run->d_bias, d[2], 1, 4 * units);
}

static void NAME(forward_backward)(task *task) {
    NAME(work) w;
    REAL *const *d = (REAL *const *)task->gradients;
    double *losses = task->losses;
    NAME(plan)(task, &w, task->room);
    memset(losses, 0, sizeof task->losses);
    for (int64_t first = 0; first < task->n_windows; first += task->some)
        NAME(block)(task, &w, first);
    losses[0] = losses[1] + (task->generates ? task->discriminative_weight : 1) * losses[2];
    if (task->n_communities) NAME(hand_over)(task, &w.first, 0);
    NAME(hand_over)(task, &w.second, 1);
    NAME(unpad)(w.shared.d_W, d[6], task->n_outputs, task->n_units);
    NAME(unpad)(w.shared.d_b, d[7], 1, task->n_outputs);
    if (!task->generates) return;
    NAME(unpad)(w.generative.d_W, d[8], task->n_rois, task->n_communities);
    NAME(unpad)(w.generative.d_b, d[9], 1, task->n_rois);
}

/* What a step draws for the first windows: noise (kind 0) or a mask. */
static void NAME(draw)(task *task) {
    random_stream stream = NAME(stream)(task, 0, (int)task->kind);
    if (task->kind == 0)
        NAME(fill_normal)(&stream, (REAL)task->noise, task->drawn, task->size);
    else
        NAME(fill_mask)(&stream, task->dropout[task->kind - 1], task->drawn, task->size);
}
