/* Vectors of REAL for one processor path, and what the gates need of them.
 *
 * Sums and products are fused only where FMA says so (the compiler is told not to contract), so
 * that paths with a fused multiply-add give the same bits whatever their width.
 */
typedef REAL NAME(vector)
    __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef __typeof__((NAME(vector)){0} > (NAME(vector)){0}) NAME(integers);

#define V NAME(vector)
#define LOAD(address) (*(const V *)(address))
#define STORE(address, value) (*(V *)(address) = (value))
#define SPLAT(number) ((REAL)(number) - (V){0})

INLINE V NAME(choose)(NAME(integers) where, V yes, V no) {
    return (V)((where & (NAME(integers))yes) | (~where & (NAME(integers))no));
}

/* Whether a lane is one of the first n. */
INLINE NAME(integers) NAME(is_within)(ptrdiff_t n) {
    V lanes;
    for (int lane = 0; lane < LANES; lane++) lanes[lane] = (REAL)lane;
    return lanes < SPLAT(n);
}

/* A ratio of polynomials, within 3 units in the last place of a float; beyond +-7.9 a float tanh
 * is 1. The coefficients are those of Eigen's ptanh. */
INLINE V NAME(tanh)(V x) {
    static const float upper[] = {2.00018790482477e-13f, -8.60467152213735e-11f,
                                  5.12229709037114e-08f, 1.48572235717979e-05f,
                                  6.37261928875436e-04f, 4.89352455891786e-03f};
    static const float lower[] = {1.18534705686654e-04f, 2.26843463243900e-03f,
                                  4.89352518554385e-03f};
    if (sizeof(REAL) == sizeof(double)) {
        for (int lane = 0; lane < LANES; lane++) x[lane] = (REAL)tanh(x[lane]);
        return x;
    }
    const V most = SPLAT(7.90531110763549805f);
    x = NAME(choose)(x > most, most, x);
    x = NAME(choose)(x < -most, -most, x);
    V s = x * x, p = SPLAT(-2.76076847742355e-16f), q = SPLAT(1.19825839466702e-06f);
    UNROLL for (int n = 0; n < 6; n++) p = FMA(p, s, SPLAT(upper[n]));
    UNROLL for (int n = 0; n < 3; n++) q = FMA(q, s, SPLAT(lower[n]));
    return x * p / q;
}

/* sigma(x) = 1/2 + 1/2 tanh(x/2): slope 1/2 for i, f, o and 1 for z make one loop of all gates. */
INLINE V NAME(activate)(V x, V slope) {
    return FMA(slope, NAME(tanh)(slope * x), 1 - slope);
}
