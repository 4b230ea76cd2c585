/* Vectors of REAL for one processor path, and what the gates need of them.
 *
 * Sums and products are fused only where FMA says so (the compiler is told not to contract), so
 * that paths with a fused multiply-add give the same bits whatever their width.
 */
typedef REAL NAME(vector)
    __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef INTEGER NAME(integers)
    __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

#define V NAME(vector)
#define LOAD(address) (*(const V *)(address))
#define STORE(address, value) (*(V *)(address) = (value))
#define SPLAT(number) ((REAL)(number) - (V){0})

INLINE V NAME(choose)(NAME(integers) where, V yes, V no) {
    return (V)((where & (NAME(integers))yes) | (~where & (NAME(integers))no));
}

#if IS_DOUBLE
INLINE V NAME(tanh)(V x) {
    V y;
    for (int lane = 0; lane < LANES; lane++) y[lane] = tanh(x[lane]);
    return y;
}
#else
/* A ratio of polynomials, within 3 units in the last place of a float; beyond +-7.9 a float tanh
 * is 1. The coefficients are those of Eigen's ptanh. */
INLINE V NAME(tanh)(V x) {
    const V most = SPLAT(7.90531110763549805f);
    x = NAME(choose)(x > most, most, x);
    x = NAME(choose)(x < -most, -most, x);
    V s = x * x, p = SPLAT(-2.76076847742355e-16f), q = SPLAT(1.19825839466702e-06f);
    p = FMA(p, s, SPLAT(2.00018790482477e-13f));
    p = FMA(p, s, SPLAT(-8.60467152213735e-11f));
    p = FMA(p, s, SPLAT(5.12229709037114e-08f));
    p = FMA(p, s, SPLAT(1.48572235717979e-05f));
    p = FMA(p, s, SPLAT(6.37261928875436e-04f));
    p = FMA(p, s, SPLAT(4.89352455891786e-03f));
    q = FMA(q, s, SPLAT(1.18534705686654e-04f));
    q = FMA(q, s, SPLAT(2.26843463243900e-03f));
    q = FMA(q, s, SPLAT(4.89352518554385e-03f));
    return x * p / q;
}
#endif

/* sigma(x) = 1/2 + 1/2 tanh(x/2): slope 1/2 for i, f, o and 1 for z make one loop of all gates. */
INLINE V NAME(activate)(V x, V slope) {
    return FMA(slope, NAME(tanh)(slope * x), 1 - slope);
}
