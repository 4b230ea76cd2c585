/* Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). What stands at a place depends on the seed, the stream and the
 * place alone: the same bits on every path and on any number of threads.
 *
 * Numbers are made 64 at a time, by 16 counters side by side, each of which gives four words.
 */
typedef uint32_t NAME(words) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint64_t NAME(wide) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* The halves of 32 times 32 bits, from the products of even and of odd lanes. */
INLINE void NAME(multiply)(uint32_t factor, NAME(words) x, NAME(words) *high, NAME(words) *low) {
    const NAME(wide) lower = 0xFFFFFFFFu - (NAME(wide)){0}, by = factor - (NAME(wide)){0};
    NAME(wide) even = MULTIPLY_EVEN(x, by), odd = MULTIPLY_EVEN((NAME(wide))x >> 32, by);
    *low = (NAME(words))((even & lower) | (odd << 32));
    *high = (NAME(words))((even >> 32) | (odd & ~lower));
}

INLINE void NAME(philox)(const random_stream *from, uint32_t place, uint32_t words[EACH]) {
    for (int i = 0; i < SIDE; i += LANES) {
        uint32_t key[2] = {from->seed[0], from->seed[1]};
        NAME(words) x0, x1 = from->stream[0] - (NAME(words)){0};
        NAME(words) x2 = from->stream[1] - (NAME(words)){0}, x3 = from->stream[2] - (NAME(words)){0};
        for (int lane = 0; lane < LANES; lane++) x0[lane] = place * SIDE + (uint32_t)(i + lane);
        UNROLL for (int round = 0; round < 10; round++) {
            NAME(words) high0, low0, high2, low2;
            NAME(multiply)(0xD2511F53u, x0, &high0, &low0);
            NAME(multiply)(0xCD9E8D57u, x2, &high2, &low2);
            x0 = high2 ^ x1 ^ key[0];
            x1 = low2;
            x2 = high0 ^ x3 ^ key[1];
            x3 = low0;
            key[0] += 0x9E3779B9u;
            key[1] += 0xBB67AE85u;
        }
        *(NAME(words) *)(words + i) = x0;
        *(NAME(words) *)(words + SIDE + i) = x1;
        *(NAME(words) *)(words + 2 * SIDE + i) = x2;
        *(NAME(words) *)(words + 3 * SIDE + i) = x3;
    }
}

/* -ln of a number in (0, 1], by its exponent and a polynomial of its mantissa (Cephes' logf). */
INLINE float NAME(minus_log)(uint32_t word) {
    float u = (float)(int32_t)((word >> 8) + 1) * 0x1p-24f;
    uint32_t bits;
    memcpy(&bits, &u, 4);
    bits -= 0x3F3504F3u; /* mantissas in [sqrt(1/2), sqrt(2)) */
    float e = (float)((int32_t)bits >> 23), m;
    bits = (bits & 0x007FFFFFu) + 0x3F3504F3u;
    memcpy(&m, &bits, 4);
    float x = m - 1, s = x * x, p = 7.0376836292e-2f;
    p = p * x - 1.1514610310e-1f;
    p = p * x + 1.1676998740e-1f;
    p = p * x - 1.2420140846e-1f;
    p = p * x + 1.4249322787e-1f;
    p = p * x - 1.6668057665e-1f;
    p = p * x + 2.0000714765e-1f;
    p = p * x - 2.4999993993e-1f;
    p = p * x + 3.3333331174e-1f;
    return -(e * 0.693147181f + (x - 0.5f * s + x * s * p));
}

/* Two independent normal numbers from two words, by Box and Muller. */
INLINE void NAME(two_normals)(uint32_t radius_word, uint32_t angle_word, float *one, float *two) {
    float r = sqrtf(2 * NAME(minus_log)(radius_word));
    /* Two bits choose the quadrant, the others an angle in [-pi/4, pi/4). */
    float a = (float)((int32_t)(angle_word << 2) >> 2) * (float)(0x1p-30 * 1.5707963267948966);
    float s = a * a;
    float sine = a + a * s * (-1.6666654611e-1f + s * (8.3321608736e-3f - s * 1.9515295891e-4f));
    float cosine = 1 - 0.5f * s +
                   s * s * (4.166664568298827e-2f +
                            s * (-1.388731625493765e-3f + s * 2.443315711809948e-5f));
    int swapped = (angle_word >> 30) & 1, negative = (angle_word >> 31) & 1;
    float x = swapped ? sine : cosine, y = swapped ? cosine : sine;
    *one = r * (swapped != negative ? -x : x);
    *two = r * (negative ? -y : y);
}

/* Fill n places with normal numbers times a scale; n is a multiple of SIDE. */
static void NAME(fill_normal)(const random_stream *from, REAL scale, REAL *out, ptrdiff_t n) {
    uint32_t words[EACH];
    float drawn[EACH];
    for (ptrdiff_t place = 0; place * EACH < n; place++) {
        NAME(philox)(from, (uint32_t)place, words);
        for (int i = 0; i < SIDE; i++) {
            uint32_t *word = words + i;
            float *number = drawn + i;
            NAME(two_normals)(word[0], word[SIDE], number, number + SIDE);
            NAME(two_normals)(word[2 * SIDE], word[3 * SIDE], number + 2 * SIDE, number + 3 * SIDE);
        }
        for (ptrdiff_t j = 0; j < EACH && place * EACH + j < n; j += SIDE)
            for (int i = 0; i < SIDE; i++) out[place * EACH + j + i] = scale * drawn[j + i];
    }
}

/* Fill n places with a dropout mask of mean 1; n is a multiple of SIDE. */
static void NAME(fill_mask)(const random_stream *from, double rate, REAL *out, ptrdiff_t n) {
    uint32_t words[EACH];
    int32_t least = (int32_t)(rate * 2147483648.0); /* of 31 bits, whose comparison is signed */
    REAL kept = (REAL)(1 / (1 - rate));
    for (ptrdiff_t place = 0; place * EACH < n; place++) {
        NAME(philox)(from, (uint32_t)place, words);
        for (ptrdiff_t j = 0; j < EACH && place * EACH + j < n; j += SIDE) {
            const uint32_t *word = words + j;
            REAL *mask = out + place * EACH + j;
            for (int i = 0; i < SIDE; i++) { /* a shift in place of a comparison: no branch */
                int32_t dropped = ((int32_t)(word[i] >> 1) - least) >> 31;
                mask[i] = kept * (REAL)(1 + dropped);
            }
        }
    }
}
