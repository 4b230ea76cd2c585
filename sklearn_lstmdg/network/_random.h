/* Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). What stands at a place depends on the seed, the stream and the
 * place alone: the same bits on every path and on any number of threads.
 *
 * Numbers are made 64 at a time, by 16 counters side by side, each of which gives four words.
 */
typedef uint64_t NAME(wide) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE void NAME(philox)(const uint32_t stream[5], uint32_t place, uint32_t words[EACH]) {
    const NAME(wide) all = {0}, lower = 0xFFFFFFFFu - all; /* a number is the same in all lanes */
    memset(words, 0, EACH * sizeof *words);
    /* Of the lanes of 64 bits one half takes even counters and the other odd ones. What stands in
     * a lane's upper half means nothing until the end. */
    for (int i = 0; i < SIDE; i += LANES)
        for (uint32_t odd = 0; odd < 2; odd++) {
            uint32_t key[2] = {stream[0], stream[1]};
            NAME(wide) x[4] = {all}, places = all;
            for (int lane = 0; lane < LANES / 2; lane++) places[lane] = (uint64_t)(i + 2 * lane);
            x[0] = places + (place * SIDE + odd);
            for (int n = 0; n < 3; n++) x[n + 1] = stream[n + 2] - all;
            UNROLL for (int round = 0; round < 10; round++) {
                NAME(wide) one = MULTIPLY_EVEN(x[0], 0xD2511F53u - all);
                NAME(wide) two = MULTIPLY_EVEN(x[2], 0xCD9E8D57u - all);
                x[0] = (two >> 32) ^ x[1] ^ key[0];
                x[1] = two;
                x[2] = (one >> 32) ^ x[3] ^ key[1];
                x[3] = one;
                key[0] += 0x9E3779B9u;
                key[1] += 0xBB67AE85u;
            }
            UNROLL for (int n = 0; n < 4; n++)
                *(NAME(wide) *)(words + n * SIDE + i) |= (x[n] & lower) << (32 * odd);
        }
}

/* -ln of a number in (0, 1], by its exponent and a polynomial of its mantissa (Cephes' logf). */
INLINE float NAME(minus_log)(uint32_t word) {
    static const float terms[] = {-1.1514610310e-1f, 1.1676998740e-1f,  -1.2420140846e-1f,
                                  1.4249322787e-1f,  -1.6668057665e-1f, 2.0000714765e-1f,
                                  -2.4999993993e-1f, 3.3333331174e-1f};
    number u = {.value = (float)(int32_t)((word >> 8) + 1) * 0x1p-24f}, mantissa;
    u.bits -= 0x3F3504F3u; /* mantissas in [sqrt(1/2), sqrt(2)) */
    mantissa.bits = (u.bits & 0x007FFFFFu) + 0x3F3504F3u;
    float e = (float)((int32_t)u.bits >> 23);
    float x = mantissa.value - 1, s = x * x, p = 7.0376836292e-2f;
    UNROLL for (int n = 0; n < 8; n++) p = p * x + terms[n];
    return -(e * 0.693147181f + (x - 0.5f * s + x * s * p));
}

/* Two independent normal numbers from two words, by Box and Muller. */
INLINE void NAME(two_normals)(uint32_t radius_word, uint32_t angle_word, float *one, float *two) {
    float r = sqrtf(2 * NAME(minus_log)(radius_word));
    /* Two bits choose the quadrant, the others an angle in [-pi/4, pi/4). */
    float a = (float)((int32_t)(angle_word << 2) >> 2) * (float)(0x1p-30 * 1.5707963267948966);
    float s = a * a;
    number sine, cosine;
    sine.value = a + a * s * (-1.6666654611e-1f + s * (8.3321608736e-3f - s * 1.9515295891e-4f));
    cosine.value = 1 - 0.5f * s +
                   s * s * (4.166664568298827e-2f +
                            s * (-1.388731625493765e-3f + s * 2.443315711809948e-5f));
    uint32_t exchanged = (sine.bits ^ cosine.bits) & -((angle_word >> 30) & 1);
    cosine.bits ^= exchanged ^ ((angle_word ^ (angle_word << 1)) & 0x80000000u);
    sine.bits ^= exchanged ^ (angle_word & 0x80000000u);
    *one = r * cosine.value;
    *two = r * sine.value;
}

/* 64 normal numbers, or whether places are kept at a rate of dropout: 0 or 1. */
INLINE void NAME(normals)(const uint32_t words[EACH], float drawn[EACH]) {
    for (int i = 0; i < SIDE; i++) {
        const uint32_t *word = words + i;
        float *to = drawn + i;
        NAME(two_normals)(word[0], word[SIDE], to, to + SIDE);
        NAME(two_normals)(word[2 * SIDE], word[3 * SIDE], to + 2 * SIDE, to + 3 * SIDE);
    }
}
INLINE void NAME(are_kept)(const uint32_t words[EACH], double rate, float drawn[EACH]) {
    int32_t least = (int32_t)(rate * 2147483648.0); /* of 31 bits, whose comparison is signed */
    for (int j = 0; j < EACH; j++) /* a shift in place of a comparison: no branch */
        drawn[j] = (float)(1 + (((int32_t)(words[j] >> 1) - least) >> 31));
}

/* Fill n places with noise (kind 0) or a dropout mask of mean 1; n is a multiple of SIDE. */
Py_EXPORTED_SYMBOL void NAME(draw)(const task *task, int64_t block, int64_t kind, REAL *out,
                                   int64_t n) {
    const uint32_t stream[] = {(uint32_t)task->seed, (uint32_t)(task->seed >> 32),
                               (uint32_t)task->update, (uint32_t)block, (uint32_t)kind};
    const double rate = kind ? task->dropout[kind - 1] : 0;
    const REAL scale = (REAL)(kind ? 1 / (1 - rate) : task->noise);
    uint32_t words[EACH];
    float drawn[EACH];
    for (int64_t place = 0; place * EACH < n; place++) {
        const int64_t end = n - place * EACH < EACH ? n - place * EACH : EACH;
        NAME(philox)(stream, (uint32_t)place, words);
        if (kind == 0)
            NAME(normals)(words, drawn);
        else
            NAME(are_kept)(words, rate, drawn);
        for (int64_t j = 0; j < end; j++) out[place * EACH + j] = scale * drawn[j];
    }
}
