/* All of one processor path. */
#include "_vectors.h"
#include "_products.h"
#include "_random.h"
#include "_lstm.h"
#include "_layers.h"
#include "_step.h"
#include "_read.h"
#undef NAME
#undef LANES
#undef HEIGHT
#undef FMA
#undef MULTIPLY_EVEN
#undef V
#undef LOAD
#undef STORE
#undef SPLAT
