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
    ptrdiff_t depth, units;       /* inputs and nodes */
    ptrdiff_t width, gates, room; /* padded nodes, padded gates, and a row of gates with its reach */
    const REAL *W, *U, *bias;     /* (depth, gates), (units, gates), (gates) */
    const REAL *W_rows, *U_rows;  /* (4 units, padded depth), (4 units, width) for the way back */
    const REAL *slope, *zero;     /* (gates), (width) */
} NAME(layer);

/* Pre-activations in, activated gates out; then the states. */
INLINE void NAME(states)(const NAME(layer) *layer, REAL *gates, const REAL *c_before, REAL *c,
                         REAL *h) {
    const ptrdiff_t K = layer->units;
    for (ptrdiff_t k = 0; k < layer->gates; k += LANES)
        STORE(gates + k, NAME(activate)(LOAD(gates + k), LOAD(layer->slope + k)));
    for (ptrdiff_t k = 0; k < layer->width; k += LANES) {
        V i = LOAD(gates + k), f = LOAD(gates + K + k), z = LOAD(gates + 2 * K + k);
        V now = FMA(i, z, f * LOAD(c_before + k));
        STORE(c + k, now);
        STORE(h + k, LOAD(gates + 3 * K + k) * NAME(tanh)(now));
    }
}

/* Run all steps: inputs (rows, depth) in, or none where gates hold what comes of them; gates (rows,
 * room), cells and hidden (rows, width) out. */
static void NAME(lstm_forward)(const steps *steps, const NAME(layer) *layer, const REAL *inputs,
                               ptrdiff_t stride, REAL *gates, REAL *cells, REAL *hidden) {
    const ptrdiff_t width = layer->width, room = layer->room, n_gates = layer->gates;
    for (ptrdiff_t t = 0; t < steps->count; t++) {
        ptrdiff_t n = steps->active[t], row = steps->offset[t];
        ptrdiff_t before = t ? steps->offset[t - 1] : 0;
        REAL *g = gates + row * room;
        if (inputs) {
            NAME(repeat)(layer->bias, g, room, n, n_gates);
            NAME(product)(inputs + row * stride, stride, 1, layer->W, n_gates, g, room, n,
                          layer->depth, n_gates, 1);
        }
        if (t)
            NAME(product)(hidden + before * width, width, 1, layer->U, n_gates, g, room, n,
                          layer->units, n_gates, 1);
        for (ptrdiff_t r = 0; r < n; r++)
            NAME(states)(layer, g + r * room, t ? cells + (before + r) * width : layer->zero,
                         cells + (row + r) * width, hidden + (row + r) * width);
    }
}

/* Derivatives by one point's pre-activations, over its gates; d_c goes on to the point before. */
INLINE void NAME(states_backward)(const NAME(layer) *layer, REAL *gates, const REAL *c_before,
                                  const REAL *c, const REAL *d_h, const REAL *d_h_after,
                                  const REAL *d_c_here, REAL *d_c, REAL *scratch) {
    const ptrdiff_t K = layer->units, width = layer->width;
    for (ptrdiff_t k = 0; k < width; k += LANES) {
        V i = LOAD(gates + k), f = LOAD(gates + K + k), z = LOAD(gates + 2 * K + k);
        V o = LOAD(gates + 3 * K + k), tanh_c = NAME(tanh)(LOAD(c + k));
        V dh = LOAD(d_h + k) + LOAD(d_h_after + k);
        V dc = FMA(dh * o, 1 - tanh_c * tanh_c, LOAD(d_c + k));
        if (d_c_here) dc += LOAD(d_c_here + k);
        STORE(scratch + k, dc * z * i * (1 - i));
        STORE(scratch + width + k, dc * LOAD(c_before + k) * f * (1 - f));
        STORE(scratch + 2 * width + k, dc * i * (1 - z * z));
        STORE(scratch + 3 * width + k, dh * tanh_c * o * (1 - o));
        STORE(d_c + k, dc * f);
    }
    for (int gate = 0; gate < 4; gate++)
        memcpy(gates + gate * K, scratch + gate * width, sizeof(REAL) * (size_t)K);
}

/* Derive the loss by all pre-activations, which take the place of the gates.
 *   d_hidden and, unless NULL, d_cells (rows, width): derivatives by h_t and c_t, in.
 *   carried (2 n + 4, width) for the n longest: room. */
static void NAME(lstm_backward)(const steps *steps, const NAME(layer) *layer, REAL *gates,
                                const REAL *cells, const REAL *d_hidden, const REAL *d_cells,
                                REAL *carried) {
    const ptrdiff_t width = layer->width, room = layer->room, n_first = steps->active[0];
    REAL *d_c = carried, *d_h = carried + n_first * width, *scratch = d_h + n_first * width;
    memset(carried, 0, sizeof(REAL) * (size_t)(2 * n_first * width));
    for (ptrdiff_t t = steps->count - 1; t >= 0; t--) {
        ptrdiff_t row = steps->offset[t], before = t ? steps->offset[t - 1] : 0;
        if (t + 1 < steps->count)
            NAME(product)(gates + steps->offset[t + 1] * room, room, 1, layer->U_rows, width, d_h,
                          width, steps->active[t + 1], 4 * layer->units, width, 0);
        for (ptrdiff_t r = 0; r < steps->active[t]; r++)
            NAME(states_backward)(layer, gates + (row + r) * room,
                                  t ? cells + (before + r) * width : layer->zero,
                                  cells + (row + r) * width, d_hidden + (row + r) * width,
                                  d_h + r * width, d_cells ? d_cells + (row + r) * width : NULL,
                                  d_c + r * width, scratch);
    }
}

/* Add the derivatives by W, U and the bias: rows of gates, padded columns of what they multiply. */
static void NAME(lstm_gradients)(const steps *steps, const NAME(layer) *layer, const REAL *d_gates,
                                 const REAL *inputs, ptrdiff_t stride, const REAL *hidden,
                                 REAL *d_W, REAL *d_U, REAL *d_bias) {
    const ptrdiff_t room = layer->room, width = layer->width, n_gates = 4 * layer->units;
    const int64_t *active = steps->active, *offset = steps->offset;
    NAME(add_outer)(d_gates, room, inputs, stride, d_W, stride, n_gates, offset[steps->count],
                    stride);
    for (ptrdiff_t t = 1, end; t < steps->count; t = end) {
        /* Rows of steps that all sequences of the step before take lie side by side. */
        for (end = t + 1; active[t] == active[t - 1] && end < steps->count &&
                          active[end] == active[t];)
            end++;
        NAME(add_outer)(d_gates + offset[t] * room, room, hidden + offset[t - 1] * width, width,
                        d_U, width, n_gates, offset[end] - offset[t], width);
    }
    NAME(add_rows)(d_gates, room, d_bias, offset[steps->count], layer->gates);
}
